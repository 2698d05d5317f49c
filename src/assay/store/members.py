"""Which examples a version holds, and their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.errors import Damaged
from assay.kernels.ids import IdArray, Positions, concat, order, position
from assay.model.version import Manifest, Part, SegmentRef
from assay.store.erased import ERASED
from assay.store.objects import Objects, object_key
from assay.store.segments import SCHEMA, read_groups, read_ids, read_rows, read_segment

_WINDOW_BYTES = 96 << 20
"""Compressed bytes of rows that are fetched at once when rows are wanted in another order than they lie."""


@dataclass(frozen=True, slots=True)
class Placed:
    """All examples of a version, sorted by id, and where each lies.

    Arrays of equal length: `ids`; `split` and `segment`, positions in `splits` and `segments`; `row`, the
    ordinal within the segment.
    """

    splits: tuple[str, ...]
    segments: tuple[SegmentRef, ...]
    ids: IdArray
    split: Positions
    segment: Positions
    row: Positions


def live_rows(part: Part) -> Positions:
    """The ordinals of a part that are not excluded, increasing. Raises Damaged when one is no row."""
    mask = np.ones(part.segment.rows, dtype=bool)
    if part.excluded:
        if part.excluded.max() >= part.segment.rows:
            raise Damaged(
                f"a manifest excludes row {part.excluded.max()} of {object_key(part.segment.object)}"
            )
        mask[np.array(part.excluded.to_array(), dtype=np.int64)] = False
    return np.flatnonzero(mask)


def place(objects: Objects, manifest: Manifest | None) -> Placed:
    """Where all examples of a version lie; of None: no examples."""
    splits: dict[str, tuple[Part, ...]] = dict(manifest.splits) if manifest else {}
    names = tuple(sorted(splits))
    refs: dict[SegmentRef, int] = {}
    ids: list[IdArray] = []
    columns: list[tuple[int, int, Positions]] = []
    held: dict[str, IdArray] = {}
    for s, name in enumerate(names):
        for part in splits[name]:
            number = refs.setdefault(part.segment, len(refs))
            if part.segment.object not in held:
                held[part.segment.object] = read_ids(objects, part.segment)
            rows = live_rows(part)
            ids.append(held[part.segment.object][rows])
            columns.append((s, number, rows))
    joined = concat(ids)
    by_id = order(joined)
    split = np.concatenate([np.full(len(r), s) for s, _, r in columns] or [np.empty(0, dtype=np.int64)])
    segment = np.concatenate([np.full(len(r), n) for _, n, r in columns] or [np.empty(0, dtype=np.int64)])
    row = np.concatenate([r for _, _, r in columns] or [np.empty(0, dtype=np.int64)])
    return Placed(names, tuple(refs), joined[by_id], split[by_id], segment[by_id], row[by_id])


def split_ids(objects: Objects, manifest: Manifest, split: str) -> IdArray:
    """The sorted ids of one split; none when the version has no such split."""
    found = concat([read_ids(objects, p.segment)[live_rows(p)] for p in manifest.splits.get(split, ())])
    return found[order(found)]


def all_ids(objects: Objects, manifest: Manifest) -> dict[str, IdArray]:
    """Split → its sorted ids."""
    return {split: split_ids(objects, manifest, split) for split in manifest.splits}


def locate(objects: Objects, manifest: Manifest, id: bytes) -> tuple[str, SegmentRef, int] | None:
    """The split, segment and ordinal of an example, or None; opens only segments whose id range fits."""
    spelled = id.hex()
    for split, parts in manifest.splits.items():
        for part in parts:
            if not part.segment.min_id <= spelled <= part.segment.max_id:
                continue
            row = position(read_ids(objects, part.segment), id)
            if row >= 0 and row not in part.excluded:
                return split, part.segment, row
    return None


def live_tables(
    objects: Objects, manifest: Manifest, columns: Sequence[str] | None = None, split: str | None = None
) -> Iterator[tuple[str, pa.Table]]:
    """All rows that were not erased, as (split, table of a row group's live rows), in bounded memory."""
    for name in [split] if split is not None else sorted(manifest.splits):
        for part in manifest.splits.get(name, ()):
            for table in part_tables(objects, part, columns):
                yield name, table


def part_tables(objects: Objects, part: Part, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The live rows of one segment in a version, row group by row group; erased ones only without `payload`."""
    live = np.ones(part.segment.rows, dtype=bool)
    if part.excluded:
        live[np.array(part.excluded.to_array(), dtype=np.int64)] = False
    start = 0
    for table in read_groups(objects, part.segment, columns):
        keep = live[start : start + table.num_rows]
        start += table.num_rows
        if keep.all():
            yield shown(table)
        elif keep.any():
            yield shown(table.take(np.flatnonzero(keep)))


def shown(table: pa.Table) -> pa.Table:
    """The rows of a table that were not erased; all of them where their payloads were not read."""
    if "payload" not in table.column_names:
        return table
    here = pc.not_equal(table.column("payload"), ERASED)
    return table if pc.all(here, min_count=0).as_py() else table.filter(here)


def tables_by_id(
    objects: Objects,
    manifest: Manifest,
    split: str,
    columns: Sequence[str] | None = None,
    rows: int = 20_000,
) -> Iterator[pa.Table]:
    """The rows of a split sorted by id, in tables of at most `rows`."""
    parts = manifest.splits.get(split, ())
    refs, ids, segment, row = _part_rows(objects, parts)
    by_id = order(ids)
    yield from _gather(objects, refs, segment[by_id], row[by_id], columns, rows)


def tables_in_source_order(
    objects: Objects,
    manifest: Manifest,
    split: str,
    columns: Sequence[str] | None = None,
    rows: int = 20_000,
) -> Iterator[pa.Table]:
    """The rows of a split that were not erased, as their sources had them: by source, record number, then id.

    In tables of at most `rows`. Memory is bounded by a window of the rows, not by the split.
    """
    parts = manifest.splits.get(split, ())
    refs, ids, segment, row = _part_rows(objects, parts)
    if not len(ids):
        return
    places = pa.concat_tables(
        [read_segment(objects, p.segment, ["source", "record"]).take(live_rows(p)) for p in parts]
    )
    at = np.empty(len(ids), dtype=np.int64)
    at[order(ids)] = np.arange(len(ids))
    keyed = places.append_column("_id", pa.array(at))
    by_place = keyed.sort_by([("source", "ascending"), ("record", "ascending"), ("_id", "ascending")])
    wanted = order(ids)[by_place["_id"].to_numpy()]
    yield from map(shown, _gather(objects, refs, segment[wanted], row[wanted], columns, rows))


def rows_of(
    objects: Objects, places: Sequence[tuple[SegmentRef, int]], columns: Sequence[str] | None = None
) -> pa.Table:
    """The rows at these (segment, ordinal) places, in the order given."""
    refs = list(dict.fromkeys(ref for ref, _ in places))
    number: Mapping[SegmentRef, int] = {ref: i for i, ref in enumerate(refs)}
    segment = np.array([number[ref] for ref, _ in places], dtype=np.int64)
    row = np.array([ordinal for _, ordinal in places], dtype=np.int64)
    tables = list(_gather(objects, refs, segment, row, columns, max(1, len(places))))
    names = SCHEMA.names if columns is None else list(columns)
    return tables[0] if tables else pa.schema([SCHEMA.field(n) for n in names]).empty_table()


def _part_rows(
    objects: Objects, parts: Sequence[Part]
) -> tuple[list[SegmentRef], IdArray, Positions, Positions]:
    empty = [np.empty(0, dtype=np.int64)]
    live = [live_rows(p) for p in parts]
    ids = concat([read_ids(objects, p.segment)[rows] for p, rows in zip(parts, live, strict=True)])
    segment = np.concatenate([np.full(len(rows), i) for i, rows in enumerate(live)] or empty)
    return [p.segment for p in parts], ids, segment, np.concatenate(live or empty)


def _gather(
    objects: Objects,
    refs: Sequence[SegmentRef],
    segment: Positions,
    row: Positions,
    columns: Sequence[str] | None,
    rows: int,
) -> Iterator[pa.Table]:
    """The rows at (segment, row), in order, `rows` at a time.

    Scattered rows touch every row group, so a pass fetches a large window of them, then cuts it up.
    """
    size = sum(ref.bytes for ref in refs) / max(1, sum(ref.rows for ref in refs))
    window = max(rows, int(_WINDOW_BYTES / max(size, 1)))
    for start in range(0, len(row), window):
        here, ordinal = segment[start : start + window], row[start : start + window]
        tables, positions = [], []
        for number in np.unique(here):
            at = np.flatnonzero(here == number)
            tables.append(read_rows(objects, refs[number], ordinal[at], columns))
            positions.append(at)
        back = np.empty(len(ordinal), dtype=np.int64)
        back[np.concatenate(positions)] = np.arange(len(ordinal))
        joined = pa.concat_tables(tables)
        for low in range(0, len(back), rows):
            yield joined.take(back[low : low + rows])
