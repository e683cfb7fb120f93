"""Whatever is sent as a document, the answer is none of 500, and every process of the server goes on.

The seeded short form of the fuzz is part of the tests; ``make fuzz`` sends more, from another seed if asked.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from hostile_documents import DEEP, DOCTYPES, INVALID, LONG, MEDIA_TYPES, RDF, nested, rdf_xml, repeated
from processor_time import processor_seconds
from running import Running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.slow

BODIES: Final = int(os.environ.get("COOPKG_FUZZ", "1500")) // 20
FIRST: Final = int(os.environ.get("COOPKG_FUZZ_SEED", "0"))
DOORS: Final = (
    ("POST", "/validate?against=nothing"),
    ("POST", "/validate"),
    ("POST", "/facts"),
    ("PUT", "/graphs/fuzzed"),
    ("POST", "/graphs?default"),
)
MEANT: Final = frozenset({502, 503, 504, 507})
SECONDS: Final = 2.0
"""Processor seconds of the whole server until a document is refused; on its own a worker takes half of that."""
LINEAR: Final = 8.0
"""Processor seconds for a million characters: linear work took 2.3 at most, and what grew with the square took 21."""

SAMPLES: Final = (
    (
        "ttl",
        '@prefix e: <http://e/> .\ne:a e:b "x"@en, 1.0, true, """y\n""", [ e:c ( 1 <d> ) ] ; a e:C .\n_:n e:p _:n .',
    ),
    ("ttl", "<http://e/a> <http://e/b> <<( <http://e/a> <http://e/b> 'x'@en--ltr )>> {| <http://e/p> 1 |} ."),
    (
        "nt",
        '<http://e/a> <http://e/b> "x\\u00e9"^^<http://e/t>.\n_:b <http://e/b> "y"@en.\n<http://e/a> <http://e/c> _:b.',
    ),
    ("nq", '<http://e/a> <http://e/b> "x" .\n_:b <http://e/b> "2020-01-01"^^<http://www.w3.org/2001/XMLSchema#date> .'),
    ("trig", "PREFIX e: <http://e/> { e:a e:b [ e:c 1e0 ] } "),
    (
        "rdf",
        rdf_xml(
            '<e:C rdf:about="http://e/a" xml:lang="en" e:q="v"><e:b rdf:datatype="http://e/t">x&amp;&#65;</e:b>'
            '<e:p rdf:parseType="Resource"><e:q rdf:nodeID="n"/></e:p><e:l rdf:parseType="Collection"><e:D/></e:l>'
            '<e:x rdf:parseType="Literal"><b>y</b></e:x><e:i rdf:resource="#r"/></e:C>',
            '<?xml version="1.0" encoding="UTF-8"?>\n<!-- c -->',
        ),
    ),
    (
        "jsonld",
        (
            '{"@context": {"e": "http://e/", "t": {"@id": "e:t", "@type": "@id", "@container": "@list"},'
            ' "@language": "en"}, "@id": "e:a", "@type": ["e:C"], "t": ["x", "_:b"],'
            ' "e:v": {"@value": "1", "@type": "e:d"}, "@reverse": {"e:r": {"@id": "z"}},'
            ' "e:j": {"@value": {"a": [1, null]}, "@type": "@json"}}'
        ),
    ),
)
WORDS: Final = (
    r"""< > " ' \ \uD800 \u0000 @ @1 ^^ _: ( ) [ ] { } <<( )>> {| & &#0; <!doctype ]]> <![CDATA[ <?x : . ; , # -"""
    ' NaN null 1e400 "@context" "@graph" "@value" "@language" "@included" langString http://['
)
PARTS: Final = (
    *WORDS.encode().split(),
    *(b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\n", b" ", b"9" * 5000, f"{RDF}langString".encode()),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("documents") / "home"
    home.mkdir()
    running = Running(home, {"COOPKG_FEDERATION": os.devnull, "COOPKG_CLIENT_SECONDS": "100000"})
    running.secret = running.token()
    running.start()
    before = sorted(running.children())
    yield running
    assert sorted(running.children()) == before, "a process of the server was replaced"
    assert "a worker failed" not in running.stop()


def statuses(server: Running, fmt: str, body: bytes, doors: Sequence[tuple[str, str]] = DOORS) -> list[int]:
    """Send a document to every door, or those, and give what each answers."""
    found = []
    for method, path in doors:
        answer = server.ask(method, path, body, Content_Type=MEDIA_TYPES[fmt])
        found.append(answer.status)
        assert answer.status < 500 or answer.status in MEANT, (method, path, fmt, body[:300], answer.body[:300])
    return found


def mutated(seed: int) -> tuple[str, bytes]:
    """Make a document of a sample: bytes are changed, taken out, repeated, and replaced by what is delicate."""
    chance = random.Random(seed)  # noqa: S311 - a seed gives the same document again
    fmt, text = chance.choice(SAMPLES)
    data = bytearray(text.encode())
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((0, 1, 1, 2, 5, 20)))
        match chance.randrange(5):
            case 0:
                data[at:end] = bytes([chance.randrange(256)])
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end] * chance.choice((1, 2, 50))
            case _:
                data[at:end] = chance.choice(PARTS)
    return chance.choice((fmt, fmt, fmt, fmt, chance.choice(list(MEDIA_TYPES)))), bytes(data)


