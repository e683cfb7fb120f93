"""A large graph as columns of numbers, one table a predicate, each term once, for a whole pass of validation.

Terms keep their lexical forms. Sets of numbers make most constraints one operation over all focus nodes at once, and
the same columns answer the lookups of the few nodes that have to be checked one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopkg.rdf.graph import RDF_TYPE, SUBCLASS_OF, Node, Readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    import pyoxigraph as ox


class Column:
    """The triples of one predicate: subjects to objects, by number."""

    def __init__(self) -> None:
        self.first: dict[int, int] = {}
        """One object of each subject."""
        self.more: dict[int, list[int]] = {}
        """The other objects of the subjects that have several."""
        self._inverse: Column | None = None

    def add(self, subject: int, obj: int) -> None:
        """Add a triple, unless the column has it."""
        # Most subjects have one object of a property. A list for each of them would take several times the memory.
        first = self.first.setdefault(subject, obj)
        if first != obj:
            others = self.more.setdefault(subject, [])
            if obj not in others:
                others.append(obj)

    def values(self) -> set[int]:
        """Return all objects."""
        objects = set(self.first.values())
        for others in self.more.values():
            objects.update(others)
        return objects

    def of(self, subject: int) -> Sequence[int]:
        """Return the objects of one subject."""
        if subject not in self.first:
            return ()
        # In the order of the document, so that reports do not change from run to run.
        return (self.first[subject], *self.more.get(subject, ()))

    def having(self, objects: AbstractSet[int]) -> set[int]:
        """Return the subjects that have one of those objects."""
        # Few objects are looked up; for many, one scan is less work than so many lookups and than making the inverse.
        if len(objects) * 8 < len(self.first):
            inverse = self.inverse
            return {subject for obj in objects for subject in inverse.of(obj)}
        subjects = {subject for subject, obj in self.first.items() if obj in objects}
        subjects.update(subject for subject, others in self.more.items() if not objects.isdisjoint(others))
        return subjects

    @property
    def inverse(self) -> Column:
        """The same triples, objects to subjects."""
        if self._inverse is None:  # made when it is first asked for: most predicates are never walked backwards
            inverse = self._inverse = Column()
            inverse._inverse = self
            for subject, obj in self.pairs():
                inverse.append(obj, subject)
        return self._inverse

    def append(self, subject: int, obj: int) -> None:
        """Add a triple that the column does not have yet; saves the search for it among the other objects."""
        if self.first.setdefault(subject, obj) != obj:
            self.more.setdefault(subject, []).append(obj)

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Yield every (subject, object)."""
        yield from self.first.items()
        for subject, others in self.more.items():
            for obj in others:
                yield subject, obj


_EMPTY = Column()


class Columns(Readable):
    """The union of some quads as one graph; their graph names do not count."""

    def __init__(self, quads: Iterable[ox.Quad]) -> None:
        self.numbers: dict[Node, int] = {}
        self.columns: dict[Node, Column] = {}
        numbers, columns = self.numbers, self.columns
        for quad in quads:
            predicate = quad.predicate
            column = columns.get(predicate)
            if column is None:
                column = columns[predicate] = Column()
            # setdefault and len in one expression: this loop runs once for each triple of the graph.
            column.add(numbers.setdefault(quad.subject, len(numbers)), numbers.setdefault(quad.object, len(numbers)))
        self.terms: list[Node] = list(numbers)
        self.size = len(self.terms)
        """How many terms the graph has; terms with greater numbers were asked for only."""

    def number(self, term: Node) -> int:
        """Return the number of a term; one that the graph does not have gets a new one, which no column contains."""
        number = self.numbers.get(term)
        if number is None:
            number = self.numbers[term] = len(self.terms)
            self.terms.append(term)
        return number

    def column(self, predicate: Node) -> Column:
        """Return the triples of a predicate."""
        return self.columns.get(predicate, _EMPTY)

    def nodes(self) -> Iterable[Node]:
        """Return every subject and object, each once."""
        numbers = {n for c in self.columns.values() for n in (*c.first, *c.values())}
        return self._terms(numbers)

    def _terms(self, numbers: Iterable[int]) -> list[Node]:
        return [self.terms[number] for number in numbers]

    def instance_numbers(self, cls: Node) -> set[int]:
        """Return the numbers of the SHACL instances of a class, subclasses included (SHACL, section 1.1)."""
        types = self.column(RDF_TYPE).inverse
        classes = self.closure(cls, SUBCLASS_OF, inverse=True)
        return {node for c in classes if c in self.numbers for node in types.of(self.numbers[c])}

    def objects(self, subject: Node, predicate: Node) -> Sequence[Node]:
        """Return the objects of (subject, predicate, ?), in the order in which they were read."""
        number = self.numbers.get(subject)
        return () if number is None else self._terms(self.column(predicate).of(number))

    def subjects(self, predicate: Node, obj: Node) -> Sequence[Node]:
        """Return the subjects of (?, predicate, object)."""
        number = self.numbers.get(obj)
        return () if number is None else self._terms(self.column(predicate).inverse.of(number))

    def predicates(self, subject: Node) -> Iterator[tuple[Node, Node]]:
        """Yield (predicate, object) of every triple of that subject."""
        number = self.numbers.get(subject)
        if number is not None:
            for predicate, column in self.columns.items():
                for obj in column.of(number):
                    yield predicate, self.terms[obj]

    def incoming(self, obj: Node) -> Iterable[Node]:
        """Return the subjects of (?, ?, object)."""
        number = self.numbers.get(obj)
        if number is None:
            return ()
        return self._terms({subject: None for c in self.columns.values() for subject in c.inverse.of(number)})

    def pairs(self, predicate: Node) -> Iterator[tuple[Node, Node]]:
        """Yield (subject, object) of every triple with that predicate."""
        for subject, obj in self.column(predicate).pairs():
            yield self.terms[subject], self.terms[obj]
