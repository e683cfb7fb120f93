"""The normal form of a query or update: what the engine sees in the place of a client's text.

The engine's parser has no tokens: it reads ``SERVICEx:a`` as SERVICE and ``x:a``, and ``e:v1.2.3`` as ``e:v1.2`` and
``0.3``, where the grammar has one prefixed name (SPARQL 1.2 Query Language, section 19.8: the longest match). What is
refused for one reading must not be evaluated by another one. So the tokens of ``sparql.lexer`` are written out, each
apart from the next, such that the engine cannot read them in another way:

* one blank between two tokens; none before the bracket of a function (``BNODE (`` is a syntax error to the engine),
  before the ``*`` of a path, and within a literal;
* each relative IRI resolved and each prefixed name written out, by the declarations before it; no prologue is left;
* an absolute IRI begins with a scheme, so that no ``<`` before it is taken for an operator: a name with the scheme's
  prefix would follow, and no prefix is declared;
* keywords in capitals, booleans in small letters, variables with ``?``, strings in double quotes, escaped again;
* outside of expressions, a number behind a sign as a typed literal: ``<p> +1`` is the path ``<p>+`` to the engine;
* comments and declarations left out.

The places of tokens in both texts are known, so that an error of the engine is reported where it is in the client's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.sparql.functions import KEYWORDS as FUNCTIONS
from coopkg.sparql.grammar_checks import Checker
from coopkg.sparql.lexer import CODEPOINT, KEYWORDS, Kind, Token, significant, syntax_error, unescape
from coopkg.sparql.text_cache import cached_by_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from coopkg.errors import QuerySyntaxError

_DECLARATIONS: Final = frozenset({"PREFIX", "BASE", "VERSION"})
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*+:")
_IN_NO_IRI: Final = re.compile(r"[\x00-\x20<>\"{}|^`\\]")
_LOCAL_ESCAPE: Final = re.compile(r"\\(.)")
_STRING_ESCAPE: Final = re.compile(rf"{CODEPOINT}|\\(.)", re.DOTALL)
_ESCAPES: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_NAMES: Final = frozenset({Kind.IRI, Kind.PREFIXED})
_INSERT_DATA: Final = ["INSERT", "DATA"]
_SIGNS: Final = frozenset({"+", "-"})
_ADJOINING: Final = frozenset({"(", "*", "+", "?", "^^"})
# The engine takes booleans in small letters alone, the grammar in any (section 19.8, note 1).
_WORDS: Final = {
    **{written: word for word in KEYWORDS for written in (word, word.lower())},
    **{written: word for word in ("true", "false") for written in (word, word.upper())},
    "a": "a",
}
"""Each keyword as the normal form has it, by its text in capitals or small letters."""
_SHORTEST_LONG: Final = 5
"""Characters above which a string that begins with three quotes is a long one: ``''`` is none, and has two."""
_LONGEST_DECLARED: Final = 2048
_CACHE_BYTES: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class NormalForm:
    """A text in normal form, the base IRI that is in force in it, and its keywords in capitals.

    ``source`` is the client's text, ``given`` the base IRI that was given with it, and ``number`` says which text of an
    update this is; None for a query.
    """

    text: str
    base: str | None
    words: frozenset[str]
    source: str
    given: str | None
    number: int | None = None

    def places(self) -> tuple[list[int], list[int]]:
        """Return the offset of each token in the normal form, and in the client's text.

        They are wanted for an error alone, so that the text is then written once more.
        """
        writer = _Writer(self.source, self.given, update=self.number is not None)
        next(islice(writer.forms(), self.number or 0, None))
        ends = accumulate(map(len, writer.parts), initial=0)
        starts = [end - (not part.startswith(" ")) for end, part in zip(ends, writer.parts, strict=False)]
        return starts, writer.places


class Names:
    """The declarations that are in force at a place of a text (section 4.1.1), and the IRIs of tokens by them."""

    def __init__(self, text: str, base: str | None) -> None:
        self.text, self.base = text, base
        self.namespaces: dict[str, str] = {}

    def iri(self, token: Token) -> str:
        """Return the absolute IRI of an IRI or prefixed name. Raises QuerySyntaxError where there is none."""
        if token.kind is Kind.PREFIXED:
            prefix, _, local = token.text.partition(":")
            namespace = self.namespaces.get(prefix)
            if namespace is None:
                raise syntax_error(f"the prefix {prefix}: is not declared", self.text, token.start)
            return namespace + (_LOCAL_ESCAPE.sub(r"\1", local) if "\\" in local else local)
        iri = token.iri
        if _IN_NO_IRI.search(iri):
            raise syntax_error(f"{token.text} has an escape for a character that no IRI has", self.text, token.start)
        if _SCHEME.match(iri):
            return iri
        if self.base is None:
            raise syntax_error(f"{token.text} is relative, and there is no base IRI", self.text, token.start)
        try:
            return _resolved(iri, self.base)
        except ValueError:
            raise syntax_error(f"{token.text} is no IRI", self.text, token.start) from None

    def declare(self, word: Token, following: Iterator[Token]) -> None:
        """Read what follows PREFIX, BASE or VERSION. Raises QuerySyntaxError for anything but a declaration."""
        if word.keyword == "VERSION":
            # Rule 8: a short string. Any version is accepted; the features of none are left out.
            self._expected(following, Kind.STRING, lambda text: text[:3] not in {'"""', "'''"})
        elif word.keyword == "BASE":
            self.base = self._declared(following)
        else:
            prefix = self._expected(following, Kind.PREFIXED, lambda text: text.find(":") == len(text) - 1).text
            self.namespaces[prefix[:-1]] = self._declared(following)

    def _declared(self, following: Iterator[Token]) -> str:
        token = self._expected(following, Kind.IRI, lambda _text: True)
        iri = self.iri(token)
        # Each BASE may make the next one longer, and each name that is written out is as long as its namespace.
        if len(iri) > _LONGEST_DECLARED:
            raise syntax_error(f"a declared IRI has at most {_LONGEST_DECLARED} characters", self.text, token.start)
        try:
            return ox.NamedNode(iri).value
        except ValueError:
            raise syntax_error(f"{token.text} is no IRI", self.text, token.start) from None

    def _expected(self, following: Iterator[Token], kind: Kind, fits: Callable[[str], bool]) -> Token:
        token = next(following, None)
        if token is None:
            raise syntax_error("the query ends too early", self.text, len(self.text))
        if token.kind is not kind or not fits(token.text):
            raise unexpected(token, self.text)
        return token


