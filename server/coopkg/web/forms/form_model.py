"""What a form asks: a class, the properties that its shapes and the graph know for it, and how each is entered.

The shapes give names, order, groups and constraints (SHACL, section 2.3.2); the ontology gives definitions and ranges;
the graph gives the properties that facts of the class have though no shape asks for them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.rdf.namespaces import STANDARD_PREFIXES, prefixes
from coopkg.rdf.terms import compact
from coopkg.shacl.report import Severity
from coopkg.shacl.shapes import read_shapes
from coopkg.sparql.query_text import query_text
from coopkg.web.forms.outline import shapes_graph
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from coopkg.answers.service import Service
    from coopkg.rdf.graph import Graph, Node
    from coopkg.shacl.constraints import Shape

_SH: Final = STANDARD_PREFIXES["sh"]
_XSD: Final = STANDARD_PREFIXES["xsd"]
_RDF: Final = STANDARD_PREFIXES["rdf"]
_RDFS: Final = STANDARD_PREFIXES["rdfs"]
TYPE: Final = _RDF + "type"
_DASH: Final = "http://datashapes.org/dash#"
KINDS: Final = {
    "date": "date", "gYear": "year", "integer": "integer", "nonNegativeInteger": "integer", "decimal": "decimal",
    "boolean": "boolean", "anyURI": "iri",
}  # fmt: skip
"""How values of an XSD datatype are entered; those of all others as text."""
_LANGUAGE: Final = _RDF + "langString"
_UNASKED: Final = frozenset({"hasEvidence", "hasCertainty", "isMentionedIn", "updates"})
"""Properties of the ontology that the part about evidence answers, or that no form does."""
_ELSEWHERE: Final = frozenset(
    {_RDF + name for name in ("type", "subject", "predicate", "object")}
    | {STANDARD_PREFIXES["skos"] + "hiddenLabel", STANDARD_PREFIXES["owl"] + "sameAs"}
)
_SAMPLE: Final = 500
"""Things of a class that are looked at for the properties that they have."""


@dataclass(frozen=True)
class Field:
    """A property as a form asks for it.

    ``kind`` is ``node``, ``iri``, ``text``, ``texts`` (one in each language), ``date``, ``year``, ``integer``,
    ``decimal``, ``boolean`` or ``choice`` (one of ``options``, terms in N-Triples). ``unique`` says that there is one
    text at most in each language.
    """

    path: str
    key: str
    kind: str = "text"
    names: Mapping[str, str] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    order: float = 99.0
    least: int = 0
    most: int | None = None
    options: tuple[str, ...] = ()
    cls: str = ""
    datatype: str = ""
    pattern: str = ""
    lowest: str = ""
    highest: str = ""
    long: bool = False
    unique: bool = False


@dataclass(frozen=True)
class Form:
    """The form for a class: ``name`` is its address, ``folder`` how IRIs of its things begin, ``local`` how they end.

    ``classes`` are the class and its subclasses; ``groups`` are (IRI, names) in order, the last one for what is left.
    """

    cls: str
    name: str
    names: Mapping[str, str]
    definitions: Mapping[str, str]
    folder: str
    local: str
    classes: tuple[str, ...]
    fields: tuple[Field, ...]
    groups: tuple[tuple[str, Mapping[str, str]], ...]

    def grouped(self) -> Iterator[tuple[Mapping[str, str], list[Field]]]:
        """Return the fields of each group that has any."""
        for iri, names in self.groups:
            found = sorted((f for f in self.fields if f.group == iri), key=lambda f: (not f.least, f.order, f.key))
            if found:
                yield names, found


def forms(service: Service) -> Mapping[str, Form]:
    """Return the forms by name: of every class whose things must have evidence and a certain kind of IRI."""
    return service.derived.get("forms", service.engine.tag(), lambda: _forms(service))


def _forms(service: Service) -> dict[str, Form]:
    graph = shapes_graph(service)
    maker = _Maker(service, graph, read_shapes(graph))
    found = [form for cls in sorted(maker.targets) if (form := maker.form(cls)) is not None]
    return {form.name: form for form in found}


class _Maker:
    """Makes forms of the shapes of one version."""

    def __init__(self, service: Service, graph: Graph, shapes: Mapping[Node, Shape]) -> None:
        self.service, self.graph, self.shapes = service, graph, shapes
        self.base = service.settings.base
        self.prefixes = prefixes(self.base)
        self.targets: defaultdict[str, list[Shape]] = defaultdict(list)
        self.uses: defaultdict[str, list[Shape]] = defaultdict(list)
        for shape in shapes.values():
            for kind, target in shape.targets:
                if isinstance(target, ox.NamedNode):
                    wanted = {"targetClass": self.targets, "targetSubjectsOf": self.uses}.get(kind)
                    if wanted is not None:
                        wanted[target.value].append(shape)
        self.parents = self._pairs(_RDFS + "subClassOf")
        self.ranges = self._pairs(_RDFS + "range")
        self.words = self._words()
        groups = graph.subjects(ox.NamedNode(TYPE), ox.NamedNode(_SH + "PropertyGroup"))
        named = [(g.value, self._texts(g, _RDFS + "label")) for g in groups if isinstance(g, ox.NamedNode)]
        self.groups = sorted(named, key=lambda group: self._number(ox.NamedNode(group[0])))

    def _pairs(self, predicate: str) -> dict[str, list[str]]:
        """Return the IRIs that a property relates each thing to."""
        found: dict[str, list[str]] = {}
        query = "SELECT ?a ?b WHERE { ?a [[predicate]] ?b FILTER(isIRI(?b)) }"
        for row in self._asserted(query_text(query, predicate=ox.NamedNode(predicate))):
            found.setdefault(row["a"]["value"], []).append(row["b"]["value"])
        return found

    def _asserted(self, query: str) -> list[dict[str, dict[str, str]]]:
        return self.service.terms(Task(query, SOLUTION_FORMATS[0], self.base, entailment=False))

    def _words(self) -> dict[tuple[str, str], dict[str, str]]:
        """Return labels and definitions of the terms of the ontology, by language."""
        skos, words = STANDARD_PREFIXES["skos"], dict[tuple[str, str], dict[str, str]]()
        text = query_text(
            "SELECT ?s ?p ?o WHERE { VALUES ?p { [[label]] [[definition]] } ?s [[defined]] ?ontology ; ?p ?o }",
            label=ox.NamedNode(_RDFS + "label"),
            definition=ox.NamedNode(skos + "definition"),
            defined=ox.NamedNode(_RDFS + "isDefinedBy"),
        )
        for row in self._asserted(text):
            kind = "label" if row["p"]["value"].endswith("label") else "definition"
            words.setdefault((row["s"]["value"], kind), {})[row["o"].get("xml:lang", "")] = row["o"]["value"]
        return words

    def _number(self, node: Node) -> float:
        value = next(iter(self.graph.objects(node, ox.NamedNode(_SH + "order"))), None)
        return float(value.value) if isinstance(value, ox.Literal) else 99.0

    def _texts(self, node: Node, path: str) -> dict[str, str]:
        values = self.graph.objects(node, ox.NamedNode(path))
        return {v.language or "": v.value for v in values if isinstance(v, ox.Literal)}

    def ancestors(self, cls: str) -> list[str]:
        """Return the class and its superclasses, the nearest first."""
        found = [cls]
        for one in found:
            found += [parent for parent in self.parents.get(one, ()) if parent not in found]
        return found

    def form(self, cls: str) -> Form | None:
        """Return the form of a class; None for one that is no class of facts with IRIs of our own."""
        shapes = [shape for one in self.ancestors(cls) for shape in self.targets.get(one, ())]
        evidence = f"{self.base}ontology#hasEvidence"
        rules = list(self._rules(shapes))
        needed = [s for s in rules if s.path_node == ox.NamedNode(evidence)]
        minted = next((m for shape in shapes if (m := self._minted(shape))), None)
        banned = any(c.name == "maxCount" and c.value == 0 for shape in needed for c in shape.constraints)
        required = any(c.name == "minCount" and c.value > 0 for shape in needed for c in shape.constraints)
        if minted is None or banned or not required or cls == f"{self.base}ontology#SourceDocument":
            return None
        named = next(s for s in shapes if self._minted(s) == minted)
        labels = self.words.get((cls, "label")) or self._texts(named.node, _SH + "name")
        classes = (cls, *sorted(c for c in self.parents if c != cls and cls in self.ancestors(c)))
        fields = tuple(self._fields(classes, rules))
        groups = tuple(g for g in self.groups if not g[0].endswith("group-evidence"))
        name = compact(cls, self.prefixes).rpartition(":")[2]
        return Form(cls, name, labels, self.words.get((cls, "definition"), {}), *minted, classes, fields,
                    (*groups, ("", {})))  # fmt: skip

    def _minted(self, shape: Shape) -> tuple[str, str] | None:
        """Return what the IRIs of a class begin with, and the pattern of their end, as its shape has them."""
        for constraint in shape.constraints:
            if constraint.name == "pattern" and shape.path is None:
                start = "^" + self.base.replace(".", "\\.")
                found = re.fullmatch(r"(id/)\(?([a-z]+)[^/]*(/)(.+)\$", str(constraint.value[0]).removeprefix(start))
                if found:
                    return self.base + found[1] + found[2] + found[3], found[4]
        return None

    def _rules(self, shapes: Iterable[Shape]) -> Iterator[Shape]:
        """Return the property shapes of node shapes."""
        for shape in shapes:
            for constraint in shape.constraints:
                if constraint.name == "property" and constraint.value in self.shapes:
                    yield self.shapes[constraint.value]

    def _fields(self, classes: tuple[str, ...], rules: list[Shape]) -> Iterator[Field]:
        by_path: dict[str, list[Shape]] = {}
        for rule in rules:
            for path in self._paths(rule):
                by_path.setdefault(path, [])
            if isinstance(rule.path_node, ox.NamedNode):
                by_path[rule.path_node.value].append(rule)
        samples = self._used(classes)
        for path in dict.fromkeys((*by_path, *samples)):
            local = path.removeprefix(f"{self.base}ontology#")
            if local in _UNASKED or path in _ELSEWHERE:
                continue
            own = by_path.get(path, [])
            used = [rule for rule in self._rules(self.uses.get(path, ())) if rule.path_node == ox.NamedNode(path)]
            made = self._field(path, [*own, *used], samples.get(path))
            if made.most != 0:
                yield made

    def _paths(self, rule: Shape) -> Iterator[str]:
        """Return the properties that a path begins with: itself, or the alternatives of which one will do."""
        node = rule.path_node
        if isinstance(node, ox.NamedNode):
            yield node.value
            return
        for value in self.graph.objects(node, ox.NamedNode(_SH + "alternativePath")) if node is not None else ():
            yield from (member.value for member in self.graph.members(value) if isinstance(member, ox.NamedNode))

    def _used(self, classes: tuple[str, ...]) -> dict[str, dict[str, str]]:
        """Return the properties that things of those classes are asserted to have, each with a value as JSON has it."""
        text = query_text(
            "SELECT ?p (SAMPLE(?o) AS ?value) WHERE { { SELECT ?s WHERE { VALUES ?c { [[classes]] } ?s a ?c } "
            "LIMIT [[most]] } ?s ?p ?o FILTER(!isBlank(?o)) } GROUP BY ?p",
            classes=map(ox.NamedNode, classes),
            most=_SAMPLE,
        )
        rows = self._asserted(text)
        return {row["p"]["value"]: row["value"] for row in rows if "value" in row}

    def _field(self, path: str, rules: list[Shape], sample: Mapping[str, str] | None) -> Field:
        limits = _limits(rules)
        names = next((n for rule in rules if (n := self._texts(rule.node, _SH + "name"))), {})
        found = Field(
            path,
            compact(path, self.prefixes).strip("<>"),
            names=self.words.get((path, "label")) or names,
            descriptions=self._described(rules) or self.words.get((path, "definition"), {}),
            group=next((g.value for r in rules for g in self.graph.objects(r.node, ox.NamedNode(_SH + "group"))
                        if isinstance(g, ox.NamedNode)), ""),
            order=min((self._number(rule.node) for rule in rules), default=99.0),
            long=any(self._edited_long(rule.node) for rule in rules),
            **limits,
        )  # fmt: skip
        ranges = self.ranges.get(path, [])
        kind = found.kind
        if kind == "text":
            kind = _kind(found, ranges, sample, self.prefixes["coop"].removesuffix("ontology#"))
        if kind == "texts":
            return replace(found, kind=kind, least=min(found.least, 3), long=found.long or path.endswith("#note"))
        cls = found.cls or next((r for r in ranges if kind == "node"), "")
        datatype = found.datatype or next((r for r in ranges if r.startswith(_XSD)), "")
        datatype = datatype or (sample or {}).get("datatype", "")
        if kind == "text" and datatype.removeprefix(_XSD) in KINDS:
            kind = KINDS[datatype.removeprefix(_XSD)]
        return replace(found, kind=kind, cls=cls, datatype=datatype)

    def _described(self, rules: list[Shape]) -> dict[str, str]:
        return next((d for rule in rules if (d := self._texts(rule.node, _SH + "description"))), {})

    def _edited_long(self, node: Node) -> bool:
        editors = self.graph.objects(node, ox.NamedNode(_DASH + "editor"))
        return ox.NamedNode(_DASH + "TextAreaEditor") in editors


def _kind(found: Field, ranges: list[str], sample: Mapping[str, str] | None, base: str) -> str:
    """Return how a property without a datatype of its own is entered; things of the graph's own base are chosen."""
    if found.cls:
        return "node"
    if _LANGUAGE in ranges or (sample and "xml:lang" in sample):
        return "texts"
    if sample is not None and sample["type"] == "uri":
        return "node" if ranges or sample["value"].startswith(base) else "iri"
    if any(not r.startswith((_XSD, _RDFS + "Literal", _LANGUAGE)) for r in ranges):
        return "node"
    return "text"


def _limits(rules: Iterable[Shape]) -> dict[str, Any]:
    """Return what constraints ask of the values of a property, where breaking them is a violation."""
    found: dict[str, Any] = {}
    for rule in rules:
        for constraint in rule.constraints if rule.severity is Severity.VIOLATION else ():
            for name, value in constraint.field().items():
                narrower = {"least": max, "most": min}.get(name)
                found[name] = narrower(found[name], value) if narrower and name in found else value
    return found
