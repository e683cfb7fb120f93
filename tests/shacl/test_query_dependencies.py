"""What a query depends on is seen in full: after any edit, the focus nodes that it affects give the whole result.

The queries are those that somebody would write who wants the gate to miss a violation: triples that matter deep in
EXISTS, in expressions, and behind variables whose namesakes stand elsewhere.
"""

from __future__ import annotations

import os
import random
import re
from typing import Final

import pyoxigraph as ox
import pytest

from coopkg.rdf.graph import Graph
from coopkg.rdf.lexical_forms import LexicalForms
from coopkg.rdf.terms import Document
from coopkg.shacl.gate import Gate
from coopkg.shacl.query_dependencies import steps_of_query
from coopkg.shacl.shapes import read_shapes
from coopkg.shacl.store_graph import StoreGraph
from coopkg.shacl.validator import Run

EX: Final = "http://example.org/"
SEED: Final = int(os.environ.get("COOPKG_SEED", "20261130"))
EDITS: Final = int(os.environ.get("COOPKG_BATCHES", "40")) * 20
PREFIXES: Final = f"@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <{EX}> .\n"
NODES: Final = tuple(ox.NamedNode(f"{EX}n{i}") for i in range(3))
PREDICATES: Final = tuple(ox.NamedNode(EX + name) for name in "pqrs")
TERMS: Final = (*NODES, *NODES, *PREDICATES)
NESTED: Final = {
    "three deep": "$this :p ?x FILTER NOT EXISTS { ?x :q ?y FILTER EXISTS { ?y :r ?z FILTER NOT EXISTS { ?z :s ?w }}}",
    "in brackets": "$this :p ?x FILTER NOT EXISTS { ?x :q ?y FILTER(EXISTS { ?y :r ?z FILTER(EXISTS { ?z :s ?w })}) }",
    "in or": "$this :p ?x FILTER(?x = :n0 || EXISTS { ?x :q ?y FILTER(?y = :n1 || EXISTS { ?y :r ?z }) })",
    "not in or": "$this :p ?x FILTER(?x = :n0 || NOT EXISTS { ?x :q ?y FILTER(?y = :n1 || NOT EXISTS { ?y :r ?z }) })",
    "in or with an error": "$this :p ?x FILTER(1/0 = 1 || NOT EXISTS { ?x :q ?y } || EXISTS { ?x :r ?z })",
    "in not": "$this :p ?x FILTER(!(EXISTS { ?x :q ?y FILTER(!EXISTS { ?y :r ?z }) }))",
    "in if": "$this :p ?x FILTER(IF(EXISTS { ?x :q ?y FILTER EXISTS { ?y :r ?z } }, false, true))",
    "in coalesce": "$this :p ?x FILTER(COALESCE(EXISTS { ?x :q ?y FILTER NOT EXISTS { ?y :r ?z } }, false))",
    "in in": "$this :p ?x FILTER(EXISTS { ?x :q ?y FILTER EXISTS { ?y :r ?z } } IN (true))",
    "in bind": "$this :p ?x BIND(EXISTS { ?x :q ?y FILTER EXISTS { ?y :r ?z } } AS ?k) FILTER(?k)",
    "in bind in exists": "$this :p ?x FILTER EXISTS { ?x :q ?y BIND(EXISTS { ?y :r ?z } AS ?k) FILTER(?k) }",
    "in a comparison": "$this :p ?x FILTER(EXISTS { ?x :q ?y FILTER EXISTS { ?y :r ?z } } = EXISTS { ?x :s ?w })",
    "in optional in exists": (
        "$this :p ?x FILTER EXISTS { ?x :q ?y OPTIONAL { ?y :r ?z FILTER EXISTS { ?z :s ?w } } "
        "FILTER(!BOUND(?z)) }"
    ),
    "in union in exists": (
        "$this :p ?x FILTER EXISTS { { ?x :q ?y FILTER EXISTS { ?y :r ?z } } UNION { ?x :s ?y FILTER "
        "NOT EXISTS { ?y :r ?z } } }"
    ),
    "outer variables alone": "$this :p ?x FILTER NOT EXISTS { ?x :q ?y FILTER EXISTS { $this :r ?z . ?x :s ?y } }",
}  # fmt: skip
SCOPES: Final = {
    "another branch of a union": "{ $this :p ?x } UNION { ?x :q ?y . ?y :r :n0 }",
    "after a union": "{ { $this :p ?x } UNION { $this :q ?x } } ?x :r :n0",
    "after a union that binds in one branch": "{ { $this :p ?x } UNION { $this :q ?z } } ?x :r :n0",
    "another exists": "FILTER EXISTS { $this :p ?x } FILTER EXISTS { ?x :q ?y . ?y :r :n0 }",
    "after an optional": "$this :p ?y OPTIONAL { $this :q ?x } ?x :r :n0",
    "an optional of another group": "$this :p ?x . { $this :q ?y OPTIONAL { ?x :r ?y } }",
    "an optional of another group, from the other end": "$this :p ?x . { $this :q ?y OPTIONAL { ?x :r ?w } }",
    "a filter of another group": "$this :p ?x . { $this :q ?y FILTER NOT EXISTS { ?x :r ?w } }",
    "a sub-select": "$this :p ?x . { SELECT $this { $this :q ?y . ?x :r :n0 } }",
    "a count": "$this :p ?x . { SELECT $this (COUNT(?y) AS ?n) { ?x :q ?y } GROUP BY $this } FILTER(?n > 1)",
    "a count by key": (
        "$this :p ?x . { SELECT $this ?x (COUNT(?y) AS ?n) { ?x :q ?y } GROUP BY $this ?x } FILTER(?n > "
        "1)"
    ),
    "a limit": "$this :p ?x . { SELECT $this ?x { ?x :q ?y } ORDER BY ?x LIMIT 1 }",
    "a bind": "$this :p ?x BIND(?x AS ?y) ?y :q :n0",
    "a bind of what is bound later": "{ BIND(?x AS ?y) } $this :p ?x . ?y :q :n0",
    "a bind of an expression": "$this :p ?x BIND(IRI(CONCAT(STR(?x), '')) AS ?y) ?y :q :n0",
    "a comparison": "$this :p ?x . ?y :q :n0 FILTER(?x = ?y)",
    "nothing leads there": "$this :p ?x FILTER EXISTS { :n1 :q ?y }",
    "a path of any other predicate": "$this :p/!:q :n0",
    "a path of any other predicate, backwards": "$this :p/!(:q|^:r) :n0",
    "a path in brackets": "$this (^:p/:q)+/^(:r/:s) ?x",
    "a variable for the predicate": "$this ?p ?x . ?x ?p :n0 FILTER(?x != $this)",
    "a predicate as a node": "$this ?p :n1 . ?p :q :n0",
    "a triple term": "$this :p ?x FILTER NOT EXISTS { ?x :q <<( :n0 :r ?y )>> } FILTER NOT EXISTS { ?x :s :n0 }",
}  # fmt: skip