def declared(tokens: Iterable[Token], text: str, base: str | None) -> Names:
    """Read the prologue that these tokens begin with. Raises QuerySyntaxError."""
    names, following = Names(text, base), iter(tokens)
    for token in following:
        if token.keyword not in _DECLARATIONS:
            break
        names.declare(token, following)
    return names


@cached_by_text(1 << 20, 2)
def _resolved(reference: str, base: str) -> str:
    """Resolve a relative reference against a base IRI as the engine does. Raises ValueError where it is none."""
    # By the engine's own parser, so that there are not two ways of doing it; nothing in Turtle could be evaluated.
    try:
        (quad,) = ox.parse(f"<{reference}> <urn:x:> <urn:x:> .".encode(), ox.RdfFormat.TURTLE, base_iri=base)
    except SyntaxError as error:
        raise ValueError(str(error)) from None
    return str(quad.subject)[1:-1]


def unexpected(token: Token, text: str) -> QuerySyntaxError:
    """Build the error for a token where the grammar has no such token."""
    return syntax_error(f"{token.text!r} is not expected here", text, token.start)


@cached_by_text(_CACHE_BYTES, 8)
def of_query(text: str, base: str | None = None) -> NormalForm:
    """Write a query in normal form; relative IRIs are resolved against ``base`` where it declares no other.

    Raises QuerySyntaxError where the text has no tokens, a bare word that is no keyword, a prefix that is not declared,
    or what ``grammar_checks`` refuses. That the tokens are a query is for the engine to say.
    """
    return next(_Writer(text, base).forms())


def of_update(text: str, base: str | None = None) -> tuple[NormalForm, ...]:
    """Write an update in normal form, as ``of_query`` does: one text, or several to be carried out in order.

    There are several where the base IRI differs between operations, since the IRI function depends on it. Declarations
    stand before any operation, and add up (SPARQL 1.1 Update, rule 29; section 3). Raises QuerySyntaxError also where
    two INSERT DATA share a blank node label (SPARQL 1.1 Query Language, section 19.6).
    """
    return tuple(_Writer(text, base, update=True).forms())


