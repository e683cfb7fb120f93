"""Canonical Turtle: one subject block an entity, sorted; one fact a line, so that one changed fact is one changed line.

Blank nodes that are used once are nested, lists are written as lists. Comments stand only at the head of a file, since
a parser drops them, and which fact one inside explains cannot be known.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import InputUnreadable
from coopkg.rdf.terms import Document, compact, literal, quote

if TYPE_CHECKING:
    from collections.abc import Iterable

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TYPE: Final = ox.NamedNode(_RDF + "type")
_FIRST: Final = ox.NamedNode(_RDF + "first")
_REST: Final = ox.NamedNode(_RDF + "rest")
_NIL: Final = ox.NamedNode(_RDF + "nil")
_INDENT: Final = "    "
_DEEPEST: Final = 50
"""Levels of blank nodes inside of each other; a deeper one has a label."""
_COMMENT: Final = re.compile(
    r"\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|<[^<>\s]*>|\\#|#[^\n]*",
    re.DOTALL,
)
"""A comment of Turtle, or something in which a number sign begins none: a string, an IRI, an escape in a name."""


def canonical_turtle(document: Document, prefixes: dict[str, str]) -> str:
    """Write the document in canonical form.

    Raises RdfSyntaxError, and InputUnreadable where a comment or a triple term would be lost.
    """
    head = _head_comment(document.name, document.text())
    quads = list(document.quads())
    if any(isinstance(quad.object, ox.Triple) for quad in quads):
        raise InputUnreadable(f"{document.name}: a triple term has no canonical form.")
    writer = _Writer(quads, prefixes)
    body = writer.write()
    used = [f"@prefix {name}: <{iri}> ." for name, iri in prefixes.items() if name in writer.used]
    return "\n\n".join(part for part in (head, "\n".join(used), body) if part).rstrip("\n") + "\n"


def _head_comment(name: str, text: str) -> str:
    lines = text.splitlines()
    count = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    head = "\n".join(lines[:count])
    for match in _COMMENT.finditer(text, len(head)):
        if match.group().startswith("#"):
            number = text.count("\n", 0, match.start()) + 1
            raise InputUnreadable(f"{name}:{number}: a comment inside the file would be lost; move it to the head.")
    return head


class _Writer:
    def __init__(self, quads: Iterable[ox.Quad], prefixes: dict[str, str]) -> None:
        self.prefixes = prefixes
        self.used: set[str] = set()
        self.facts: dict[object, list[tuple[ox.NamedNode, object]]] = defaultdict(list)
        self.references: dict[object, int] = defaultdict(int)
        for quad in _with_canonical_labels(quads):
            self.facts[quad.subject].append((quad.predicate, quad.object))
            self.references[quad.object] += 1
        self.labels: dict[object, str] = {}
        self.broken_lists: set[object] = set()
        self.labels = {node: f"_:b{number}" for number, node in enumerate(self._unnestable(), 1)}

    def _unnestable(self) -> list[ox.BlankNode]:
        """Return the blank nodes that need a label: those referred to more than once, and one of each cycle."""
        blank = sorted(
            {n for n in (*self.facts, *self.references) if isinstance(n, ox.BlankNode)}, key=lambda n: n.value
        )
        chosen = {node for node in blank if self.references[node] > 1}
        roots = [s for s in self.facts if isinstance(s, ox.NamedNode) or not self.references[s]]
        reached = self._reach([*roots, *chosen], set())
        for node in blank:
            if node not in reached:
                chosen.add(node)
                self._reach([node], reached)
        self._part([*roots, *chosen], chosen)
        return sorted(chosen, key=lambda node: node.value)

    def _part(self, roots: list[object], chosen: set[ox.BlankNode]) -> None:
        """Choose nodes that would be nested too deep, too: they are written by recursion."""
        pending = [(root, 0) for root in roots]
        while pending:
            node, depth = pending.pop()
            members = self._list(node) if isinstance(node, ox.BlankNode) else None
            for value in members if members is not None else [o for _, o in self.facts.get(node, ())]:
                if not isinstance(value, ox.BlankNode) or value in chosen:
                    continue
                if depth == _DEEPEST:
                    chosen.add(value)
                pending.append((value, 0 if depth == _DEEPEST else depth + 1))

    def _reach(self, start: list[object], reached: set[object]) -> set[object]:
        pending = start
        while pending:
            node = pending.pop()
            if node not in reached:
                reached.add(node)
                pending += [o for _, o in self.facts.get(node, ()) if isinstance(o, ox.BlankNode)]
        return reached

    def write(self) -> str:
        roots = [s for s in self.facts if isinstance(s, ox.NamedNode) or s in self.labels or not self.references[s]]
        blocks = sorted((self._root_key(root), self._block(root)) for root in roots)
        return "\n\n".join(block for _, block in blocks)

    def _root_key(self, root: object) -> tuple[int, str, str]:
        if isinstance(root, ox.NamedNode):
            ontology = any(
                p == _TYPE and str(o.value).endswith("#Ontology")
                for p, o in self.facts[root]
                if isinstance(o, ox.NamedNode)
            )
            return (0 if ontology else 1, root.value, "")
        return (2, self.labels.get(root, ""), str(root))

    def _block(self, root: object) -> str:
        if isinstance(root, ox.BlankNode) and root not in self.labels:
            return f"[\n{self._facts(root, 1)}\n] ."
        return f"{self._term(root, 0)}\n{self._facts(root, 1)}\n."

    def _facts(self, subject: object, depth: int) -> str:
        lines = sorted(
            ((0 if p == _TYPE else 1, self._iri(p), self._term(o, depth)) for p, o in self.facts[subject]),
        )
        pad = _INDENT * depth
        return "\n".join(f"{pad}{'a' if not rank else name} {value} ;" for rank, name, value in lines)

    def _term(self, term: object, depth: int) -> str:
        if isinstance(term, ox.NamedNode):
            return self._iri(term)
        if isinstance(term, ox.Literal):
            # A prefix that only a datatype uses must be declared too.
            self._mark(literal(term, self.prefixes).rpartition("^^")[2]) if not term.language else None
            return _long(term) if "\n" in term.value and _is_plain(term) else literal(term, self.prefixes)
        if term in self.labels:
            return self.labels[term]
        members = self._list(term)
        if members is not None:
            pad = _INDENT * (depth + 1)
            inner = "".join(f"{pad}{self._term(member, depth + 1)}\n" for member in members)
            return f"(\n{inner}{_INDENT * depth})"
        if not self.facts.get(term):
            return "[]"
        return f"[\n{self._facts(term, depth + 1)}\n{_INDENT * depth}]"

    def _list(self, node: object) -> list[object] | None:
        members: list[object] = []
        cells: set[object] = set()
        while node != _NIL:
            facts = dict(self.facts.get(node, ()))
            whole = set(facts) == {_FIRST, _REST} and len(self.facts[node]) == len(facts)
            if not whole or node in self.labels or node in self.broken_lists or node in cells:
                self.broken_lists |= cells  # so that a long one is not walked again from each of its cells
                return None
            cells.add(node)
            members.append(facts[_FIRST])
            node = facts[_REST]
        return members

    def _iri(self, node: ox.NamedNode) -> str:
        if node == _NIL:
            return "()"
        return self._mark(compact(node.value, self.prefixes))

    def _mark(self, name: str) -> str:
        if ":" in name and not name.startswith("<"):
            self.used.add(name.partition(":")[0])
        return name


def _with_canonical_labels(quads: Iterable[ox.Quad]) -> Iterable[ox.Quad]:
    """Label blank nodes by RDFC-1.0 (RDF Dataset Canonicalization), so that their order depends on the graph alone."""
    dataset = ox.Dataset(quads)  # not a store, which would rewrite literals
    if any(isinstance(term, ox.BlankNode) for quad in dataset for term in (quad.subject, quad.object)):
        dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return dataset


def _is_plain(term: ox.Literal) -> bool:
    return term.language is None and term.datatype.value.endswith("#string") and "\r" not in term.value


def _long(term: ox.Literal) -> str:
    """Write a string of several lines, such as a query, in long quotes with its line breaks as they are."""
    text = "\n".join(quote(line)[1:-1].replace('\\"', '"') for line in term.value.split("\n"))
    return '"""' + re.sub(r'"(?="")|"$', r'\\"', text) + '"""'
