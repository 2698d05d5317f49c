"""From checks and duplicates to one decision a row.

Row checks come before duplicates are resolved: of a group of equal rows the one that passes is kept.
What is reported follows the recipe's order all the same, and every failing check is listed. A twin is
always a row that was kept in the end: where the twin of an exact duplicate is itself removed as a
near-duplicate, the claim moves on to that one's twin, and is held against the same bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.curate.stage import Columns, Memory, Picked, Rows, SetStage, Whole
from assay.kernels.texts import AnyTexts

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Twins:
    """Which rows go as duplicates. All arrays have length n.

    `stage`: position of the stage in the recipe, −1 where the row is no duplicate; `twin`: the kept row;
    `similarity`: theirs, truly; `foreign`: row → (id, ref) of a twin in another version.
    """

    stage: Ints
    twin: Ints
    similarity: Floats
    foreign: dict[int, tuple[bytes, str]] = field(default_factory=dict)


def rank_rows(order: Sequence[npt.NDArray[np.generic]]) -> Ints:
    """Ranks 0…n−1 by several keys, the most important first; smaller is better."""
    packed = _packed(order)
    by_rank = np.lexsort(tuple(reversed(order))) if packed is None else np.argsort(packed, kind="stable")
    rank = np.empty(len(by_rank), np.int64)
    rank[by_rank] = np.arange(len(by_rank))
    return rank


def _packed(order: Sequence[npt.NDArray[np.generic]]) -> Ints | None:
    """Several keys as one that sorts like them, where 62 bits hold them all: one sort in place of many."""
    packed, bits = np.zeros(len(order[0]), np.int64), 0
    if not len(packed):
        return None
    for key in order:
        values = key.astype(np.int64)
        low, high = int(values.min()), int(values.max())
        width = (high - low).bit_length()
        bits += width
        if bits > 62:
            return None
        packed = (packed << width) | (values - low)
    return packed


def _closed_up(rank: Ints, rows: Ints) -> Ints:
    """The ranks of some rows among themselves; `rank` is a permutation."""
    there = np.zeros(len(rank), np.int64)
    there[rank[rows]] = 1
    return (np.cumsum(there) - 1)[rank[rows]]


def find_twins(  # noqa: PLR0913 - everything that the decision depends on
    stages: Sequence[tuple[int, SetStage]],
    keys: Sequence[Columns],
    rank: Ints,
    eligible: Bools,
    pinned: Bools,
    texts: AnyTexts,
    at: Ints | None = None,
    tier: npt.NDArray[np.int8] | None = None,
    allocate: Callable[..., npt.NDArray[Any]] = np.empty,
    memories: Sequence[Memory] | None = None,
) -> Twins:
    """Run the set stages in recipe order over n rows: those at `at` in `keys` and `texts`, which may hold more.

    `keys[k]` belongs to `stages[k]`. `eligible`: passes every row check. `pinned`: may not go (a row of the
    version that is added to). `memories[k]`: see `Whole`. Every twin in the result is eligible and is itself no
    duplicate.
    """
    barred = np.zeros((len(stages), len(rank)), np.bool_)
    at = np.arange(len(rank)) if at is None else at
    tier = np.full(len(rank), 3, np.int8) if tier is None else tier
    memories = [{} for _ in stages] if memories is None else memories
    first, found = 0, _nothing(len(rank))
    while True:
        found = _pass(
            stages, keys, rank, eligible, pinned, barred, texts, at, tier, found, first, allocate, memories
        )
        twins = Twins(found.stage.copy(), found.twin.copy(), found.similarity.copy(), found.foreign)
        again = _follow(stages, twins, eligible, barred, texts, at)
        if again is None:
            return twins
        first = again


def _nothing(n: int) -> Twins:
    return Twins(np.full(n, -1, np.int64), np.full(n, -1, np.int64), np.full(n, np.nan))


def _pass(  # noqa: PLR0913
    stages: Sequence[tuple[int, SetStage]],
    keys: Sequence[Columns],
    rank: Ints,
    eligible: Bools,
    pinned: Bools,
    barred: npt.NDArray[np.bool_],
    texts: AnyTexts,
    at: Ints,
    tier: npt.NDArray[np.int8],
    before: Twins,
    first: int,
    allocate: Callable[..., npt.NDArray[Any]],
    memories: Sequence[Memory],
) -> Twins:
    """All stages from the `first` on; what the ones before it found in the pass `before` stands."""
    twins = before
    later = np.isin(twins.stage, [position for position, _ in stages[first:]])
    twins.stage[later] = twins.twin[later] = -1
    twins.similarity[later] = np.nan
    for row in np.flatnonzero(later).tolist():
        twins.foreign.pop(row, None)
    for k, (position, stage) in enumerate(stages):
        if k < first:
            continue
        alive = np.flatnonzero(twins.stage < 0)
        there = at[alive]
        view = Rows(
            Picked(keys[k], there),
            _closed_up(rank, alive),
            (eligible & ~barred[k])[alive],
            lambda rows, there=there: _texts(texts, there, rows),  # type: ignore[misc]
            pinned=pinned[alive],
            tier=tier[alive],
            whole=Whole(keys[k], texts, there, memories[k]),
            allocate=allocate,
        )
        found = stage.decide(view)
        gone, twin = alive[found.row], np.where(found.twin >= 0, alive[found.twin], -1)
        stays = pinned[gone]
        twins.foreign.update((int(gone[k]), named) for k, named in found.foreign.items() if not stays[k])
        twins.stage[gone[~stays]] = position
        twins.twin[gone[~stays]] = twin[~stays]
        twins.similarity[gone[~stays]] = found.similarity[~stays]
    return twins


def _texts(texts: AnyTexts, at: Ints, rows: Sequence[int]) -> list[str]:
    wanted = at[np.asarray(rows, np.int64)]
    held = texts.fetched(wanted)
    return [held[row] for row in wanted.tolist()]


def _follow(
    stages: Sequence[tuple[int, SetStage]],
    twins: Twins,
    eligible: Bools,
    barred: npt.NDArray[np.bool_],
    texts: AnyTexts,
    at: Ints,
) -> int | None:
    """Move claims whose twin went on to the twin's twin; from which stage on the passes must run again.

    Where that claim cannot be proven, a failing row merely loses it; for a passing row its removed twin is
    barred from standing for others in that stage, and the passes run again.
    """
    by_position = dict(stages)
    index = {position: k for k, (position, _) in enumerate(stages)}
    again: int | None = None
    claimed = np.flatnonzero(twins.stage >= 0)
    claimed = claimed[twins.twin[claimed] >= 0]
    claimed = claimed[twins.stage[twins.twin[claimed]] >= 0]
    if not len(claimed):
        return None
    texts.fetched(at[np.concatenate([claimed, np.maximum(twins.twin[twins.twin[claimed]], 0)])])
    for row in claimed[np.argsort(-twins.stage[claimed], kind="stable")].tolist():
        gone = int(twins.twin[row])
        if gone < 0 or twins.stage[gone] < 0:
            continue
        later, kept = int(twins.stage[gone]), int(twins.twin[gone])
        if kept < 0:
            # The twin's own twin is an example of another version, which stands for both if it equals both.
            twins.stage[row], twins.twin[row] = later, -1
            twins.foreign[row], twins.similarity[row] = twins.foreign[gone], twins.similarity[gone]
            continue
        stage = by_position[later]
        whole = stage.view == "text"
        similarity = stage.similarity(texts[int(at[row])], texts[int(at[kept])]) if whole else -1.0
        if similarity >= stage.floor:
            twins.stage[row], twins.twin[row], twins.similarity[row] = later, kept, similarity
        elif eligible[row]:
            k = index[int(twins.stage[row])]
            barred[k, gone] = True
            again = min(k, again) if again is not None else k
        else:
            twins.stage[row] = twins.twin[row] = -1
    return again
