"""What is mended in front of the engine gives what the standard says, and leaves everything else as it is."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest
import rdflib

from conftest import ROOT
from coopkg.dataset.changes import UPDATE, Change, compute_patch
from coopkg.errors import QuerySyntaxError
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.sparql.admission import admit
from coopkg.sparql.normal_form import of_query, of_update
from coopkg.sparql.rewrites import rewrite
from coopkg.sparql.rewrites.aggregate_variables import unfolded
from coopkg.workers.evaluation import evaluate, query
from coopkg.workers.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX: Final = "PREFIX : <http://e/>\n"
GRAPHS: Final = ("g1", "g2", "g3")
DATA: Final = """
    :s :p :o, :o2 ; :q :z . :a :n "x", "y" . :b :n "x" . :c :n "z"@en .
    GRAPH :g1 { :s :p :o . :g1 :p :g1 } GRAPH :g2 { :s :p :z . :z :q :g2 }
"""

Solution = frozenset[tuple[str, str]]


def store(data: str = DATA) -> ox.Store:
    made = ox.Store()
    made.update(f"{PREFIX} INSERT DATA {{ {data} }}")
    for name in GRAPHS:
        made.add_graph(iri(name))
    return made


def iri(name: str) -> ox.NamedNode:
    return ox.NamedNode(f"http://e/{name}")


def task(text: str) -> Task:
    return Task(PREFIX + text, SOLUTION_FORMATS[0], union=False)


def table(result: object) -> tuple[list[str], Counter[Solution]]:
    assert isinstance(result, ox.QuerySolutions)
    names = [variable.value for variable in result.variables]
    return names, Counter(frozenset((n, str(row[n])) for n in names if row[n] is not None) for row in result)


def solutions(data: ox.Store, text: str) -> Counter[Solution]:
    return table(query(data, task(text)))[1]


def values(data: ox.Store, text: str, name: str = "x") -> list[str]:
    rows = solutions(data, text).elements()
    return sorted(dict(row).get(name, "") for row in rows)


# What is left alone.


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { ?s ?p ?o FILTER(?o > 3 * 2) } ORDER BY ?s",
        "SELECT * { GRAPH ?g { ?s ?p ?o . ?g :p ?o OPTIONAL { ?o :q ?z } FILTER(?g != ?s) } }",
        "SELECT * { GRAPH ?g { { ?s :p ?o } UNION { ?s :q ?o } FILTER NOT EXISTS { ?o :q ?z } } }",
        "SELECT * { GRAPH ?g { ?s :p ?o MINUS { ?s :q ?z } } }",
        "SELECT * { GRAPH :g1 { SELECT (COUNT(*) AS ?c) { ?s ?p ?o } } }",
        "SELECT (BNODE() AS ?b) { ?s ?p ?o }",
        'SELECT ("GROUP_CONCAT(BNODE(?x)) GRAPH ?g { VALUES ?g {} } TRUE" AS ?x) {}',
        "SELECT * { ?x :p* ?y . :new :p+ ?x . :new :p*/:q* ?z . ?x !:p :new . [] :p* :new }",
        "SELECT * { GRAPH ?g { VALUES ?x { 1 } } SERVICE :elsewhere { ?s ?p ?o } }",
        "SELECT * { GRAPH ?g { VALUES ?x { 1 } }",
        "SELECT (COUNT(DISTINCT *) AS ?c) { ?s :n ?n BIND(BNODE(?n) AS ?b) }",
        "INSERT { GRAPH ?g { ?s :p ?o } } WHERE { GRAPH ?g { ?s :p ?o } }",
        "DELETE WHERE { GRAPH ?g { ?s :p ?g } }",
    ],
)
def test_what_has_no_fault_stays_as_it_is(text: str) -> None:
    forms = of_update(PREFIX + text) if text.startswith(("INSERT", "DELETE")) else [of_query(PREFIX + text)]
    assert [rewrite(form.text, lambda _: True) for form in forms] == [form.text for form in forms]


def test_no_published_query_is_touched() -> None:
    texts = [of_query(path.read_text(encoding="utf-8")).text for path in (ROOT / "queries").glob("*.rq")]
    assert texts
    assert [text for text in texts if rewrite(text, lambda _: False) != text] == []


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("SELECT * {\n  GRAPH ?g { VALUES ?x { 1 } } FILTER( }", 3, 40),
        ("SELECT (BNODE(?x) AS ?y) {\n  ?x :p* :new . ?x other:p ?y }", 3, 20),
        ("SELECT (TRUE AS ?t) {\n  FILTER(FALSE || ) }", 3, 19),
        ("SELECT (COUNT(*) AS ?c) (?c + 1 AS ?d) {\n  ?s ?p ?o . } }", 3, 16),
    ],
)
def test_errors_keep_their_place_in_the_clients_text(text: str, line: int, column: int) -> None:
    with pytest.raises(QuerySyntaxError) as raised:
        query(store(), task(text))
    assert str(raised.value).startswith(f"{line}:{column}: ")


def test_a_path_in_a_graph_that_is_left_alone_is_left_alone_too() -> None:
    text = "SELECT * { GRAPH ?g { :new :p* ?x FILTER EXISTS { ?a ?b ?c MINUS { ?d ?e ?f } } } ?x :p* :new }"
    normal = of_query(PREFIX + text).text
    assert rewrite(normal, lambda _: True).startswith(normal.removesuffix("?x <http://e/p>* <http://e/new> }"))


def test_a_text_does_not_grow_without_bound() -> None:
    nested = "{ ?s ?p ?o }"
    for depth in range(20):
        nested = f"{{ SELECT (COUNT(*) AS ?n{depth}) {nested} }}"
    text = of_query(f"SELECT * {{ GRAPH ?g {nested} }}").text
    assert rewrite(text, lambda _: True) == text


def test_helpers_stay_out_of_sight() -> None:
    text = (
        'SELECT * { GRAPH ?g { VALUES (?g ?coopkg1) { (UNDEF 1) } } BIND(BNODE("k") AS ?b) OPTIONAL { :new :p* ?x } }'
    )
    names, rows = table(query(store(), task(text)))
    assert names == ["b", "coopkg1", "g", "x"]
    assert {name for row in rows for name, _ in row} == set(names)
    assert rows.total() == 3


def test_a_star_takes_in_values_behind_the_pattern() -> None:
    names, rows = table(query(store(), task('SELECT * { BIND(BNODE("k") AS ?b) } VALUES ?a { 1 2 }')))
    assert names == ["a", "b"]
    assert len({dict(row)["b"] for row in rows}) == 1


def test_a_text_with_several_faults_is_mended_in_all() -> None:
    text = """SELECT ?g (COUNT(*) AS ?n) (?n + ?n AS ?m) (GROUP_CONCAT(?l) AS ?x) (BNODE("k") AS ?b) {
        GRAPH ?g { VALUES ?l { "a"@en } :new :p? ?y FILTER(TRUE) } } GROUP BY ?g"""
    rows = [dict(row) for row in solutions(store(), text)]
    integer = "^^<http://www.w3.org/2001/XMLSchema#integer>"
    assert sorted(row["g"] for row in rows) == [f"<http://e/{g}>" for g in GRAPHS]
    assert {(row["n"], row["m"], row["x"]) for row in rows} == {(f'"1"{integer}', f'"2"{integer}', '"a"')}
    assert len({row["b"] for row in rows}) == 3


# GRAPH with a variable (SPARQL 1.1 Query Language, section 18.6).


class Patterns:
    """Random group graph patterns over four variables, of which ?g is the name of a graph elsewhere."""

    NAMES = ("?s", "?o", "?x", "?g")

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a sample, no secret
        self.numbers = itertools.count(1)

    def data(self) -> ox.Store:
        made = store("")
        nodes = [iri(name) for name in (*GRAPHS, "a", "b")]
        for graph in [ox.DefaultGraph(), *nodes[:3]]:
            for _ in range(self.random.randrange(4)):
                predicate = iri(self.random.choice("pq"))
                made.add(ox.Quad(self.random.choice(nodes), predicate, self.random.choice(nodes), graph))
        return made

    def fresh(self) -> str:
        return f"?n{next(self.numbers)}"

    def triple(self) -> str:
        some = self.random.choice
        verb = some((":p", ":q", ":p", ":q", "?p", ":p*", ":p?"))
        return f"{some((*self.NAMES, ':a', ':g1'))} {verb} {some((*self.NAMES, *self.NAMES, ':a', ':g2'))} ."

    def filter(self, depth: int) -> str:
        some = self.random.choice
        one, other = some(self.NAMES), some((*self.NAMES, ":a", ":g1"))
        exists = f"NOT EXISTS {self.group(depth + 1, selects=False)}" if depth < 2 else f"BOUND({one})"
        return (
            "FILTER(" + some((f"BOUND({one})", f"!BOUND({one})", f"{one} = {other}", f"{one} != {other}", exists)) + ")"
        )

    def select(self, depth: int) -> str:
        where = self.group(depth + 1)
        two = " ".join(self.random.sample(self.NAMES, 2))
        return self.random.choice(
            (
                f"{{ SELECT * {where} }}",
                f"{{ SELECT DISTINCT {two} {where} }}",
                f"{{ SELECT (COUNT(*) AS {self.fresh()}) {where} }}",
                f"{{ SELECT ?s (COUNT(?o) AS {self.fresh()}) {where} GROUP BY ?s HAVING(COUNT(*) > 0) }}",
                f"{{ SELECT {two} {where} ORDER BY ?s ?o ?x ?g LIMIT 9 }}",
                f"{{ SELECT (COUNT(DISTINCT ?o) AS {self.fresh()}) {where} HAVING(COUNT(*) < 9) }}",
            )
        )

    def group(self, depth: int = 0, *, selects: bool = True) -> str:
        if selects and 0 < depth < 3 and self.random.random() < 0.2:
            return self.select(depth)
        return (
            "{ "
            + " ".join(self.element(depth, selects=selects) for _ in range(self.random.choice((1, 1, 2, 3))))
            + " }"
        )

    def element(self, depth: int, *, selects: bool) -> str:
        chance = self.random.random()
        if chance < 0.4 or depth == 3:
            return self.triple()
        if chance < 0.55:
            return self.filter(depth)
        if chance < 0.62:
            return f"BIND({self.random.choice(self.NAMES)} AS {self.fresh()})"
        if chance < 0.7:
            return f"VALUES ({self.random.choice(self.NAMES)} ?v) {{ (UNDEF 1) (:a 2) (:g1 3) }}"
        inner = self.group(depth + 1, selects=selects)
        if chance < 0.8:
            return f"OPTIONAL {inner}"
        return inner if chance < 0.9 else f"{inner} UNION {self.group(depth + 1, selects=selects)}"


def graph_by_graph(data: ox.Store, pattern: str) -> Counter[Solution]:
    """The definition: evaluate over each named graph, and join with its name."""
    expected: Counter[Solution] = Counter()
    for name in GRAPHS:
        graph = str(iri(name))
        for row, times in solutions(data, f"SELECT * {{ GRAPH {graph} {pattern} }}").items():
            if dict(row).get("g", graph) == graph:
                expected[row | {("g", graph)}] += times
    return expected


@pytest.mark.slow
def test_graph_is_evaluated_graph_by_graph() -> None:
    faults = 0
    for seed in range(400):
        patterns = Patterns(seed)
        data, pattern = patterns.data(), patterns.group()
        text = f"SELECT * {{ GRAPH ?g {pattern} }}"
        try:
            plain = table(data.query(PREFIX + text))[1]
        except SyntaxError:
            continue
        expected = graph_by_graph(data, pattern)
        assert solutions(data, text) == expected, (seed, text)
        faults += plain != expected
    assert faults > 50, "the patterns show no fault, so that they test nothing"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GRAPH ?g { SELECT ?x { ?s ?q ?x } ORDER BY ?x LIMIT 1 }", ["g1", "g2"]),
        ("GRAPH ?g { SELECT (COUNT(?s) AS ?c) { ?s :q ?o } }", ["g1", "g2", "g3"]),
        ("GRAPH ?g { ?s :p ?o MINUS { ?a :p ?b } }", ["g1", "g1", "g2"]),
        ("GRAPH ?g { ?s :p ?o MINUS { OPTIONAL { ?s :q ?z } } }", ["g1", "g1", "g2"]),
        ("GRAPH ?g { ?s :p ?o MINUS { { ?s :p :z } UNION { ?z :q ?y } } }", ["g1", "g1"]),
        ("GRAPH ?g { GRAPH :g1 { ?s :p :o } }", ["g1", "g2", "g3"]),
        ("GRAPH ?g { GRAPH ?h { ?s :q :g2 } FILTER(?h != :g1) }", ["g1", "g2", "g3"]),
        ("GRAPH ?g { GRAPH ?h { ?s :q :g2 FILTER(?h != :g1) } }", []),
        ("GRAPH ?g { FILTER(!BOUND(?g)) }", ["g1", "g2", "g3"]),
        ("GRAPH ?g { OPTIONAL { ?s :p ?o FILTER(BOUND(?g)) } }", ["g1", "g2", "g3"]),
        ("GRAPH ?g { :g1 :p* ?x FILTER(?x = ?s || ?x = :g1) }", ["g1", "g2", "g3"]),
        ("VALUES ?g { :g2 :none } GRAPH ?g { VALUES ?x { 1 } }", ["g2"]),
    ],
)
def test_graph_by_hand(text: str, expected: list[str]) -> None:
    assert values(store(), f"SELECT * {{ {text} }}", "g") == [f"<http://e/{name}>" for name in expected]


# Paths of length zero (section 18.4).

CONSTANTS: Final = (":a", ":b", ":c", ":new", "<http://e/new>", ":other")


def paths(choose: random.Random, depth: int = 0) -> str:
    """Random paths without sequences: rdflib gives their inner ends no variables."""
    chance = choose.random()
    if depth > 2 or chance < 0.3:
        return choose.choice((":p", ":q", "a"))
    inner = f"({paths(choose, depth + 1)})"
    if chance < 0.8:
        return inner + choose.choice("*?+")
    return f"^{inner}" if chance < 0.9 else f"{inner}|({paths(choose, depth + 1)})"


@pytest.mark.slow
def test_a_path_of_length_zero_needs_no_node() -> None:
    faults = 0
    for seed in range(300):
        choose = random.Random(seed)  # noqa: S311 - a sample, no secret
        path, subject, target = paths(choose), choose.choice((*CONSTANTS, "?x")), choose.choice((*CONSTANTS, "?y"))
        triples = [f":{choose.choice('abc')} :{choose.choice('pq')} :{choose.choice('abc')} ." for _ in range(3)]
        text = f"SELECT * {{ {subject} {path} {target} }}"
        graph = rdflib.Graph().parse(data=PREFIX.replace("PREFIX", "@prefix").rstrip() + " . " + " ".join(triples))
        expected = {
            frozenset((str(name), value.n3()) for name, value in binding.items())
            for binding in graph.query(PREFIX + text).bindings
        }
        data = store(" ".join(triples))
        assert set(solutions(data, text)) == expected, (seed, text, triples)
        faults += set(table(data.query(PREFIX + text))[1]) != expected
    assert faults > 20, "the paths show no fault, so that they test nothing"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ :new :p* ?x }", [":new"]),
        ("{ ?x :p? :new }", [":new"]),
        ("{ :new :p*|:q? ?x }", [":new", ":new"]),
        ("{ :new :p*/:q* ?x }", []),
        ("{ :new (:p*/:q*)? ?x }", [":new"]),
        ("{ :s :p* ?x }", [":o2", ":o", ":s"]),
        ("{ :s :q ?x ; :p* :o , ?y . :new :p* ?z FILTER(?z != ?y) }", [":z", ":z", ":z"]),
        ("{ _:b :p ?y . :new :p* ?z . _:b :q ?x . }", [":z", ":z"]),
        ("{ VALUES ?x { :new :s } FILTER EXISTS { :new :p* ?x } }", [":new"]),
        ("{ VALUES ?x { :s } :new :p? <http://e/new> }", [":s"]),
        ("{ VALUES ?x { :s } :new :p? :other }", []),
        ("FROM :g1 { :a :n* ?x }", [":a"]),
        ("{ GRAPH :g1 { :new :p* ?x } }", [":new"]),
        ("{ GRAPH :none { :new :p* ?x } }", []),
    ],
)
def test_paths_by_hand(text: str, expected: list[str]) -> None:
    assert values(store(), f"SELECT ?x {text}") == [f"<http://e/{name[1:]}>" for name in expected]


def test_a_literal_is_the_end_of_a_path_too() -> None:
    assert values(store(), 'SELECT ?x { ?x :p* "new"@en }') == ['"new"@en']
    assert values(store(), "SELECT ?x { -5 :p? ?x }") == ['"-5"^^<http://www.w3.org/2001/XMLSchema#integer>']


# BNODE of a string (section 17.4.2.9).


def nodes(text: str) -> Iterator[dict[str, str]]:
    return (dict(row) for row in solutions(store(), text).elements())


@pytest.mark.parametrize(
    "text",
    [
        "SELECT (BNODE(STR(?n)) AS ?x) (BNODE(STR(?n)) AS ?y) (BNODE(STR(?s)) AS ?z) { ?s :n ?n }",
        "SELECT * { ?s :n ?n BIND(BNODE('k') AS ?x) FILTER(true) BIND(BNODE('k') AS ?y) BIND(BNODE(STR(?n)) AS ?z) }",
        "SELECT (BNODE('k') AS ?x) (BNODE('k') AS ?y) (BNODE(MIN(STR(?n))) AS ?z) { ?s :n ?n } GROUP BY ?n ?s",
        "SELECT * { { SELECT (BNODE('k') AS ?x) (BNODE('k') AS ?y) (BNODE('z') AS ?z) { SELECT ?n { ?s :n ?n } } } }",
    ],
)
def test_each_solution_has_nodes_of_its_own(text: str) -> None:
    rows = list(nodes(text))
    assert len(rows) == 4
    assert all(row["x"] == row["y"] != row["z"] for row in rows)
    assert len({row["x"] for row in rows} | {row["z"] for row in rows}) == 8


def test_a_node_is_made_of_strings_only() -> None:
    (row,) = nodes('SELECT (BNODE("a"@en) AS ?x) (BNODE(1) AS ?y) (BNODE(:a) AS ?z) (BNODE("100% a") AS ?b) {}')
    assert list(row) == ["b"]


def test_an_empty_group_has_a_node_too() -> None:
    (row,) = nodes('SELECT (BNODE("k") AS ?x) (COUNT(*) AS ?c) { ?s :nothing ?o }')
    assert row["x"].startswith("_:")


def test_no_answer_with_made_nodes_has_a_tag() -> None:
    assert not admit("SELECT (BNODE() AS ?x) {}").stable


# Literals and expressions.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('SELECT (GROUP_CONCAT(?l) AS ?x) { VALUES ?l { "a"@en "b"@en } }', '"a b"'),
        ('SELECT (GROUP_CONCAT(DISTINCT ?l; SEPARATOR=")") AS ?x) { VALUES ?l { "a"@en "a" "a" } }', '"a)a"'),
        ("SELECT (STRLEN(GROUP_CONCAT(?l)) AS ?x) { VALUES ?l { 'a'@en } }", '"1"'),
        ("SELECT (TRUE && !False AS ?x) {}", '"true"'),
        ("SELECT (COUNT(*) AS ?a) (?a * 2 AS ?b) (?a + ?b AS ?x) { VALUES ?l { 1 2 } }", '"6"'),
        ("SELECT ?l (SUM(?l) AS ?a) (COALESCE(?a, 0) AS ?x) { VALUES ?l { 1 } } GROUP BY ?l", '"1"'),
    ],
)
def test_expressions(text: str, expected: str) -> None:
    assert values(store(), text)[0].split("^^")[0] == expected


@pytest.mark.parametrize(
    "text",
    [
        "SELECT (COUNT(*) AS ?a) (RAND() AS ?b) (?b AS ?x) { ?s ?p ?o }",
        "SELECT (COUNT(*) AS ?a) (:random() AS ?b) (?b AS ?x) { ?s ?p ?o }",
        "SELECT (COUNT(*) AS ?a) (?o AS ?x) { ?s ?p ?o }",
    ],
)
def test_what_cannot_be_written_out_is_refused_as_before(text: str) -> None:
    with pytest.raises(QuerySyntaxError, match="variable that is unbound"):
        query(store(), task(text))


# The grammar.


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("SELECT (SUM(1 + AVG(?x)) AS ?y) {}", 17),
        ("SELECT * { FILTER(?x<?a&&?b>?y) }", 21),
        ('SELECT * { BIND(<<( "a" <p> <o> )>> AS ?t) }', 21),
        ("SELECT * { BIND(<<( <s> <p> <<( <<( <s> <p> <o> )>> <p> <o> )>> )>> AS ?t) }", 33),
    ],
)
def test_the_grammar_forbids(text: str, column: int) -> None:
    with pytest.raises(QuerySyntaxError) as raised:
        of_query(text, "http://e/")
    assert str(raised.value).startswith(f"1:{column}: ")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT (COUNT(?x) + SUM(?y) AS ?c) { ?x a (?y <z> 1 <q>) ; (<p>|<q>) ?y } ORDER BY (COUNT(?x)) (SUM(?y))",
        "SELECT * { VALUES (?x ?y) { (<a> <b>) } FILTER(?x IN (<a>, <b>) && <f>(?x, <b>)) ?x (<p>) <o> }",
        "SELECT * { <<( <<( ?x <p> <o> )>> <p> <o> )>> <p> <<( ?x <p> <o> )>> BIND(<<( ?x <p> <o> )>> AS ?t) }",
        "SELECT (COUNT(*) AS ?c) { FILTER EXISTS { ?x <p> <o> } FILTER(?x < 5 && ?x>3) } HAVING(COUNT(*) > 1)",
    ],
)
def test_the_grammar_allows(text: str) -> None:
    assert admit(text).form == "SELECT"
    assert evaluate(ox.Store(), Task(text, SOLUTION_FORMATS[0], base="http://e/"))


# Updates.


def added(text: str) -> set[str]:
    return {str(quad) for quad in compute_patch(store(), Change(UPDATE, text)).added}


def test_each_operation_may_have_a_prologue() -> None:
    text = """PREFIX a: <http://a/> INSERT DATA { a:x a:p 1 } ;
              PREFIX a: <http://b/> BASE <http://c/> INSERT DATA { <x> a:p 2 } ;
              INSERT { <y> a:q ?o } WHERE { <x> a:p ?o } ;
              PREFIX unused: <http://d/>"""
    integer = '"^^<http://www.w3.org/2001/XMLSchema#integer>'
    assert added(text) == {
        f'<http://a/x> <http://a/p> "1{integer}',
        f'<http://c/x> <http://b/p> "2{integer}',
        f'<http://c/y> <http://b/q> "2{integer}',
    }


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("INSERT DATA { _:x :p 1 } ;\nPREFIX a: <http://a/>\nINSERT DATA { _:x a:p 2 }", 4, 15),
        ("INSERT DATA { :x :p 1 } ;\nPREFIX a: <http://a/>\nINSERT DATA { :x b:p 2 }", 4, 18),
        ("INSERT DATA { :x :p 1 } ; ;\nPREFIX a: <http://a/> INSERT DATA { :x a:p 2 }", 2, 27),
    ],
)
def test_operations_keep_their_place(text: str, line: int, column: int) -> None:
    with pytest.raises(QuerySyntaxError) as raised:
        added(PREFIX + text)
    assert str(raised.value).startswith(f"{line}:{column}: ")


def test_the_pattern_of_an_update_is_mended() -> None:
    pattern = 'GRAPH ?g { VALUES ?y { TRUE } } :new :p* ?x BIND(BNODE("k") AS ?b)'
    text = f"INSERT {{ ?b :of ?g ; :from ?x }} WHERE {{ {pattern} }}"
    found = added(PREFIX + text)
    assert len(found) == 6
    assert len({line.split()[0] for line in found}) == 3


@pytest.mark.parametrize("text", [
    "SELECT (GROUP_CONCAT(DIST[INCT ?s; SEPARATOR=', ') AS ?x) (1+1 AS ?y) { ?s ?p ?o }",
    "SELECT (COUNT(* AS ?n) (?n + 1 AS ?m) { ?s ?p ?o }", "SELECT (SUM(?o) AS ?n) (?n [ ?m) { ?s ?p ?o }",
])  # fmt: skip
def test_brackets_that_do_not_close_among_the_items_are_a_syntax_error(text: str) -> None:
    """The worker ended with an IndexError, and the client was told of a fault of the engine."""
    assert unfolded(text) == text
    with pytest.raises(QuerySyntaxError):
        query(ox.Store(), Task(text, SOLUTION_FORMATS[0]))
