"""The front: takes each request whole, bounded in size and time, before anything works on it.

A client that sends its body byte by byte therefore holds a coroutine and nothing else; measured, a WSGI server whose
threads read the body themselves stalls under 200 such clients.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, Final, ParamSpec, TypeVar
from urllib.parse import unquote

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from coopkg.answers.federation.executor import AT_ONCE
from coopkg.answers.http.digests import check_content_digest
from coopkg.answers.http.kept_responses import KeptResponses
from coopkg.answers.http.protocol import HttpRequest, HttpResponse, refuse_codings
from coopkg.answers.http.rate_limit import ProcessorBudget, ProxyList, RateLimiter, network
from coopkg.answers.http.request_metrics import RequestObserver
from coopkg.answers.http.validators import compressed
from coopkg.answers.publication.dump_downloads import concerns, distribute
from coopkg.answers.sparql_endpoint import Pending, begin, conclude, explain, finish
from coopkg.errors import Busy, CoopkgError, EngineFault, MalformedRequest, RequestTimeout, StorageExceeded, TooLarge
from coopkg.web.problems import problem
from coopkg.web.serving import wsgi
from coopkg.web.serving.connections import request_of, respond
from coopkg.web.serving.health import health
from coopkg.workers.client import CLIENT
from coopkg.workers.liveness import read_progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask

    from coopkg.answers.service import Service
    from coopkg.dataset.engine import WorkerEngine

P = ParamSpec("P")
T = TypeVar("T")
THREADS: Final = 32
LARGE: Final = 64 * 1024
"""Bytes above which a body is compressed in a thread, so that the event loop goes on meanwhile."""
SHORT: Final = 8 * 1024
"""Bytes up to which a request is looked at in the event loop."""
SPOOLED: Final = 1024 * 1024
"""Bytes above which a response is sent from a file: nine clients that read slowly would hold nine answers in memory."""
GONE: Final = HttpResponse(499, {})
"""What stands in the log where the client went away before its answer, as nginx has it: no failure of the server."""
REFUSED: Final = HttpRequest("GET", "/")
"""What stands for a request that could not be parsed."""


@dataclass(frozen=True)
class Application:
    """The pages, the service behind all answers, and the routes as the counters name them."""

    pages: Flask
    service: Service
    routes: frozenset[str]


class Front:
    """Answers the requests of one web process; with 503 until the dataset is loaded."""

    def __init__(self, engine: WorkerEngine) -> None:
        self.engine = engine
        self.settings = engine.settings
        self.application: Application | None = None
        self._opened = asyncio.Event()
        self.limiter = RateLimiter(self.settings.client_rate, self.settings.client_burst)
        self.budget = engine.budget = ProcessorBudget(self.settings.client_seconds)
        self.proxies = ProxyList(self.settings.proxies)
        self.kept = KeptResponses()
        self.observer = RequestObserver(self.settings.log, frozenset())
        # Federated queries wait for others for seconds; in threads of their own they keep no page from being made.
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="page")
        self.federated = ThreadPoolExecutor(2 * AT_ONCE, thread_name_prefix="federated")

    def open(self, application: Application) -> None:
        """Answer with the application from now on."""
        self.observer = RequestObserver(self.settings.log, application.routes)
        self.application = application
        self._opened.set()

    async def handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, the whole of it: one that was cut off is answered with 400, and nothing is done."""
        began, client, close = time.monotonic(), self._client(incoming), False
        # Each request is a task of its own, so that this holds for it alone, and for the threads that work for it.
        CLIENT.set(network(client))
        request = REFUSED
        try:
            request = request_of(incoming)
            # The rate comes before anything that costs more, and a kept response before the body is read.
            self.limiter.take(client)
            version = self.engine.tag()
            response = self.kept.get(request, version)
            if response is None:
                refuse_codings(request.headers)
                request = replace(request, body=await self._body(incoming))
                check_content_digest(request.headers, request.body)
                began = time.monotonic()
                response = await self._coded(request, await self._answer(request, incoming.scheme), version)
        except CoopkgError as error:
            response = problem(error, request, self.settings.base)
            close = isinstance(error, MalformedRequest | RequestTimeout)  # what follows may be the rest of its body
        except asyncio.CancelledError:
            self.observer.saw(request, GONE, client, began)
            raise
        except Exception:  # noqa: BLE001 - the application's boundary: nothing may leave it but a response
            traceback.print_exc()
            fault = EngineFault("The server failed to answer; its log says why.")
            response = problem(fault, request, self.settings.base)
        self.observer.saw(request, response, client, began)
        if limits := self.budget.fields(CLIENT.get()):
            response = replace(response, headers={**response.headers, **limits})
        # Under the same name, so that nothing here holds on to a large body while its client reads.
        response, spooled = await self._spooled(incoming, response)
        return await respond(incoming, response, self.settings.write_seconds, close=close, spooled=spooled)

    def _client(self, incoming: web.BaseRequest) -> str:
        """Return the address of the client, behind the proxies that the settings name."""
        return self.proxies.client(incoming.remote or "", ",".join(incoming.headers.getall("X-Forwarded-For", ())))

    def refuse(self, error: CoopkgError) -> HttpResponse:
        """Return the response to what is no request."""
        return problem(error, REFUSED, self.settings.base)

    async def _body(self, incoming: web.BaseRequest) -> bytes:
        """Return the whole body. Raises TooLarge, MalformedRequest where it is cut off, RequestTimeout."""
        if not incoming.body_exists:
            return b""
        limit, seconds = self.settings.body_bytes, self.settings.body_seconds
        too_large = TooLarge(f"The body is longer than {limit} bytes.", bound=limit)
        # A declared length is refused before a byte is read; a chunked body is counted as it arrives, below.
        if (incoming.content_length or 0) > limit:
            raise too_large
        if incoming.headers.get("Expect", "").lower() == "100-continue" and incoming.transport is not None:
            incoming.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(seconds):
                async for chunk in incoming.content.iter_any():
                    size += len(chunk)
                    if size > limit:
                        raise too_large
                    chunks.append(chunk)
        except TimeoutError:
            raise RequestTimeout(f"The body did not arrive within {seconds:g} s.") from None
        except (web.RequestPayloadError, HttpProcessingError, ConnectionError):
            incoming.content.feed_eof()  # aiohttp would read on for the rest of it, and find the same fault
            # Both framings say where a body ends (RFC 9112, section 6.3). Before that end it is incomplete (section 8).
            raise MalformedRequest("The body was cut off, or its chunks are broken: nothing was done.") from None
        return b"".join(chunks)

    async def _answer(self, request: HttpRequest, scheme: str) -> HttpResponse:
        """Answer SPARQL protocol requests here, which saves the framework's share; hand on all others.

        What needs no evaluation (a kept answer, 304, most errors) is answered in the event loop. A request so long that
        looking at it would keep others waiting is not, nor one without a query, whose description asks the workers.
        """
        if request.path == "/health":
            return health(self.engine.folder)
        running = self.application or await self._application()
        if request.path == "/sparql":
            try:
                if not 0 < len(request.query_string) + len(request.body) <= SHORT:
                    begun = await in_thread(self.threads, begin, request, running.service)
                else:
                    begun = begin(request, running.service)
                while isinstance(begun, Pending):
                    if begun.federated:
                        begun = await in_thread(self.federated, finish, begun, running.service)
                    else:
                        answer = await self.engine.ask_async(begun.task, begun.deadline)
                        begun = conclude(begun, answer, running.service)
            except CoopkgError as error:
                begun = problem(explain(error, request), request, self.settings.base)
            if begun is not None:
                return begun
        if concerns(request.path):
            return await in_thread(self.threads, self._dump, request, running.service)
        return await in_thread(self.threads, wsgi.ask, running.pages, request, scheme)

    async def _application(self) -> Application:
        """Return the application once it is open. Raises Busy while the dataset is loaded."""
        if self.engine.tag():
            # Loaded: another web process may answer already, and that this one is not open yet is no client's concern.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._opened.wait(), self.settings.queue_seconds)
        if self.application is None:
            progress = read_progress(self.engine.folder)
            raise Busy(f"The dataset is being loaded{progress and f' ({progress})'}; come back in a moment.")
        return self.application

    def _dump(self, request: HttpRequest, service: Service) -> HttpResponse:
        """Return a dump, which is sent from its file, whatever its size."""
        try:
            return distribute(replace(request, path=unquote(request.path)), service)
        except CoopkgError as error:
            return problem(error, request, self.settings.base)

    async def _coded(self, request: HttpRequest, response: HttpResponse, version: str) -> HttpResponse:
        """Compress a response where the client takes that, and keep it if it is small."""
        # Compressing a large body takes longer than others should wait for the event loop.
        if len(response.body) > LARGE:
            response = await in_thread(self.threads, compressed, response, request.headers)
        else:
            response = compressed(response, request.headers)
        # A response that a commit overtook may be of either version: it is sent, and not kept.
        if version == self.engine.tag():
            self.kept.put(request, response, version)
        return response

    async def _spooled(self, incoming: web.BaseRequest, response: HttpResponse) -> tuple[HttpResponse, BinaryIO | None]:
        """Return a response to send, and the file that its body was put into where that is large."""
        if len(response.body) <= SPOOLED:
            return response, None
        try:
            spooled = await in_thread(self.threads, _spool, self.engine.folder, response.body)
        except OSError as error:
            full = StorageExceeded(f"The answer found no room on the disk: {error.strerror}.")
            return problem(full, request_of(incoming), self.settings.base), None
        return replace(response, body=b""), spooled


async def in_thread(pool: ThreadPoolExecutor, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do work in a thread of a pool, in the context of the request that it is for."""
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(pool, lambda: context.run(work, *args, **kwargs))


def _spool(folder: Path, body: bytes) -> BinaryIO:
    """Write a body to a file of the server's folder. Raises OSError.

    The file has no name, so that nothing of it is left whenever the client leaves, or this process ends.
    """
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile(dir=folder))
        file.write(body)
        file.flush()
        stack.pop_all()
    return file