TARGETS: Final = {
    "a class of its own": "?this :p :n0",
    "a chain": "?this :p ?x . ?x :q ?y FILTER NOT EXISTS { ?y :r ?z }",
    "a union of other starts": "{ ?this :p :n0 } UNION { ?x :q ?this . ?x :r :n1 }",
    "bound by an expression": "?x :p ?y BIND(?y AS ?this)",
    "bound in one branch": "{ ?this :p :n0 } UNION { ?x :q ?y BIND(?y AS ?this) }",
    "without what another has": "?this :p ?x MINUS { ?this :q ?x }",
    "of nothing in common": "?this :p ?x MINUS { ?y :q :n0 }",
    "filtered in a group of its own": "?this :p ?x . { ?x :q ?y FILTER NOT EXISTS { ?this :r ?y } }",
    "the first alone": "{ SELECT ?this { ?this :p ?x } ORDER BY ?this LIMIT 1 }",
    "counted": "{ SELECT ?this (COUNT(?x) AS ?n) { ?this :p ?x } GROUP BY ?this } FILTER(?n > 1)",
    "counted over all": "{ SELECT ?x (COUNT(?this) AS ?n) { ?this :p ?x } GROUP BY ?x } ?this :q ?x FILTER(?n > 1)",
    "deep in exists": "?this :p ?x FILTER NOT EXISTS { ?x :q ?y FILTER NOT EXISTS { ?y :r ?this } }",
    "listed": "VALUES ?this { :n0 :n1 } FILTER NOT EXISTS { ?this :p ?x FILTER EXISTS { ?x :q ?y } }",
    "compared": "?this :p ?x . ?y :q ?z FILTER(?x = ?z)",
}


