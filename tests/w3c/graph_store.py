"""The 13 tests of the Graph Store Protocol suite, as requests of our own that put the same questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from w3c.exchange import LOCATION, Conversation, Exchange

if TYPE_CHECKING:
    from collections.abc import Iterable

SUITE: Final = "http://www.w3.org/2009/sparql/docs/tests/data-sparql11/http-rdf-update/manifest#"
ENDPOINT: Final = "/graphs"
TURTLE: Final = "text/turtle; charset=utf-8"
DONE: Final = (200, 204)
WRITTEN: Final = (200, 201, 204)
DELETED_BEFORE: Final = (200, 204, 404)
BOUNDARY: Final = "e1c7d0a95b"

PREFIX: Final = "@prefix v: <http://vocabulary.example/> .\n"
RIVER: Final = "<http://data.example/river>"
DNIEPER: Final = f'{PREFIX}{RIVER} a v:River ; v:card [ a v:Card ; v:label "Dnieper" ] .'
NEMAN: Final = f'{PREFIX}{RIVER} a v:River ; v:card [ a v:Card ; v:label "Neman" ] .'
NAMELESS: Final = f'{PREFIX}[] a v:River ; v:card [ a v:Card ; v:label "Dvina" ] .'
LENGTH: Final = f"{PREFIX}{RIVER} v:length 937 ."
BASIN: Final = f"{PREFIX}{RIVER} v:basin 98200 ."
TOGETHER: Final = f"{NEMAN}\n{RIVER} v:length 937 ; v:basin 98200 ."

GRAPH: Final = "http://data.example/graphs/river/1.ttl"
OTHER: Final = "http://data.example/graphs/river/2.ttl"
DIRECT: Final = f"{ENDPOINT}/river/1.ttl"
OTHER_DIRECT: Final = f"{ENDPOINT}/river/2.ttl"
INDIRECT: Final = f"{ENDPOINT}?graph={quote(GRAPH, safe='')}"
OTHER_INDIRECT: Final = f"{ENDPOINT}?graph={quote(OTHER, safe='')}"
UNESCAPED: Final = f"{ENDPOINT}?graph={GRAPH}"
ESCAPED_ONCE: Final = f"{ENDPOINT}?graph={GRAPH.replace('1', '%31')}"
ESCAPED_TWICE: Final = f"{ENDPOINT}?graph={GRAPH.replace('1', '%2531')}"


def _put(target: str, turtle: str, status: tuple[int, ...] = WRITTEN) -> Exchange:
    return Exchange("PUT", target, status, {"Content-Type": TURTLE}, turtle.encode())


def _post(target: str, turtle: str, status: tuple[int, ...] = WRITTEN, *, creates: bool = False) -> Exchange:
    return Exchange("POST", target, status, {"Content-Type": TURTLE}, turtle.encode(), creates=creates)


def _post_parts(target: str, parts: Iterable[tuple[str, str]]) -> Exchange:
    lines = [
        line
        for name, turtle in parts
        for line in (
            f"--{BOUNDARY}",
            f'Content-Disposition: form-data; name="{name}"; filename="{name}"',
            f"Content-Type: {TURTLE}",
            "",
            turtle.replace("\n", "\r\n"),
        )
    ]
    body = "\r\n".join([*lines, f"--{BOUNDARY}--", ""]).encode()
    return Exchange("POST", target, DONE, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}, body)


def _get(target: str, turtle: str) -> Exchange:
    return Exchange("GET", target, (200,), {"Accept": "text/turtle"}, media=("text/turtle",), graph=turtle)


def _head(target: str) -> Exchange:
    return Exchange("HEAD", target, (200,), {"Accept": TURTLE}, media=("text/turtle",))


def _delete(target: str, status: tuple[int, ...] = DONE) -> Exchange:
    return Exchange("DELETE", target, status)


def _missing(method: str, target: str) -> Exchange:
    return Exchange(method, target, (404,))


def _test(name: str, *exchanges: Exchange) -> Conversation:
    return Conversation(SUITE + name, exchanges)


def _put_get_repeat(name: str, target: str) -> Conversation:
    return _test(
        name, _put(target, DNIEPER, (201,)), _get(target, DNIEPER), _put(target, NEMAN, DONE), _get(target, NEMAN)
    )


def _put_delete_get_delete(name: str, target: str) -> Conversation:
    return _test(
        name,
        _put(target, NAMELESS),
        _delete(target),
        _missing("GET", target),
        _delete(target, DELETED_BEFORE),
    )


def _post_get_post_get(name: str, target: str) -> Conversation:
    return _test(
        name,
        _post(target, NEMAN),
        _get(target, NEMAN),
        _post_parts(target, (("length.ttl", LENGTH), ("basin.ttl", BASIN))),
        _get(target, TOGETHER),
    )


CONVERSATIONS: Final = (
    _put_get_repeat("put_get_repeat_direct", DIRECT),
    _put_delete_get_delete("put_delete_get_delete_direct", OTHER_DIRECT),
    _post_get_post_get("post_get_post_get_direct", DIRECT),
    _test("head_existing_direct", _put(DIRECT, DNIEPER), _head(DIRECT)),
    _put_get_repeat("put_get_repeat_indirect", INDIRECT),
    _test(
        "put_get_default",
        _put(f"{ENDPOINT}?default", NAMELESS),
        _get(f"{ENDPOINT}?default", NAMELESS),
    ),
    _put_delete_get_delete("put_delete_get_delete_indirect", OTHER_INDIRECT),
    _post_get_post_get("post_get_post_get_indirect", INDIRECT),
    _test(
        "post_get_new_graph",
        _post(ENDPOINT, NAMELESS, (201,), creates=True),
        _get(f"{ENDPOINT}?graph={LOCATION}", NAMELESS),
    ),
    _test("head_existing_indirect", _put(INDIRECT, DNIEPER), _head(INDIRECT)),
    _test("head_non_existing_indirect", _missing("HEAD", OTHER_INDIRECT)),
    _test("put_get_uri_pct_encoded_indirect", _put(INDIRECT, DNIEPER, (201,)), _get(UNESCAPED, DNIEPER)),
    _test(
        "put_get_uri_pct_encoded_twice",
        _put(ESCAPED_ONCE, DNIEPER, (201,)),
        _put(ESCAPED_TWICE, NEMAN, (201,)),
        _get(ESCAPED_ONCE, DNIEPER),
        _get(ESCAPED_TWICE, NEMAN),
    ),
)
