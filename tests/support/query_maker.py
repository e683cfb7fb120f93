"""Queries and updates made at random from a seed: by the grammar, with their tokens glued together, and mutated.

The grammar's own texts have a blank wherever two tokens could be read as one. Glued, they often mean something else, or
nothing; mutated, they are what a hostile hand would send. All name nodes of the data given, and an address that nobody
may ask.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyoxigraph as ox

VARIABLES: Final = ("?s", "?p", "?o", "$x", "?y1", "?é")
LABELS: Final = ("_:b1", "_:a.b.1", "_:v1.2-3")
KEYWORDS: Final = (
    "SERVICE",
    "LOAD",
    "FROM",
    "SELECT",
    "ASK",
    "SILENT",
    "GRAPH",
    "INTO",
    "OPTIONAL",
    "a",
    "true",
    "AS",
    "IN",
)
FRAGMENTS: Final = (
    "SERVICE", "service", "SILENT", "LOAD", "FROM", "NAMED", "INTO", "<", ">", "<<", ">>", "<<(", ")>>", '"', '"""',
    "'",
    "'''", "\\", "\\u0053", "\\U00000041", "\\uD800", "\\\\", "#", "\n", "\r", "\t", " ", ".", "..", "-", "+", "*", "/",
    "?", "$", ":", "::", "@", "@en", "^", "^^", "|", "||", "&&", "!", "=", "!=", ";", ",", "(", ")", "{", "}", "[", "]",
    "{|", "|}", "~", "%41", "%", "_:", "_", "0", "1", "1.", ".5", "1e5", "é", "\u00b7", "\u0301", "\u2028", "\ufeff",
    "\u017f", "\x00", "\U0001f47e", "e:", "x:a", "?v", "BASE <http://z/> ", "PREFIX a: <b> ", "VERSION '1.2' ",
)  # fmt: skip
NAMED: Final = "http://e/named"


