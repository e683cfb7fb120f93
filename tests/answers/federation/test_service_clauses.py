"""What a SERVICE clause may name and where it may stand; what is asked, how often, and what is said of it."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox
import pytest

from coopkg.answers.federation.source_report import MOST, source_headers
from coopkg.errors import Busy, CoopkgError, EndpointFailed, Forbidden, QuerySyntaxError, QueryTooComplex, UsageError
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.workers.tasks import Answer, Task
from endpoints import BASE, Store, endpoint, federation
from hostile_endpoint import Received, Stranger, reply, solutions
from processor_time import PATIENCE, eventually

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from coopkg.answers.federation.executor import Federation
    from coopkg.workers.tasks import RemoteSource

pytestmark = pytest.mark.slow


@pytest.fixture
def far() -> Iterator[Stranger]:
    with Stranger(reply(solutions({"s": "http://e/a"}, names=("s",)))) as stranger:
        yield stranger


def local(*triples: str) -> Store:
    store = ox.Store()
    store.load(f"@prefix : <http://e/> . {' '.join(triples)}".encode(), ox.RdfFormat.TURTLE)
    return Store(store)


def ask(
    federated: Federation, text: str, store: Store | None = None, seconds: float = 10
) -> tuple[list[dict[str, str]], tuple[RemoteSource, ...]]:
    answer = federated.run(Task(text, SOLUTION_FORMATS[0], BASE, union=False), store or local(), seconds)
    bindings = json.loads(answer.body)["results"]["bindings"]
    return [{n: t["value"] for n, t in row.items()} for row in bindings], answer.sources


@pytest.mark.parametrize(
    "name", ["<far>", "service:far", "<http://here.example/federation/far>", "<FAR>", "<http://other.example/name>"]
)
def test_an_endpoint_goes_by_its_alias_its_iri_and_its_names(name: str, far: Stranger) -> None:
    federated = federation(endpoint("far", far.address, names=("http://other.example/name",)))
    written = name.replace("FAR", far.address)
    text = f"PREFIX service: <http://here.example/federation/> SELECT * {{ SERVICE {written} {{ ?s a ?s }} }}"
    assert ask(federated, text)[0] == [{"s": "http://e/a"}]


def test_an_endpoint_reads_no_keyword_that_we_do_not(far: Stranger) -> None:
    """A store like ours would take what is glued to SERVICE for a clause, and ask an endpoint that is not listed."""
    prologue = "BASE <http://b/> PREFIX e: <http://e/> PREFIX SERVICEx: <http://x/>"
    ask(
        federation(endpoint("far", far.address)),
        f"{prologue} SELECT * {{ SERVICE<far>{{?s e:v1.2.3 SERVICEx:a,<c>}} }}",
    )
    assert far.requests[0].query == "SELECT ?s WHERE { ?s <http://e/v1.2.3> <http://x/a> , <http://b/c> }"


def test_an_endpoint_is_asked_for_the_pattern_with_what_it_needs(far: Stranger) -> None:
    text = "PREFIX a: <http://e/> PREFIX b: <http://e/b> SELECT * { ?s a:p ?x SERVICE <far> { ?s a a:T } }"
    ask(federation(endpoint("far", far.address)), text, local(":z :p 1 . :y :p 2 . _:b :p 3 ."))
    assert far.requests[0].query == (
        "SELECT ?s WHERE { VALUES ( ?s ) { ( <http://e/y> ) ( <http://e/z> ) } ?s a <http://e/T> }"
    )


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("?s <http://e/p> 1 FILTER(RAND() < 0)", 20),
        ("?s <http://e/p> 1 FILTER(1 < 0)", None),
        ("?s <http://e/p> 1 BIND(RAND() AS ?x) MINUS { ?s <http://e/p> ?y }", 20),
        ("BIND(IRI(STRUUID()) AS ?s)", 0),
        ("{ SELECT ?s { ?s <http://e/p> 1 FILTER(RAND() < 2) } }", 0),
    ],
)
def test_what_changes_with_every_evaluation_tells_nothing(before: str, told: int | None, far: Stranger) -> None:
    store = local(*(f":s{number:02} :p 1 ." for number in range(20)))
    ask(federation(endpoint("far", far.address)), f"SELECT * {{ {before} SERVICE <far> {{ ?s a ?t }} }}", store)
    assert [request.query.count("<http://e/s") for request in far.requests] == ([] if told is None else [told])


def test_an_answer_in_xml_is_read_as_well() -> None:
    body = (
        '<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#"><head><variable name="s"/></head>'
        '<results><result><binding name="s"><literal xml:lang="be">Мінск &lt;&quot;\\</literal></binding></result>'
        '<result><binding name="s"><bnode>b</bnode></binding></result><result/></results></sparql>'
    )
    with Stranger(reply(body.encode(), kind="application/sparql-results+xml; charset=utf-8")) as far:
        text = "SELECT ?s (LANG(?s) AS ?l) (isBlank(?s) AS ?b) { SERVICE <far> { ?s a ?s } } ORDER BY ?s"
        found, _ = ask(federation(endpoint("far", far.address)), text)
    assert [row.get("b") for row in found] == [None, "true", "false"]
    assert found[2] == {"s": 'Мінск <"\\', "l": "be", "b": "false"}


def test_nothing_is_asked_where_nothing_could_be_joined(far: Stranger) -> None:
    federated = federation(endpoint("far", far.address))
    assert ask(federated, "SELECT * { ?s <http://e/p> ?x SERVICE <far> { ?s a ?t } }")[0] == []
    assert ask(federated, "SELECT * { ?s <http://e/p> 3 SERVICE <far> { ?s a ?t } }", local("_:b :p 3 ."))[0] == []
    assert far.requests == []


VARIABLE: Final = "SELECT * { ?x <http://e/at> ?e SERVICE SILENT ?e { ?s a ?s } }"


def test_a_variable_asks_listed_endpoints_alone(far: Stranger) -> None:
    federated = federation(endpoint("far", far.address))
    store = local(f":x :at <{far.address}> . :y :at <http://unlisted.example/> .")
    found, sources = ask(federated, VARIABLE, store)
    assert sorted((row["x"], row.get("s", "")) for row in found) == [("http://e/x", "http://e/a"), ("http://e/y", "")]
    assert {source.alias: source.missing for source in sources} == {
        "far": "", "http://unlisted.example/": "not-allowed",
    }  # fmt: skip
    with pytest.raises(Forbidden, match=r"unlisted\.example"):
        ask(federated, VARIABLE.replace("SILENT ", ""), store)


def test_blank_nodes_of_two_endpoints_are_two_nodes() -> None:
    node = json.dumps({"head": {"vars": ["s"]}, "results": {"bindings": [{"s": {"type": "bnode", "value": "b0"}}]}})
    with Stranger(reply(node.encode())) as one, Stranger(reply(node.encode())) as two:
        federated = federation(endpoint("one", one.address), endpoint("two", two.address))
        store = local(f":x :at <{one.address}> , <{two.address}> .")
        text = "SELECT (COUNT(DISTINCT ?s) AS ?n) { ?x <http://e/at> ?e SERVICE ?e { ?s a ?s } FILTER(isBlank(?s)) }"
        assert ask(federated, text, store)[0] == [{"n": "2"}]
        both = "{ SERVICE <one> { ?s a ?s } } UNION { SERVICE <two> { ?s a ?s } }"
        assert ask(federated, f"SELECT (COUNT(DISTINCT ?s) AS ?n) {{ {both} }}")[0] == [{"n": "2"}]


def test_a_hanging_endpoint_leaves_others_their_turn(far: Stranger) -> None:
    """The hanging one lets go only after the other one has answered: that one waited for nothing."""
    answered = threading.Event()
    with Stranger(lambda _sock, _request: answered.wait(PATIENCE)) as hanging:
        federated = federation(
            endpoint("far", far.address), endpoint("slow", hanging.address, {"block": 1, "seconds": PATIENCE})
        )
        store = local(*(f":s{number} :p 1 ." for number in range(15)))
        waiting = "SELECT * { ?s <http://e/p> 1 SERVICE SILENT <slow> { ?s a ?t } }"
        threads = [threading.Thread(target=ask, args=(federated, waiting, store, PATIENCE)) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert eventually(lambda: len(hanging.requests) >= len(threads))
        assert ask(federated, "SELECT * { SERVICE <far> { ?s a ?s } }")[0] == [{"s": "http://e/a"}]
        assert all(thread.is_alive() for thread in threads)
        answered.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize(
    ("pattern", "error", "message"),
    [
        ("SERVICE ?e { ?s a ?s }", UsageError, "must be bound before"),
        ("?x <http://e/at> ?e SERVICE ?e { ?e a ?s }", UsageError, "must be bound before"),
        ("?x <http://e/p> ?e SERVICE ?e { ?s a ?s }", UsageError, "must be bound to an IRI"),
        ("OPTIONAL { ?x <http://e/none> ?e } SERVICE ?e { ?s a ?s }", UsageError, "must be bound to an IRI"),
        ("SERVICE <far> { SERVICE ?e { ?s a ?s } }", UsageError, "must name its endpoint"),
        ("SERVICE <far> { SERVICE <http://unlisted.example/> { ?s a ?s } }", Forbidden, "is not allowed"),
        ("SERVICE <near> { ?s a ?s }", Forbidden, "is not allowed"),
        ("?x ?y ?z FILTER EXISTS { SERVICE <far> { ?s a ?t FILTER(?z = 1) } }", QueryTooComplex, "EXISTS or LATERAL"),
        ("SERVICE <far> { ?s a }", QuerySyntaxError, "1:33: '}' is not expected"),
        ("SERVICE none:far { ?s a ?s }", QuerySyntaxError, "1:20: the prefix none: is not declared"),
        ("SERVICE 'far' { ?s a ?s }", QuerySyntaxError, "1:20: SERVICE names an endpoint by"),
        ("?a ?b ?c FILTER(?a<?b)SERVICE#>\n<far>{ ?s a ?s }", QuerySyntaxError, "be read"),
    ],
)
def test_what_cannot_be_carried_out_is_refused(
    pattern: str, error: type[CoopkgError], message: str, far: Stranger
) -> None:
    federated = federation(endpoint("far", far.address))
    with pytest.raises(error, match=message):
        ask(federated, f"SELECT * {{ {pattern} }}", local(":x :p 3 ; :at <http://e/x> ."))
    assert far.requests == []


def test_an_inner_clause_names_an_address_that_the_outer_endpoint_understands(far: Stranger) -> None:
    federated = federation(endpoint("far", far.address), endpoint("near", "http://near.example/sparql"))
    ask(federated, "SELECT * { SERVICE <far> { SERVICE <near> { ?s a ?s } SERVICE SILENT <http://no.example/> { } } }")
    assert "SERVICE <http://near.example/sparql> { ?s a ?s }" in far.requests[0].query
    assert "no.example" not in far.requests[0].query


def test_clauses_that_do_not_build_on_each_other_are_asked_at_once() -> None:
    """Neither endpoint answers before both are asked."""
    both = threading.Barrier(2)

    def together(sock: socket.socket, request: Received) -> None:
        both.wait(PATIENCE)
        reply(solutions({"s": "http://e/a"}))(sock, request)

    limits = {"seconds": 2 * PATIENCE}
    with Stranger(together) as one, Stranger(together) as two:
        federated = federation(endpoint("one", one.address, limits), endpoint("two", two.address, limits))
        text = "SELECT * { { SERVICE <one> { ?s a ?s } } UNION { SERVICE <two> { ?s a ?s } } }"
        found, _ = ask(federated, text, seconds=2 * PATIENCE)
        assert len(found) == 2
    assert not both.broken


def test_blocks_are_asked_at_once_and_no_more_than_allowed() -> None:
    running: list[int] = []
    most: list[int] = []
    lock = threading.Lock()

    def watched(sock: socket.socket, request: Received) -> None:
        with lock:
            running.append(1)
            most.append(len(running))
        time.sleep(0.05)
        with lock:
            running.pop()
        reply(solutions())(sock, request)

    with Stranger(watched) as far:
        federated = federation(endpoint("far", far.address, {"block": 2, "parallel": 3}))
        store = local(*(f":s{number} :p 1 ." for number in range(20)))
        _, sources = ask(federated, "SELECT * { ?s <http://e/p> 1 SERVICE <far> { ?s a ?s } }", store)
    assert (sources[0].requests, max(most)) == (10, 3)


def test_blocks_that_fail_together_are_one_failure_to_others() -> None:
    with Stranger(reply(b"", kind="text/html")) as far:
        federated = federation(endpoint("far", far.address, {"block": 1}))
        store = local(*(f":s{number} :p 1 ." for number in range(10)))
        with pytest.raises(EndpointFailed):
            ask(federated, "SELECT * { ?s <http://e/p> 1 SERVICE <far> { ?s a ?t } }", store)
        assert federated.health.state("far").failures == 1


def test_one_failing_block_is_no_partial_answer() -> None:
    def one_fails(sock: socket.socket, request: Received) -> None:
        reply(solutions({"s": "http://e/s1"}), status=400 if "s7" in request.query else 200)(sock, request)

    with Stranger(one_fails) as far:
        federated = federation(endpoint("far", far.address, {"block": 2}))
        store = local(*(f":s{number} :p 1 ." for number in range(10)))
        text = "SELECT * {{ ?s <http://e/p> 1 SERVICE {}<far> {{ ?s a ?t }} }}"
        with pytest.raises(EndpointFailed):
            ask(federated, text.format(""), store)
        found, sources = ask(federated, text.format("SILENT "), store)
    assert len(found) == 10
    assert sources[0].missing == "rejected"


class Changing(Store):
    """A dataset that changes for so many questions."""

    changes = 0

    def ask(self, task: Task, deadline: float | None = None) -> Answer:
        self.changes -= 1
        answer = super().ask(task, deadline)
        return replace(answer, tag=str(max(0, self.changes)))


@pytest.mark.parametrize(("changes", "good"), [(0, True), (3, True), (100, False)])
def test_all_of_an_answer_is_of_one_version(changes: int, good: bool, far: Stranger) -> None:  # noqa: FBT001 - a table
    store = Changing(ox.Store())
    store.changes = changes
    federated = federation(endpoint("far", far.address))
    if good:
        assert ask(federated, "SELECT * { SERVICE <far> { ?s a ?s } }", store)[0] == [{"s": "http://e/a"}]
    else:
        with pytest.raises(Busy, match="kept changing"):
            ask(federated, "SELECT * { SERVICE <far> { ?s a ?s } }", store)


def test_the_time_of_the_query_bounds_that_of_its_endpoints() -> None:
    """The endpoint may take far longer, and breaks off before that: another reason, were it waited for."""
    ended = threading.Event()
    with Stranger(lambda _sock, _request: ended.wait(PATIENCE / 4)) as far:
        federated = federation(endpoint("far", far.address, {"seconds": PATIENCE}), seconds=PATIENCE)
        with pytest.raises(EndpointFailed) as error:
            ask(federated, "SELECT * { SERVICE <far> { ?s a ?s } }", seconds=0.5)
        ended.set()
        assert error.value.members["reason"] == "timeout"


def test_a_header_cannot_be_broken_out_of() -> None:
    from coopkg.workers.tasks import RemoteSource  # noqa: PLC0415 - a value of this test alone

    sources: list[Any] = [
        RemoteSource(f'http://e/"{number}\r\nSet-Cookie: a=b é', missing="timeout") for number in range(30)
    ]
    value = source_headers(sources)["Federation-Sources"]
    assert value.isascii()
    assert value.isprintable()
    assert value.endswith(f'"";others={30 - MOST}')
    assert value.count("missing=timeout") == MOST
    assert source_headers([]) == {}
