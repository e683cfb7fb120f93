"""``/search`` and ``/complete``: things by name, for people and for an editor."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, jsonify, request

from coopkg.charts.table import plain
from coopkg.engine.evaluate import Task
from coopkg.i18n import best
from coopkg.labels import Known, look_up
from coopkg.results import SOLUTION_FORMATS
from coopkg.search import fold, index
from coopkg.terms import compact
from coopkg.vocab import STANDARD_PREFIXES, prefixes
from coopkg.web.answers import things
from coopkg.web.page import page, visitor
from coopkg.web.values import service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coopkg.charts.table import Cell
    from coopkg.search import Hit, Index
    from coopkg.service import Service

blueprint = Blueprint("search", __name__)
SHOWN: Final = 12
"""Things of each class that a page lists; it says how many more there are, and leads to them."""
LISTED: Final = 200
"""Things of one class that a page lists when only those are asked for."""
COMPLETIONS: Final = 20
LONGEST: Final = 200
"""Characters of what is looked for."""


@dataclass(frozen=True)
class Group:
    """What was found of one class: its prefixed name and cell, the things that are listed, how many there are."""

    name: str
    cell: Cell | None
    entries: tuple[tuple[Cell, tuple[str, str]], ...]
    total: int


@blueprint.get("/search")
def search() -> Response:
    """Show what is found, by class; ``type`` keeps to one class, and lists all of it where nothing is looked for."""
    running, visit = service(), visitor()
    wanted, kind = request.args.get("q", "").strip()[:LONGEST], request.args.get("type", "")
    found = index(running)
    names = prefixes(running.settings.base)
    hits = {hit.iri: hit for hit in found.find(wanted, visit.language)}
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for iri in hits if wanted else _all(found, kind, names):
        groups[found.classes.get(iri, "")].append(iri)
    kept = {cls: iris for cls, iris in groups.items() if not kind or compact(cls, names) == kind}
    bound = LISTED if kind else SHOWN
    return page(
        "search.html", q=wanted, kind=kind, near="" if hits else found.near(wanted), complete=found.complete,
        count=sum(map(len, kept.values())), bound=bound, groups=_groups(running, kept, hits, bound),
        kinds=[] if wanted or kind else _kinds(running, found),
    )  # fmt: skip


def _groups(running: Service, kept: dict[str, list[str]], hits: dict[str, Hit], bound: int) -> list[Group]:
    listed = {cls: iris[:bound] for cls, iris in kept.items()}
    cells = things(running, {cls for cls in kept if cls}.union(*listed.values()), visitor())
    names = prefixes(running.settings.base)
    return [
        Group(compact(cls, names) if cls else "", cells.get(cls),
              tuple((cells[iri], _excerpt(hits.get(iri), cells[iri].text)) for iri in iris), len(kept[cls]))
        for cls, iris in listed.items()
    ]  # fmt: skip


def _all(found: Index, kind: str, names: dict[str, str]) -> list[str]:
    classes = {compact(cls, names): cls for cls in set(found.classes.values())}
    return sorted(found.of_class(classes[kind])) if kind in classes else []


def _excerpt(hit: Hit | None, shown: str) -> tuple[str, str]:
    """Give the text in which a thing was found, with its language, unless it is its name as shown."""
    if hit is None or hit.text.text == shown:
        return "", ""
    return plain(hit.text.text, 220), hit.text.language


def _kinds(running: Service, found: Index) -> list[tuple[str, str, str, int]]:
    """Give the classes of our own with their labels and sizes, the largest first."""
    visit, base = visitor(), running.settings.base
    sizes: defaultdict[str, int] = defaultdict(int)
    for cls in found.classes.values():
        sizes[cls] += cls.startswith(base)
    cells = things(running, (cls for cls, size in sizes.items() if size), visit)
    rows = [(cells[cls].name, cells[cls].text, cells[cls].language, size) for cls, size in sizes.items() if size]
    return sorted(rows, key=lambda row: (-row[3], row[1]))


@blueprint.get("/complete")
def complete() -> Response:
    """Give what an editor may complete a word to: prefixes, classes, properties and things, the most used first."""
    running, visit = service(), visitor()
    wanted = request.args.get("q", "").strip()[:LONGEST]
    offered = list(_offered(running, wanted)) if wanted else []
    offered.sort(key=lambda entry: (entry[2] != "prefix", -entry[3], entry[0]))
    known = look_up(running, {iri for _, iri, kind, _ in offered[:COMPLETIONS] if kind != "prefix"})
    entries = []
    for text, iri, kind, uses in offered[:COMPLETIONS]:
        label, language = best(known.get(iri, Known()).names, visit.language)
        entries.append(
            {"text": text, "iri": iri, "kind": kind, "uses": uses, "label": plain(label), "language": language}
        )
    response = jsonify(entries)
    response.headers.update({"Vary": "Accept-Language", "Cache-Control": "public, max-age=60"})
    return response


def _offered(running: Service, wanted: str) -> Iterator[tuple[str, str, str, int]]:
    """Give text, IRI, kind and number of uses of what the word may mean."""
    names = prefixes(running.settings.base)
    yield from (
        (f"{name}:", iri, "prefix", 0) for name, iri in names.items() if name.startswith(wanted.lower().rstrip(":"))
    )
    found, used = index(running), running.derived.get("terms", running.engine.tag(), lambda: _terms(running))
    iris = {hit.iri for hit in found.find(wanted)}
    start = fold(wanted)
    iris |= {iri for iri in used if fold(compact(iri, names)).startswith(start)}
    for iri in iris:
        text = compact(iri, names)
        if not text.startswith("<") or wanted.startswith("http"):
            kind, uses = used.get(iri, ("entity", found.uses.get(iri, 0)))
            yield text, iri, kind, uses


_TERMS: Final = (
    ("class", f"SELECT ?x (COUNT(*) AS ?n) {{ ?s <{STANDARD_PREFIXES['rdf']}type> ?x FILTER(ISIRI(?x)) }} GROUP BY ?x"),
    ("property", "SELECT ?x (COUNT(*) AS ?n) { ?s ?x ?o } GROUP BY ?x"),
)


def _terms(running: Service) -> dict[str, tuple[str, int]]:
    """Give every class and property that the graph uses, with how often."""
    found = {}
    for kind, text in _TERMS:
        rows = running.terms(Task(text, SOLUTION_FORMATS[0], running.settings.base))
        found.update({row["x"]["value"]: (kind, int(row["n"]["value"])) for row in rows})
    return found
