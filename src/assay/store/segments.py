"""Segments: immutable Parquet files of examples, sorted by id."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assay.errors import Damaged
from assay.kernels.ids import IdArray, contains, id_list, ids_of, is_increasing
from assay.model.example import DOMAIN
from assay.model.provenance import COLUMNS
from assay.model.version import SegmentRef
from assay.store.erased import ERASED
from assay.store.objects import Objects, object_key
from assay.store.parquet import ROW_GROUP, get_table, open_parquet, row_groups, writer

TARGET_BYTES: Final = 32 << 20
"""A segment is closed when its file has this many bytes."""

_FIELDS: list[pa.Field[Any]] = [
    pa.field("id", pa.binary(32), nullable=False),
    pa.field("kind", pa.string(), nullable=False),
    pa.field("payload", pa.string(), nullable=False),
    pa.field("source", pa.string()),
    pa.field("record", pa.int64()),
    pa.field("shape", pa.string()),
    pa.field("extra", pa.string()),
    pa.field("hint", pa.string()),
    *(pa.field(name, pa.int32() if name == "depth" else pa.string()) for name in COLUMNS),
]

SCHEMA: Final = pa.schema(_FIELDS)
"""id: SHA-256 of `DOMAIN` and payload. payload, extra, hint: JSON. record: 1-based within the source."""

_DICTIONARY: Final = (
    "kind", "source", "shape", "origin", "generator", "prompt_template", "generation_params",
    "licence", "depth",
)  # fmt: skip
_STATISTICS: Final = ("id", "source", "record")


def write_segments(
    objects: Objects, tables: Iterable[pa.Table], scratch: Path, target_bytes: int = TARGET_BYTES
) -> list[SegmentRef]:
    """Write tables of `SCHEMA`, sorted by id over all of them, as one or more segments.

    Memory stays within one row group and one table, and the bytes do not depend on how rows are cut into
    tables. Raises ValueError when ids are not strictly increasing. `scratch` is a folder for one file.
    """
    refs: list[SegmentRef] = []
    path = scratch / "segment.parquet"
    groups = _regroup(tables)
    group = next(groups, None)
    last = b""
    while group is not None:
        first, rows = b"", 0
        with pa.OSFile(str(path), "wb") as sink, writer(sink, SCHEMA, _DICTIONARY, _STATISTICS) as out:
            while group is not None and (not rows or sink.tell() < target_bytes):
                ids = ids_of(group["id"])
                low, high = bytes(ids[0]), bytes(ids[-1])
                if low <= last or not is_increasing(ids):
                    raise ValueError("the rows of segments must be sorted by id, no two equal")
                first, last, rows = first or low, high, rows + len(ids)
                out.write_table(group, row_group_size=ROW_GROUP)
                group = next(groups, None)
        name = objects.put_file(path, "parquet")
        refs.append(SegmentRef(name, rows, path.stat().st_size, first.hex(), last.hex()))
        path.unlink()
    return refs


_SAID: Final = (
    "extra", "hint", "key", "prompt_template", "generation_params", "created", "derived_from",
)  # fmt: skip
"""Columns that say something of an example beyond where it was read and what sort it is."""


def rewrite_segment(objects: Objects, name: str, ids: IdArray, scratch: Path) -> str:
    """Write the segment `name` with the rows of some `ids` (sorted) erased; the new object's name.

    Same rows, same order, same ids: of an erased row the payload is `ERASED` and what it said of itself is null.
    """
    key = object_key(name)
    path = scratch / "segment.parquet"
    with pa.OSFile(str(path), "wb") as sink, writer(sink, SCHEMA, _DICTIONARY, _STATISTICS) as out:
        for table in row_groups(open_parquet(objects.buffer(name), key), key):
            gone = pa.array(contains(ids, ids_of(table["id"])))
            for column in ("payload", *_SAID):
                field = SCHEMA.field(column)
                blank = pa.scalar(ERASED if column == "payload" else None, field.type)
                cells = pc.if_else(gone, blank, table[column])
                table = table.set_column(table.schema.get_field_index(column), field, cells)
            out.write_table(table.select(SCHEMA.names).cast(SCHEMA), row_group_size=ROW_GROUP)
    made = objects.put_file(path, "parquet")
    path.unlink()
    return made


def _regroup(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of exactly `ROW_GROUP`, the last excepted, none of them empty."""
    waiting: list[pa.Table] = []
    held = 0
    for given in tables:
        table = given.select(SCHEMA.names).cast(SCHEMA)
        start = 0
        while held + table.num_rows - start >= ROW_GROUP:
            take = ROW_GROUP - held
            waiting.append(table.slice(start, take))
            yield pa.concat_tables(waiting)
            waiting, held, start = [], 0, start + take
        if start < table.num_rows:
            waiting.append(table.slice(start))
            held += table.num_rows - start
    if held:
        yield pa.concat_tables(waiting)


