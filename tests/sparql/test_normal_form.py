"""The engine sees what our tokens say, and nothing else: no text means one thing to admission and another to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest

from coopkg.dataset.changes import UPDATE, Change, compute_patch
from coopkg.errors import Forbidden, QuerySyntaxError
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.sparql.admission import admit
from coopkg.sparql.lexer import KEYWORDS
from coopkg.sparql.normal_form import of_query, of_update
from coopkg.workers.evaluation import names_available_graph, query
from coopkg.workers.tasks import AvailableGraphs, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE: Final = "http://b/c/d?e"
PREFIXES: Final = "PREFIX e: <http://e/> PREFIX aaa: <http://n/> PREFIX : <http://n/>\n"
INTEGER: Final = "http://www.w3.org/2001/XMLSchema#integer"


def rows(store: ox.Store, text: str, base: str | None = BASE) -> list[list[str]]:
    result = query(store, Task(text, SOLUTION_FORMATS[0], base, union=False))
    assert isinstance(result, ox.QuerySolutions)
    return [[str(term) for term in row] for row in result]


def value(expression: str, prologue: str = "", base: str | None = BASE) -> str:
    ((term,),) = rows(ox.Store(), f"{prologue} SELECT ({expression} AS ?x) {{}}", base)
    return term


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select*where{?s a e:x}", "SELECT * WHERE { ?s a <http://e/x> }"),
        ("SELECT $x # ?y\n{ $x e:v1.2.3 e:a.b. }", "SELECT ?x { ?x <http://e/v1.2.3> <http://e/a.b> . }"),
        (r"ASK { :a\-\.b e:%41:c :: }", "ASK { <http://n/a-.b> <http://e/%41:c> <http://n/:> }"),
        ("ASK { <> <?q> <#f> }", "ASK { <http://b/c/d?e> <http://b/c/d?q> <http://b/c/d?e#f> }"),
        (r"ASK { <http://e/\u00e9> ?p 'it\'s' }", 'ASK { <http://e/é> ?p "it\'s" }'),
        ("ASK { ?s ?p '''a\n\"b\"'''@en--ltr }", r'ASK { ?s ?p "a\n\"b\""@en--ltr }'),
        ("ASK { ?s ?p '' , \"\" , '5' ^^ e:t }", 'ASK { ?s ?p "" , "" , "5"^^<http://e/t> }'),
        ("ASK { ?s :p+1 }", f'ASK {{ ?s <http://n/p> "+1"^^<{INTEGER}> }}'),
        ("ASK { ?s :p+ 1 }", f'ASK {{ ?s <http://n/p>+ "1"^^<{INTEGER}> }}'),
        ("ASK { ?s :p * / ( ^ a | ! e:q ) ? ?o }", "ASK { ?s <http://n/p>* / ( ^ a | ! <http://e/q> )? ?o }"),
        ("ASK { FILTER(?a -1 > -2 * TRUE) }", "ASK { FILTER ( ?a -1 > -2 * true ) }"),
        ("ASK { FILTER(?a<?b && ?c>?d) }", "ASK { FILTER ( ?a < ?b && ?c > ?d ) }"),
        ("BASE <http://x/y> PREFIX e: <z#> VERSION '1.2' ASK { e:a e:b <c> }",
         "ASK { <http://x/z#a> <http://x/z#b> <http://x/c> }"),
        ("PREFIX e: <http://1/> PREFIX e: <http://2/> ASK { e:a ?p _:b.c }", "ASK { <http://2/a> ?p _:b.c }"),
        ("SELECT (COUNT (*) AS ?n) { ?s e:a.. }", "SELECT ( COUNT( * ) AS ?n ) { ?s <http://e/a> . . }"),
        ("SELECTDISTINCT*WHERE{}LIMIT5OFFSET3", "SELECT DISTINCT * WHERE { } LIMIT 5 OFFSET 3"),
        ("ASK{FILTERNOTEXISTS{?s aaa:b?o}}", "ASK { FILTER NOT EXISTS { ?s <http://n/b> ?o } }"),
        ("ASK { VALUES ?x { 1.e5 .5 1.5E-3 1.5.5 } }", "ASK { VALUES ?x { 1.e5 .5 1.5E-3 1.5 .5 } }"),
    ],
)  # fmt: skip
def test_the_tokens_are_written_out(text: str, expected: str) -> None:
    form = of_query(PREFIXES + text, BASE)
    assert form.text == expected
    # Written once more it stays as it is.
    assert of_query(form.text, form.base).text == expected


@pytest.mark.parametrize("text", [
    "SELECT * { SERVICEx:secret { ?s ?p ?o } }", "SELECT * { SERVICESILENTx:a { ?s ?p ?o } }", "LOADSILENTx:a",
    "SELECT * { ?s ?p ?o FILTER(?s<?o)SERVICE#>\nx:a {} }", "SELECT * { ?s ?p ?o } FROMx:g", "SELECT * FROMx:g {}",
    "SELECT * { OPTIONALx:a }", "INSERTDATAx:a { x:a x:b 1 }", r"SELECT * { S\u0045RVICE x:a { ?s ?p ?o } }",
    "SELECT * { SERVICE_x:a { } }", "SELECT * { \u017fERVICE x:a { } }", "SELECT * { SERVICE.x:a { } }",
    "SELECT * { SERVICESILENT<http://127.0.0.1:1/> {} }", "LOADSILENT<http://127.0.0.1:1/>",
    "SELECT * { aSERVICE x:a {} }", "SELECT * { {} UNION{}SERVICESILENT?x {} }",
])  # fmt: skip
@pytest.mark.parametrize("prefixes", ["", "PREFIX SERVICEx: <http://127.0.0.1:1/> PREFIX LOADSILENTx: <http://e/> "])
def test_what_is_glued_to_a_keyword_is_no_keyword(text: str, prefixes: str) -> None:
    """The engine made the request, in a worker with a network; in one without, it was a 500 or an empty row."""
    task = Task(f"PREFIX x: <http://127.0.0.1:1/> {prefixes}{text}", SOLUTION_FORMATS[0])
    with pytest.raises((QuerySyntaxError, Forbidden)):
        query(ox.Store(), task)
    with pytest.raises((QuerySyntaxError, Forbidden)):
        compute_patch(ox.Store(), Change(UPDATE, task.text))


@pytest.mark.parametrize("text", ["SELECT * { SERVICE <http://127.0.0.1:1/> {} }", "ASK { { SERVICE SILENT ?x {} } }"])
def test_a_request_is_refused_where_it_would_be_made_too(text: str) -> None:
    with pytest.raises(Forbidden):
        query(ox.Store(), Task(text, SOLUTION_FORMATS[0]))
    for update in (f"INSERT {{ ?s ?p ?o }} WHERE {{ {text.partition('{')[2]}", "LOAD SILENT <http://127.0.0.1:1/>"):
        with pytest.raises(Forbidden):
            compute_patch(ox.Store(), Change(UPDATE, update))


def test_no_keyword_begins_with_another_one_that_a_keyword_may_follow() -> None:
    """The engine's parser tries keywords without looking for their end, so that INTO could be IN and TO to it."""
    pairs = {(one, word) for word in KEYWORDS for one in KEYWORDS if word.startswith(one) and word != one}
    harmless = {"IN", "STR"}  # both want a bracket behind them
    assert {one for one, word in pairs if word.removeprefix(one) in {*KEYWORDS, "A"}} == harmless


