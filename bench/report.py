"""The figures of a run as Markdown, and the machine that gave them."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HELLO: Final = "bare aiohttp: hello"
ENGINE: Final = "engine call, in process"
ROUND_TRIP: Final = "socket round trip"
CACHED: Final = "coopkg, kept answer"
UNCACHED: Final = "coopkg, lookup"
OXIGRAPH: Final = "oxigraph serve, lookup"
RDFLIB: Final = "rdflib-endpoint, lookup"
ORDER: Final = (HELLO, ENGINE, ROUND_TRIP, CACHED, UNCACHED, OXIGRAPH, RDFLIB)
_PACKAGES: Final = ("coopkg", "aiohttp", "pyoxigraph", "oxigraph", "rdflib-endpoint", "rdflib")
_BEGIN: Final = "<!-- figures: written by make bench -->"
_END: Final = "<!-- end of figures -->"


def machine() -> dict[str, str]:
    """Say on what, and with which versions, the run is made."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    found = {
        "processor": f"{len(os.sched_getaffinity(0))} cores of {model}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
    }
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


@dataclass(frozen=True)
class Ratio:
    """Two figures of one run compared; an aim is a bound from above or from below."""

    words: str
    figure: float
    at_most: float | None = None
    at_least: float | None = None

    def verdict(self) -> str:
        """Say what the aim is and whether it is met; nothing where there is none."""
        if self.at_most is not None:
            return f"at most {self.at_most:g}: {'met' if self.figure <= self.at_most else 'missed'}"
        if self.at_least is not None:
            return f"at least {self.at_least:g}: {'met' if self.figure >= self.at_least else 'missed'}"
        return ""


def ratios(figures: dict[str, Any]) -> list[Ratio]:
    """Return what is compared. The floor is hello, a call of the engine and a round trip together."""

    def at(name: str, clients: int, what: str) -> float:
        return float(figures[name][str(clients)][what])

    def over_floor(clients: int, what: str) -> float:
        return at(UNCACHED, clients, what) / (at(HELLO, clients, what) + at(ENGINE, 1, what) + at(ROUND_TRIP, 1, what))

    def over(one: str, other: str, clients: int, what: str) -> float:
        return at(one, clients, what) / at(other, clients, what)

    found = [
        Ratio("lookup: CPU over that of the floor, 8 clients", over_floor(8, "cpu"), at_most=2),
        Ratio("lookup: CPU over that of the floor, 1 client", over_floor(1, "cpu"), at_most=2),
        Ratio("lookup: median latency over that of the floor, 1 client", over_floor(1, "p50")),
        Ratio("kept answer: CPU over that of hello, 8 clients", over(CACHED, HELLO, 8, "cpu"), at_most=2),
        Ratio("kept answer: CPU over that of hello, 1 client", over(CACHED, HELLO, 1, "cpu"), at_most=2),
        Ratio("kept answer: median latency over that of hello, 1 client", over(CACHED, HELLO, 1, "p50")),
    ]
    if RDFLIB in figures:
        rate = over(UNCACHED, RDFLIB, 8, "rate")
        found.append(Ratio("lookup: requests/s over those of rdflib-endpoint, 8 clients", rate, at_least=10))
    if OXIGRAPH in figures:
        found.append(Ratio("lookup: requests/s over those of oxigraph, 8 clients", over(UNCACHED, OXIGRAPH, 8, "rate")))
        found.append(Ratio("lookup: CPU over that of oxigraph, 8 clients", over(UNCACHED, OXIGRAPH, 8, "cpu")))
    return found


def _plan(plan: dict[str, Any]) -> str:
    return (
        f"{plan['triples']:,} triples, {plan['projects']:,} subjects, answers of {plan['answer_bytes']:,} bytes; "
        f"{plan['workers']} web processes; medians of {plan['rounds']} rounds of {plan['seconds']} s each."
    )


def markdown(found: dict[str, Any]) -> str:
    """Return the tables of a run."""
    plan = found["plan"]
    lines = [
        _plan(plan),
        "",
        "; ".join(f"{name} {value}" for name, value in found["machine"].items()) + ".",
        f"Meanwhile others took {found['others']:.0%} of the machine.",
        "",
        "| what | clients | requests/s | median, ms | 99th percentile, ms | CPU a request, ms | failed |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name in (name for name in ORDER if name in found["figures"]):
        for clients, row in found["figures"][name].items():
            times = " | ".join(f"{row[what] * 1000:.3f}" for what in ("p50", "p99", "cpu"))
            lines.append(f"| {name} | {clients} | {row['rate']:,.0f} | {times} | {row['errors']} |")
    lines += ["", "| compared | figure | aim |", "|---|--:|---|"]
    lines += [f"| {ratio.words} | {ratio.figure:.2f} | {ratio.verdict()} |" for ratio in ratios(found["figures"])]
    lines += [
        "",
        "| server | first answer after, s | memory, MiB | after the run | isolated |",
        "|---|--:|--:|--:|---|",
    ]
    for name, server in found["servers"].items():
        inside = "yes" if server["isolated"] else "no"
        first, last = server["memory"] / 2**20, server["memory_after"] / 2**20
        lines.append(f"| {name.partition(',')[0]} | {server['seconds']:.1f} | {first:.0f} | {last:.0f} | {inside} |")
    return "\n".join(lines)


def write_into(page: Path, tables: str, begin: str = _BEGIN, end: str = _END) -> None:
    """Put the tables in the place of those that the page has between two marks."""
    head, _, rest = page.read_text(encoding="utf-8").partition(f"{begin}\n")
    _, _, tail = rest.partition(f"\n{end}")
    page.write_text(f"{head}{begin}\n\n{tables}\n\n{end}{tail}", encoding="utf-8")
