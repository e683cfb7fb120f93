"""The keywords of SPARQL 1.1 and 1.2, and of what the engine adds: any other bare word is a syntax error."""

from __future__ import annotations

from typing import Final

from coopkg.sparql import functions

_SYNTAX: Final = """
    ADD ALL AS ASC ASK BASE BIND BY CLEAR CONSTRUCT COPY CREATE DATA DEFAULT DELETE DESC DESCRIBE DISTINCT DROP FALSE
    FILTER FROM GRAPH GROUP HAVING IN INSERT INTO LATERAL LIMIT LOAD MINUS MOVE NAMED NOT OFFSET OPTIONAL ORDER
    PREFIX REDUCED SELECT SEPARATOR SERVICE SILENT TO TRUE UNDEF UNION USING VALUES VERSION WHERE WITH
"""
"""Those that call no function."""
KEYWORDS: Final = frozenset({*_SYNTAX.split(), *functions.KEYWORDS})
"""All of them in capitals, but for ``a``, which is the only one that has a case (section 19.8, note 1)."""