class QueryMaker:
    """Makes texts about the quads of a store; ``canary`` is the address of what counts requests."""

    def __init__(self, seed: int, quads: Sequence[ox.Quad], canary: str) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a sample, no secret
        self.quads, self.canary = quads, canary
        self.namespaces: dict[str, str] = {"": "http://e/", "e": "http://e/v1.2.", "x": canary}
        # What a keyword and a name make together is declared, so that it is refused for what it is alone.
        for word in ("SERVICE", "SERVICESILENT", "LOAD", "LOADSILENT", "FROM", "a", *self.random.sample(KEYWORDS, 2)):
            self.namespaces[f"{word}x"] = self.random.choice((canary, "http://e/"))
        for index, space in enumerate(sorted({re.sub(r"[^/#]*$", "", _value(quad.predicate)) for quad in quads})):
            self.namespaces[f"n{index}"] = space

    def text(self) -> tuple[str, bool]:
        """Make a text, and say whether it is meant to be an update."""
        update = self.random.random() < 0.25
        prologue, body = " ".join(self.prologue()), self.joined(self.update() if update else self.query())
        for _ in range(self.random.choice((0, 0, 0, 0, 0, 0, 1, 1, 2, 4))):
            if self.random.random() < 0.1:
                prologue = self.mutated(prologue)
            else:
                body = self.mutated(body)
        return f"{prologue}\n{body}", update

    def joined(self, tokens: list[str]) -> str:
        """Put tokens together: with a blank, with any white space, or with nothing between some of them."""
        gaps: tuple[str, ...] = self.random.choice(
            ((" ",), (" ",), (" ", "\n", "\t", " # x:a {\n", "\r\n"), ("", "", " "), ("", " ", " ", " "))
        )
        return "".join(token + self.random.choice(gaps) for token in tokens)

    def mutated(self, text: str) -> str:
        """Change a few bytes of a text."""
        some = self.random
        at, end = sorted((some.randrange(len(text) + 1), some.randrange(len(text) + 1)))
        end = min(end, at + some.choice((0, 1, 1, 3, 10)))
        match some.randrange(5):
            case 0:
                return text[:at] + some.choice(FRAGMENTS) + text[end:]
            case 1:
                return text[:at] + text[at:end] * 2 + text[end:]
            case 2:
                return text[:at] + "".join(some.choice(FRAGMENTS) for _ in range(3)) + text[at:]
            case 3:
                raw = bytearray(text.encode())
                if raw:
                    raw[some.randrange(len(raw))] = some.randrange(256)
                return raw.decode(errors="ignore")
        return text[:at] + text[end:]

    # Each of what follows returns tokens.

    def prologue(self) -> list[str]:
        tokens: list[str] = []
        for prefix, namespace in self.namespaces.items():
            tokens += [self.random.choice(("PREFIX", "prefix")), f"{prefix}:", f"<{namespace}>"]
        if self.random.random() < 0.2:
            tokens = ["BASE", "<http://e/v1/>", *tokens, *(("VERSION", "'1.2'") if self.random.random() < 0.3 else ())]
        return tokens

    def several(self, make: Callable[[], list[str]], *most: int) -> list[str]:
        return [token for _ in range(self.random.choice(most)) for token in make()]

    def iri(self) -> list[str]:
        quad = self.random.choice(self.quads)
        return self.named(_value(self.random.choice((quad.subject, quad.predicate))))

    def named(self, iri: str) -> list[str]:
        chance = self.random.random()
        if chance < 0.1:
            prefix = self.random.choice(list(self.namespaces))
            return [f"{prefix}:{self.random.choice(('a', 'v1.2.3', '3', 'secret', 'b.c', '', '%41', '-', 'a-1'))}"]
        if chance < 0.15:
            return [self.random.choice(("<a>", "<../b>", "<#c>", "<>", "<?q>", r"<http://e/\u0061>"))]
        for prefix, namespace in self.namespaces.items():
            if iri.startswith(namespace) and re.fullmatch(r"\w[\w-]*", iri[len(namespace) :], re.ASCII):
                return [f"{prefix}:{iri[len(namespace) :]}"]
        return [f"<{iri}>"]

    def literal(self) -> list[str]:
        return list(self.random.choice((
            ("1",), ("+1",), ("-2",), ("1.5",), ("1.e5",), ("-.5e-3",), ("true",), ("FALSE",), ('"a"',), ("'b'", "@en"),
            ('"1"', "^^", "<http://www.w3.org/2001/XMLSchema#integer>"), ('"""a\n"b"""',), ("''",),
            (r"'\u0041\n\'SERVICE'",),
        )))  # fmt: skip

    def term(self) -> list[str]:
        chance = self.random.random()
        if chance < 0.45:
            return [self.random.choice(VARIABLES)]
        return self.iri() if chance < 0.8 else self.literal() if chance < 0.95 else [self.random.choice(LABELS)]

    def path(self, depth: int = 0) -> list[str]:
        if depth > 2 or self.random.random() < 0.5:
            return ["a"] if self.random.random() < 0.2 else self.iri()
        inner = self.path(depth + 1)
        return self.random.choice((
            ["^", *inner], [*inner, "/", *self.path(depth + 1)], ["(", *inner, "|", *self.path(depth + 1), ")"],
            ["(", *inner, ")", self.random.choice("*+?")], ["!", "(", *self.iri(), "|", "^", *self.iri(), ")"],
            [*self.iri(), self.random.choice("*+?")],
        ))  # fmt: skip

    def triples(self) -> list[str]:
        verb = [self.random.choice(VARIABLES)] if self.random.random() < 0.3 else self.path()
        tokens = [*self.term(), *verb, *self.term()]
        if self.random.random() < 0.2:
            tokens += [self.random.choice((",", ";", "; ;")), *self.iri()]
            tokens += self.term() if ";" in tokens[-2] else []
        if self.random.random() < 0.08:
            tokens = ["[", *self.iri(), *self.term(), "]", *self.iri(), "(", *self.term(), *self.literal(), ")"]
        return [*tokens, "."]

    def expression(self, depth: int = 0) -> list[str]:
        if depth > 2 or self.random.random() < 0.35:
            return self.term() if self.random.random() < 0.9 else ["NOW", "(", ")"]
        one, two = self.expression(depth + 1), self.expression(depth + 1)
        operator = self.random.choice(("=", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "&&", "||"))
        return self.random.choice((
            [*one, operator, *two], ["(", *one, operator, *two, ")"], ["!", "(", *one, ")"], ["STR", "(", *one, ")"],
            ["CONCAT", "(", "STR", "(", *one, ")", ",", *self.literal(), ")"], ["-", *one], ["BOUND", "(", "?s", ")"],
            ["COALESCE", "(", *one, ",", *two, ")"], [*one, "IN", "(", *two, ",", *self.literal(), ")"],
            ["IF", "(", *one, ",", *two, ",", *self.literal(), ")"], ["IRI", "(", "'a'", ")"],
            ["DATATYPE", "(", *one, ")"], ["NOT", "EXISTS", *self.group(depth + 2)], [*self.iri(), "(", *one, ")"],
        ))  # fmt: skip

    def group(self, depth: int = 0) -> list[str]:
        if depth and self.random.random() < 0.1:
            return ["{", *self.select(depth + 1), "}"]
        return ["{", *self.several(lambda: self.element(depth), 0, 1, 1, 2, 3), "}"]

    def element(self, depth: int) -> list[str]:  # noqa: PLR0911 - one a kind of element
        chance = self.random.random()
        if chance < 0.55 or depth > 2:
            return self.triples()
        if chance < 0.7:
            return ["FILTER", "(", *self.expression(), ")"]
        if chance < 0.76:
            return ["BIND", "(", *self.expression(), "AS", f"?b{self.random.randrange(100)}", ")"]
        if chance < 0.82:
            return ["VALUES", "(", "?s", "?o", ")", "{", *self.several(self.row, 0, 1, 3), "}"]
        if chance < 0.86:
            name = self.random.choice(([f"<{NAMED}>"], ["?g"], self.iri()))
            return ["GRAPH", *name, *self.group(depth + 1)]
        if chance < 0.89:
            silent = ["SILENT"] if self.random.random() < 0.5 else []
            return ["SERVICE", *silent, self.random.choice((f"<{self.canary}>", "x:a", "?s")), *self.group(depth + 1)]
        if chance < 0.95:
            return [self.random.choice(("OPTIONAL", "MINUS", "optional")), *self.group(depth + 1)]
        return [*self.group(depth + 1), *self.several(lambda: ["UNION", *self.group(depth + 1)], 0, 1)]

    def row(self) -> list[str]:
        cell = self.literal() if self.random.random() < 0.5 else self.iri()
        return ["(", *cell, *self.random.choice((["UNDEF"], self.literal())), ")"]

    def select(self, depth: int = 0) -> list[str]:
        items = self.random.choice((
            ["*"], ["?s"], ["?s", "?o"], ["(", *self.expression(), "AS", "?z", ")"],
            ["(", "COUNT", "(", self.random.choice(("*", "?s", "DISTINCT ?s")), ")", "AS", "?n", ")"],
            ["(", "GROUP_CONCAT", "(", "STR", "(", "?o", ")", ";", "SEPARATOR", "=", "','", ")", "AS", "?z", ")"],
        ))  # fmt: skip
        distinct = ["DISTINCT"] if self.random.random() < 0.2 else []
        tokens = ["SELECT", *distinct, *items, *([] if depth else self.dataset()), *self.where(depth)]
        if self.random.random() < 0.2:
            tokens += ["ORDER", "BY", "?s", "DESC", "(", "?o", ")"]
        return [*tokens, *(["LIMIT", "5"] if self.random.random() < 0.3 else [])]

    def where(self, depth: int = 0) -> list[str]:
        return [*(["WHERE"] if self.random.random() < 0.7 else []), *self.group(depth)]

    def dataset(self) -> list[str]:
        if self.random.random() < 0.85:
            return []
        return ["FROM", *self.random.choice((["NAMED"], [])), *self.random.choice(([f"<{NAMED}>"], self.iri()))]

    def query(self) -> list[str]:
        chance = self.random.random()
        if chance < 0.7:
            return self.select()
        if chance < 0.85:
            return ["ASK", *self.dataset(), *self.where()]
        if chance < 0.9:
            return ["DESCRIBE", *self.iri(), *self.dataset()]
        return ["CONSTRUCT", "{", *self.several(self.fact, 1, 2), "}", *self.dataset(), "WHERE", *self.group()]

    def fact(self) -> list[str]:
        return [
            *self.random.choice((["?s"], self.iri())),
            *self.iri(),
            *self.random.choice((["?o"], self.literal())),
            ".",
        ]

    def datum(self) -> list[str]:
        return [*self.iri(), *self.iri(), *self.random.choice((self.iri(), self.literal())), "."]

    def update(self) -> list[str]:
        tokens = self.operation()
        if self.random.random() < 0.3:
            again = self.prologue() if self.random.random() < 0.5 else []
            tokens += [";", *again, *self.operation()]
        return tokens

    def operation(self) -> list[str]:
        chance = self.random.random()
        if chance < 0.4:
            return [self.random.choice(("INSERT", "DELETE")), "DATA", "{", *self.several(self.datum, 0, 1, 3), "}"]
        if chance < 0.7:
            return ["INSERT", "{", *self.fact(), "}", "WHERE", *self.group()]
        if chance < 0.8:
            return ["DELETE", "WHERE", "{", *self.several(self.fact, 1, 2), "}"]
        if chance < 0.86:
            return ["LOAD", *(["SILENT"] if self.random.random() < 0.5 else []), f"<{self.canary}>"]
        return self.random.choice((
            ["CLEAR", "ALL"], ["DROP", "SILENT", "GRAPH", f"<{NAMED}>"],
            ["COPY", "DEFAULT", "TO", "GRAPH", *self.iri()],
            ["WITH", f"<{NAMED}>", "DELETE", "{", *self.fact(), "}", "USING", f"<{NAMED}>", "WHERE", *self.group()],
        ))  # fmt: skip


def _value(term: object) -> str:
    return str(term)[1:-1]
