"""Which points of a map lie within a polygon that somebody drew."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from assay.errors import UsageError
from assay.measure.map.layout import SIDE

MOST: Final = 256
"""Corners of a polygon."""
_BLOCK: Final = 1 << 18
_SPELLED: Final = re.compile(r"\d{1,5},\d{1,5}(?:;\d{1,5},\d{1,5})*")

Polygon = Sequence[tuple[int, int]]
U16 = npt.NDArray[np.uint16]


def read_polygon(text: str) -> list[tuple[int, int]]:
    """The corners of `x,y;x,y;x,y`, each coordinate from 0 to 65,535. Raises UsageError."""
    hint = "write corners as x,y;x,y;x,y with whole numbers from 0 to 65535"
    if len(text) > MOST * 12 or not _SPELLED.fullmatch(text):
        raise UsageError("this is no polygon", hint)
    corners = [(int(x), int(y)) for x, _, y in (one.partition(",") for one in text.split(";"))]
    if not 3 <= len(corners) <= MOST or max(max(one) for one in corners) > SIDE:
        raise UsageError(f"a polygon has 3 to {MOST} corners between 0 and {SIDE}", hint)
    return corners


def write_polygon(polygon: Polygon) -> str:
    """What `read_polygon` reads."""
    return ";".join(f"{x},{y}" for x, y in polygon)


def inside(x: U16, y: U16, polygon: Polygon) -> npt.NDArray[np.int64]:
    """The positions of the points within, increasing: a ray to the right crosses the outline an odd number of times.

    Whole numbers alone decide, so that no point lies on both sides of an edge that two polygons share.
    """
    low, high = np.min(polygon, axis=0), np.max(polygon, axis=0)
    at = np.flatnonzero((x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1]))
    found = []
    for start in range(0, len(at), _BLOCK):
        rows = at[start : start + _BLOCK]
        px, py = x[rows].astype(np.int64), y[rows].astype(np.int64)
        odd = np.zeros(len(rows), np.bool_)
        for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
            if y1 == y2:
                continue
            across = (y1 > py) != (y2 > py)
            left = (px - x1) * (y2 - y1) < (x2 - x1) * (py - y1)
            odd ^= across & (left if y2 > y1 else ~left & ((px - x1) * (y2 - y1) != (x2 - x1) * (py - y1)))
        found.append(rows[odd])
    return np.concatenate(found) if found else np.empty(0, np.int64)
