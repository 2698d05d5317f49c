"""How many runs it would take to tell a difference from chance."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from assay.measure.effect.estimate import Difference, Parts

POWER: Final = 0.8
MOST: Final = 1_000
"""Runs a side beyond which nobody is told a number."""


@dataclass(frozen=True, slots=True)
class Needed:
    """`runs`: a side, the fewest that would show a difference of the observed size `POWER` of the time, None when
    no number up to `MOST` would. `items`: with the runs that there are, None where the items are not what is
    short."""

    runs: int | None
    items: int | None


def needed(found: Difference) -> Needed | None:
    """What it would take if the spread and the difference were those observed. None where no spread is known (a
    side has one run), or there is no difference. An estimate from few runs: it may be out by a factor of two."""
    parts = found.parts
    if parts is None or not found.value or parts.variance <= 0:
        return None
    size = abs(found.value)
    one_each = parts.runs / sum(1 / n for n in found.runs) * 2
    runs = None
    if _shows(Parts(one_each / MOST, parts.items, 2 * (MOST - 1), parts.item_free), size):
        low, high = 1, MOST
        while high - low > 1:
            middle = (low + high) // 2
            enough = _shows(Parts(one_each / middle, parts.items, 2 * (middle - 1), parts.item_free), size)
            low, high = (low, middle) if enough else (middle, high)
        runs = high
    return Needed(runs, _items(found, parts, size) if runs is None else None)


def _items(found: Difference, parts: Parts, size: float) -> int | None:
    """How many items would do with `MOST` runs, if others were like those that there are."""
    if not found.items or not parts.items:
        return None
    z = NormalDist().inv_cdf(0.975) + NormalDist().inv_cdf(POWER)
    return round(parts.items * found.items * (z / size) ** 2) + 1


def _shows(parts: Parts, size: float) -> bool:
    """Whether half the interval, and what chance adds, stay below the difference `POWER` of the time."""
    return bool(parts.half + NormalDist().inv_cdf(POWER) * parts.variance**0.5 <= size)
