"""The graph patterns of a query or update as a tree over its tokens (SPARQL 1.1 Query Language, section 19.8).

The tree is for texts that the engine has accepted: it says where each group, triples block and sub-SELECT stands and
which variables are in scope, and checks nothing. What it cannot read it refuses, and no rewrite is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from coopkg.sparql.functions import AGGREGATES
from coopkg.sparql.lexer import Kind, Token, significant
from coopkg.sparql.text_cache import cached_by_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FORMS: Final = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
MODIFIERS: Final = frozenset({"GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"})
_KEYWORDS: Final = frozenset({"FILTER", "BIND", "VALUES", "OPTIONAL", "MINUS", "GRAPH", "SERVICE", "LATERAL"})
_OPEN: Final = frozenset({"(", "[", "{", "<<", "<<(", "{|"})
_CLOSE: Final = frozenset({")", "]", "}", ">>", ")>>", "|}"})


class UnreadableError(ValueError):
    """The text is no query or update that this module can read."""


class Part(Enum):
    """The kinds of elements of a group graph pattern (section 19.8, rules 53 to 68)."""

    TRIPLES = "triples"
    FILTER = "FILTER"
    BIND = "BIND"
    VALUES = "VALUES"
    OPTIONAL = "OPTIONAL"
    MINUS = "MINUS"
    UNION = "UNION"
    GRAPH = "GRAPH"
    SERVICE = "SERVICE"
    LATERAL = "LATERAL"


@dataclass(frozen=True)
class Element:
    """One element of a group: its tokens (first to before last) and the groups in it, those of EXISTS included.

    ``UNION`` is a group too that stands alone. ``name`` is the token after GRAPH or SERVICE, ``bound`` the variables
    that BIND or VALUES assign.
    """

    part: Part
    first: int
    last: int
    groups: tuple[Group, ...] = ()
    name: int = -1
    bound: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Select:
    """A SELECT: the tokens of its projection, its pattern, and where each solution modifier begins.

    ``end`` is the token after the last modifier; ``exists`` says whether EXISTS stands outside of the pattern.
    """

    first: int
    items: range
    where: Group
    modifiers: dict[str, int]
    end: int
    exists: tuple[Group, ...]

    def extent(self, modifier: str) -> range:
        """Return the tokens of a solution modifier, its keyword included; an empty range where there is none."""
        start = self.modifiers.get(modifier)
        if start is None:
            return range(self.end, self.end)
        return range(start, min([at for at in self.modifiers.values() if at > start], default=self.end))


@dataclass(frozen=True)
class Group:
    """A group graph pattern with its braces; it holds elements or is a sub-SELECT."""

    first: int
    last: int
    elements: tuple[Element, ...] = ()
    select: Select | None = None


@dataclass(frozen=True)
class Place:
    """A group, whether it stands in an EXISTS or LATERAL, and the token that names the GRAPH around it (-1: none)."""

    group: Group
    exists: bool = False
    graph: int = -1


@dataclass(frozen=True)
class Tree:
    """A text, its tokens without comments, and its outermost patterns; ``select`` is the outermost SELECT."""

    text: str
    tokens: tuple[Token, ...]
    groups: tuple[Group, ...]
    select: Select | None

    def slice(self, first: int, last: int) -> str:
        """Return the text of the tokens from first to before last."""
        if first >= last:
            return ""
        return self.text[self.tokens[first].start : self.end(last - 1)]

    def end(self, index: int) -> int:
        """Return the offset behind a token."""
        return self.tokens[index].start + len(self.tokens[index].text)

    def prologue(self) -> str:
        """Return the text before the query form."""
        at = next((i for i, token in enumerate(self.tokens) if token.keyword in _FORMS), 0)
        return self.slice(0, at)

    def dataset(self) -> str:
        """Return the FROM clauses."""
        froms = [i for i, token in enumerate(self.tokens) if token.keyword == "FROM"]
        return " ".join(self.slice(i, i + 2 + (self.tokens[i + 1].keyword == "NAMED")) for i in froms)

    def variables(self, extent: Iterable[int]) -> frozenset[str]:
        """Return the names of the variables among these tokens."""
        return frozenset(self.tokens[i].text[1:] for i in extent if self.tokens[i].kind is Kind.VARIABLE)

    def aggregates(self, extent: Iterable[int]) -> list[int]:
        """Return the indexes of those of these tokens that call an aggregate."""
        tokens = self.tokens
        return [i for i in extent if tokens[i].keyword in AGGREGATES and tokens[i + 1].text == "("]

    def scope(self, group: Group) -> frozenset[str]:
        """Return the variables in scope of a group (section 18.2.1)."""
        if group.select:
            return self.projected(group.select)
        return self.scope_of(group.elements)

    def scope_of(self, elements: Iterable[Element]) -> frozenset[str]:
        """Return the variables in scope of these elements (section 18.2.1)."""
        return frozenset().union(*(self._scope(element) for element in elements))

    def _scope(self, element: Element) -> frozenset[str]:
        if element.part is Part.TRIPLES:
            return self.variables(range(element.first, element.last))
        # Neither binds a variable for what is outside of it.
        if element.part in {Part.FILTER, Part.MINUS}:
            return frozenset()
        if element.part in {Part.BIND, Part.VALUES}:
            return element.bound
        name = self.variables([element.name]) if element.name >= 0 else frozenset()
        return name.union(*(self.scope(group) for group in element.groups))

    def projected(self, select: Select) -> frozenset[str]:
        """Return the variables that a SELECT projects."""
        if self.starred(select):
            return self.scope(select.where) | self.variables(select.extent("VALUES"))
        return frozenset(name for name, _ in self.columns(select))

    def starred(self, select: Select) -> bool:
        """Whether a SELECT projects ``*``."""
        return bool(select.items) and self.tokens[select.items[0]].text == "*"

    def columns(self, select: Select) -> list[tuple[str, range]]:
        """Return each projected variable with the tokens of its expression; an empty range where it is only named."""
        columns, at = [], select.items.start
        while at < select.items.stop:
            after = skip(self.tokens, at)
            if self.tokens[at].text == "(":
                columns.append((self.tokens[after - 2].text[1:], range(at + 1, after - 3)))
            else:
                columns.append((self.tokens[at].text[1:], range(at, at)))
            at = after
        return columns

    def walk(self) -> Iterator[Place]:
        """Yield every group, outer ones first."""
        pending = [Place(group) for group in reversed(self.groups)]
        while pending:
            place = pending.pop()
            yield place
            if place.group.select:
                pending += [Place(inner, exists=True, graph=place.graph) for inner in place.group.select.exists]
                pending.append(Place(place.group.select.where, place.exists, place.graph))
            for element in place.group.elements:
                # Within these the pattern is evaluated once for each solution of the group around it.
                exists = place.exists or element.part in {Part.FILTER, Part.BIND, Part.LATERAL}
                graph = element.name if element.part is Part.GRAPH else place.graph
                pending += [Place(group, exists, graph) for group in element.groups]

    def selects(self) -> Iterator[Select]:
        """Yield every SELECT, outer ones first."""
        return (place.group.select for place in self.walk() if place.group.select)


@cached_by_text(32 << 20, 40)
def read(text: str) -> Tree:
    """Read a query or update. Raises UnreadableError where it is none, QuerySyntaxError where no token begins.

    Several rewrites read the same text one after the other, so that the last trees are kept.
    """
    tokens = tuple(significant(text))
    try:
        return _Reader(text, tokens).tree()
    # Each method takes it that the next token exists, and an end that comes too early is an IndexError.
    except (IndexError, RecursionError):
        raise UnreadableError("the text ends too early, or nests too deeply") from None


def skip(tokens: tuple[Token, ...], at: int) -> int:
    """Return the index of the token behind the bracket that opens at ``at``, or behind the token that stands there.

    Raises UnreadableError for a bracket that does not close. Groups are closed when the tree is read; what stands
    between them, such as the items of a SELECT, is looked at by rewrites alone.
    """
    depth = 0
    while True:
        if at >= len(tokens):
            raise UnreadableError("a bracket does not close")
        token = tokens[at]
        if token.kind is Kind.PUNCTUATION:
            depth += (token.text in _OPEN) - (token.text in _CLOSE)
        at += 1
        if depth <= 0:
            return at


class _Reader:
    def __init__(self, text: str, tokens: tuple[Token, ...]) -> None:
        self.text, self.tokens = text, tokens

    def tree(self) -> Tree:
        groups: list[Group] = []
        outermost: Select | None = None
        form, at = "", 0
        while at < len(self.tokens):
            word = self.tokens[at].keyword
            if word == "SELECT":
                outermost = self.select(at)
                groups.append(Group(at, outermost.end, select=outermost))
                at = outermost.end
            elif self.tokens[at].text == "{":
                before = self.tokens[at - 1].keyword if at else ""
                if (before == "WHERE" and form != "DELETE WHERE") or form in {"ASK", "DESCRIBE", "CONSTRUCTED"}:
                    groups.append(self.group(at))
                    form, at = "", groups[-1].last
                else:
                    at = skip(self.tokens, at)
                    form = "CONSTRUCTED" if form == "CONSTRUCT" else form
            else:
                if word in {"ASK", "DESCRIBE", "CONSTRUCT", "DELETE", "INSERT"}:
                    form = word
                if word == "WHERE" and self.tokens[at - 1].keyword in {"DELETE", "CONSTRUCT"}:
                    form = "DELETE WHERE"
                at += 1
        return Tree(self.text, self.tokens, tuple(groups), outermost)

    def group(self, at: int) -> Group:
        first = self.expect(at, "{")
        # A group that begins with SELECT is a sub-SELECT and nothing else (rule 53).
        if self.tokens[at + 1].keyword == "SELECT":
            select = self.select(at + 1)
            self.expect(select.end, "}")
            return Group(first, select.end + 1, select=select)
        elements: list[Element] = []
        at += 1
        while self.tokens[at].text != "}":
            # A full stop may stand behind any element, and separates nothing that matters here.
            if self.tokens[at].text == ".":
                at += 1
                continue
            elements.append(self.element(at))
            at = elements[-1].last
        return Group(first, at + 1, tuple(elements))

    def element(self, at: int) -> Element:
        word = self.tokens[at].keyword
        if word in {"FILTER", "BIND"}:
            last, groups = self.constraint(at + 1)
            bound = frozenset({self.tokens[last - 2].text[1:]}) if word == "BIND" else frozenset()
            return Element(Part(word), at, last, groups, bound=bound)
        if word == "VALUES":
            after = skip(self.tokens, at + 1)
            names = frozenset(t.text[1:] for t in self.tokens[at + 1 : after] if t.kind is Kind.VARIABLE)
            self.expect(after, "{")
            return Element(Part.VALUES, at, skip(self.tokens, after), bound=names)
        if word in {"OPTIONAL", "MINUS", "LATERAL", "GRAPH", "SERVICE"}:
            named = word in {"GRAPH", "SERVICE"}
            name = at + named + (self.tokens[at + 1].keyword == "SILENT")
            group = self.group(name + 1)
            return Element(Part(word), at, group.last, (group,), name if named else -1)
        return self.union(at) if self.tokens[at].text == "{" else self.triples(at)

    def union(self, at: int) -> Element:
        groups = [self.group(at)]
        while self.tokens[groups[-1].last].keyword == "UNION":
            groups.append(self.group(groups[-1].last + 1))
        return Element(Part.UNION, at, groups[-1].last, tuple(groups))

    def triples(self, at: int) -> Element:
        first = at
        while self.tokens[at].text not in {"{", "}"} and self.tokens[at].keyword not in _KEYWORDS:
            at = skip(self.tokens, at)
        if at == first:
            raise UnreadableError("no triples where triples are expected")
        return Element(Part.TRIPLES, first, at)

    def constraint(self, at: int) -> tuple[int, tuple[Group, ...]]:
        """Read a FILTER's constraint: a call, brackets or EXISTS."""
        if self.tokens[at].keyword == "NOT":
            at += 1
        if self.tokens[at].keyword == "EXISTS":
            group = self.group(at + 1)
            return group.last, (group,)
        if self.tokens[at].text != "(":
            at += 1
        self.expect(at, "(")
        last, groups = at, []
        depth = 0
        while True:
            text = self.tokens[last].text
            if text == "{":
                groups.append(self.group(last))
                last = groups[-1].last
                continue
            depth += (text in {"(", "<<("}) - (text in {")", ")>>"})
            last += 1
            if depth == 0:
                return last, tuple(groups)

    def select(self, at: int) -> Select:
        start = at
        at += 1 + (self.tokens[at + 1].keyword in {"DISTINCT", "REDUCED"})
        items = at
        exists: list[Group] = []
        while self.tokens[at].kind is Kind.VARIABLE or self.tokens[at].text in {"(", "*"}:
            if self.tokens[at].text == "(":
                at, groups = self.constraint(at)
                exists += groups
            else:
                at += 1
        extent = range(items, at)
        while self.tokens[at].text != "{":
            if self.tokens[at].text in _CLOSE:
                raise UnreadableError("no pattern behind SELECT")
            at += 1
        where = self.group(at)
        return self.modified(start, extent, where, exists)

    def modified(self, start: int, extent: range, where: Group, exists: list[Group]) -> Select:
        at = where.last
        modifiers: dict[str, int] = {}
        while at < len(self.tokens) and self.tokens[at].text != "}":
            word = self.tokens[at].keyword
            if word in MODIFIERS:
                modifiers[word] = at
            if self.tokens[at].text == "{" and "VALUES" not in modifiers:
                exists.append(self.group(at))
                at = exists[-1].last
            else:
                at = skip(self.tokens, at) if self.tokens[at].text == "{" else at + 1
        return Select(start, extent, where, modifiers, at, tuple(exists))

    def expect(self, at: int, mark: str) -> int:
        if self.tokens[at].text != mark:
            raise UnreadableError(f"{mark} is expected")
        return at
