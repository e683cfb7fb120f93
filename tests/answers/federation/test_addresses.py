"""No spelling, redirect or name leads a request to an address that is not on the public Internet."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from time import monotonic
from typing import TYPE_CHECKING, Final

import pytest

from coopkg.answers.federation.addresses import ForbiddenAddress, addresses_of, is_public, read_target
from coopkg.answers.federation.circuit_breaker import Health
from coopkg.answers.federation.endpoint_client import Budget, EndpointClient
from coopkg.dataset.engine import LocalEngine
from coopkg.errors import CoopkgError, EndpointFailed, Forbidden
from coopkg.rdf.formats import SOLUTION_FORMATS
from coopkg.workers.tasks import Task
from endpoints import BASE, endpoint, federation
from hostile_endpoint import Stranger, in_turn, reply, solutions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coopkg.dataset.store import Dataset

pytestmark = pytest.mark.slow

SPELLINGS: Final = (
    "http://127.0.0.1:PORT/", "http://127.1:PORT/", "http://127.0.1:PORT/", "http://2130706433:PORT/",
    "http://0x7f000001:PORT/", "http://0x7f.0.0.1:PORT/", "http://0177.0.0.1:PORT/", "http://017700000001:PORT/",
    "http://127.0.0.1.:PORT/", "http://0:PORT/", "http://0.0.0.0:PORT/", "http://127.000.000.001:PORT/",
    "http://127.0.0.2:PORT/", "http://localhost:PORT/", "http://LOCALHOST:PORT/", "http://localhost.:PORT/",
    "http://[::1]:PORT/", "http://[0:0:0:0:0:0:0:1]:PORT/", "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/", "http://[::127.0.0.1]:PORT/", "http://[2002:7f00:1::]:PORT/",
    "http://[64:ff9b::7f00:1]:PORT/", "http://[64:ff9b::127.0.0.1]:PORT/", "http://[::1%25lo]:PORT/",
    "http://[::1%lo]:PORT/", "http://[fe80::1%25eth0]:PORT/", "http://user@127.0.0.1:PORT/",
    "http://example.org@127.0.0.1:PORT/", "http://127.0.0.1:PORT\\@example.org/", "http://127.0.0.1:PORT#@example.org/",
    "http://127。0。0。1:PORT/", "http://127．0．0．1:PORT/", "http://１２７.0.0.1:PORT/", "http://⑯⑨.254.169.254:PORT/",
    "http://ｌocalhost:PORT/", "http://%31%32%37.0.0.1:PORT/", "http://127.0.0.1%2f@example.org:PORT/",
    "HTTP://127.0.0.1:PORT/", "http:\\\\127.0.0.1:PORT\\", "http:/127.0.0.1:PORT/", "http:127.0.0.1:PORT",
    "//127.0.0.1:PORT/", "http://127.0.0.1:0PORT/", "http:// 127.0.0.1:PORT/", "http://127.0.0.1\t:PORT/",
    "http://0x7f.1:PORT/", "http://00000177.0.0.1:PORT/", "http://1.0x7f000001:PORT/", "http://localhost:PORT/?a=b",
    "gopher://127.0.0.1:PORT/", "file:///etc/passwd", "ftp://127.0.0.1:PORT/",
)  # fmt: skip
"""Ways to write addresses of this machine, and a few others that no request may go to."""

PRIVATE: Final = (
    "127.0.0.1", "127.255.255.254", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
    "100.127.255.255", "169.254.169.254", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1", "::", "::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:7f00:1", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
    "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2001::1", "2001:0:7f00:1::", "2001:10::1", "2001:db8::1",
    "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1", "100::1", "3fff::1", "5f00::1",
    "2a00:1::5efe:7f00:1", "2a00:1::200:5efe:a00:1", "not an address",
)  # fmt: skip
PUBLIC: Final = ("1.1.1.1", "8.8.8.8", "147.67.34.1", "172.32.0.1", "100.63.255.255", "2a00:1450:4001::1",
                 "2002:808:808::1", "64:ff9b::808:808", "::ffff:8.8.8.8")  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_known(address: str) -> None:
    assert is_public(address)


@pytest.fixture
def canary() -> Iterator[Stranger]:
    with Stranger(reply(solutions())) as stranger:
        yield stranger


def test_there_are_forty_spellings_and_more() -> None:
    assert len(set(SPELLINGS)) >= 40


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_reaches_the_canary(spelling: str, canary: Stranger) -> None:
    """Neither as an address of the list, nor as where a redirect of an endpoint leads that the operator allows."""
    iri = spelling.replace("PORT", str(canary.port))
    with pytest.raises(ForbiddenAddress):
        addresses_of(read_target(iri), resolve_here, private=False)
    with Stranger(reply(b"", status=307, headers={"Location": iri.encode("utf-8").decode("latin-1")})) as leading:
        leader = endpoint("leader", leading.address)
        with pytest.raises(EndpointFailed) as error:
            EndpointClient(Health()).fetch(leader, "ASK {}", Budget(leader, monotonic() + 5))
    # http:path leads to the leader itself, as RFC 3986, section 5.2.2 allows it to be read
    assert error.value.members["reason"] in {"forbidden-address", "malformed", "redirect"}
    assert canary.requests == []


def resolve_here(host: str, port: int) -> list[str]:  # noqa: ARG001 - a resolver's arguments
    """Resolve every name as one of this machine: what a hostile zone would do, and what localhost is."""
    return ["127.0.0.1"]


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["169.254.169.254"], ["10.0.0.1"]],
)
def test_no_name_that_resolves_to_it_reaches_the_canary(addresses: list[str], canary: Stranger) -> None:
    far = endpoint("far", f"http://innocent.example:{canary.port}/", private=False)
    fetcher = EndpointClient(Health(), resolve=lambda _host, _port: addresses)
    with pytest.raises(EndpointFailed, match="outside of the public Internet"):
        fetcher.fetch(far, "ASK {}", Budget(far, monotonic() + 5))
    assert canary.requests == []


def test_a_name_is_resolved_once_and_connected_to_at_that_address(canary: Stranger) -> None:
    """A name that changes its address between the look and the connection (rebinding) gains nothing."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:  # noqa: ARG001 - a resolver's arguments
        asked.append(host)
        return ["8.8.8.8"] if len(asked) > 1 else ["127.0.0.1"]

    near = endpoint("near", f"http://name.example:{canary.port}/")
    EndpointClient(Health(), resolve=rebinding).fetch(near, "ASK {}", Budget(near, monotonic() + 5))
    assert asked == ["name.example"]
    assert canary.requests[0].headers["host"] == f"name.example:{canary.port}"


