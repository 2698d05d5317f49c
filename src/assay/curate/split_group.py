"""Groups of examples that share one fate, and the even draw that each of them gets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from assay.model.recipe import TRAIN


@dataclass(slots=True)
class Group:
    """`label` as the caller has it; the `smallest` id; `rows`, indices; where it is `settled`, None when nowhere."""

    label: int
    smallest: bytes
    settled: str | None = None
    rows: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)


def gather_groups(
    ids: Sequence[bytes], groups: npt.NDArray[np.int64], settled: Mapping[bytes, str]
) -> list[Group]:
    """All groups. One that is settled in several splits is settled in train."""
    found: dict[int, Group] = {}
    for row, (example, label) in enumerate(zip(ids, groups.tolist(), strict=True)):
        group = found.get(label)
        if group is None:
            group = found[label] = Group(label, example)
        elif example < group.smallest:
            group.smallest = example
        group.rows.append(row)
        before = settled.get(example)
        if before is not None:
            group.settled = before if group.settled in (None, before) else TRAIN
    return list(found.values())


def point_of(seed: int, label: bytes) -> float:
    """An even draw from 0 to below 1 for a seed and an id."""
    digest = hashlib.sha256(f"assay.split.v1\n{seed}\n".encode() + label).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
