"""Pages of things, sources and terms: facts with their evidence, quotations, what is not stated; nothing hostile."""

from __future__ import annotations

import gzip
import hashlib
import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from addresses import HTML
from conftest import BASE, opened
from coopkg.answers.evidence.source_texts import LARGEST, Segment, merged, quotation, read_source_texts, segments, state
from coopkg.answers.ontology_terms import vocabulary
from coopkg.dataset.store import load_dataset
from coopkg.settings import Settings
from coopkg.web.app import create_app
from coopkg.web.charts import coverage
from coopkg.web.forms.outline import outline
from coopkg.web.parts.neighbourhood import COUNTED
from running import made

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from coopkg.answers.service import Service

COOP = f"{BASE}ontology#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
OA = "http://www.w3.org/ns/oa#"
PROV = "http://www.w3.org/ns/prov#"
TEXT = "Алесь met Bob in Minsk. They signed, and they smiled."


@pytest.fixture(scope="module")
def client(service: Service) -> FlaskClient:
    return create_app(service=service).test_client()


def get(client: FlaskClient, path: str) -> str:
    response = client.get(path, headers=HTML)
    assert response.status_code == 200, path
    return response.data.decode()


def fact(page: str, prop: str, value: str) -> str:
    """Give the element that shows a value of a property of our ontology."""
    found = [dd for dd in re.findall(r"<dd.*?</dd>", page, re.DOTALL)
             if f'property="{COOP}{prop}"' in dd and f'resource="{BASE}{value}"' in dd]  # fmt: skip
    assert len(found) == 1, (prop, value)
    return str(found[0])


def test_facts_stand_in_the_groups_of_the_shapes(client: FlaskClient, service: Service) -> None:
    page = get(client, "/id/project/supertwin")
    headings = re.findall(r"<h2>([^<]+)</h2>", page)
    names = [words["en"] for _, words in outline(service).groups]
    assert [h for h in headings if h in names] == [n for n in names if n in headings]
    who = page.split("<h2>Who</h2>")[1].split("</section>")[0]
    assert f'property="{COOP}involvesCountry"' in who
    assert f'property="{COOP}cooperatesWith"' in get(client, "/id/country/BY").split("<h2>Who</h2>")[1].split("<h2>")[0]


def test_a_fact_leads_to_the_claim_that_says_it_and_to_its_place(client: FlaskClient) -> None:
    page = get(client, "/id/project/supertwin")
    assert 'href="#high-tech-country-099">claim 99<' in fact(page, "involvesCountry", "id/country/CH")
    assert 'href="#high-tech-country-096">claim 96<' in fact(page, "hasStatus", "id/status/ongoing")
    claim = page.split('<li id="high-tech-country-099">')[1].split("</li>")[0]
    assert "Switzerland takes part in the project SUPERTWIN." in claim
    assert "Article" in claim
    assert "Asserted" in claim
    assert "<blockquote>" not in page
    place = re.search(r'href="(/source/[^"]+)">characters 6,133', claim)
    assert place is not None
    target, _, anchor = html.unescape(place[1]).partition("#")
    assert f'<li id="{anchor}">' in get(client, target)


def test_a_fact_that_no_passage_says_leads_to_what_it_is_derived_from(client: FlaskClient) -> None:
    found = fact(get(client, "/id/commission/by-ge"), "hasParty", "id/country/GE")
    assert 'href="#high-tech-country-107">derived from claim 107, 110<' in found


def test_a_fact_with_a_source_of_its_own_leads_to_it(client: FlaskClient) -> None:
    found = fact(get(client, "/id/country/FR"), "isMemberOf", "id/body/european-union")
    assert 'href="http://publications.europa.eu/resource/authority/country"' in found


def test_a_claim_says_in_words_which_triples_it_supports(client: FlaskClient) -> None:
    supported = fact(get(client, "/id/claim/high-tech-country-099"), "supports", "id/triple/high-tech-country-099-3")
    assert "SUPERTWIN involves country Switzerland" in supported
    assert "<h1><bdi>SUPERTWIN involves country Switzerland</bdi>" in get(client, "/id/triple/high-tech-country-099-3")


