"""The structure of the package, measured from its own imports: modules, rooms, arrows, floors.

``python tests/support/structure.py`` prints the figures that stand in docs/design.md.
"""

from __future__ import annotations

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "server" / "coopkg"
OWN_ROOM = {"web/i18n", "web/rendering", "web/problems"}
"""Modules at the top of ``web`` that the rooms beside them import: each is a room of its own."""
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def room(module: str) -> str:
    parts = module.split(".")[1:]
    if parts and parts[0] in {"answers", "web"}:
        inner = "/".join(parts[:2])
        return inner if len(parts) > 2 or (PACKAGE / inner).is_dir() or inner in OWN_ROOM else parts[0]
    return parts[0] if parts else ""


def imported(path: Path, *, for_types: bool = True) -> set[str]:
    """Give the names that a module imports, those of modules whole; with or without what it needs for types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not for_types:
        tree.body = [n for n in tree.body if not (isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} has a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def modules_of(names: set[str]) -> set[str]:
    return {name if name in MODULES else name.rpartition(".")[0] for name in names} & set(MODULES)


IMPORTS = {module: imported(path) for module, path in MODULES.items()}
OURS = {module: modules_of(names) - {module} for module, names in IMPORTS.items()}


def running() -> dict[str, set[str]]:
    """The modules of ours that each module imports when it runs, not for types alone."""
    return {module: modules_of(imported(path, for_types=False)) - {module} for module, path in MODULES.items()}


def depths(arrows: dict[str, set[str]]) -> dict[str, int]:
    """How many steps the longest way down from each name has. Raises CycleError where there is a circle."""
    depth: dict[str, int] = {}
    for name in TopologicalSorter(arrows).static_order():
        depth[name] = 1 + max((depth[other] for other in arrows[name]), default=0)
    return depth


def rooms() -> dict[str, set[str]]:
    """The rooms that each room imports, for types too; the package itself is everybody's."""
    arrows: dict[str, set[str]] = {room(module): set() for module in MODULES if room(module)}
    for module in OURS.keys() - {PACKAGE.name}:
        arrows[room(module)] |= {room(name) for name in OURS[module]} - {room(module), ""}
    return arrows


def figures() -> str:
    names = [path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"]
    arrows = rooms()
    return (
        f"{len(names)} names at the top, {len(MODULES)} modules, {sum(map(len, OURS.values()))} imports of ours\n"
        f"{len(arrows)} rooms, {sum(map(len, arrows.values()))} arrows, {max(depths(arrows).values())} floors\n"
        f"no circle of modules, for types too; {max(depths(running()).values())} steps down the longest way of imports "
        f"at run time, {max(depths(OURS).values())} with those for types\n"
    )


if __name__ == "__main__":
    sys.stdout.write(figures())
