"""How many rows have each value of one feature: counts that can be added and taken apart again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]
Counts = npt.NDArray[np.int64]


_DENSE = 1 << 20
"""Whole numbers below it are counted in one pass."""


@dataclass(frozen=True, slots=True)
class Spread:
    """`values` are distinct and increasing: float64 of a number, uint64 digests of a category's names (0: not stated).
    `counts` are positive. The spread of two sets of rows together is the sum of theirs, exactly."""

    values: Values
    counts: Counts

    @classmethod
    def of(cls, values: Values) -> Spread:
        """Of one value a row; NaN is none."""
        if values.dtype.kind == "u" and len(values) and int(values.max()) < _DENSE:
            dense = np.bincount(values)
            here = np.flatnonzero(dense)
            return cls(here.astype(np.float64), dense[here].astype(np.int64))
        values = values.astype(np.float64)
        values = values[~np.isnan(values)]
        found, counts = np.unique(values, return_counts=True)
        return cls(found, counts.astype(np.int64))

    @classmethod
    def counted(cls, values: Values, counts: Counts) -> Spread:
        """Of values in any order, equal ones among them, each with how many rows have it."""
        found, where = np.unique(values, return_inverse=True)
        total = np.zeros(len(found), np.int64)
        np.add.at(total, where, counts)
        here = total > 0
        return cls(found[here], total[here])

    @property
    def total(self) -> int:
        """How many rows have a value."""
        return int(self.counts.sum())

    @classmethod
    def together(cls, parts: Sequence[Spread]) -> Spread:
        """Of several sets of rows without a common row."""
        if len(parts) == 1:
            return parts[0]
        return cls.counted(
            np.concatenate([part.values for part in parts]), np.concatenate([part.counts for part in parts])
        )

    def __add__(self, other: Spread) -> Spread:
        return Spread.together((self, other))

    def __sub__(self, other: Spread) -> Spread:
        """Raises ValueError when `other` has rows that this has not."""
        if (self.at(other.values) < other.counts).any():
            raise ValueError("rows were taken out that were never in")
        left = self.counts.copy()
        left[np.searchsorted(self.values, other.values)] -= other.counts
        return Spread(self.values[left > 0], left[left > 0])

    def at(self, values: Values) -> Counts:
        """int64[len(values)]: how many rows have each."""
        if not len(self.values):
            return np.zeros(len(values), np.int64)
        place = np.minimum(np.searchsorted(self.values, values), len(self.values) - 1)
        return np.where(self.values[place] == values, self.counts[place], 0)

    def quantile(self, share: float) -> float:
        """By nearest rank: the smallest value that at least `share` of the rows do not exceed; NaN without rows."""
        if not len(self.values):
            return float("nan")
        covered = np.cumsum(self.counts)
        return float(self.values[np.searchsorted(covered, max(1, np.ceil(share * covered[-1])))])


NOTHING = Spread(np.empty(0), np.empty(0, np.int64))
"""No number at all."""
