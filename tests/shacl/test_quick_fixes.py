"""Fixes are mechanical, unique, and mend what they say they mend."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT, run_coopkg
from coopkg.errors import RdfSyntaxError
from coopkg.rdf.graph import Graph
from coopkg.rdf.terms import Document
from coopkg.shacl import text_edits
from coopkg.shacl.documents import read
from coopkg.shacl.near_names import name_of
from coopkg.shacl.report import Edit
from coopkg.shacl.result_details import explain
from coopkg.shacl.shapes import read_shapes
from coopkg.shacl.validator import Validator

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.shacl.report import Report

PREFIXES = """@prefix e: <http://e/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
BACKGROUND = """
e:belarus a e:Country ; e:code "BY" , "BLR" ; rdfs:label "Belarus"@en .
e:china a e:Country ; e:code "CN" , "CHN" ; rdfs:label "China"@en .
e:Country a owl:Class . e:Special a owl:Class ; rdfs:subClassOf e:Country .
e:party a owl:ObjectProperty . e:other a owl:ObjectProperty .
"""
THREE = (ROOT / "tests" / "cases" / "validation" / "three-mistakes.ttl").read_text(encoding="utf-8")
RIGHT = (
    THREE.replace('Кітаем, 2020 год"', 'Кітаем, 2020 год"@be')
    .replace("certainty:aserted", "certainty:asserted")
    .replace("hasVoise", "hasVoice")
)


def document(text: str, fmt: ox.RdfFormat = ox.RdfFormat.TURTLE) -> Document:
    head = PREFIXES if fmt == ox.RdfFormat.TURTLE else ""
    return Document("d.ttl", (head + text).encode(), fmt)


def report_on(shape: str, data: str, fmt: ox.RdfFormat = ox.RdfFormat.TURTLE) -> tuple[Report, str]:
    shapes = read_shapes(Graph(read(document(f"e:S a sh:NodeShape ; sh:targetNode e:x ; {shape} .")).quads))
    source, background = read(document(data, fmt)), read(document(BACKGROUND))
    quads = [*background.quads, *source.quads]
    report = Validator(shapes).validate(quads)
    return explain(report, shapes, Graph(quads), [background, source], {"e": "http://e/"}, [source]), source.text


def mended(shape: str, data: str, fmt: ox.RdfFormat = ox.RdfFormat.TURTLE) -> str | None:
    """Give the data after the fixes, which must conform; None where there is no fix."""
    report, text = report_on(shape, data, fmt)
    assert report.results
    found = [edit for result in report.results if result.fix for edit in result.fix.edits]
    if not found:
        return None
    after = text_edits.apply(text, found).removeprefix(PREFIXES)
    assert report_on(shape, after, fmt)[0].conforms
    return after


@pytest.mark.parametrize(
    ("shape", "data", "expected"),
    [
        (
            "sh:property [ sh:path e:p ; sh:datatype xsd:date ]",
            'e:x e:p "2019-04-29" .',
            'e:x e:p "2019-04-29"^^xsd:date .',
        ),
        ("sh:property [ sh:path e:p ; sh:datatype xsd:gYear ]", "e:x e:p 2018 .", 'e:x e:p "2018"^^xsd:gYear .'),
        ("sh:property [ sh:path e:p ; sh:datatype xsd:integer ]", 'e:x e:p 1 , " 2 "^^xsd:token .', "e:x e:p 1 , 2 ."),
        ("sh:property [ sh:path e:p ; sh:datatype rdf:langString ]", 'e:x e:p "Minsk" .', 'e:x e:p "Minsk"@en .'),
        ('sh:property [ sh:path e:p ; sh:languageIn ("en" "ru") ]', 'e:x e:p "щука" .', 'e:x e:p "щука"@ru .'),
        (
            'sh:property [ sh:path e:p ; sh:languageIn ("be" "ru") ]',
            'e:x e:p "вада"@ru , "вада" .',
            'e:x e:p "вада"@ru , "вада"@be .',
        ),
        ("sh:property [ sh:path e:p ; sh:nodeKind sh:IRI ]", 'e:x e:p "http://e/q" .', "e:x e:p e:q ."),
        (
            "sh:property [ sh:path e:party ; sh:class e:Country ]",
            "e:x e:party [ a e:Speciel ] .",
            "e:x e:party [ a e:Special ] .",
        ),
        ("sh:property [ sh:path e:party ; sh:minCount 1 ]", "e:x e:pary e:china .", "e:x e:party e:china ."),
        ("sh:closed true ; sh:property [ sh:path e:party ]", "e:x e:partys e:china .", "e:x e:party e:china ."),
        ("sh:property [ sh:path e:p ; sh:in (e:exactly e:about) ]", "e:x e:p e:exactli .", "e:x e:p e:exactly ."),
        ('sh:property [ sh:path e:p ; sh:in ("yes" "no") ]', 'e:x e:p "YES" .', 'e:x e:p "yes" .'),
        ('sh:property [ sh:path e:p ; sh:pattern "^[A-Z]+$" ]', 'e:x e:p "by" .', 'e:x e:p "BY" .'),
        (
            "sh:property [ sh:path e:p ; sh:or ([ sh:datatype xsd:date ] [ sh:datatype xsd:gYear ]) ]",
            'e:x e:p "2018" .',
            'e:x e:p "2018"^^xsd:gYear .',
        ),
    ],
)
def test_a_mistake_is_mended(shape: str, data: str, expected: str) -> None:
    assert mended(shape, data) == expected