def test_statements_of_triples_are_no_neighbours_of_a_thing(client: FlaskClient) -> None:
    leading = get(client, "/id/country/BY").split("What leads here")[1]
    assert "rdf:object" not in leading
    assert "id/triple/" not in leading


def test_what_is_known_from_a_register_says_so(client: FlaskClient) -> None:
    page = get(client, "/id/country/BY")
    row = page.split(f'property="{COOP}isoAlpha2"')[1].split("</dd>")[0]
    assert 'href="/graph/reference"' in row
    assert "claim" not in row


def test_what_is_inferred_is_marked_in_words_and_proved(client: FlaskClient) -> None:
    found = fact(get(client, "/id/project/supertwin"), "involvesCountry", "id/country/BY")
    assert found.startswith('<dd class="inferred">')
    assert ">inferred</a>" in found
    assert "/explain?" in found


def test_what_the_shapes_want_and_nobody_states_is_not_blank(service: Service) -> None:
    dataset = load_dataset(Settings())
    for quad in list(dataset.store.quads_for_pattern(ox.NamedNode(f"{BASE}id/country/RS"), None, None)):
        if quad.predicate.value == f"{SKOS}exactMatch":
            dataset.store.remove(quad)
    page = get(create_app(service=opened(dataset)).test_client(), "/id/country/RS")
    row = page.split("is the same as")[1].split("</div>")[0]
    assert "not stated in sources" in row
    assert f"{SKOS}exactMatch" in outline(service).wanted([f"{COOP}Country"])
    assert "not stated in sources" not in get(create_app(service=service).test_client(), "/id/country/RS")


def test_a_thing_is_shown_in_the_language_of_the_visitor(client: FlaskClient) -> None:
    page = get(client, "/id/project/supertwin?lang=be")
    assert "<h2>Хто</h2>" in page
    assert "Швейцарыя" in page
    assert "У праекце SUPERTWIN удзельнічае Швейцарыя." in page
    spelt = get(client, "/id/country/BY?lang=ru")
    assert 'lang="be">Рэспубліка Беларусь</bdi><span class="tongue">be</span>' in spelt


def test_what_leads_to_a_thing_is_counted_and_the_rest_is_a_query(client: FlaskClient) -> None:
    page = get(client, "/id/country/BY")
    leads = page.split("What leads here")[1]
    party = leads.split("has party")[1].split("</div>")[0]
    number = re.search(r"the first 6 of (\d+): list all", party)
    query = re.search(r'href="(/query[^"]+)"', party)
    assert number is not None
    assert query is not None
    listed = get(client, html.unescape(query[1]))
    assert f"{number[1]} rows" in listed


def test_a_hub_is_counted_up_to_a_bound_and_the_page_says_so() -> None:
    dataset = load_dataset(Settings())
    hub, prop = ox.NamedNode(f"{BASE}id/country/FR"), ox.NamedNode(f"{COOP}involvesCountry")
    graph = ox.NamedNode(f"{BASE}graph/reference")
    links = (ox.Quad(ox.NamedNode(f"{BASE}id/project/p{i}"), prop, hub, graph) for i in range(COUNTED + 1))
    dataset.store.bulk_extend(links)
    page = get(create_app(service=opened(dataset)).test_client(), "/id/country/FR")
    assert "Only the first 10,000 links were counted; there are more." in page
    assert "list all</a>" in page


def test_a_claim_a_graph_and_an_observation_have_pages(client: FlaskClient) -> None:
    claim = get(client, "/id/claim/high-tech-country-092")
    assert "<h1><bdi>The electrode project receives 108,000 euros.</bdi></h1>" in claim
    assert 'href="/source/high-tech-country?claim=high-tech-country-092#high-tech-country-092"' in claim
    graph = get(client, "/graph/reference")
    assert "first 250 triples" in graph
    assert "What leads here" not in graph
    observation = get(client, "/id/observation/cumulative-funding?lang=ru")
    assert 'content="6400000">6\u00a0400\u00a0000</bdi>' in observation
    assert "6,4 миллиона евро" in observation


# --- copies of sources


