"""Two maps side by side: which cluster of one is which of the other, and what grew, shrank, appeared or vanished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from assay.kernels.clusters import unit
from assay.kernels.ids import IdArray, find
from assay.kernels.lexical_vectors import I8
from assay.measure.map.grouping import NONE

F64 = npt.NDArray[np.float64]
U8 = npt.NDArray[np.uint8]
Kind = Literal["grew", "shrank", "same", "appeared", "vanished"]

ALIKE: Final = 0.3
"""What two clusters must be alike, 0 to 1, to count as one: the mean of the share of rows in both (Jaccard) and of the
cosine of their centres."""
STEADY: Final = 0.1
"""A share that moves by less than this part of itself is the same."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a cluster. `before` and `after`: its numbers, None where there is none; rows and shares of each
    version; `alike`: how sure the match is; `shared`: rows that are in both."""

    kind: Kind
    before: int | None
    after: int | None
    rows: tuple[int, int]
    shares: tuple[float, float]
    shared: int
    alike: float

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "before": self.before, "after": self.after, "rows": list(self.rows),
            "shares": [round(share, 6) for share in self.shares], "shared": self.shared, "alike": round(self.alike, 4),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """One map: sorted ids, each one's cluster, and the clusters' centres in a space that both sides share."""

    ids: IdArray
    cluster: U8
    centres: I8


def changes(before: Side, after: Side) -> tuple[Change, ...]:
    """One change a cluster, by the larger of both shares; a match is what makes all pairs together most alike."""
    likeness, shared = _likeness(before, after)
    pairs = [(a, b) for a, b in best_pairs(-likeness) if likeness[a, b] >= ALIKE]
    sizes = [np.bincount(side.cluster, minlength=256)[: len(side.centres)] for side in (before, after)]
    wholes = [max(len(side.ids), 1) for side in (before, after)]
    matched_a, matched_b = {a for a, _ in pairs}, {b for _, b in pairs}
    every: list[tuple[int | None, int | None]] = [*pairs]
    every += [(a, None) for a in range(len(sizes[0])) if a not in matched_a]
    every += [(None, b) for b in range(len(sizes[1])) if b not in matched_b]
    found = []
    for a, b in every:
        rows = (0 if a is None else int(sizes[0][a]), 0 if b is None else int(sizes[1][b]))
        if not any(rows):
            continue
        shares = (rows[0] / wholes[0], rows[1] / wholes[1])
        both = a is not None and b is not None
        found.append(
            Change(
                _kind(rows, shares), a, b, rows, shares,
                int(shared[a, b]) if both else 0, float(likeness[a, b]) if both else 0.0,
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-max(one.shares), one.before or 0, one.after or 0)))


def _kind(rows: tuple[int, int], shares: tuple[float, float]) -> Kind:
    if not rows[0]:
        return "appeared"
    if not rows[1]:
        return "vanished"
    if abs(shares[1] - shares[0]) <= STEADY * max(shares):
        return "same"
    return "grew" if shares[1] > shares[0] else "shrank"


def _likeness(before: Side, after: Side) -> tuple[F64, npt.NDArray[np.int64]]:
    """float64[a, b]: how alike each pair of clusters is; int64[a, b]: the rows they share."""
    wide = len(after.centres)
    shared = np.zeros((len(before.centres), wide), np.int64)
    at = find(before.ids, after.ids)
    held = at >= 0
    if held.any():
        one, other = before.cluster[at[held]], after.cluster[held]
        some = (one != NONE) & (other != NONE)
        np.add.at(shared, (one[some], other[some]), 1)
    of_a, of_b = shared.sum(axis=1, keepdims=True), shared.sum(axis=0, keepdims=True)
    jaccard = shared / np.maximum(of_a + of_b - shared, 1)
    a, inverse_a = unit(before.centres)
    b, inverse_b = unit(after.centres)
    cosines = np.maximum((a @ b.T) * inverse_a[:, None] * inverse_b, 0).astype(np.float64)
    # Versions without rows in common are told by their centres alone.
    likeness: F64 = (jaccard + cosines) / 2 if shared.any() else cosines
    return likeness, shared


def best_pairs(cost: F64) -> Sequence[tuple[int, int]]:
    """The pairs (row, column) that cost least together, each row and column at most once, as many as there can be.

    The Hungarian method with potentials (Kuhn 1955; Munkres 1957), O(n²m). Of equal costs the earlier columns.
    """
    if not cost.size:
        return []
    if cost.shape[0] > cost.shape[1]:
        return sorted((row, column) for column, row in best_pairs(np.ascontiguousarray(cost.T)))
    rows, columns = cost.shape
    of_row, of_column = np.zeros(rows + 1), np.zeros(columns + 1)
    owner = np.zeros(columns + 1, np.int64)  # the row that has a column, from 1; 0 for none
    for row in range(1, rows + 1):
        owner[0] = row
        here = 0
        least = np.full(columns + 1, np.inf)
        came_from = np.zeros(columns + 1, np.int64)
        used = np.zeros(columns + 1, np.bool_)
        while True:
            used[here] = True
            mine = owner[here]
            slack = cost[mine - 1] - of_row[mine] - of_column[1:]
            better = ~used[1:] & (slack < least[1:])
            least[1:][better] = slack[better]
            came_from[1:][better] = here
            there = int(np.where(used[1:], np.inf, least[1:]).argmin()) + 1
            step = least[there]
            of_row[owner[used]] += step
            of_column[used] -= step
            least[~used] -= step
            here = there
            if owner[here] == 0:
                break
        while here:
            owner[here] = owner[came_from[here]]
            here = int(came_from[here])
    return sorted((int(owner[k]) - 1, k - 1) for k in range(1, columns + 1) if owner[k])
