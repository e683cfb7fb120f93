"""What is known of a commit, as PROV (PROV-O: The PROV Ontology) and as JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.rdf.terms import from_ntriples, quote, triple

if TYPE_CHECKING:
    import pyoxigraph as ox

    from coopkg.dataset.journal import Record

_PROV: Final = STANDARD_PREFIXES["prov"]
_TERMS: Final = STANDARD_PREFIXES["dcterms"]
_TYPE: Final = STANDARD_PREFIXES["rdf"] + "type"
_DATE_TIME: Final = STANDARD_PREFIXES["xsd"] + "dateTime"
_IRI: Final = re.compile(r"https?://[^\s<>\"{}|\\^`]+")


def summary(record: Record) -> dict[str, Any]:
    """Return a commit without its rows, as a JSON object."""
    return {
        "version": record.version, "id": record.id, "previous": record.previous, "time": record.time,
        "author": record.author, "message": record.message, "source": record.source,
        "added": record.count("A"), "removed": record.count("D"),
    }  # fmt: skip


def provenance(record: Record, base: str) -> list[ox.Triple]:
    """Return a commit as an activity: who is associated with it, when it ended, what it used, which version it made."""
    activity = f"{base}changes/{record.version}"
    version, agent = f"{activity}#version", f"{activity}#author"
    found = [
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
        found.append(triple(activity, _TERMS + "description", _text(record.message)))
    if _IRI.fullmatch(record.source):
        found += [triple(activity, _PROV + "used", record.source), triple(version, _TERMS + "source", record.source)]
    elif record.source:
        found.append(triple(version, _TERMS + "source", _text(record.source)))
    return found


def seed(base: str) -> list[ox.Triple]:
    """Return the version before the first commit, which is what the catalogue's files have."""
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
