"""Lengths: percentiles, the mean, and a histogram, of whole numbers that arrive one batch after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

PERCENTILES: Final = (1, 10, 25, 50, 75, 90, 99)
EXACT: Final = 10_000
"""Lengths up to here are counted one by one; longer ones to three figures, so that memory stays bounded."""
BINS: Final = 24


@dataclass(frozen=True, slots=True)
class Bin:
    """`count` values from `low` to `high`; both belong to it. `high` None: and everything above."""

    low: float
    high: float | None
    count: int


@dataclass(frozen=True, slots=True)
class LengthSummary:
    """Lengths in units. `p50` is the smallest length that at least half of the rows do not exceed.

    `bins` are equally wide up to the 99th percentile; the last holds all that is longer. `curve` holds the
    1st to the 100th percentile.
    """

    count: int
    mean: float
    p1: int
    p10: int
    p25: int
    p50: int
    p75: int
    p90: int
    p99: int
    bins: tuple[Bin, ...]
    curve: tuple[int, ...] = field(default=(), metadata={"json": False})

    @property
    def spread(self) -> float:
        """P90 over P10; a P10 of nothing counts as one unit."""
        return self.p90 / max(1, self.p10)


class Lengths:
    """Counts lengths. Memory: one counter a different length, at most about 20,000."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._sum = 0

    def add(self, lengths: Iterable[int]) -> None:
        found = Counter(lengths)
        for length, count in found.items():
            self._counts[_kept(length)] += count
            self._sum += length * count

    def summary(self) -> LengthSummary | None:
        """None when nothing was added."""
        total = self._counts.total()
        if not total:
            return None
        curve = percentiles(self._counts, range(1, 101))
        p1, p10, p25, p50, p75, p90, p99 = (curve[p - 1] for p in PERCENTILES)
        return LengthSummary(
            total, self._sum / total, p1, p10, p25, p50, p75, p90, p99, bins(self._counts, p99), tuple(curve)
        )


def _kept(length: int) -> int:
    if length <= EXACT:
        return length
    step = int(10 ** (len(str(length)) - 3))
    return length // step * step


def percentiles(counts: Mapping[int, int], wanted: Iterable[int]) -> list[int]:
    """By nearest rank: the smallest value that at least p percent of all do not exceed. `wanted` increases."""
    total = sum(counts.values())
    ordered = iter(sorted(counts.items()))
    value, covered = next(ordered)
    out = []
    for p in wanted:
        while covered * 100 < p * total:
            value, more = next(ordered)
            covered += more
        out.append(value)
    return out


def bins(counts: Mapping[int, int], top: int) -> tuple[Bin, ...]:
    """At most `BINS` bins of one round width from zero to `top`, then one for what is longer."""
    width = round_width(max(1, top) / BINS)
    number = top // width + 1
    held = [0] * (number + 1)
    for value, count in counts.items():
        held[min(value // width, number)] += count
    out = [Bin(k * width, (k + 1) * width - 1, held[k]) for k in range(number)]
    return (*out, Bin(number * width, None, held[number])) if held[number] else tuple(out)


def round_width(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, … that is at least `least`."""
    power = 1
    while True:
        for step in (1, 2, 5):
            if step * power >= least:
                return step * power
        power *= 10
