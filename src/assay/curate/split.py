"""Which split an example goes to: decided by its group, stable as data grows, whatever the row order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.curate.split_group import Group, gather_groups, point_of
from assay.curate.split_strata import draw_within_strata
from assay.curate.split_time import draw_by_time
from assay.model.dates import seconds_of
from assay.model.label import label_of
from assay.model.recipe import TRAIN, SplitSpec


def join_groups(n: int, relations: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """The groups under several relations at once: rows joined by any of them share a label.

    Each relation is int64[n]: equal labels belong together, −1 belongs to nobody. The result is int64[n],
    the smallest row of each group.
    """
    parent = np.arange(n, dtype=np.int64)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = int(parent[row])
        return row

    for labels in relations:
        order = np.argsort(labels, kind="stable")
        ordered = labels[order]
        same = np.flatnonzero((ordered[1:] == ordered[:-1]) & (ordered[1:] >= 0))
        for left, right in zip(order[same].tolist(), order[same + 1].tolist(), strict=True):
            a, b = root(left), root(right)
            if a != b:
                parent[max(a, b)] = min(a, b)
    return np.fromiter((root(row) for row in range(n)), np.int64, n)


def labels_of(values: Sequence[Any]) -> npt.NDArray[np.int64]:
    """int64[n]: equal where the values have an equal `label_of`; −1 where there is no value."""
    seen: dict[str, int] = {"": -1}
    return np.fromiter(
        (seen.setdefault(label_of(value), len(seen)) for value in values), np.int64, len(values)
    )


def dates_of(values: Sequence[Any]) -> npt.NDArray[np.float64]:
    """float64[n]: seconds since 1970, NaN where there is no date (`assay.model.dates.seconds_of`)."""
    return np.fromiter(map(seconds_of, values), np.float64, len(values))


def assign(
    ids: Sequence[bytes],
    groups: npt.NDArray[np.int64],
    spec: SplitSpec | None,
    settled: Mapping[bytes, str],
    *,
    strata: npt.NDArray[np.int64] | None = None,
    dates: npt.NDArray[np.float64] | None = None,
) -> list[str]:
    """The split of each example.

    `ids` and `groups` have length n; a group never straddles splits. Its fate is a digest of the seed and
    its smallest id, held against the shares, so a split's size is about its share and adding data moves
    nobody. An example that `settled` knows (the parent version's) stays where it was and takes its
    group along; a group settled in several splits goes to train, so that no test row leaks.

    `strata`: int64[n], equal where the field of `stratify` is equal, −1 without a value; needed when the spec
    has `stratify`. `dates`: float64[n], seconds, NaN without a date; needed when it has `by: time`.
    See `split_strata` and `split_time` for what these promise.
    """
    if spec is None and not settled:
        return [TRAIN] * len(ids)
    found = gather_groups(ids, groups, settled)
    fate = {group.label: group.settled for group in found if group.settled is not None}
    open_groups = [group for group in found if group.settled is None]
    if spec is None or not spec.shares:
        fate.update((group.label, TRAIN) for group in open_groups)
    elif spec.by == "time":
        if dates is None:
            raise ValueError("a split by time needs dates")
        fate.update(draw_by_time(found, dates, spec))
    elif spec.stratify is not None:
        if strata is None:
            raise ValueError("a stratified split needs strata")
        fate.update(draw_within_strata(found, strata, ids, spec))
    else:
        fate.update((group.label, _draw(group, spec)) for group in open_groups)
    return [fate[group] for group in groups.tolist()]


def _draw(group: Group, spec: SplitSpec) -> str:
    point = point_of(spec.seed, group.smallest)
    for name, share in spec.shares.items():
        if point < share:
            return name
        point -= share
    return TRAIN
