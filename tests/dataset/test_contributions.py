"""Contributions are a closed world: what nothing licenses is refused, with the term, its place and what to write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox
import pytest

import vocabulary_terms
from conftest import free_port, run_coopkg
from contribution_texts import GOOD, claiming
from coopkg.dataset.changes import DELETE, POST, Change, Payload, compute_patch
from coopkg.dataset.document_validation import private_copy
from coopkg.dataset.entailment import update_closure
from coopkg.dataset.licences import open_licences
from coopkg.dataset.process import compute_change
from coopkg.dataset.published_files import find_published
from coopkg.dataset.store import read_manifest, read_quads
from coopkg.errors import DatasetBroken, DoesNotConform, RdfSyntaxError
from coopkg.rdf.graph import Graph
from coopkg.rdf.namespaces import CONTRIBUTIONS, DEFAULT_BASE, LANGUAGES, STANDARD_PREFIXES, prefixes
from coopkg.rdf.terms import Document
from coopkg.rdf.vocabularies import near_misses, of_another_base, terms_by_namespace
from coopkg.shacl.documents import read
from coopkg.shacl.gate import open_gate
from coopkg.shacl.syntax_errors import syntax_errors
from small_home import SmallHome

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.dataset.store import Dataset
    from coopkg.shacl.gate import Gate
    from coopkg.shacl.licences import Licences

OTHER: Final = "http://127.0.0.1:10820/"


@pytest.fixture(scope="module")
def ground(dataset: Dataset) -> Dataset:
    """Give a copy of the dataset that a test may change, if it takes that back."""
    return private_copy(dataset)


@pytest.fixture(scope="module")
def gate() -> Gate:
    return open_gate(find_published().shapes(), DEFAULT_BASE)


@pytest.fixture(scope="module")
def licences() -> Licences:
    return open_licences(find_published(), DEFAULT_BASE)


class Door:
    """The gate as a contribution meets it."""

    def __init__(self, ground: Dataset, gate: Gate, licences: Licences) -> None:
        self.ground, self.gate, self.licences = ground, gate, licences

    def put(self, text: str, *, admin: bool = False, written: str = DEFAULT_BASE) -> list[dict[str, Any]]:
        """Give the violations of a contribution in Turtle, none if it is accepted; nothing of it stays."""
        declared = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes(written).items())
        graph = self.ground.base + CONTRIBUTIONS
        payload = Payload(declared + text, "ttl", self.ground.base, "c.ttl")
        change = Change(POST, graph=graph, base=self.ground.base, payloads=(payload,), contribution=not admin)
        try:
            compute_change(self.ground, self.gate, change, self.licences)
        except DoesNotConform as error:
            results: Any = error.members["results"]
            return [result for result in results if result["severity"] == "Violation"]
        finally:
            back = compute_patch(self.ground.store, Change(DELETE, graph=graph), self.ground.lexical_forms)
            update_closure(self.ground, back.removed)
        return []

    def unlicensed(self, text: str, **options: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as ``put``
        return [r for r in self.put(text, **options) if r["shape"].endswith("#Contribution")]


@pytest.fixture(scope="module")
def door(ground: Dataset, gate: Gate, licences: Licences) -> Door:
    return Door(ground, gate, licences)


def test_what_is_in_order_is_accepted(door: Door) -> None:
    assert door.put(GOOD) == []


BY_CN: Final = "agreement:by-cn-2017"
REFUSED: Final = {
    "unknown class": ("<id/treaty/x> a coop:Agrement .", "coop:Agreement"),
    "unknown property": (GOOD + "agreement:test coop:hasTopik topic:genomics .", "coop:hasTopik is no term"),
    "case": (f'{BY_CN} skos:preflabel "x"@en .', "skos:prefLabel"),
    "misspelt": (f'{BY_CN} dcterms:tittle "x"@en .', "dcterms:title"),
    "https": (f'{BY_CN} <https://www.w3.org/2004/02/skos/core#note> "x"@en .', "write skos:note"),
    "http": (f'{BY_CN} <http://schema.org/name> "x"@en .', "write schema:name"),
    "slash": (f"{BY_CN} <ontology/hasParty> country:RU .", "write coop:hasParty"),
    "untyped": ("agreement:x coop:hasParty country:BY .", "has no class"),
    "inverse": (f"country:RU coop:isPartyTo {BY_CN} .", f"write “{BY_CN} coop:hasParty country:RU .”"),
    "inverse of evidence": (
        f"claim:high-tech-country-093 coop:isEvidenceFor {BY_CN} .",
        f"write “{BY_CN} coop:hasEvidence claim:high-tech-country-093 .”",
    ),
    "by a rule": ("country:FR coop:cooperatesWith country:BY .", "coop:hasParty country:FR ."),
    "label": (f'{BY_CN} rdfs:label "x"@en .', f'write “{BY_CN} skos:prefLabel "x"@en .”'),
    "subclass": ("coop:Enumeration rdfs:subClassOf coop:Statement .", "what a class, a property or a shape means"),
    "domain": ("skos:prefLabel rdfs:domain coop:Country .", "what a class, a property or a shape means"),
    "label of a class": ('coop:Country skos:note "evil"@en .', "what a class, a property or a shape means"),
    "new class": ("<http://x/C> a owl:Class .", "what a class, a property or a shape means"),
    "disjoint": ("coop:Country owl:disjointWith coop:Program .", "what a class, a property or a shape means"),
    "shape": ("<http://x/S> a sh:NodeShape ; sh:targetClass coop:Country .", "what a class, a property or a shape"),
    "off": ("<shapes#CountryUse-hasParty> sh:deactivated true .", "what a class, a property or a shape means"),
    "same": ("country:FR owl:sameAs country:DE .", "Two nodes are not made one"),
    "dataset": ("<catalog#dataset> dcterms:license <http://evil.example/> .", "The publisher describes the dataset"),
    "void": ("<http://x/d> a void:Dataset .", "The publisher describes the dataset"),
    "foreign class": ("<http://x/spam> a <http://x/Ad> .", "No shape is for the class <http://x/Ad>"),
    "foreign property": ('country:BY <http://x/population> "many" .', "No shape names <http://x/population>"),
    "of another class": (f"{BY_CN} coop:hasTopic topic:genomics .", "No shape names coop:hasTopic for coop:Agreement"),
    "other base": (f"<{OTHER}id/agreement/x> a <{OTHER}ontology#Agreement> .", f"under the base <{OTHER}>"),
    "object of another base": (GOOD.replace("country:MN ;", f"country:MN, <{OTHER}id/country/FR> ;"), "under the base"),
    "described elsewhere": (f"{BY_CN} coop:hasParty country:RU .", "no claim of this change supports this triple"),
    "membership": ("country:BY coop:isMemberOf body:european-union .", "no claim of this change supports"),
    "name of another's": ('country:BY skos:altLabel "EVIL"@en .', "no claim of this change supports"),
    "link": ("country:BY skos:exactMatch country:CN .", "no claim of this change supports"),
    "another class": ("person:alexander-shumilin a org:Organization .", "no claim of this change supports"),
    "evidence of another": (f"{BY_CN} coop:hasEvidence claim:high-tech-country-093 .", "no claim of this change"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_licensed_is_refused_with_what_to_write(door: Door, kind: str) -> None:
    text, words = REFUSED[kind]
    results = door.unlicensed(text)
    assert any(words in result["message"] for result in results), results
    for result in results:
        assert set(result["messages"]) == set(LANGUAGES)
        assert len(set(result["messages"].values())) == len(LANGUAGES)
        assert result["line"] > 1
    if kind not in {"by a rule", "inverse of evidence"}:  # shapes of their own refuse these to all
        assert not [r for r in door.put(text, admin=True) if r["shape"].endswith("#Contribution")]


def test_a_claim_of_the_change_licenses_what_is_added_to_a_thing_that_others_describe(door: Door) -> None:
    added = "country:MN coop:isMemberOf body:cis"
    cited = "country:MN coop:isMentionedIn claim:test-001 .\n"
    assert door.unlicensed(f"{added} .\n{cited}{claiming(added)}") == []
    # ... that triple, and no other one, and no claim of somebody else's.
    (other,) = door.unlicensed(f"{added} .\n{cited}{claiming('country:MN coop:isMemberOf body:european-union')}")
    assert other["value"] == f"<{DEFAULT_BASE}id/body/cis>"
    theirs = claiming(added).replace("claim:test-001 a coop:Claim", "claim:high-tech-country-030 a coop:Claim")
    assert door.unlicensed(f"{added} .\n{cited}{theirs}")


THIRD: Final = {
    "the property itself": "session:by-am-2018 coop:hasParty country:RU .",
    "its inverse": "country:RU coop:isPartyTo session:by-am-2018 .",
}


@pytest.mark.parametrize("way", THIRD)
def test_a_property_has_no_more_values_than_it_may_however_they_come_about(door: Door, way: str) -> None:
    """Whoever may assert an inverse cannot go round the number of values of a property with it."""
    results = door.put(THIRD[way], admin=True)
    assert any(r["shape"].endswith("-hasParty") and r["focusNode"].endswith("by-am-2018") for r in results), results


CONTEXT: Final = f'"@context": {{"@base": "{DEFAULT_BASE}", "coop": "{DEFAULT_BASE}ontology#", "to": "coop:hasParty"}}'
DROPPED: Final = {
    f'{{{CONTEXT}, "@id": "id/agreement/x",\n "hasPartty": 1}}': (2, 2, "'hasPartty'"),
    f'{{{CONTEXT}, "@id": "id/agreement/x",\n "@kind": 1, "coop:value": 1}}': (2, 2, "'@kind'"),
    f'{{{CONTEXT}, "@graph": [{{"@id": "id/x", "coop:value": {{\n"toe": 1}}}}]}}': (2, 1, "'toe'"),
    f'{{"@context": "{DEFAULT_BASE}context.jsonld",\n "prefLabel": "x", "coop:value": 1}}': (2, 2, "'prefLabel'"),
    '{"@context": [{"p": "http://x/p"}, null, {"q": "http://x/q"}], "@id": "http://x/1", "q": 1,\n "p": 1}': (
        2,
        2,
        "'p'",
    ),
    '{"@context": {"p": "http://x/p"}, "@id": "http://x/1", "p": {"@context": null,\n "p": 1}}': (2, 2, "'p'"),
}
KEPT: Final = (
    f'{{{CONTEXT}, "@id": "id/x", "coop:value": 1, "to": {{"@id": "id/y"}}}}',
    '{"@context": {"@vocab": "http://x/"}, "@id": "http://x/1", "anything": 1}',
    '{"@context": {"left": null, "p": "http://x/p"}, "@id": "http://x/1", "left": 1, "p": {"@list": [1, {"p": 2}]}}',
    '{"@context": {"n": {"@id": "http://x/n", "@container": "@language"}}, "@id": "http://x/1", "n": {"en": "x"}}',
    '{"@context": {"n": {"@id": "http://x/n", "@container": "@index"}}, "@id": "http://x/1", "n": {"one": {"n": "x"}}}',
    '{"@context": {"j": {"@id": "http://x/j", "@type": "@json"}}, "@id": "http://x/1", "j": {"any": 1}}',
    '{"@context": {"T": {"@id": "http://x/T", "@context": {"p": "http://x/p"}}}, "@type": "T", "p": 1}',
    '{"@context": {"p": {"@id": "http://x/p", "@context": {"q": "http://x/q"}}}, "@id": "http://x/1", "p": {"q": 1}}',
    (
        '{"@context": {"p": {"@id": "http://x/p", "@context": [{"q": "http://x/q"}, {"r": "http://x/r"}]}},'
        ' "@id": "http://x/1", "p": {"q": 1, "r": 1}}'
    ),
    (
        '{"@context": {"A": {"@id": "http://x/A", "@context": [{"p": "http://x/p"}]}, "B": "http://x/B"},'
        ' "@type": ["A", "B"], "p": 1}'
    ),
)


@pytest.mark.parametrize("text", DROPPED)
def test_a_key_of_json_ld_that_means_nothing_is_an_error_with_its_place(text: str) -> None:
    line, column, words = DROPPED[text]
    document = Document("c.jsonld", text.encode(), ox.RdfFormat.JSON_LD, DEFAULT_BASE)
    with pytest.raises(RdfSyntaxError, match=words) as caught:
        read(document)
    assert (caught.value.members["line"], caught.value.members["column"]) == (line, column)
    issues, _ = syntax_errors(document)
    assert [(issue.place.line, issue.place.column) for issue in issues] == [(line, column)]


@pytest.mark.parametrize("text", KEPT)
def test_a_key_that_means_something_or_is_left_out_on_purpose_is_none(text: str) -> None:
    assert read(Document("c.jsonld", text.encode(), ox.RdfFormat.JSON_LD, DEFAULT_BASE)).quads


def test_only_what_is_added_is_reported(door: Door) -> None:
    """A triple that the graph has already is nothing new, and an unlicensed one of a published node is not ours."""
    assert door.put("country:BY a coop:Country .") == []


def test_the_published_facts_are_licensed_each(licences: Licences) -> None:
    manifest = read_manifest(find_published())
    facts = replace_manifest(manifest, lambda file: file.startswith("data/") and file != "data/catalog.ttl")
    added = list(read_quads(find_published(), facts))
    everything = Graph(read_quads(find_published(), manifest))
    assert len(added) > 5000
    report = licences.check(added, everything, lambda _node, _graph: None)
    assert [str(result.messages["en"]) for result in report.results] == []


def replace_manifest(manifest: Any, keep: Any) -> Any:  # noqa: ANN401 - rows of the manifest
    return tuple(entry for entry in manifest if keep(entry.file))


def test_the_list_of_terms_is_what_the_vocabularies_define() -> None:
    named = {STANDARD_PREFIXES[prefix]: frozenset(names) for prefix, names in vocabulary_terms.terms().items()}
    assert terms_by_namespace() == named


def test_near_misses_and_other_bases() -> None:
    assert near_misses("tittle", {"title", "titleX", "subject"}) == ["title", "titleX"]
    assert near_misses("x" * 10_000, {"x"}) == []
    assert of_another_base(f"{OTHER}id/country/BY", DEFAULT_BASE) == (OTHER, "id/country/BY")
    assert of_another_base(f"{DEFAULT_BASE}graph/x", OTHER) == (DEFAULT_BASE, "graph/x")
    assert of_another_base("http://www.wikidata.org/entity/Q1", DEFAULT_BASE) is None
    assert of_another_base(f"{DEFAULT_BASE}id/country/BY", DEFAULT_BASE) is None


@pytest.mark.parametrize("name", ["12-unknown-own-property", "57-schema-poison", "59-inverse-party", "foreign"])
def test_the_command_refuses_the_same(tmp_path: Path, name: str) -> None:
    text = {"12": REFUSED["unknown property"], "57": REFUSED["subclass"], "59": REFUSED["inverse"]}
    turtle, words = text.get(name[:2], REFUSED["foreign property"])
    file = tmp_path / "c.ttl"
    declared = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in prefixes().items())
    file.write_text(declared + turtle, encoding="utf-8")
    done = run_coopkg("validate", "-f", "json", str(file))
    assert done.returncode == 1, done.stderr
    assert any(words in result["message"] for result in json.loads(done.stdout)["results"])


def test_without_the_shape_of_contributions_no_server_starts_that_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that lacks the file, as one of an earlier version does, would license everything."""
    small = SmallHome(tmp_path)
    small.publish()
    for path in find_published(small.settings.published).licences():
        path.unlink()
    with pytest.raises(DatasetBroken, match=r"shapes/contribution/contribution\.ttl"):
        open_licences(find_published(small.settings.published), DEFAULT_BASE)
    command = ["serve", "--bind", f"127.0.0.1:{free_port()}", "--home", str(small.home), "--alignments", "none"]
    monkeypatch.setenv("COOPKG_PUBLISHED", str(small.settings.published))
    done = run_coopkg(*command)
    assert done.returncode == 3
    assert "shapes/contribution/contribution.ttl" in done.stderr
    assert "Traceback" not in done.stderr
