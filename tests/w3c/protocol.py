"""The 34 tests of the SPARQL 1.1 Protocol suite, as requests of our own that put the same questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from w3c.exchange import CLIENT_ERROR, GRAPHS, RESULTS, SUCCESS, Conversation, Exchange

if TYPE_CHECKING:
    from collections.abc import Container

SUITE: Final = "http://www.w3.org/2009/sparql/docs/tests/data-sparql11/protocol/manifest#"
FORM: Final = "application/x-www-form-urlencoded"
QUERY: Final = "application/sparql-query"
UPDATE: Final = "application/sparql-update"
BOOLEANS: Final = frozenset(RESULTS) - {"text/csv", "text/tab-separated-values"}

ONE, TWO, THREE, NOWHERE = (f"http://data.example/{name}" for name in ("one", "two", "three", "nowhere"))
COPY: Final = "http://data.example/copy"
KIND: Final = "<http://vocabulary.example/Leaf>"
SEEN: Final = "<http://vocabulary.example/seen>"
LEAVES: Final = {graph: f"<{graph}> a {KIND} ." for graph in (ONE, TWO, THREE)}

IN_DEFAULT: Final = f"ASK {{ <{ONE}> a ?kind . <{TWO}> a ?kind }}"
IN_NAMED: Final = f"GRAPH ?g {{ <{ONE}> a ?kind }} GRAPH ?h {{ <{TWO}> a ?kind }}"
PLANT: Final = "DROP ALL ; INSERT DATA { " + " ".join(f"GRAPH <{g}> {{ {t} }}" for g, t in LEAVES.items()) + " } ;"


def _parameters(**values: str | tuple[str, ...]) -> str:
    pairs = [
        (name.replace("_", "-"), value)
        for name, given in values.items()
        for value in (given if isinstance(given, tuple) else (given,))
    ]
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)


def _ask(text: str, body_parameters: str = "", *, boolean: bool | None = True) -> Exchange:
    target = f"/sparql?{body_parameters}" if body_parameters else "/sparql"
    return Exchange("POST", target, SUCCESS, {"Content-Type": QUERY}, text.encode(), boolean, BOOLEANS)


def _get(parameters: str) -> Exchange:
    return Exchange("GET", f"/sparql?{parameters}", SUCCESS, boolean=True, media=BOOLEANS)


def _typed(text: str, media: Container[str]) -> Exchange:
    target = f"/sparql?{_parameters(default_graph_uri=NOWHERE)}"
    return Exchange("POST", target, SUCCESS, {"Content-Type": QUERY}, text.encode(), media=media)


def _change(text: str, parameters: str = "") -> Exchange:
    target = f"/update?{parameters}" if parameters else "/update"
    return Exchange("POST", target, SUCCESS, {"Content-Type": UPDATE}, text.encode())


def _bad(method: str, target: str, content_type: str = "", body: bytes = b"") -> Exchange:
    headers = {"Content-Type": content_type} if content_type else {}
    return Exchange(method, target, CLIENT_ERROR, headers, body)


def _copied(*, here: tuple[str, ...], not_here: str) -> Exchange:
    wanted = " ".join(f"<{leaf}> {SEEN} true ." for leaf in here)
    return _ask(
        f"ASK {{ GRAPH <{COPY}> {{ {wanted} }} FILTER NOT EXISTS {{ GRAPH <{COPY}> {{ <{not_here}> ?p ?o }} }} }}"
    )


def _test(name: str, *exchanges: Exchange, graphs: tuple[str, ...] = ()) -> Conversation:
    return Conversation(SUITE + name, exchanges, {graph: LEAVES[graph] for graph in graphs})


COPY_DEFAULT: Final = f"{PLANT} INSERT {{ GRAPH <{COPY}> {{ ?s {SEEN} true }} }} WHERE {{ ?s a {KIND} }}"
COPY_NAMED: Final = f"{PLANT} INSERT {{ GRAPH <{COPY}> {{ ?s {SEEN} true }} }} WHERE {{ GRAPH ?g {{ ?s a {KIND} }} }}"
COPY_BOTH: Final = (
    f"{PLANT} INSERT {{ GRAPH <{COPY}> {{ ?s {SEEN} ?where }} }} WHERE {{ "
    f'{{ GRAPH ?g {{ ?s a {KIND} }} BIND(?g AS ?where) }} UNION {{ ?s a {KIND} BIND("default" AS ?where) }} }}'
)
BOTH_COPIED: Final = (
    f'ASK {{ GRAPH <{COPY}> {{ <{ONE}> {SEEN} "default" . <{TWO}> {SEEN} <{TWO}> }} '
    f"FILTER NOT EXISTS {{ GRAPH <{COPY}> {{ <{THREE}> ?p ?o }} }} }}"
)
RELATIVE: Final = f"INSERT DATA {{ GRAPH <{COPY}> {{ <{ONE}> {SEEN} <leaf> }} }}"
RESOLVED: Final = f'ASK {{ GRAPH <{COPY}> {{ <{ONE}> {SEEN} ?o FILTER(isIRI(?o) && STR(?o) != "leaf") }} }}'
WITH: Final = f"WITH <{ONE}> DELETE {{ ?s a {KIND} }} INSERT {{ ?s {SEEN} true }} WHERE {{ ?s a {KIND} }}"

CONVERSATIONS: Final = (
    _test(
        "query_post_form",
        Exchange("POST", f"/sparql?{_parameters(default_graph_uri=NOWHERE)}", SUCCESS, {"Content-Type": FORM},
                 b"query=ASK+%7B%7D", boolean=True, media=BOOLEANS),
    ),
    _test(
        "query_dataset_default_graphs_get",
        _get(_parameters(query=IN_DEFAULT, default_graph_uri=(ONE, TWO))),
        graphs=(ONE, TWO),
    ),
    _test(
        "query_dataset_default_graphs_post",
        _ask(IN_DEFAULT, _parameters(default_graph_uri=(ONE, TWO))),
        graphs=(ONE, TWO),
    ),
    _test(
        "query_dataset_named_graphs_post",
        _ask(f"ASK {{ {IN_NAMED} }}", _parameters(named_graph_uri=(ONE, TWO))),
        graphs=(ONE, TWO),
    ),
    _test(
        "query_dataset_named_graphs_get",
        _get(_parameters(query=f"ASK {{ {IN_NAMED} }}", named_graph_uri=(ONE, TWO))),
        graphs=(ONE, TWO),
    ),
    _test(
        "query_dataset_full",
        _ask(f"ASK {{ <{THREE}> a ?kind {IN_NAMED} }}",
             _parameters(default_graph_uri=THREE, named_graph_uri=(ONE, TWO))),
        graphs=(ONE, TWO, THREE),
    ),
    _test(
        "query_multiple_dataset",
        _ask(f"ASK FROM <{THREE}> {{ {IN_NAMED} }}", _parameters(named_graph_uri=(ONE, TWO))),
        graphs=(ONE, TWO, THREE),
    ),
    _test("query_get", _get(_parameters(query="ASK {}", default_graph_uri=NOWHERE))),
    _test("query_content_type_select", _typed("SELECT (7 AS ?n) {}", RESULTS)),
    _test("query_content_type_ask", _typed("ASK {}", BOOLEANS)),
    _test("query_content_type_describe", _typed(f"DESCRIBE <{ONE}>", GRAPHS)),
    _test("query_content_type_construct", _typed("CONSTRUCT { <a> <b> 7 } WHERE {}", GRAPHS)),
    _test(
        "update_dataset_default_graph",
        _change(COPY_DEFAULT, _parameters(using_graph_uri=ONE)),
        _copied(here=(ONE,), not_here=TWO),
    ),
    _test(
        "update_dataset_default_graphs",
        _change(COPY_DEFAULT, _parameters(using_graph_uri=(ONE, TWO))),
        _copied(here=(ONE, TWO), not_here=THREE),
    ),
    _test(
        "update_dataset_named_graphs",
        _change(COPY_NAMED, _parameters(using_named_graph_uri=(ONE, TWO))),
        _copied(here=(ONE, TWO), not_here=THREE),
    ),
    _test(
        "update_dataset_full",
        _change(COPY_BOTH, _parameters(using_graph_uri=ONE, using_named_graph_uri=TWO)),
        _ask(BOTH_COPIED),
    ),
    _test(
        "update_post_form",
        Exchange("POST", "/update", SUCCESS, {"Content-Type": FORM}, b"update=CLEAR+ALL"),
        _ask("ASK { GRAPH ?g { ?s ?p ?o } }", boolean=False),
        graphs=(ONE,),
    ),
    _test(
        "update_post_direct",
        _change("CLEAR ALL"),
        _ask("ASK { GRAPH ?g { ?s ?p ?o } }", boolean=False),
        graphs=(ONE,),
    ),
    _test("update_base_uri", _change(RELATIVE), _ask(RESOLVED)),
    _test("query_post_direct", _ask("ASK {}")),
    _test(
        "bad_query_method",
        _bad("PUT", f"/sparql?{_parameters(query='ASK {}', default_graph_uri=NOWHERE)}", FORM),
    ),
    _test("bad_multiple_queries", _bad("GET", f"/sparql?{_parameters(query=('ASK {}', 'SELECT * {}'))}")),
    _test("bad_query_wrong_media_type", _bad("POST", "/sparql", "text/plain", b"ASK {}")),
    _test("bad_query_missing_form_type", _bad("POST", "/sparql", "", b"query=ASK%20%7B%7D")),
    _test("bad_query_missing_direct_type", _bad("POST", "/sparql", "", b"ASK {}")),
    _test("bad_query_non_utf8", _bad("POST", "/sparql", f"{QUERY}; charset=UTF-16", "ASK {}".encode("utf-16"))),
    _test("bad_query_syntax", _bad("GET", f"/sparql?{_parameters(query='ASK {')}")),
    _test("bad_update_get", _bad("GET", f"/update?{_parameters(update='CLEAR ALL')}")),
    _test("bad_multiple_updates", _bad("POST", "/update", FORM, b"update=CLEAR%20NAMED&update=CLEAR%20DEFAULT")),
    _test("bad_update_wrong_media_type", _bad("POST", "/update", "text/plain", b"CLEAR NAMED")),
    _test("bad_update_missing_form_type", _bad("POST", "/update", "", b"update=CLEAR%20NAMED")),
    _test("bad_update_non_utf8", _bad("POST", "/update", f"{UPDATE}; charset=UTF-16", "CLEAR NAMED".encode("utf-16"))),
    _test("bad_update_syntax", _bad("POST", "/update", FORM, b"update=CLEAR%20XYZ")),
    _test(
        "bad_update_dataset_conflict",
        _bad("POST", f"/update?{_parameters(using_named_graph_uri=TWO)}", UPDATE, WITH.encode()),
    ),
)  # fmt: skip
