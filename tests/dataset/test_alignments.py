"""Alignments against copies of the registers that they lead to, from files and from a server of the test's own."""

from __future__ import annotations

import http.server
import re
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from conftest import run_coopkg
from coopkg.answers.federation.document_client import fetch
from coopkg.dataset.alignments import DEAD, DEPRECATED, MISMATCH, check, read_register
from coopkg.errors import NotFetched, UsageError
from coopkg.rdf.terms import Document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coopkg.dataset.store import Dataset

pytestmark = pytest.mark.slow

COUNTRY = "http://publications.europa.eu/resource/authority/country/"
CODES = re.findall(
    "[A-Z]{3}",
    "ARM AZE BLR CHE CHN CUB FRA GEO IDN IND ITA KOR KAZ LTU MNG NLD PAK POL SRB RUS SVK TKM UKR UZB VNM",
)
PREFIXES = f"""
@prefix at: <http://publications.europa.eu/ontology/authority/> .
@prefix country: <{COUNTRY}> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
"""


@pytest.mark.parametrize(
    ("file", "links"),
    [
        ("eu-authority/corporatebodies.ttl", 3),
        ("eu-authority/countries.ttl", 25),
        ("eu-authority/currencies.ttl", 5),
        ("eu-authority/eu-programme.ttl", 3),
        ("oecd-ford-italia.ttl", 11),
        ("EURIO-2.4.ttl", 26),
    ],
)
def test_the_published_alignments_hold(shared: Path, dataset: Dataset, file: str, links: int) -> None:
    path = shared / "federation" / file
    found = check(dataset, read_register(Document(file, path.read_bytes())))
    assert (found.checked, found.findings) == (links, ())


def register(dataset: Dataset, text: str) -> dict[str, str]:
    """Give the kinds of what is found, by the last part of the subject, in a register that has all countries else."""
    rest = "".join(f"country:{code} a skos:Concept .\n" for code in CODES if f"country:{code} " not in text)
    found = check(dataset, read_register(Document("register.ttl", f"{PREFIXES}{text}{rest}".encode())))
    assert found.checked == 25
    return {finding.subject.rpartition("/")[2]: finding.kind for finding in found.findings}


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ('country:BLR a skos:Concept ; skos:prefLabel "Belarus"@en .', None),
        ('country:BLR a skos:Concept ; skos:altLabel "BELARUS"@en ; skos:prefLabel "White Russia"@en .', None),
        ('country:BLR a skos:Concept ; skos:prefLabel "Weißrussland"@de .', None),
        ('country:BLR a skos:Concept ; skos:prefLabel "Belgium"@en .', MISMATCH),
        ('country:BLR a skos:Concept ; skos:prefLabel "Belgium"@en, "Беларусь"@be .', None),
        ('country:BLR a skos:Concept ; at:deprecated "true" ; skos:prefLabel "Belarus"@en .', DEPRECATED),
        ('country:BLR a skos:Concept ; at:deprecated "false" .', None),
        ("country:BLR a skos:Concept ; dcterms:isReplacedBy country:XYZ .", DEPRECATED),
        ('country:BLR skos:prefLabel "Belarus"@en .', DEAD),
    ],
)
def test_what_is_wrong_with_a_link_is_found(dataset: Dataset, entry: str, kind: str | None) -> None:
    assert register(dataset, entry) == ({} if kind is None else {"BY": kind})


def test_the_command_tells_and_exits_as_others_do(tmp_path: Path) -> None:
    copy = tmp_path / "copy.ttl"
    copy.write_text(f"{PREFIXES}country:BLR a skos:Concept ; at:deprecated 'true' .", encoding="utf-8")
    found = run_coopkg("align", "check", "--against", str(copy))
    assert found.returncode == 1
    assert (
        f"deprecated: country:BY skos:exactMatch <{COUNTRY}BLR>: the register has deprecated the entry" in found.stdout
    )
    assert "dead: country:AM" in found.stdout
    assert "0 of 25 links" in found.stderr
    copy.write_text("<http://e/a> a <http://e/b> .", encoding="utf-8")
    assert run_coopkg("align", "check", "--against", str(copy)).returncode == 1
    copy.write_text("this is no Turtle", encoding="utf-8")
    assert run_coopkg("align", "check", "--against", str(copy)).returncode == 3
    assert run_coopkg("align", "check", "--against", str(tmp_path / "none.ttl")).returncode == 3
    assert run_coopkg("align", "check", "--against", "http://127.0.0.1:9/none.ttl").returncode == 4
    assert run_coopkg("align", "check").returncode == 2


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves a register well, and in the ways in which a server can fail."""

    protocol_version = "HTTP/1.1"
    body = f"{PREFIXES}country:BLR a skos:Concept .".encode()

    def do_GET(self) -> None:
        match self.path:
            case "/moved":
                self.answer(302, b"", Location="/good")
            case "/file":
                self.answer(302, b"", Location="file:///etc/passwd")
            case "/circle":
                self.answer(302, b"", Location="/circle")
            case "/none":
                self.answer(404, b"")
            case "/short":
                self.answer(200, self.body, Content_Length=str(len(self.body) + 10))
                self.close_connection = True
            case "/drip":
                self.answer(200, b"", Content_Length="1000")
                for _ in range(50):
                    time.sleep(0.05)  # a slow server is what the test is about
                    self.wfile.write(b" ")
            case _:
                self.answer(200, self.body)

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Type": "text/turtle", "Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(http.server.ThreadingHTTPServer):
    """Takes it calmly when a client goes away."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that has had enough closes the connection."""


@contextmanager
def serving() -> Iterator[str]:
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_register_is_fetched() -> None:
    with serving() as address:
        assert fetch(f"{address}/good").data == Handler.body
        assert len(list(fetch(f"{address}/moved").quads())) == 1
        result = run_coopkg("align", "check", "--against", f"{address}/good")
    assert (result.returncode, "1 of 25 links" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("path", "largest", "needle"),
    [
        ("/none", 1000, "status 404"),
        ("/file", 1000, "status 302"),
        ("/circle", 1000, "status 302"),
        ("/good", 100, "longer than 100 bytes"),
        ("/short", 1000, "broke off"),
        ("/drip", 1000, "in time"),
    ],
)
def test_what_cannot_be_fetched_says_why(path: str, largest: int, needle: str) -> None:
    """What drips would go on for two and a half seconds, and then break off: it has another reason if it is let."""
    with serving() as address, pytest.raises(NotFetched, match=needle):
        fetch(address + path, largest, seconds=0.3)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/"])
def test_nothing_but_the_web_is_fetched(address: str) -> None:
    with pytest.raises(UsageError):
        fetch(address)
