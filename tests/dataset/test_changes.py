from __future__ import annotations

import pyoxigraph as ox
import pytest

from coopkg.dataset.changes import DELETE, POST, PUT, UPDATE, Change, Payload, apply_lines, compute_patch, from_json
from coopkg.errors import NotFound, ProtocolError, QuerySyntaxError, RdfSyntaxError
from coopkg.sparql.update_dataset import with_using

UPDATES = (
    'INSERT DATA { <http://e/a> <http://e/p> "x\\n\\"y" , _:b , "z"@en }',
    "INSERT DATA { GRAPH <http://e/g> { <http://e/a> <http://e/p> 1.50 } }",
    "DELETE { ?s ?p ?o } INSERT { ?s <http://e/q> ?o } WHERE { ?s ?p ?o FILTER(isLITERAL(?o)) }",
    "CREATE GRAPH <http://e/h> ; DROP GRAPH <http://e/g>",
    "CLEAR ALL",
)


def test_a_patch_makes_of_one_store_what_the_update_made_of_another() -> None:
    here, there = ox.Store(), ox.Store()
    for text in UPDATES:
        patch = compute_patch(here, from_json(Change(UPDATE, text).as_json()))
        apply_lines(there, patch.lines())
        assert set(there) == set(here)
        assert set(there.named_graphs()) == set(here.named_graphs())


def test_a_graph_is_put_added_to_and_deleted() -> None:
    store = ox.Store()
    triple = Payload("<http://e/a> <http://e/p> _:b . _:b <http://e/p> <rel> .", "ttl", "http://e/")
    assert not compute_patch(store, Change(PUT, graph="http://e/g", payloads=(triple,))).existed
    again = compute_patch(store, Change(POST, graph="http://e/g", payloads=(triple,)))
    assert (again.existed, len(again.added), len(store)) == (True, 2, 4)
    assert len(compute_patch(store, Change(PUT, graph="http://e/g", payloads=(triple,))).removed) == 4
    assert compute_patch(store, Change(DELETE, graph="http://e/g")).graphs_removed == {"http://e/g"}
    with pytest.raises(NotFound):
        compute_patch(store, Change(DELETE, graph="http://e/g"))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (Change(UPDATE, "INSERT DATA {"), QuerySyntaxError),
        (Change(UPDATE, "DROP GRAPH <http://e/none>"), NotFound),
        (Change(PUT, payloads=(Payload("<http://e/a> <b", "ttl"),)), RdfSyntaxError),
        (Change(PUT, payloads=(Payload("x", "csv"),)), ProtocolError),
    ],
)
def test_what_cannot_be_carried_out_says_why(change: Change, error: type[Exception]) -> None:
    with pytest.raises(error):
        compute_patch(ox.Store(), change)


def test_the_dataset_of_an_update_is_written_into_it() -> None:
    text = (
        "PREFIX e: <http://e/> DELETE WHERE { ?s e:p ?o } ; "
        "INSERT { ?s e:q 1 } WHERE { ?s e:p ?o { SELECT * WHERE {} } }"
    )
    changed = with_using(text, ["http://e/1"], ["http://e/2"])
    assert changed.count("USING <http://e/1> USING NAMED <http://e/2>") == 2
    ox.Store().update(changed)
    assert with_using(text, [], []) == text


@pytest.mark.parametrize("text", ["WITH <http://e/g> DELETE {} WHERE {}", "DELETE {} USING <http://e/g> WHERE {}"])
def test_two_datasets_for_one_update_are_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        with_using(text, ["http://e/1"], [])


def test_an_iri_cannot_break_out_of_the_update() -> None:
    with pytest.raises(ProtocolError):
        with_using("DELETE {} WHERE {}", ["http://e/> } ; DROP ALL #"], [])
