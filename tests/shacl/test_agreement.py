"""Agreement with pySHACL, result by result: focus node, path, value, shape, component and severity.

A sample runs with all tests; ``make agreement`` runs everything, in some twenty minutes. What pySHACL does otherwise
than the specification has a test of its own at the end, which fails when pySHACL is mended.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest

from conftest import ROOT
from coopkg.dataset.published_files import find_published
from coopkg.errors import DatasetBroken
from coopkg.rdf.graph import Graph
from coopkg.rdf.terms import Document
from coopkg.shacl.published_shapes import shapes_quads
from coopkg.shacl.reference_implementation import PyshaclValidator
from coopkg.shacl.report import Report
from coopkg.shacl.shapes import read_shapes as read_shape_values
from coopkg.shacl.validation import validate
from coopkg.shacl.validator import Run
from mistakes import with_mistakes
from shape_cases import (
    INVALID,
    VALID,
    all_shapes,
    background,
    case_shapes,
    data_shapes,
    house_style_shapes,
    name,
    published_quads,
)
from shape_maker import make

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Parsing weird boolean")]
FULL: Final = os.environ.get("COOPKG_AGREEMENT_FULL") == "1"
CASES: Final = [*VALID, *INVALID]
SAMPLE: Final = CASES if FULL else random.Random("coopkg").sample(CASES, 16)  # noqa: S311 - a sample, no secret
TRIPLES: Final = 10_000
Key = tuple[str, ...]


def keys(report: Report) -> Counter[Key]:
    """Give the results, counted; those of SPARQL constraints once, since pySHACL drops solutions that are alike."""
    found = Counter(
        (focus, path, "" if value.startswith("_:") else value, *rest)
        for focus, path, value, *rest in (result.key() for result in report.results)
    )
    return Counter({key: 1 if key[4].endswith("#SPARQLConstraintComponent") else found[key] for key in found})


def assert_same(ours: Report, theirs: Report) -> None:
    mine, other = keys(ours), keys(theirs)
    assert not mine - other, "pySHACL does not give these"
    assert not other - mine, "pySHACL alone gives these"


@cache
def case_oracle(*, house_style: bool) -> PyshaclValidator:
    return PyshaclValidator(case_shapes(house_style=house_style))


@cache
def oracle() -> PyshaclValidator:
    return PyshaclValidator(shapes_quads(find_published().shapes()))


def generated(seed: int, monkeypatch: pytest.MonkeyPatch) -> list[ox.Quad]:
    monkeypatch.syspath_prepend(str(ROOT))
    from bench.generate import batches  # noqa: PLC0415 - it stands beside the tests, not in the path

    lines = "".join(f"{triple} .\n" for batch in batches(TRIPLES, seed) for triple in batch)
    return list(ox.parse(lines.encode(), ox.RdfFormat.N_TRIPLES))


def check(data: list[ox.Quad]) -> Report:
    ours = all_shapes().validate(data)
    assert_same(ours, oracle().validate(data))
    return ours


@pytest.mark.parametrize("path", SAMPLE, ids=name)
def test_on_a_case(path: Path) -> None:
    house_style = path.parts[-3] in house_style_shapes()
    data = [*(() if house_style else background()), *Document(path.name, path.read_bytes()).quads()]
    ours = data_shapes(house_style=house_style).validate(data)
    assert ours.conforms == (path in VALID)
    assert_same(ours, case_oracle(house_style=house_style).validate(data))


def test_on_the_published_data() -> None:
    assert check(list(published_quads())).conforms


@pytest.mark.parametrize("seed", range(12) if FULL else (2,))
def test_on_the_published_data_with_mistakes(seed: int) -> None:
    assert len(check(with_mistakes(published_quads(), seed)).results) > 200


@pytest.mark.skipif(not FULL, reason="make agreement holds generated data against pySHACL")
@pytest.mark.parametrize("seed", range(8))
def test_on_generated_data(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = generated(seed, monkeypatch)
    assert check([*published_quads(), *data]).conforms
    found = check([*published_quads(), *with_mistakes(data, seed)]).results
    assert len(found) > 200


@pytest.mark.parametrize("block", range(200 if FULL else 8))
def test_on_shapes_made_at_random(block: int) -> None:
    """Fifty seeds a block; each is a small data graph and one to three shapes with what they refer to."""
    components: set[str] = set()
    for seed in range(block * 50, block * 50 + 50):
        data, shapes = make(seed)
        ours = validate(data, shapes)
        assert keys(ours) == keys(PyshaclValidator(shapes).validate(data)), seed
        node_by_node = Run(read_shape_values(Graph(shapes)), Graph(data), ox.Store())
        assert keys(ours) == keys(Report.of(node_by_node.results())), seed
        components |= {result.component for result in ours.results}
    assert len(components) > 15


PREFIXES: Final = """
@prefix ex: <http://example.org/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


def parse(text: str) -> list[ox.Quad]:
    return list(Document("test.ttl", (PREFIXES + text).encode()).quads())


