"""Quotas: how many examples of each cell, so that the mix comes out as it was asked for.

Shares become whole numbers by the method of largest remainders (Hamilton): no count is off by one or more, and they
add up to the total. Several fields are crossed as if they were independent, and then rounded so that each field's own
counts are met as nearly as whole numbers allow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from assay.errors import UsageError

MOST_CELLS: Final = 10_000
_EXACT: Final = 1e-9

Cell = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quotas:
    """`fields`, in order; `counts`: a value for each field → how many examples. Cells with none are left out."""

    fields: tuple[str, ...]
    counts: Mapping[Cell, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def of(self, field: str) -> dict[str, int]:
        """How many of each value of one field."""
        at = self.fields.index(field)
        out: dict[str, int] = {}
        for cell, count in self.counts.items():
            out[cell[at]] = out.get(cell[at], 0) + count
        return out

    def left(self, made: Mapping[Cell, int]) -> dict[Cell, int]:
        """What is still to be made; nothing of a cell that has enough."""
        return {
            cell: count - made.get(cell, 0)
            for cell, count in self.counts.items()
            if count > made.get(cell, 0)
        }


def quotas(total: int, shares: Mapping[str, Mapping[str, float]]) -> Quotas:
    """The counts of `total` examples. `shares`: field → value → share; the shares of a field are scaled to 1.

    Raises UsageError for a total below 1, a share that is no positive number, or more than `MOST_CELLS` cells.
    """
    if total < 1:
        raise UsageError(f"{total} examples cannot be made", "ask for at least 1")
    fields = tuple(shares)
    scaled = []
    for field, values in shares.items():
        if not values:
            raise UsageError(f"the quota of {field!r} names no value", "write value: share")
        for value, share in values.items():
            if not (math.isfinite(share) and share > 0):
                raise UsageError(f"the share of {field}={value} is {share}", "a share is a number above 0")
        whole = sum(values.values())
        scaled.append({value: share / whole for value, share in values.items()})
    cells = math.prod(map(len, scaled))
    if cells > MOST_CELLS:
        raise UsageError(f"these quotas have {cells:,} cells", f"at most {MOST_CELLS:,}: cross fewer fields")
    counts: dict[Cell, int] = {(): total}
    for values in scaled:
        counts = _split(counts, values, total)
    return Quotas(fields, {cell: counts[cell] for cell in product(*scaled) if counts.get(cell)})


def _split(counts: Mapping[Cell, int], shares: Mapping[str, float], total: int) -> dict[Cell, int]:
    """Divide every cell by shares, so that the sums over all cells are the rounded shares of the total."""
    names = list(shares)
    wanted = rounded(total, [shares[name] for name in names])
    out: dict[Cell, int] = {}
    carried = [0.0] * len(names)
    given = [0] * len(names)
    for cell, count in counts.items():
        # What rounding took from a value in earlier cells is given back in later ones.
        exact = [count * shares[name] + carried[k] for k, name in enumerate(names)]
        whole = _nearest(count, exact)
        for k, name in enumerate(names):
            carried[k] = exact[k] - whole[k]
            given[k] += whole[k]
            out[(*cell, name)] = whole[k]
    _settle(out, names, [w - g for w, g in zip(wanted, given, strict=True)])
    return out


def _settle(out: dict[Cell, int], names: Sequence[str], missing: list[int]) -> None:
    """Move single examples between values within cells until no value has one too many or too few."""
    for k, name in enumerate(names):
        while missing[k] > 0:
            other = next(j for j, left in enumerate(missing) if left < 0)
            cell = next(cell for cell, n in out.items() if cell[-1] == names[other] and n > 0)
            out[cell] -= 1
            out[(*cell[:-1], name)] += 1
            missing[k] -= 1
            missing[other] += 1


def _nearest(count: int, exact: Sequence[float]) -> list[int]:
    """Whole numbers, none negative, that add up to `count` and lie near `exact`."""
    whole = [max(0, math.floor(x + _EXACT)) for x in exact]
    order = sorted(range(len(exact)), key=lambda k: (whole[k] - exact[k], k))
    while sum(whole) < count:
        for k in order:
            if sum(whole) == count:
                break
            whole[k] += 1
    for k in sorted(range(len(exact)), key=lambda k: (exact[k] - whole[k], k)):
        while sum(whole) > count and whole[k] > 0:
            whole[k] -= 1
    return whole


def rounded(total: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers that add up to `total`, each the floor or the ceiling of its share (largest remainders)."""
    exact = [total * share for share in shares]
    whole = [math.floor(x + _EXACT) for x in exact]
    order = sorted(range(len(exact)), key=lambda k: (whole[k] - exact[k], k))
    for k in order[: total - sum(whole)]:
        whole[k] += 1
    return whole