class _Writer:
    def __init__(self, text: str, base: str | None, *, update: bool = False) -> None:
        self.source, self.update, self.given = text, update, base
        self.tokens = significant(text)
        self.names = Names(text, base)
        # Without a bracket there is no expression, and nothing to check.
        checker = Checker(lambda why, offset: syntax_error(why, text, offset)) if "(" in text else None
        self.in_expression = checker.step if checker else lambda _token: False
        self.before: Token | None = None
        # Whether a declaration may stand here; the words that an operation begins with; where its labels stand.
        self.prologue, self.depth, self.operation = True, 0, 0
        self.number = 0
        self.opening: list[str] = []
        self.labels: dict[str, int] = {}
        self.begin()

    def begin(self) -> None:
        self.base = self.names.base
        self.parts: list[str] = []
        self.places: list[int] = []
        self.words: set[str] = set()

    def form(self) -> NormalForm:
        number = self.number if self.update else None
        self.number += 1
        words = frozenset(map(str.upper, self.words))
        return NormalForm("".join(self.parts)[1:], self.base, words, self.source, self.given, number)

    def forms(self) -> Iterator[NormalForm]:
        """Write the tokens, and yield a form at the end, and before a declaration that changes the base."""
        for token in self.tokens:
            if self.prologue:
                if token.keyword in _DECLARATIONS:
                    self.names.declare(token, self.tokens)
                    continue
                if self.names.base != self.base:
                    if self.parts:
                        yield self.form()
                    self.begin()
                self.prologue = False
            if self.update:
                self.in_update(token)
            self.write(token)
            self.before = token
        yield self.form()

    def in_update(self, token: Token) -> None:
        """Follow the operations of an update; a prologue may stand before each."""
        if token.text == ";" and self.depth == 0:
            # Rule 29: nothing but a prologue may stand behind the last operation, and no operation is empty.
            if not self.opening:
                raise unexpected(token, self.source)
            self.prologue, self.operation, self.opening = True, self.operation + 1, []
            return
        self.depth += (token.text == "{") - (token.text == "}")
        if len(self.opening) < len(_INSERT_DATA):
            self.opening.append(token.keyword)
        # Only data share the scope of labels; in a pattern a blank node is a variable. The engine does not see a label
        # that is in another text.
        in_data = token.kind is Kind.BLANK and self.opening == _INSERT_DATA
        if in_data and self.labels.setdefault(token.text, self.operation) != self.operation:
            why = f"the label {token.text} stands in another INSERT DATA already"
            raise syntax_error(why, self.source, token.start)

    def write(self, token: Token) -> None:
        """Add a token to the text, with a blank before it or none."""
        kind, text, start = token
        before, in_expression = self.before, self.in_expression(token)
        match kind:
            case Kind.VARIABLE:
                part = " ?" + text[1:]
            case Kind.WORD:
                part = " " + self.word(token)
            case Kind.PREFIXED | Kind.IRI:
                part = f" <{self.names.iri(token)}>"
            case Kind.STRING:
                part = " " + self.string(token)
            case Kind.NUMBER if before is not None and before.text in _SIGNS:
                part = self.signed(token, before, in_expression=in_expression)
            case _:
                part = " " + text
        if text in _ADJOINING or kind is Kind.LANGUAGE or (before is not None and before.text == "^^"):
            part = part[before is not None and _adjoins(before, token, in_expression=in_expression) :]
        self.places.append(start)
        self.parts.append(part)

    def signed(self, token: Token, sign: Token, *, in_expression: bool) -> str:
        """Return a number behind a sign: right behind it, it is one token with it (rules 152 to 157)."""
        mark = sign.text if token.start == sign.start + 1 else ""
        if in_expression:
            return token.text if mark else " " + token.text
        if mark:
            self.places.pop()
            self.parts.pop()
        number_type = "double" if "e" in token.text.lower() else "decimal" if "." in token.text else "integer"
        return f' "{mark}{token.text}"^^<{_XSD}{number_type}>'

    def word(self, token: Token) -> str:
        word = _WORDS.get(token.text) or _WORDS.get(token.keyword)
        if word is None or word in _DECLARATIONS:
            raise unexpected(token, self.source)
        self.words.add(word)
        return word

    def string(self, token: Token) -> str:
        text = token.text
        long = text[:3] in {'"""', "'''"} and len(text) > _SHORTEST_LONG
        if text[0] == '"' and not long and "\\" not in text:
            return text
        width = 3 if long else 1
        value = _STRING_ESCAPE.sub(lambda match: self.unescaped(match, token), text[width:-width])
        return str(ox.Literal(value))

    def unescaped(self, match: re.Match[str], token: Token) -> str:
        character = _ESCAPES.get(match[1]) if match[1] else unescape(match[0])
        if character is None:
            raise syntax_error(f"{match[0]} is no escape of a string", self.source, token.start)
        return character


def _adjoins(before: Token, token: Token, *, in_expression: bool) -> bool:
    """Whether no blank stands between two tokens; rdflib, which reads the queries of shapes, wants none either."""
    match token.text:
        case "(":
            return before.keyword in FUNCTIONS
        case "*" | "+" | "?":
            return not in_expression and (before.kind in _NAMES or before.text in {")", "a"})
        case "^^":
            return before.kind is Kind.STRING
    return before.text == "^^" or (token.kind is Kind.LANGUAGE and before.kind is Kind.STRING)
