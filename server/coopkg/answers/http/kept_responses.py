"""Small responses kept whole, in their coding, to be sent again before anything of a request is parsed."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from coopkg.answers.http.protocol import HttpRequest, HttpResponse

KEPT: Final = 256
"""Responses that a web process keeps ready, beside the answers of its cache, which are larger and in no coding yet."""
LARGEST_KEPT: Final = 32 * 1024
"""Bytes of such a response with its query string."""


class KeptResponses:
    """The last small responses to GET of ``/sparql``, while their version is the current one (RFC 9111, section 4).

    The key has the value of every field that the ``Vary`` of any kept response has named (section 4.1), and the host,
    since a response may name it.
    """

    def __init__(self) -> None:
        self._version = ""
        self._fields: tuple[str, ...] = ("host",)
        self._responses: OrderedDict[tuple[str, ...], HttpResponse] = OrderedDict()

    def get(self, request: HttpRequest, version: str) -> HttpResponse | None:
        """Return the response that the same request had in that version."""
        if version != self._version:
            self._version = version
            self._responses.clear()
        if request.method != "GET" or request.path != "/sparql" or "if-none-match" in request.headers:
            return None
        return self._responses.get(self._key(request))

    def put(self, request: HttpRequest, response: HttpResponse, version: str) -> None:
        """Keep a response of that version that has an entity tag, unless it is large."""
        fits = len(request.query_string) + len(response.body) <= LARGEST_KEPT and response.status == 200
        asked = request.method == "GET" and request.path == "/sparql"
        if version != self._version or not asked or not fits or "ETag" not in response.headers:
            return
        varies = {name.strip().lower() for name in response.headers.get("Vary", "").split(",") if name.strip()}
        if "*" in varies:
            return
        if not varies <= set(self._fields):
            # The keys so far lack a field that selects a response: what was kept under them cannot be told apart.
            self._fields = (*self._fields, *sorted(varies - set(self._fields)))
            self._responses.clear()
        self._responses[self._key(request)] = response
        if len(self._responses) > KEPT:
            self._responses.popitem(last=False)

    def _key(self, request: HttpRequest) -> tuple[str, ...]:
        return (request.query_string, *(request.headers.get(name, "") for name in self._fields))
