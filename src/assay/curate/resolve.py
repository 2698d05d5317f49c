"""From checks and duplicates to one decision a row.

Row checks come before duplicates are resolved: of a group of equal rows the one that passes is kept.
What is reported follows the recipe's order all the same, and every failing check is listed. A twin is
always a row that was kept in the end: where the twin of an exact duplicate is itself removed as a
near-duplicate, the claim moves on to that one's twin, and is held against the same bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assay.curate.stage import Columns, Picked, Rows, SetStage, Whole
from assay.kernels.texts import Texts

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Twins:
    """Which rows go as duplicates. All arrays have length n.

    `stage`: position of the stage in the recipe, −1 where the row is no duplicate; `twin`: the kept row;
    `similarity`: theirs, truly.
    """

    stage: Ints
    twin: Ints
    similarity: Floats


def rank_rows(order: Sequence[npt.NDArray[np.generic]]) -> Ints:
    """Ranks 0…n−1 by several keys, the most important first; smaller is better."""
    by_rank = np.lexsort(tuple(reversed(order)))
    rank = np.empty(len(by_rank), np.int64)
    rank[by_rank] = np.arange(len(by_rank))
    return rank


def find_twins(
    stages: Sequence[tuple[int, SetStage]],
    keys: Sequence[Columns],
    rank: Ints,
    eligible: Bools,
    pinned: Bools,
    texts: Texts,
    at: Ints | None = None,
) -> Twins:
    """Run the set stages in recipe order over n rows: those at `at` in `keys` and `texts`, which may hold more.

    `keys[k]` belongs to `stages[k]`. `eligible`: passes every row check. `pinned`: may not go (a row of the
    version that is added to). Every twin in the result is eligible and is itself no duplicate.
    """
    barred = np.zeros((len(stages), len(rank)), np.bool_)
    at = np.arange(len(rank)) if at is None else at
    while True:
        twins = _pass(stages, keys, rank, eligible, pinned, barred, texts, at)
        if not _follow(stages, twins, eligible, barred, texts.take(at)):
            return twins


def _pass(  # noqa: PLR0913
    stages: Sequence[tuple[int, SetStage]],
    keys: Sequence[Columns],
    rank: Ints,
    eligible: Bools,
    pinned: Bools,
    barred: npt.NDArray[np.bool_],
    texts: Texts,
    at: Ints,
) -> Twins:
    n = len(rank)
    twins = Twins(np.full(n, -1, np.int64), np.full(n, -1, np.int64), np.full(n, np.nan))
    for k, (position, stage) in enumerate(stages):
        alive = np.flatnonzero(twins.stage < 0)
        there = at[alive]
        view = Rows(
            Picked(keys[k], there),
            np.argsort(np.argsort(rank[alive], kind="stable"), kind="stable").astype(np.int64),
            (eligible & ~barred[k])[alive],
            lambda rows, there=there: [texts[int(there[row])] for row in rows],  # type: ignore[misc]
            whole=Whole(keys[k], texts, there),
        )
        found = stage.decide(view)
        row, twin = alive[found.row], alive[found.twin]
        stays = pinned[row]
        twins.stage[row[~stays]] = position
        twins.twin[row[~stays]] = twin[~stays]
        twins.similarity[row[~stays]] = found.similarity[~stays]
    return twins


def _follow(
    stages: Sequence[tuple[int, SetStage]],
    twins: Twins,
    eligible: Bools,
    barred: npt.NDArray[np.bool_],
    texts: Texts,
) -> bool:
    """Move claims whose twin went on to the twin's twin; True when the passes must run again.

    Where that claim cannot be proven, a failing row merely loses it; for a passing row its removed twin is
    barred from standing for others in that stage, and the passes run again.
    """
    by_position = dict(stages)
    index = {position: k for k, (position, _) in enumerate(stages)}
    again = False
    claimed = np.flatnonzero(twins.stage >= 0)
    for row in claimed[np.argsort(-twins.stage[claimed], kind="stable")].tolist():
        gone = int(twins.twin[row])
        if twins.stage[gone] < 0:
            continue
        later, kept = int(twins.stage[gone]), int(twins.twin[gone])
        stage = by_position[later]
        similarity = stage.similarity(texts[row], texts[kept])
        if similarity >= stage.floor:
            twins.stage[row], twins.twin[row], twins.similarity[row] = later, kept, similarity
        elif eligible[row]:
            barred[index[int(twins.stage[row])], gone] = True
            again = True
        else:
            twins.stage[row] = twins.twin[row] = -1
    return again