def test_no_document_gives_500_and_no_process_changes(server: Running) -> None:
    seen: Counter[int] = Counter()
    for seed in range(FIRST, FIRST + BODIES):
        seen.update(statuses(server, *mutated(seed), (DOORS[seed % 2], DOORS[2 + seed % 3])))
    print(dict(seen))  # noqa: T201 - make fuzz shows it
    assert seen[200] + seen[201] + seen[204] > BODIES / 10, "too few documents are read"
    assert seen[400] > BODIES / 10, "too few documents are refused"


@pytest.mark.parametrize("fmt", MEDIA_TYPES)
def test_what_rdf_forbids_is_refused_at_every_door_and_changes_nothing(server: Running, fmt: str) -> None:
    before = server.ask("GET", "/changes", Accept="application/json").value["version"]
    for what, given, text in INVALID:
        if given == fmt:
            assert set(statuses(server, fmt, text.encode())) <= {400, 415}, what
    for what, body in DOCTYPES.items() if fmt == "rdf" else ():
        assert set(statuses(server, fmt, body)) == {400}, what
    assert server.ask("GET", "/changes", Accept="application/json").value["version"] == before


def test_the_line_of_an_error_is_the_same_at_every_door(server: Running) -> None:
    for what, fmt, text in INVALID:
        if fmt not in {"rdf", "jsonld"}:
            continue  # their parsers say where
        lines = set()
        for method, path in DOORS[1:3]:
            answer = server.ask(method, path, text, Content_Type=MEDIA_TYPES[fmt])
            if answer.status == 400:
                lines.add(json.loads(answer.body)["line"])
        assert len(lines) == 1, (what, fmt, lines)


@pytest.mark.parametrize("name", DEEP)
def test_what_nests_deep_is_refused_soon(server: Running, name: str) -> None:
    assert server.process is not None
    before = processor_seconds(server.process.pid)
    for depth in (1000, 100_000):
        fmt, text = nested(name, depth)
        for path in ("/validate", "/validate?against=nothing"):
            answer = server.ask("POST", path, text, Content_Type=MEDIA_TYPES[fmt])
            assert answer.status == 400, answer.body[:300]
    assert processor_seconds(server.process.pid) - before < 4 * SECONDS


@pytest.mark.parametrize("name", LONG)
def test_what_is_long_is_answered_or_refused(server: Running, name: str) -> None:
    fmt, text = repeated(name, 1_000_000)
    assert server.process is not None
    before = processor_seconds(server.process.pid)
    answer = server.ask("POST", "/validate?against=nothing", text, Content_Type=MEDIA_TYPES[fmt])
    assert answer.status in {200, 400, 413, 422}, answer.body[:300]
    assert processor_seconds(server.process.pid) - before < LINEAR


def test_an_update_makes_no_string_that_no_document_can_state(server: Running) -> None:
    for update in (
        f'INSERT DATA {{ <http://e/a> <http://e/b> "x"^^<{RDF}langString> }}',
        f'INSERT {{ <http://e/a> <http://e/b> ?x }} WHERE {{ BIND(STRDT("x", <{RDF}dirLangString>) AS ?x) }}',
    ):
        answer = server.ask("POST", "/update", update, Content_Type="application/sparql-update")
        assert answer.status == 400, answer.body


def test_blank_nodes_and_literals_go_and_come_through_the_gate(server: Running) -> None:
    """Paths of shapes lead from a changed fact to nodes that no fact has as predicate, or as subject."""
    bodies = (
        "_:a <http://e/p> _:b . _:b <http://e/q> 1 .",
        "<http://e/a> <http://e/p> <<( <http://e/a> <http://e/p> 1 )>> .",
    )
    for body in (*bodies, "", *bodies):
        assert server.ask("PUT", "/graphs/nodes", body, Content_Type="text/turtle").status in {201, 204}