def read_segment(objects: Objects, ref: SegmentRef, columns: Sequence[str] | None = None) -> pa.Table:
    """All rows of a segment, sorted by id. Raises Damaged."""
    return get_table(objects, ref.object, columns)


def read_groups(
    objects: Objects, ref: SegmentRef, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """`read_segment` in tables of one row group each."""
    key = object_key(ref.object)
    yield from row_groups(open_parquet(objects.buffer(ref.object), key), key, columns)


def read_ids(objects: Objects, ref: SegmentRef) -> IdArray:
    """The ids of a segment, sorted: dtype V32, as many as it has rows."""
    ids = objects.ids(ref.object, lambda: ids_of(read_segment(objects, ref, ["id"])["id"]))
    if len(ids) != ref.rows:
        raise Damaged(f"{object_key(ref.object)} has {len(ids)} rows; the manifest says {ref.rows}")
    return ids


def read_rows(
    objects: Objects, ref: SegmentRef, ordinals: npt.ArrayLike, columns: Sequence[str] | None = None
) -> pa.Table:
    """The rows with these ordinals (from 0), in the order given; only their row groups are decoded.

    Raises IndexError for an ordinal that the segment does not have, Damaged.
    """
    wanted = np.asarray(ordinals, dtype=np.int64)
    key = object_key(ref.object)
    file = open_parquet(objects.buffer(ref.object), key)
    meta = file.metadata
    bounds = np.cumsum([0] + [meta.row_group(i).num_rows for i in range(meta.num_row_groups)])
    if len(wanted) and (wanted.min() < 0 or wanted.max() >= bounds[-1]):
        raise IndexError(f"{key} has {bounds[-1]} rows; row {wanted.max()} was asked for")
    in_group = np.searchsorted(bounds, wanted, side="right") - 1
    groups, at = np.unique(in_group, return_inverse=True)
    names = SCHEMA.names if columns is None else list(columns)
    if not len(groups):
        return pa.schema([SCHEMA.field(n) for n in names]).empty_table()
    try:
        table = file.read_row_groups(groups.tolist(), columns=names)
    except (pa.ArrowException, OSError) as error:
        raise Damaged(f"{key} cannot be read as Parquet: {error}") from None
    if len(wanted) == 1:  # without Arrow's functions, which take a while to load
        return table.slice(int(wanted[0] - bounds[groups[0]]), 1)
    sizes = bounds[groups + 1] - bounds[groups]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return table.take(starts[at] + wanted - bounds[in_group])


def check_rows(table: pa.Table, where: str = "a segment", erased: IdArray | None = None) -> None:
    """Re-hash the payloads of a table with `id` and `payload`. Rows of `erased` ids (sorted) must be empty.

    Raises Damaged, naming `where` and the first id that is not its payload's.
    """
    start = hashlib.sha256(DOMAIN)
    payloads = [one for part in table["payload"].chunks for one in part.view(pa.binary()).to_pylist()]
    ids = ids_of(table["id"])
    gone = contains(erased, ids) if erased is not None and len(erased) else None
    for row, (expected, payload) in enumerate(zip(id_list(ids), payloads, strict=True)):
        if gone is not None and gone[row]:
            if payload != ERASED.encode():
                raise Damaged(
                    f"{where}: the forgotten example {expected.hex()} is still there", "run `assay doctor`"
                )
            continue
        digest = start.copy()
        digest.update(payload or b"")
        if digest.digest() != expected:
            raise Damaged(f"{where}: the payload of example {expected.hex()} is not what its id says")
