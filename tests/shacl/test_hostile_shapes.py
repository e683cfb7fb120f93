"""Shapes that somebody writes to harm: nested thousands deep, shared without end, paths that double with each level.

Each validates, or is refused with a reason; the effort is that of the shapes' length, whatever they refer to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest

from coopkg.errors import DatasetBroken, TooLarge
from coopkg.rdf.graph import Graph
from coopkg.rdf.namespaces import prefixes
from coopkg.rdf.terms import Document
from coopkg.shacl.constraint_descriptions import expected
from coopkg.shacl.documents import read
from coopkg.shacl.report_formats.rdf import triples
from coopkg.shacl.result_details import explain
from coopkg.shacl.shapes import read_shapes
from coopkg.shacl.validation import validate
from coopkg.shacl.validator import Run
from processor_time import growth

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIXES: Final = "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://example.org/> .\n"
DEEP: Final = 2000
START: Final = "ex:S sh:targetNode ex:a ; sh:node ex:N0 .\n"


def quads(text: str) -> list[ox.Quad]:
    return list(Document("test.ttl", (PREFIXES + text).encode()).quads())


def levels(count: int, level: str) -> str:
    """Write a level that many times, with its number for I and the next one for J."""
    return "".join(level.replace("I", str(i)).replace("J", str(i + 1)) + "\n" for i in range(count))


def deep(parameter: str, count: int = DEEP) -> str:
    value = "( ex:NJ )" if parameter in {"and", "or", "xone"} else "ex:NJ"
    return START + levels(count, f"ex:NI sh:{parameter} {value} .") + f"ex:N{count} sh:class ex:C ."


def doubling(parameter: str, count: int = 30) -> str:
    """Write shapes that refer twice to the next, over shapes of their own, so that 2^count ways lead to the last."""
    level = f"ex:NI sh:{parameter} ( ex:MI ex:LI ) . ex:MI sh:node ex:NJ . ex:LI sh:node ex:NJ ."
    return START + levels(count, level) + f"ex:N{count} sh:class ex:C ."


@pytest.mark.parametrize("parameter", ["not", "node", "and", "or", "xone"])
@pytest.mark.parametrize("instance", [True, False])
def test_two_thousand_shapes_one_in_the_other_are_decided(parameter: str, *, instance: bool) -> None:
    data = quads("ex:a a ex:C ." if instance else "ex:a a ex:D .")
    assert validate(data, quads(deep(parameter))).conforms is instance
    assert list(Run(read_shapes(Graph(quads(deep(parameter)))), Graph(data), ox.Store()).results()) is not instance


@pytest.mark.parametrize("parameter", ["and", "or"])
@pytest.mark.parametrize("instance", [True, False])
def test_shapes_to_which_a_billion_ways_lead_are_decided_once(parameter: str, *, instance: bool) -> None:
    data = quads("ex:a a ex:C ." if instance else "ex:a a ex:D .")
    assert validate(data, quads(doubling(parameter))).conforms is instance


@pytest.mark.parametrize("write", [lambda n: deep("node", n), lambda n: doubling("and", n)], ids=["deep", "doubling"])
def test_the_effort_grows_with_the_length_of_the_shapes(write: Callable[[int], str]) -> None:
    """Four times as many levels may not cost much more than four times as much, as 2^n or the square of n would."""
    data = quads("ex:a a ex:D .")
    shapes = {n: quads(write(n)) for n in (100, 400, 1600)}
    assert max(growth(lambda n: validate(data, shapes[n]), 100)) < 8


def test_property_shapes_one_in_the_other_give_the_result_of_the_last() -> None:
    shapes = (
        "ex:S sh:targetNode ex:a ; sh:property ex:N0 .\n"
        + levels(DEEP, "ex:NI sh:path ex:p ; sh:property ex:NJ .")
        + f"ex:N{DEEP} sh:path ex:p ; sh:minCount 2 ."
    )
    (result,) = validate(quads("ex:a ex:p ex:a ."), quads(shapes)).results
    assert result.shape == f"http://example.org/N{DEEP}"


TWICE: Final = (
    "ex:S sh:targetNode ex:a ; sh:property ex:N0, ex:M0 .\n"
    + levels(30, "ex:NI sh:path ex:p ; sh:property ex:NJ, ex:MJ . ex:MI sh:path ex:p ; sh:property ex:NJ, ex:MJ .")
    + "ex:M30 sh:path ex:p . ex:N30 sh:path ex:p ; sh:minCount "
)


def test_property_shapes_to_which_a_billion_ways_lead_conform_or_are_refused() -> None:
    assert validate(quads("ex:a ex:p ex:a ."), quads(TWICE + "1 .")).conforms
    with pytest.raises(TooLarge):
        validate(quads("ex:a ex:p ex:a ."), quads(TWICE + "2 ."))


@pytest.mark.parametrize(
    "path",
    [
        "_:p0 . " + levels(30, "_:pI sh:alternativePath ( _:pJ _:pJ ) .") + "_:p30 sh:inversePath ex:p .",
        "_:p0 . " + levels(DEEP, "_:pI sh:inversePath _:pJ .") + f"_:p{DEEP} sh:inversePath ex:p .",
        "_:p0 . _:p0 sh:inversePath _:p0 .",
    ],
    ids=["doubling", "deep", "of itself"],
)
def test_a_path_that_cannot_be_written_out_is_refused(path: str) -> None:
    with pytest.raises(DatasetBroken, match="path"):
        validate([], quads("ex:S sh:targetNode ex:a ; sh:minCount 1 ; sh:path " + path))


@pytest.mark.parametrize("shape", ["sh:node ex:S", "sh:not [ sh:or ( ex:T [ sh:node ex:S ] ) ]"])
def test_a_shape_that_refers_to_itself_is_refused(shape: str) -> None:
    with pytest.raises(DatasetBroken, match="refers to itself"):
        validate([], quads(f"ex:S sh:targetNode ex:a ; {shape} . ex:T sh:class ex:C ."))


def test_what_nested_shapes_without_names_expect_is_told_in_few_words() -> None:
    """The words of a shape are those of its parts: unbounded, thirty levels of two parts would be a billion words."""
    shapes = read_shapes(Graph(quads(doubling("and").replace("ex:N", "_:n").replace("ex:M", "_:m"))))
    first = next(shape for shape in shapes.values() if shape.targets)
    words, _ = expected(first.constraints[0], first, shapes, prefixes())
    assert len(words["en"]) < 1000


def test_a_result_in_detail_ends() -> None:
    document = read(Document("data.ttl", b"<http://example.org/a> a <http://example.org/D> ."))
    shapes = read_shapes(Graph(quads(doubling("and"))))
    report = validate(document.quads, quads(doubling("and")))
    explained = explain(report, shapes, Graph(document.quads), [document], prefixes())
    assert 4 < len(triples(explained)) < 5000
