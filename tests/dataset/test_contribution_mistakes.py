"""Plausible wrong contributions are refused, or warned of, as their kind demands; right ones are accepted."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from contributions import CLASSES, KINDS, Contribution, Maker, published
from coopkg.dataset.changes import DELETE, POST, Change, Payload, compute_patch
from coopkg.dataset.document_validation import private_copy
from coopkg.dataset.entailment import update_closure
from coopkg.dataset.licences import CONTRIBUTIONS, open_licences
from coopkg.dataset.process import compute_change
from coopkg.dataset.published_files import find_published
from coopkg.errors import DoesNotConform
from coopkg.rdf.namespaces import DEFAULT_BASE
from coopkg.shacl.gate import open_gate
from coopkg.shacl.report import Severity
from coopkg.shacl.store_graph import StoreGraph

if TYPE_CHECKING:
    from collections.abc import Callable

    from coopkg.dataset.store import Dataset

RIGHT: Final = int(os.environ.get("COOPKG_CONTRIBUTIONS", "40"))
"""Right contributions; there are two and a half times as many wrong ones, and one of each kind at least."""
SEED: Final = int(os.environ.get("COOPKG_CONTRIBUTIONS_SEED", "20261130"))
GRAPH: Final = DEFAULT_BASE + CONTRIBUTIONS


@pytest.fixture(scope="module")
def maker() -> Maker:
    return Maker(published())


@pytest.fixture(scope="module")
def door(dataset: Dataset) -> Callable[[Contribution], tuple[list[str], list[str]]]:
    """Give what the gate says of a contribution, violations and warnings; nothing of it stays."""
    ground = private_copy(dataset)
    gate = open_gate(find_published().shapes(), DEFAULT_BASE)
    licences = open_licences(find_published(), DEFAULT_BASE)

    def ask(made: Contribution) -> tuple[list[str], list[str]]:
        change = Change(POST, graph=GRAPH, base=DEFAULT_BASE, payloads=(Payload(made.text(), "nt"),), contribution=True)
        try:
            compute_change(ground, gate, change, licences)
            store = ground.store
            added = list(store.quads_for_pattern(None, None, None, None))
            added = [quad for quad in added if quad.graph_name.value == GRAPH]  # type: ignore[union-attr]
            report = gate.check(StoreGraph(store, ground.lexical_forms), added, ())
            return [], [r.message() for r in report.results if r.severity is Severity.WARNING]
        except DoesNotConform as error:
            results = error.members["results"]
            return [str(r["message"]) for r in results], []  # type: ignore[attr-defined, union-attr]
        finally:
            back = compute_patch(ground.store, Change(DELETE, graph=GRAPH), ground.lexical_forms)
            update_closure(ground, back.removed)

    return ask


def test_right_ones_are_accepted(maker: Maker, door: Callable[[Contribution], tuple[list[str], list[str]]]) -> None:
    chance, seen = random.Random(SEED), Counter[str]()  # noqa: S311 - no secret
    for number in range(RIGHT):
        made = maker.right(chance, CLASSES[number % len(CLASSES)])
        violations, warnings = door(made)
        assert (violations, warnings) == ([], []), made.text()
        seen[made.kind] += 1
    assert set(seen) == set(CLASSES)


def test_wrong_ones_are_refused_or_warned_of_as_their_kind_demands(
    maker: Maker, door: Callable[[Contribution], tuple[list[str], list[str]]]
) -> None:
    chance, names = random.Random(SEED), sorted(KINDS)  # noqa: S311 - no secret
    assert len(names) >= 25
    passed = Counter[str]()
    for number in range(max(len(names), RIGHT * 5 // 2)):
        kind = names[number % len(names)]
        violations, warnings = door(maker.wrong(chance, kind))
        good = bool(warnings) and not violations if KINDS[kind].warned else bool(violations)
        passed[kind] += not good
    assert not +passed, +passed
