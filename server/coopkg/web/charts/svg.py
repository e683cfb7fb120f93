"""SVG elements as escaped markup (SVG 2); the few shapes that all drawings share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coopkg.rdf.shown_terms import ShownTerm


@dataclass(frozen=True)
class Drawing:
    """A drawing: its SVG, which rows of the table it shows (by index), and of how many it could not."""

    svg: Markup
    rows: tuple[int, ...]
    left_out: int = 0


def element(name: str, *children: str, **attributes: object) -> Markup:
    """Return an element; ``_`` at the end of an attribute's name is dropped, any other becomes a hyphen."""
    # strings, not a tree: no library for SVG is needed, and the one place that writes attributes escapes them all
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{''.join(map(escape, children))}</{name}>")  # noqa: S704 - all parts are escaped


def _short(value: object) -> object:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def percent(share: float) -> str:
    """Return a share of the width, from 0 to 1, as a length."""
    return f"{_short(share * 100)}%"


def figure(label: str, children: Iterable[str], *, linked: bool, css: str = "", **attributes: object) -> Markup:
    """Return the svg element; a drawing with links in it is a group to those who cannot see it, else an image."""
    role = "group" if linked else "img"
    return element("svg", *children, class_=f"chart {css}".strip(), role=role, aria_label=label, **attributes)


def mark(cell: ShownTerm, description: str, *children: str, row: int | None = None) -> Markup:
    """Return a mark with its description as title: a link where its cell leads anywhere."""
    twin = None if row is None else f"row-{row}"
    inner = (element("title", description), *children)
    if cell.link:
        return element("a", *inner, href=cell.link, data_row=twin, rel="nofollow noopener")  # data name the target
    return element("g", *inner, data_row=twin)


def shortened(text: str, longest: int) -> str:
    """Return a text that fits, cut with an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
