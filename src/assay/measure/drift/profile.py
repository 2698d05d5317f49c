"""The distribution profile of a set of rows: a spread a feature. Profiles add up, and rows can be taken out again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from assay.measure.drift.columns import Columns, Rows, digest_of
from assay.measure.drift.spread import NOTHING, Spread

STATED: Final = "(not stated)"
SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Profile:
    """How `rows` rows spread. Of a category every row counts, those that state nothing as 0; of a number, those that
    have one. `names`: feature → digest → name. profile(A ∪ B) = profile(A) + profile(B) for sets without a common
    row; profile(A) − profile(B) is that of the rows of A without those of B, which are all in A."""

    rows: int
    categories: Mapping[str, Spread]
    numbers: Mapping[str, Spread]
    names: Mapping[str, Mapping[int, str]]

    @classmethod
    def of(cls, columns: Columns, rows: Rows | None = None) -> Profile:
        """Of some rows of a segment (ordinals of rows that were not erased), or of all that are there."""
        rows = columns.here if rows is None else rows
        every = None if len(rows) == columns.rows else rows
        numbers = {}
        for name, held in columns.numbers.items():
            numbers[name] = Spread.of(held if every is None else held[every])
        spreads = {name: one.spread(every) for name, one in columns.categories.items()}
        return cls(len(rows), spreads, numbers, {name: one.names for name, one in columns.categories.items()})

    def category(self, name: str) -> Spread:
        """The spread of a category; of one that nobody states, all rows under 0."""
        found = self.categories.get(name)
        return (
            found
            if found is not None
            else Spread.counted(np.zeros(1, np.uint64), np.array([self.rows], np.int64))
        )

    def number(self, name: str) -> Spread:
        """The spread of a number; of one that no row has, nothing."""
        return self.numbers.get(name, NOTHING)

    def states(self, name: str) -> bool:
        """Whether any row has a value of a feature."""
        return bool(self.number(name).total or (self.category(name).values != 0).any())

    def __add__(self, other: Profile) -> Profile:
        return together((self, other))

    def __sub__(self, other: Profile) -> Profile:
        """Raises ValueError when `other` has rows that this has not."""
        return Profile(
            self.rows - other.rows,
            {name: one - other.category(name) for name, one in self.categories.items()},
            {name: one - other.number(name) for name, one in self.numbers.items()},
            self.names,
        )

    def having(self, name: str, spread: Spread, names: Mapping[int, str] | None = None) -> Profile:
        """The same with one more feature: a category where `names` are given, else a number."""
        if names is None:
            return Profile(self.rows, self.categories, {**self.numbers, name: spread}, self.names)
        return Profile(
            self.rows, {**self.categories, name: spread}, self.numbers, {**self.names, name: names}
        )

    def shares(self, name: str, shown: int = SHOWN) -> list[tuple[str, int]]:
        """The values of a category with their rows, the most frequent first."""
        spread = self.category(name)
        order = np.lexsort((spread.values, -spread.counts))[:shown]
        return [(self.called(name, int(spread.values[k])), int(spread.counts[k])) for k in order.tolist()]

    def called(self, name: str, digest: int) -> str:
        """The name behind a digest."""
        return STATED if digest == 0 else self.names.get(name, {}).get(digest, f"(rare, {digest:016x})")

    def as_json(self) -> dict[str, Any]:
        """Plain values: the most frequent values of categories, percentiles of numbers."""
        marks = {f"p{p}": p / 100 for p in (1, 10, 25, 50, 75, 90, 99)}
        return {
            "rows": self.rows,
            "categories": {
                name: {"values": len(spread.values), "top": dict(self.shares(name))}
                for name, spread in sorted(self.categories.items())
            },
            "numbers": {
                name: {"rows": one.total, "mean": mean(one), **{k: one.quantile(p) for k, p in marks.items()}}
                for name, one in sorted(self.numbers.items())
                if one.total
            },
        }


def mean(spread: Spread) -> float:
    """The mean of a number; NaN without rows."""
    return float((spread.values * spread.counts).sum() / spread.total) if spread.total else float("nan")


EMPTY: Final = Profile(0, {}, {}, {})
"""No rows; adds nothing to any profile."""


def together(parts: Sequence[Profile]) -> Profile:
    """The profile of several sets without a common row."""
    names = _every(part.categories for part in parts)
    return Profile(
        sum(part.rows for part in parts),
        {name: Spread.together([part.category(name) for part in parts]) for name in names},
        {
            n: Spread.together([part.number(n) for part in parts])
            for n in _every(part.numbers for part in parts)
        },
        {name: _names(parts, name) for name in names},
    )


def _names(parts: Sequence[Profile], name: str) -> dict[int, str]:
    out: dict[int, str] = {}
    for part in parts:
        out.update(part.names.get(name, {}))
    return out


def _every(parts: Iterable[Iterable[str]]) -> list[str]:
    return sorted({name for part in parts for name in part})


def flat(name: str, rows: int) -> tuple[Spread, dict[int, str]]:
    """The spread of a category that all rows have one value of, and its names."""
    digest = digest_of(name)
    return Spread.counted(np.array([digest], np.uint64), np.array([rows], np.int64)), {digest: name}
