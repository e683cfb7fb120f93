"""Shapes and constraints as values, and what each constraint component answers for itself.

A component is one class: it reads its parameters from the shapes graph, says which value nodes violate it, which focus
nodes of a large graph may, which edges it depends on, and what it expects in words and in a form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Protocol, Self

import pyoxigraph as ox

from coopkg.rdf.namespaces import LANGUAGES, STANDARD_PREFIXES
from coopkg.shacl.steps import Sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from collections.abc import Sequence as Rows

    from coopkg.rdf.graph import Node, Readable
    from coopkg.shacl.columns import Columns
    from coopkg.shacl.pre_binding import SparqlQuery
    from coopkg.shacl.property_paths import Path
    from coopkg.shacl.relations import Relation
    from coopkg.shacl.report import Severity
    from coopkg.shacl.shape_nodes import ShapeNode
    from coopkg.shacl.sparql_functions import SparqlFunction
    from coopkg.shacl.sparql_targets import SparqlTarget
    from coopkg.shacl.steps import Step

    Row = Mapping[str, Node]

Numbers = set[int]
"""Nodes of a graph in columns, by number."""
_SH: Final = STANDARD_PREFIXES["sh"]
_REGISTERED: Final[list[type[Constraint]]] = []


class Violation(NamedTuple):
    """What a component finds wrong: the value node, if one is to blame; a path of its own; messages of its own."""

    value: Node | None
    path: Path | None = None
    messages: tuple[ox.Literal, ...] | None = None


class At(NamedTuple):
    """Where a constraint is checked: a shape, its focus node and value nodes; ``crowd`` is checked in all."""

    shape: Shape
    focus: Node
    values: tuple[Node, ...]
    crowd: int


class Checks(Protocol):
    """The check of one focus node at a time, as far as components need it: see ``validator.Run``."""

    @property
    def graph(self) -> Readable:
        """The data graph."""
        ...

    @property
    def shapes(self) -> Mapping[Node, Shape]:
        """The shapes of the shapes graph."""
        ...

    def conforms(self, node: Node, shape: Node) -> bool:
        """Return whether a node conforms to a shape."""
        ...

    def targets(self, shape: Shape) -> Mapping[Node, None]:
        """Return the nodes that are targets of a shape."""
        ...

    def selected(self, shape: Shape, target: SparqlTarget) -> Mapping[Node, None]:
        """Return the nodes that a query of a shape selects as its targets."""
        ...

    def selects(self, shape: Shape, target: SparqlTarget, node: Node) -> bool:
        """Return whether a query of a shape selects a node as its target."""
        ...

    def index(self, key: object, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever was made
        """Return what ``make`` gives, made once for the data graph."""
        ...

    def solve(self, query: SparqlQuery, at: At) -> Iterator[Row]:
        """Return the violations of a query at one focus node."""
        ...

    def call(self, function: SparqlFunction, arguments: Rows[Node]) -> Node | None:
        """Return what a function of the shapes graph gives for some arguments, or None."""
        ...

    def solutions(self, shape: Shape, query: SparqlQuery) -> Mapping[Node, Rows[Any]] | None:
        """Return the violations of a query by focus node; None where it must be evaluated for each of them."""
        ...


class Selection(Protocol):
    """The selection of nodes that may violate a shape, in columns: see ``candidate_selection``."""

    @property
    def run(self) -> Checks:
        """The check of one focus node at a time."""
        ...

    @property
    def columns(self) -> Columns:
        """The data graph."""
        ...

    def violators(self, shape: Node, values: Numbers) -> Numbers:
        """Return the values that may violate a shape: perhaps too many."""
        ...

    def failing(self, shape: Node, values: Numbers) -> Numbers:
        """Return the values that do not conform to a shape: exactly these."""
        ...

    def relation(self, path: Path, nodes: Numbers) -> Relation:
        """Return the value nodes of some nodes along a path."""
        ...


class Wording(Protocol):
    """How terms and shapes are called in a report: see ``constraint_descriptions``."""

    def term(self, term: Node) -> str:
        """Return a term as a person would write it."""
        ...

    def shape(self, node: Node) -> tuple[str, ...]:
        """Return how a shape is called, in each language."""
        ...


Operands = tuple[tuple[Any, ...], list[list[str]]]
"""The terms that a constraint names, and the texts of its operands in each language."""
StepsOf = Any
"""A function that yields the steps of a shape: (node, path to it, sign)."""


@dataclass(frozen=True)
class Constraint:
    """A constraint: the value of the parameter that names its component.

    ``messages`` are its own, and ``node`` is the value of sh:sparql, where it has these.
    """

    value: Any
    messages: tuple[ox.Literal, ...] = ()
    node: Node | None = None

    name: ClassVar[str] = ""
    """The parameter, without the namespace."""
    component_name: ClassVar[str] = ""
    """The name of the component where it is not that of the parameter."""
    is_parameter: ClassVar[bool] = True
    """Whether the name is one of SHACL's terms."""
    further: ClassVar[tuple[str, ...]] = ()
    """Other parameters of the component."""
    repeated: ClassVar[bool] = False
    """Whether each of several values of the parameter is a constraint of its own."""
    for_property_shapes: ClassVar[bool] = False
    for_node_shapes: ClassVar[bool] = False
    wanted: ClassVar[tuple[Callable[[Node], bool], str] | None] = None
    """What values of the parameter must be: a check, and words for it."""
    values_sign: ClassVar[Sign] = Sign.MORE
    """Which changes of the value nodes themselves can make the constraint fail."""
    phrase: ClassVar[tuple[str, ...]] = ()
    """What the constraint expects, in the order of ``LANGUAGES``."""

    def __init_subclass__(cls) -> None:
        """Register a component."""
        if "name" in vars(cls):
            _REGISTERED.append(cls)

    @classmethod
    def read(cls, shape: ShapeNode) -> Iterator[Self]:
        """Read the constraints of a shape that are of this component. Raises ValueError."""
        yield from (cls(cls.operand(value)) for value in shape.values(cls.name))

    @classmethod
    def operand(cls, value: Node) -> Any:  # noqa: ANN401 - a number or a term
        """Return a value of the parameter as the component uses it."""
        return value

    @property
    def component(self) -> str:
        """Return the IRI of the constraint component."""
        name = self.component_name or f"{self.name[0].upper()}{self.name[1:]}"
        return f"{_SH}{name}ConstraintComponent"

    @property
    def references(self) -> tuple[Node, ...]:
        """The shapes that the constraint refers to."""
        return ()

    def violations(self, run: Checks, at: At) -> Iterable[Violation]:
        """Return what violates the constraint at one focus node."""
        raise NotImplementedError

    def suspects(self, selection: Selection, shape: Shape, nodes: Numbers, relation: Relation | None) -> Numbers:
        """Return the focus nodes that may violate the constraint: perhaps too many, never too few."""
        raise NotImplementedError

    def steps(self, shape: Shape, before: Path | None, values: Path | None, sign: Sign, of: StepsOf) -> Iterator[Step]:
        """Yield the edges that the constraint depends on, beyond the path to its value nodes.

        ``before`` and ``values`` are the paths to the focus node and to the value nodes; ``sign`` is MORE, or EITHER
        where violations are counted or negated.
        """
        del shape, before, values, sign, of
        yield from ()

    def details(self, run: Checks, value: Node) -> Iterator[tuple[Node, Node]]:
        """Yield (shape, node) for each result that explains why a value node violates the constraint."""
        del run, value
        yield from ()

    def operands(self, wording: Wording) -> Operands:
        """Return the terms that the constraint names, and the texts of its operands in each language."""
        if isinstance(self.value, int):
            return (), [[str(self.value)]] * len(LANGUAGES)
        return (self.value,), [[wording.term(self.value)]] * len(LANGUAGES)

    def field(self) -> dict[str, Any]:
        """Return what a form asks of the values: attributes of ``web.forms.form_model.Field``."""
        return {}