def test_a_copy_is_known_by_its_digest_alone(tmp_path: Path) -> None:
    (tmp_path / "any-name").write_text(TEXT, encoding="utf-8")
    (tmp_path / "latin").write_bytes(b"\xff\xfe\xfa")
    (tmp_path / "large").write_bytes(b"x" * (LARGEST + 1))
    (tmp_path / "folder").mkdir()
    assert read_source_texts(tmp_path) == {hashlib.sha256(TEXT.encode()).hexdigest(): TEXT}
    assert read_source_texts(tmp_path / "nowhere") == read_source_texts(None) == {}


def test_a_copy_is_seen_when_it_comes_and_when_it_changes(tmp_path: Path) -> None:
    states = [state(tmp_path), state(tmp_path / "nowhere"), state(None)]
    assert len(set(states)) == 1
    (tmp_path / "note").write_text(TEXT, encoding="utf-8")
    states.append(state(tmp_path))
    (tmp_path / "note").write_text(f"{TEXT}!", encoding="utf-8")
    states.append(state(tmp_path))
    assert len(set(states)) == 3


def test_who_has_a_page_without_quotations_is_given_the_one_with_them(service: Service, tmp_path: Path) -> None:
    running = replace(service, settings=replace(service.settings, sources=tmp_path))
    app = create_app(service=replace(running, derived=type(running.derived)())).test_client()
    tag = app.get("/id/project/supertwin", headers=HTML).headers["ETag"]
    assert app.get("/id/project/supertwin", headers={**HTML, "If-None-Match": tag}).status_code == 304
    (tmp_path / "note").write_text(TEXT, encoding="utf-8")
    assert app.get("/id/project/supertwin", headers={**HTML, "If-None-Match": tag}).status_code == 200


def test_a_quotation_has_the_passage_and_what_stands_around_it() -> None:
    found = quotation(TEXT, (0, 5))
    assert found is not None
    assert (found.before, found.passage) == ("", "Алесь")
    long = quotation("word " * 100, (250, 254))
    assert long is not None
    assert (long.before[:2], long.after[-1]) == ("…w", "…")
    assert quotation(TEXT, (5, 5)) is quotation(TEXT, (0, 999)) is quotation(TEXT, (-1, 3)) is None


def test_overlapping_and_nested_spans_cut_a_text_without_loss() -> None:
    found = segments("abcdefgh", [(0, 6), (2, 4), (3, 8), (5, 99)])
    assert "".join(piece.text for piece in found) == "abcdefgh"
    assert found[:3] == [Segment("ab", (0,), (0,)), Segment("c", (0, 1), (1,)), Segment("d", (0, 1, 2), (2,))]
    assert merged([(3, 8), (0, 2), (2, 3), (10, 10)]) == [(0, 8)]
    assert segments("", []) == []


def test_a_range_of_one_character_can_be_seen() -> None:
    drawn = coverage.draw(100_000, [(5, 6), (10, 500)], "x")
    assert 'width="0.2%"' in drawn.svg
    assert drawn.rows == (0, 1)


