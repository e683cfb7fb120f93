"""The allow-list: ``federation.toml``, one table an endpoint. What is not in it is not reached."""

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
from coopkg.sparql.query_text import QueryText, query_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE: Final = "federation.toml"
PROBE: Final = "ASK { ?s ?p ?o }"
ALIAS: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True)
class Limits:
    """What one query may take from one endpoint; all above zero."""

    seconds: float = 10.0
    """From the first request to the last byte of the last answer."""
    bytes: int = 8 * MIB
    """Of all answers together, decoded."""
    rows: int = 10_000
    """Solutions of one answer. The endpoint's own cap, where it has one: an answer as long may have been cut."""
    requests: int = 40
    """Attempts, those after a failure included."""
    block: int = 250
    """Bindings that one request carries."""
    parallel: int = 4
    """Requests at once, of all queries of one web process."""


@dataclass(frozen=True)
class Endpoint:
    """One endpoint: its alias, where it is, by which other IRIs it goes, what it holds and under which licence.

    ``private`` lets its own host and port, and no other, lie outside of the public Internet.
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
        """Return where requests go."""
        return read_target(self.endpoint)


def read_endpoints(path: Path) -> dict[str, Endpoint]:
    """Read the allow-list, by alias. Raises UsageError, naming the file, the table and what is wrong with it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}.") from None
    found = {alias: _endpoint(path, alias, table) for alias, table in document.items()}
    names = [name for endpoint in found.values() for name in (endpoint.endpoint, *endpoint.names)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{path}: {twice[0]} belongs to two endpoints.")
    return found


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
    lacking = [name for name in ("endpoint", "title", "holds", "licence") if not values.get(name)]
    if lacking:
        raise UsageError(f"{where}: {lacking[0]} is missing.")
    try:
        read_target(values["endpoint"])
    except ForbiddenAddress as error:
        raise UsageError(f"{where}: the endpoint is {error}.") from None
    return Endpoint(alias, limits=Limits(**limits), **values)


def _values(where: str, cls: type[Limits | Endpoint], table: object) -> dict[str, Any]:
    """Return the values of a table whose keys are fields of a class, each of the kind that its default has."""
    known = {field.name: field for field in dataclasses.fields(cls) if field.name not in {"alias", "limits"}}
    if not isinstance(table, dict):
        raise UsageError(f"{where}: limits must be a table.")
    for name, value in table.items():
        if name not in known:
            raise UsageError(f"{where} has the unknown key {name!r}; it may have {', '.join(known)}.")
        if not _fits(str(known[name].type), value):
            raise UsageError(f"{where}: {name} must be of kind {known[name].type}, and a number above zero.")
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
            return isinstance(value, int) and not isinstance(value, bool) and value > 0
        case _:
            return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def snippet(endpoint: Endpoint, base: str) -> str:
    """Return a query that shows how the endpoint is asked."""
    return query_text(
        "PREFIX service: [[folder]]\n\n"
        "SELECT * WHERE {\n  SERVICE service:[[alias]] { ?subject ?predicate ?object }\n}\nLIMIT 10",
        folder=ox.NamedNode(f"{base}federation/"),
        alias=QueryText(endpoint.alias),  # letters, digits and hyphens: ``read_endpoints`` has looked
    )


def find(endpoints: Mapping[str, Endpoint], written: str, iri: str, base: str) -> Endpoint | None:
    """Return the endpoint that a SERVICE names: by its alias, by ``<base>federation/<alias>``, or by one of its IRIs.

    ``written`` is what stands between the angle brackets, ``iri`` that IRI resolved. Addresses are compared as text:
    another spelling of an address on the list is another address.
    """
    if written in endpoints:
        return endpoints[written]
    if iri.startswith(f"{base}federation/") and (alias := iri.removeprefix(f"{base}federation/")) in endpoints:
        return endpoints[alias]
    return next((e for e in endpoints.values() if iri in {e.endpoint, *e.names}), None)
