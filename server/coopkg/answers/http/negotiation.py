"""Content negotiation by the Accept field (RFC 9110, section 12.5.1), and by what an address says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coopkg.errors import BadParameter, NotAcceptable
from coopkg.rdf.formats import DOCUMENT_FORMATS, GRAPH_FORMATS, RDF_1_1, RDF_1_2, RDF_1_2_FORMATS, versioned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coopkg.rdf.formats import Format


@dataclass(frozen=True)
class MediaRange:
    """An entry of an Accept field: ``type/subtype`` or a wildcard, its weight, and the version that it asks for.

    The version is empty where the entry has none, and for RDF 1.1.
    """

    value: str
    quality: float
    version: str = ""

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
        named = [p.replace(" ", "").partition("=") for p in parameters]
        weights = [weight for name, equals, weight in named if name.lower() == "q" and equals]
        version = next((text.strip('"') for name, _, text in named if name.lower() == "version"), RDF_1_1)
        weight = _weight(weights[0]) if weights else 1.0
        ranges.append(MediaRange(value.lower(), weight, "" if version == RDF_1_1 else version))
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
    ranges = [r for r in ranges if r.version == fmt.version]
    # Aliases are generic types. Under "text/*" the alias text/plain would offer N-Triples, whose own type is another.
    exact = [r for r in ranges if r.specificity == 2]
    return max(quality(ranges, (fmt.media_type,)), quality(exact, fmt.aliases))


def _ranges(field: str | None, offered: Sequence[Format]) -> Sequence[MediaRange]:
    """Parse an Accept field; where what is offered differs in no version, the parameter selects nothing."""
    ranges, versions = parse_accept(field), {f.version for f in offered}
    return ranges if len(versions) > 1 else [replace(r, version=version) for r in ranges for version in versions]


def choose(field: str | None, offered: Sequence[Format], name: str | None = None) -> Format:
    """Return the offered format with ``name`` or that media type, where ``format=`` or a suffix gives one.

    Else the one with the highest weight in the Accept ``field``, among equals the first of the latest version. Raises
    NotAcceptable with the media types that are available.
    """
    if name:
        return _named(name, offered)
    ranges = _ranges(field, offered)
    # The Accept field of most programs; scoring every format would take longer than a small answer from the cache.
    only = ranges[0]
    if len(ranges) == 1 and (only.value, only.version) == ("*/*", offered[0].version) and only.quality > 0:
        return offered[0]
    scored = [(_score(ranges, f), f.version, -index, f) for index, f in enumerate(offered)]
    (weight, _), _, _, best = max(scored, key=lambda entry: entry[:3])
    if weight <= 0:
        available = [f.versioned_type for f in offered]
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
    ranges = _ranges(field, offered)
    page = quality([r for r in ranges if r.specificity], ("text/html", "application/xhtml+xml"))
    return page[0] > 0 and page >= max(_score(ranges, f) for f in offered)


def rdf_version(values: Sequence[str]) -> str:
    """Return the version of RDF that the parameter ``version`` of an address asks for: "1.2", or "" for RDF 1.1.

    Raises BadParameter where its values name no version, or two.
    """
    if len(set(values)) > 1 or not {RDF_1_1, RDF_1_2}.issuperset(values):
        raise BadParameter(f"The version of RDF is {RDF_1_1}, which is the default, or {RDF_1_2}; it is named once.")
    return RDF_1_2 if RDF_1_2 in values else ""


def document_formats(suffix: str, versions: Sequence[str]) -> tuple[Format, ...]:
    """Return the formats of a whole document at an address with that suffix, "" for none, and values of ``version``.

    Raises BadParameter as ``rdf_version``.
    """
    if rdf_version(versions):
        return RDF_1_2_FORMATS
    # An address that names a format or a version says all: what Accept has of versions is not read.
    return GRAPH_FORMATS if suffix or versions else DOCUMENT_FORMATS


def choose_document_format(field: str | None, suffix: str, versions: Sequence[str]) -> Format:
    """Return the format of a whole document: by suffix and ``version`` of the address, else by the Accept ``field``.

    Raises BadParameter as ``rdf_version``, and NotAcceptable as ``choose``.
    """
    offered = document_formats(suffix, versions)
    return choose(field, offered, suffix and versioned(suffix, rdf_version(versions)))
