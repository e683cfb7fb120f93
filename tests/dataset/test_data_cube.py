"""The data sets hold to the 21 integrity constraints of the RDF Data Cube vocabulary (section 11), in our own words.

Each query asks for a breach. Constraints 17, 20 and 21 are about features that are not used: their queries say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest

from contribution_texts import claiming
from coopkg.dataset.changes import POST, Change, Payload
from coopkg.dataset.document_validation import private_copy
from coopkg.dataset.licences import open_licences
from coopkg.dataset.process import compute_change
from coopkg.dataset.published_files import find_published
from coopkg.errors import DoesNotConform
from coopkg.rdf.namespaces import CONTRIBUTIONS, DEFAULT_BASE, prefixes
from coopkg.shacl.gate import open_gate

if TYPE_CHECKING:
    from coopkg.dataset.store import Dataset

PREFIXES: Final = """
PREFIX qb: <http://purl.org/linked-data/cube#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""
BREACHES: Final = {
    1: """
        ASK {{ ?obs a qb:Observation . FILTER NOT EXISTS { ?obs qb:dataSet ?d . ?d a qb:DataSet } } UNION {
        ?obs a qb:Observation ; qb:dataSet ?d1, ?d2 . FILTER(?d1 != ?d2) }}
    """,
    2: """
        ASK {{ ?d a qb:DataSet . FILTER NOT EXISTS { ?d qb:structure ?s . ?s a qb:DataStructureDefinition } }
        UNION { ?d a qb:DataSet ; qb:structure ?a, ?b . FILTER(?a != ?b) }}
    """,
    3: """
        ASK { ?dsd a qb:DataStructureDefinition . FILTER NOT EXISTS { ?dsd qb:component [ qb:componentProperty
        [ a qb:MeasureProperty ] ] } }
    """,
    4: """
        ASK { ?dim a qb:DimensionProperty . FILTER NOT EXISTS { ?dim rdfs:range [] } }
    """,
    5: """
        ASK { ?dim a qb:DimensionProperty ; rdfs:range skos:Concept . FILTER NOT EXISTS { ?dim qb:codeList []
        } }
    """,
    6: """
        ASK { ?dsd qb:component ?c . ?c qb:componentRequired "false"^^xsd:boolean ; qb:componentProperty ?p .
        FILTER NOT EXISTS { ?p a qb:AttributeProperty } }
    """,
    7: """
        ASK { ?k a qb:SliceKey . FILTER NOT EXISTS { [ a qb:DataStructureDefinition ] qb:sliceKey ?k } }
    """,
    8: """
        ASK { ?k a qb:SliceKey ; qb:componentProperty ?p . ?dsd qb:sliceKey ?k . FILTER NOT EXISTS { ?dsd
        qb:component [ qb:componentProperty ?p ] } }
    """,
    9: """
        ASK {{ ?s a qb:Slice . FILTER NOT EXISTS { ?s qb:sliceStructure ?k } } UNION { ?s a qb:Slice ;
        qb:sliceStructure ?a, ?b . FILTER(?a != ?b) }}
    """,
    10: """
        ASK { ?s qb:sliceStructure [ qb:componentProperty ?d ] . FILTER NOT EXISTS { ?s ?d ?v } }
    """,
    11: """
        ASK { ?obs qb:dataSet/qb:structure/qb:component/qb:componentProperty ?d . ?d a qb:DimensionProperty .
        FILTER NOT EXISTS { ?obs ?d ?v } }
    """,
    12: """
        ASK { ?o1 a qb:Observation ; qb:dataSet ?ds . ?o2 a qb:Observation ; qb:dataSet ?ds . FILTER(STR(?o1)
        < STR(?o2))  FILTER NOT EXISTS { ?ds qb:structure/qb:component/qb:componentProperty ?d . ?d a
        qb:DimensionProperty . ?o1 ?d ?v1 . ?o2 ?d ?v2 FILTER(?v1 != ?v2) } }
    """,
    13: """
        ASK { ?obs qb:dataSet/qb:structure/qb:component ?c . ?c qb:componentRequired "true"^^xsd:boolean ;
        qb:componentProperty ?a . FILTER NOT EXISTS { ?obs ?a ?v } }
    """,
    14: """
        ASK { ?obs qb:dataSet/qb:structure ?dsd . FILTER NOT EXISTS { ?dsd qb:component/qb:componentProperty
        qb:measureType } ?dsd qb:component/qb:componentProperty ?m . ?m a qb:MeasureProperty . FILTER NOT
        EXISTS { ?obs ?m ?v } }
    """,
    15: """
        ASK { ?obs qb:dataSet/qb:structure ?dsd . ?dsd qb:component/qb:componentProperty qb:measureType . ?obs
        qb:measureType ?m . FILTER NOT EXISTS { ?obs ?m ?v } }
    """,
    16: """
        ASK { ?obs qb:dataSet/qb:structure ?dsd . ?dsd qb:component/qb:componentProperty qb:measureType . ?obs
        qb:measureType ?m ; ?om ?v . ?dsd qb:component/qb:componentProperty ?om . ?om a qb:MeasureProperty .
        FILTER(?om != ?m) }
    """,
    17: """
        ASK { ?dsd qb:component/qb:componentProperty qb:measureType }
    """,
    18: """
        ASK { ?d qb:slice ?s . ?s qb:observation ?o . FILTER NOT EXISTS { ?o qb:dataSet ?d } }
    """,
    19: """
        ASK { ?obs qb:dataSet/qb:structure/qb:component/qb:componentProperty ?d . ?d qb:codeList ?l . ?l a
        skos:ConceptScheme . ?obs ?d ?v . FILTER NOT EXISTS { ?v a skos:Concept ; skos:inScheme ?l } }
    """,
    20: """
        ASK { ?h a qb:HierarchicalCodeList }
    """,
    21: """
        ASK { ?d qb:codeList/qb:parentChildProperty ?x }
    """,
}