def test_a_local_name_may_have_dots() -> None:
    store = ox.Store()
    store.update("INSERT DATA { <http://e/s> <http://e/v1.2.3> 1 . <http://e/s> <http://e/v1.2> 0.3 }")
    assert rows(store, "PREFIX e: <http://e/> SELECT ?s ?o { ?s e:v1.2.3 ?o }") == [
        ["<http://e/s>", f'"1"^^<{INTEGER}>']
    ]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("CONCAT ('a', 'b')", '"ab"'),
        ("COALESCE (1/0, 'a')", '"a"'),
        ("7 -2 -1", "4"),
        ("2+1*3", "5"),
        ("-1", "-1"),
        ("- -1", "1"),
        (r"'a\u005Cn\u0022\\u0041'", r'"a\\n\"\\u0041"'),
        ("IRI('x')", "<http://b/c/x>"),
        ("e:a\\~b", "<http://e/a~b>"),
    ],
)
def test_values(expression: str, expected: str) -> None:
    assert value(expression, PREFIXES).split("^^")[0].strip('"') == expected.strip('"')


def test_the_base_is_that_of_the_text() -> None:
    assert value("IRI('y')", "BASE <http://x/>") == "<http://x/y>"
    assert value("<y>", "BASE <http://x/> BASE <z/>") == "<http://x/z/y>"


