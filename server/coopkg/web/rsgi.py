"""The front: an RSGI application that takes each request whole, bounded and timed, before a thread works on it.

A client that sends its body byte by byte therefore holds a coroutine and nothing else; measured, a WSGI server whose
threads read the body themselves stalls under 200 such clients.
"""

from __future__ import annotations

import asyncio
import gc
import io
import sys
import time
import traceback
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from werkzeug.test import run_wsgi_app

from coopkg.answers.federation.executor import AT_ONCE
from coopkg.answers.http.protocol import PATH_SAFE, HttpRequest, HttpResponse, refuse_codings
from coopkg.answers.http.rate_limit import RateLimiter
from coopkg.answers.http.request_metrics import RequestObserver
from coopkg.answers.http.routes import labels
from coopkg.answers.http.validators import compressed
from coopkg.answers.publication.dump_downloads import concerns, distribute
from coopkg.answers.sparql_endpoint import Pending, begin, conclude, explain, finish
from coopkg.errors import Busy, CoopkgError, EngineFault, TooLarge, UsageError
from coopkg.web.parts.routes import routes_of
from coopkg.web.problems import problem

if TYPE_CHECKING:
    from flask import Flask

    from coopkg.answers.service import Service
    from coopkg.dataset.engine import WorkerEngine
    from coopkg.workers.tasks import Answer

THREADS: Final = 32
WATCH_AFTER: Final = 0.05
"""Seconds after which an answer that is still awaited makes it worth watching whether the client stays."""
LARGE: Final = 64 * 1024
"""Bytes above which a body is compressed in a thread, so that the event loop goes on meanwhile."""
SHORT: Final = 8 * 1024
"""Bytes up to which a request is looked at in the event loop."""


KEPT: Final = 256
"""Responses that a worker keeps ready, beside the answers of its cache, which are larger and in no coding yet."""
LARGEST_KEPT: Final = 32 * 1024
"""Bytes of such a response with its query string."""


class RsgiApplication:
    """Hands buffered requests to the WSGI application in a thread."""

    def __init__(self, app: Flask, service: Service, pool: WorkerEngine) -> None:
        self.app = app
        self.service = service
        self.pool = pool
        self.settings = service.settings
        self.limiter = RateLimiter(self.settings.client_rate, self.settings.client_burst)
        self.kept = KeptResponses()
        self.observer = RequestObserver(self.settings.log, labels(routes_of(app)))
        # Federated queries wait for others for seconds; in threads of their own they keep no page from being made.
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="page")
        self.federated = ThreadPoolExecutor(2 * AT_ONCE, thread_name_prefix="federated")

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have pages, which run in threads, ask the workers through the event loop."""
        self.pool.attach(loop)
        gc.collect()
        gc.freeze()  # what is loaded by now stays, so that no collection looks at it again

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:  # noqa: ANN401 - granian has no types for these
        """Answer one request (Granian's RSGI specification, version 1.5)."""
        if scope.proto != "http":
            protocol.close(403)  # no WebSockets here
            return
        path = quote(scope.path, safe=PATH_SAFE)  # Granian gives it decoded, bytes that are not UTF-8 as U+FFFD
        path = path if path.startswith("/") else f"/{path}"  # OPTIONS and CONNECT may come without one
        request = HttpRequest(scope.method, path, scope.query_string, dict(scope.headers.items()))
        try:
            # The rate comes before anything that costs more, and a kept response before the body is read.
            self.limiter.take(scope.client)
            version = self.pool.tag()
            kept = self.kept.get(request, version)
            if kept is not None:
                self.observer.saw(request, kept, scope.client, time.monotonic())
                send(protocol, scope.method, kept)
                return
            refuse_codings(request.headers)
            request = replace(request, body=await self._body(scope, protocol))
        except CoopkgError as error:
            refusal = problem(error, request, self.settings.base)
            self.observer.saw(request, refusal, scope.client, time.monotonic())
            send(protocol, scope.method, refusal)
            return
        began = time.monotonic()
        try:
            response = await self._answer(request, scope.scheme, protocol)
        except Exception:  # noqa: BLE001 - the application's boundary: nothing may leave it but a response
            traceback.print_exc()
            fault = EngineFault("The server failed to answer; its log says why.")
            response = problem(fault, request, self.settings.base)
        # Compressing a large body takes longer than others should wait for the event loop.
        if len(response.body) > LARGE:
            loop = asyncio.get_running_loop()
            response = await loop.run_in_executor(self.threads, compressed, response, request.headers)
        else:
            response = compressed(response, request.headers)
        # A response that a commit overtook may be of either version: it is sent, and not kept.
        if version == self.pool.tag():
            self.kept.put(request, response, version)
        self.observer.saw(request, response, scope.client, began)
        send(protocol, scope.method, response)

    async def _answer(self, request: HttpRequest, scheme: str, protocol: Any) -> HttpResponse:  # noqa: ANN401
        """Answer SPARQL protocol requests here, which saves the framework's share; hand on all others.

        What needs no evaluation (a kept answer, 304, most errors) is answered in the event loop. A request so long that
        looking at it would keep others waiting is not, nor one without a query, whose description asks the workers.
        """
        loop = asyncio.get_running_loop()
        if request.path == "/sparql":
            try:
                if not 0 < len(request.query_string) + len(request.body) <= SHORT:
                    begun = await loop.run_in_executor(self.threads, begin, request, self.service)
                else:
                    begun = begin(request, self.service)
                if isinstance(begun, Pending) and begun.federated:
                    begun = await loop.run_in_executor(self.federated, finish, begun, self.service)
                elif isinstance(begun, Pending):
                    begun = conclude(begun, await self._ask(begun, protocol), self.service)
            except CoopkgError as error:
                begun = problem(explain(error, request, self.service), request, self.settings.base)
            if begun is not None:
                return begun
        if concerns(request.path):
            return await loop.run_in_executor(self.threads, self._dump, request)
        return await loop.run_in_executor(self.threads, self._page, request, scheme)

    async def _ask(self, pending: Pending, protocol: Any) -> Answer:  # noqa: ANN401
        """Ask the workers; when the client goes away first, the work ends."""
        # Most answers are there before anybody could leave: watching the connection begins after a moment only.
        asking = asyncio.current_task()
        watch = _Watch(asking, protocol)
        timer = asyncio.get_running_loop().call_later(WATCH_AFTER, watch.start)
        try:
            return await self.pool.ask_async(pending.task, pending.deadline)
        except asyncio.CancelledError:
            if not watch.left:
                raise
            raise Busy("The client went away before its answer.") from None
        finally:
            timer.cancel()
            watch.stop()

    async def _body(self, scope: Any, protocol: Any) -> bytes:  # noqa: ANN401
        """Return the whole body. Raises TooLarge past the limit, UsageError where it does not arrive in time."""
        if "content-length" not in scope.headers and "transfer-encoding" not in scope.headers:
            return b""
        limit = self.settings.body_bytes
        too_large = TooLarge(f"The body is longer than {limit} bytes.", bound=limit)
        declared = scope.headers.get("content-length") or "0"
        # A declared length is refused before a byte is read; a chunked body is counted as it arrives, below.
        if declared.isdigit() and int(declared) > limit:
            raise too_large
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self.settings.body_seconds):
                async for chunk in protocol:
                    size += len(chunk)
                    if size > limit:
                        raise too_large
                    chunks.append(chunk)
        except TimeoutError:
            raise UsageError(f"The body did not arrive within {self.settings.body_seconds:g} s.") from None
        return b"".join(chunks)

    def _dump(self, request: HttpRequest) -> HttpResponse:
        """Return a dump, which the server sends from its file, whatever its size."""
        try:
            return distribute(replace(request, path=unquote(request.path)), self.service)
        except CoopkgError as error:
            return problem(error, request, self.settings.base)

    def _page(self, request: HttpRequest, scheme: str) -> HttpResponse:
        iterable, status, headers = run_wsgi_app(self.app, _environ(request, scheme), buffered=True)
        return HttpResponse(int(status.split(" ", 1)[0]), dict(headers), b"".join(iterable))