def gate_of(shapes: str) -> Gate:
    return Gate(read_shapes(Graph(Document("shapes.ttl", (PREFIXES + shapes).encode()).quads())))


def constraint(where: str) -> str:
    query = f"PREFIX : <{EX}> SELECT $this WHERE {{ {where} }}"
    return f"ex:S sh:targetNode ex:n0, ex:n1 ; sh:sparql [ sh:select '''{query}''' ] ."


def target(where: str) -> str:
    query = f"PREFIX : <{EX}> SELECT ?this WHERE {{ {where} }}"
    return f"ex:S sh:target [ sh:select '''{query}''' ] ; sh:property [ sh:path ex:s ; sh:maxCount 0 ] ."


def edit(graph: StoreGraph, chance: random.Random) -> tuple[list[ox.Quad], list[ox.Quad]]:
    """Apply an edit of one or two triples, and give what was added and removed."""
    present = [ox.Quad(q.subject, q.predicate, q.object) for q in graph.store]
    removed = chance.sample(present, min(len(present), chance.randrange(3)))
    wanted = [
        ox.Quad(chance.choice(TERMS), chance.choice(PREDICATES), chance.choice(TERMS))
        for _ in range(chance.randrange(3))
    ]
    added = [quad for quad in dict.fromkeys(wanted) if quad not in present]
    apply(graph, added, removed)
    return added, removed


def apply(graph: StoreGraph, added: list[ox.Quad], removed: list[ox.Quad]) -> None:
    for quad in removed:
        graph.store.remove(quad)
    graph.store.extend(added)


def caught(gate: Gate, seed: int) -> int:
    """Give the number of edits that made a graph violate the shapes; each was seen as a whole pass sees it."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    graph = StoreGraph(ox.Store(), LexicalForms())
    found = 0
    for number in range(EDITS):
        # A look at the affected nodes is the whole result only if the graph conformed before.
        before = gate.check_all(graph).results
        added, removed = edit(graph, chance)
        if before:
            continue
        incremental, whole = ({r.key() for r in each.results} for each in (
            gate.check(graph, added, removed), gate.check_all(graph)
        ))  # fmt: skip
        assert incremental == whole, f"edit {number} of seed {seed}: {added=} {removed=} {list(graph.store)=}"
        if whole:
            found += 1
            apply(graph, removed, added)
    return found


@pytest.mark.parametrize("where", [pytest.param(w, id=name) for name, w in (NESTED | SCOPES).items()])
def test_after_any_edit_the_affected_nodes_give_the_whole_result(where: str) -> None:
    assert caught(gate_of(constraint(where)), SEED) > 2


SELECTING: Final = {name: w for name, w in (TARGETS | NESTED | SCOPES).items() if not w.startswith("FILTER")}


@pytest.mark.parametrize("where", [pytest.param(w, id=name) for name, w in SELECTING.items()])
def test_after_any_edit_the_nodes_that_a_query_selects_are_checked_as_by_a_whole_pass(where: str) -> None:
    assert caught(gate_of(target(where)), SEED) > 2


EXPRESSIONS: Final = {
    "a path from the values of another": "[ sh:exists [ sh:path ex:q ; sh:nodes [ sh:path ex:p ] ] ]",
    "nothing at the end of a path": "[ sh:if [ sh:exists [ sh:path ( ex:p ex:q ) ] ] ; sh:then false ; sh:else true ]",
    "a filter of what a path gives": (
        "[ sh:exists [ sh:nodes [ sh:path ex:p ] ; sh:filterShape [ sh:property [ sh:path ex:q ; sh:maxCount 0 ] ] ] ]"
    ),
    "a difference": "[ sh:exists [ sh:nodes [ sh:path ex:p ] ; sh:minus [ sh:path ( ex:q ex:r ) ] ] ]",
    "from an inverse path": "[ sh:exists [ sh:path ex:s ; sh:nodes [ sh:path [ sh:inversePath ex:p ] ] ] ]",
    "from a constant": "[ sh:exists [ sh:path ex:q ; sh:nodes ex:n1 ] ]",
    "from what a condition gives": (
        "[ sh:exists [ sh:path ex:s ; sh:nodes [ sh:if [ sh:exists [ sh:path ex:r ] ] ; sh:then [ sh:path ex:p ] ; "
        "sh:else [ sh:path ex:q ] ] ] ]"
    ),
    "a function that reads": "[ ex:Led ( [ sh:path ex:p ] ) ]",
    "from what a function gives": "[ sh:exists [ sh:path ex:q ; sh:nodes [ ex:Same ( [ sh:path ex:p ] ) ] ] ]",
}
CALLED: Final = f"""
    ex:Led a sh:SPARQLFunction ; sh:parameter [ sh:path ex:one ] ; sh:ask "PREFIX : <{EX}> ASK {{ ?x :q ?one }}" .
    ex:Same a sh:SPARQLFunction ; sh:parameter [ sh:path ex:one ] ; sh:select "SELECT ?it {{ BIND(?one AS ?it) }}" .
