"""Change objects: what a version changed of its parent, as a small Parquet file."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from assay.errors import Damaged
from assay.model.diff import Change, Diff
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
    table = get_table(objects, name)
    if table.schema.names != SCHEMA.names:
        raise Damaged(f"{object_key(name)} is not a change object")
    found: dict[str, list[Change]] = {op: [] for op in _OPS}
    columns = [table[c].to_pylist() for c in SCHEMA.names]
    for id_, op, old_id, split, old_split in zip(*columns, strict=True):
        if op not in found:
            raise Damaged(f"{object_key(name)} has the unknown change {op!r}")
        found[op].append(Change(id_, split, old_split, old_id))
    return Diff(*(tuple(found[op]) for op in _OPS))
