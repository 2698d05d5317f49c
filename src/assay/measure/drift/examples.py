"""The examples that made a feature drift: among the rows that came (or went), those whose values gained (or lost) most.

A value's gain is the logarithm of its share after over its share before, each count raised by ½, so that one odd row
says little and fifty say much. Rows are ranked by the gain of their value in the feature; equals by the gains of all
other features that drifted, together, so that what shows the whole shift comes first; then by how near a number is to
the middle of the rows that stand so; then by id.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from assay.kernels.ids import IdArray, order
from assay.measure.drift.bins import place
from assay.measure.drift.compare import Shift

MOST: Final = 20
"""Examples that are shown of a feature."""

Floats = npt.NDArray[np.float64]
Held = Mapping[str, npt.NDArray[Any]]
"""Feature → one value a row: digests (uint64) of a category, numbers (NaN: none)."""


def gains(shift: Shift, held: npt.NDArray[Any]) -> Floats:
    """float64[rows]: how much the value of each row gained in a feature; 0 where it has none."""
    n, m = (max(1, sum(getattr(c, side) for c in shift.cells)) for side in ("before", "after"))
    gain = [math.log((c.after + 0.5) / (m + 1)) - math.log((c.before + 0.5) / (n + 1)) for c in shift.cells]
    if not gain:
        return np.zeros(len(held))
    if shift.kind == "number":
        here = ~np.isnan(held.astype(np.float64))
        edges = np.array([c.keys[0] for c in shift.cells])
        out = np.zeros(len(held))
        out[here] = np.array(gain)[place(held[here].astype(np.float64), edges)]
        return out
    keys = np.array([key for c in shift.cells for key in c.keys], np.uint64)
    value = np.repeat(gain, [len(c.keys) for c in shift.cells])
    by_key = np.argsort(keys)
    at = np.minimum(np.searchsorted(keys[by_key], held), len(keys) - 1)
    return np.where(keys[by_key][at] == held, value[by_key][at], 0.0)


def causes(
    shift: Shift, others: Sequence[Shift], ids: IdArray, held: Held, came: bool, most: int = MOST
) -> npt.NDArray[np.int64]:
    """Positions in `ids` of the rows that made `shift`, the foremost first, at most `most`.

    `ids` and `held` are of the rows that came, or (with `came` False) of those that went. `others` are the other
    features that drifted.
    """
    sign = 1.0 if came else -1.0
    own = sign * gains(shift, held[shift.name])
    wanted = np.flatnonzero(own > 1e-9)
    if not len(wanted):
        return wanted
    rest = np.zeros(len(ids))
    for other in others:
        if other.name != shift.name and other.name in held:
            rest += sign * gains(other, held[other.name])
    apart = np.zeros(len(ids))
    if shift.kind == "number":
        numbers = held[shift.name].astype(np.float64)
        apart = np.abs(numbers - np.median(numbers[wanted]))
    by_id = np.empty(len(ids), np.int64)
    by_id[order(ids)] = np.arange(len(ids))
    rank = np.lexsort((by_id[wanted], apart[wanted], -np.round(rest[wanted], 9), -np.round(own[wanted], 9)))
    return wanted[rank[:most]]


def weight(shift: Shift, held: Held, came: bool) -> int:
    """How many of the rows have values that gained (or, of rows that went, lost)."""
    own = gains(shift, held[shift.name])
    return int(((own > 1e-9) if came else (own < -1e-9)).sum())
