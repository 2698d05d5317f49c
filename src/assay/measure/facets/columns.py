"""Columns by which rows are counted and chosen: a code for each row, and what each code stands for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.errors import UsageError
from assay.measure.facets.query import Compared, Picked, spelled_number

SHOWN: Final = 12
"""Values of a facet that are listed."""
VALUE_CHARS: Final = 200
"""Characters of a value by which rows are told apart."""

Codes: TypeAlias = npt.NDArray[Any]
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Count:
    """A value of a facet and how many rows have it. `value` is what a query names it by; "" is no value."""

    value: str
    rows: int
    picked: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"value": self.value, "rows": self.rows, "picked": self.picked}


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of a field among the rows that all conditions on other fields leave; `more` have some too."""

    field: str
    kind: str
    values: tuple[Count, ...]
    more: int

    def as_json(self) -> dict[str, Any]:
        return {
            "field": self.field,
            "kind": self.kind,
            "values": [one.as_json() for one in self.values],
            "more": self.more,
        }


def smallest_codes(codes: Codes, values: int) -> Codes:
    """The same codes in as few bytes as `values` different ones need."""
    return codes.astype(np.uint8 if values <= 1 << 8 else np.uint16 if values <= 1 << 16 else np.uint32)


def counted(codes: Codes, rows: Mask | None, values: int) -> npt.NDArray[np.int64]:
    """int64[values]: how many of the rows (None: all) have each code."""
    return np.bincount(codes if rows is None else codes[rows], minlength=values)


@dataclass(frozen=True)
class Words:
    """Text: `names[code]`, "" for none. A row has one value. `paths`: the end of a path names it too."""

    codes: Codes
    names: Sequence[str]
    paths: bool = False
    kind: str = "words"

    @cached_property
    def _code(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.names)}

    def picks(self, one: Picked) -> Mask:
        """bool[names]: which of the names are meant; of another case where none is spelled like that."""
        meant = np.zeros(len(self.names), np.bool_)
        wanted = one.value[:VALUE_CHARS]
        if wanted in self._code:
            meant[self._code[wanted]] = True
        else:
            folded = wanted.casefold()
            for name, code in self._code.items():
                known = name.casefold()
                meant[code] = known == folded or (
                    self.paths and bool(folded) and known.endswith("/" + folded)
                )
        return meant

    def compares(self, one: Compared) -> Mask:
        raise UsageError(
            f"{one.field} is no number{_where(one.at)}",
            f"write {one.field}:VALUE, or compare a score or a length",
        )

    @property
    def none(self) -> Mask:
        """bool[names]: none of them."""
        return np.zeros(len(self.names), np.bool_)

    def facet(self, field: str, rows: Mask | None, picked: Mask) -> Facet:
        """The most frequent values, and those that are picked whatever their count."""
        counts = counted(self.codes, rows, len(self.names))
        there = np.flatnonzero(counts)
        listed = _most_frequent(there, counts, self.names)
        shown = {*listed[:SHOWN], *np.flatnonzero(picked).tolist()}
        values = sorted(shown, key=lambda code: (-counts[code], self.names[code]))
        found = tuple(Count(self.names[c], int(counts[c]), bool(picked[c])) for c in values)
        return Facet(field, self.kind, found, sum(code not in shown for code in listed))


def _most_frequent(
    there: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], names: Sequence[str]
) -> list[int]:
    """The codes with rows, the most frequent first, equals by name; beyond the first few in no order."""
    if len(there) > 4 * SHOWN:
        floor = np.partition(counts[there], -SHOWN)[-SHOWN]
        head, tail = there[counts[there] >= floor], there[counts[there] < floor]
    else:
        head, tail = there, there[:0]
    return [*sorted(head.tolist(), key=lambda code: (-counts[code], names[code])), *tail.tolist()]


@dataclass(frozen=True)
class Flags:
    """Yes or no to several questions: bit k of a row's code answers `names[k]`."""

    codes: Codes
    names: Sequence[str]
    kind: str = "flags"

    def picks(self, one: Picked) -> Mask:
        """bool[256]: which codes have the bit. Raises UsageError for a flag that there is not."""
        if one.value not in self.names:
            raise UsageError(
                f"{one.field}:{one.value[:40]} means nothing{_where(one.at)}",
                f"one of: {', '.join(self.names)}",
            )
        return (np.arange(256) >> self.names.index(one.value) & 1).astype(np.bool_)

    def compares(self, one: Compared) -> Mask:
        raise UsageError(
            f"{one.field} is no number{_where(one.at)}",
            f"write {one.field}: and one of {', '.join(self.names)}",
        )

    @property
    def none(self) -> Mask:
        return np.zeros(256, np.bool_)

    def facet(self, field: str, rows: Mask | None, picked: Mask) -> Facet:
        counts = counted(self.codes, rows, 256)
        codes = np.arange(256)
        found = []
        for bit, name in enumerate(self.names):
            has = (codes >> bit & 1).astype(np.bool_)
            found.append(Count(name, int(counts[has].sum()), bool(picked[1 << bit])))
        return Facet(field, self.kind, tuple(found), 0)


