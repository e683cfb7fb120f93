"""Which representation a client gets (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coopkg.errors import NotAcceptable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coopkg.rdf.formats import Format


@dataclass(frozen=True)
class MediaRange:
    """An entry of an Accept field: ``type/subtype`` or a wildcard, and its weight."""

    value: str
    quality: float

    @property
    def specificity(self) -> int:
        """Return 2 for a type, 1 for ``type/*``, 0 for ``*/*``."""
        return 0 if self.value == "*/*" else 1 if self.value.endswith("/*") else 2

    def matches(self, media_type: str) -> bool:
        """Return whether this range covers that media type."""
        return self.value in {"*/*", media_type} or (self.specificity == 1 and media_type.startswith(self.value[:-1]))


def parse_accept(field: str | None) -> tuple[MediaRange, ...]:
    """Read an Accept field; an absent, empty or unreadable one accepts everything."""
    ranges: list[MediaRange] = []
    for entry in (field or "").split(","):
        value, *parameters = (part.strip() for part in entry.split(";"))
        if value == "*":
            value = "*/*"
        if "/" not in value:
            continue
        weights = [p[2:].strip() for p in (q.replace(" ", "") for q in parameters) if p[:2].lower() == "q="]
        ranges.append(MediaRange(value.lower(), _weight(weights[0]) if weights else 1.0))
    return tuple(ranges) or (MediaRange("*/*", 1.0),)


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return min(weight, 1.0) if weight >= 0 else 0.0


def quality(ranges: Sequence[MediaRange], media_types: Iterable[str]) -> tuple[float, int]:
    """Return the best weight of those media types, with the specificity of the range that gave it; (0, -1) for none."""
    best = (0.0, -1)
    for media_type in media_types:
        matching = [r for r in ranges if r.matches(media_type)]
        if matching:
            closest = max(matching, key=lambda r: r.specificity)
            best = max(best, (closest.quality, closest.specificity))
    return best


def _score(ranges: Sequence[MediaRange], fmt: Format) -> tuple[float, int]:
    """Return the weight of a format; its other names count only where the client spells them out."""
    exact = [r for r in ranges if r.specificity == 2]
    return max(quality(ranges, (fmt.media_type,)), quality(exact, fmt.aliases))


def choose(field: str | None, offered: Sequence[Format], name: str | None = None) -> Format:
    """Return the offered format of that name or media type where one is named, by ``format=`` or a suffix.

    Else the one that the client likes best by its Accept field, among equals the first. Raises NotAcceptable with what
    there is.
    """
    if name:
        return _named(name, offered)
    ranges = parse_accept(field)
    if len(ranges) == 1 and ranges[0].value == "*/*" and ranges[0].quality > 0:
        return offered[0]
    scored = [(_score(ranges, f), -index, f) for index, f in enumerate(offered)]
    (weight, _), _, best = max(scored, key=lambda entry: entry[:2])
    if weight <= 0:
        available = [f.media_type for f in offered]
        raise NotAcceptable(
            f"None of {field!r} is on offer; available are {', '.join(available)}.", available=available
        )
    return best


def _named(name: str, offered: Sequence[Format]) -> Format:
    found = next((f for f in offered if name in {f.name, f.media_type}), None)
    if found is None:
        names = [f.name for f in offered]
        raise NotAcceptable(f"There is no format {name!r} here; there are {', '.join(names)}.", available=names)
    return found


def prefers_html(field: str | None, offered: Sequence[Format]) -> bool:
    """Return whether a page is at least as welcome as any of the offered formats; it must be named for that."""
    ranges = parse_accept(field)
    page = quality([r for r in ranges if r.specificity], ("text/html", "application/xhtml+xml"))
    return page[0] > 0 and page >= max(_score(ranges, f) for f in offered)
