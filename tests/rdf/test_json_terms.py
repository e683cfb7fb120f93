"""Terms in JSON: as the engine itself writes them, and back to the same term."""

from __future__ import annotations

import json

import pyoxigraph as ox
import pytest

from coopkg.rdf.json_terms import from_json, to_json

TERMS = [
    "<http://e/a>",
    '"a"',
    '""',
    '"a\\tb\\n\\"c\\" \\\\ \\u0001"',
    '"да"@ru',
    '"مرحبا"@ar--rtl',
    '"a"@en--ltr',
    '"7"^^<http://www.w3.org/2001/XMLSchema#integer>',
    '"a"^^<http://e/#string>',
    '<<( <http://e/a> <http://e/b> "c"@he--rtl )>>',
    '<<( <http://e/a> <http://e/b> <<( <http://e/a> <http://e/b> "1.10"^^<http://e/n> )>> )>>',
]


@pytest.mark.parametrize("text", TERMS)
def test_a_term_is_written_as_the_engine_writes_it_and_read_back_whole(text: str) -> None:
    result = ox.Store().query(f"SELECT ?x {{ VALUES ?x {{ {text} }} }}")
    assert isinstance(result, ox.QuerySolutions)
    written = json.loads(result.serialize(format=ox.QueryResultsFormat.JSON) or b"")["results"]["bindings"][0]["x"]
    term = next(iter(ox.parse(f"<http://e/s> <http://e/p> {text} .", ox.RdfFormat.N_TRIPLES))).object
    assert to_json(term) == written
    assert from_json(written) == term


def test_a_blank_node_keeps_its_label() -> None:
    node = ox.BlankNode("b1")
    assert from_json(to_json(node)) == node
