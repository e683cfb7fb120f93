"""The Flask application: ``create_app(settings)``; ``flask --app coopkg.web.app run`` works too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from coopkg.answers.http.protocol import COMMON_HEADERS
from coopkg.answers.http.validators import matches
from coopkg.answers.opening import open_service
from coopkg.errors import CoopkgError, EngineFault, MethodNotAllowed, NotFound, TooLarge, UsageError
from coopkg.settings import Settings
from coopkg.web.pages.blueprints import PAGES
from coopkg.web.parts.page_response import unchanged
from coopkg.web.parts.request_values import bare_request, flask_response, refuse_coded_bodies
from coopkg.web.parts.request_values import service as running
from coopkg.web.problems import problem

if TYPE_CHECKING:
    from coopkg.answers.service import Service

YEAR: Final = 365 * 24 * 3600
"""In seconds."""


def create_app(settings: Settings | None = None, service: Service | None = None) -> Flask:
    """Return the application over those settings, or over a service that is open already.

    Raises what ``open_service`` raises: an application never starts over broken files.
    """
    settings = settings or (service.settings if service else Settings.from_environment())
    app = Flask("coopkg", static_folder="static", root_path=_root())
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = YEAR  # the address of a static file carries its digest
    app.config["MAX_CONTENT_LENGTH"] = settings.body_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.body_bytes  # the front has the body in memory anyway
    app.extensions["coopkg"] = service or open_service(settings)
    for module in PAGES:
        app.register_blueprint(module.blueprint)
    app.before_request(refuse_coded_bodies)
    app.before_request(unchanged)
    app.register_error_handler(CoopkgError, _answer_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.after_request(_spare_what_is_known)
    app.after_request(_add_common_headers)
    return app


def _root() -> str:
    from pathlib import Path  # noqa: PLC0415

    return str(Path(__file__).parent)


def _answer_error(error: CoopkgError) -> Response:
    return flask_response(problem(error, bare_request(), running().settings.base))


def _answer_http_error(error: HTTPException) -> Response:
    return _answer_error(_translate(error))


def _translate(error: HTTPException) -> CoopkgError:
    """Return our error for one of werkzeug's, so that every error has one form."""
    match error.code:
        case 404:
            return NotFound(f"There is nothing at {request.path}.")
        case 405:
            return MethodNotAllowed(
                f"{request.method} is not allowed here.", tuple(getattr(error, "valid_methods", None) or ())
            )
        case 413:
            return TooLarge("The body is longer than this server reads.")
        case code if code is None or code >= 500:
            return EngineFault("The server failed to answer; its log says why.")
        case _:
            return UsageError(error.description or "The request cannot be understood.")


def _spare_what_is_known(response: Response) -> Response:
    """Return 304 in place of what the client has already, whatever view made it (RFC 9110, section 13.1.2)."""
    tag = response.headers.get("ETag", "")
    reads = request.method in {"GET", "HEAD"} and response.status_code == 200
    if reads and tag and matches(request.headers.get("If-None-Match"), tag):
        response.status_code = 304
        response.set_data(b"")
        del response.headers["Content-Length"]
    return response


def _add_common_headers(response: Response) -> Response:
    for name, value in COMMON_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
