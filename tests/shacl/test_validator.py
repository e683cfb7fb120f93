"""The validator on its own: what it refuses, how variables are bound beforehand, and literals as they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest

from coopkg.errors import DatasetBroken
from coopkg.rdf.graph import Graph
from coopkg.rdf.terms import Document
from coopkg.shacl.findings import Finding
from coopkg.shacl.pre_binding import starts_from_this
from coopkg.shacl.report import Severity
from coopkg.shacl.shapes import read_shapes
from coopkg.shacl.validation import validate
from coopkg.shacl.validator import Run
from mistakes import with_mistakes
from shape_cases import all_shapes, published_quads

if TYPE_CHECKING:
    from coopkg.shacl.report import Report

PREFIXES: Final = """
@prefix ex: <http://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
EX: Final = "PREFIX ex: <http://example.org/> "


def parse(text: str) -> list[ox.Quad]:
    return list(Document("test.ttl", (PREFIXES + text).encode()).quads())


def report(data: str, shapes: str) -> Report:
    return validate(parse(data), parse(shapes))


def sparql(query: str, more: str = "") -> str:
    """Give a node shape for ex:a with a SPARQL constraint."""
    return f"ex:S sh:targetNode ex:a ; sh:sparql [ sh:select '''{EX}{query}''' ; {more} ] ."


def component(validator: str, parameters: str = "[ sh:path ex:least ]", kind: str = "validator") -> str:
    """Give a constraint component with a validator."""
    return f"ex:Component a sh:ConstraintComponent ; sh:parameter {parameters} ; sh:{kind} [ {validator} ] . "


def ask(query: str, more: str = "") -> str:
    return f"sh:ask '''{EX}{query}''' ; {more}"


def values(found: Report) -> list[str]:
    return sorted(str(r.value) for r in found.results)


