"""The engine in a process that may end at any time: reads texts as JSON lines, and says what each gives.

A text is evaluated over the sample of the published facts that ``sample`` makes; an update, over a part of it.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import threading
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox

MOST_ROWS: Final = 2000
"""Rows of an answer that are compared; the engine has the same order for the same pattern."""
NAMED: Final = ox.NamedNode("http://e/named")


def sample(root: Path) -> list[ox.Quad]:
    """Return some of the published facts, most of them in the default graph, and a few in a named one."""
    facts = list(ox.parse((root / "data" / "facts.ttl").read_bytes(), ox.RdfFormat.TURTLE))
    some = [q for q in facts if isinstance(q.subject, ox.NamedNode)]
    chosen = random.Random(1).sample(some, 150)  # noqa: S311 - a sample, no secret
    named = [ox.Quad(quad.subject, quad.predicate, quad.object, NAMED) for quad in chosen[:30]]
    node = ox.NamedNode("http://e/v1.2.3")
    return [*chosen, *named, ox.Quad(node, node, ox.Literal(1)), ox.Quad(ox.NamedNode("http://e/v1.2"), node, node)]


class Engine:
    """The stores that texts are evaluated over."""

    def __init__(self, root: Path) -> None:
        self.quads = sample(root)
        self.store, self.other = ox.Store(), ox.Store()
        self.store.extend(self.quads)
        # The same named graphs, and another default graph: what has FROM gives the same over both.
        self.other.extend(quad for quad in self.quads if quad.graph_name == NAMED)

    def outcome(self, case: dict[str, Any]) -> str:
        """Evaluate a text, and return what came of it: the name of an error, or the answer, as a digest."""
        try:
            if case["update"]:
                return self.updated(case["text"], case["base"])
            store = self.other if case.get("other") else self.store
            explicit: dict[str, Any] = (
                {"default_graph": [ox.DefaultGraph()], "named_graphs": [NAMED]} if case.get("explicit") else {}
            )
            return _digest(store.query(case["text"], base_iri=case["base"], **explicit))
        except (SyntaxError, ValueError, RuntimeError, OSError) as error:
            return f"{type(error).__name__}"

    def updated(self, text: str, base: str | None) -> str:
        store = ox.Store()
        store.extend(self.quads[:40])
        store.extend(self.quads[-30:])
        store.update(text, base_iri=base)
        return _hashed(sorted(_shown(quad) for quad in store))


def _digest(result: Any) -> str:  # noqa: ANN401 - the engine's results have no common type
    if isinstance(result, ox.QueryBoolean):
        return f"{bool(result)}"
    if isinstance(result, ox.QueryTriples):
        return _hashed(sorted(_shown(triple) for triple in islice(result, MOST_ROWS)))
    names = [variable.value for variable in result.variables]
    rows = [" ".join(_shown(term) for term in row) for row in islice(result, MOST_ROWS)]
    return _hashed([*names, *sorted(rows)])


def _shown(value: object) -> str:
    if isinstance(value, ox.BlankNode):
        return "_"
    if isinstance(value, ox.Quad | ox.Triple):
        return " ".join(_shown(part) for part in value)
    return str(value)


def _hashed(rows: list[str]) -> str:
    return f"{len(rows)}:{hashlib.sha256(chr(10).join(rows).encode()).hexdigest()[:16]}"


def main() -> None:
    """Answer each line of the input, a list of cases, by a line with their outcomes."""
    engine = Engine(Path(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps([engine.outcome(case) for case in json.loads(line)]), flush=True)  # noqa: T201


if __name__ == "__main__":
    # Deep nesting must not be what ends this process.
    threading.stack_size(256 << 20)
    thread = threading.Thread(target=main)
    thread.start()
    thread.join()