def values(report: Report) -> list[str]:
    """Give the values, or the focus node where there is none."""
    return sorted(str(r.focus) if r.value is None else str(r.value) for r in report.results)


def both(data: str, shapes: str) -> tuple[list[str], list[str]]:
    return values(validate(parse(data), parse(shapes))), values(PyshaclValidator(parse(shapes)).validate(parse(data)))


LESS_THAN: Final = "ex:S sh:targetNode ex:a ; sh:path ex:p ; sh:lessThan ex:q ."


def test_pyshacl_finds_an_ill_typed_date_before_a_date() -> None:
    ours, theirs = both('ex:a ex:p "2016-13-45"^^xsd:date ; ex:q "2017-01-01"^^xsd:date .', LESS_THAN)
    assert ours == ['"2016-13-45"^^<http://www.w3.org/2001/XMLSchema#date>']
    assert theirs == []


def test_pyshacl_finds_an_order_between_iris() -> None:
    ours, theirs = both("ex:a ex:p ex:b ; ex:q ex:c .", LESS_THAN)
    assert ours == ["<http://example.org/b>"]
    assert theirs == []


def test_pyshacl_gives_up_where_a_blank_node_is_compared() -> None:
    data = parse("ex:a ex:p _:b ; ex:q 1 .")
    assert len(validate(data, parse(LESS_THAN)).results) == 1
    with pytest.raises(DatasetBroken, match="BlankNode"):
        PyshaclValidator(parse(LESS_THAN)).validate(data)


@pytest.mark.parametrize(
    ("bound", "value"),
    [
        ('"2016-01-02"^^xsd:date', '"9999"^^xsd:integer'),
        ('"2016-01-02"^^xsd:date', '"2016-01-02Z"^^xsd:date'),
        ('"a"@en', '"b"@de'),
        ("true", '"yes"^^xsd:boolean'),
    ],
)
def test_pyshacl_finds_an_order_where_sparql_has_none(bound: str, value: str) -> None:
    down = both("", f"ex:S sh:targetNode {value} ; sh:minInclusive {bound} .")
    up = both("", f"ex:S sh:targetNode {value} ; sh:maxInclusive {bound} .")
    assert len(down[0]) == len(up[0]) == 1
    assert len(down[1]) + len(up[1]) < 2


def test_pyshacl_cannot_compare_years() -> None:
    ours, theirs = both("", 'ex:S sh:targetNode "2017"^^xsd:gYear ; sh:minInclusive "2016"^^xsd:gYear .')
    assert ours == []
    assert len(theirs) == 1


def test_pyshacl_takes_a_date_for_a_moment() -> None:
    ours, theirs = both("", 'ex:S sh:targetNode "2016-01-02"^^xsd:dateTime ; sh:datatype xsd:dateTime .')
    assert len(ours) == 1
    assert theirs == []


def test_pyshacl_breaks_where_no_number_is_compared_with_a_decimal() -> None:
    shapes = parse('ex:S sh:targetNode "NaN"^^xsd:double ; sh:minInclusive 1.5 .')
    assert len(validate([], shapes).results) == 1
    with pytest.raises(DatasetBroken, match="InvalidOperation"):
        PyshaclValidator(shapes).validate([])


def test_pyshacl_lets_a_blank_node_have_length_zero() -> None:
    ours, theirs = both("ex:a ex:p _:b .", "ex:S sh:targetNode ex:a ; sh:path ex:p ; sh:minLength 0 .")
    assert len(ours) == 1
    assert theirs == []


def test_pyshacl_walks_an_inverted_sequence_in_the_order_in_which_it_is_written() -> None:
    data = "ex:a ex:p ex:b . ex:b ex:q ex:c ; ex:p ex:c . ex:d ex:q ex:b ."
    shapes = "ex:S sh:targetNode ex:c ; sh:path [ sh:inversePath ( ex:p ex:q ) ] ; sh:in () ."
    ours, theirs = both(data, shapes)
    assert ours == ["<http://example.org/a>"]
    assert theirs == ["<http://example.org/d>"]


def test_pyshacl_gives_one_result_for_solutions_that_are_alike() -> None:
    shapes = (
        """ex:S sh:targetNode ex:a ; sh:sparql [ sh:select "SELECT $this { $this <http://example.org/p> ?o }" ] ."""
    )
    ours, theirs = both("ex:a ex:p 1, 2 .", shapes)
    assert len(ours) == 2
    assert len(theirs) == 1


def test_pyshacl_leaves_out_the_value_that_an_ask_does_not_hold_for() -> None:
    shapes = """
    ex:Component a sh:ConstraintComponent ;
        sh:parameter [ sh:path ex:least ] ;
        sh:validator [ a sh:SPARQLAskValidator ; sh:ask "ASK { FILTER ($value >= $least) }" ] .
    ex:S sh:targetNode ex:a ; sh:path ex:p ; ex:least 2 ."""
    ours, theirs = both("ex:a ex:p 1 .", shapes)
    assert ours == ['"1"^^<http://www.w3.org/2001/XMLSchema#integer>']
    assert theirs == ["<http://example.org/a>"]
