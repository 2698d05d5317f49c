"""Change objects: what a version changed of its parent, as a small Parquet file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.errors import Damaged
from assay.kernels.ids import IdArray, find, flat, id_list, ids_of, order
from assay.model.diff import Change, Diff, make_diff
from assay.store.objects import Objects, object_key
from assay.store.parquet import get_table, put_table

_FIELDS: list[pa.Field[Any]] = [
    pa.field("id", pa.binary(32), nullable=False),
    pa.field("op", pa.string(), nullable=False),
    pa.field("old_id", pa.binary(32)),
    pa.field("split", pa.string()),
    pa.field("old_split", pa.string()),
]

SCHEMA: Final = pa.schema(_FIELDS)
"""op: added | removed | edited | moved; the other fields as in `assay.model.diff.Change`."""

_OPS: Final = ("added", "removed", "edited", "moved")


def write_change(objects: Objects, diff: Diff) -> str:
    """Write a diff, sorted by id; the object's name."""
    rows = sorted(((c, op) for op in _OPS for c in getattr(diff, op)), key=lambda pair: pair[0].id)
    table = pa.table(
        {
            "id": pa.array([c.id for c, _ in rows], pa.binary(32)),
            "op": pa.array([op for _, op in rows], pa.string()),
            "old_id": pa.array([c.old_id for c, _ in rows], pa.binary(32)),
            "split": pa.array([c.split for c, _ in rows], pa.string()),
            "old_split": pa.array([c.old_split for c, _ in rows], pa.string()),
        },
        schema=SCHEMA,
    )
    return put_table(objects, table, dictionary=["op", "split", "old_split"])


def read_change(objects: Objects, name: str) -> Diff:
    """The diff that a change object holds. Raises Damaged."""
    table = change_table(objects, name)
    found: dict[str, list[Change]] = {op: [] for op in _OPS}
    columns = [table[c].to_pylist() for c in SCHEMA.names]
    for id_, op, old_id, split, old_split in zip(*columns, strict=True):
        if op not in found:
            raise Damaged(f"{object_key(name)} has the unknown change {op!r}")
        found[op].append(Change(id_, split, old_split, old_id))
    return Diff(*(tuple(found[op]) for op in _OPS))


def ids_that_came(objects: Objects, name: str) -> IdArray:
    """The sorted ids that a change object brings into a version: added, or edited into. Raises Damaged."""
    table = get_table(objects, name, ["id", "op"])
    ids = ids_of(table["id"])[pc.is_in(table["op"], pa.array(["added", "edited"])).to_numpy()]
    found: IdArray = ids[order(ids)]
    return found


def change_table(objects: Objects, name: str) -> pa.Table:
    """The rows of a change object, sorted by id, as `SCHEMA` has them. Raises Damaged."""
    table = get_table(objects, name)
    if table.schema.names != SCHEMA.names:
        raise Damaged(f"{object_key(name)} is not a change object")
    return table


def change_between(
    before: Mapping[str, IdArray], after: Mapping[str, IdArray], edits: Iterable[tuple[bytes, bytes]]
) -> Diff:
    """The diff of two memberships (split → sorted ids, none in two splits) with links (old id, new id)."""
    old_names, old_ids, old_split = flat(before)
    names, ids, split = flat(after)
    numbers = {name: i for i, name in enumerate(old_names)}
    same = np.array([numbers.get(n, -1) for n in names] or [-1], dtype=np.int64)
    at = find(old_ids, ids)
    came = at < 0
    states: list[tuple[bytes, str | None, str | None]] = [
        (i, None, names[s]) for i, s in zip(id_list(ids[came]), split[came].tolist(), strict=True)
    ]
    stayed = np.flatnonzero(~came)
    moved = stayed[old_split[at[stayed]] != same[split[stayed]]]
    both = zip(id_list(ids[moved]), old_split[at[moved]].tolist(), split[moved].tolist(), strict=True)
    states += [(i, old_names[b], names[s]) for i, b, s in both]
    gone = find(ids, old_ids) < 0
    left = zip(id_list(old_ids[gone]), old_split[gone].tolist(), strict=True)
    states += [(i, old_names[b], None) for i, b in left]
    return make_diff(states, edits)
