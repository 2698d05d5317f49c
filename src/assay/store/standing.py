"""Which examples of a dataset are disabled: a fold of the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from assay.kernels.ids import IdArray, as_ids, concat, contains, id_list, order
from assay.model.operation import Operation
from assay.model.version import SegmentRef
from assay.store.change import read_change
from assay.store.idsets import ids_in
from assay.store.objects import Objects

DISABLE: Final = "disable"
ENABLE: Final = "enable"


def disabled(objects: Objects, entries: Iterable[Operation], dataset: str) -> IdArray:
    """The ids (V32, sorted) that the last act on each left disabled. Raises Damaged."""
    gone = as_ids([])
    for operation in _acts(entries, dataset):
        ids = ids_in(objects, operation.body)
        gone = union(gone, ids) if operation.action == DISABLE else gone[~contains(ids, gone)]
    return gone


def last_act(entries: Iterable[Operation], dataset: str) -> int:
    """The sequence number of the last operation that `disabled` depends on; 0 for none."""
    return max((operation.seq for operation in _acts(entries, dataset)), default=0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where examples stood before they were disabled: split → sorted ids, and the segments that hold the rows."""

    splits: Mapping[str, IdArray]
    segments: tuple[SegmentRef, ...]


def place_before(objects: Objects, entries: Iterable[Operation], dataset: str, ids: IdArray) -> Place:
    """Where those of `ids` (sorted) stood that disabling took out of a version; the last time counts."""
    split: dict[bytes, str] = {}
    segments: dict[SegmentRef, None] = {}
    for operation in _acts(entries, dataset):
        if operation.action != DISABLE or "manifest" not in operation.body:
            continue
        made = objects.manifest(operation.body["manifest"])
        if made.change is None or not made.parents:
            continue
        removed = [c for c in read_change(objects, made.change).removed if c.old_split is not None]
        here = contains(ids, as_ids(c.id for c in removed))
        found = {c.id: c.old_split for c, hit in zip(removed, here.tolist(), strict=True) if hit}
        if found:
            split |= {one: name for one, name in found.items() if name is not None}
            parts = objects.manifest(made.parents[0]).splits.values()
            segments |= dict.fromkeys(part.segment for listed in parts for part in listed)
    splits: dict[str, list[bytes]] = {}
    for one in sorted(split):
        splits.setdefault(split[one], []).append(one)
    return Place({name: as_ids(held) for name, held in sorted(splits.items())}, tuple(segments))


def union(a: IdArray, b: IdArray) -> IdArray:
    """The ids of both, sorted, each once. `a` and `b` are sorted."""
    if not len(a) or not len(b):
        return a if len(a) else b
    both = concat([a, b[~contains(a, b)]])
    return both[order(both)]


def without(splits: Mapping[str, IdArray], ids: IdArray) -> dict[str, IdArray]:
    """The membership less some ids (sorted); a split that is left empty is left out."""
    kept = {name: held[~contains(ids, held)] for name, held in splits.items()}
    return {name: np.ascontiguousarray(held) for name, held in kept.items() if len(held)}


def together(a: Mapping[str, IdArray], b: Mapping[str, IdArray]) -> dict[str, IdArray]:
    """The membership with the ids of another added to it."""
    none = as_ids([])
    return {name: union(a.get(name, none), b.get(name, none)) for name in sorted({*a, *b})}


def member_ids(splits: Mapping[str, IdArray]) -> IdArray:
    """All ids of a membership, sorted."""
    joined = concat(list(splits.values()))
    return joined[order(joined)]


def spelled(ids: IdArray, shown: int = 5) -> str:
    """A few ids for a message."""
    return ", ".join(one.hex() for one in id_list(ids[:shown])) + (", …" if len(ids) > shown else "")


def _acts(entries: Iterable[Operation], dataset: str) -> list[Operation]:
    return [e for e in entries if e.dataset == dataset and e.action in (DISABLE, ENABLE)]
