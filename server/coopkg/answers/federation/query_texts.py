"""The query texts of a federated query: those for endpoints, and the groups that replace SERVICE clauses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coopkg.answers.federation.service_plan import services
from coopkg.rdf.terms import quote
from coopkg.sparql.normal_form import of_query
from coopkg.sparql.syntax_tree import Part
from coopkg.workers.remote_results import BLANK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coopkg.answers.federation.service_plan import Edits, ServiceClause
    from coopkg.sparql.syntax_tree import Group, Tree
    from coopkg.workers.remote_results import Table

ROW: Final = "coopkg_row"
"""The variable that is projected where the pattern has none: the number of solutions counts all the same."""


def pushable(term: Mapping[str, str]) -> str | None:
    """Return a term of a JSON result as SPARQL if every endpoint writes it alike: an IRI, or a plain string.

    Returns None for any other term.
    """
    # The store has rewritten numbers, dates (1.10 as 1.1) and language tags; the endpoint may have another lexical
    # form, and a VALUES block with ours would then lose solutions. Blank nodes mean nothing outside of their dataset.
    if term["type"] == "uri":
        return f"<{term['value']}>"
    if term["type"] == "literal" and "datatype" not in term and "xml:lang" not in term:
        return quote(term["value"])
    return None


@dataclass(frozen=True)
class Bindings:
    """Variables and rows of their possible values, each term in SPARQL syntax: the solutions sent to an endpoint."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def blocks(self, size: int) -> list[Bindings]:
        """Split the rows into parts of ``size`` at most."""
        return [Bindings(self.names, self.rows[at : at + size]) for at in range(0, len(self.rows), size)]

    def values(self) -> str:
        """Write the rows as a VALUES block."""
        rows = " ".join(f"({' '.join(row)})" for row in self.rows)
        return f"VALUES ({' '.join(f'?{name}' for name in self.names)}) {{ {rows} }}"


def remote_query(tree: Tree, clause: ServiceClause, edits: Edits, base: str, bindings: Bindings | None) -> str:
    """Compose the query for an endpoint that has the solutions of a clause, restricted to ``bindings`` if given."""
    pattern = edits.render(tree, clause.pattern.first, clause.pattern.last)
    projection = " ".join(f"?{name}" for name in clause.variables) or f"(1 AS ?{ROW})"
    if bindings is not None:
        # Merged into the pattern where that is only triples and filters: some engines evaluate a nested group on its
        # own and would not use the bindings.
        inside = pattern.removeprefix("{").removesuffix("}") if _is_flat(clause.pattern) else f" {pattern} "
        pattern = f"{{ {bindings.values()}{inside}}}"
    # In normal form, so that the endpoint reads no token in another way than the list of endpoints was held against.
    return of_query(f"{tree.prologue()} SELECT {projection} WHERE {pattern}", base).text


def _is_flat(group: Group) -> bool:
    """Check whether a VALUES block inside of a group means the same as one joined with it."""
    return not group.select and all(
        element.part is Part.TRIPLES or (element.part is Part.FILTER and not element.groups)
        for element in group.elements
    )


def local_query(tree: Tree, names: Sequence[str], pattern: str, limit: int) -> str:
    """Compose the query over the dataset for the values of variables in the surroundings of a clause."""
    projection = " ".join(f"?{name}" for name in names)
    return f"{tree.prologue()}\nSELECT DISTINCT {projection} {tree.dataset()} WHERE {pattern} LIMIT {limit}"


def readable(tree: Tree, clauses: Iterable[ServiceClause]) -> str:
    """Return the query with its SERVICE clauses as plain groups, to see whether the engine accepts it."""
    # Blanked out and not cut out, so that the line and column of an error are those of the query that the client sent.
    text = tree.text
    for element in (e for c in clauses for e in (c.element, *services(c.pattern))):
        start, end = tree.tokens[element.first].start, tree.tokens[element.groups[0].first].start
        text = text[:start] + "".join(c if c in "\r\n" else " " for c in text[start:end]) + text[end:]
    return text


def inline(names: Sequence[str], tables: Sequence[Table]) -> str:
    """Return the group that replaces a clause: a VALUES block of its solutions.

    VALUES takes no blank nodes, so they come as literals with a datatype of their own, which a function turns into
    nodes.
    """
    rows = "\n".join(table.text for table in tables if table.rows)
    blanks = {name for table in tables for name in table.blanks}
    columns = " ".join(f"?coopkg_label_{n}" if n in blanks else f"?{n}" for n in names)
    values = f"VALUES ({columns}) {{ {rows} }}"
    if not blanks:
        return f"{{ {values} }}"
    nodes = " ".join(f"BIND(<{BLANK}>(?coopkg_label_{name}) AS ?{name})" for name in sorted(blanks))
    return f"{{ SELECT {' '.join(f'?{n}' for n in names)} WHERE {{ {values} {nodes} }} }}"
