"""Choosing few rows that stand for many: greedy methods on int8 vectors, exact and the same on every machine.

`k_center`: Gonzalez, "Clustering to minimize the maximum intercluster distance", TCS 38, 1985 (within twice the
best radius). `facility_location`: greedy on a monotone submodular function (Nemhauser, Wolsey and Fisher,
Mathematical Programming 14, 1978: at least 1 − 1/e of the best), lazily (Minoux, 1978).

All functions take points in an order that is no accident and settle ties by it: the first row wins.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from assay.kernels.clusters import unit
from assay.kernels.lexical_vectors import I8

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_BLOCK: Final = 2_048
_POOL: Final = 4_096
_FACILITY_POOL: Final = 512
_STEPS: Final = 4_096


def _rows_at_a_time(width: int) -> int:
    """So many rows of `width` cosines are 64 MB at most."""
    return max(16, min(_BLOCK, (1 << 24) // max(width, 1)))


@dataclass(frozen=True)
class Points:
    """n vectors: `floats` float32[n, d] of whole numbers, `inverse` float32[n], one over each length."""

    floats: F32
    inverse: F32

    @classmethod
    def of(cls, vectors: I8) -> Points:
        return cls(*unit(vectors))

    def __len__(self) -> int:
        return len(self.inverse)

    def take(self, rows: I64) -> Points:
        return Points(self.floats[rows], self.inverse[rows])

    def cosines(self, others: Points) -> F32:
        """float32[n, m]. The dot products are whole numbers below 2^24 and therefore exact."""
        dots = self.floats @ others.floats.T
        dots *= self.inverse[:, None]
        dots *= others.inverse[None, :]
        return dots


@dataclass(frozen=True)
class Chosen:
    """`order`: int64[m], the rows chosen, in the order of choice; `gain`: float64[m], what each one brought."""

    order: I64
    gain: F64


def nearest(points: Points, chosen: Points) -> tuple[I64, F32]:
    """int64[n], float32[n]: for each point the nearest of `chosen` (the first of equals) and the cosine."""
    which = np.zeros(len(points), np.int64)
    cosine = np.full(len(points), -1.0, np.float32)
    if not len(chosen):
        return which - 1, cosine
    step = _rows_at_a_time(len(chosen))
    for start in range(0, len(points), step):
        rows = np.arange(start, min(start + step, len(points)))
        found = points.take(rows).cosines(chosen)
        best = np.argmax(found, axis=1)
        which[rows], cosine[rows] = best, found[np.arange(len(rows)), best]
    return which, cosine


def by_quality(points: Points, quality: F64, n: int, bound: float) -> Chosen:
    """The first n rows in the order given whose cosine to every row chosen before is at most `bound`.

    The order is the caller's, best first. `gain` is the rows' quality.
    """
    order: list[int] = []
    picked = Points(np.empty((n, points.floats.shape[1]), np.float32), np.empty(n, np.float32))
    step = _rows_at_a_time(n)
    for start in range(0, len(points), step):
        rows = np.arange(start, min(start + step, len(points)))
        block = points.take(rows)
        size = len(order)
        open_rows = np.ones(len(rows), np.bool_)
        if bound < 1 and size:
            before = Points(picked.floats[:size], picked.inverse[:size])
            open_rows = block.cosines(before).max(axis=1) <= bound
        within = block.cosines(block) if bound < 1 else None
        for at in range(len(rows)):
            if len(order) == n:
                break
            if not open_rows[at]:
                continue
            size = len(order)
            picked.floats[size], picked.inverse[size] = block.floats[at], block.inverse[at]
            order.append(start + at)
            if within is not None:
                open_rows[at + 1 :] &= within[at, at + 1 :] <= bound
        if len(order) == n:
            break
    found = np.array(order, np.int64)
    return Chosen(found, quality[found])


def k_center(points: Points, factor: F64, n: int) -> Chosen:
    """n rows, each the one with the greatest distance (1 − cosine) to all chosen before, times its `factor`.

    The first is the row with the greatest factor, the first of equals. The distance to nothing is 2.

    Greedy to the letter, and fast: a row's distance only ever shrinks, so that the farthest row among the
    `_POOL` farthest is the farthest of all for as long as it is farther than the pool's edge was at the start.
    """
    distance = np.full(len(points), 2.0)
    order: list[int] = []
    gain: list[float] = []
    n = min(n, len(points))
    open_rows = np.ones(len(points), np.bool_)
    while len(order) < n:
        worth = np.where(open_rows, distance * factor, -1.0)
        pool, edge = _top(worth, _POOL)
        inside = points.take(pool)
        near, inner = distance[pool], open_rows[pool]
        started = len(order)
        while len(order) < n:
            values = np.where(inner, near * factor[pool], -1.0)
            at = int(np.argmax(values))
            if not inner[at] or (len(order) > started and values[at] <= edge):
                break
            order.append(int(pool[at]))
            gain.append(float(values[at]))
            inner[at] = False
            one = inside.take(np.array([at]))
            np.minimum(near, 1.0 - inside.cosines(one)[:, 0].astype(np.float64), out=near)
        fresh = np.array(order[started:], np.int64)
        open_rows[fresh] = False
        _, cosine = nearest(points, points.take(fresh))
        np.minimum(distance, 1.0 - cosine.astype(np.float64), out=distance)
    return Chosen(np.array(order, np.int64), np.array(gain))


def _top(worth: F64, size: int) -> tuple[I64, float]:
    """The `size` rows of greatest worth, the first of equals, in their own order; and the greatest worth of all
    others (−inf without)."""
    if len(worth) <= size:
        return np.arange(len(worth)), -np.inf
    edge = np.partition(worth, len(worth) - size)[len(worth) - size]
    above, at = np.flatnonzero(worth > edge), np.flatnonzero(worth == edge)
    room = size - len(above)
    outside = float(edge) if len(at) > room else float(worth[worth < edge].max())
    return np.sort(np.concatenate([above, at[:room]])), outside


def facility_location(points: Points, ground: Points, quality: F64, n: int) -> Chosen:
    """n rows that together are near to everything: greedy on Σ over `ground` of the cosine to the nearest chosen.

    A cosine below 0 counts as 0. `quality` (float64, 0 or more) is added to a row's gain. Lazy: a gain only ever
    shrinks, so that a row whose gain was smaller than the best one's now need not be looked at again.
    """
    n = min(n, len(points))
    cover = np.zeros(len(ground), np.float32)
    bound = _gains(points, ground, cover) + quality
    order: list[int] = []
    gain: list[float] = []
    while len(order) < n:
        pool, edge = _top(bound, _FACILITY_POOL)
        pool = pool[bound[pool] > -np.inf]
        near = _fixed(points.take(pool), ground)
        bound[pool] = [_gain(row, cover) for row in near] + quality[pool]
        heap = [(-float(bound[row]), at) for at, row in enumerate(pool)]
        heapq.heapify(heap)
        while heap and len(order) < n and -heap[0][0] >= edge:
            stale, at = heap[0]
            row = int(pool[at])
            value = _gain(near[at], cover) + float(quality[row])
            bound[row] = value
            if value < -stale:
                heapq.heapreplace(heap, (-value, at))
                continue
            heapq.heappop(heap)
            bound[row] = -np.inf
            order.append(row)
            gain.append(value)
            np.maximum(cover, near[at], out=cover)
    return Chosen(np.array(order, np.int64), np.array(gain))


def gains_left(points: Points, ground: Points, chosen: Points, quality: F64) -> F64:
    """float64[n]: what each row would bring to `facility_location` now that `chosen` are."""
    cover = np.zeros(len(ground), np.float32)
    step = _rows_at_a_time(len(ground))
    for start in range(0, len(chosen), step):
        some = chosen.take(np.arange(start, min(start + step, len(chosen))))
        np.maximum(cover, _fixed(some, ground).max(axis=0), out=cover)
    return _gains(points, ground, cover) + quality


def _fixed(points: Points, ground: Points) -> F32:
    """float32[n, g]: cosines in steps of 1/4096, whole multiples so that sums of them are exact in any order."""
    steps = points.cosines(ground)
    steps *= _STEPS
    np.rint(steps, out=steps)
    return steps


def in_steps(values: F64) -> F64:
    """The values rounded to the steps of 1/4096 in which gains are counted."""
    rounded: F64 = np.rint(values * _STEPS) / _STEPS
    return rounded


def _gain(row: F32, cover: F32) -> float:
    """What one row adds to the cover."""
    return float(np.maximum(row - cover, 0).sum(dtype=np.float64)) / _STEPS


def _gains(points: Points, ground: Points, cover: F32) -> F64:
    out = np.empty(len(points))
    step = _rows_at_a_time(len(ground))
    for start in range(0, len(points), step):
        rows = np.arange(start, min(start + step, len(points)))
        more = _fixed(points.take(rows), ground)
        more -= cover
        np.maximum(more, 0, out=more)
        out[rows] = more.sum(axis=1, dtype=np.float64) / _STEPS
    return out


def coverage_curve(ground: Points, chosen: Points, sizes: list[int]) -> list[float]:
    """The mean cosine of a ground row to the nearest of the first m chosen ones (0 at least), for each m of `sizes`.

    `sizes` grow. Memory is bounded by the ground times a block of chosen rows.
    """
    cover = np.zeros(len(ground), np.float32)
    out, done, step = [], 0, _rows_at_a_time(len(ground))
    for size in sizes:
        for start in range(done, size, step):
            rows = np.arange(start, min(start + step, size))
            np.maximum(cover, ground.cosines(chosen.take(rows)).max(axis=1), out=cover)
        done = size
        out.append(float(cover.mean(dtype=np.float64)) if len(ground) else 0.0)
    return out


def knee(sizes: list[int], values: list[float]) -> int | None:
    """Where more rows stop paying: the size whose value lies farthest above the line from the first to the last.

    Satopää et al., "Finding a 'Kneedle' in a haystack", ICDCS workshops 2011. None when no size does.
    """
    if len(sizes) < 3 or values[-1] <= values[0]:
        return None
    x = (np.array(sizes, np.float64) - sizes[0]) / (sizes[-1] - sizes[0])
    y = (np.array(values) - values[0]) / (values[-1] - values[0])
    at = int(np.argmax(y - x))
    return sizes[at] if y[at] - x[at] > 0.01 else None
