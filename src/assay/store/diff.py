"""The difference of two versions, at the cost of what changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import orjson
import pyarrow as pa
from pyroaring import FrozenBitMap

from assay.errors import Damaged
from assay.kernels.ids import Positions, id_list, ids_of
from assay.model.diff import Diff, Row, make_diff, pair_edits
from assay.model.example import views
from assay.model.version import Manifest, Part, SegmentRef
from assay.store.change import read_change
from assay.store.members import live_rows, rows_of
from assay.store.objects import Objects, object_key
from assay.store.segments import read_rows

Place = tuple[SegmentRef, int]


def diff(objects: Objects, a: Manifest, b: Manifest) -> Diff:
    """What leads from version `a` to version `b`, which may be any two.

    Along a line of history the recorded changes are composed and no segment is opened. Otherwise segments
    that both share are compared by their exclusions, and only rows that differ are read; a removed and an
    added example are then one edit when their records have the same key, or else the same input, and
    nothing else has it. Raises Damaged.
    """
    if a.is_same(b):
        return Diff()
    forward = _along(objects, a, b)
    if forward is not None:
        return forward
    backward = _along(objects, b, a)
    if backward is not None:
        return backward.inverse()
    return _by_content(objects, a, b)


def _along(objects: Objects, a: Manifest, b: Manifest) -> Diff | None:
    """The changes from `a` to `b`, composed; None when `b` was not made from `a`, step by step."""
    steps = changes_between(objects, a, b)
    return None if steps is None else compose(read_change(objects, step) for step in steps)


def changes_between(objects: Objects, a: Manifest, b: Manifest) -> list[str] | None:
    """The names of the changes that lead from `a` to `b`, in their order; None when `b` was not made from `a`, step by
    step. Raises Damaged."""
    steps: list[str] = []
    at = b
    while not at.is_same(a):
        if not at.parents or at.change is None or at.number <= a.number:
            return None
        steps.append(at.change)
        at = objects.manifest(at.parents[0])
    return steps[::-1]


def compose(diffs: Iterable[Diff]) -> Diff:
    """One diff that does what the given ones do, one after the other."""
    first: dict[bytes, str | None] = {}
    last: dict[bytes, str | None] = {}
    origin: dict[bytes, bytes] = {}
    for step in diffs:
        for id_, (before, after) in step.states().items():
            first.setdefault(id_, before)
            last[id_] = after
        found = {c.id: origin.get(c.old_id, c.old_id) for c in step.edited if c.old_id is not None}
        for change in step.added:
            origin.pop(change.id, None)  # came back for another reason
        origin |= found
    links = ((old, new) for new, old in origin.items())
    return make_diff(((i, first[i], last[i]) for i in first), links)


def _by_content(objects: Objects, a: Manifest, b: Manifest) -> Diff:
    before, after = _differing(objects, a, b)
    states = [
        (id_, before[id_][0] if id_ in before else None, after[id_][0] if id_ in after else None)
        for id_ in before.keys() | after.keys()
    ]
    left = {i: place for i, (_, place) in before.items() if i not in after}
    came = {i: place for i, (_, place) in after.items() if i not in before}
    pairs = pair_edits(rows_to_pair(objects, left), rows_to_pair(objects, came)) if left and came else {}
    return make_diff(states, pairs.items())


Held = dict[bytes, tuple[str, Place]]


def _differing(objects: Objects, a: Manifest, b: Manifest) -> tuple[Held, Held]:
    """The examples of rows that are not live in the same split of both: id → (split, place), for `a` and `b`.

    An example that changed segments but not splits is in both.
    """
    parts_a, parts_b = _by_segment(a), _by_segment(b)
    out: tuple[Held, Held] = ({}, {})
    for ref in parts_a.keys() | parts_b.keys():
        in_a, in_b = parts_a.get(ref, {}), parts_b.get(ref, {})
        rows: list[tuple[int, str, Positions]] = []
        for split in in_a.keys() | in_b.keys():
            one, other = in_a.get(split), in_b.get(split)
            only_a, only_b = _only(one, other)
            rows += [(0, split, only_a), (1, split, only_b)]
        wanted = np.unique(np.concatenate([r for _, _, r in rows]))
        if not len(wanted):
            continue
        ids = id_list(ids_of(read_rows(objects, ref, wanted, ["id"])["id"]))
        known = dict(zip(wanted.tolist(), ids, strict=True))
        for side, split, ordinals in rows:
            for ordinal in ordinals.tolist():
                out[side][known[ordinal]] = (split, (ref, ordinal))
    return out


def _only(one: Part | None, other: Part | None) -> tuple[Positions, Positions]:
    """The ordinals that are live in one of two parts of a segment only."""
    if one is None or other is None:
        none = np.empty(0, dtype=np.int64)
        return (none if one is None else live_rows(one)), (none if other is None else live_rows(other))
    return _array(other.excluded - one.excluded), _array(one.excluded - other.excluded)


def _array(rows: FrozenBitMap) -> Positions:
    return np.array(rows.to_array(), dtype=np.int64)


def _by_segment(manifest: Manifest) -> dict[SegmentRef, dict[str, Part]]:
    out: dict[SegmentRef, dict[str, Part]] = {}
    for split, parts in manifest.splits.items():
        for part in parts:
            if out.setdefault(part.segment, {}).setdefault(split, part) is not part:
                raise Damaged(f"{object_key(manifest.name)} lists a segment twice in split {split}")
    return out


def rows_to_pair(objects: Objects, places: Mapping[bytes, Place]) -> list[Row]:
    """What `pair_edits` needs of the examples at these places."""
    out: list[Row] = []
    chosen = sorted(places.values(), key=lambda p: (p[0].object, p[1]))
    for start in range(0, len(chosen), 10_000):
        table = rows_of(objects, chosen[start : start + 10_000], ["id", "key", "source", "payload"])
        out.extend(table_to_pair(table))
    return out


def table_to_pair(table: pa.Table) -> Iterator[Row]:
    """What `pair_edits` needs of the rows of a table with id, key, source and payload."""
    columns: Sequence[list[str | None]] = [table[n].to_pylist() for n in ("key", "source", "payload")]
    for id_, key, source, payload in zip(id_list(ids_of(table["id"])), *columns, strict=True):
        text = views(orjson.loads(payload or "{}")).input
        yield Row(
            id_,
            (source or "", key) if key else None,
            hashlib.sha256(text.encode()).digest() if text.strip() else None,
        )
