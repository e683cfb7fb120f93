"""The right values of the cases in ../shared/cases/shacl, at the command line and as the server's worker answers.

The cases stay where they are: only what is right of each stands here. They are skipped where the folder is absent.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from click.testing import CliRunner

from conftest import ROOT
from coopkg.cli import cli
from coopkg.dataset.document_validation import examine, private_copy
from coopkg.dataset.published_files import find_published
from coopkg.dataset.validation_questions import Question, Upload
from coopkg.errors import CoopkgError
from coopkg.rdf.namespaces import DEFAULT_BASE

if TYPE_CHECKING:
    from coopkg.dataset.store import Dataset

CASES: Final = Path(os.environ.get("COOPKG_CASES", ROOT.parent / "shared" / "cases"))
pytestmark = pytest.mark.skipif(not (CASES / "shacl").is_dir(), reason="the cases are not there: set COOPKG_CASES")


class Right(NamedTuple):
    """What is right: the number of results, or None for a refusal, and what its report or reason has to say."""

    results: int | None
    says: tuple[str, ...] = ()
    exit_code: int | None = None


RIGHT: Final = {
    "01-qualified-disjoint": Right(2),
    "02-qualified-plain": Right(0),
    "03-class-nested": Right(1, ("in detail: ", "data.ttl:9:14: violation: ex:o: Expected: a node of the class")),
    "04-node-to-property-shape": Right(None, ("shapes.ttl:7:61", "must be a node shape")),
    "05-or-iri-list": Right(1),
    "06-subclass-in-data": Right(2),
    "07-subclass-in-shapes-only": Right(1),
    "08-range-nonnumeric": Right(4),
    "10-uniqueLang-one": Right(0, ("sh:uniqueLang has no effect",)),
    "11-languageIn-ranges": Right(2),
    "12-uniqueLang-case": Right(1),
    "13-pattern-unicode": Right(1),
    "16-pattern-backref": Right(1),
    "17-pattern-xsd-escapes": Right(1, ("1abc",)),
    "20-subselect-no-this": Right(None, ("does not project $this",)),
    "21-no-prefixes": Right(None, ("rdfs:", "not declared")),
    "22-closed-alternative": Right(2),
    "23-closed-inherited": Right(1),
    "24-recursive": Right(None, ("refers to itself",)),
    "25-property-without-path": Right(None, ("shapes.ttl:7:", "must be a property shape")),
    "26-inverse-of-sequence": Right(0),
    "27-xsd-string-explicit": Right(0),
    "28-in-lexical": Right(3),
    "29-langstring": Right(1),
    "30-html-literal": Right(2),
    "31-and-hides-message": Right(1, ("in detail: ", "A title is needed")),
    "32-in-message": Right(1, ('one of "female", "male"',)),
    "33-severity-custom": Right(2),
    "34-info-only": Right(1, exit_code=0),
    "35-misspelt-parameter": Right(None, ("sh:minlength", "perhaps sh:minLength is meant")),
    "36-ignored-without-closed": Right(0),
    "43-target-untyped": Right(1),
    "44-target-typo": Right(None, ("perhaps sh:targetClass is meant",)),
    "45-nodeshape-typo": Right(None, ("perhaps sh:NodeShape is meant", "Nothing was looked at")),
    "58-wktliteral-datatype": Right(None, ("more than one sh:datatype",)),
    "59-prefixes-on-shape": Right(1),
    "62-pattern-open-bound": Right(None, ("no regular expression",)),
    "64-namespace-string": Right(1),
}


@pytest.mark.parametrize("name", RIGHT)
def test_at_the_command_line(name: str) -> None:
    right, folder = RIGHT[name], CASES / "shacl" / name
    command = ["validate", "--against", "nothing", "-s", str(folder / "shapes.ttl"), str(folder / "data.ttl")]
    answer = CliRunner().invoke(cli, command)
    refusal = answer.exception if isinstance(answer.exception, CoopkgError) else None
    code = refusal.exit_code if refusal else answer.exit_code
    expected = 3 if right.results is None else int(right.results > 0)
    assert code == (expected if right.exit_code is None else right.exit_code), answer.output
    text = f"{answer.stdout}{answer.stderr}{refusal.detail if refusal else ''}"
    assert [says for says in right.says if says not in text] == [], text
    assert "_:" not in text  # the label of a blank node says nothing to anybody
    if right.results is not None:
        counted = CliRunner().invoke(cli, [*command, "-f", "json"])
        assert len(json.loads(counted.stdout)["results"]) == right.results


@pytest.mark.parametrize("name", RIGHT)
def test_as_the_worker_answers(dataset: Dataset, name: str) -> None:
    right, folder = RIGHT[name], CASES / "shacl" / name
    data, shapes = (Upload(f"{part}.ttl", (folder / f"{part}.ttl").read_bytes(), "ttl") for part in ("data", "shapes"))
    question = Question((data,), str(find_published().root), DEFAULT_BASE, shapes=(shapes,), face="human")
    try:
        text, status = examine(private_copy(dataset), None, question).decode(), 200
    except CoopkgError as error:
        text, status = f"{error.detail} {error.members}", error.status
    assert status in ({200} if right.results is not None else {400, 422}), text
    assert [says for says in right.says if says not in text] == [], text
    if right.results is not None:
        report: dict[str, Any] = json.loads(examine(private_copy(dataset), None, Question(
            (data,), str(find_published().root), DEFAULT_BASE, shapes=(shapes,)
        )))  # fmt: skip
        assert len(report["results"]) == right.results
