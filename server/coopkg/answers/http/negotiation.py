"""Content negotiation by the Accept field (RFC 9110, section 12.5.1)."""

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
        """Check whether this range covers that media type."""
        return self.value in {"*/*", media_type} or (self.specificity == 1 and media_type.startswith(self.value[:-1]))


def parse_accept(field: str | None) -> tuple[MediaRange, ...]:
    """Parse an Accept field; an absent, empty or unreadable one accepts everything."""
    ranges: list[MediaRange] = []
    for entry in (field or "").split(","):
        value, *parameters = (part.strip() for part in entry.split(";"))
        if value == "*":  # no media range by the grammar, but what Java's HttpURLConnection sends
            value = "*/*"
        if "/" not in value:
            continue
        weights = [p[2:].strip() for p in (q.replace(" ", "") for q in parameters) if p[:2].lower() == "q="]
        ranges.append(MediaRange(value.lower(), _weight(weights[0]) if weights else 1.0))
    return tuple(ranges) or (MediaRange("*/*", 1.0),)


def _weight(text: str) -> float:
    """Parse a weight into 0 to 1; an unreadable one is 0, so that it never makes a type more welcome."""
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
            # The most specific range decides, not the best weight: "*/*, text/turtle;q=0" excludes Turtle.
            closest = max(matching, key=lambda r: r.specificity)
            best = max(best, (closest.quality, closest.specificity))
    return best


def _score(ranges: Sequence[MediaRange], fmt: Format) -> tuple[float, int]:
    """Return weight and specificity of a format; its aliases count only where the client names them exactly."""
    # Aliases are generic types. Under "text/*" the alias text/plain would offer N-Triples, whose own type is another.
    exact = [r for r in ranges if r.specificity == 2]
    return max(quality(ranges, (fmt.media_type,)), quality(exact, fmt.aliases))


def choose(field: str | None, offered: Sequence[Format], name: str | None = None) -> Format:
    """Return the offered format with ``name`` or that media type, where ``format=`` or a suffix gives one.

    Else the one with the highest weight in the Accept ``field``, among equals the first. Raises NotAcceptable with the
    media types that are available.
    """
    if name:
        return _named(name, offered)
    ranges = parse_accept(field)
    # The Accept field of most programs; scoring every format would take longer than a small answer from the cache.
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
    match = next((f for f in offered if name in {f.name, f.media_type}), None)
    if match is None:
        names = [f.name for f in offered]
        raise NotAcceptable(f"There is no format {name!r} here; there are {', '.join(names)}.", available=names)
    return match


def prefers_html(field: str | None, offered: Sequence[Format]) -> bool:
    """Check whether HTML is at least as welcome as any offered format, and named in the field.

    ``*/*`` alone does not count: it comes from programs, which want data.
    """
    ranges = parse_accept(field)
    page = quality([r for r in ranges if r.specificity], ("text/html", "application/xhtml+xml"))
    return page[0] > 0 and page >= max(_score(ranges, f) for f in offered)
