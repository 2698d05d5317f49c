"""Stratified splits: the shares hold within every value of a field, as near as whole groups allow.

Promise, for every value with N rows and the greatest of its open groups of g rows, when nothing is settled: the
rows of each split differ from share·N by at most max(1, g), and by less than 1 when all groups are single rows.
The order of rows does not matter. Without a parent, growing data moves only groups whose draw is near the
quota's edge; what a parent version has settled is never moved, and open groups make up for it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from assay.curate.split_group import Group, point_of
from assay.model.recipe import TRAIN, SplitSpec


def draw_within_strata(
    groups: Sequence[Group], strata: npt.NDArray[np.int64], ids: Sequence[bytes], spec: SplitSpec
) -> dict[int, str]:
    """Label → split, for the groups that are not settled.

    A group counts for the value that most of its rows have, of equals the one with the smallest id.
    """
    by_stratum: dict[int, list[Group]] = {}
    for group in groups:
        by_stratum.setdefault(_stratum(group, strata, ids), []).append(group)
    fate: dict[int, str] = {}
    for members in by_stratum.values():
        fate.update(_fill(members, spec))
    return fate


def _stratum(group: Group, strata: npt.NDArray[np.int64], ids: Sequence[bytes]) -> int:
    if len(group) == 1:
        return int(strata[group.rows[0]])
    values = [(int(strata[row]), ids[row]) for row in group.rows]
    counts = Counter(value for value, _ in values)
    most = max(counts.values())
    return min((example, value) for value, example in values if counts[value] == most)[1]


def _fill(members: Sequence[Group], spec: SplitSpec) -> dict[int, str]:
    """Groups in the order of their draws; each to the first split that it brings nearer to its quota."""
    quota = _quotas(members, spec)
    filled = dict.fromkeys(quota, 0)
    for group in members:
        if group.settled in filled:
            filled[group.settled] += len(group)
    fate: dict[int, str] = {}
    open_groups = [group for group in members if group.settled is None]
    for group in sorted(open_groups, key=lambda g: (point_of(spec.seed, g.smallest), g.smallest)):
        fate[group.label] = TRAIN
        for name, rows in quota.items():
            if filled[name] + len(group) / 2 <= rows:
                filled[name] += len(group)
                fate[group.label] = name
                break
    return fate


def _quotas(members: Sequence[Group], spec: SplitSpec) -> dict[str, int]:
    """How many rows each split is to have: rounded down or up by a draw, so that many small values together still
    give each split its share."""
    rows = sum(map(len, members))
    offset = point_of(spec.seed, b"quota\n" + min(group.smallest for group in members))
    quota: dict[str, int] = {}
    edge, done = 0.0, 0
    for name, share in spec.shares.items():
        edge += share
        upto = math.floor(edge * rows + offset)
        quota[name], done = upto - done, upto
    return quota
