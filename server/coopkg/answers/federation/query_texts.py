"""The texts that a federated query is made of: what an endpoint is asked, and what stands in the place of a clause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coopkg.answers.federation.service_plan import declarations, services
from coopkg.sparql.lexer import Kind
from coopkg.sparql.syntax_tree import Part
from coopkg.workers.remote_results import BLANK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coopkg.answers.federation.service_plan import Edits, ServiceClause
    from coopkg.sparql.lexer import Token
    from coopkg.sparql.syntax_tree import Group, Tree
    from coopkg.workers.remote_results import Table

_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})
ROW: Final = "coopkg_row"
"""The variable that an endpoint is asked for where the pattern has none."""


def pushable(term: Mapping[str, str]) -> str | None:
    """Return a term of a JSON answer as SPARQL if every endpoint spells it alike: an IRI, or a plain string.

    The store has rewritten numbers and dates (1.10 as 1.1) and language tags; another endpoint may not have.
    """
    if term["type"] == "uri":
        return f"<{term['value']}>"
    if term["type"] == "literal" and "datatype" not in term and "xml:lang" not in term:
        return f'"{term["value"].translate(_ESCAPES)}"'
    return None


@dataclass(frozen=True)
class Bindings:
    """Variables, and the terms that they may have together, each as SPARQL has it."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def blocks(self, size: int) -> list[Bindings]:
        """Return them in parts of at most that many rows."""
        return [Bindings(self.names, self.rows[at : at + size]) for at in range(0, len(self.rows), size)]

    def values(self) -> str:
        """Return them as a VALUES block."""
        rows = " ".join(f"({' '.join(row)})" for row in self.rows)
        return f"VALUES ({' '.join(f'?{name}' for name in self.names)}) {{ {rows} }}"


def remote_query(tree: Tree, clause: ServiceClause, edits: Edits, base: str, told: Bindings | None) -> str:
    """Return the query that asks an endpoint for a clause; ``told`` is what its variables may be."""
    pattern = edits.render(tree, clause.pattern.first, clause.pattern.last)
    wanted = " ".join(f"?{name}" for name in clause.variables) or f"(1 AS ?{ROW})"
    if told is not None:
        inside = pattern.removeprefix("{").removesuffix("}") if _is_flat(clause.pattern) else f" {pattern} "
        pattern = f"{{ {told.values()}{inside}}}"
    needed = _declarations(tree, clause.pattern)
    tokens = [*(token for words in needed for token in words), *tree.tokens[clause.pattern.first : clause.pattern.last]]
    lines = [f"{' '.join(token.text for token in words)}\n" for words in needed]
    if any(token.kind is Kind.IRI and ":" not in token.iri for token in tokens):
        lines.insert(0, f"BASE <{base}>\n")
    return f"{''.join(lines)}SELECT {wanted} WHERE {pattern}"


def _declarations(tree: Tree, pattern: Group) -> list[tuple[Token, ...]]:
    """Return the declarations that a pattern needs."""
    used = {t.text.partition(":")[0] for t in tree.tokens[pattern.first : pattern.last] if t.kind is Kind.PREFIXED}
    return [w for w in declarations(tree) if w[0].keyword != "PREFIX" or w[1].text.removesuffix(":") in used]


def _is_flat(group: Group) -> bool:
    """Return whether a group means the same with a VALUES block in front of it as with one beside it."""
    return not group.select and all(
        element.part is Part.TRIPLES or (element.part is Part.FILTER and not element.groups)
        for element in group.elements
    )


def local_query(tree: Tree, names: Sequence[str], pattern: str, limit: int) -> str:
    """Return the query for the values that variables have in a clause's surroundings."""
    wanted = " ".join(f"?{name}" for name in names)
    return f"{tree.prologue()}\nSELECT DISTINCT {wanted} {tree.dataset()} WHERE {pattern} LIMIT {limit}"


def readable(tree: Tree, clauses: Iterable[ServiceClause]) -> str:
    """Return the query with its SERVICE clauses as plain groups, each token at its place, to see whether it reads."""
    text = tree.text
    for element in (e for c in clauses for e in (c.element, *services(c.pattern))):
        start, end = tree.tokens[element.first].start, tree.tokens[element.groups[0].first].start
        text = text[:start] + "".join(c if c in "\r\n" else " " for c in text[start:end]) + text[end:]
    return text


def inline(names: Sequence[str], tables: Sequence[Table]) -> str:
    """Return the group that holds solutions, blank nodes among them turned into nodes again."""
    rows = "\n".join(table.text for table in tables if table.rows)
    blanks = {name for table in tables for name in table.blanks}
    given = " ".join(f"?coopkg_label_{n}" if n in blanks else f"?{n}" for n in names)
    values = f"VALUES ({given}) {{ {rows} }}"
    if not blanks:
        return f"{{ {values} }}"
    nodes = " ".join(f"BIND(<{BLANK}>(?coopkg_label_{name}) AS ?{name})" for name in sorted(blanks))
    return f"{{ SELECT {' '.join(f'?{n}' for n in names)} WHERE {{ {values} {nodes} }} }}"
