"""The fields of a contribution as its page shows them: labels, hints, rows to fill in and lists to choose from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from coopkg.answers.labels import look_up
from coopkg.rdf.namespaces import LANGUAGES
from coopkg.rdf.terms import compact, from_ntriples
from coopkg.web.forms.entered_values import ROWS
from coopkg.web.forms.lookups import Graph
from coopkg.web.forms.source_claim import CERTAINTIES, VOICES
from coopkg.web.i18n import OWN_NAMES, best
from coopkg.web.parts.named_terms import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coopkg.answers.service import Service
    from coopkg.web.forms.entered_values import Values
    from coopkg.web.forms.form_model import Field, Form
    from coopkg.web.rendering import Visit

_INPUTS: Final = {"date": "date", "integer": "number", "iri": "url"}
"""Types of HTML inputs; those of all other kinds are text."""
_EVIDENCE: Final = {
    "paraphrase": "paraphrase@en", "hasVoice": "voice", "wasAttributedTo": "speaker", "wasDerivedFrom": "source",
    "hasTarget": "passage", "hasSelector": "start", "passageDigest": "passage", "start": "start", "end": "start",
    "issued": "issued", "page": "page",
}  # fmt: skip


def evidence_keys(path: str) -> str:
    """Return the field of the evidence that a property of a claim, its place or its source is filled in by."""
    return _EVIDENCE.get(re.split("[#/]", path)[-1], "")


class FieldRenderer:
    """Shows the fields of one form to one visitor."""

    def __init__(self, service: Service, seen: Visit, form: Form, values: Values, more: str) -> None:
        self.service, self.seen, self.form, self.values, self.more = service, seen, form, values, more
        self.graph = Graph(service)
        self.base = service.settings.base
        self.offered = {f.cls: self.graph.choices(f.cls) for f in form.fields if f.kind == "node"}
        self.sources = self.graph.choices(f"{self.base}ontology#SourceDocument")
        self.speakers = [
            *self.graph.choices("http://xmlns.com/foaf/0.1/Person"), *self.graph.choices("http://www.w3.org/ns/org#Post")
        ]  # fmt: skip
        concepts = [f"{self.base}id/certainty/{name}" for name in CERTAINTIES]
        concepts += [f"{self.base}id/voice/{name}" for name in VOICES]
        options = [option[1:-1] for f in form.fields for option in f.options if option.startswith("<")]
        wanted = [*options, *concepts, *self.sources, *self.speakers, *form.classes]
        wanted += [iri for iris in self.offered.values() for iri in iris]
        tag = service.engine.tag()
        self.known = service.derived.get(f"named:{form.name}", tag, lambda: look_up(service, wanted))

    def name(self, iri: str) -> tuple[str, str]:
        """Return what a thing is called, and in which language; its prefixed name where it has no label."""
        known = self.known.get(iri)
        found = best(known.names, self.seen.language) if known else ("", "")
        return found if found[0] else (compact(iri, self.graph.prefixes).strip("<>"), "")

    def groups(self) -> list[dict[str, Any]]:
        """Return the groups of fields, in order."""
        return [
            {"title": best(names, self.seen.language), "fields": [self._field(f) for f in fields]}
            for names, fields in self.form.grouped()
        ]

    def places(self) -> frozenset[str]:
        """Return the names of all fields that there are."""
        return frozenset(
            {f.key for f in self.form.fields}
            | {f"{f.key}@{code}" for f in self.form.fields for code in LANGUAGES if f.kind == "texts"}
            | {"id", "token", "certainty", *_EVIDENCE.values(), *(f"paraphrase@{c}" for c in LANGUAGES)}
        )

    def _field(self, asked: Field) -> dict[str, Any]:
        label = best(asked.names, self.seen.language)
        if not label[0]:
            label = plain_name(asked.path, self.seen) or (asked.key, "")
        many = asked.most != 1 and not asked.unique
        keys = [f"{asked.key}@{code}" for code in LANGUAGES] if asked.kind == "texts" else [asked.key]
        rows = [row for key in keys for row in self._rows(asked, key)]
        if asked.kind == "choice":
            rows = rows[:1] if not many else rows
        return {
            "key": asked.key,
            "kind": asked.kind,
            "label": label,
            "hint": best(asked.descriptions, self.seen.language),
            "required": asked.least > 0,
            "rows": rows,
            "options": [self._option(option) for option in asked.options],
            "list": f"list-{list(self.offered).index(asked.cls)}" if asked.kind == "node" else "",
            "type": _INPUTS.get(asked.kind, "text"),
            "pattern": _pattern(asked),
            "numeric": asked.kind in {"integer", "decimal", "year"},
            "lowest": asked.lowest if asked.kind == "integer" else "",
            "highest": asked.highest if asked.kind == "integer" else "",
            "long": asked.long,
            "many": many,
        }

    def _rows(self, asked: Field, key: str) -> Iterable[dict[str, Any]]:
        """Return what is to be filled in, each with what is in it already; one more where that was asked for."""
        values = self.values.get(key) or [""] * max(1, asked.least if asked.kind != "texts" else 1)
        values = [*values, ""] if self.more == asked.key and len(values) < ROWS else values
        language = key.rpartition("@")[2] if asked.kind == "texts" else ""
        return [
            {"name": key, "id": f"{key}-{n}" if n else key, "value": value, "language": language,
             "tongue": OWN_NAMES.get(language, ""), "number": n + 1 if len(values) > 1 else 0,
             "required": n < (asked.least if asked.kind != "texts" else asked.least // len(LANGUAGES))}
            for n, value in enumerate(values)
        ]  # fmt: skip

    def _option(self, option: str) -> dict[str, Any]:
        term = from_ntriples(option)
        return {"value": option, "label": self.name(term.value) if option.startswith("<") else (term.value, "")}

    def lists(self) -> dict[str, list[dict[str, Any]]]:
        """Return the lists that fields choose from: an identifier and a name each."""
        found = {f"list-{n}": self._choices(iris) for n, iris in enumerate(self.offered.values())}
        return found | {"list-source": self._choices(self.sources), "list-speaker": self._choices(self.speakers)}

    def _choices(self, iris: Iterable[str]) -> list[dict[str, Any]]:
        return [{"value": compact(iri, self.graph.prefixes).strip("<>"), "label": self.name(iri)} for iri in iris]

    def kinds(self) -> list[dict[str, Any]]:
        """Return the classes to choose from, where there is more than one."""
        chosen = next(iter(self.values.get("rdf:type", ())), self.form.cls)
        classes = self.form.classes if len(self.form.classes) > 1 else ()
        return [{"value": iri, "label": self.name(iri), "chosen": iri == chosen} for iri in classes]

    def evidence(self) -> dict[str, Any]:
        """Return what the part about evidence shows."""
        values: Mapping[str, list[str]] = self.values
        keys = ("source", "speaker", "issued", "page", "passage", "start",
                *(f"{part}@{code}" for part in ("paraphrase", "title") for code in LANGUAGES))  # fmt: skip
        filled = {key: next((value for value in values.get(key, ()) if value), "") for key in keys}
        certainty, voice = (next(iter(values.get(key, ())), "") for key in ("certainty", "voice"))
        return {
            "values": filled,
            "certainties": [self._concept("certainty", name, certainty) for name in CERTAINTIES],
            "voices": [self._concept("voice", name, voice) for name in VOICES],
            "languages": [{"code": code, "name": OWN_NAMES[code]} for code in LANGUAGES],
        }

    def _concept(self, folder: str, name: str, chosen: str) -> dict[str, Any]:
        return {"value": name, "label": self.name(f"{self.base}id/{folder}/{name}"), "chosen": name == chosen}


def _pattern(asked: Field) -> str:
    """Return a pattern as HTML has it, which is always for the whole value (HTML, 4.10.5.3.6)."""
    if not asked.pattern or asked.kind not in {"text", "texts"}:
        return ""
    start = "" if asked.pattern.startswith("^") else ".*"
    end = "" if asked.pattern.endswith("$") else ".*"
    return start + asked.pattern.removeprefix("^").removesuffix("$") + end
