"""SERVICE means what SPARQL 1.1 Federated Query says, whatever is told to the endpoint beforehand.

The oracle asks one store that holds the remote data as a named graph: there, GRAPH means what SERVICE should. Another
one is the engine's own SERVICE, which tells endpoints nothing.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coopkg.errors import CoopkgError
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.workers.evaluation import evaluate
from coopkg.workers.tasks import Task
from endpoints import BASE, Store, endpoint, federation, oxigraph

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coopkg.answers.federation.executor import Federation

REMOTE: Final = ox.NamedNode("http://e/remote")
LOCAL_DATA: Final = """
@prefix : <http://e/> .
:a :p :b ; :q "one" , :c . :b :p :c ; :q "two" . :c :p :d , _:x ; :q 1 . :d :q "3"@en . _:x :p :a ; :q :b .
"""
REMOTE_DATA: Final = """
@prefix : <http://e/> .
:a :r :b , :c ; :s "one" . :b :r :d ; :s "two" , 1 . :c :r :f ; :s "3"@en . :f :r :a ; :s :c . :e :r :e ; :s 01 .
:b :t _:y . :c :t _:y . :d :t _:z . _:y :u :c .
"""


def rows(body: bytes) -> Counter[str]:
    """Give the solutions as a bag, blank nodes by what is alike about them: that they are blank nodes."""
    found = json.loads(body)
    if "boolean" in found:
        return Counter([str(found["boolean"])])
    return Counter(
        json.dumps({n: "_:" if t["type"] == "bnode" else t for n, t in row.items()}, sort_keys=True)
        for row in found["results"]["bindings"]
    )


class Bench:
    """The same question, put in three ways."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.local, self.whole = ox.Store(), ox.Store()
        for store in (self.local, self.whole):
            store.load(LOCAL_DATA.encode(), ox.RdfFormat.TURTLE)
            store.load(LOCAL_DATA.encode(), ox.RdfFormat.TURTLE, to_graph=ox.NamedNode("http://e/near"))
        self.whole.load(REMOTE_DATA.encode(), ox.RdfFormat.TURTLE, to_graph=REMOTE)
        self.federation = federation(endpoint("far", address, {"block": 2}))

    def ours(self, text: str, federated: Federation | None = None) -> Counter[str]:
        task = Task(_named(text, f"<{self.address}>"), SOLUTION_FORMATS[0], base=BASE, union=False)
        return rows((federated or self.federation).run(task, Store(self.local)).body)

    def as_graph(self, text: str) -> Counter[str]:
        graph = re.sub(r"SERVICE( SILENT)?", "GRAPH", text)
        return rows(evaluate(self.whole, Task(_named(graph, str(REMOTE)), SOLUTION_FORMATS[0], union=False)))

    def engines_own(self, text: str) -> Counter[str]:
        found = self.local.query(_named(text, f"<{self.address}>"))
        return rows(found.serialize(format=ox.QueryResultsFormat.JSON))  # type: ignore[union-attr,arg-type]


def _named(text: str, name: str) -> str:
    return f"PREFIX : <http://e/>\n{text}".replace("FAR", name)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    data: Path = tmp_path_factory.mktemp("data") / "remote.ttl"
    data.write_text(REMOTE_DATA, encoding="utf-8")
    with oxigraph([data]) as address:
        yield Bench(address)


