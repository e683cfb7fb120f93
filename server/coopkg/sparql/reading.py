"""The reading of a client's query: everything that must be known of its text before it is answered.

It takes time that grows with the text, so it happens in a worker, under its deadline, and never in a web process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from coopkg.errors import ProtocolError, TooLarge
from coopkg.sparql.admission import FORMS, admit, is_longer
from coopkg.sparql.lexer import Kind, significant, syntax_error

if TYPE_CHECKING:
    from coopkg.errors import QuerySyntaxError

_VIEW: Final = re.compile(r"^[ \t]*+#[ \t]*+defaultView:[ \t]*+(\w{1,40}+)", re.MULTILINE)
"""The comment by which a text asks for a view, as the Wikidata Query Service has it."""


@dataclass(frozen=True)
class Reading:
    """What is known of a query: its form, and whether the same version always gives the same answer.

    ``federated`` says that it has SERVICE, ``view`` is the word of the view that a comment asks for, in lower case.
    """

    form: str
    stable: bool
    federated: bool = False
    view: str = ""


def read_query(text: str, longest: int, *, service: bool) -> Reading:
    """Read a client's query of at most ``longest`` bytes, an IRI counted as one.

    ``service`` says whether it may have SERVICE. Raises TooLarge, ProtocolError for an update, and QuerySyntaxError,
    Forbidden and QueryTooComplex as admission.
    """
    if is_longer(text, longest):
        raise TooLarge(f"The query is longer than {longest} bytes.", bound=longest)
    admitted = admit(text, service=service)
    if not admitted.form:
        raise formless(text)
    if admitted.form not in FORMS:
        raise ProtocolError("The text is no SELECT, ASK, CONSTRUCT or DESCRIBE query.")
    view = _VIEW.search(text)
    return Reading(admitted.form, admitted.stable, bool(admitted.services), view[1].lower() if view else "")


def formless(text: str) -> QuerySyntaxError:
    """Build the error for a text that does not begin like a query, at its first word."""
    words = (t for t in significant(text) if t.kind is Kind.WORD and t.keyword not in {"PREFIX", "BASE", "VERSION"})
    first = next(words, None)
    return syntax_error(
        "a query begins with SELECT, ASK, CONSTRUCT or DESCRIBE", text, first.start if first else len(text)
    )
