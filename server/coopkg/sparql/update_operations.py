"""The operations of an update request, each with the prologue that is in force (SPARQL 1.1 Update, section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coopkg.sparql.lexer import Kind, Token, significant, syntax_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DECLARATIONS: Final = {"PREFIX": 3, "BASE": 2, "VERSION": 2}


def operations(text: str) -> tuple[str, ...]:
    """Split an update into one text an operation, each token of it at its offset and all others blanked out.

    Grammar rule 29 allows a prologue before each operation; the engine accepts the first one only. An update with no
    more than that, or with an empty operation between others, is returned whole. Raises QuerySyntaxError where no token
    begins, and where two INSERT DATA share a blank node label (section 19.6 of the Query Language), which the engine
    does not see in parts.
    """
    parts = [_parted(statement) for statement in _statements(significant(text))]
    if not any(declarations for declarations, _ in parts[1:]) or not all(operation for _, operation in parts[:-1]):
        return (text,)
    # Declarations add up: each operation has those of all prologues before it.
    prologue: list[Token] = []
    with_prologue: list[tuple[list[Token], list[Token]]] = []
    for declarations, operation in parts:
        prologue = [*prologue, *declarations]
        with_prologue.append((prologue, operation))
    _check_labels([operation for _, operation in with_prologue], text)
    return tuple(_only(text, [*declared, *operation]) for declared, operation in with_prologue)


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


def _check_labels(operations: list[list[Token]], text: str) -> None:
    used: set[str] = set()
    for operation in operations:
        # Only data share the scope of labels; in a pattern a blank node is a variable.
        if [token.keyword for token in operation[:2]] != ["INSERT", "DATA"]:
            continue
        labels = {token.text: token for token in operation if token.kind is Kind.BLANK}
        for label, token in labels.items():
            if label in used:
                raise syntax_error(f"the label {label} stands in another INSERT DATA already", text, token.start)
        used.update(labels)


def _only(text: str, kept: Iterable[Token]) -> str:
    parts: list[str] = []
    copied = 0
    for token in kept:
        parts += [_blanked(text[copied : token.start]), token.text]
        copied = token.start + len(token.text)
    return "".join([*parts, _blanked(text[copied:])])


def _blanked(text: str) -> str:
    # Line breaks stay and every character counts, so that errors in a part have their position in the whole.
    return "".join(c if c in "\r\n" else " " for c in text)