@pytest.mark.parametrize("reference", [
    "", "x", "./x", "../../../x", "..", ".", "/x", "//h/x", "?q", "#f", "x#?", "a/./b/../c", "/a//../b", "x;y=1",
    "é", "%41", "g:h", "HTTP://A/", "http:x", "http://a/b/../c", "mailto:a@b", "///x", "x:", "-",
])  # fmt: skip
@pytest.mark.parametrize("base", ["http://b/c/d?e", "http://b", "http://b/c/../d", "urn:x:y", "http://b/c/d#f"])
def test_references_are_resolved_as_the_engine_does(reference: str, base: str) -> None:
    query_text = f"SELECT (<{reference}> AS ?x) {{}}"
    try:
        ((expected,),) = ox.Store().query(query_text, base_iri=base)  # type: ignore[misc]
    except SyntaxError:
        with pytest.raises(QuerySyntaxError):
            query(ox.Store(), Task(query_text, SOLUTION_FORMATS[0], base))
        return
    assert value(f"<{reference}>", base=base) == str(expected)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("SELECT ?s, ?p WHERE { ?s ?p ?o }", "1:10: ',' is not"),
        ("SELECT *\nFROM countries { ?s ?p ?o }", "2:6: 'countries' is not"),
        ("SELECT * { ?s ?p 'China }", "1:18: the string that begins here is not closed"),
        ("SELECT * {\n\t?s ?p ?o ?o }", "2:11: '?o' is not"),
        ("SELECT * { ?s ?p ?o . FILTER (?o == 3) }", "1:35: '=' is not"),
        ("SELECT * { ?s ?p ?o", "1:20: the query ends"),
        ("", "1:1: the query ends"),
        ("PREFIX", "1:7: the query ends"),
        ("PREFIX x <http://e/> ASK {}", "1:8: 'x' is not"),
        ("PREFIX x: ASK {}", "1:11: 'ASK' is not"),
        ("ASK {} PREFIX x: <http://e/>", "1:8: 'PREFIX' is not"),
        ("ASK { ?s A ?o }", "1:10: 'A' is not"),
        ("ASK { ?s <p> ?o }", "1:10: <p> is relative"),
        ("ASK { ?s ?p y:x }", "1:13: the prefix y: is not declared"),
        ("# é\nASK { ?s ?p <http://[> . }", "2:13: <http://[> is no IRI"),
        ("SELECT ?s (count(?s)) WHERE { ?s ?p ?o }", "1:21: ')' is not"),
        ("SELECT * FROM <http://e/> WHERE name = 'China'", "1:33: 'name' is not"),
        ("SELECT ?s WHERE { ?s ?p ?o } LIMIT ten", "1:36: 'ten' is not"),
        ("SELECT * WHERE { ?s ?p ?o FILTER ?o = 3 }", "1:34: '?o' is not"),
        ("SELECT * { STR(?x) }", "1:12: 'STR' is not"),
        ("SELECT * { ?s a <http://e/C> ?s <http://e/p> ?p }", "1:30: '?s' is not"),
        (r"ASK { ?s ?p '\x' }", r"1:13: \x is no escape"),
        (r"ASK { ?s ?p '\uD800' }", r"1:13: \u is no escape"),
        (r"ASK { ?s ?p <http://e/\u0020> }", r"1:13: <http://e/\u0020> has an escape"),
        ("SELECT (COUNT(?x) AS ?n) ?y { ?x ?y ?z }", "1:"),
    ],
)
def test_errors_have_the_place_of_the_clients_text(text: str, place: str) -> None:
    with pytest.raises(QuerySyntaxError) as raised:
        query(ox.Store(), Task(text, SOLUTION_FORMATS[0]))
    assert str(raised.value).startswith(place)


