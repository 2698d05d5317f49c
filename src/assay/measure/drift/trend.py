"""A line of versions as series of numbers, and where a series jumps as it does nowhere else.

A jump is judged by a robust z: how far one change is from the median of the other changes, in units of their median
absolute deviation times 1.4826 (Iglewicz and Hoaglin, *How to Detect and Handle Outliers*, 1993), which is never taken
for less than a floor, so that a line that hardly ever changes does not make every change a jump.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from assay.measure.drift.bins import binned, edges_for, labels
from assay.measure.drift.features import title
from assay.measure.drift.profile import Profile
from assay.measure.drift.spread import Spread

FLOOR: Final = 0.01
"""A share is not held to move by less than a point from version to version."""
LIMIT: Final = 4.0
"""Deviations from which a change is a jump: with the floor, four points of share. In normal changes one of 16,000."""
_MAD: Final = 1.4826
WATCHED: Final = ("source", "generator", "language", "input", "output")
"""Features whose shares are watched for jumps: where rows come from, their language, their modes of length."""
NEEDED: Final = {"source": 3}
"""Other steps without which a rise is none: whatever is added comes from a new file; the first such says nothing."""
VALUES: Final = 12
"""Values of a category that have a series, those with the most rows in all versions together."""


@dataclass(frozen=True, slots=True)
class Series:
    """One number a version. `value` "" : the figure of the feature (a number's median, the share of a category's
    commonest value); else the share of this value, or bin of lengths. NaN where no row states the feature."""

    feature: str
    value: str
    points: tuple[float, ...]
    says: str

    def as_json(self) -> dict[str, Any]:
        points = [None if np.isnan(one) else round(one, 6) for one in self.points]
        return {"feature": self.feature, "value": self.value, "is": self.says, "points": points}


@dataclass(frozen=True, slots=True)
class Jump:
    """From version `at` − 1 to version `at` (positions in the line) the share of `value` went from `before` to
    `after`, `z` deviations away from the line's other changes."""

    feature: str
    value: str
    at: int
    before: float
    after: float
    z: float

    @property
    def title(self) -> str:
        return title(self.feature)


def figures(profiles: Sequence[Profile]) -> list[Series]:
    """One series a feature: the median of a number, the share of the commonest value of a category."""
    out = []
    for name in _names(one.categories for one in profiles):
        together = Spread.together([one.category(name) for one in profiles])
        stated = together.values != 0
        if not stated.any():
            continue
        top = together.values[stated][np.argmax(together.counts[stated])]
        points = [_share(one.category(name), top) for one in profiles]
        out.append(Series(name, "", tuple(points), f"share of {_called(profiles, name, int(top))}"))
    for name in _names(one.numbers for one in profiles):
        points = [one.number(name).quantile(0.5) for one in profiles]
        out.append(Series(name, "", tuple(points), "median"))
    return out


def shares(profiles: Sequence[Profile], name: str) -> list[Series]:
    """A series a value: of a category its commonest, of a number its bins."""
    if any(name in one.categories for one in profiles):
        together = Spread.together([one.category(name) for one in profiles])
        top = np.lexsort((together.values, -together.counts))[:VALUES]
        out = []
        for value in together.values[np.sort(top)].tolist():
            points = tuple(_share(one.category(name), value) for one in profiles)
            out.append(Series(name, _called(profiles, name, value), points, "share"))
        return sorted(out, key=lambda one: (-np.nansum(one.points), one.value))
    together = Spread.together([one.number(name) for one in profiles])
    if not len(together.values):
        return []
    edges = edges_for(together)
    held = np.array([binned(one.number(name), edges) for one in profiles], np.float64)
    whole = held.sum(axis=1, keepdims=True)
    part = np.divide(held, whole, out=np.full_like(held, np.nan), where=whole > 0)
    named = labels(edges, together.values)
    return [
        Series(name, label, tuple(part[:, k].tolist()), "share")
        for k, label in enumerate(named)
        if held[:, k].any()
    ]


def jumps(series: Iterable[Series]) -> list[Jump]:
    """Where a share jumps, by version, then the greatest first.

    A rise is held against the greatest rise of any value of the feature in every other step of the line, and a fall
    against the greatest falls: a line that takes in a new file each time does not jump by doing so again. Of one
    feature and step, falls are told only where nothing rose.
    """
    by_feature: dict[str, list[Series]] = {}
    for one in series:
        by_feature.setdefault(one.feature, []).append(one)
    out = [jump for feature, those in by_feature.items() for jump in _of_feature(feature, those)]
    return sorted(out, key=lambda j: (j.at, -abs(j.after - j.before), j.feature, j.value))


def _of_feature(feature: str, those: Sequence[Series]) -> Iterator[Jump]:
    points = np.array([one.points for one in those])
    changes = np.nan_to_num(np.diff(points, axis=1))
    if not changes.size or changes.shape[1] - 1 < NEEDED.get(feature, 0):
        return
    for k in range(changes.shape[1]):
        others = np.delete(changes, k, axis=1)
        found = []
        for sign in (1.0, -1.0):
            usual = (sign * others).max(axis=0, initial=0.0)
            z = [robust_z(sign * change, usual) for change in changes[:, k].tolist()]
            found = [
                Jump(feature, one.value, k + 1, float(points[j, k]), float(points[j, k + 1]), sign * z[j])
                for j, one in enumerate(those)
                if z[j] >= LIMIT
            ]
            if found:
                break
        yield from found


def robust_z(change: float, others: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """How many deviations a change is from the others; of an only change: from nothing, by the floor."""
    known = others[np.isfinite(others)]
    middle = float(np.median(known)) if len(known) else 0.0
    spread = _MAD * float(np.median(np.abs(known - middle))) if len(known) else 0.0
    return (change - middle) / max(spread, FLOOR)


def _called(profiles: Sequence[Profile], name: str, value: int) -> str:
    known = next((one for one in profiles if value in one.names.get(name, {})), profiles[0])
    return known.called(name, value)


def _names(parts: Iterable[Iterable[str]]) -> list[str]:
    return sorted({name for part in parts for name in part})


def _share(spread: Spread, value: Any) -> float:
    total = spread.total
    return float(spread.at(np.array([value], spread.values.dtype))[0]) / total if total else float("nan")
