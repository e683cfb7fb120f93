"""Where a new fact comes from: the claim that a form makes of a source, without which no fact is taken (MODEL.md)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from coopkg.errors import BadParameter
from coopkg.rdf.literals import literal_of
from coopkg.rdf.namespaces import LANGUAGES, STANDARD_PREFIXES
from coopkg.rdf.terms import named_node, triple
from coopkg.web.forms.entered_values import InputError, free_name, one_value, slug

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopkg.web.forms.entered_values import Values
    from coopkg.web.forms.lookups import Graph

SOURCE: Final = "source"
SPEAKING: Final = ("direct-quote", "reported-speech")
"""Voices of somebody other than the document."""
VOICES: Final = ("article", "document", *SPEAKING)
CERTAINTIES: Final = ("asserted", "expected", "opinion", "disputed", "corrected", "inferred")
"""Certainties that a fact can have; of what is no fact, nothing is added."""
_RDF, _OA, _PROV, _SKOS, _DCTERMS, _FOAF = (
    STANDARD_PREFIXES[name] for name in ("rdf", "oa", "prov", "skos", "dcterms", "foaf")
)
SHORTEST, LONGEST = 10, 400
"""Characters of a paraphrase."""


@dataclass
class Evidence:
    """The claim and the source of a filled form, as triples; ``troubles`` are what is missing or wrong."""

    claim: str = ""
    source: str = ""
    certainty: str = ""
    triples: list[ox.Triple] = field(default_factory=list)
    troubles: list[InputError] = field(default_factory=list)

    def miss(self, key: str, message: str, **values: object) -> None:
        """Note what is wrong with a field."""
        self.troubles.append(InputError(key, message, values))


def evidence_of(values: Values, graph: Graph) -> Evidence:
    """Return the evidence that a form has, its claim with the number after the last one of that source.

    Raises BadParameter for a field that is filled twice.
    """
    found, base = Evidence(), graph.base

    def one(key: str) -> str:
        return one_value(values, key)

    found.certainty = _chosen(found, one("certainty"), "certainty", CERTAINTIES)
    voice = _chosen(found, one("voice"), "voice", VOICES)
    said = _paraphrased(found, one)
    _source(found, one, graph)
    if not found.source:
        return found
    name = found.source.removeprefix(f"{base}source/")
    name = name if re.fullmatch(r"[a-z0-9-]+", name) else slug(name)
    first = graph.claims(found.source) + 1
    number = next(n for n in range(first, first + 1000) if not graph.taken(f"{base}id/claim/{name}-{n:03}"))
    found.claim = f"{base}id/claim/{name}-{number:03}"
    coop = f"{base}ontology#"
    found.triples += [
        triple(found.claim, _RDF + "type", f"{coop}Claim"),
        triple(found.claim, f"{coop}claimNumber", ox.Literal(number)),
        triple(found.claim, f"{coop}hasCertainty", f"{base}id/certainty/{found.certainty}"),
        triple(found.claim, f"{coop}hasVoice", f"{base}id/voice/{voice}"),
        triple(found.claim, _PROV + "wasDerivedFrom", found.source),
    ]
    _speaker(found, one("speaker"), voice, graph)
    found.triples += [triple(found.claim, f"{coop}paraphrase", text, code) for code, text in said.items() if text]
    _place(found, one, base, name, number)
    if found.source in {str(t.subject.value) for t in found.triples if isinstance(t.subject, ox.NamedNode)}:
        found.triples.append(triple(found.source, f"{coop}hasEvidence", found.claim))
        found.triples.append(triple(found.source, f"{coop}hasCertainty", f"{base}id/certainty/{found.certainty}"))
    return found


def _paraphrased(found: Evidence, one: Callable[[str], str]) -> dict[str, str]:
    """Return what the source says, by language."""
    texts = {language: one(f"paraphrase@{language}") for language in LANGUAGES}
    for language, text in texts.items():
        if not SHORTEST <= len(text) <= LONGEST:
            found.miss(f"paraphrase@{language}", "contribute.paraphrase_length", least=SHORTEST, most=LONGEST)
    return texts


def _chosen(found: Evidence, value: str, key: str, options: tuple[str, ...]) -> str:
    if value not in options:
        found.miss(key, "contribute.choose")
        return options[0]
    return value


def _source(found: Evidence, one: Callable[[str], str], graph: Graph) -> None:
    """Name the source: one that the graph has, or a new one with its title, date and address."""
    known, base = one(SOURCE), graph.base
    if known:
        found.source = graph.resolve(known, f"{base}ontology#SourceDocument")
        if not found.source:
            found.miss(SOURCE, "contribute.bad_source", value=known[:100])
        return
    titles = {language: one(f"title@{language}") for language in LANGUAGES}
    if not any(titles.values()):
        found.miss(SOURCE, "contribute.no_source")
        return
    name = free_name(slug(titles["en"], 40) or "source", lambda n: graph.taken(f"{base}source/{n}"))
    found.source = f"{base}source/{name}"
    found.triples.append(triple(found.source, _RDF + "type", f"{base}ontology#SourceDocument"))
    for language, title in titles.items():
        if title:
            found.triples.append(triple(found.source, _SKOS + "prefLabel", title, language))
    _published(found, one)


def _published(found: Evidence, one: Callable[[str], str]) -> None:
    """Say of a new source when it was published, and where it is read."""
    try:
        issued = literal_of(one("issued"), "date", "issued")
        found.triples.append(triple(found.source, _DCTERMS + "issued", issued))
    except BadParameter:
        found.miss("issued", "contribute.bad_date", value=one("issued")[:100])
    if one("page"):
        try:
            page = named_node(one("page"), {}, "page")
        except BadParameter:
            page = ox.NamedNode("x:")
        if page.value.startswith(("http://", "https://")):
            found.triples.append(triple(found.source, _FOAF + "page", page))
        else:
            found.miss("page", "contribute.bad_iri", value=one("page")[:100])


def _speaker(found: Evidence, text: str, voice: str, graph: Graph) -> None:
    """Name who says it: the document itself, or whom it quotes."""
    speaker = found.source
    if voice in SPEAKING:
        speaker = graph.resolve(text, "") if text else ""
        if not speaker:
            found.miss("speaker", "contribute.bad_speaker" if text else "contribute.no_speaker", value=text[:100])
            return
    found.triples.append(triple(found.claim, _PROV + "wasAttributedTo", speaker))


def _place(found: Evidence, one: Callable[[str], str], base: str, name: str, number: int) -> None:
    """Say where in the source it stands: by offsets and the digest of the passage, whose text is not kept."""
    passage, start = one("passage"), one("start")
    if not passage and not start:
        return
    if not passage:
        found.miss("passage", "contribute.no_passage")
        return
    if not re.fullmatch(r"[0-9]{1,9}", start):
        found.miss("start", "contribute.bad_start", value=start[:100])
        return
    first, end = int(start), int(start) + len(passage)
    target, selector = f"{base}id/target/{name}-{number:03}", f"{base}id/selector/{name}-{first}-{end}"
    digest = hashlib.sha256(passage.encode()).hexdigest()
    found.triples += [
        triple(found.claim, _OA + "hasTarget", target),
        triple(target, _RDF + "type", _OA + "SpecificResource"),
        triple(target, _OA + "hasSource", found.source),
        triple(target, _OA + "hasSelector", selector),
        triple(selector, _RDF + "type", _OA + "TextPositionSelector"),
        triple(selector, _OA + "start", ox.Literal(first)),
        triple(selector, _OA + "end", ox.Literal(end)),
        triple(selector, f"{base}ontology#passageDigest", ox.Literal(digest)),
    ]
