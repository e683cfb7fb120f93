"""Scales: which round numbers and years stand on an axis."""

from __future__ import annotations

import math
from datetime import date


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return about ``count`` round numbers that enclose the interval (steps of 1, 2 or 5 times a power of ten)."""
    if not high > low:
        low, high = low - 1, high + 1
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(number * step, 12) for number in range(first, last + 1)]


def years(first: date, last: date, count: int = 8) -> list[int]:
    """Return the years whose beginnings enclose the interval, at most about ``count`` of them."""
    begin, end = first.year, last.year + 1
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 500, 1000) if (end - begin) / s <= count or s == 1000)
    begin -= begin % step
    return list(range(begin, end + step, step))


def days(year: int) -> int:
    """Return the ordinal of a year's first day; 10000, which no calendar here has, ends the last."""
    return date(year, 1, 1).toordinal() if 1 <= year <= 9999 else date.max.toordinal() if year > 1 else 1
