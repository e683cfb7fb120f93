"""The operations of an update request, each with the prologue that is in force (SPARQL 1.1 Update, section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.sparql.lexer import Kind, Token, significant, syntax_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DECLARATIONS: Final = {"PREFIX": 3, "BASE": 2, "VERSION": 2}


def operations(text: str) -> tuple[str, ...]:
    """Return an update as one text an operation, each token of it at its place and all others blanked out.

    Grammar rule 29 lets a prologue stand before each operation; the engine reads the first one only. An update with no
    more than that, or with an empty operation between others, is given whole. Raises QuerySyntaxError where no token
    begins, and where two INSERT DATA share a blank node label (section 19.6 of the Query Language), which the engine
    does not see in parts.
    """
    parts = [_parted(statement) for statement in _statements(significant(text))]
    if not any(declarations for declarations, _ in parts[1:]) or not all(operation for _, operation in parts[:-1]):
        return (text,)
    prologue: list[Token] = []
    found: list[tuple[list[Token], list[Token]]] = []
    for declarations, operation in parts:
        prologue = [*prologue, *declarations]
        found.append((prologue, operation))
    _check_labels([operation for _, operation in found], text)
    return tuple(_only(text, [*declared, *operation]) for declared, operation in found)


def _statements(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    """Split at the semicolons outside of braces; a prologue may stand behind the last one."""
    depth = 0
    statement: list[Token] = []
    for token in tokens:
        depth += (token.text == "{") - (token.text == "}")
        if token.text == ";" and depth == 0:
            yield statement
            statement = []
        else:
            statement.append(token)
    if statement:
        yield statement


def _parted(statement: list[Token]) -> tuple[list[Token], list[Token]]:
    at = 0
    while at < len(statement) and (length := _DECLARATIONS.get(statement[at].keyword)):
        # A prefix is one token with its colon, so that PREFIX has two behind it.
        at += length
    return statement[:at], statement[at:]


def _check_labels(found: list[list[Token]], text: str) -> None:
    seen: set[str] = set()
    for operation in found:
        if [token.keyword for token in operation[:2]] != ["INSERT", "DATA"]:
            continue
        labels = {token.text: token for token in operation if token.kind is Kind.BLANK}
        for label, token in labels.items():
            if label in seen:
                raise syntax_error(f"the label {label} stands in another INSERT DATA already", text, token.start)
        seen.update(labels)


def _only(text: str, kept: Iterable[Token]) -> str:
    parts: list[str] = []
    copied = 0
    for token in kept:
        parts += [_blanked(text[copied : token.start]), token.text]
        copied = token.start + len(token.text)
    return "".join([*parts, _blanked(text[copied:])])


def _blanked(text: str) -> str:
    return "".join(c if c in "\r\n" else " " for c in text)
