"""``/search`` and ``/complete``: things by name, for people and for an editor."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, jsonify

from coopkg.answers.labels import Known, look_up, nodes
from coopkg.answers.search import index
from coopkg.errors import BadParameter
from coopkg.rdf.folded_text import fold
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.shown_terms import plain
from coopkg.rdf.terms import compact, named_node
from coopkg.sparql.query_text import query_text
from coopkg.web.i18n import best
from coopkg.web.parts.named_terms import things
from coopkg.web.parts.page_response import page, visitor
from coopkg.web.parts.request_values import one_argument, service
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from coopkg.answers.search import Hit
    from coopkg.answers.service import Service
    from coopkg.rdf.shown_terms import ShownTerm

blueprint = Blueprint("search", __name__)
SHOWN: Final = 12
"""Things of each class that a page lists; it says how many more there are, and leads to them."""
LISTED: Final = 200
"""Things of one class that a page lists when only those are asked for."""
COMPLETIONS: Final = 20
LONGEST: Final = 200
"""Characters of what is looked for."""
MOST: Final = 2000
"""Things found that are put into classes; where there are more, the page says so."""
CANDIDATES: Final = 100
"""Things found among which the most used are offered to an editor."""


@dataclass(frozen=True)
class Group:
    """What was found of one class: its prefixed name and term, the things that are listed, how many there are."""

    name: str
    term: ShownTerm | None
    entries: tuple[tuple[ShownTerm, tuple[str, str]], ...]
    total: int


@blueprint.get("/search")
def search() -> Response:
    """Show what is found, by class; ``type`` keeps to one class, and lists all of it where nothing is looked for."""
    running, visit = service(), visitor()
    text, kind = _search_text(), one_argument("type")
    name_index = index(running)
    cls = next((cls for cls in kinds(running) if compact(cls, prefixes(running.settings.base)) == kind), "")
    hits = {hit.iri: hit for hit in name_index.find(text, visit.language)[:MOST]}
    if text:
        groups, count = _by_class(running, list(hits), cls if kind else None)
    else:
        groups, count = ({cls: _members(running, cls)}, kinds(running)[cls]) if cls else ({}, 0)
    bound = LISTED if kind else SHOWN
    return page(
        "search.html", q=text, kind=kind, near="" if hits else name_index.near(text), complete=name_index.complete,
        count=count, most=MOST, bound=bound, groups=_groups(running, groups, hits, bound, None if text else count),
        kinds=[] if text or kind else _kinds(running),
    )  # fmt: skip


def _search_text() -> str:
    """Return what is looked for. Raises BadParameter past the bound: the beginning of it would be another question."""
    text = one_argument("q").strip()
    if len(text) > LONGEST:
        raise BadParameter(f"What is looked for has at most {LONGEST} characters.", bound=LONGEST)
    return text


_KINDS: Final = "SELECT ?c (COUNT(DISTINCT ?s) AS ?n) { ?s a ?c FILTER(ISIRI(?s) && ISIRI(?c)) } GROUP BY ?c"


def kinds(running: Service) -> dict[str, int]:
    """Return the classes of the current version with the number of their things, what is inferred included."""
    # counted once for a version: it takes every rdf:type triple of the graph
    rows = running.derived.get("kinds", running.engine.tag(), lambda: running.rows(_KINDS))
    return {row["c"]: int(row["n"]) for row in rows}


def _by_class(running: Service, iris: list[str], only: str | None) -> tuple[dict[str, list[str]], int]:
    """Return the things by the class under which each is listed, in their order, and how many they are.

    Of the classes that are asserted of a thing that is one of ours before others, and the one with fewest things.
    """
    text = query_text("SELECT ?s ?c { VALUES ?s { [[things]] } ?s a ?c FILTER(ISIRI(?c)) }", things=nodes(iris))
    base, sizes = running.settings.base, kinds(running)
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in running.terms(Task(text, SOLUTION_FORMATS[0], base, entailment=only is not None)):
        found[row["s"]["value"]].append(row["c"]["value"])
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for iri in iris:
        if only is None:
            order = sorted(found[iri], key=lambda cls: (not cls.startswith(base), sizes.get(cls, 0), cls))
            groups[order[0] if order else ""].append(iri)
        elif only in found[iri]:
            groups[only].append(iri)
    return groups, sum(map(len, groups.values()))


def _members(running: Service, cls: str) -> list[str]:
    text = query_text(
        "SELECT DISTINCT ?s { ?s a [[cls]] FILTER(ISIRI(?s)) } ORDER BY ?s LIMIT [[most]]",
        cls=named_node(cls, {}, "type"),
        most=LISTED,
    )
    return [row["s"] for row in running.rows(text)]


def _groups(
    running: Service, kept: dict[str, list[str]], hits: dict[str, Hit], bound: int, total: int | None
) -> list[Group]:
    listed = {cls: iris[:bound] for cls, iris in kept.items()}
    cells = things(running, {cls for cls in kept if cls}.union(*listed.values()), visitor())
    names = prefixes(running.settings.base)
    return [
        Group(compact(cls, names) if cls else "", cells.get(cls),
              tuple((cells[iri], _excerpt(hits.get(iri), cells[iri].text)) for iri in iris), total or len(kept[cls]))
        for cls, iris in listed.items()
    ]  # fmt: skip


def _excerpt(hit: Hit | None, shown: str) -> tuple[str, str]:
    """Return the text in which a thing was found, with its language, unless it is its name as shown."""
    if hit is None or hit.text.text == shown:
        return "", ""
    return plain(hit.text.text, 220), hit.text.language


def _kinds(running: Service) -> list[tuple[ShownTerm, int]]:
    """Return the classes of our own with their sizes, the largest first."""
    own = {cls: size for cls, size in kinds(running).items() if cls.startswith(running.settings.base)}
    cells = things(running, own, visitor())
    return sorted(((cells[cls], size) for cls, size in own.items()), key=lambda row: (-row[1], row[0].text))


@blueprint.get("/complete")
def complete() -> Response:
    """Return what an editor may complete a word to: prefixes, then what begins with it, each the most used first."""
    running, visit = service(), visitor()
    text = _search_text()
    offered = _offered(running, text) if text else []
    labels = look_up(running, [offer.iri for offer in offered if offer.kind != "prefix"])
    entries = []
    for offer in offered:
        label, language = best(labels.get(offer.iri, Known()).names, visit.language)
        entries.append({**asdict(offer), "label": plain(label), "language": language})
    response = jsonify(entries)
    response.headers.update({"Vary": "Accept-Language", "Cache-Control": "public, max-age=60"})
    return response


@dataclass(frozen=True)
class Offer:
    """What a word may be completed to: its text, IRI and kind (prefix, class, property, entity), and its uses."""

    text: str
    iri: str
    kind: str
    uses: int


def _offered(running: Service, wanted: str) -> list[Offer]:
    names = prefixes(running.settings.base)
    start = wanted.lower().rstrip(":")
    found = [Offer(f"{name}:", iri, "prefix", 0) for name, iri in names.items() if name.startswith(start)]
    used = running.derived.get("terms", running.engine.tag(), lambda: _terms(running))
    iris = {iri for iri in used if fold(compact(iri, names)).startswith(fold(wanted))}
    iris |= {hit.iri for hit in index(running).find(wanted)[:CANDIDATES]}
    counts = _uses(running, iris - used.keys())
    for iri in iris:
        text = compact(iri, names)
        if not text.startswith("<") or wanted.startswith("http"):
            kind, uses = used.get(iri, ("entity", counts.get(iri, 0)))
            found.append(Offer(text, iri, kind, uses))
    begins = fold(wanted)
    return sorted(found, key=lambda o: (o.kind != "prefix", not fold(o.text).startswith(begins), -o.uses, o.text))[
        :COMPLETIONS
    ]


def _uses(running: Service, iris: set[str]) -> dict[str, int]:
    """Return how often each of those things is the object of a triple."""
    text = query_text(
        "SELECT ?s (COUNT(*) AS ?n) { VALUES ?s { [[things]] } ?x ?p ?s } GROUP BY ?s", things=nodes(iris)
    )
    rows = running.rows(text)
    return {row["s"]: int(row["n"]) for row in rows if "s" in row}


_TERMS: Final = (
    ("class", "SELECT ?x (COUNT(*) AS ?n) { ?s a ?x FILTER(ISIRI(?x)) } GROUP BY ?x"),
    ("property", "SELECT ?x (COUNT(*) AS ?n) { ?s ?x ?o } GROUP BY ?x"),
)


def _terms(running: Service) -> dict[str, tuple[str, int]]:
    """Return every class and property that the graph uses, with how often."""
    found = {}
    for kind, text in _TERMS:
        rows = running.rows(text)
        found.update({row["x"]: (kind, int(row["n"])) for row in rows})
    return found
