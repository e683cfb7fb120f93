"""Every shape by its case files, and mutations of the published facts."""

from __future__ import annotations

import tomllib
from pathlib import Path  # noqa: TC003 - pytest reads the annotations of fixtures
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from conftest import ROOT
from coopkg.dataset.published_files import find_published
from coopkg.rdf.graph import Graph
from coopkg.rdf.terms import Document
from coopkg.shacl.published_shapes import shapes_quads
from coopkg.shacl.shapes import read_shapes as read_shape_values
from shape_cases import INVALID, VALID, all_shapes, background, data_shapes, house_style_shapes, name, published_quads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.shacl.report import Report

SH = "http://www.w3.org/ns/shacl#"
MUTATIONS = tomllib.loads((ROOT / "tests" / "cases" / "mutations.toml").read_text(encoding="utf-8"))["mutation"]
Key = tuple[str, str, str, str, str, str]


def report_on(path: Path) -> Report:
    house_style = path.parts[-3] in house_style_shapes()
    own = list(Document(path.name, path.read_bytes()).quads())
    return data_shapes(house_style=house_style).validate([*(() if house_style else background()), *own])


def expected_results(path: Path) -> set[Key]:
    graph = Graph(Document(path.name, path.read_bytes()).quads())

    def value(node: object, term: str) -> str:
        found = graph.value(node, ox.NamedNode(SH + term))
        return "" if found is None else found.value if isinstance(found, ox.NamedNode) else str(found)

    def key(node: object) -> Key:
        found = graph.value(node, ox.NamedNode(SH + "value"))
        return (
            value(node, "focusNode"), value(node, "resultPath"), "" if found is None else str(found),
            value(node, "sourceShape"), value(node, "sourceConstraintComponent"),
            value(node, "resultSeverity").removeprefix(SH),
        )  # fmt: skip

    return {key(node) for _, node in graph.pairs(ox.NamedNode(SH + "result"))}


def keys(report: Report) -> set[Key]:
    """Give what identifies the results, without the values that are blank nodes."""
    return {(k[0], k[1], "" if k[2].startswith("_:") else k[2], *k[3:]) for k in (r.key() for r in report.results)}


@pytest.mark.parametrize("path", VALID, ids=name)
def test_a_valid_case_has_no_result(path: Path) -> None:
    assert report_on(path).results == ()


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_an_invalid_case_has_exactly_its_expected_report(path: Path) -> None:
    expected = expected_results(path.with_suffix(".report.ttl"))
    assert expected
    assert keys(report_on(path)) == expected


def test_every_node_shape_has_a_valid_and_an_invalid_case() -> None:
    targeted = {
        shape.name.rpartition("#")[2]
        for shape in read_shape_values(Graph(shapes_quads(find_published().shapes()))).values()
        if shape.targets
    }
    assert targeted <= {p.parts[-3] for p in VALID}
    assert targeted <= {p.parts[-3] for p in INVALID}


def test_every_message_is_in_three_languages() -> None:
    for shape in read_shape_values(Graph(shapes_quads(find_published().shapes()))).values():
        assert set(shape.messages) == {"en", "ru", "be"}, shape.name


def test_the_published_data_conform() -> None:
    assert all_shapes().validate(published_quads()).conforms


def parse(lines: Iterable[str]) -> set[ox.Quad]:
    return set(ox.parse("\n".join(lines).encode(), ox.RdfFormat.N_TRIPLES))


def test_there_are_enough_mutations() -> None:
    assert len({m["name"] for m in MUTATIONS}) == len(MUTATIONS) >= 40


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m["name"])
def test_a_mutation_of_the_published_facts_is_caught(mutation: dict[str, object]) -> None:
    removed = parse(mutation.get("remove", []))  # type: ignore[arg-type]
    added = parse(mutation.get("add", []))  # type: ignore[arg-type]
    before = set(published_quads())
    assert removed <= before, "the mutation removes what is not there"
    report = all_shapes().validate([*(q for q in published_quads() if q not in removed), *added])
    found = {(r.shape, r.focus_node) for r in report.results if r.severity.value == "Violation"}
    assert (mutation["shape"], mutation["focus"]) in found
