"""Zero-length paths from or to a constant that is no node of the data (SPARQL 1.1 Query Language, section 18.4).

By the standard, ``<a> <p>* ?x`` has the solution ``<a>`` even if that is no node of the data; the engine has none then.
Such a triple becomes a union with the missing solution. The steps of a sequence have variables at their inner ends, so
that a sequence has no solution for a constant that is no node.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coopkg.sparql.lexer import Kind
from coopkg.sparql.rewrites.token_edits import Edit, edited
from coopkg.sparql.syntax_tree import Part, Tree, UnreadableError, read, skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MARK: Final = re.compile(r"[>)a]\* |\? ")
_MOST_BRANCHES: Final = 8
"""Alternatives of length zero in one path: each is a branch of a UNION, and admission has counted the original only."""


@dataclass(frozen=True)
class _Link:
    """A triple of a statement: its terms and path as text, and how often the path has length zero."""

    subject: str
    path: str
    object: str
    zero: int


def applies_to(text: str) -> bool:
    """Whether the text may have a path with ``*`` or ``?``."""
    return _MARK.search(text) is not None


def rewrite(text: str, absent: Callable[[str], bool], *, within_graphs: bool = True) -> str:
    """Add the zero-length paths of constants that are no nodes. Raises UnreadableError.

    ``absent`` is as in ``rewrites.rewrite``; it is not called for a constant inside of GRAPH, which may be a node of
    one graph and none of another. ``within_graphs`` says whether to rewrite inside of GRAPH at all.
    """
    if not applies_to(text):
        return text
    tree = read(text)
    dataset, answers = tree.dataset(), dict[str, bool]()

    def missing(term: str) -> bool:
        if term not in answers:
            answers[term] = absent(f"ASK {dataset} {{ {term} <urn:x>? {term} }}")
        return answers[term]

    edits: list[Edit] = []
    for place in tree.walk():
        for element in place.group.elements:
            if element.part is Part.TRIPLES and (within_graphs or place.graph < 0):
                is_absent = missing if place.graph < 0 else _always
                edits += _block(tree, range(element.first, element.last), is_absent, _graph(tree, place.graph))
    return edited(text, edits)


def _graph(tree: Tree, name: int) -> str:
    """Return a pattern that is empty where the named graph is none of the dataset."""
    constant = name >= 0 and tree.tokens[name].kind is not Kind.VARIABLE
    return f"GRAPH {tree.tokens[name].text} {{}} " if constant else ""


def _always(_term: str) -> bool:
    return True


def _block(tree: Tree, block: range, missing: Callable[[str], bool], graph: str) -> Iterator[Edit]:
    """Take the links that lack a solution out of a triples block, whose order means nothing, and put them behind it."""
    moved: list[_Link] = []
    at, last = block.start, block.stop
    while at < last:
        end = _statement_end(tree, at, last)
        links = _links(tree, at, end)
        lacking = [link for link in links if link.zero and any(missing(term) for term in _constants(link))]
        # The statement is written out triple by triple, without the links that move.
        if lacking:
            moving = set(lacking)
            kept = " ".join(f"{link.subject} {link.path} {link.object} ." for link in links if link not in moving)
            yield tree.tokens[at].start, tree.end(end - 1), kept
            moved += lacking
        at = end
    if moved:
        yield tree.end(last - 1), tree.end(last - 1), " " + " ".join(_union(link, graph) for link in moved)


def _union(link: _Link, graph: str) -> str:
    """Write a link as a union of itself and the solutions that it lacks, one for each zero-length alternative."""
    # NOT EXISTS keeps the union right where the constant is a node after all: in an update, or inside of GRAPH, nobody
    # has asked.
    subject, path, end = link.subject, link.path, link.object
    if _is_variable(end):
        missing = f"VALUES {end} {{ {subject} }} FILTER NOT EXISTS {{ {subject} {path} {subject} }}"
    elif _is_variable(subject):
        missing = f"VALUES {subject} {{ {end} }} FILTER NOT EXISTS {{ {end} {path} {end} }}"
    else:
        missing = f"FILTER(sameTerm({subject}, {end})) FILTER NOT EXISTS {{ {subject} {path} {end} }}"
    return f"{{ {subject} {path} {end} }}" + f" UNION {{ {graph}{missing} }}" * link.zero


def _is_variable(term: str) -> bool:
    return term[0] == "?"


def _constants(link: _Link) -> list[str]:
    return [term for term in (link.subject, link.object) if not _is_variable(term)]


def _statement_end(tree: Tree, at: int, last: int) -> int:
    """Return the token behind the full stop that ends a statement."""
    while at < last and tree.tokens[at].text != ".":
        at = skip(tree.tokens, at)
    return min(at + 1, last)


def _links(tree: Tree, at: int, end: int) -> list[_Link]:
    """Return the triples of a statement whose terms are all constants or variables; none where one is anything else."""
    end -= tree.tokens[end - 1].text == "."
    try:
        subject, at = _term(tree, at)
        links: list[_Link] = []
        while at < end:
            verb = at
            zero, at = (0, at + 1) if tree.tokens[at].kind is Kind.VARIABLE else _Path(tree).alternatives(at)
            path = tree.slice(verb, at)
            while True:
                term, at = _term(tree, at)
                # One more than the most is enough to know that there are too many.
                links.append(_Link(subject, path, term, min(zero, _MOST_BRANCHES + 1)))
                if at == end or tree.tokens[at].text != ",":
                    break
                at += 1
            if at < end and tree.tokens[at].text != ";":
                return []
            while at < end and tree.tokens[at].text == ";":
                at += 1
    except (UnreadableError, IndexError):
        return []
    return links if all(link.zero <= _MOST_BRANCHES for link in links) else []


def _term(tree: Tree, at: int) -> tuple[str, int]:
    """Read a constant or variable. Raises UnreadableError for a blank node, a collection or a triple term."""
    first, token = at, tree.tokens[at]
    if token.text in {"+", "-"}:
        at += 1
        token = tree.tokens[at]
    at += 1
    if token.kind is Kind.STRING and at < len(tree.tokens):
        following = tree.tokens[at]
        at += 1 if following.kind is Kind.LANGUAGE else 2 if following.text == "^^" else 0
    elif token.kind not in {Kind.IRI, Kind.PREFIXED, Kind.NUMBER, Kind.VARIABLE} and token.text not in {
        "true",
        "false",
    }:
        raise UnreadableError("neither a constant nor a variable")
    return tree.slice(first, at), at


class _Path:
    """How many solutions of length zero a path has from a constant that is no node (section 18.4)."""

    def __init__(self, tree: Tree) -> None:
        self.tokens = tree.tokens

    def alternatives(self, at: int) -> tuple[int, int]:
        """Return that number, and the token behind the path."""
        zero, at = self.sequence(at)
        while self.tokens[at].text == "|":
            more, at = self.sequence(at + 1)
            zero += more
        return zero, at

    def sequence(self, at: int) -> tuple[int, int]:
        zero, at = self.step(at)
        while self.tokens[at].text == "/":
            _, at = self.step(at + 1)
            zero = 0
        return zero, at

    def step(self, at: int) -> tuple[int, int]:
        if self.tokens[at].text == "^":
            at += 1
        zero, at = self.primary(at)
        match self.tokens[at].text:
            case "*" | "?":
                return 1, at + 1
            case "+":
                return min(zero, 1), at + 1
        return zero, at

    def primary(self, at: int) -> tuple[int, int]:
        token = self.tokens[at]
        if token.text == "!":
            at += 1 + (self.tokens[at + 1].text == "^")
            return 0, skip(self.tokens, at)
        if token.text == "(":
            zero, at = self.alternatives(at + 1)
            if self.tokens[at].text != ")":
                raise UnreadableError("the path is not closed")
            return zero, at + 1
        if token.kind in {Kind.IRI, Kind.PREFIXED} or token.text == "a":
            return 0, at + 1
        raise UnreadableError("no path where a path is expected")
