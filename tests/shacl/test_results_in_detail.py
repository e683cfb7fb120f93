"""Results in detail: what made an inner shape fail, in its author's words; nothing where nothing failed (sh:not)."""

from __future__ import annotations

from typing import Final

import pytest

from coopkg.rdf.graph import Graph
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.terms import Document
from coopkg.shacl.documents import read
from coopkg.shacl.findings import Finding
from coopkg.shacl.result_details import explain
from coopkg.shacl.shapes import read_shapes
from coopkg.shacl.validation import validate

PREFIXES: Final = "@prefix ex: <http://example.org/> . @prefix sh: <http://www.w3.org/ns/shacl#> .\n"
NAMES: Final = {"ex": "http://example.org/", **prefixes()}
DATA: Final = "ex:a ex:p 1 ; a ex:C ."


def results(shapes: str) -> list[Finding]:
    """Give the results for ex:a, as a report shows them."""
    data, declared = (read(Document(f"{n}.ttl", (PREFIXES + t).encode())) for n, t in (("data", DATA), ("s", shapes)))
    report = validate(data.quads, declared.quads)
    found = explain(report, read_shapes(Graph(declared.quads)), Graph(data.quads), [data], NAMES).results
    return [result for result in found if isinstance(result, Finding)]


INNER: Final = "[ sh:class ex:D ; sh:message 'It must be a D.' ]"


@pytest.mark.parametrize(
    "shape",
    [f"sh:node {INNER}", f"sh:and ( {INNER} [ sh:class ex:C ] )", f"sh:or ( {INNER} )", f"sh:xone ( {INNER} )"],
)
def test_what_failed_within_is_told_in_its_authors_words(shape: str) -> None:
    (result,) = results(f"ex:S sh:targetNode ex:a ; {shape} .")
    assert [detail.messages["en"] for detail in result.details] == ["It must be a D."]


def test_of_what_is_not_to_be_the_shape_that_the_value_conforms_to_is_named_and_nothing_else() -> None:
    """The value conforms to the shape within: it has no results, and its message would say the opposite."""
    (result,) = results("ex:S sh:targetNode ex:a ; sh:not ex:N . ex:N sh:class ex:C ; sh:message 'It must be a C.' .")
    assert result.details == ()
    assert result.messages["en"] == "Expected: no node that fits ex:N."


def test_a_shape_without_a_name_is_called_by_what_it_expects() -> None:
    (result,) = results("ex:S sh:targetNode ex:a ; sh:not [ sh:property [ sh:path ex:p ; sh:minCount 1 ] ] .")
    assert result.messages["en"].startswith("Expected: no node that fits ex:p: ")


def test_the_authors_message_is_the_one_of_the_shape_that_has_not() -> None:
    (result,) = results("ex:S sh:targetNode ex:a ; sh:message 'No C, please.' ; sh:not [ sh:class ex:C ] .")
    assert (result.messages["en"], result.details) == ("No C, please.", ())


def test_a_not_that_failed_within_another_shape_is_a_result_in_detail() -> None:
    (result,) = results(
        "ex:S sh:targetNode ex:a ; sh:or ( [ sh:not [ sh:class ex:C ] ; sh:message 'No C.' ] [ sh:class ex:D ] ) ."
    )
    assert ("No C.", ()) in [(detail.messages["en"], detail.details) for detail in result.details]


def test_what_failed_within_what_must_fail_is_no_detail() -> None:
    """Of a double negation the inner one failed, as it should not have: that it holds is what the outer one reports."""
    (result,) = results("ex:S sh:targetNode ex:a ; sh:not [ sh:not [ sh:class ex:D ] ] .")
    assert result.details == ()