NORMALIZE: Final = """
INSERT { ?component qb:componentProperty ?p . ?p a ?kind } WHERE {
  VALUES (?short ?kind) {
    (qb:dimension qb:DimensionProperty) (qb:measure qb:MeasureProperty) (qb:attribute qb:AttributeProperty)
  }
  ?component ?short ?p
}
"""
"""The part of the vocabulary's normalization (section 10) that our data sets need: the short forms spelt out."""


OBSERVATION_OF_A_TEST: Final = ox.NamedNode(f"{DEFAULT_BASE}id/observation/test")


def as_cube(served: ox.Store) -> ox.Store:
    """Give all triples in one graph, normalized."""
    store = ox.Store()
    store.extend(ox.Quad(q.subject, q.predicate, q.object) for q in served)
    store.update(PREFIXES + NORMALIZE)
    return store


@pytest.fixture
def cube(dataset: Dataset) -> ox.Store:
    return as_cube(dataset.view(entailment=True))


def test_all_of_them_are_here() -> None:
    assert sorted(BREACHES) == list(range(1, 22))


@pytest.mark.parametrize("number", BREACHES)
def test_integrity_constraint(number: int, cube: ox.Store) -> None:
    assert not bool(cube.query(PREFIXES + BREACHES[number]))


ANOTHER_VALUE: Final = (
    claiming(*(f"observation:test {fact}" for fact in (
        "coop:hasMeasure measure:joint-projects", "coop:hasReferenceArea country:BY",
        "coop:hasCounterpart country:CN", "coop:hasReferencePeriod period:publication",
        "coop:value 29", "coop:hasUnit unit:projects", "coop:hasBound bound:exactly",
    )))
    + """
observation:test a coop:Observation, qb:Observation ; qb:dataSet dataset:bilateral ;
    coop:hasMeasure measure:joint-projects ; coop:hasReferenceArea country:BY ; coop:hasCounterpart country:CN ;
    coop:hasReferencePeriod period:publication ; coop:value 29 ; coop:hasUnit unit:projects ;
    coop:hasBound bound:exactly ; coop:hasCertainty certainty:asserted ; coop:hasEvidence claim:test-001 ;
    skos:prefLabel "Joint projects with China after another source"@en, "Сумесныя праекты з Кітаем"@be,
        "Совместные проекты с Китаем и другой источник"@ru .
"""
)  # fmt: skip
"""An observation with all dimensions of the published joint-projects-cn, which another source gives."""


@pytest.mark.parametrize("source", ["belta-2019-04-29", "high-tech-country"])
def test_a_value_of_another_source_keeps_the_cube_well_formed(dataset: Dataset, source: str) -> None:
    """A second value of the same source is refused by the gate, since nothing tells the two apart (constraint 12)."""
    ground, gate = private_copy(dataset), open_gate(find_published().shapes(), DEFAULT_BASE)
    declared = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes(DEFAULT_BASE).items())
    text = declared + ANOTHER_VALUE.replace("belta-2019-04-29", source)
    payload = Payload(text, "ttl", DEFAULT_BASE, "c.ttl")
    change = Change(POST, graph=DEFAULT_BASE + CONTRIBUTIONS, base=DEFAULT_BASE, payloads=(payload,), contribution=True)
    licences = open_licences(find_published(), DEFAULT_BASE)
    if source == "high-tech-country":
        with pytest.raises(DoesNotConform) as refused:
            compute_change(ground, gate, change, licences)
        assert "IC-12" in str(refused.value.members["results"])
        return
    compute_change(ground, gate, change, licences)
    changed = as_cube(ground.view(entailment=True))
    assert len(list(changed.quads_for_pattern(OBSERVATION_OF_A_TEST, None, None, None))) > 15
    assert [number for number in BREACHES if changed.query(PREFIXES + BREACHES[number])] == []


def test_a_breach_is_found(cube: ox.Store) -> None:
    """Two observations with one key, and one without a dimension, are what constraints 12 and 11 are for."""
    name = ox.NamedNode("http://127.0.0.1:8000/id/observation/joint-projects-cn")
    copy = ox.NamedNode("http://e/copy")
    cube.extend([ox.Quad(copy, q.predicate, q.object) for q in cube.quads_for_pattern(name, None, None, None)])
    assert bool(cube.query(PREFIXES + BREACHES[12]))
    period = ox.NamedNode("http://127.0.0.1:8000/ontology#hasReferencePeriod")
    for quad in list(cube.quads_for_pattern(copy, period, None, None)):
        cube.remove(quad)
    assert bool(cube.query(PREFIXES + BREACHES[11]))