class KeptResponses:
    """The last small responses to GET, ready to be sent again while their version is the current one."""

    def __init__(self) -> None:
        self._version = ""
        self._responses: OrderedDict[tuple[str, ...], HttpResponse] = OrderedDict()

    def get(self, request: HttpRequest, version: str) -> HttpResponse | None:
        """Return the response that the same request had in that version."""
        if version != self._version:
            self._version = version
            self._responses.clear()
        if request.method != "GET" or request.path != "/sparql" or "if-none-match" in request.headers:
            return None
        return self._responses.get(_selecting(request))

    def put(self, request: HttpRequest, response: HttpResponse, version: str) -> None:
        """Keep a response of that version that has an entity tag, unless it is large."""
        fits = len(request.query_string) + len(response.body) <= LARGEST_KEPT and response.status == 200
        asked = request.method == "GET" and request.path == "/sparql"
        if version == self._version and asked and fits and "ETag" in response.headers:
            self._responses[_selecting(request)] = response
            if len(self._responses) > KEPT:
                self._responses.popitem(last=False)


def _selecting(request: HttpRequest) -> tuple[str, ...]:
    """Return all of a request that decides its response."""
    headers = request.headers
    return (
        request.query_string,
        headers.get("accept", ""),
        headers.get("accept-encoding", ""),
        headers.get("host", ""),
    )


class _Watch:
    """Cancels a task when the client of its request goes away."""

    def __init__(self, task: asyncio.Task[Any] | None, protocol: Any) -> None:  # noqa: ANN401
        self._task = task
        self._protocol = protocol
        self._leaving: asyncio.Future[Any] | None = None
        self.left = False

    def start(self) -> None:
        self._leaving = asyncio.ensure_future(self._protocol.client_disconnect())
        self._leaving.add_done_callback(self._end)

    def stop(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()

    def _end(self, leaving: asyncio.Future[Any]) -> None:
        if not leaving.cancelled() and self._task is not None:
            self.left = True
            self._task.cancel()


def _environ(request: HttpRequest, scheme: str) -> dict[str, Any]:
    host = request.headers.get("host", "localhost")
    name, _, port = host.partition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET" if request.method == "HEAD" else request.method,  # send() leaves the body out
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(request.path, "latin-1"),
        "QUERY_STRING": request.query_string,
        "SERVER_NAME": name,
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for header, value in request.headers.items():
        key = header.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        elif key != "CONTENT_LENGTH":
            environ[f"HTTP_{key}"] = value
    return environ


def send(protocol: Any, method: str, response: HttpResponse) -> None:  # noqa: ANN401
    """Send a whole response; to HEAD only its header fields, with the length that GET would have."""
    headers = [(name, value) for name, value in response.headers.items() if name.lower() != "content-length"]
    if method == "HEAD" or response.status in {204, 304}:
        if response.status in {200, 206}:
            headers.append(("content-length", str(response.length)))
        protocol.response_empty(response.status, headers)
    elif response.path is not None:
        headers.append(("content-length", str(response.length)))
        protocol.response_file_range(response.status, headers, str(response.path), *response.span)
    else:
        protocol.response_bytes(response.status, headers, response.body)
