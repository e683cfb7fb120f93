"""``/status``: how the server does, for a browser, for a terminal, for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, current_app, request

from coopkg import __version__
from coopkg.answers.http.negotiation import choose, prefers_html
from coopkg.answers.http.request_metrics import times
from coopkg.rdf.formats import Format
from coopkg.web.parts.page_response import edition, page, visitor
from coopkg.web.parts.request_values import one_argument, service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coopkg.answers.service import Service
    from coopkg.web.i18n import Words

blueprint = Blueprint("status", __name__)
OFFERED: Final = (
    Format("txt", "text/plain", "", charset=True),
    Format("json", "application/json", "", aliases=("text/json",)),
)
HEALTH: Final = "coopkg.health"
"""The extension under which another room registers what gives its own health: a name, and a function of a mapping."""


@blueprint.get("/status")
def status() -> Response:
    """Say how the server does: versions, size, validation, times, limits."""
    accept, asked = request.headers.get("Accept"), one_argument("format")
    found = _state(service())
    if not asked and prefers_html(accept, OFFERED):
        limits = _limits(found["limits"], visitor().words)
        return page("status.html", stable=False, state=found, limits=limits, health=[*_rooms()])
    fmt = choose(accept, OFFERED, asked)
    headers = {"Vary": "Accept, Accept-Language", "Cache-Control": "no-store"}
    body = json.dumps(found, indent=1) if fmt.name == "json" else _text(found, visitor().words)
    return Response(body, content_type=fmt.content_type, headers=headers)


def _state(running: Service) -> dict[str, Any]:
    """Return all that is known of the server's state."""
    info, shown = running.engine.info(), edition(running)
    taken = times("sparql")
    return {
        "software": __version__,
        "release": shown.release or None,
        "version": info["version"],
        "updated": shown.updated or None,
        "triples": info["quads"],
        "inferred": info["inferred"],
        "began": info.get("began"),
        "loadSeconds": info.get("seconds"),
        "validation": _validation(running),
        "queries": {
            "count": taken.count,
            **{f"p{share:.0%}".rstrip("%"): round(seconds, 4) for share, seconds in taken.quantiles.items()},
        },
        "readers": info.get("readers"),
        "limits": running.settings.limits(),
        **{name: health() for name, health in _rooms().items()},
    }


def _rooms() -> Mapping[str, Callable[[], Mapping[str, object]]]:
    """Return what other rooms have registered."""
    found: Mapping[str, Callable[[], Mapping[str, object]]] = current_app.extensions.get(HEALTH, {})
    return found


def _validation(running: Service) -> str:
    """Say how it is known that the data conform: ``gate``, ``start``, or not at all (``unchecked``)."""
    if running.settings.scratch or not running.engine.isolated:
        return "unchecked"
    return "start" if running.settings.home is None else "gate"


def _limits(limits: dict[str, int | float], words: Words) -> list[tuple[str, str, str]]:
    """Return (name, what it bounds, value as people write it) of every limit."""
    rows = []
    for name, value in limits.items():
        key = f"limit.{name}"
        rows.append((name, str(words(key)) if words.has(key) else "", _measured(name, value, words)))
    return rows


def _measured(name: str, value: float, words: Words) -> str:
    if name.endswith("_bytes"):
        kib = value / 1024
        return f"{words.number(kib / 1024)} MiB" if kib >= 1024 else f"{words.number(kib)} KiB"
    return words.number(value) + (" s" if name.endswith("_seconds") else "")


def _text(found: dict[str, Any], words: Words) -> str:
    """Return the state in lines for a terminal."""
    queries = found["queries"]
    rows = [
        (words("status.software"), f"coopkg {found['software']}"),
        (words("status.version"), f"{found['version']} ({found['release'] or '-'}, {found['updated'] or '-'})"),
        (words("status.triples"), words.number(found["triples"])),
        (words("status.inferred"), words.number(found["inferred"])),
        (words("status.began"), found["began"] or "-"),
        (words("status.load"), f"{found['loadSeconds']} s" if found["loadSeconds"] is not None else "-"),
        (words("status.validation"), words(f"status.validation_{found['validation']}")),
        (words("status.queries"), words.number(queries["count"])),
        *((f"  {name}", f"{queries[name]} s") for name in ("p50", "p95") if name in queries),
        *((f"{name} {key}", str(value)) for name in _rooms() for key, value in found[name].items()),
        *((name, value) for name, _, value in _limits(found["limits"], words)),
    ]
    width = max(len(str(name)) for name, _ in rows)
    return "".join(f"{name!s:<{width}}  {value}\n" for name, value in rows)
