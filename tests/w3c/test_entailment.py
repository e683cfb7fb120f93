"""The entailment suite of SPARQL 1.1, as far as it is about RDFS and OWL 2 RL: over HTTP, and in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from conftest import start_server, stop
from coopkg.reasoning.closure import Closure
from coopkg.reasoning.rule_compiler import compile_rules
from w3c.compare import Verdict
from w3c.entailment import Entailment, read_entailment_suite
from w3c.harness import InProcess, OverHttp, System, run
from w3c.manifest import folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class Entailing(InProcess):
    """The engine as a library over the closure of what it is given."""

    def __init__(self, regime: str) -> None:
        super().__init__()
        self.regime = regime

    def reset(self, quads: Iterable[ox.Quad], graphs: Iterable[str]) -> None:
        """Hold the quads and what follows from them; the suite's data are one default graph."""
        super().reset(quads, graphs)
        inferred = ox.NamedNode("urn:inferred")
        rules = compile_rules(self.store, self.regime, axiomatic=True)
        Closure(self.store, rules, inferred).compute()
        found = list(self.store.quads_for_pattern(None, None, None, inferred))
        self.store.remove_graph(inferred)
        self.store.extend(ox.Quad(q.subject, q.predicate, q.object) for q in found)


def parameters() -> list[object]:
    """Give the tests, those of other regimes skipped with their reason."""
    if folder() is None:
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason="the W3C suites are not there"))]
    return [
        pytest.param(
            entry,
            id=f"{entry.case.id.removeprefix('entailment#')}-{entry.regime or 'other'}",
            marks=() if entry.regime else pytest.mark.skip(reason=entry.reason),
        )
        for entry in read_entailment_suite()
    ]


@pytest.fixture(scope="module")
def servers() -> Iterator[Mapping[str, System]]:
    """Give a scratch server for each regime."""
    started = {regime: start_server("--scratch", "--entailment", regime) for regime in ("rdfs", "owl-rl")}
    yield {regime: OverHttp(address) for regime, (_, address) in started.items()}
    assert [stop(process) for process, _ in started.values()] == [0, 0]


@pytest.mark.parametrize("entry", parameters())
def test_entailment(entry: Entailment) -> None:
    assert entry.regime is not None
    check(Entailing(entry.regime), entry)


@pytest.mark.slow
@pytest.mark.parametrize("entry", parameters())
def test_entailment_over_http(servers: Mapping[str, System], entry: Entailment) -> None:
    assert entry.regime is not None
    check(servers[entry.regime], entry)


def check(system: System, entry: Entailment) -> None:
    outcome = run(system, entry.case)
    assert outcome.verdict is Verdict.STRICT, f"{outcome.verdict.value}: {outcome.reason}"


@pytest.mark.skipif(folder() is None, reason="the W3C suites are not there")
def test_as_many_tests_run_as_the_manifest_has() -> None:
    suite = read_entailment_suite()
    counts = {regime: sum(entry.regime == regime for entry in suite) for regime in ("rdfs", "owl-rl", None)}
    assert counts == {"rdfs": 31, "owl-rl": 23, None: 21}
