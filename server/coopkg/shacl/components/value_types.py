"""Types of value nodes (SHACL, section 4.1): sh:class, sh:datatype, sh:nodeKind; sh:rootClass of SHACL 1.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.rdf.graph import RDF_TYPE, SUBCLASS_OF
from coopkg.rdf.literals import well_formed
from coopkg.shacl.constraints import ValueConstraint
from coopkg.shacl.shape_nodes import IRI, SH, is_iri
from coopkg.shacl.steps import Sign, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import Checks, Numbers, Operands, Selection, Shape, StepsOf, Wording
    from coopkg.shacl.property_paths import Path

_KINDS: Final = {
    "IRI": (ox.NamedNode,),
    "BlankNode": (ox.BlankNode,),
    "Literal": (ox.Literal,),
    "BlankNodeOrIRI": (ox.BlankNode, ox.NamedNode),
    "BlankNodeOrLiteral": (ox.BlankNode, ox.Literal),
    "IRIOrLiteral": (ox.NamedNode, ox.Literal),
}
_KIND_WORDS: Final = {
    "IRI": ("an IRI", "IRI", "IRI"),
    "BlankNode": ("a node without a name", "узел без имени", "вузел без імя"),
    "Literal": ("a literal", "литерал", "літарал"),
    "BlankNodeOrIRI": ("a node", "узел", "вузел"),
    "BlankNodeOrLiteral": (
        "a literal or a node without a name", "литерал или узел без имени", "літарал або вузел без імя",
    ),
    "IRIOrLiteral": ("an IRI or a literal", "IRI или литерал", "IRI або літарал"),
}  # fmt: skip


class Class(ValueConstraint):
    """sh:class."""

    name = "class"
    repeated = True
    wanted = IRI
    phrase = ("a node of the class {}", "узел класса {}", "вузел класа {}")

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that are no instance of the class."""
        is_instance = run.graph.is_instance
        return (v for v in values if isinstance(v, ox.Literal) or not is_instance(v, self.value))

    def offending_numbers(self, selection: Selection, values: Numbers) -> Numbers:
        """Return the values that are no instance of the class."""
        return values - selection.columns.instance_numbers(self.value)

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield the types of the values."""
        del shape, before, of
        yield Step(RDF_TYPE, values, sign=Sign.FEWER if sign is Sign.MORE else Sign.EITHER)

    def field(self) -> dict[str, Any]:
        """Return the class."""
        return {"cls": self.value.value}


class Datatype(ValueConstraint):
    """sh:datatype."""

    name = "datatype"
    wanted = IRI
    phrase = (
        "a literal of the datatype {} in its form", "литерал типа {} в его форме", "літарал тыпу {} у яго форме",
    )  # fmt: skip

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that are of another datatype or ill-typed."""
        del run
        return (v for v in values if not _has_datatype(v, self.value))

    def field(self) -> dict[str, Any]:
        """Return the datatype."""
        return {"datatype": self.value.value}


def _has_datatype(value: Node, datatype: ox.NamedNode) -> bool:
    # An ill-typed literal has the datatype and violates nevertheless (section 4.1.2).
    return isinstance(value, ox.Literal) and value.datatype == datatype and well_formed(value.value, datatype.value)


class NodeKind(ValueConstraint):
    """sh:nodeKind."""

    name = "nodeKind"
    wanted = (lambda value: is_iri(value) and value.value.removeprefix(SH) in _KINDS, "a kind of node")
    phrase = ("{}", "{}", "{}")

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values that are of another kind."""
        del run
        kinds = _KINDS[self.value.value.removeprefix(SH)]
        return (v for v in values if not isinstance(v, kinds))

    def operands(self, wording: Wording) -> Operands:
        """Return the kind, in words."""
        del wording
        return (self.value,), [[kind] for kind in _KIND_WORDS[self.value.value.removeprefix(SH)]]


class RootClass(ValueConstraint):
    """sh:rootClass of SHACL 1.2: the value is that class or a subclass of it."""

    name = "rootClass"
    repeated = True
    wanted = IRI
    phrase = ("the class {} or a subclass of it", "класс {} или его подкласс", "клас {} або яго падклас")

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the values from which no chain of rdfs:subClassOf leads to the class."""
        return (v for v in values if isinstance(v, ox.Literal) or self.value not in run.graph.closure(v, SUBCLASS_OF))

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield nothing: whatever changes the class hierarchy has everything checked again."""
        del shape, before, values, sign, of
        yield from ()
