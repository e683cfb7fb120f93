"""The provenance of a commit, in RDF (PROV-O: The PROV Ontology) and as JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.rdf.terms import from_ntriples, quote, triple

if TYPE_CHECKING:
    import pyoxigraph as ox

    from coopkg.dataset.journal_format import Record

_PROV: Final = STANDARD_PREFIXES["prov"]
_TERMS: Final = STANDARD_PREFIXES["dcterms"]
_TYPE: Final = STANDARD_PREFIXES["rdf"] + "type"
_DATE_TIME: Final = STANDARD_PREFIXES["xsd"] + "dateTime"
_IRI: Final = re.compile(r"https?://[^\s<>\"{}|\\^`]+")


def summary(record: Record) -> dict[str, Any]:
    """Encode a commit without its rows, as a JSON object."""
    return {
        "version": record.version, "id": record.id, "previous": record.previous, "time": record.time,
        "author": record.author, "message": record.message, "source": record.source,
        "added": record.count("A"), "removed": record.count("D"),
    }  # fmt: skip


def provenance(record: Record, base: str) -> list[ox.Triple]:
    """Describe a commit as a prov:Activity with its author, its end, and the versions that it used and generated."""
    activity = f"{base}changes/{record.version}"
    version, agent = f"{activity}#version", f"{activity}#author"
    triples = [
        triple(activity, _TYPE, _PROV + "Activity"),
        triple(activity, _TERMS + "identifier", _text(f"urn:uuid:{record.id}")),
        triple(activity, _PROV + "endedAtTime", from_ntriples(f'"{record.time}"^^<{_DATE_TIME}>')),
        triple(activity, _PROV + "wasAssociatedWith", agent),
        triple(activity, _PROV + "used", f"{base}changes/{record.version - 1}#version"),
        triple(activity, _PROV + "generated", version),
        triple(agent, _TYPE, _PROV + "Agent"),
        triple(agent, STANDARD_PREFIXES["foaf"] + "name", _text(record.author)),
        triple(version, _TYPE, _PROV + "Entity"),
        triple(version, _PROV + "wasRevisionOf", f"{base}changes/{record.version - 1}#version"),
        triple(version, _PROV + "wasAttributedTo", agent),
        triple(version, STANDARD_PREFIXES["owl"] + "versionInfo", _text(str(record.version))),
    ]
    if record.message:
        triples.append(triple(activity, _TERMS + "description", _text(record.message)))
    # A source is what a person typed: an IRI becomes a resource that tools can follow, anything else stays text.
    if _IRI.fullmatch(record.source):
        triples += [triple(activity, _PROV + "used", record.source), triple(version, _TERMS + "source", record.source)]
    elif record.source:
        triples.append(triple(version, _TERMS + "source", _text(record.source)))
    return triples


def seed(base: str) -> list[ox.Triple]:
    """Describe version 1, which is derived from the files of the catalogue and has no commit."""
    version = f"{base}changes/1#version"
    return [
        triple(f"{base}changes/1", STANDARD_PREFIXES["foaf"] + "primaryTopic", version),
        triple(version, _TYPE, _PROV + "Entity"),
        triple(version, _PROV + "wasDerivedFrom", f"{base}catalog"),
        triple(version, STANDARD_PREFIXES["owl"] + "versionInfo", _text("1")),
    ]


def _text(value: str) -> ox.Literal:
    term: Any = from_ntriples(quote(value))
    return term  # type: ignore[no-any-return]