def updated(text: str, base: str | None = BASE) -> set[str]:
    return {str(quad) for quad in compute_patch(ox.Store(), Change(UPDATE, text, base)).added}


def test_an_update_is_one_text_unless_the_base_differs() -> None:
    assert [
        form.text for form in of_update("PREFIX a: <http://a/> CREATE GRAPH a:g ; PREFIX a: <http://b/> DROP ALL")
    ] == ["CREATE GRAPH <http://a/g> ; DROP ALL"]
    assert [form.base for form in of_update("DROP ALL ; BASE <x/> DROP ALL ; BASE <y> DROP ALL ;", BASE)] == [
        BASE, "http://b/c/x/", "http://b/c/x/y",
    ]  # fmt: skip
    made = "INSERT { ?x ?x ?x } WHERE { BIND(IRI('i') AS ?x) }"
    assert updated(f"{made} ; BASE <http://z/> {made}") == {
        "<http://b/c/i> <http://b/c/i> <http://b/c/i>",
        "<http://z/i> <http://z/i> <http://z/i>",
    }


@pytest.mark.parametrize("text", ["", "PREFIX a: <http://a/>", "CREATE GRAPH <http://a/> ;", "BASE <x> # nothing"])
def test_an_update_may_end_with_a_prologue(text: str) -> None:
    assert updated(text) == set()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("INSERT DATA {} ; ; INSERT DATA {}", "1:18"),
        (";", "1:1"),
        ("INSERT DATA { <x> <y> _:a } ; BASE <z/>\nINSERT DATA { <x> <y> _:a }", "2:23"),
        ("INSERT DATA { <x> <y> _:a } ;\nINSERT DATA { <x> <y> _:a }", "2:23"),
        ("INSERT DATA { <x> <y> 1 } ;\n BASE <z/> INSERT DATA { <x> <y> ?o }", "2:"),
    ],
)
def test_errors_in_updates_have_their_place(text: str, place: str) -> None:
    with pytest.raises(QuerySyntaxError, match=f"^{place}"):
        updated(text)


def available() -> Iterator[ox.Quad]:
    node = ox.NamedNode("http://b/.well-known/queries")
    yield ox.Quad(node, node, node, node)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("SELECT * { GRAPH <http://b/.well-known/queries> { ?s ?p ?o } }", True),
        ("PREFIX w: <http://b/.well-known/> SELECT * FROM w:queries { ?s ?p ?o }", True),
        (r"SELECT * { GRAPH </.well\u002dknown/queries> { ?s ?p ?o } }", True),
        (r"PREFIX b: <http://b/.> SELECT * { GRAPH b:well\-known\/queries { ?s ?p ?o } }", True),
        ("SELECT * { GRAPH ?g { ?s ?p ?o } FILTER (?g = IRI('http://b/.well-known/queries')) }", True),
        ("# http://b/.well-known/queries\nSELECT * { GRAPH ?g { ?s ?p ?o } }", False),
        ("SELECT * { ?s ?p 'well-known' , <http://b/.well-known/> }", False),
    ],
)
def test_a_comment_names_no_graph(text: str, named: bool) -> None:  # noqa: FBT001 - a table of cases
    assert names_available_graph(Task(text, SOLUTION_FORMATS[0], BASE), AvailableGraphs.of(available())) is named


def test_admission_and_the_engine_have_the_same_words() -> None:
    text = "select (now() as ?x) from <http://e/g> { service <http://e/s> { ?s ?p 'load' } } # rand()"
    assert admit(text, service=True).words == of_query(text).words == {"SELECT", "NOW", "AS", "FROM", "SERVICE"}
