"""A project as somebody fills it into the form."""

from __future__ import annotations

from coopkg.rdf.namespaces import DEFAULT_BASE

PROJECT = {
    "skos:prefLabel@en": "Lake ice", "skos:prefLabel@ru": "Озёрный лёд", "skos:prefLabel@be": "Азёрны лёд",
    "coop:hasParticipant": "body:bsu", "coop:hasStatus": f"<{DEFAULT_BASE}id/status/ongoing>",
    "coop:isUnderProgram": "Horizon 2020", "source": "source:gknt-2017-12-12",
    "paraphrase@en": "Researchers of both sides measure the ice of lakes.",
    "paraphrase@ru": "Исследователи обеих сторон измеряют лёд озёр.",
    "paraphrase@be": "Даследчыкі абодвух бакоў вымяраюць лёд азёр.",
    "certainty": "asserted", "voice": "article",
}  # fmt: skip
