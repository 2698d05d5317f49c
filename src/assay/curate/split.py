"""Which split an example goes to: decided by its group, stable as data grows, whatever the row order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.curate.split_group import gather_groups
from assay.curate.split_strata import draw_within_strata
from assay.curate.split_time import draw_by_time
from assay.kernels.ids import id_list, order
from assay.model.dates import seconds_of
from assay.model.label import label_of
from assay.model.recipe import TRAIN, SplitSpec


def join_groups(n: int, relations: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """The groups under several relations at once: rows joined by any of them share a label.

    Each relation is int64[n]: equal labels belong together, −1 belongs to nobody. The result is int64[n],
    the smallest row of each group.
    """
    groups = [group for labels in relations for group in _shared_labels(labels)]
    label = np.arange(n, dtype=np.int64)
    while groups:
        before = label.copy()
        for rows, starts in groups:
            smallest = np.minimum.reduceat(label[rows], starts)
            label[rows] = np.repeat(smallest, np.diff(np.append(starts, len(rows))))
        label = label[label]
        if np.array_equal(label, before):
            break
    return label


def _shared_labels(
    labels: npt.NDArray[np.int64],
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Rows that share a label with another, one label after the other, and where each label begins among them."""
    order = np.argsort(labels, kind="stable")
    ordered = labels[order]
    same = (ordered[1:] == ordered[:-1]) & (ordered[1:] >= 0)
    shared = np.concatenate([same, [False]]) | np.concatenate([[False], same]) if len(labels) else same
    rows = order[shared]
    if not len(rows):
        return []
    kept = labels[rows]
    return [(rows, np.flatnonzero(np.concatenate([[True], kept[1:] != kept[:-1]])))]


def labels_of(values: Sequence[Any]) -> npt.NDArray[np.int64]:
    """int64[n]: equal where the values have an equal `label_of`; −1 where there is no value."""
    seen: dict[str, int] = {"": -1}
    return np.fromiter(
        (seen.setdefault(label_of(value), len(seen)) for value in values), np.int64, len(values)
    )


def dates_of(values: Sequence[Any]) -> npt.NDArray[np.float64]:
    """float64[n]: seconds since 1970, NaN where there is no date (`assay.model.dates.seconds_of`)."""
    return np.fromiter(map(seconds_of, values), np.float64, len(values))


@dataclass(frozen=True)
class Standing:
    """Where rows stand already: `code[row]` is a position in `names`, −1 for a row that is new."""

    code: npt.NDArray[np.int64]
    names: Sequence[str] = ()

    @classmethod
    def nowhere(cls, n: int) -> Standing:
        return cls(np.full(n, -1, np.int64))


def assign(
    ids: npt.NDArray[np.bytes_],
    groups: npt.NDArray[np.int64],
    spec: SplitSpec | None,
    standing: Standing,
    *,
    strata: npt.NDArray[np.int64] | None = None,
    dates: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.object_]:
    """The split of each example.

    `ids` (S32) and `groups` have length n; a group never straddles splits. Its fate is a digest of the seed and
    its smallest id, held against the shares, so a split's size is about its share and adding data moves
    nobody. An example that stands somewhere already (in the parent version) stays where it was and takes its
    group along; a group that stands in several splits goes to train, so that no test row leaks.

    `strata`: int64[n], equal where the field of `stratify` is equal, −1 without a value; needed when the spec
    has `stratify`. `dates`: float64[n], seconds, NaN without a date; needed when it has `by: time`.
    See `split_strata` and `split_time` for what these promise.
    """
    if spec is not None and spec.shares and (spec.by == "time" or spec.stratify is not None):
        return _by_field(ids, groups, spec, standing, strata, dates)
    n = len(ids)
    names = [TRAIN, *(name for name in standing.names if name != TRAIN)]
    shares = dict(spec.shares) if spec is not None else {}
    names += [name for name in shares if name not in names]
    if not n:
        return np.empty(0, np.object_)
    _, group = np.unique(groups, return_inverse=True)
    fate = _settled(group, standing, names)
    if shares:
        by_id = order(np.ascontiguousarray(ids).view("V32"))
        open_groups = np.flatnonzero(fate < 0)
        _, first = np.unique(group[by_id], return_index=True)
        smallest = by_id[first][open_groups]
        drawn = _draw(spec.seed if spec is not None else 0, ids[smallest], shares)
        fate[open_groups] = np.array([names.index(TRAIN), *map(names.index, shares)])[drawn]
    fate[fate < 0] = 0
    return np.array(names, np.object_)[fate[group]]


def _by_field(
    ids: npt.NDArray[np.bytes_],
    groups: npt.NDArray[np.int64],
    spec: SplitSpec,
    standing: Standing,
    strata: npt.NDArray[np.int64] | None,
    dates: npt.NDArray[np.float64] | None,
) -> npt.NDArray[np.object_]:
    spelled = id_list(np.ascontiguousarray(ids).view("V32"))
    before = {spelled[k]: standing.names[code] for k, code in enumerate(standing.code.tolist()) if code >= 0}
    found = gather_groups(spelled, groups, before)
    fate = {group.label: group.settled for group in found if group.settled is not None}
    if spec.by == "time":
        if dates is None:
            raise ValueError("a split by time needs dates")
        fate.update(draw_by_time(found, dates, spec))
    else:
        if strata is None:
            raise ValueError("a stratified split needs strata")
        fate.update(draw_within_strata(found, strata, spelled, spec))
    return np.array([fate[group] for group in groups.tolist()], np.object_)


def _settled(group: npt.NDArray[np.int64], standing: Standing, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """For each group the position in `names` of the split where it stands, −1 where it stands nowhere."""
    fate = np.full(int(group.max()) + 1, -1, np.int64)
    stands = np.flatnonzero(standing.code >= 0)
    if len(stands):
        code = np.array([names.index(name) for name in standing.names], np.int64)[standing.code[stands]]
        low, high = np.full(len(fate), len(names)), np.full(len(fate), -1)
        np.minimum.at(low, group[stands], code)
        np.maximum.at(high, group[stands], code)
        fate = np.where(high < 0, -1, np.where(low == high, high, 0))
    return fate


def _draw(seed: int, labels: npt.NDArray[np.bytes_], shares: Mapping[str, float]) -> npt.NDArray[np.int64]:
    """For each label 1 + the position of the share that its digest falls in, 0 where it falls in none."""
    begun = hashlib.sha256(f"assay.split.v1\n{seed}\n".encode())
    digests = []
    raw = labels.tobytes()
    for at in range(0, len(raw), 32):
        digest = begun.copy()
        digest.update(raw[at : at + 32])
        digests.append(digest.digest()[:8])
    point = np.frombuffer(b"".join(digests), ">u8").astype(np.float64) / 2**64
    found = np.zeros(len(labels), np.int64)
    open_points = np.ones(len(labels), np.bool_)
    for position, share in enumerate(shares.values(), 1):
        hit = open_points & (point < share)
        found[hit] = position
        open_points &= ~hit
        point -= share
    return found
