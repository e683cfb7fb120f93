"""The allow-list: ``federation.toml``, with a table for each endpoint. No request goes to an endpoint outside of it."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from coopkg.answers.federation.addresses import ForbiddenAddress, Target, read_target
from coopkg.errors import UsageError
from coopkg.settings import MIB
from coopkg.sparql.query_text import prefixed_name, query_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE: Final = "federation.toml"
PROBE: Final = "ASK { ?s ?p ?o }"
# An alias is part of IRIs, of file names and of a header field, and needs no escaping in any of them.
ALIAS: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True)
class Limits:
    """The limits for one query and one endpoint; all are above zero."""

    seconds: float = 10.0
    """From the first request to the last byte of the last answer."""
    bytes: int = 8 * MIB
    """Of all answers together, decoded."""
    rows: int = 10_000
    """Solutions of one answer. The endpoint's own cap, where it has one: an answer as long may have been cut."""
    requests: int = 40
    """Attempts, those after a failure included."""
    block: int = 250
    """Bindings in one request."""
    parallel: int = 4
    """Requests at once, of all queries of one web process."""


@dataclass(frozen=True)
class Endpoint:
    """One endpoint: its alias, its address, its title, its content and licence, and other IRIs that name it.

    ``private`` allows that its own host and port, and no other, lie outside of the public Internet.
    """

    alias: str
    endpoint: str
    title: str
    holds: str
    licence: str
    names: tuple[str, ...] = ()
    private: bool = False
    probe: str = PROBE
    limits: Limits = Limits()

    @property
    def target(self) -> Target:
        """Return the target of requests."""
        return read_target(self.endpoint)


def read_endpoints(path: Path) -> dict[str, Endpoint]:
    """Parse the allow-list into endpoints by alias. Raises UsageError with the file, the table and the mistake."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}.") from None
    endpoints = {alias: _endpoint(path, alias, table) for alias, table in document.items()}
    names = [name for endpoint in endpoints.values() for name in (endpoint.endpoint, *endpoint.names)]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise UsageError(f"{path}: {duplicates[0]} belongs to two endpoints.")
    return endpoints


def _endpoint(path: Path, alias: str, table: object) -> Endpoint:
    where = f"{path}: [{alias}]"
    if not ALIAS.fullmatch(alias):
        raise UsageError(f"{where}: an alias is in lower case, digits and hyphens.")
    if not isinstance(table, dict):
        raise UsageError(f"{where} must be a table.")
    table = dict(table)
    limits = _values(where, Limits, {} if "limits" not in table else table.pop("limits"))
    values = _values(where, Endpoint, table)
    if isinstance(values.get("names"), list):
        values["names"] = tuple(values["names"])
    missing = [name for name in ("endpoint", "title", "holds", "licence") if not values.get(name)]
    if missing:
        raise UsageError(f"{where}: {missing[0]} is missing.")
    try:
        read_target(values["endpoint"])
    except ForbiddenAddress as error:
        raise UsageError(f"{where}: the endpoint is {error}.") from None
    return Endpoint(alias, limits=Limits(**limits), **values)


def _values(where: str, cls: type[Limits | Endpoint], table: object) -> dict[str, Any]:
    """Check that the keys of a table are fields of ``cls``, with values of their types, and return it.

    Raises UsageError.
    """
    fields = {field.name: field for field in dataclasses.fields(cls) if field.name not in {"alias", "limits"}}
    if not isinstance(table, dict):
        raise UsageError(f"{where}: limits must be a table.")
    for name, value in table.items():
        if name not in fields:
            raise UsageError(f"{where} has the unknown key {name!r}; it may have {', '.join(fields)}.")
        if not _fits(str(fields[name].type), value):
            raise UsageError(f"{where}: {name} must be of kind {fields[name].type}, and a number above zero.")
    return dict(table)


def _fits(kind: str, value: object) -> bool:
    match kind:
        case "str":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "tuple[str, ...]":
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool) and value > 0  # bool is a subclass of int
        case _:
            return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def snippet(endpoint: Endpoint, base: str) -> str:
    """Write an example of a query with a SERVICE clause for the endpoint."""
    return query_text(
        "PREFIX service: [[folder]]\n\n"
        "SELECT * WHERE {\n  SERVICE [[alias]] { ?subject ?predicate ?object }\n}\nLIMIT 10",
        folder=ox.NamedNode(f"{base}federation/"),
        alias=prefixed_name("service", endpoint.alias),
    )


def find(endpoints: Mapping[str, Endpoint], written: str, iri: str, base: str) -> Endpoint | None:
    """Find the endpoint that a SERVICE names: by its alias, by ``<base>federation/<alias>``, or by one of its IRIs.

    ``written`` is the text between the angle brackets, ``iri`` that IRI resolved.
    """
    # Addresses are compared as text. Normalising them would need the rules of every scheme, and a mistake would let a
    # request through that the operator has not listed.
    if written in endpoints:
        return endpoints[written]
    if iri.startswith(f"{base}federation/") and (alias := iri.removeprefix(f"{base}federation/")) in endpoints:
        return endpoints[alias]
    return next((e for e in endpoints.values() if iri in {e.endpoint, *e.names}), None)
