"""The formats of answers: one table that negotiates, serialises and documents (SPARQL 1.1 Protocol, section 2.1.6)."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import NotAcceptable
from coopkg.rdf.reification import reifiers
from coopkg.rdf.terms import serialize_triples_as

if TYPE_CHECKING:
    from collections.abc import Iterable


class Shape(Enum):
    """The kind of an answer, which the query form decides."""

    SOLUTIONS = "solutions"
    BOOLEAN = "boolean"
    GRAPH = "graph"


@dataclass(frozen=True)
class Format:
    """A concrete syntax: its name (also the suffix), media type, other media types for it, its W3C name IRI.

    With a ``version``, it is written for readers of that version of RDF; its name is what an address ends in.
    """

    name: str
    media_type: str
    iri: str
    solutions: ox.QueryResultsFormat | None = None
    rdf: ox.RdfFormat | None = None
    aliases: tuple[str, ...] = ()
    charset: bool = False
    quads: bool = False
    version: str = ""

    @property
    def versioned_type(self) -> str:
        """The media type, with its parameter ``version`` where the format has one (RDF 1.2 Concepts, section 2.1)."""
        return f"{self.media_type}; version={self.version}" if self.version else self.media_type

    @property
    def content_type(self) -> str:
        """The value of Content-Type; a charset only where the media type has that parameter."""
        return f"{self.versioned_type}; charset=utf-8" if self.charset else self.versioned_type


_W3C: Final = "http://www.w3.org/ns/formats/"
SOLUTION_FORMATS: Final = (
    Format("json", "application/sparql-results+json", _W3C + "SPARQL_Results_JSON", ox.QueryResultsFormat.JSON,
           aliases=("application/json", "text/json")),
    Format("xml", "application/sparql-results+xml", _W3C + "SPARQL_Results_XML", ox.QueryResultsFormat.XML,
           aliases=("application/xml", "text/xml")),
    Format("csv", "text/csv", _W3C + "SPARQL_Results_CSV", ox.QueryResultsFormat.CSV, charset=True),
    Format("tsv", "text/tab-separated-values", _W3C + "SPARQL_Results_TSV", ox.QueryResultsFormat.TSV, charset=True),
)  # fmt: skip
GRAPH_FORMATS: Final = (
    Format("ttl", "text/turtle", _W3C + "Turtle", rdf=ox.RdfFormat.TURTLE, charset=True,
           aliases=("application/x-turtle", "application/turtle")),
    Format("nt", "application/n-triples", _W3C + "N-Triples", rdf=ox.RdfFormat.N_TRIPLES,
           aliases=("text/plain",)),
    Format("jsonld", "application/ld+json", _W3C + "JSON-LD", rdf=ox.RdfFormat.JSON_LD,
           aliases=("application/json",)),
    Format("rdf", "application/rdf+xml", _W3C + "RDF_XML", rdf=ox.RdfFormat.RDF_XML,
           aliases=("application/xml", "text/xml")),
    Format("nq", "application/n-quads", _W3C + "N-Quads", rdf=ox.RdfFormat.N_QUADS, quads=True),
    Format("trig", "application/trig", _W3C + "TriG", rdf=ox.RdfFormat.TRIG, quads=True),
)  # fmt: skip
RDF_1_1: Final = "1.1"
"""The version of RDF that a format without a version is written in."""
RDF_1_2: Final = "1.2"


def versioned(name: str, version: str) -> str:
    """Return the name of a format, or of a file, in that version of RDF; "" is RDF 1.1."""
    return f"{name}?version={version}" if version else name


RDF_1_2_FORMATS: Final = tuple(
    replace(fmt, name=versioned(fmt.name, RDF_1_2), version=RDF_1_2) for fmt in GRAPH_FORMATS if fmt.name != "jsonld"
)
"""The formats that have triple terms: in them each statement is given as a reifier too. JSON-LD 1.1 has none."""
DOCUMENT_FORMATS: Final = (*GRAPH_FORMATS, *RDF_1_2_FORMATS)
"""The formats of whole documents: of descriptions and graphs, and not of answers to queries."""


def formats_for(shape: Shape) -> tuple[Format, ...]:
    """Return the formats that are offered for an answer of that shape, the preferred one first."""
    return GRAPH_FORMATS if shape is Shape.GRAPH else SOLUTION_FORMATS


def by_name(name: str) -> Format | None:
    """Return the format with that name, or None."""
    return next((f for f in (*SOLUTION_FORMATS, *DOCUMENT_FORMATS) if f.name == name), None)


def serialize_boolean(value: bool, fmt: Format) -> bytes:  # noqa: FBT001 - the value is the answer
    """Serialise an ASK answer. The specification has none in CSV and TSV: the bare word, as other engines do."""
    if fmt.name in {"csv", "tsv"}:
        return b"true" if value else b"false"
    if fmt.name == "xml":
        return (
            b'<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#"><head></head><boolean>'
            + (b"true" if value else b"false")
            + b"</boolean></sparql>"
        )
    return b'{"head":{},"boolean":true}' if value else b'{"head":{},"boolean":false}'


def serialize_triples(triples: Iterable[ox.Triple], fmt: Format, prefixes: dict[str, str]) -> bytes:
    """Serialise a graph, each triple once; ``prefixes`` abbreviate it where the format can.

    Raises ValueError for a format without RDF, NotAcceptable for triple terms in JSON-LD.

    In a format of RDF 1.2 the reifiers of statements follow. The engine's DESCRIBE returns a triple once for each named
    graph that has it.
    """
    if fmt.rdf is None:
        raise ValueError(f"{fmt.name} is no format for graphs")
    distinct = dict.fromkeys(triples)
    if fmt.version == RDF_1_2:
        distinct |= dict.fromkeys(list(reifiers(distinct)))
    if fmt.rdf == ox.RdfFormat.JSON_LD and any(isinstance(triple.object, ox.Triple) for triple in distinct):
        available = [f.media_type for f in GRAPH_FORMATS if f is not fmt]
        raise NotAcceptable(
            f"There are triple terms in it, which JSON-LD 1.1 cannot write; available are {', '.join(available)}.",
            available=available,
        )
    return serialize_triples_as(list(distinct), fmt.rdf, prefixes)


def first(answer: bytes, given: Format, target: Format, most: int, prefixes: dict[str, str]) -> tuple[bytes, bool]:
    """Convert the first ``most`` rows, or triples, of an answer to another format, and say whether there are more."""
    if given.rdf is not None:
        triples = [quad.triple for quad in islice(ox.parse(answer, given.rdf), most + 1)]
        return serialize_triples(triples[:most], target, prefixes), len(triples) > most
    # Cut before it is converted, so that only the rows that are kept are parsed as terms.
    document = json.loads(answer)
    rows = document["results"]["bindings"]
    document["results"]["bindings"] = rows[:most]
    cut = json.dumps(document, ensure_ascii=False).encode()
    if target.solutions != given.solutions and given.solutions is not None and target.solutions is not None:
        solutions = ox.parse_query_results(cut, format=given.solutions)
        cut = (
            solutions.serialize(format=target.solutions) if isinstance(solutions, ox.QuerySolutions) else None
        ) or b""
    return cut, len(rows) > most
