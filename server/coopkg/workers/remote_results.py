"""Answers of other endpoints, parsed as untrusted input.

They become rows of a VALUES block. A blank node cannot stand in one (SPARQL 1.1 Query Language, grammar rule 65): it
travels as a literal of a datatype of its own, and a function turns it into a node again when the block is evaluated.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.errors import EndpointFailed
from coopkg.rdf.document_bounds import HarmfulError, refuse_harmful_xml
from coopkg.sparql.functions import BLANK_NODE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coopkg.rdf.terms import Term

BLANK: Final = BLANK_NODE
"""The function that gives a blank node for its label, and the datatype of such labels."""
DEEPEST: Final = 12
"""Levels of brackets in a JSON answer; one without triple terms has five, and what is parsed nests no further.

The engine's parser recurses: triple terms nested 10,000 deep in an answer overflow a stack of 8 MiB.
"""
_FORMATS: Final = {"json": ox.QueryResultsFormat.JSON, "xml": ox.QueryResultsFormat.XML}
_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+\\?(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)
"""Strings, which end with the text if nowhere else, so that the scan is linear; and brackets outside of them."""
_BOUND: Final = (ox.NamedNode, ox.Literal, ox.BlankNode)


@dataclass(frozen=True)
class Remote:
    """An answer to parse: whose, in which format, the variables that were asked for, and the most rows it may have.

    ``label`` keeps its blank nodes apart from those of other answers.
    """

    alias: str
    body: bytes
    format: str
    variables: tuple[str, ...]
    rows: int
    label: str

    def as_json(self) -> dict[str, Any]:
        """Encode it as a JSON object, the body in base64."""
        return {**vars(self), "body": base64.b64encode(self.body).decode("ascii")}


def from_json(value: Mapping[str, Any]) -> Remote:
    """Decode the JSON object of an answer to parse."""
    return Remote(**{**value, "body": base64.b64decode(value["body"]), "variables": tuple(value["variables"])})


@dataclass(frozen=True)
class Table:
    """Solutions as the rows of a VALUES block, how many there are, and which variables have blank nodes among them."""

    text: str
    rows: int
    blanks: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return all but the text, as a JSON object."""
        return {"rows": self.rows, "blanks": self.blanks}

    @classmethod
    def of(cls, facts: Mapping[str, Any], text: str) -> Table:
        """Put a table together again from its facts and its text."""
        return cls(text, int(facts["rows"]), tuple(facts["blanks"]))


def blank(term: Term) -> Term:
    """Return the blank node that a label stands for; any other term as it is."""
    if isinstance(term, ox.Literal) and term.datatype.value == BLANK:
        return ox.BlankNode(term.value)
    return term


def read(remote: Remote) -> Table:
    """Parse an answer. Raises EndpointFailed, naming the endpoint, for anything but solutions within the bounds."""
    _check_shape(remote)
    try:
        result = ox.parse_query_results(remote.body, format=_FORMATS[remote.format])
        if not isinstance(result, ox.QuerySolutions):
            raise _unusable(remote, "malformed", "it answers with a truth value where solutions are asked for")
        return _table(remote, result)
    except (SyntaxError, ValueError, OSError) as error:
        raise _unusable(remote, "malformed", f"its answer cannot be read: {str(error)[:200]}") from None


def says_true(body: bytes, fmt: str) -> bool:
    """Whether an answer is the truth value true, by a search in its first 2,000 bytes: it is not worth a parser."""
    pattern = rb'"boolean"\s*:\s*true' if fmt == "json" else rb"<boolean>\s*true\s*</boolean>"
    return re.search(pattern, body[:2000]) is not None


def unreadable(alias: str, why: str) -> EndpointFailed:
    """Return the error for an answer that ended the worker that parsed it."""
    return EndpointFailed(f"The endpoint {alias} failed: its answer {why}.", endpoint=alias, reason="malformed")


def _unusable(remote: Remote, reason: str, why: str) -> EndpointFailed:
    return EndpointFailed(f"The endpoint {remote.alias} failed: {why}.", endpoint=remote.alias, reason=reason)


def _check_shape(remote: Remote) -> None:
    """Refuse what the parser would nest or expand without bound. Raises EndpointFailed."""
    if remote.format == "xml":
        try:
            refuse_harmful_xml(remote.body)
        except HarmfulError as error:
            raise _unusable(remote, "malformed", f"its answer cannot be read: {error}") from None
    if remote.format == "xml" and b"triple" in remote.body and re.search(rb"<(?:[^\s<>/]*:)?triple[\s>/]", remote.body):
        raise _unusable(remote, "malformed", "its answer has triple terms, which are not taken over")
    depth = 0
    for match in _BRACKETS.finditer(remote.body) if remote.format == "json" else ():
        mark = match[0]
        if len(mark) == 1:
            depth += 1 if mark in b"[{" else -1
            if depth > DEEPEST:
                raise _unusable(remote, "malformed", f"its answer nests deeper than {DEEPEST} levels")


def _table(remote: Remote, solutions: ox.QuerySolutions) -> Table:
    # An endpoint may leave out a variable that is bound in no solution, though it was asked for.
    bound = {variable.value for variable in solutions.variables}
    lines: list[str] = []
    blanks: set[str] = set()
    for solution in solutions:
        terms = [solution[name] if name in bound else None for name in remote.variables]
        blanks.update(n for n, term in zip(remote.variables, terms, strict=True) if isinstance(term, ox.BlankNode))
        lines.append(f"({' '.join(_text(remote, term) for term in terms)})")
        if len(lines) == remote.rows:
            # Many endpoints cut at a round number without saying so; an answer that may be cut is not complete.
            why = f"its answer has {remote.rows} rows or more, as many as are taken over, and may have been cut"
            raise _unusable(remote, "too-many-rows", why)
    return Table("\n".join(lines), len(lines), tuple(sorted(blanks)))


def _text(remote: Remote, term: Term | None) -> str:
    """Write a term as a cell of a VALUES block. Raises EndpointFailed for one that cannot stand there."""
    if term is None:
        return "UNDEF"
    if not isinstance(term, _BOUND):
        raise _unusable(remote, "malformed", "its answer has triple terms, which are not taken over")
    if isinstance(term, ox.BlankNode):
        return str(ox.Literal(f"{remote.label}{term.value}", datatype=ox.NamedNode(BLANK)))
    if isinstance(term, ox.Literal) and term.datatype.value == BLANK:
        # It would become a blank node here, perhaps one of another endpoint's answer.
        raise _unusable(remote, "malformed", "its answer has a datatype that is none of its own")
    return str(term)
