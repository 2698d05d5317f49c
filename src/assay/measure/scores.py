"""Scores that records state in a numeric field."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from assay.measure.lengths import Bin

FIELDS: Final = ("score", "quality")
LOW: Final = 3.0
"""On a scale of 1 to 5, what is below is poor."""
BINS: Final = 20
"""At most; and one more where the scores do not begin at a round number."""


@dataclass(frozen=True, slots=True)
class Scores:
    """`low` counts scores below `LOW`. `bins` have one round width."""

    field: str
    count: int
    mean: float
    least: float
    most: float
    low: int
    bins: tuple[Bin, ...]

    @property
    def five_point(self) -> bool:
        """Whether the scores can be on a scale up to 5, where `LOW` means something."""
        return 1.0 < self.most <= 5.0


class ScoreCount:
    """Counts scores to three figures; `low`, least and most are exact."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._counts: Counter[float] = Counter()
        self._low = 0
        self._least, self._most = math.inf, -math.inf

    def add(self, values: Iterable[float]) -> None:
        for value in values:
            self._counts[float(f"{value:.3g}")] += 1
            self._low += value < LOW
            self._least, self._most = min(self._least, value), max(self._most, value)

    def result(self) -> Scores | None:
        """None when no score was stated."""
        count = self._counts.total()
        if not count:
            return None
        mean = math.fsum(value * n for value, n in sorted(self._counts.items())) / count
        return Scores(self._field, count, mean, self._least, self._most, self._low, self._bins())

    def _bins(self) -> tuple[Bin, ...]:
        least, most = min(self._counts), max(self._counts)
        width = bin_width((most - least) / BINS)
        if not width:
            return (Bin(least, most, self._counts.total()),)
        start = math.floor(least / width + HAIR)
        held = [0] * (math.floor(most / width + HAIR) - start + 1)
        for value, count in self._counts.items():
            held[math.floor(value / width + HAIR) - start] += count
        whole = all(value == int(value) for value in self._counts) and width == 1
        edges = [float(f"{(start + k) * width:.6g}") for k in range(len(held) + 1)]
        return tuple(Bin(edges[k], edges[k] if whole else edges[k + 1], held[k]) for k in range(len(held)))


HAIR: Final = 1e-9
"""What a quotient may miss a whole number by: 3.8 / 0.1 belongs to 38, not to 37."""


def bin_width(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is at least `least`; 0.0 when there is none."""
    if least < 1e-12:
        return 0.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least * (1 - HAIR))


def number(value: Any) -> float | None:
    """A JSON number as a float; None of everything else, true and false included, and beyond ±10¹² as well."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if abs(found) <= 1e12 else None
