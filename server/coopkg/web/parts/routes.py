"""The routes of a Flask application as values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopkg.answers.http.routes import Route

if TYPE_CHECKING:
    from flask import Flask


def routes_of(app: Flask) -> list[Route]:
    """Return every route of the application, static files included, each with the first sentence of its view."""
    routes = []
    for rule in app.url_map.iter_rules():
        sentence = (app.view_functions[rule.endpoint].__doc__ or "").strip().split("\n")[0]
        routes.append(Route(rule.rule, frozenset(rule.methods or ()), rule.endpoint, sentence))
    return routes
