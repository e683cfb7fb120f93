"""Run every test over HTTP and write what came of it: ``python tests/w3c/report.py OUT.md OUT.ttl``.

The first file has a table for each suite and the reason of every test that did not pass strictly; the second is an EARL
report (W3C Evaluation and Report Language) in Turtle.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "server"), str(ROOT / "tests"), str(ROOT / "tests" / "support")]

import pyoxigraph as ox  # noqa: E402

from conftest import start_server, stop  # noqa: E402
from w3c import description, graph_store, protocol, shacl  # noqa: E402
from w3c.compare import Verdict  # noqa: E402
from w3c.entailment import read_entailment_suite  # noqa: E402
from w3c.exchange import Broken, Conversation, Wire, hold  # noqa: E402
from w3c.exclusions import exclusions  # noqa: E402
from w3c.harness import Outcome, OverHttp, run  # noqa: E402
from w3c.manifest import FEDERATED, SUITES, folder, read_suite  # noqa: E402
from w3c.peers import Peers, peers  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

EARL: Final = "http://www.w3.org/ns/earl#"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC: Final = "http://purl.org/dc/terms/"
DOAP: Final = "http://usefulinc.com/ns/doap#"
PROJECT: Final = ox.NamedNode("urn:coopkg")
OUTCOMES: Final = {
    Verdict.STRICT: "passed",
    Verdict.VALUE: "passed",
    Verdict.FAILED: "failed",
    Verdict.REFUSED: "inapplicable",
    Verdict.ABSENT: "untested",
}


@dataclass(frozen=True)
class Line:
    """One test in the report."""

    suite: str
    iri: str
    outcome: Outcome


def lines(address: str, others: Peers) -> Iterator[Line]:
    """Run everything over HTTP."""
    wire, system = Wire(address), OverHttp(address, others)
    for suite in (*SUITES, FEDERATED):
        for case in read_suite(suite):
            yield Line(f"{suite} {case.kind.title}", case.iri, run(system, case))
    yield from _conversations("SPARQL 1.1 Protocol", protocol.CONVERSATIONS, wire)
    yield from _conversations("SPARQL 1.1 Graph Store Protocol", graph_store.CONVERSATIONS, wire)
    for name, test in description.TESTS.items():
        yield Line("SPARQL 1.1 Service Description", description.SUITE + name, _described(test, wire))
    for suite in shacl.SUITES:
        for test in shacl.read_suite(suite):
            yield Line(suite, test.iri, shacl.run(test))


def entailment_lines() -> Iterator[Line]:
    """Run the entailment suite, each regime on a server of its own."""
    suite = read_entailment_suite()
    for regime, name in (("rdfs", "RDF, RDFS and D"), ("owl-rl", "OWL 2 RL")):
        process, address = start_server("--scratch", "--entailment", regime)
        try:
            system = OverHttp(address)
            for entry in suite:
                if entry.regime == regime:
                    yield Line(f"SPARQL 1.1 entailment, {name}", entry.case.iri, run(system, entry.case))
        finally:
            stop(process)


def _conversations(suite: str, conversations: Iterable[Conversation], wire: Wire) -> Iterator[Line]:
    for conversation in conversations:
        yield Line(suite, conversation.iri, _outcome(hold(wire, conversation)))


def _described(test: Callable[[Wire], str], wire: Wire) -> Outcome:
    try:
        return _outcome(test(wire))
    except Broken as error:
        return _outcome(str(error))


def _outcome(wrong: str) -> Outcome:
    return Outcome(Verdict.FAILED, wrong) if wrong else Outcome(Verdict.STRICT)


def as_markdown(found: list[Line]) -> str:
    """Give a table for the suites, then every test that did not pass strictly, by its reason."""
    counts = Counter((line.suite, line.outcome.verdict) for line in found)
    verdicts = tuple(Verdict)
    table = [
        "| suite | tests | " + " | ".join(verdict.value for verdict in verdicts) + " |",
        "|---" * (len(verdicts) + 2) + "|",
    ]
    for suite in [*dict.fromkeys(line.suite for line in found)]:
        numbers = [counts[suite, verdict] for verdict in verdicts]
        table.append(f"| {suite} | {sum(numbers)} | " + " | ".join(map(str, numbers)) + " |")
    totals = [sum(counts[key] for key in counts if key[1] is verdict) for verdict in verdicts]
    table.append(f"| all | {sum(totals)} | " + " | ".join(map(str, totals)) + " |")
    return "\n".join(["# W3C conformance", "", _subject(), "", *table, "", *_reasons(found)])


def _subject() -> str:
    day = datetime.now(UTC).date().isoformat()
    return (
        f"coopkg {version('coopkg')} with pyoxigraph {version('pyoxigraph')}, over HTTP, {day}. A test passes by value "
        "where the terms differ from the expected ones in spelling alone. Refused means that the server does not do "
        "that for anybody. Of the entailment suite those tests are run that RDFS or OWL 2 RL suffice for, on servers "
        "with that regime; the others need the direct semantics of OWL 2 DL, wider profiles, or RIF. The federated "
        "query suite asks real oxigraph servers, which go by the names that its tests use. The SHACL suite is run on "
        "the validator itself."
    )


def _reasons(found: list[Line]) -> Iterator[str]:
    for verdict in (Verdict.FAILED, Verdict.REFUSED, Verdict.VALUE):
        reasons: dict[str, list[Line]] = {}
        for line in found:
            if line.outcome.verdict is verdict:
                known = exclusions().get(line.iri)
                reason = known.reason if known and known.verdict is verdict else "Not explained yet."
                reasons.setdefault(reason, []).append(line)
        if reasons:
            yield from (f"## {verdict.value.capitalize()}", "")
        for reason, tests in reasons.items():
            yield from (f"{reason} ({len(tests)})", "")
            yield from (f"* <{line.iri}>" for line in tests)
            yield ""


def as_earl(found: list[Line]) -> bytes:
    """Give the EARL report in Turtle."""
    quads = [
        _triple(PROJECT, RDF + "type", ox.NamedNode(DOAP + "Project")),
        _triple(PROJECT, RDF + "type", ox.NamedNode(EARL + "TestSubject")),
        _triple(PROJECT, DOAP + "name", ox.Literal("coopkg")),
        _triple(PROJECT, DOAP + "programming-language", ox.Literal("Python")),
    ]
    now = ox.Literal(datetime.now(UTC).isoformat(timespec="seconds"),
                     datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#dateTime"))  # fmt: skip
    for number, line in enumerate(found):
        assertion, result = ox.BlankNode(f"a{number}"), ox.BlankNode(f"r{number}")
        quads += [
            _triple(assertion, RDF + "type", ox.NamedNode(EARL + "Assertion")),
            _triple(assertion, EARL + "assertedBy", PROJECT),
            _triple(assertion, EARL + "mode", ox.NamedNode(EARL + "automatic")),
            _triple(assertion, EARL + "subject", PROJECT),
            _triple(assertion, EARL + "test", ox.NamedNode(line.iri)),
            _triple(assertion, EARL + "result", result),
            _triple(result, RDF + "type", ox.NamedNode(EARL + "TestResult")),
            _triple(result, EARL + "outcome", ox.NamedNode(EARL + OUTCOMES[line.outcome.verdict])),
            _triple(result, DC + "date", now),
        ]
        if line.outcome.verdict is not Verdict.STRICT:
            quads.append(_triple(result, EARL + "info", ox.Literal(line.outcome.verdict.value)))
    prefixes = {"earl": EARL, "dct": DC, "doap": DOAP, "xsd": "http://www.w3.org/2001/XMLSchema#"}
    return ox.serialize(quads, format=ox.RdfFormat.TURTLE, prefixes=prefixes) or b""


def _triple(
    subject: ox.NamedNode | ox.BlankNode, predicate: str, value: ox.NamedNode | ox.BlankNode | ox.Literal
) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(predicate), value)


def main(arguments: list[str]) -> int:
    """Write both files; the exit code is 1 if a test failed without an explanation."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python tests/w3c/report.py OUT.md OUT.ttl\n")
        return 2
    if folder() is None:
        sys.stderr.write("the W3C suites are not there: set COOPKG_W3C to the folder with sparql/\n")
        return 2
    with tempfile.TemporaryDirectory() as temporary, peers(Path(temporary)) as others:
        process, address = start_server("--scratch", "--federation", str(others.file))
        try:
            found = [*lines(address, others), *entailment_lines()]
        finally:
            stop(process)
    Path(arguments[0]).write_text(as_markdown(found), encoding="utf-8")
    Path(arguments[1]).write_bytes(as_earl(found))
    known = exclusions()
    surprises = [
        line
        for line in found
        if line.outcome.verdict in {Verdict.FAILED, Verdict.REFUSED}
        and (line.iri not in known or known[line.iri].verdict is not line.outcome.verdict)
    ]
    for line in surprises:
        sys.stderr.write(f"{line.iri}: {line.outcome.reason}\n")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
