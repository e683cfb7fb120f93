"""The glossary names what is there, and words that it rules out name nothing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from conftest import ROOT
from coopkg import errors

PACKAGE = Path(errors.__file__).parent
TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if re.match(r"\| (?!term)\w", line)
]
RULED_OUT = re.compile(
    r"(?:^|_)(keeper|correspondent|ledger|spelling|spellings|mending|mended|mender|screening|novelty|novelties|emptiness)(?:_|$)",
    re.IGNORECASE,
)
"""Old names that mean nothing else in this program; the other words of the list are English words too."""


def test_every_place_is_there() -> None:
    assert len(ROWS) > 40
    for term, _, place in ROWS:
        assert (PACKAGE / place.strip("`")).exists(), term


def test_terms_are_in_order_and_once_each() -> None:
    terms = [row[0] for row in ROWS]
    assert terms == sorted(set(terms))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_name_is_one_that_the_glossary_rules_out(path: Path) -> None:
    assert not RULED_OUT.search(path.stem)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = {
            getattr(node, "name", None),
            getattr(node, "id", None),
            getattr(node, "arg", None),
            getattr(node, "attr", None),
        }
        assert not [name for name in names if isinstance(name, str) and RULED_OUT.search(name)], f"{path}:{node.lineno}"