"""


@pytest.mark.parametrize("expression", [pytest.param(w, id=name) for name, w in EXPRESSIONS.items()])
def test_after_any_edit_an_expression_is_evaluated_wherever_it_may_give_something_else(expression: str) -> None:
    gate = gate_of(f"ex:S a sh:NodeShape ; sh:targetSubjectsOf ex:p ; sh:expression {expression} . {CALLED}")
    assert caught(gate, SEED) > 2


def test_a_path_back_from_what_an_expression_computes_is_looked_at_anywhere() -> None:
    led = "[ sh:exists [ sh:path [ sh:inversePath ex:q ] ; sh:nodes [ sh:exists [ sh:path ex:p ] ] ] ]"
    gate = gate_of(f"ex:S sh:targetSubjectsOf ex:p ; sh:expression [ sh:if {led} ; sh:then false ; sh:else true ] .")
    graph = StoreGraph(ox.Store(), LexicalForms())
    (p, q), (a, b) = PREDICATES[:2], NODES[:2]
    apply(graph, [ox.Quad(a, p, b)], [])
    assert gate.check_all(graph).conforms
    added = [ox.Quad(b, q, ox.Literal("true", datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#boolean")))]
    apply(graph, added, [])
    assert [result.focus for result in gate.check(graph, added, ()).results] == [a]


def test_a_target_with_parameters_is_looked_at_again_where_its_query_leads_back() -> None:
    query = f"PREFIX : <{EX}> SELECT ?this WHERE {{ ?this :p $by FILTER NOT EXISTS {{ $by :q ?this }} }}"
    gate = gate_of(f"""
        ex:Type a sh:SPARQLTargetType ; sh:parameter [ sh:path ex:by ] ; sh:select '{query}' .
        ex:S sh:target [ a ex:Type ; ex:by ex:n0 ], [ a ex:Type ; ex:by ex:n1 ] ;
          sh:property [ sh:path ex:s ; sh:maxCount 0 ] .
    """)
    assert caught(gate, SEED) > 2


def test_what_leads_back_to_the_nodes_that_a_query_selects_is_walked_and_no_more() -> None:
    gate = gate_of(target("?this :p ?x . ?x :q :n1"))
    graph = StoreGraph(ox.Store(), LexicalForms())
    (p, q), (a, b) = PREDICATES[:2], NODES[:2]
    added = [ox.Quad(a, p, b), ox.Quad(b, q, b), ox.Quad(b, p, a)]
    apply(graph, added, [])
    affected = gate.index.affected(graph, added, (), run=Run(gate.shapes, graph, graph.store))
    assert (affected.all, [list(nodes) for nodes in affected.nodes.values()]) == (False, [[a]])


@pytest.mark.parametrize("where", [pytest.param(w, id=name) for name, w in NESTED.items()])
def test_what_stands_deep_is_led_to_and_needs_no_whole_pass(where: str) -> None:
    shapes = gate_of(constraint(where)).shapes
    query = next(c.value for shape in shapes.values() for c in shape.constraints)
    found = steps_of_query(query.text)
    assert {step.predicate.value.removeprefix(EX) for step in found if step.predicate} == set(
        re.findall(r":([pqrs])\b", where)
    )
    assert not any(step.anywhere for step in found)
