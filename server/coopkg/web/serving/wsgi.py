"""A request as the environment of a WSGI application, and its answer as a response (PEP 3333)."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from werkzeug.test import run_wsgi_app

from coopkg.answers.http.protocol import HttpResponse

if TYPE_CHECKING:
    from flask import Flask

    from coopkg.answers.http.protocol import HttpRequest


def ask(app: Flask, request: HttpRequest, scheme: str) -> HttpResponse:
    """Have the application answer a request, its whole body included."""
    iterable, status, fields = run_wsgi_app(app, _environ(request, scheme), buffered=True)
    headers: dict[str, str] = {}
    for name, value in fields:
        # A field that comes several times is one whose values are a list (RFC 9110, section 5.3). Set-Cookie alone is
        # none, and no page sets more than one.
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return HttpResponse(int(status.split(" ", 1)[0]), headers, b"".join(iterable))


def _environ(request: HttpRequest, scheme: str) -> dict[str, Any]:
    host = request.headers.get("host", "localhost")
    name, _, port = host.partition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET" if request.method == "HEAD" else request.method,  # the front leaves the body out
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
