from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopkg.errors import InputUnreadable, RdfSyntaxError
from coopkg.rdf.canonical_turtle import canonical_turtle
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.terms import Document

PREFIXES = {"e": "http://e/", "xsd": "http://www.w3.org/2001/XMLSchema#"}


def canonical(text: str) -> str:
    return canonical_turtle(Document("t.ttl", text.encode()), PREFIXES)


def dataset(text: str) -> ox.Dataset:
    """Give the graph with canonical blank nodes."""
    found = ox.Dataset(ox.parse(text.encode(), ox.RdfFormat.TURTLE))
    found.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return found


def test_one_fact_a_line() -> None:
    text = '@prefix e: <http://e/> . e:b e:p e:o , "x"@en , 1 ; a e:C . e:a e:q ( 1 [ e:r e:s ] ) .'
    assert canonical(text) == (
        "@prefix e: <http://e/> .\n\n"
        "e:a\n    e:q (\n        1\n        [\n            e:r e:s ;\n        ]\n    ) ;\n.\n\n"
        'e:b\n    a e:C ;\n    e:p "x"@en ;\n    e:p 1 ;\n    e:p e:o ;\n.\n'
    )


def test_lexical_forms_are_kept() -> None:
    text = '@prefix e: <http://e/> . e:a e:p 1.10 , 007 , "1"^^<http://www.w3.org/2001/XMLSchema#byte> , true .'
    assert all(form in canonical(text) for form in ("1.10", "007", '"1"^^xsd:byte', "true"))


def test_the_head_comment_stays_and_others_are_refused() -> None:
    assert canonical("# kept\n@prefix e: <http://e/> . e:a e:p e:b .").startswith("# kept\n\n@prefix")
    with pytest.raises(InputUnreadable, match=r"t\.ttl:2"):
        canonical("<http://e/a> <http://e/p> 1 .\n# lost\n")


@pytest.mark.parametrize("comment", ["e:a e:p 1 . # why\n", "e:a e:p 1 ; # why\n  e:q 2 .\n", 'e:a e:p "#" . #\n'])
def test_a_comment_after_a_statement_is_not_lost_either(comment: str) -> None:
    with pytest.raises(InputUnreadable, match=":2: a comment"):
        canonical_turtle(Document("a.ttl", f"@prefix e: <http://e/> .\n{comment}".encode()), {"e": "http://e/"})


def test_a_number_sign_in_a_string_an_iri_or_a_name_begins_no_comment() -> None:
    text = """<http://e/a#b> <http://e/p> "#", '#', "\\"#", \"\"\"SELECT
# a comment of SPARQL
"quoted" # \"\"\" ; e:q e:a\\#b ."""
    written = canonical_turtle(Document("a.ttl", f"@prefix e: <http://e/> .\n{text}\n".encode()), {"e": "http://e/"})
    assert len(list(Document("b.ttl", written.encode()).quads())) == 4


def test_syntax_error_has_a_place() -> None:
    with pytest.raises(RdfSyntaxError, match=r"^t\.ttl:2:"):
        canonical("@prefix e: <http://e/> .\ne:a e:p , .")


_INTEGER = ox.NamedNode(PREFIXES["xsd"] + "integer")
_iris = st.sampled_from([ox.NamedNode(f"http://e/{c}") for c in ("a", "b", "c-d", "e/f", "", "ü", "1", "x.")])
_nodes = st.one_of(_iris, st.sampled_from([ox.BlankNode(f"n{i}") for i in range(4)]))
_literals = st.one_of(
    st.text(max_size=12).filter(lambda t: not any("\ud800" <= c <= "\udfff" for c in t)).map(ox.Literal),
    st.text(max_size=4).filter(str.isalpha).map(lambda t: ox.Literal(t, language="en")),
    st.sampled_from(["01", "1", "+5", "x"]).map(lambda t: ox.Literal(t, datatype=_INTEGER)),
)  # fmt: skip


@given(st.lists(st.tuples(_nodes, _iris, st.one_of(_nodes, _literals)), max_size=12))
def test_canonical_form_is_the_same_graph_and_its_own_canonical_form(facts: list[tuple[ox.NamedNode, ...]]) -> None:
    triples = [ox.Triple(*fact) for fact in facts]
    text = (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").decode()
    once = canonical(text)
    assert dataset(once) == dataset(text)
    assert canonical(once) == once


def test_every_prefix_is_sorted() -> None:
    assert list(prefixes()) == sorted(prefixes())
