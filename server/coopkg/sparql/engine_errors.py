"""What the engine says of a syntax error, in our words and at its place in the client's text."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from coopkg.errors import QuerySyntaxError
from coopkg.sparql.lexer import significant, syntax_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopkg.sparql.lexer import Token
    from coopkg.sparql.normal_form import NormalForm

_SENTENCE: Final = re.compile(r"[A-Z][a-z]+ \w|The |SELECT \*")
_POSITION: Final = re.compile(r"error at (\d+):(\d+): expected (?:one of )?(.*)", re.DOTALL)
_GAP: Final = " " * 32
_NEAR: Final = 64
"""Characters before and behind a reported place within which the token at fault stands."""


def explain_syntax(error: SyntaxError, form: NormalForm, parse: Callable[[str], object]) -> QuerySyntaxError:
    """Turn the engine's error about a normal form into one sentence, with place and token of the client's text.

    ``parse`` has the engine parse a text as it parsed that one.
    """
    match = _POSITION.match(str(error))
    if not match:
        return QuerySyntaxError(f"{error}.")
    # The engine lists all that its grammar could have gone on with, dozens of tokens. Whole sentences among them are
    # what its authors wrote about a rule, and say more than the list.
    sentences = [s for s in match[3].split(", ") if _SENTENCE.match(s)]
    # A normal form is one line: the line breaks in its strings are escaped.
    token = _at_fault(form, int(match[2]) - 1, parse)
    if token and "IRI parsing failed" in match[3]:
        why = f"{token.text} is no IRI"
    elif sentences:
        why = sentences[0][0].lower() + sentences[0][1:]
    else:
        why = f"{token.text!r} is not expected here" if token else "the query ends too early"
    return syntax_error(why, form.source, token.start if token else len(form.source))


def _at_fault(form: NormalForm, offset: int, parse: Callable[[str], object]) -> Token | None:
    """Return the client's token at which the engine could not go on; None at the end."""
    # A keyword is tried by reading as many characters as it has, whatever they are, so that the place reported is up to
    # 14 characters behind the token at fault. With gaps that are wider it still is before the next token.
    offsets, places = form.places()
    text, starts = _spread(form.text, offsets, offset)
    try:
        parse(text)
    except SyntaxError as error:
        match = _POSITION.match(str(error))
        offset = int(match[2]) - 1 if match else offset
    if offset >= len(text):
        return None
    index = max(0, bisect_right(starts, offset) - 1)
    # Nothing stands between a function and its bracket: what is behind the bracket is about the function.
    if index and text[starts[index] - 1] != " " and offset > starts[index]:
        index -= 1
    return next(significant(form.source, places[index])) if starts else None


def _spread(text: str, offsets: list[int], offset: int) -> tuple[str, list[int]]:
    """Widen the gaps between the tokens near an offset; return the text and the offsets of all tokens in it."""
    starts = [*offsets, len(text)]
    first, last = max(0, bisect_right(starts, offset - _NEAR) - 1), bisect_right(starts, offset + _NEAR)
    parts, moved, length = [text[: starts[first]]], starts[:first], starts[first]
    for index in range(first, len(offsets)):
        if index == last:
            moved += [start + length - starts[index] for start in starts[index:-1]]
            parts.append(text[starts[index] :])
            break
        part = text[starts[index] : starts[index + 1]]
        if part.endswith(" ") or index + 1 == len(offsets):
            part = part.rstrip(" ") + _GAP
        moved.append(length)
        parts.append(part)
        length += len(part)
    return "".join(parts), moved