CASES: Final = {
    "joined": "SELECT * { ?a :p ?b . SERVICE FAR { ?b :r ?c } }",
    "first": "SELECT * { SERVICE FAR { ?b :r ?c } ?a :p ?b }",
    "alone": "SELECT * { SERVICE FAR { ?b :r ?c } }",
    "no variables in common": "SELECT * { ?a :p ?b . SERVICE FAR { ?x :s ?y } }",
    "no variables at all": "SELECT * { ?a :p ?b SERVICE FAR { :a :r :b } }",
    "no variables, no solution": "SELECT * { ?a :p ?b SERVICE FAR { :a :r :zzz } }",
    "string": "SELECT * { ?a :q ?v . SERVICE FAR { ?x :s ?v } }",
    "optional around": "SELECT * { ?a :p ?b OPTIONAL { SERVICE FAR { ?b :r ?c } } }",
    "optional, then what it binds": "SELECT * { ?a :p ?b OPTIONAL { SERVICE FAR { ?b :r ?c } } ?c :q ?d }",
    "optional, its filter outside": "SELECT * { ?a :p ?b OPTIONAL { SERVICE FAR { ?b :r ?c } FILTER(?a != ?c) } }",
    "optional before": "SELECT * { ?a :p ?b OPTIONAL { ?b :q ?c } SERVICE FAR { ?c :r ?d } }",
    "optional inside": "SELECT * { ?a :p ?b SERVICE FAR { ?b :r ?c OPTIONAL { ?c :s ?a } } }",
    "union": "SELECT * { ?a :p ?b { SERVICE FAR { ?b :r ?c } } UNION { ?b :q ?c } }",
    "union inside": "SELECT * { ?a :p ?b SERVICE FAR { { ?b :r ?c } UNION { ?a :s ?c } } }",
    "minus": "SELECT * { ?a :p ?b MINUS { SERVICE FAR { ?b :r ?c } } }",
    "minus, then what it binds": "SELECT * { ?a :p ?b MINUS { SERVICE FAR { ?b :r ?c } } ?b :p ?c }",
    "minus before": "SELECT * { ?a :p ?b MINUS { ?b :p ?x } SERVICE FAR { ?b :r ?c } }",
    "sub-select": "SELECT * { ?a :p ?b { SELECT ?b (COUNT(?c) AS ?n) { SERVICE FAR { ?b :r ?c } } GROUP BY ?b } }",
    "sub-select with a limit": "ASK { ?a :p ?b { SELECT ?b { SERVICE FAR { ?b :r ?c } } LIMIT 2 } }",
    "sub-select inside": "SELECT * { ?a :p ?b SERVICE FAR { SELECT ?b (COUNT(?c) AS ?n) { ?b :r ?c } GROUP BY ?b } }",
    "limit inside": "SELECT (COUNT(*) AS ?n) { ?x :p ?b SERVICE FAR { SELECT ?y { ?y :r ?c } ORDER BY ?y LIMIT 2 } }",
    "exists": "SELECT * { ?a :p ?b FILTER EXISTS { SERVICE FAR { ?b :r ?c } } }",
    "not exists": "SELECT * { ?a :p ?b FILTER NOT EXISTS { SERVICE FAR { ?b :r ?c } } }",
    "filter on both": "SELECT * { ?a :p ?b SERVICE FAR { ?b :r ?c } FILTER(?a != ?c) }",
    "filter that needs it unbound": "SELECT * { ?a :p ?b OPTIONAL { ?b :q ?c FILTER(isIRI(?c)) } FILTER(!BOUND(?d)) "
    "OPTIONAL { SERVICE FAR { ?b :r ?d } } }",
    "bind before": "SELECT * { ?a :p ?b BIND(?b AS ?c) SERVICE FAR { ?c :r ?d } }",
    "bind after": "SELECT * { ?a :p ?b SERVICE FAR { ?b :r ?c } BIND(STR(?c) AS ?d) }",
    "values": "SELECT * { VALUES ?b { :a :b UNDEF } SERVICE FAR { ?b :r ?c } }",
    "values after": "SELECT * { SERVICE FAR { ?b :r ?c } VALUES (?b ?c) { (:a :b) (UNDEF :d) } }",
    "values at the end": "SELECT * { ?a :p ?b SERVICE FAR { ?b :r ?c } } VALUES ?c { :b }",
    "two of them": "SELECT * { ?a :p ?b SERVICE FAR { ?b :r ?c } SERVICE FAR { ?c :s ?d } }",
    "two, optional between": "SELECT * { SERVICE FAR { ?b :r ?c } OPTIONAL { ?c :q ?d } SERVICE FAR { ?x :s ?d } }",
    "optional in a group, what it binds outside": "SELECT * { { ?a :p ?b OPTIONAL { SERVICE FAR { ?c :r ?d } } } "
    "VALUES ?c { :zzz } }",
    "optional between two that share nothing": "SELECT * { SERVICE FAR { ?x :s ?v } OPTIONAL { ?x :p ?d } "
    "SERVICE FAR { ?d :r ?e } }",
    "blank nodes": "SELECT * { ?a :p ?b SERVICE FAR { ?b :t ?c . ?c :u ?d } FILTER(isBlank(?c)) }",
    "blank nodes counted": "SELECT (COUNT(DISTINCT ?y) AS ?n) { ?a :p|:q ?b SERVICE FAR { ?b :t ?y } }",
    "numbers": "SELECT * { ?a :q ?n SERVICE FAR { ?b :s ?n } }",
    "language": "SELECT * { ?a :q ?n SERVICE FAR { ?b :s ?n } FILTER(LANG(?n) = 'en') }",
    "filter inside": "SELECT * { ?a :p ?b SERVICE FAR { ?b :r ?c FILTER(?b != :a) } }",
    "group around": "SELECT * { ?a :p ?b { SERVICE FAR { ?b :r ?c } ?c :q ?d } }",
    "shared blank node label": "SELECT * { _:z :p ?b . FILTER(?b != :d) _:z :q ?v . SERVICE FAR { ?b :r ?c } }",
    "graph around": "SELECT * { GRAPH :near { ?a :p ?b . SERVICE FAR { ?b :r ?c } } }",
    "graph around, alone": "SELECT * { ?a :p ?b GRAPH :near { SERVICE FAR { ?b :r ?c } } }",
    "graph around, by a variable": "SELECT * { GRAPH ?g { ?a :p ?b . SERVICE FAR { ?b :r ?c } } FILTER(?g = :near) }",
    "graph around an optional part": "SELECT * { GRAPH :near { ?a :p ?b OPTIONAL { SERVICE FAR { ?b :r ?c } } } }",
    "ask": "ASK { ?a :p ?b SERVICE FAR { ?b :r :d } }",
    "duplicates kept": "SELECT ?c { ?a :p|:q ?b SERVICE FAR { ?b :r ?c } }",
    "silent": "SELECT * { ?a :p ?b SERVICE SILENT FAR { ?b :r ?c } }",
    "comments": "SELECT * { ?a :p ?b # one\n SERVICE # two\n FAR # three\n { ?b :r ?c # four\n } # five\n }",
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_service_means_what_a_graph_of_the_same_data_means(bench: Bench, text: str) -> None:
    assert bench.ours(text) == bench.as_graph(text)


@pytest.mark.parametrize("name", ["joined", "optional around", "union", "minus", "two of them", "filter inside"])
def test_service_means_what_the_engines_own_means(bench: Bench, name: str) -> None:
    assert bench.ours(CASES[name]) == bench.engines_own(CASES[name])


@pytest.mark.parametrize(("name", "value"), [("a", "a"), ("b", "c"), ("c", "d")])
@pytest.mark.parametrize("far", ["SERVICE FAR { ?b :r ?c }", "OPTIONAL { SERVICE FAR { ?b :r ?c } }"])
def test_a_parameter_is_bound_on_both_sides(bench: Bench, name: str, value: str, far: str) -> None:
    text = f"SELECT ?a ?b ?c {{ ?a :p ?b . {far} }}"
    bound = {name: ox.NamedNode(f"http://e/{value}")}
    task = Task(_named(text, f"<{bench.address}>"), SOLUTION_FORMATS[0], BASE, union=False, substitutions=bound)
    whole = _named(text.replace("SERVICE", "GRAPH"), str(REMOTE))
    expected = rows(evaluate(bench.whole, Task(whole, SOLUTION_FORMATS[0], union=False, substitutions=bound)))
    assert rows(bench.federation.run(task, Store(bench.local)).body) == expected
    assert expected


def test_a_join_of_a_thousand_bindings_makes_at_most_twelve_requests(bench: Bench) -> None:
    """Two endpoints, both asked in blocks of the size that is the default."""
    one, two = endpoint("one", bench.address), endpoint("two", f"{bench.address}?two")
    store = ox.Store()
    for number in range(1000):
        store.add(ox.Quad(ox.NamedNode(f"http://e/{number}"), ox.NamedNode("http://e/p"), ox.NamedNode("http://e/b")))
    store.add(ox.Quad(ox.NamedNode("http://e/a"), ox.NamedNode("http://e/p"), ox.NamedNode("http://e/b")))
    text = "SELECT * { ?a :p ?b OPTIONAL { SERVICE <one> { ?a :r ?c } } OPTIONAL { SERVICE <two> { ?a :s ?d } } }"
    answer = federation(one, two).run(Task(_named(text, ""), SOLUTION_FORMATS[0], BASE), Store(store))
    assert sum(rows(answer.body).values()) == 1002
    assert {source.alias: source.requests for source in answer.sources} == {"one": 5, "two": 5}


VARIABLES: Final = st.sampled_from(["?a", "?b", "?c", "?d"])
TERMS: Final = st.one_of(VARIABLES, VARIABLES, VARIABLES, st.sampled_from([":a", ":b", ":c", '"one"', "1"]))
NODES: Final = st.one_of(VARIABLES, VARIABLES, VARIABLES, st.sampled_from([":a", ":b"]))
CONDITIONS: Final = st.one_of(
    st.builds("FILTER({} != {})".format, VARIABLES, TERMS),
    st.builds("FILTER(BOUND({}))".format, VARIABLES),
    st.builds("FILTER(!BOUND({}))".format, VARIABLES),
    st.builds("FILTER(isIRI({}))".format, VARIABLES),
)


def triples(predicates: list[str]) -> st.SearchStrategy[str]:
    return st.builds("{} {} {} .".format, NODES, st.sampled_from(predicates), TERMS)


def group(parts: st.SearchStrategy[str], most: int = 4) -> st.SearchStrategy[str]:
    return st.lists(parts, min_size=1, max_size=most).map(lambda found: "{ " + " ".join(found) + " }")


def composed(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        inner.map("OPTIONAL {}".format),
        inner.map("MINUS {}".format),
        st.builds("{} UNION {}".format, inner, inner),
        st.builds("{{ SELECT {} {} WHERE {} }}".format, VARIABLES, VARIABLES, inner),
        inner,
    )


VALUES: Final = st.builds("VALUES ({} ?b) {{ ({} {}) (UNDEF :b) }}".format, st.sampled_from(["?a", "?c"]),
                          st.sampled_from([":a", '"one"', "UNDEF"]), st.sampled_from([":b", ":c"]))  # fmt: skip
FAR: Final = group(st.one_of(triples([":r", ":s"]), triples([":r", ":s"]), triples(["(:r|:s)"]), CONDITIONS,
                             composed(group(triples([":r", ":s"]), 2))), 3)  # fmt: skip
SERVICE: Final = st.builds("SERVICE {}FAR {}".format, st.sampled_from(["", "SILENT "]), FAR)
NEAR: Final = st.one_of(triples([":p", ":q", "(:p|:q)"]), triples([":p", ":q"]), CONDITIONS, VALUES)
SOME: Final = st.lists(NEAR, max_size=2).map(" ".join)
CLAUSES: Final = st.recursive(
    SERVICE,
    lambda inner: (
        composed(st.builds("{{ {} {} {} }}".format, SOME, inner, SOME)) | inner.map("GRAPH :near {{ {} }}".format)
    ),
    max_leaves=3,
)
OTHERS: Final = st.one_of(NEAR, composed(group(NEAR, 2)), CLAUSES)
GROUPS: Final = st.builds(
    "{{ {} {} {} }}".format, st.lists(OTHERS, max_size=2).map(" ".join), CLAUSES,
    st.lists(OTHERS, max_size=2).map(" ".join),
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(pattern=GROUPS)
def test_any_query_means_what_it_means_over_one_store(bench: Bench, pattern: str) -> None:
    text = f"SELECT * WHERE {pattern}"
    try:
        expected: Any = bench.as_graph(text)
    except CoopkgError:
        return  # no query at all: a variable is bound twice, say
    assert bench.ours(text) == expected
