"""How facts are told in order: the groups and places that the shapes give to properties, and what they want stated.

SHACL, section 2.3.2: sh:group and sh:order say how property shapes are laid out; sh:minCount what must not be missing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.answers.ontology_terms import INVERSE, RANGE, vocabulary
from coopkg.dataset.published_files import find_published
from coopkg.rdf.graph import Graph
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.shacl.published_shapes import shapes_quads
from coopkg.shacl.shapes import read_shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from coopkg.answers.service import Service
    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import Constraint, Shape

_SH: Final = STANDARD_PREFIXES["sh"]
_LABEL: Final = ox.NamedNode(STANDARD_PREFIXES["rdfs"] + "label")
_LAST: Final = 99.0


@dataclass(frozen=True)
class Rule:
    """A constraint on a property, for things of a class (``""`` for all that have the property)."""

    cls: str
    name: str
    value: object
    severity: str


@dataclass(frozen=True)
class Outline:
    """What the shapes say of the order of facts.

    ``groups`` are IRI and names, in their order; ``places`` give group and order of a property; ``central`` are the
    properties of which a class wants at least one value; ``rules`` are the constraints on each property; ``names`` what
    the shapes call it.
    """

    groups: tuple[tuple[str, Mapping[str, str]], ...] = ()
    places: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    central: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def place(self, prop: str) -> tuple[str, float]:
        """Return the group and the order of a property; ("", 99.0) for one that no shape gives a place."""
        return self.places.get(prop, ("", _LAST))

    def wanted(self, classes: Iterable[str]) -> list[str]:
        """Return the properties that things of those classes should have, in order."""
        found = {prop for cls in classes for prop in self.central.get(cls, ())}
        return sorted(found, key=lambda prop: (*self.place(prop), prop))


def shapes_graph(service: Service) -> Graph:
    """Return the published shapes as they stand under the server's own base."""
    return Graph(shapes_quads(find_published(service.settings.published).shapes(), service.settings.base))


def outline(service: Service) -> Outline:
    """Return the outline of the published shapes; it is worked out once for a version."""
    return service.derived.get("outline", service.engine.tag(), lambda: _whole(service))


def _whole(service: Service) -> Outline:
    """Return the outline with a group for properties that no shape has: that of their inverse, else of their range.

    So what is inferred stands with what it is inferred from.
    """
    found = _outline(shapes_graph(service))
    terms = vocabulary(service)
    by_range: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for prop, (group, _) in found.places.items():
        for cls in terms[prop].linked(RANGE) if prop in terms else ():
            by_range[cls][group] += 1
    inverse = {iri: t.iri for t in terms.values() for iri in t.linked(INVERSE)}
    inverse |= {t.iri: iri for t in terms.values() for iri in t.linked(INVERSE)}
    more: dict[str, tuple[str, float]] = {}
    for prop in terms.keys() - found.places.keys():
        group = found.place(inverse.get(prop, ""))[0]
        ranked = sum((by_range[cls] for cls in terms[prop].linked(RANGE)), Counter())
        group = group or max(sorted(ranked), key=lambda g: ranked[g], default="")
        if group:
            more[prop] = group, _LAST
    return replace(found, places={**found.places, **more})


def _outline(graph: Graph) -> Outline:
    shapes = read_shapes(graph)
    places: dict[str, tuple[str, float]] = {}
    central: defaultdict[str, dict[str, None]] = defaultdict(dict)
    rules: defaultdict[str, dict[Rule, None]] = defaultdict(dict)
    names: dict[str, Mapping[str, str]] = {}
    for classes, shape in _property_shapes(shapes):
        prop = shape.path_node.value if isinstance(shape.path_node, ox.NamedNode) else ""
        if not prop:
            continue
        found = _place(graph, shape.node)
        if found[0] and found < places.get(prop, ("~", 0.0)):
            places[prop] = found
        names.setdefault(prop, _texts(graph, shape.node, ox.NamedNode(_SH + "name")))
        for constraint in shape.constraints:
            for cls in classes:
                rules[prop][Rule(cls, constraint.name, _value(constraint), shape.severity.name)] = None
                if constraint.name == "minCount" and constraint.value and cls:
                    central[cls][prop] = None
    return Outline(
        tuple(_groups(graph)), places, {cls: tuple(props) for cls, props in central.items()},
        {prop: tuple(found) for prop, found in rules.items()}, names,
    )  # fmt: skip


def _value(constraint: Constraint) -> object:
    """Return the value of a constraint as text: IRIs in brackets, literals bare; of a list, a tuple in order."""
    value = constraint.value
    if constraint.name == "pattern":
        return str(value[0])
    many = isinstance(value, list | tuple | set | frozenset)
    return tuple(sorted(map(_bare, value))) if many else _bare(value)


def _bare(value: object) -> str:
    return value.value if isinstance(value, ox.Literal) else str(value)


def _property_shapes(shapes: Mapping[Node, Shape]) -> Iterator[tuple[list[str], Shape]]:
    """Return each property shape with the classes that it is for; ``""`` where it is not for a class."""
    for shape in shapes.values():
        classes = [t.value for kind, t in shape.targets if kind == "targetClass" and isinstance(t, ox.NamedNode)]
        for constraint in shape.constraints:
            if constraint.name == "property" and constraint.value in shapes:
                yield classes or [""], shapes[constraint.value]


def _groups(graph: Graph) -> list[tuple[str, Mapping[str, str]]]:
    kind, group = ox.NamedNode(STANDARD_PREFIXES["rdf"] + "type"), ox.NamedNode(_SH + "PropertyGroup")
    nodes = [node for node in graph.subjects(kind, group) if isinstance(node, ox.NamedNode)]
    return [
        (node.value, _texts(graph, node, _LABEL)) for node in sorted(nodes, key=lambda n: (_order(graph, n), n.value))
    ]


def _place(graph: Graph, node: Node) -> tuple[str, float]:
    groups = [g.value for g in graph.objects(node, ox.NamedNode(_SH + "group")) if isinstance(g, ox.NamedNode)]
    return min(groups, default=""), _order(graph, node)


def _order(graph: Graph, node: Node) -> float:
    value = next(iter(graph.objects(node, ox.NamedNode(_SH + "order"))), None)
    return float(value.value) if isinstance(value, ox.Literal) else _LAST


def _texts(graph: Graph, node: Node, path: ox.NamedNode) -> dict[str, str]:
    return {v.language or "": v.value for v in graph.objects(node, path) if isinstance(v, ox.Literal)}