@pytest.mark.parametrize(
    ("shape", "data"),
    [
        ("sh:property [ sh:path e:p ; sh:datatype xsd:date ]", 'e:x e:p "in spring" .'),
        ('sh:property [ sh:path e:p ; sh:languageIn ("be" "ru") ]', 'e:x e:p "вада" .'),
        ("sh:property [ sh:path e:party ; sh:class e:Country ]", "e:x e:party e:XX ."),
        ("sh:property [ sh:path e:party ; sh:class e:Country ]", "e:x e:party e:BLR ."),
        ("sh:property [ sh:path e:party ; sh:class e:Country ]", "e:x e:party e:belorus ."),
        ("sh:property [ sh:path e:party ; sh:class e:Country ]", 'e:x e:party "China" .'),
        ("sh:property [ sh:path e:party ; sh:class e:Country ; sh:nodeKind sh:IRI ]", 'e:x e:party "cn" .'),
        ("sh:property [ sh:path e:p ; sh:in (e:year-2019 e:about) ]", "e:x e:p e:year-2020 ."),
        ("sh:property [ sh:path e:p ; sh:in (e:planned e:planted) ]", "e:x e:p e:planed ."),
        ('sh:property [ sh:path e:p ; sh:pattern "^[A-Z]" ]', 'e:x e:p "iPhone maker in Minsk" .'),
        ('sh:property [ sh:path e:p ; sh:pattern "^[A-Z]" ]', 'e:x e:p "iPhone" .'),
        ('sh:property [ sh:path e:p ; sh:pattern "^[A-Z]" ]', 'e:x e:p "eau" .'),
        ('sh:property [ sh:path e:p ; sh:pattern "^([A-Z]+|[a-z]+)$" ]', 'e:x e:p "Id" .'),
        ("sh:property [ sh:path e:party ; sh:class e:Country ]", "e:x e:party e:belarus-or-china ."),
        ("sh:property [ sh:path e:party ; sh:minCount 1 ]", "e:x e:other e:china ."),
        ("sh:property [ sh:path e:party ; sh:minCount 1 ]", "e:x e:unlike e:china ."),
        ("sh:property [ sh:path e:p ; sh:maxCount 1 ]", "e:x e:p 1 , 2 ."),
    ],
)
def test_what_is_not_mechanical_is_left_alone(shape: str, data: str) -> None:
    assert mended(shape, data) is None


def test_ntriples_are_mended_in_full() -> None:
    shape = "sh:property [ sh:path e:p ; sh:datatype xsd:date ]"
    after = mended(shape, '<http://e/x> <http://e/p> "2019-04-29" .\n', ox.RdfFormat.N_TRIPLES)
    assert after == '<http://e/x> <http://e/p> "2019-04-29"^^<http://www.w3.org/2001/XMLSchema#date> .\n'


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_the_diff_is_one_that_patch_applies(tmp_path: Path, end: str) -> None:
    newline = end or "\n"
    text = newline.join(f"line {n}" for n in range(40)) + end
    found = [
        Edit("f.txt", text.index("line 3" + newline), text.index("line 3" + newline) + 6, "LINE 3\nand more"),
        Edit("f.txt", text.index("line 5"), text.index("line 5") + 4, "LINE"),
        Edit("f.txt", text.index("line 39") + 5, len(text) - len(end), "THE END"),
        Edit("f.txt", 0, 0, "first\n"),
    ]
    (tmp_path / "f.txt").write_bytes(text.encode())
    patch = text_edits.diff("f.txt", text, found).encode()
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch, check=True)
    assert (tmp_path / "f.txt").read_bytes().decode() == text_edits.apply(text, found)


def test_of_two_edits_of_one_place_the_first_is_made() -> None:
    one, other, same = Edit("f", 2, 5, "X"), Edit("f", 4, 6, "Y"), Edit("f", 2, 5, "X")
    assert text_edits.apply("abcdefgh", [other, one, same]) == "abXfgh"


@pytest.mark.slow
def test_terms_of_the_ontology_that_are_almost_right_are_mended(tmp_path: Path) -> None:
    path = tmp_path / "typo.ttl"
    path.write_text(RIGHT.replace("a coop:Agreement", "a coop:Agrement").replace("coop:hasVoice", "coop:haveVoice"))
    told = run_coopkg("validate", str(path))
    assert f"{path}:15:24: violation: agreement:by-cn-2020: " in told.stdout
    assert f"{path}:31:5: violation: claim:news-2020-001: " in told.stdout
    assert run_coopkg("validate", "--fix", str(path)).returncode == 0
    assert path.read_text(encoding="utf-8") == RIGHT


