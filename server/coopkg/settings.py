"""The settings: one table that feeds the command line, the environment, the documentation and ``/limits``."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coopkg.errors import UsageError
from coopkg.rdf.namespaces import DEFAULT_BASE

MIB = 1024 * 1024
REGIMES = ("none", "rdfs", "owl-rl")
"""The entailment regimes: nothing is inferred, or what follows by the rules of RDFS or of OWL 2 RL."""


def _setting(help_text: str, *, default: object, limit: bool = False) -> Any:  # noqa: ANN401 - as dataclasses.field does
    return dataclasses.field(default=default, metadata={"help": help_text, "limit": limit})


@dataclass(frozen=True)
class Settings:
    """The settings. Every field is also the variable ``COOPKG_<NAME>`` and, where it makes sense, an option."""

    base: str = _setting("base IRI of the dataset; ends with a slash", default=DEFAULT_BASE)
    published: Path | None = _setting(
        "folder with ontology/, data/, shapes/ and queries/; default: those of the installation", default=None
    )
    contact: str | None = _setting(
        "where people report mistakes: an address that begins with mailto: or https:; default: none", default=None
    )
    home: Path | None = _setting(
        "data directory with journal and tokens, which turns writes on; default: none", default=None
    )
    alignments: str = _setting(
        "alignments to load: all, none, or names with commas, such as eurio,wikidata", default="all"
    )
    entailment: str | None = _setting(
        "what is inferred and served with the facts: none, rdfs or owl-rl; default: owl-rl, with --scratch none",
        default=None,
    )
    federation: Path | None = _setting(
        "file of the endpoints that SERVICE may reach; default: federation.toml beside data/, with --scratch none",
        default=None,
    )
    sources: Path | None = _setting(
        "folder with the source documents as text, from which pages quote passages; default: none",
        default=None,
    )
    snapshot_commits: int = _setting(
        "commits after which a snapshot file is written, from which the next start goes on; more if the graph is large",
        default=1000,
    )
    query_bytes: int = _setting("longest query text, in bytes, an IRI counted as one", default=256 * 1024, limit=True)
    body_bytes: int = _setting("longest request body, in bytes", default=16 * MIB, limit=True)
    body_seconds: float = _setting("longest wait for a request body, in seconds", default=20.0, limit=True)
    write_seconds: float = _setting(
        "longest wait until a client has read 256 KiB of an answer, or what is left of it, in seconds",
        default=30.0,
        limit=True,
    )
    answer_bytes: int = _setting("longest answer, in bytes, before compression", default=256 * MIB, limit=True)
    validated_triples: int = _setting("most triples of one document that is validated", default=100_000, limit=True)
    cache_bytes: int = _setting("answers that one web process keeps, in bytes", default=64 * MIB, limit=True)
    deadline_seconds: float = _setting("longest evaluation of a query, in seconds", default=30.0, limit=True)

    scratch: bool = _setting(
        "serve an empty, ungated dataset with open writes, for test suites; loopback only", default=False
    )
    unconfined: bool = _setting("start even where the kernel lets nothing keep workers from the network", default=False)
    readers: int = _setting("workers that wait for light queries", default=4, limit=True)
    heavy_readers: int = _setting("evaluations longer than 0.1 s that may run at once", default=4, limit=True)
    heavy_queue: int = _setting(
        "evaluations longer than 0.1 s that may wait for their turn, stopped, with the memory that they have",
        default=12,
        limit=True,
    )
    reader_memory_bytes: int = _setting("memory of one evaluation, in bytes", default=1024 * MIB, limit=True)
    queue_length: int = _setting("queries of one web process that may run or wait at once", default=24, limit=True)
    queue_seconds: float = _setting("longest wait for a free worker, in seconds", default=5.0, limit=True)
    client_rate: float = _setting(
        "requests a second of one client to one web process, on average; loopback is not limited",
        default=50.0,
        limit=True,
    )
    client_seconds: float = _setting(
        "processor seconds a minute of one client's evaluations for one web process; loopback is not limited",
        default=60.0,
        limit=True,
    )
    client_burst: float = _setting(
        "requests of one client to one web process at once, after a pause", default=1000.0, limit=True
    )
    proxies: str = _setting(
        "addresses and networks, with commas, of proxies whose X-Forwarded-For names the client; default: none",
        default="",
    )
    log: str = _setting("requests that are logged: all, slow (and failed ones) or none", default="slow")
    workers: int = _setting("web processes", default=2, limit=True)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"https?://[^\s<>\"{}|\\^`#?]+/", self.base):
            raise UsageError(f"The base IRI must be an http or https IRI that ends with a slash, not {self.base!r}.")
        if self.scratch and self.home is not None:
            raise UsageError("A scratch dataset is not kept: --scratch and --home exclude each other.")
        if self.regime not in REGIMES:
            raise UsageError(f"The entailment is one of {', '.join(REGIMES)}, not {self.entailment!r}.")
        if self.contact is not None and not re.match(r"mailto:|https?://", self.contact):
            raise UsageError(f"The contact begins with mailto: or https:, not {self.contact!r}.")
        for item in self.proxies.split(","):
            if item.strip() and not _is_network(item.strip()):
                raise UsageError(f"A proxy is an IP address or a network, not {item.strip()!r}.")
        if self.log not in {"all", "slow", "none"}:
            raise UsageError(f"The log is all, slow or none, not {self.log!r}.")
        self._check_numbers()

    def _check_numbers(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if (field.metadata["limit"] or field.name == "snapshot_commits") and value <= 0:
                raise UsageError(f"The setting {field.name} must be greater than zero, not {value}.")

    @property
    def regime(self) -> str:
        """Return the entailment regime in force; a scratch dataset has none unless it is asked for."""
        return self.entailment or ("none" if self.scratch else "owl-rl")

    @classmethod
    def from_environment(cls, environment: dict[str, str] | None = None, **overrides: object) -> Settings:
        """Parse ``COOPKG_*`` variables; ``overrides`` that are not None take precedence. Raises UsageError."""
        source = os.environ if environment is None else environment
        fields = {field.name: field for field in dataclasses.fields(cls)}
        values: dict[str, Any] = {}
        for name, field in fields.items():
            text = source.get(f"COOPKG_{name.upper()}")
            if text is not None:
                values[name] = _parse(name, str(field.type), text)
        values.update({name: value for name, value in overrides.items() if value is not None})
        return cls(**values)

    def environment(self) -> dict[str, str]:
        """Return the settings as environment variables, for child processes."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {f"COOPKG_{name.upper()}": str(value) for name, value in values.items() if value is not None}

    @classmethod
    def table(cls) -> list[tuple[str, object, str]]:
        """Return (name, default, help) of every setting, for the documentation."""
        return [(f.name, f.default, f.metadata["help"]) for f in dataclasses.fields(cls)]

    def limits(self) -> dict[str, int | float]:
        """Return the limits in force, by name, as ``/limits`` publishes them."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.metadata["limit"]}


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _parse(name: str, kind: str, text: str) -> object:
    """Parse a variable by the type annotation of its field. Raises UsageError."""
    try:
        match kind.split(" | ", maxsplit=1)[0]:
            case "bool":
                return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "Path":
                return Path(text)
            case _:
                return text
    except (KeyError, ValueError):
        raise UsageError(f"COOPKG_{name.upper()} must be of kind {kind}, not {text!r}.") from None