@dataclass(frozen=True)
class Numbers:
    """Numbers: `values[code]`, increasing, NaN (no number) last. `edges`: where bands begin, increasing; of `whole`
    numbers a band may be one number."""

    codes: Codes
    values: npt.NDArray[np.float64]
    edges: Sequence[float]
    whole: bool = False
    kind: str = "numbers"

    @classmethod
    def of(cls, numbers: npt.NDArray[Any], edges: Sequence[float] | None = None) -> Numbers:
        """The column of one number a row, NaN for none. `edges`: of whole numbers; else they follow from the scores."""
        # Arrow's dictionary takes a quarter of the memory that sorting all numbers does; -0 is 0.
        coded = pa.array(numbers.astype(np.float64) + 0.0).dictionary_encode()
        known = coded.dictionary.to_numpy()
        rank = np.argsort(known)  # NaN comes last
        values, place = known[rank], smallest_codes(np.argsort(rank), len(known))
        codes = place[coded.indices.to_numpy()]
        whole = edges is not None
        return cls(codes, values, edges if edges is not None else bands(numbers), whole)

    @classmethod
    def of_whole(cls, numbers: npt.NDArray[Any], edges: Sequence[float]) -> Numbers:
        """The column of one whole number, 0 or more, a row: quicker than `of` where they are small."""
        if not len(numbers) or int(numbers.max()) >= 1 << 22:
            return cls.of(numbers, edges)
        there = np.bincount(numbers) > 0
        values = np.flatnonzero(there)
        code = smallest_codes(np.cumsum(there) - 1, len(values))
        return cls(code[numbers], values.astype(np.float64), edges, True)

    @cached_property
    def _band(self) -> npt.NDArray[np.int64]:
        """The band of each value: 0 below the first edge, then 1, 2, …; the last is no number."""
        band = np.searchsorted(np.asarray(self.edges), self.values, side="right").astype(np.int64)
        band[np.isnan(self.values)] = len(self.edges) + 1
        return band

    @cached_property
    def labels(self) -> list[str]:
        """What each band is named by in a query."""
        spelled = [spelled_number(edge) for edge in self.edges]
        inner = [
            low if self.whole and b - a == 1 else f"{low}..{high}"
            for low, high, a, b in zip(spelled, spelled[1:], self.edges, self.edges[1:], strict=False)
        ]
        return [
            f"..{spelled[0]}" if spelled else "..",
            *inner,
            *([f"{spelled[-1]}.."] if spelled else []),
            "",
        ]

    def picks(self, one: Picked) -> Mask:
        """bool[values]: which are meant by a number, by `a..b`, or by "" (none)."""
        if one.value == "":
            return np.isnan(self.values)
        low, high = _bounds(one)
        with np.errstate(invalid="ignore"):
            return (self.values == low) if high is None else (self.values >= low) & (self.values < high)

    def compares(self, one: Compared) -> Mask:
        number = one.number
        with np.errstate(invalid="ignore"):
            if one.sign == ">=":
                return self.values >= number
            if one.sign == "<=":
                return self.values <= number
            return self.values > number if one.sign == ">" else self.values < number

    @property
    def none(self) -> Mask:
        return np.zeros(len(self.values), np.bool_)

    def facet(self, field: str, rows: Mask | None, picked: Mask) -> Facet:
        """All bands that have rows, in order; a band is picked when all its values are."""
        counts = np.bincount(
            self._band, counted(self.codes, rows, len(self.values)), minlength=len(self.labels)
        ).astype(np.int64)
        have = np.bincount(self._band, minlength=len(self.labels))
        chosen = np.bincount(self._band, picked, minlength=len(self.labels)).astype(np.int64)
        found = [
            Count(label, int(counts[k]), bool(have[k] and chosen[k] == have[k]))
            for k, label in enumerate(self.labels)
            if counts[k] or (have[k] and chosen[k] == have[k])
        ]
        return Facet(field, self.kind, tuple(found), 0)


Column: TypeAlias = Words | Flags | Numbers

LENGTHS: Final = (0.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0)
"""Where bands of lengths begin, in units."""
TURNS: Final = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 9.0)
_SCORES: Final = ((0, 1, (0, 0.2, 0.4, 0.6, 0.8)), (1, 5, (1, 2, 3, 3.5, 4, 4.5)))
"""Least and largest value of a score that has these bands."""


def bands(numbers: npt.NDArray[Any]) -> tuple[float, ...]:
    """Where bands of a score begin: usual ones for scores from 0 to 1 or from 1 to 5, else its quartiles."""
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return ()
    least, largest = float(known.min()), float(known.max())
    for low, high, edges in _SCORES:
        if low <= least and largest <= high:
            return tuple(map(float, edges))
    return tuple(sorted({*np.quantile(known, [0, 0.25, 0.5, 0.75], method="lower").tolist()}))


def _bounds(one: Picked) -> tuple[float, float | None]:
    """The least number and the one that is too large; None for a number by itself."""
    low, dots, high = one.value.partition("..")
    try:
        least = float(low) if low or not dots else -math.inf
        bound = None if not dots else (float(high) if high else math.inf)
        if math.isnan(least) or (bound is not None and math.isnan(bound)):
            raise ValueError
    except ValueError:
        raise UsageError(
            f"{one.field}:{one.value[:40]} is no number and no range{_where(one.at)}",
            f"write {one.field}:4, {one.field}:3..4.5 or {one.field}>=4",
        ) from None
    return least, bound


def _where(at: int) -> str:
    return f" (character {at} of the query)" if at else ""