TARGET: Final = "ex:S sh:targetNode ex:a ; "
REFUSED: Final = {
    "an unknown property": (TARGET + "sh:js [] .", "sh.*js is not supported"),
    "a rule": (TARGET + "sh:rule [] .", "rule is not supported"),
    "two paths": (TARGET + "sh:path ex:p, ex:q .", "more than one sh:path"),
    "a path in a circle": (TARGET + "sh:path _:p . _:p sh:inversePath _:p .", "path is not well formed"),
    "a path of no kind": (TARGET + "sh:path [ ex:p ex:q ] .", "path"),
    "a sequence of one": (TARGET + "sh:path ( ex:p ) .", "two members"),
    "a node shape with a path": (TARGET + "a sh:NodeShape ; sh:path ex:p .", "a node shape has none"),
    "a property shape without one": (TARGET + "a sh:PropertyShape .", "a property shape has a path"),
    "minCount at a node shape": (TARGET + "sh:minCount 1 .", "only a property shape can have sh:minCount"),
    "a count that is none": (TARGET + "sh:path ex:p ; sh:minCount 'one' .", "sh:minCount must be a whole number"),
    "a count twice": (TARGET + "sh:path ex:p ; sh:maxCount 1, 2 .", "more than one sh:maxCount"),
    "a class without a name": (TARGET + "sh:class [] .", "sh:class must be an IRI"),
    "a kind of node that is none": (TARGET + "sh:nodeKind sh:Resource .", "a kind of node"),
    "a pattern that is none": (TARGET + "sh:pattern '(' .", "no regular expression"),
    "flags that are none": (TARGET + "sh:pattern 'a' ; sh:flags 'nonsense' .", "no regular expression"),
    "a list that breaks off": (TARGET + "sh:in _:l . _:l rdf:first 1 .", "list is not well formed"),
    "a list in a circle": (TARGET + "sh:in _:l . _:l rdf:first 1 ; rdf:rest _:l .", "list is not well formed"),
    "a language that is none": (TARGET + "sh:languageIn ( ex:en ) .", "languageIn must be a string"),
    "a boolean that is none": (TARGET + "sh:path ex:p ; sh:uniqueLang 'yes' .", "true or false"),
    "a target without a name": ("ex:S sh:targetNode [] .", "an IRI or a literal"),
    "a message that is none": (TARGET + "sh:class ex:C ; sh:message 1 .", "no string"),
    "a severity without a name": (TARGET + "sh:severity 'bad' .", "sh:severity must be an IRI"),
    "a property without a path": (TARGET + "sh:property [ sh:class ex:C ] .", "must be a property shape"),
    "a node that has a path": (TARGET + "sh:node [ sh:path ex:p ] .", "must be a node shape"),
    "itself": (TARGET + "sh:node ex:S .", "refers to itself"),
    "itself behind others": (TARGET + "sh:or ( [ sh:not ex:S ] ) .", "refers to itself"),
    "no query": (TARGET + "sh:sparql [ sh:message 'No' ] .", "exactly one sh:select"),
    "two queries": (TARGET + "sh:sparql [ sh:select 'a', 'b' ] .", "exactly one sh:select"),
    "no SELECT": (sparql("ASK { $this ?p ?o }"), "must be a SELECT"),
    "a syntax error": (sparql("SELECT $this { $this ?p"), "cannot be used"),
    "an unfinished string": (sparql('SELECT $this { $this ?p "o }'), "cannot be used"),
    "MINUS": (sparql("SELECT $this { $this ?p ?o minus { $this ex:p ?o } }"), "has MINUS"),
    "VALUES": (sparql("SELECT $this { $this ?p ?o } VALUES ?o { 1 }"), "has VALUES"),
    "SERVICE": (sparql("SELECT $this { SERVICE ex:far { $this ?p ?o } }"), "has SERVICE"),
    "SERVICE glued to a name": (sparql("SELECT $this { $this ?p ?o . SERVICEex:far { ?a ?b ?c } }"), "not declared"),
    "SERVICE glued to SILENT": (sparql("SELECT $this { $this ?p ?o SERVICESILENT?x{} }"), "has SERVICE"),
    "a sum and an aggregate in it": (sparql("SELECT $this (SUM(MAX(?o)) AS ?x) { $this ?p ?o }"), "cannot be used"),
    "FROM": (sparql("SELECT $this FROM ex:g { $this ?p ?o }"), "names a graph"),
    "GRAPH": (sparql("SELECT $this { GRAPH ?g { $this ?p ?o } }"), "names a graph"),
    "$this bound anew": (sparql("SELECT $this { ?this2 ?p ?o BIND(?o AS ?this) }"), r"another value to \$this"),
    "$this not projected": (sparql("SELECT ?o { $this ?p ?o }"), r"does not project \$this"),
    "a sub-select without $this": (sparql("SELECT $this { { SELECT ?o { $this ?p ?o } } }"), "sub-select"),
    "a sub-select of everything": (sparql("SELECT $this { { SELECT * { $this ?p ?o } } }"), "sub-select"),
    "$PATH without a path": (sparql("SELECT $this { $this $PATH ?o }"), r"\$PATH"),
    "a severity of the query's own": (sparql("SELECT $this { $this ?p ?o }", "sh:severity sh:Info"), "severity"),
    "two kinds of query": (sparql("SELECT $this { $this ?p ?o }", "sh:ask 'b'"), "ask is not supported"),
    "a prefix with two meanings": (
        sparql("SELECT $this { $this ?p ?o }", "sh:prefixes ex:P")
        + "ex:P sh:declare [ sh:prefix 'p' ; sh:namespace 'urn:a' ], [ sh:prefix 'p' ; sh:namespace 'urn:b' ] .",
        "two namespaces",
    ),
    "a component without a validator for it": (
        component(ask("ASK {}"), kind="propertyValidator") + TARGET + "ex:least 1 .", "no validator for it",
    ),
    "a parameter bound anew": (
        component(ask("ASK { BIND(1 AS ?least) }")) + TARGET + "ex:least 1 .", r"another value to \$least",
    ),
    "two values of one of two parameters": (
        component(ask("ASK {}"), "[ sh:path ex:least ], [ sh:path ex:most ]") + TARGET + "ex:least 1, 2 ; ex:most 3 .",
        "more than one value",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_shapes_that_cannot_be_used_are_refused_by_name(what: str) -> None:
    shapes, why = REFUSED[what]
    with pytest.raises(DatasetBroken, match=why) as caught:
        read_shapes(Graph(parse(shapes)))
    assert "http://example.org/S" in str(caught.value)


@pytest.mark.parametrize(
    ("shapes", "why"),
    [
        ("ex:G sh:entailment <http://www.w3.org/ns/entailment/RDFS> .", "entailment regime"),
        (component(ask("ASK {}"), "[ sh:path ex:value ]"), "gives no name"),
        (component(ask("ASK {}"), "[ sh:path ex:a-b ]").replace("ex:a-b", "<http://example.org/>"), "gives no name"),
        (component(ask("ASK {}"), "[ sh:path ex:p ; sh:optional true ]"), "mandatory parameter"),
        (component(ask("ASK {}")) + "ex:Component sh:js ex:f .", "js is not supported"),
    ],
)
def test_a_shapes_graph_that_cannot_be_used_is_refused(shapes: str, why: str) -> None:
    with pytest.raises(DatasetBroken, match=why):
        read_shapes(Graph(parse(shapes)))


def test_words_of_a_query_that_only_look_forbidden_are_none() -> None:
    query = 'SELECT $this ?value { $this ex:minus ?value ; ex:values "SERVICE" } # MINUS {} GRAPH ?g {}'
    assert values(report('ex:a ex:minus 1 ; ex:values "SERVICE" .', sparql(query))) == [str(ox.Literal(1))]


BOUND: Final = {
    "in a filter of a nested group": "{ { FILTER(bound($this)) } FILTER($this = ex:a) }",
    "in a union": "{ { FILTER(false) } UNION { FILTER($this = ex:a) } }",
    "as the value of a variable": "{ BIND($this AS ?me) ?me ex:p ?o }",
    "in a sub-select": "{ { SELECT $this { FILTER(isIRI($this) && $this = ex:a) } } }",
    "in an optional group": "{ OPTIONAL { ?s ex:p ?o OPTIONAL { ?s ex:p ?x FILTER($this = ?s) } } FILTER(bound(?x)) }",
    "in a negation": "{ FILTER NOT EXISTS { ?s ex:p ?o FILTER($this != ?s) } }",
    "and grouped": "{ $this ex:p ?o } GROUP BY $this HAVING (COUNT(?o) > 1)",
}


@pytest.mark.parametrize("where", BOUND)
def test_this_is_bound_beforehand(where: str) -> None:
    shapes = sparql(f"SELECT $this {BOUND[where]}")
    assert not report("ex:a ex:p 1, 2 .", shapes).conforms
    assert report("ex:a ex:p 1, 2 .", shapes.replace("sh:targetNode ex:a", "sh:targetNode ex:b")).conforms


def test_a_blank_node_can_be_the_focus_node() -> None:
    shapes = sparql("SELECT $this ?value { FILTER(isBlank($this)) $this ex:p ?value }")
    found = report("[] ex:p ex:x ; ex:q 1 .", shapes.replace("sh:targetNode ex:a", "sh:targetSubjectsOf ex:p"))
    assert values(found) == ["<http://example.org/x>"]


LEAST: Final = component(ask("ASK { FILTER($value >= $least) }", "sh:message '{$value} is less than {?least}.'"))


def test_a_parameter_is_compared_as_a_number() -> None:
    equal = component(ask("ASK { FILTER($value = $least) }"))
    found = report("ex:a ex:p 1, 1.0, 1.5 .", equal + TARGET + "sh:path ex:p ; ex:least 1.00 .")
    assert values(found) == ['"1.5"^^<http://www.w3.org/2001/XMLSchema#decimal>']


def test_a_result_of_a_component_has_its_name_value_path_and_message() -> None:
    (result,) = report("ex:a ex:p 1, 3 .", LEAST + TARGET + "sh:path ex:p ; ex:least 2 .").results
    assert isinstance(result, Finding)
    assert result.component == "http://example.org/Component"
    assert result.path == "http://example.org/p"
    assert result.value == ox.Literal(1)
    assert result.messages == {"en": "1 is less than 2."}
    assert result.source_constraint is None


def test_a_component_of_one_parameter_is_a_constraint_for_each_of_its_values() -> None:
    found = report("", LEAST + "ex:S sh:targetNode 1 ; ex:least 0, 2, 3 .")
    assert values(found) == [str(ox.Literal(1))] * 2


def test_the_label_of_a_component_stands_in_for_a_message_and_the_shapes_own_message_comes_first() -> None:
    labelled = component(ask("ASK { FILTER($value >= $least) }"))
    labelled += "ex:Component sh:labelTemplate 'At least {$least}' . "
    shape = "ex:S sh:targetNode 1 ; ex:least 2 ; "
    assert report("", labelled + shape + ".").results[0].messages == {"en": "At least 2"}
    assert report("", LEAST + shape + "sh:message 'Too small'@en .").results[0].messages == {"en": "Too small"}


def test_an_optional_parameter_without_a_value_is_not_bound() -> None:
    both = "[ sh:path ex:least ], [ sh:path ex:most ; sh:optional true ]"
    shapes = component(ask("ASK { FILTER($value >= $least && (!bound($most) || $value <= $most)) }"), both)
    assert report("", shapes + "ex:S sh:targetNode 5 ; ex:least 1 .").conforms
    assert not report("", shapes + "ex:S sh:targetNode 5 ; ex:least 1 ; ex:most 3 .").conforms
    assert report("", shapes + "ex:S sh:targetNode 5 ; ex:most 3 .").conforms


def test_a_select_validator_counts_with_its_parameter() -> None:
    query = f"{EX}SELECT $this {{ $this $PATH ?o }} GROUP BY $this HAVING (COUNT(?o) < $least)"
    shapes = component(f"sh:select '''{query}'''", kind="propertyValidator") + TARGET
    assert len(report("ex:a ex:p 1, 2 .", shapes + "sh:path ex:p ; ex:least 3 .").results) == 1
    assert report("ex:a ex:p 1, 2 .", shapes + "sh:path ex:p ; ex:least 2 .").conforms


@pytest.mark.parametrize("path", ["ex:p", "( ex:p ex:q )", "[ sh:inversePath ex:p ]", "[ sh:zeroOrMorePath ex:p ]"])
def test_the_path_of_a_property_shape_stands_in_its_queries(path: str) -> None:
    data = "ex:a ex:p ex:b ; ex:q ex:c . ex:b ex:q ex:c . ex:c ex:p ex:a ."
    select = "SELECT $this ?value { $this $PATH ?value }"
    by_query = report(data, sparql(select).replace("sh:sparql", f"sh:path {path} ; sh:sparql"))
    by_core = report(data, f"{TARGET} sh:path {path} ; sh:in () .")
    assert values(by_query) == values(by_core) != []


def test_a_solution_can_give_path_and_message_of_its_own() -> None:
    query = "SELECT $this ?path ?message { $this ?path ?o BIND(CONCAT('Found ', STR(?o)) AS ?message) }"
    (result,) = report("ex:a ex:p 1 .", sparql(query, "sh:message 'Not this'")).results
    assert result.path == "http://example.org/p"
    assert result.messages == {"en": "Found 1"}


def test_a_solution_can_say_that_it_cannot_be_checked() -> None:
    with pytest.raises(DatasetBroken, match="cannot check"):
        report("ex:a ex:p 1 .", sparql("SELECT $this ?failure { $this ex:p ?o BIND(true AS ?failure) }"))


def test_a_query_can_read_the_shapes_graph() -> None:
    query = "SELECT $this ?value { GRAPH $shapesGraph { $currentShape ex:forbids ?value } $this ex:p ?value }"
    shapes = sparql(query) + "ex:S ex:forbids 2 ."
    assert values(report("ex:a ex:p 1, 2 .", shapes)) == [str(ox.Literal(2))]
    assert report("ex:a ex:p 1 .", shapes).conforms


def test_prefixes_come_over_imports() -> None:
    shapes = TARGET + "sh:sparql [ sh:select 'SELECT $this { $this far:p ?o }' ; sh:prefixes ex:P ] . "
    shapes += "ex:P owl:imports ex:Q . ex:Q sh:declare [ sh:prefix 'far' ; sh:namespace 'http://example.org/' ] ."
    assert len(report("ex:a ex:p 1 .", shapes).results) == 1


REWRITTEN: Final = ("1.10", '"007"^^xsd:byte', '"4.0"^^xsd:decimal', '"1.0E3"^^xsd:double', '"1"^^xsd:boolean',
                    '"2020-01-01T00:00:00.000Z"^^xsd:dateTime')  # fmt: skip


@pytest.mark.parametrize("literal", REWRITTEN)
def test_a_value_is_given_as_it_is_written(literal: str) -> None:
    query = "SELECT $this ?value { $this ex:p ?value }"
    written = str(parse(f"ex:a ex:p {literal} .")[0].object)
    by_node = report(f"ex:a ex:p {literal} .", sparql(query))
    by_path = report(f"ex:a ex:p {literal} .", sparql(query).replace("sh:sparql", "sh:path ex:p ; sh:sparql"))
    far = report(f"ex:a ex:q ex:b . ex:b ex:p {literal} .", sparql("SELECT $this ?value { $this ex:q/ex:p ?value }"))
    assert values(by_node) == values(by_path) == values(far) == [written]


def test_a_value_that_is_written_in_two_ways_is_two_values() -> None:
    found = report("ex:a ex:p 1.10, 1.1 .", sparql("SELECT $this ?value { $this ex:p ?value }"))
    assert [r.value.value for r in found.results if isinstance(r.value, ox.Literal)] == ["1.1", "1.10"]


def test_a_message_says_a_value_as_it_is_written() -> None:
    query = "SELECT $this ?price { $this ex:p ?price }"
    shapes = sparql(query, "sh:message '{$this} costs {?price}, not {?nothing}.'")
    (result,) = report("ex:a ex:p 1.10 .", shapes).results
    assert result.messages == {"en": "http://example.org/a costs 1.10, not {?nothing}."}


def test_a_literal_focus_node_is_given_as_it_is_written() -> None:
    shapes = sparql("SELECT $this { FILTER($this > 1) }").replace("sh:targetNode ex:a", "sh:targetNode 1.10")
    (result,) = report("", shapes).results
    assert str(result.focus) == str(result.value) == '"1.10"^^<http://www.w3.org/2001/XMLSchema#decimal>'


@pytest.mark.parametrize(
    ("literal", "datatype"), [('"5"^^xsd:byte', "byte"), ('"5"^^xsd:nonNegativeInteger', "nonNegativeInteger")]
)
def test_a_core_constraint_sees_the_datatype_that_is_written(literal: str, datatype: str) -> None:
    shapes = TARGET + "sh:path ex:p ; sh:datatype xsd:{} ."
    assert report(f"ex:a ex:p {literal} .", shapes.format(datatype)).conforms
    assert not report(f"ex:a ex:p {literal} .", shapes.format("integer")).conforms


def test_the_engine_still_rewrites_literals_within_a_query() -> None:
    """A fault of the engine that cannot be mended from here; coopkg.shacl.validator says so."""
    of_datatype = "SELECT $this { $this ex:p ?o FILTER(DATATYPE(?o) = <http://www.w3.org/2001/XMLSchema#integer>) }"
    of_text = "SELECT $this { $this ex:p ?o FILTER(STR(?o) = '1.1') }"
    assert len(report('ex:a ex:p "5"^^xsd:byte .', sparql(of_datatype)).results) == 1
    assert len(report("ex:a ex:p 1.10 .", sparql(of_text)).results) == 1


def test_a_severity_of_ones_own_counts_as_a_violation() -> None:
    (result,) = report("", TARGET + "sh:class ex:C ; sh:severity ex:Grave .").results
    assert isinstance(result, Finding)
    assert result.severity is Severity.VIOLATION
    assert result.severity_node == ox.NamedNode("http://example.org/Grave")


def test_a_shape_that_is_a_class_targets_its_instances() -> None:
    shapes = "ex:C a rdfs:Class, sh:NodeShape ; sh:nodeKind sh:Literal ."
    assert len(report("ex:a a ex:D . ex:D rdfs:subClassOf ex:C . ex:b a ex:E .", shapes).results) == 1
    assert report("ex:a a ex:C .", shapes.replace(", sh:NodeShape", "")).conforms


@pytest.mark.parametrize(
    "shapes",
    [
        TARGET + "sh:class ex:C ; sh:deactivated true .",
        TARGET + "sh:property [ sh:path ex:p ; sh:minCount 1 ; sh:deactivated true ] .",
        sparql("SELECT $this { FILTER(true) }", "sh:deactivated true"),
    ],
)
def test_what_is_deactivated_gives_no_result(shapes: str) -> None:
    assert report("", shapes).conforms
    assert not report("", shapes.replace("sh:deactivated true", "")).conforms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT $this { $this ex:p ?o OPTIONAL { $this ex:q ?x } FILTER NOT EXISTS { ?o ex:r $this } }", True),
        ("SELECT $this { ?o ex:p $this }", False),
        ("SELECT $this { $this ex:p* ?o }", False),
        ("SELECT $this { $this ex:p/ex:q* ?o }", False),
        ("SELECT $this { $this ex:p ?o . ?o ex:q* ?x }", True),
        ("SELECT $this { $this ex:p ?o { FILTER(bound($this)) } }", False),
        ("SELECT $this { $this ex:p ?o OPTIONAL { ?o ex:q ?x OPTIONAL { ?x ex:q $this } } }", False),
        ("SELECT $this { { $this ex:p ?o } UNION { $this ex:q ?o } }", True),
        ("SELECT $this { { { $this ex:p ?o } UNION { $this ex:q ?o FILTER(?o > 1) } } FILTER(?o < $this) }", True),
        ("SELECT $this { { $this ex:p ?o } UNION { ?o ex:q $this } }", False),
        ("SELECT $this { { $this ex:p ?o } UNION { FILTER(bound($this)) } }", False),
        ("SELECT $this { { $this ex:p ?o } UNION { } }", False),
        ("SELECT $this { $this ex:r ?o . { $this ex:p ?o } UNION { $this ex:q ?o } }", True),
        ("SELECT $this { $this ex:r ?o . { ?o ex:p $this } UNION { $this ex:q ?o } }", False),
        ("SELECT $this { $this ex:r ?x . { $this ex:p ?o FILTER NOT EXISTS { ?x ex:q ?y } } }", False),
        ("SELECT $this { { $this ex:p ?o FILTER NOT EXISTS { ?x ex:q ?y } } $this ex:r ?x }", False),
        ("SELECT $this { { $this ex:p ?o FILTER EXISTS { ?o ex:q ?y } } UNION { $this ex:r ?x } }", True),
        ("SELECT $this { $this ex:r ?o OPTIONAL { { $this ex:p ?x } UNION { $this ex:q ?x } } }", False),
        ("SELECT $this { $this ex:r ?o FILTER EXISTS { { $this ex:p ?x } UNION { $this ex:q ?x } } }", False),
    ],
)
def test_a_query_is_asked_for_all_nodes_at_once_only_if_that_is_the_same(text: str, expected: bool) -> None:  # noqa: FBT001
    assert starts_from_this(text.replace("$", "?")) is expected


def test_asking_for_all_nodes_at_once_is_the_same_as_asking_for_each() -> None:
    quads = with_mistakes(published_quads(), 1, share=0.05)
    store = ox.Store()
    store.bulk_extend(ox.Quad(q.subject, q.predicate, q.object, ox.NamedNode("urn:graph")) for q in quads)
    run = Run(all_shapes().shapes, Graph(quads), store)
    above = {c.value: s for s in run.shapes.values() for c in s.constraints if c.name == "property"}
    compared = 0
    for shape in run.shapes.values():
        if any(c.name == "sparql" and c.value.set_based for c in shape.constraints):
            for focus in list(run.targets(above.get(shape.node, shape)))[:150]:
                one, many = (sorted(r.key() for r in run.check(shape, focus, crowd)) for crowd in (1, 100))
                assert one == many
                compared += 1
    assert compared > 1000
