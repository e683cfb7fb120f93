"""A whole pass over a large graph: which focus nodes may violate a shape, selected for all nodes at once.

Each constraint is a set operation over the columns, or one query over all focus nodes. A selection may contain a node
too many, never one too few: the nodes of it are then checked one by one, which gives the results, and all others are
never looked at again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from coopkg.rdf.graph import RDF_TYPE
from coopkg.rdf.literals import less, not_matching, text_of
from coopkg.shacl.closed_shapes import ByTypes
from coopkg.shacl.components import core
from coopkg.shacl.property_paths import Alternative, Inverse, Path, Predicate, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Sequence as Rows

    from coopkg.rdf.graph import Node
    from coopkg.shacl.columns import Columns
    from coopkg.shacl.pre_binding import SparqlQuery
    from coopkg.shacl.shapes import Constraint, Shape

Numbers = set[int]


class Relation:
    """The value nodes of some nodes along a path, by number."""

    def __init__(self, targets: dict[int, Iterable[int]]) -> None:
        self._targets = {source: distinct for source, values in targets.items() if (distinct := set(values))}

    def fewer(self, nodes: Numbers, count: int) -> Numbers:
        """Return the nodes with fewer values than that."""
        return {n for n in nodes if len(self._targets.get(n, ())) < count}

    def more(self, nodes: Numbers, count: int) -> Numbers:
        """Return the nodes with more values than that."""
        return {n for n in nodes if len(self._targets.get(n, ())) > count}

    def values(self, nodes: Numbers) -> Numbers:
        """Return all values of the nodes."""
        return set().union(*(self._targets.get(n, ()) for n in nodes))

    def having(self, nodes: Numbers, values: Numbers) -> Numbers:
        """Return the nodes that have one of the values."""
        return {n for n in nodes if not values.isdisjoint(self._targets.get(n, ()))} if values else set()

    def of(self, node: int) -> Iterable[int]:
        """Return the values of one node."""
        return self._targets.get(node, ())


class ColumnRelation(Relation):
    """A single step along a property, read off its column."""

    def __init__(self, columns: Columns, predicate: Node, *, inverse: bool) -> None:
        column = columns.column(predicate)
        self._column = column.inverse if inverse else column

    def fewer(self, nodes: Numbers, count: int) -> Numbers:
        """Return the nodes with fewer values than that."""
        if count == 1:  # sh:minCount 1, the commonest constraint of all: one set operation
            return nodes - self._column.first.keys()
        return {n for n in nodes if len(self._column.of(n)) < count}

    def more(self, nodes: Numbers, count: int) -> Numbers:
        """Return the nodes with more values than that."""
        if count == 0:
            return nodes & self._column.first.keys()
        return {n for n, others in self._column.more.items() if len(others) >= count and n in nodes}

    def values(self, nodes: Numbers) -> Numbers:
        """Return at least the values of the nodes."""
        # For more than half of the subjects it is less work to take the whole column; a value too many is no harm.
        if len(nodes) * 2 > len(self._column.first):
            return self._column.values()
        return {value for n in nodes for value in self._column.of(n)}

    def having(self, nodes: Numbers, values: Numbers) -> Numbers:
        """Return the nodes that have one of the values."""
        return self._column.having(values) & nodes if values else set()

    def of(self, node: int) -> Iterable[int]:
        """Return the values of one node."""
        return self._column.of(node)


class Checks(Protocol):
    """The check of one focus node at a time, as far as the selection needs it: see ``validator.Run``."""

    @property
    def shapes(self) -> Mapping[Node, Shape]:
        """The shapes of the shapes graph."""
        ...

    def conforms(self, node: Node, shape: Node) -> bool:
        """Return whether a node conforms to a shape."""
        ...

    def solutions(self, shape: Shape, query: SparqlQuery) -> Mapping[Node, Rows[Any]] | None:
        """Return the violations of a query by focus node; None where it must be evaluated for each of them."""
        ...


class CandidateSelection:
    """The selection of the focus nodes of one graph that may violate a shape."""

    def __init__(self, run: Checks, columns: Columns) -> None:
        self.run = run
        self.columns = columns

    def candidates(self, shape: Shape) -> Iterator[tuple[Node, int]]:
        """Yield the focus nodes of a shape that may violate it, each with the number of all its focus nodes."""
        focus_nodes = self._focus_nodes(shape)
        for number in sorted(self._violators(shape, focus_nodes)):
            yield self.columns.terms[number], len(focus_nodes)

    def _focus_nodes(self, shape: Shape) -> Numbers:
        numbers: Numbers = set()
        for kind, node in shape.targets:
            match kind:
                case "targetClass":
                    numbers |= self.columns.instance_numbers(node)
                case "targetSubjectsOf":
                    numbers |= self.columns.column(node).first.keys()
                case "targetObjectsOf":
                    numbers |= self.columns.column(node).values()
                case _:
                    numbers.add(self.columns.number(node))
        return numbers

    def _violators(self, shape: Shape, nodes: Numbers) -> Numbers:
        # Most shapes that others refer to have no value nodes in a given graph.
        if not nodes or not shape.constraints:
            return set()
        relation = self._relation(shape.path, nodes) if shape.path else None
        candidates: Numbers = set()
        for constraint in shape.constraints:
            candidates |= self._violating(shape, constraint, nodes, relation)
        return candidates

    def _violating(  # noqa: PLR0911 - one case a kind of constraint
        self, shape: Shape, constraint: Constraint, nodes: Numbers, relation: Relation | None
    ) -> Numbers:
        """Return the nodes that may violate one constraint of a shape."""
        name, operand = constraint.name, constraint.value
        match name:
            case "minCount" if relation:
                return relation.fewer(nodes, operand)
            case "maxCount" if relation:
                return relation.more(nodes, operand)
            case "hasValue" if relation:
                return nodes - relation.having(nodes, {self.columns.number(operand)})
            case "uniqueLang" if relation:
                return {n for n in relation.more(nodes, 1) if self._repeats_language(relation.of(n))}
            case "equals" | "disjoint" | "lessThan" | "lessThanOrEquals":
                return {n for n in nodes if self._pair_fails(name, operand, n, relation)}
            case "qualifiedMinCount" | "qualifiedMaxCount":
                return self._qualified(name, operand, nodes, relation)
            case "sparql":
                solutions = self.run.solutions(shape, operand)
                return nodes if solutions is None else {self.columns.number(focus) for focus in solutions} & nodes
            case "component":  # its validators may read anything, so every node is a candidate
                return nodes
        values = relation.values(nodes) if relation else nodes
        bad = self._bad_values(name, operand, values)
        return relation.having(nodes, bad) if relation else bad

    def _bad_values(  # noqa: C901, PLR0911 - one case a kind of constraint
        self, name: str, operand: Any, values: Numbers  # noqa: ANN401
    ) -> Numbers:  # fmt: skip
        """Return the value nodes that violate a constraint by themselves."""
        match name:
            case "property":
                return self._violators(self.run.shapes[operand], values)
            case "node":
                return self._failing(operand, values)
            case "not":
                return values - self._failing(operand, values)
            case "and":
                return set().union(*(self._failing(shape, values) for shape in operand))
            case "or":
                # Each member is checked only for what failed all members before it.
                failing_all = set(values)
                for shape in operand:
                    failing_all &= self._failing(shape, failing_all)
                return failing_all
            case "xone":
                failing = [self._failing(shape, values) for shape in operand]
                return {v for v in values if sum(v not in failing_member for failing_member in failing) != 1}
            case "class":
                return values - self.columns.instance_numbers(operand)
            case "in":
                return values - {self.columns.number(term) for term in operand}
            case "hasValue":
                return values - {self.columns.number(operand)}
            case "closed" | "closedByTypes":
                return self._with_excess(operand, values)
            case "pattern":
                # Few texts and many nodes, as a rule: each text is matched once.
                texts = {v: text_of(self.columns.terms[v]) for v in values}
                bad = not_matching({text for text in texts.values() if text is not None}, *operand)
                return {v for v, text in texts.items() if text is None or text in bad}
        terms = self.columns.terms
        value_nodes = tuple(terms[v] for v in values)
        # Every other component judges a value node by itself, so that those of all focus nodes can be checked together.
        violating = core(name, operand, self.columns, None, value_nodes, self.run.conforms)
        return {self.columns.number(term) for term in violating}

    def _with_excess(self, allowed: frozenset[Node] | ByTypes, values: Numbers) -> Numbers:
        """Return the values that have a property which a closed shape does not allow them."""
        types = self.columns.column(RDF_TYPE).inverse
        always, of_class = (allowed.always, allowed.of_class) if isinstance(allowed, ByTypes) else (allowed, {})
        bad: Numbers = set()
        for predicate, column in self.columns.columns.items():
            if predicate not in always:
                licensing = (c for c, properties in of_class.items() if predicate in properties)
                licensed = (types.of(self.columns.number(c)) for c in licensing)
                bad |= (values & column.first.keys()).difference(*licensed)
        return bad

    def _failing(self, node: Node, values: Numbers) -> Numbers:
        """Return the values that do not conform to a shape: exactly these, because callers negate the selection.

        Under sh:not a candidate too many here would become a violator too few there.
        """
        candidates = self._violators(self.run.shapes[node], values)
        return {v for v in candidates if not self.run.conforms(self.columns.terms[v], node)}

    def _qualified(self, name: str, operand: Any, nodes: Numbers, relation: Relation | None) -> Numbers:  # noqa: ANN401
        shape, count, siblings = operand
        values = relation.values(nodes) if relation else nodes
        # Exactly the conforming ones: one too many or too few would make the count wrong in either direction.
        good = values - self._failing(shape, values)
        for sibling in siblings:
            good &= self._failing(sibling, good)
        counts = {n: len(good.intersection(relation.of(n) if relation else (n,))) for n in nodes}
        if name == "qualifiedMinCount":
            return {n for n, number in counts.items() if number < count}
        return {n for n, number in counts.items() if number > count}

    def _repeats_language(self, values: Iterable[int]) -> bool:
        languages = [getattr(self.columns.terms[v], "language", None) for v in values]
        # Language tags compare without regard to case (BCP 47, section 2.1.1).
        tags = [language.lower() for language in languages if language]
        return len(tags) != len(set(tags))

    def _pair_fails(self, name: str, predicate: Node, node: int, relation: Relation | None) -> bool:
        values = set(relation.of(node)) if relation else {node}
        others = set(self.columns.column(predicate).of(node))
        if name == "equals":
            return values != others
        if name == "disjoint":
            return not values.isdisjoint(others)
        terms, or_equal = self.columns.terms, name == "lessThanOrEquals"
        return any(not less(terms[v], terms[o], or_equal=or_equal) for v in values for o in others)

    def _relation(self, path: Path, nodes: Numbers) -> Relation:
        match path:
            case Predicate(iri):
                return ColumnRelation(self.columns, iri, inverse=False)
            case Inverse(Predicate(iri)):
                return ColumnRelation(self.columns, iri, inverse=True)
            case Alternative(paths):
                relations = [self._relation(p, nodes) for p in paths]
                return Relation({n: [v for r in relations for v in r.of(n)] for n in nodes})
            case Sequence(paths):
                return self._sequence(paths, nodes)
            case _:
                terms = self.columns.terms
                return Relation(
                    {n: [self.columns.number(v) for v in path.values(self.columns, terms[n])] for n in nodes}
                )

    def _sequence(self, paths: tuple[Path, ...], nodes: Numbers) -> Relation:
        reached: dict[int, Numbers] = {n: {n} for n in nodes}
        for path in paths:
            # Each step is evaluated once for the nodes that all starts have reached together.
            step = self._relation(path, set().union(*reached.values()))
            reached = {n: {v for middle in middles for v in step.of(middle)} for n, middles in reached.items()}
        return Relation(dict(reached))
