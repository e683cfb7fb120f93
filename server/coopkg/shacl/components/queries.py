"""Constraints in SPARQL (SHACL, sections 5 and 6): sh:sparql, and the components that a shapes graph declares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import pyoxigraph as ox

from coopkg.errors import DatasetBroken
from coopkg.shacl.constraints import Constraint, Violation
from coopkg.shacl.declared_queries import STRINGS
from coopkg.shacl.dependencies import joined
from coopkg.shacl.property_paths import Predicate
from coopkg.shacl.query_dependencies import steps_of_query
from coopkg.shacl.shape_nodes import TRUE
from coopkg.shacl.sparql_constraints import component_constraints, read_constraint
from coopkg.shacl.steps import Sign, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from coopkg.rdf.graph import Node
    from coopkg.shacl.constraints import At, Checks, Numbers, Row, Selection, Shape, StepsOf
    from coopkg.shacl.pre_binding import SparqlQuery
    from coopkg.shacl.property_paths import Path
    from coopkg.shacl.relations import Relation
    from coopkg.shacl.shape_nodes import ShapeNode


class _Query(Constraint):
    values_sign = Sign.EITHER

    def templates(self, shape: Shape) -> tuple[ox.Literal, ...]:
        """Return the messages of a solution that has none of its own."""
        raise NotImplementedError

    def violations(self, run: Checks, at: At) -> Iterator[Violation]:
        """Yield one violation a solution, or one a value node for which an ASK is false."""
        query: SparqlQuery = self.value
        bound = {**dict(query.parameters), "this": at.focus}
        for row in run.solve(query, at):
            if row.get("failure") == TRUE:  # a query may signal that it failed (section 5.3.2)
                raise DatasetBroken(f"The shape {at.shape.name} reports that it cannot check {at.focus}.")
            path, message = row.get("path"), row.get("message")
            told = isinstance(message, ox.Literal) and message.datatype.value in STRINGS
            templates: tuple[Any, ...] = (message,) if told else self.templates(at.shape)
            yield Violation(
                # Without ?value a node shape's result has the focus node as its value (section 5.3.2).
                row.get("value", at.focus if at.shape.path is None else None),
                Predicate(path) if isinstance(path, ox.NamedNode) else None,
                tuple(_filled(m, {**bound, **row}) for m in templates),
            )

    def suspects(self, selection: Selection, shape: Shape, nodes: Numbers, relation: Relation | None) -> Numbers:
        """Return the focus nodes that have a solution, where one evaluation can tell."""
        del relation
        solutions = selection.run.solutions(shape, self.value)
        return nodes if solutions is None else {selection.columns.number(focus) for focus in solutions} & nodes

    def operands(self, wording: Any) -> Any:  # noqa: ANN401
        """Return nothing: what a query expects is told by its messages."""
        del wording
        return (), []


class Sparql(_Query):
    """sh:sparql."""

    name = "sparql"
    component_name = "SPARQL"
    repeated = True

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the queries. Raises ValueError."""
        for value in shape.values("sparql"):
            declared = read_constraint(shape, value)
            if declared is not None:
                yield cls(declared.query, declared.messages, value)

    def templates(self, shape: Shape) -> tuple[ox.Literal, ...]:
        """Return the messages of the constraint, else those of the shape (section 5.3.2)."""
        return self.messages or shape.message_terms

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield the edges that the query's patterns follow."""
        del shape, values, of
        for step in steps_of_query(self.value.text):
            kind = step.sign if sign is Sign.MORE else Sign.EITHER
            yield Step(step.predicate, joined(before, step.before), step.backwards, step.anywhere, kind)


@dataclass(frozen=True)
class Declared(_Query):
    """A constraint of a component that the shapes graph declares; ``declared`` is its IRI."""

    declared: str = ""

    name = "component"
    is_parameter = False

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the constraints that the shape's values for the parameters of components are. Raises ValueError."""
        for found in component_constraints(shape, shape.cache["components"]):
            yield cls(found.query, found.messages, None, found.component)

    @property
    def component(self) -> str:
        """Return the IRI of the constraint component."""
        return self.declared

    def templates(self, shape: Shape) -> tuple[ox.Literal, ...]:
        """Return the messages of the shape, else those of the component (section 6.2.1)."""
        return shape.message_terms or self.messages

    def suspects(self, selection: Selection, shape: Shape, nodes: Numbers, relation: Relation | None) -> Numbers:
        """Return all focus nodes: a validator may read anything."""
        del selection, shape, relation
        return nodes

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield a step that counts anywhere: a validator may read anything."""
        del shape, before, values, sign, of
        yield Step(None, None, anywhere=True)


def _filled(template: ox.Literal, row: Row) -> ox.Literal:
    text = _fill(template.value, row)
    return ox.Literal(text, language=template.language) if template.language else ox.Literal(text)


def _fill(template: str, row: Mapping[str, Node]) -> str:
    """Fill ``{?var}`` and ``{$var}`` of a message from a solution (SHACL, section 5.3.2)."""

    def value(match: re.Match[str]) -> str:
        term = row.get(match[1])
        if term is None:
            return match[0]  # a variable without a value stays as it is written
        return str(term.value) if isinstance(term, ox.NamedNode | ox.Literal) else "an unnamed node"

    return re.sub(r"\{[?$](\w+)\}", value, template)