@pytest.mark.slow
def test_three_mistakes_are_named_with_line_and_column_and_mended(tmp_path: Path) -> None:
    path = tmp_path / "three.ttl"
    path.write_text(THREE, encoding="utf-8")
    told = run_coopkg("validate", str(path))
    assert told.returncode == 1
    for place in ("17:9: violation: agreement:by-cn-2020: ", "19:23: violation: agreement:by-cn-2020: ",
                  "31:5: violation: claim:news-2020-001: "):  # fmt: skip
        assert f"{path}:{place}" in told.stdout
    diff = run_coopkg("validate", "--diff", str(path))
    assert (diff.returncode, diff.stdout.count("\n-"), diff.stdout.count("\n+")) == (1, 3, 4)
    fixed = run_coopkg("validate", "--fix", str(path))
    assert (fixed.returncode, fixed.stdout.splitlines()[0]) == (0, "Conforms.")
    assert fixed.stderr == f"{path}: 3 fixes written\n"
    after = path.read_text(encoding="utf-8")
    assert after == RIGHT
    assert run_coopkg("validate", str(path)).returncode == 0


def hints(shape: str, data: str, language: str = "en") -> list[str]:
    report, _ = report_on(shape, data)
    return [hint for result in report.results for hint in result.hints({"e": "http://e/"}, language)]


def test_what_may_have_been_meant_is_named_and_not_written() -> None:
    shape = "sh:property [ sh:path e:party ; sh:class e:Country ]"
    assert hints(shape, "e:x e:party e:BLR .") == ["did you mean e:belarus?"]
    assert hints(shape, "e:x e:party e:belorus .", "ru") == ["возможно, имелось в виду: e:belarus?"]
    many = " ".join(f'e:n{n} a e:Country ; e:code "Atlantis {word}" .' for n, word in enumerate(["A", "B", "C", "D"]))
    (hint,) = hints(shape, f'e:x e:party "Atlantis" . {many}')
    assert hint.count("e:n") == 3


def test_letters_that_only_look_like_others_are_named() -> None:
    shape = "sh:property [ sh:path e:party ; sh:class e:Country ]"
    found = hints(shape, "e:x e:party e:belаrus .")
    assert found == ["did you mean e:belarus?", "the letter а (U+0430) only looks like a"]
    assert hints(shape, "e:x e:party e:минск .") == []
    assert hints(shape, 'e:x e:party "закон о НАН" .') == []


def test_a_wrong_namespace_is_mended_where_it_is_declared() -> None:
    """Once, for all its terms; not where it has terms that the right one lacks."""
    shape = "sh:closed true ; sh:ignoredProperties (rdf:type) ; sh:property [ sh:path e:party ]"
    head = "@prefix old: <https://e/> .\n"
    after = mended(shape, head + "e:x a e:Country ; old:party e:china .")
    assert after == "@prefix old: <http://e/> .\ne:x a e:Country ; old:party e:china ."
    unknown = mended(shape, head + "e:x a e:Country ; old:party e:china . e:y old:more 1 .")
    assert unknown == head + "e:x a e:Country ; e:party e:china . e:y old:more 1 ."


def values(document: Document) -> set[str]:
    """Give what a document speaks of, whatever the case of a code, the spaces around it or the datatype of a text."""
    return {name_of(term).casefold().strip() for q in read(document).quads for term in (q.subject, q.object)}


LETTERS = st.sampled_from("abcdeiоxyzABCXY0123456789 -")
MUTABLE = ('e:x e:party e:belarus ; e:code "BY" ; e:year "2019"^^xsd:gYear ; e:name "Joint Institute 12" ; '
           "e:about e:claim-124 .")  # fmt: skip
SHAPE = """sh:property [ sh:path e:party ; sh:class e:Country ] , [ sh:path e:code ; sh:pattern "^[A-Z]{2}$" ] ,
    [ sh:path e:year ; sh:datatype xsd:gYear ; sh:in ("2018"^^xsd:gYear "2019"^^xsd:gYear) ] ,
    [ sh:path e:name ; sh:pattern "^[A-Z]" ] , [ sh:path e:about ; sh:in (e:claim-124 e:claim-125 e:claim-92) ]"""


@given(st.integers(0, len(MUTABLE) - 1), LETTERS, st.integers(0, 1))
@settings(max_examples=300, deadline=None)
def test_no_fix_turns_one_fact_into_another(place: int, letter: str, taken: int) -> None:
    """One letter or digit of a document that conforms is changed: a fix makes no other thing or number of it."""
    text = MUTABLE[:place] + letter + MUTABLE[place + taken :]
    try:
        report, whole = report_on(SHAPE, text)
    except RdfSyntaxError:
        return
    edits = [edit for result in report.results if result.fix for edit in result.fix.edits]
    mended = Document("mended.ttl", text_edits.apply(whole, edits).encode())
    assert values(document(text)) == values(mended)