def _told(dataset_text: str, digest: str) -> list[ox.Quad]:
    """A source of 53 characters with two overlapping claims, and a project that the first one speaks of."""
    turtle = f"""
    @prefix coop: <{COOP}> . @prefix oa: <{OA}> . @prefix prov: <{PROV}> . @prefix skos: <{SKOS}> .
    <{BASE}source/note> a coop:SourceDocument ; coop:textDigest "{digest}" ; coop:textLength {len(dataset_text)} ;
      skos:prefLabel "Note"@en .
    <{BASE}id/claim/note-001> a coop:Claim ; coop:claimNumber 1 ; coop:paraphrase "They met."@en ;
      prov:wasDerivedFrom <{BASE}source/note> ; oa:hasTarget [ oa:hasSelector [ oa:start 0 ; oa:end 23 ] ] .
    <{BASE}id/claim/note-002> a coop:Claim ; coop:claimNumber 2 ; coop:paraphrase "In Minsk."@en ;
      prov:wasDerivedFrom <{BASE}source/note> ; oa:hasTarget [ oa:hasSelector [ oa:start 14 ; oa:end 35 ] ] .
    <{BASE}id/project/note> a coop:Project ; coop:hasEvidence <{BASE}id/claim/note-001> .
    <{BASE}id/project/bare> a coop:Project ; skos:prefLabel "Bare"@en .
    """
    graph = ox.NamedNode(f"{BASE}graph/source/note")
    return [ox.Quad(t.subject, t.predicate, t.object, graph) for t in ox.parse(turtle, ox.RdfFormat.TURTLE)]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A client of a server whose operator has a copy of the note."""
    folder = tmp_path_factory.mktemp("copies")
    (folder / "note.txt").write_text(TEXT, encoding="utf-8")
    dataset = load_dataset(Settings())
    dataset.store.extend(_told(TEXT, hashlib.sha256(TEXT.encode()).hexdigest()))
    running = opened(dataset)
    return create_app(service=replace(running, settings=replace(running.settings, sources=folder))).test_client()


def test_a_passage_is_quoted_where_the_operator_has_a_copy(copied: FlaskClient) -> None:
    page = get(copied, "/id/project/note")
    assert "<mark>Алесь met Bob in Minsk.</mark> They signed" in page


def test_a_source_is_shown_with_its_claims_in_its_text(copied: FlaskClient) -> None:
    page = get(copied, "/source/note")
    assert "The claims cover 66" in page
    box = page.split('<div class="text"')[1].split("</div>")[0]
    assert re.sub(r"<a .*?</a>|<[^>]+>|^[^>]*>", "", box) == TEXT
    assert '<mark class="deep">in Minsk.</mark>' in box
    assert [anchor in page for anchor in ('<li id="note-001">', '<li id="note-002">')] == [True, True]
    bare = page.split('<section id="bare">')[1]
    assert 'href="/id/project/bare"' in bare
    assert 'href="/id/project/note"' not in bare


def test_without_a_copy_a_source_gives_places_and_no_words(client: FlaskClient) -> None:
    page = get(client, "/source/high-tech-country")
    assert '<div class="text"' not in page
    assert "No copy of the text was supplied" in page
    assert "None: everything in the graphs of this source" in page
    starts = [int(s.replace(",", "")) for s in re.findall(r"characters ([\d,]+)–", page)]
    assert starts == sorted(starts)
    assert len(starts) == 30
    last = get(client, "/source/high-tech-country?claim=high-tech-country-104")
    assert '<li id="high-tech-country-104">' in last


@pytest.mark.parametrize("number", ["0", "-1", "99999", "x", "9" * 40])
def test_a_page_of_claims_that_is_not_there_is_one_that_is(client: FlaskClient, number: str) -> None:
    assert '<ol class="claims"><li id="' in get(client, f"/source/high-tech-country?from={number}")


def test_the_true_source_is_quoted_and_stays_small(service: Service, shared: Path) -> None:
    running = replace(service, settings=replace(service.settings, sources=shared / "source"))
    app = create_app(service=replace(running, derived=type(running.derived)())).test_client()
    pages = [get(app, f"/source/high-tech-country?from={n}&lang=be") for n in (1, 31, 61, 91, 121)]
    assert all(len(gzip.compress(page.encode(), 6)) <= 12 * 1024 for page in pages)
    assert all('<div class="text"' in page for page in pages)
    assert "<mark>Switzerland</mark>" in get(app, "/id/project/supertwin")


# --- the ontology


def test_the_terms_are_told_in_one_language(client: FlaskClient, service: Service) -> None:
    for language in ("en", "ru", "be"):
        page = get(client, f"/ontology?lang={language}")
        for term in vocabulary(service).values():
            assert f'<li id="{term.name}"' in page
        others = {text for term in vocabulary(service).values() for code, text in term.labels.items()
                  if code != language and text != term.labels[language] and len(text) > 12}  # fmt: skip
        listed = set(re.findall(r'rdf-schema#label" lang="\w+">([^<]+)<', page))
        assert len(listed) > 100
        assert not {html.unescape(text) for text in listed} & (
            others - {t.labels[language] for t in vocabulary(service).values()}
        )


def test_a_term_has_its_constraints_in_words(client: FlaskClient) -> None:
    page = get(client, "/ontology?term=Country")
    code = page.split("ISO 3166-1 alpha-2 code")[-1].split("</div>")[0]
    assert "how many values at most: <code>1</code>" in code
    assert "spelt by the pattern <code>^[A-Z]{2}$</code>" in code
    assert "(recommended)" in page
    assert 'href="https://schema.org/Country"' in page
    prop = get(client, "/ontology?term=isSessionOf")
    assert "Its values are" in prop
    assert client.get("/ontology?term=Nope", headers=HTML).status_code == 404


def test_a_missing_translation_is_flagged(service: Service) -> None:
    dataset = load_dataset(Settings())
    node = ox.NamedNode(f"{COOP}Country")
    for quad in list(dataset.store.quads_for_pattern(node, None, None)):
        if isinstance(quad.object, ox.Literal) and quad.object.language == "be":
            dataset.store.remove(quad)
    app = create_app(service=opened(dataset)).test_client()
    page = get(app, "/ontology?term=Country&lang=be")
    assert "няма назвы па-беларуску" in page
    assert "няма азначэння па-беларуску" in page
    assert "Страна" not in page
    assert "не перакладзена" in get(app, "/ontology?lang=be").split('<li id="Country"')[1].split("</li>")[0]
    assert "няма назвы" not in get(create_app(service=service).test_client(), "/ontology?term=Country&lang=be")


# --- history, and what is hostile


@pytest.mark.slow
def test_the_history_of_a_thing_leads_to_what_touched_it(tmp_path: Path) -> None:
    running = made(tmp_path / "home")
    try:
        added = running.add(f'<{BASE}id/country/BY> <{SKOS}note> "touched"@en .', Message="A note on Belarus")
        assert added.status == 201, added.body
        page = running.ask("GET", "/id/country/BY", Accept="text/html").body.decode()
        assert 'href="/changes/2"' in page.split("<h2>History</h2>")[1]
        other = running.ask("GET", "/id/country/FR", Accept="text/html").body.decode()
        assert "The last 1 change did not touch it." in other
    finally:
        running.stop()


@pytest.mark.parametrize(
    "path",
    ["/id/country/'onclick='alert(1)", "/id/country/RS", "/source/evil", "/graph/reference", "/ontology",
     "/ontology?term=Evil"],
)  # fmt: skip
def test_hostile_data_are_harmless(path: str) -> None:
    dataset = load_dataset(Settings())
    evil, graph = ox.NamedNode(f"{BASE}id/country/'onclick='alert(1)"), ox.NamedNode(f"{BASE}graph/reference")
    text = "\u202e<script>alert(1)</script>" + "y" * 10_000
    label = ox.NamedNode(f"{SKOS}prefLabel")
    term = ox.NamedNode(f"{COOP}Evil")
    rdfs = "http://www.w3.org/2000/01/rdf-schema#"
    for subject, predicate, value in (
        (evil, label, ox.Literal(text, language="en")),
        (evil, ox.NamedNode(RDF_TYPE), ox.NamedNode("javascript:alert(1)")),
        (evil, ox.NamedNode(f"{SKOS}exactMatch"), ox.NamedNode("javascript:alert(1)")),
        (evil, ox.NamedNode(f"{COOP}hasParty"), ox.NamedNode(f"{BASE}id/country/RS")),
        (ox.NamedNode(f"{BASE}source/evil"), ox.NamedNode(f"{COOP}textLength"), ox.Literal(text)),
        (ox.NamedNode(f"{BASE}source/evil"), label, ox.Literal(text, language="en")),
        (term, ox.NamedNode(RDF_TYPE), ox.NamedNode("http://www.w3.org/2002/07/owl#Class")),
        (term, ox.NamedNode(f"{rdfs}label"), ox.Literal(text, language="en")),
        (term, ox.NamedNode(f"{rdfs}subClassOf"), ox.NamedNode("javascript:alert(1)")),
    ):
        dataset.store.add(ox.Quad(subject, predicate, value, graph))
    page = get(create_app(service=opened(dataset)).test_client(), path)
    data = r' content="[^"]*"|<script type="application/ld\+json">.*?</script>'  # what programs read is left as it is
    shown = re.sub(data, "", page, flags=re.DOTALL)
    assert "<script>" not in page
    assert "\u202e" not in shown
    assert " onclick='" not in shown
    assert 'href="javascript' not in shown
    assert not re.search("y{1100}", shown)
