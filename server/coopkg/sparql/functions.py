"""The functions of SPARQL, in one table: what each is called, what it depends on, and who evaluates it.

Admission, query rewrites, federation, SHACL-SPARQL, evaluation, the service description and suggestions read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    """What a function is to the grammar (SPARQL 1.1 Query Language, section 19.8)."""

    BUILTIN = "builtin"
    """Called by a keyword (rule 121)."""
    AGGREGATE = "aggregate"
    """Called by a keyword over a group (rule 127)."""
    EXTENSION = "extension"
    """Called by an IRI (section 17.6)."""


class Result(Enum):
    """What the result of a call depends on besides its arguments."""

    SAME = "same"
    """Nothing: the same arguments over the same data give the same result."""
    OF_QUERY = "query"
    """The evaluation of the query: NOW is one moment for all of it (section 17.4.5.1)."""
    OF_CALL = "call"
    """The call: each gives another result (sections 17.4.2.9, 17.4.2.12, 17.4.2.13 and 17.4.4.1)."""
    OF_ORDER = "order"
    """The order of the solutions, which nothing fixes: any of several results is right (section 18.5.1)."""


class Evaluator(Enum):
    """Who gives the result."""

    ENGINE = "engine"
    REWRITE = "rewrite"
    """The engine, of another text: see ``sparql.rewrites``."""
    OURS = "ours"
    """A function of ours that the engine calls: see ``workers.evaluation``."""


@dataclass(frozen=True)
class Function:
    """A function: its keyword in capitals, or its IRI.

    One that is ``internal`` stands in texts that we make ourselves; nobody is told of it.
    """

    name: str
    kind: Kind = Kind.BUILTIN
    result: Result = Result.SAME
    evaluator: Evaluator = Evaluator.ENGINE
    internal: bool = False


BLANK_NODE: Final = "urn:coopkg:blank-node"
"""The function that turns a label from a remote answer back into a blank node; the datatype of such labels."""
_PLAIN: Final = """
    ABS ADJUST BOUND CEIL COALESCE CONCAT CONTAINS DATATYPE DAY ENCODE_FOR_URI EXISTS FLOOR HASLANG HASLANGDIR HOURS IF
    IRI ISBLANK ISIRI ISLITERAL ISNUMERIC ISTRIPLE ISURI LANG LANGDIR LANGMATCHES LCASE MD5 MINUTES MONTH OBJECT
    PREDICATE REGEX REPLACE ROUND SAMETERM SECONDS SHA1 SHA256 SHA384 SHA512 STR STRAFTER STRBEFORE STRDT STRENDS
    STRLANG STRLANGDIR STRLEN STRSTARTS SUBJECT SUBSTR TIMEZONE TRIPLE TZ UCASE URI YEAR
"""
"""Built-in calls whose result depends on nothing else: SPARQL 1.1 and 1.2, and ADJUST, which the engine adds."""
FUNCTIONS: Final = {
    function.name: function
    for function in (
        *(Function(name) for name in _PLAIN.split()),
        *(Function(name, Kind.AGGREGATE) for name in ("COUNT", "SUM", "MIN", "MAX", "AVG")),
        Function("SAMPLE", Kind.AGGREGATE, Result.OF_ORDER),
        Function("GROUP_CONCAT", Kind.AGGREGATE, Result.OF_ORDER, Evaluator.REWRITE),
        Function("NOW", result=Result.OF_QUERY),
        *(Function(name, result=Result.OF_CALL) for name in ("RAND", "UUID", "STRUUID")),
        Function("BNODE", result=Result.OF_CALL, evaluator=Evaluator.REWRITE),
        Function(BLANK_NODE, Kind.EXTENSION, evaluator=Evaluator.OURS, internal=True),
    )
}
"""Every function that may be called, by its name. Others are expression errors (SPARQL 1.1, section 17.6)."""


def _named(kinds: set[Kind], results: set[Result]) -> frozenset[str]:
    return frozenset(f.name for f in FUNCTIONS.values() if f.kind in kinds and f.result in results)


_ANY: Final = set(Result)
KEYWORDS: Final = _named({Kind.BUILTIN, Kind.AGGREGATE}, _ANY)
"""The names of all functions that a keyword calls."""
AGGREGATES: Final = _named({Kind.AGGREGATE}, _ANY)
FRESH: Final = _named({Kind.BUILTIN}, {Result.OF_CALL})
"""Functions of which two calls give two results: none may be evaluated once for several."""
VOLATILE: Final = _named({Kind.BUILTIN}, {Result.OF_CALL, Result.OF_QUERY})
"""Functions that give the same query another answer: none of these answers is kept, or has an entity tag."""
ARBITRARY: Final = VOLATILE | _named({Kind.AGGREGATE}, {Result.OF_ORDER})
"""Functions of which parts of a query, evaluated apart, may see different results."""
EXTENSIONS: Final = tuple(f.name for f in FUNCTIONS.values() if f.kind is Kind.EXTENSION and not f.internal)
"""Extension functions that the service description lists (SPARQL 1.1 Service Description, section 3.2.7)."""