def test_a_private_endpoint_may_not_lead_to_another_port(canary: Stranger) -> None:
    with Stranger(reply(b"", status=302, headers={"Location": canary.address})) as leading:
        near = endpoint("near", leading.address)
        with pytest.raises(EndpointFailed, match="outside of the public Internet"):
            EndpointClient(Health()).fetch(near, "ASK {}", Budget(near, monotonic() + 5))
    assert canary.requests == []


def test_redirects_end(canary: Stranger) -> None:
    with Stranger(reply(b"", status=307, headers={"Location": "/again"})) as leading:
        near = endpoint("near", leading.address)
        with pytest.raises(EndpointFailed, match="redirects more than"):
            EndpointClient(Health()).fetch(near, "ASK {}", Budget(near, monotonic() + 5))
        assert len(leading.requests) == 4
    assert canary.requests == []


def test_a_redirect_to_the_same_place_is_followed(canary: Stranger) -> None:
    canary.answer = in_turn(reply(b"", status=308, headers={"Location": "/there"}), reply(solutions()))
    near = endpoint("near", canary.address)
    assert EndpointClient(Health()).fetch(near, "ASK {}", Budget(near, monotonic() + 5)).body == solutions()
    assert canary.requests[1].path.startswith("/there")


@pytest.mark.parametrize("spelling", [s for s in SPELLINGS if not set(s) & set("\\ \t。")])
def test_service_asks_no_address_that_is_not_listed(spelling: str, canary: Stranger, dataset: Dataset) -> None:
    """Even beside an endpoint on the very same machine and port: the address as text is what is allowed."""
    far = federation(endpoint("far", f"{canary.address}listed"))
    iri = spelling.replace("PORT", str(canary.port))
    for form in ("SERVICE <{}>", "SERVICE <far> {{ SERVICE <{}>", "BIND(<{}> AS ?e) SERVICE ?e"):
        text = f"SELECT * {{ {form.format(iri)} {{ ?s ?p ?o }} {'}' if form.count('SERVICE') > 1 else ''} }}"
        with pytest.raises(CoopkgError) as error:
            far.run(Task(text, SOLUTION_FORMATS[0], BASE), LocalEngine(dataset))
        assert isinstance(error.value, Forbidden) or error.value.status == 400
    assert canary.requests == []


def test_the_guard_of_an_exchange_leaves_no_thread_behind(canary: Stranger) -> None:
    near = endpoint("near", canary.address)
    for _ in range(5):
        EndpointClient(Health()).fetch(near, "ASK {}", Budget(near, monotonic() + 600))
    timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    for timer in timers:
        timer.join(60)  # ten minutes are left of its time, if it was not called off
    assert not any(timer.is_alive() for timer in timers)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file with a key and a certificate for name.example that signs itself."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate, and is not installed")
    path = tmp_path_factory.mktemp("tls") / "name.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=name.example",
         "-addext", "subjectAltName=DNS:name.example", "-keyout", path, "-out", path.with_suffix(".crt")],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


@pytest.mark.parametrize(("name", "reason"), [("name.example", ""), ("other.example", "tls")])
def test_tls_is_for_the_name_though_the_connection_is_to_an_address(name: str, reason: str, certificate: Path) -> None:
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate)
    told: list[str] = []
    served.sni_callback = lambda _socket, name, _context: told.append(name)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with Stranger(reply(solutions()), wrap=served) as stranger:
        far = endpoint("far", f"https://{name}:{stranger.port}/")
        fetcher = EndpointClient(Health(), resolve=resolve_here, context=trusting)
        if reason:
            with pytest.raises(EndpointFailed) as error:
                fetcher.fetch(far, "ASK {}", Budget(far, monotonic() + 5))
            assert error.value.members["reason"] == reason
        else:
            assert fetcher.fetch(far, "ASK {}", Budget(far, monotonic() + 5)).body == solutions()
    assert told == [name]
    assert len(stranger.requests) == (not reason)
