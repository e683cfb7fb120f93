"""Statements of RDF 1.1 and reifiers of RDF 1.2: what says the same, and what is no triple."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from coopkg.rdf.formats import GRAPH_FORMATS, RDF_1_2_FORMATS, Format, by_name, serialize_triples
from coopkg.rdf.namespaces import STANDARD_PREFIXES
from coopkg.rdf.reification import as_statements, reifiers

PREFIXES = {"rdf": STANDARD_PREFIXES["rdf"], "e": "http://e/"}
HEAD = "".join(f"PREFIX {name}: <{iri}> " for name, iri in PREFIXES.items())
WHOLE = "e:t a rdf:Statement ; rdf:subject e:s ; rdf:predicate e:p ; rdf:object {} ."
OBJECTS = ("e:o", '"да\\n"@ru', "1.10", '"x"', '"ab"@en--ltr', '"a<b>&amp;"^^rdf:HTML', "<<( e:s e:p e:o )>>")
BROKEN = (
    "e:t rdf:subject e:s ; rdf:predicate e:p ; rdf:object e:o .",
    "e:t a rdf:Statement ; rdf:predicate e:p ; rdf:object e:o .",
    "e:t a rdf:Statement ; rdf:subject e:s ; rdf:object e:o .",
    "e:t a rdf:Statement ; rdf:subject e:s ; rdf:predicate e:p .",
    "e:t a rdf:Statement ; rdf:subject e:s, e:other ; rdf:predicate e:p ; rdf:object e:o .",
    "e:t a rdf:Statement ; rdf:subject e:s ; rdf:predicate e:p, e:q ; rdf:object e:o .",
    "e:t a rdf:Statement ; rdf:subject e:s ; rdf:predicate e:p ; rdf:object e:o, e:other .",
    "e:t a rdf:Statement ; rdf:subject e:s ; rdf:predicate e:p ; rdf:object 1.0, 1.00 .",
    "e:t a rdf:Statement ; rdf:subject 'text' ; rdf:predicate e:p ; rdf:object e:o .",
    "e:t a rdf:Statement ; rdf:subject <<( e:s e:p e:o )>> ; rdf:predicate e:p ; rdf:object e:o .",
    "e:t a rdf:Statement ; rdf:subject e:s ; rdf:predicate 'text' ; rdf:object e:o .",
    "e:t a rdf:Statement ; rdf:subject e:s ; rdf:predicate _:b ; rdf:object e:o .",
    "e:t a e:Statement ; rdf:subject e:s ; rdf:predicate e:p ; rdf:object e:o .",
)


def triples(text: str) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse((HEAD + text).encode(), ox.RdfFormat.TURTLE)]


def graph(found: list[ox.Triple]) -> ox.Dataset:
    """Give a graph that can be compared, whatever its blank nodes are called."""
    dataset = ox.Dataset(ox.Quad(t.subject, t.predicate, t.object) for t in found)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return dataset


@pytest.mark.parametrize("value", [*OBJECTS, "_:b"])
def test_a_statement_has_a_reifier_of_the_same_triple(value: str) -> None:
    both = triples(WHOLE.format(value) + f" e:t rdf:reifies <<( e:s e:p {value} )>> .")
    said = [t for t in both if t.predicate != ox.NamedNode(PREFIXES["rdf"] + "reifies")]
    assert [*reifiers(iter(said))] == [t for t in both if t not in said]


def test_the_subject_of_a_statement_and_the_statement_may_be_blank() -> None:
    found = list(reifiers(triples("[ a rdf:Statement ; rdf:subject [] ; rdf:predicate e:p ; rdf:object [] ] .")))
    assert len(found) == 1
    assert isinstance(found[0].object, ox.Triple)


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_complete_statement_has_no_reifier(text: str) -> None:
    assert list(reifiers(triples(text))) == []
    other = WHOLE.replace("e:t", "e:whole").format("e:o")
    assert [t.subject.value for t in reifiers(triples(text + other))] == ["http://e/whole"]


@pytest.mark.parametrize("fmt", RDF_1_2_FORMATS, ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("value", OBJECTS)
def test_what_is_written_is_what_is_read(fmt: Format, value: str) -> None:
    said = triples(WHOLE.format(value))
    plain = by_name(fmt.name.partition("?")[0])
    assert plain is not None
    assert plain in GRAPH_FORMATS
    read = [quad.triple for quad in ox.parse(serialize_triples(said, fmt, PREFIXES), fmt.rdf)]
    assert graph(read) == graph([*said, *reifiers(said)])
    # Nothing is said twice, by whoever has the reifier already.
    assert serialize_triples([*said, *reifiers(said)], fmt, PREFIXES) == serialize_triples(said, fmt, PREFIXES)
    assert serialize_triples(iter(said), fmt, PREFIXES) == serialize_triples(said, fmt, PREFIXES)
    if not value.startswith("<<"):
        without = [quad.triple for quad in ox.parse(serialize_triples(said, plain, PREFIXES), plain.rdf)]
        assert graph(without) == graph(said)


def test_json_ld_has_no_form_for_rdf_1_2() -> None:
    assert {fmt.name.partition("?")[0] for fmt in RDF_1_2_FORMATS} == {fmt.name for fmt in GRAPH_FORMATS} - {"jsonld"}
    assert by_name("jsonld?version=1.2") is None


def quads(text: str) -> set[ox.Quad]:
    return {ox.Quad(t.subject, t.predicate, t.object, ox.NamedNode("http://e/g")) for t in triples(text)}


@pytest.mark.parametrize("value", OBJECTS)
def test_a_reifier_is_read_as_a_statement_in_its_graph(value: str) -> None:
    reifier, statement = quads(f"e:t rdf:reifies <<( e:s e:p {value} )>> ."), quads(WHOLE.format(value))
    assert set(as_statements(reifier)) == statement
    assert set(as_statements(reifier | statement)) == statement


def test_other_triples_stay_as_they_are() -> None:
    found = quads("e:a e:p <<( e:s e:p e:o )>> ; rdf:reifies e:o, 'text' .")
    assert set(as_statements(found)) == found


def test_what_stands_in_short_forms_is_read_too() -> None:
    found = set(as_statements(quads("e:s e:p e:o ~ e:t {| e:by e:x |} .")))
    assert found == quads(f"{WHOLE.format('e:o')} e:s e:p e:o . e:t e:by e:x .")


def test_a_reifier_of_two_triples_is_a_statement_of_none() -> None:
    found = list(as_statements(quads("e:t rdf:reifies <<( e:s e:p e:o )>>, <<( e:s2 e:p e:o )>> .")))
    assert list(reifiers(quad.triple for quad in found)) == []
