"""One measurement, and the median of several."""

from __future__ import annotations

import dataclasses
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Sample:
    """What one measurement gave; times are in seconds, ``p50`` and ``p99`` of latency, ``cpu`` of one request."""

    requests: int
    seconds: float
    p50: float
    p99: float
    cpu: float
    errors: int = 0

    @property
    def rate(self) -> float:
        """Return requests a second."""
        return self.requests / self.seconds


@dataclass(frozen=True)
class Summary:
    """The medians of several samples; errors are added up."""

    rate: float
    p50: float
    p99: float
    cpu: float
    errors: int

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Summary:
        """Return the median of each figure on its own."""
        names = [field.name for field in dataclasses.fields(cls) if field.name != "errors"]
        medians = {name: statistics.median(getattr(sample, name) for sample in samples) for name in names}
        return cls(**medians, errors=sum(sample.errors for sample in samples))
