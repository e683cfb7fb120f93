"""Build the federation of a service from its settings and its allow-list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopkg.answers.federation.circuit_breaker import Health
from coopkg.answers.federation.endpoint_client import EndpointClient
from coopkg.answers.federation.endpoints import FILE, read_endpoints
from coopkg.answers.federation.executor import Federation
from coopkg.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from coopkg.answers.federation.endpoint_client import Transport
    from coopkg.dataset.published_files import Published
    from coopkg.settings import Settings


def allow_list(settings: Settings, published: Published) -> Path | None:
    """Return the path of the allow-list, or None without one. Raises UsageError where the settings name no file."""
    if settings.federation is not None:
        if not settings.federation.exists():
            raise UsageError(f"There is no list of endpoints at {settings.federation}.")
        return settings.federation
    path = published.root / FILE
    return path if path.is_file() and not settings.scratch else None


def open_federation(
    settings: Settings, published: Published, folder: Path | None = None, transport: Transport | None = None
) -> Federation | None:
    """Return the federation, or None where no endpoint is listed; SERVICE is then refused altogether.

    ``folder`` is where web processes share the health of endpoints. Raises UsageError.
    """
    path = allow_list(settings, published)
    endpoints = read_endpoints(path) if path else {}
    if not endpoints:
        return None
    health = Health(folder)
    return Federation(endpoints, settings.base, transport or EndpointClient(health), health, settings.deadline_seconds)