class ValueConstraint(Constraint):
    """A constraint that judges each value node by itself."""

    exact: ClassVar[bool] = True
    """Whether ``offending_numbers`` returns no value too many."""

    def offending(self, run: Checks, values: tuple[Node, ...]) -> Iterable[Node]:
        """Return the value nodes that violate the constraint."""
        raise NotImplementedError

    def violations(self, run: Checks, at: At) -> Iterable[Violation]:
        """Return one violation a value node."""
        return (Violation(value) for value in self.offending(run, at.values))

    def offending_numbers(self, selection: Selection, values: Numbers) -> Numbers:
        """Return the value nodes that may violate the constraint."""
        terms, number = selection.columns.terms, selection.columns.number
        return {number(term) for term in self.offending(selection.run, tuple(terms[v] for v in values))}

    def suspects(self, selection: Selection, shape: Shape, nodes: Numbers, relation: Relation | None) -> Numbers:
        """Return the focus nodes with a value node that may violate the constraint."""
        del shape
        if relation is None:
            return self.offending_numbers(selection, nodes)
        # The value nodes of all focus nodes are judged together, each once.
        return relation.having(nodes, self.offending_numbers(selection, relation.values(nodes)))


@dataclass(frozen=True)
class Shape:
    """A node shape, or a property shape where there is a path.

    ``severity_node`` is the severity as the shapes graph has it; one that SHACL does not know counts as Violation.
    ``targets`` are kinds of targets, each with its node, or with the ``SparqlTarget`` of sh:target.
    """

    node: Node
    path: Path | None
    path_node: Node | None
    severity: Severity
    severity_node: ox.NamedNode
    message_terms: tuple[ox.Literal, ...]
    constraints: tuple[Constraint, ...] = field(hash=False)
    targets: tuple[tuple[str, Any], ...]

    @property
    def name(self) -> str:
        """The shape's IRI, or a blank node's label."""
        return self.node.value if isinstance(self.node, ox.NamedNode) else str(self.node)

    @property
    def messages(self) -> Mapping[str, str]:
        """The messages by language; one without a language counts as English."""
        return by_language(self.message_terms)

    @property
    def references(self) -> Iterator[Node]:
        """The shapes that it refers to."""
        for constraint in self.constraints:
            yield from constraint.references
        yield from (node for kind, node in self.targets if kind == TARGET_WHERE)


TARGET_WHERE: Final = "targetWhere"
SPARQL_TARGET: Final = "target"
DECIDED: Final = frozenset({TARGET_WHERE, SPARQL_TARGET})
"""Targets that more than a lookup of triples decides on."""


def by_language(terms: Iterable[ox.Literal]) -> dict[str, str]:
    """Return strings by their language; one without counts as English."""
    found: dict[str, str] = {}
    for term in terms:
        language = term.language or "en"
        # Several messages of one language are all the author's: none may be lost.
        found[language] = f"{found[language]} {term.value}" if language in found else term.value
    return found


def registered() -> tuple[type[Constraint], ...]:
    """Return the components whose modules have been imported, in the order of their definitions."""
    return tuple(_REGISTERED)
