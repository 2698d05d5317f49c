"""Which split an example goes to: decided by its group, stable as data grows, whatever the row order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

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


def assign(
    ids: Sequence[bytes],
    groups: npt.NDArray[np.int64],
    spec: SplitSpec | None,
    settled: Mapping[bytes, str],
) -> list[str]:
    """The split of each example.

    `ids` and `groups` have length n; a group never straddles splits. Its fate is a digest of the seed and
    its smallest id, held against the shares, so a split's size is about its share and adding data moves
    nobody. An example that `settled` knows (the parent version's) stays where it was and takes its
    group along; a group settled in several splits goes to train, so that no test row leaks.
    """
    if spec is None and not settled:
        return [TRAIN] * len(ids)
    smallest: dict[int, bytes] = {}
    fate: dict[int, str] = {}
    for example, group in zip(ids, groups.tolist(), strict=True):
        if group not in smallest or example < smallest[group]:
            smallest[group] = example
        before = settled.get(example)
        if before is not None:
            fate[group] = before if fate.get(group, before) == before else TRAIN
    shares = spec.shares if spec is not None else {}
    seed = spec.seed if spec is not None else 0
    for group, label in smallest.items():
        if group not in fate:
            fate[group] = _draw(seed, label, shares)
    return [fate[group] for group in groups.tolist()]


def _draw(seed: int, label: bytes, shares: Mapping[str, float]) -> str:
    digest = hashlib.sha256(f"assay.split.v1\n{seed}\n".encode() + label).digest()
    point = int.from_bytes(digest[:8], "big") / 2**64
    for name, share in shares.items():
        if point < share:
            return name
        point -= share
    return TRAIN
