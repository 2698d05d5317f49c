"""Orders of rows that do not depend on how they were read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.kernels.sketch import U64, mix


def by_id(ids: npt.NDArray[np.bytes_], rank: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """All rows by id, or by rank where there are no ids."""
    order: npt.NDArray[np.int64] = np.argsort(ids if len(ids) else rank, kind="stable").astype(np.int64)
    return order


def drawn(ids: npt.NDArray[np.bytes_], seed: int) -> U64:
    """uint64[n]: an even draw for each id (S32), the same wherever the row stands; the smallest are a fair sample."""
    words = np.ascontiguousarray(ids.astype("S32")).view("<u8").reshape(-1, 4)
    out = np.full(len(words), np.uint64(seed & 0xFFFFFFFFFFFFFFFF) ^ np.uint64(0x5851F42D4C957F2D))
    for k in range(4):
        out = mix(mix(out) ^ words[:, k])
    return out


def numbers(values: Sequence[Any]) -> npt.NDArray[np.float64]:
    """float64[n]: JSON numbers, and texts that spell one; NaN for everything else, infinities among it."""
    return np.fromiter(map(_number, values), np.float64, len(values))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return math.nan
    if isinstance(value, str) and len(value) > 40:
        return math.nan
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return math.nan
    return number if math.isfinite(number) else math.nan
