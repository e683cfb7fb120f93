"""How every page is rendered: its language, and the policy that it comes under."""

from __future__ import annotations

from flask import Response, make_response, render_template, request

from coopkg.problems import PAGE_HEADERS
from coopkg.vocab import LANGUAGES


def language_asked() -> str:
    """Give the language of the page that the request asks for: by ``lang=``, else by Accept-Language."""
    asked = request.args.get("lang", "")
    return asked if asked in LANGUAGES else request.accept_languages.best_match(LANGUAGES, LANGUAGES[0]) or LANGUAGES[0]


def page(template: str, **values: object) -> Response:
    """Render a template in the language that the request asks for, under the strict policy of every page."""
    language = language_asked()
    response = make_response(render_template(template, language=language, languages=LANGUAGES, **values))
    response.headers.update({**PAGE_HEADERS, "Content-Language": language, "Vary": "Accept, Accept-Language"})
    return response
