"""Segments: the same rows give the same bytes, any row is read alone, damage is named."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import Damaged
from assay.kernels.ids import as_ids, contains, duplicates, find, id_list, ids_of, is_increasing, order
from assay.store.memory import MemoryStorage
from assay.store.objects import Objects, object_key
from assay.store.segments import (
    SCHEMA,
    check_rows,
    read_groups,
    read_ids,
    read_rows,
    read_segment,
    write_segments,
)
from tests.store.drafts import table_of

TABLE = table_of([f"text {n} 训练" for n in range(6100)])


def cut(table: pa.Table, at: list[int]) -> list[pa.Table]:
    bounds = [0, *sorted(at), table.num_rows]
    return [table.slice(low, high - low) for low, high in pairwise(bounds)]


@given(st.lists(st.integers(0, 6100), max_size=6))
@settings(deadline=None, max_examples=15)
def test_bytes_do_not_depend_on_how_rows_arrive(
    tmp_path_factory: pytest.TempPathFactory, at: list[int]
) -> None:
    scratch = tmp_path_factory.mktemp("scratch")
    whole = write_segments(Objects(MemoryStorage()), [TABLE], scratch)
    objects = Objects(MemoryStorage())
    assert write_segments(objects, cut(TABLE, at), scratch) == whole
    assert pa.concat_tables([read_segment(objects, ref) for ref in whole]).equals(TABLE)
    assert list(scratch.iterdir()) == []


def test_many_segments_hold_all_rows_in_order(tmp_path: Path) -> None:
    objects = Objects(MemoryStorage(), cache_bytes=1)
    refs = write_segments(objects, [TABLE], tmp_path, target_bytes=1)
    assert [r.rows for r in refs] == [2000, 2000, 2000, 100]
    assert [b for r in refs for b in (r.min_id, r.max_id)] == sorted(
        b for r in refs for b in (r.min_id, r.max_id)
    )
    for ref in refs:
        ids = id_list(read_ids(objects, ref))
        assert (ids[0].hex(), ids[-1].hex(), len(ids)) == (ref.min_id, ref.max_id, ref.rows)
        assert len(objects.get(ref.object)) == ref.bytes
    assert pa.concat_tables([t for r in refs for t in read_groups(objects, r)]).equals(TABLE)


@given(st.lists(st.integers(0, 6099), max_size=30))
@settings(deadline=None, max_examples=30)
def test_any_rows_are_read_in_any_order(ordinals: list[int]) -> None:
    found = read_rows(OBJECTS, REF, ordinals)
    assert found.equals(TABLE.take(pa.array(ordinals, pa.int64())))
    check_rows(found)


@pytest.fixture(scope="module", autouse=True)
def _written(tmp_path_factory: pytest.TempPathFactory) -> None:
    global OBJECTS, REF
    OBJECTS = Objects(MemoryStorage())
    (REF,) = write_segments(OBJECTS, [TABLE], tmp_path_factory.mktemp("s"))


def test_a_row_that_is_not_there() -> None:
    for bad in ([6100], [-1]):
        with pytest.raises(IndexError):
            read_rows(OBJECTS, REF, bad)


def test_rows_must_be_sorted_and_distinct(tmp_path: Path) -> None:
    for bad in ([TABLE.take([1, 0])], [TABLE.take([0, 0])], [TABLE.slice(5, 5), TABLE.slice(0, 5)]):
        with pytest.raises(ValueError, match="sorted"):
            write_segments(Objects(MemoryStorage()), bad, tmp_path, target_bytes=1)


def test_no_rows_make_no_segment(tmp_path: Path) -> None:
    assert write_segments(Objects(MemoryStorage()), [SCHEMA.empty_table()], tmp_path) == []


def test_a_payload_that_is_not_its_ids() -> None:
    payloads = TABLE["payload"].to_pylist()
    payloads[3] = payloads[3].replace("text", "test")
    bad = TABLE.set_column(SCHEMA.get_field_index("payload"), SCHEMA.field("payload"), pa.array(payloads))
    check_rows(TABLE)
    with pytest.raises(Damaged, match=bytes(ids_of(TABLE["id"])[3]).hex()):
        check_rows(bad, "there")


def test_the_file_is_plain_parquet_as_promised(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(OBJECTS.get(REF.object))
    assert pq.read_table(path).equals(TABLE)
    meta = pq.ParquetFile(path).metadata
    assert [meta.row_group(i).num_rows for i in range(meta.num_row_groups)] == [2000, 2000, 2000, 100]
    columns = {meta.row_group(0).column(i).path_in_schema: meta.row_group(0).column(i) for i in range(17)}
    assert set(columns) == set(SCHEMA.names)
    assert {c.compression for c in columns.values()} == {"ZSTD"}
    assert "RLE_DICTIONARY" not in columns["payload"].encodings + columns["id"].encodings
    assert "RLE_DICTIONARY" in columns["source"].encodings
    assert all(columns[n].is_stats_set for n in ("id", "source", "record"))


def test_page_checksums_catch_what_hashes_would() -> None:
    """Reading verifies pages as well, for bytes that never passed through `Objects`."""
    from assay.store.parquet import open_parquet

    data = bytearray(OBJECTS.get(REF.object))
    meta = pq.ParquetFile(pa.BufferReader(bytes(data))).metadata
    column = meta.row_group(0).column(SCHEMA.get_field_index("payload"))
    data[column.data_page_offset + column.total_compressed_size // 2] ^= 1
    file = open_parquet(pa.py_buffer(bytes(data)), "somewhere")
    with pytest.raises((OSError, pa.ArrowException), match=re.compile("crc|checksum|corrupt", re.I)):
        file.read()


def test_an_object_that_is_no_parquet() -> None:
    objects = Objects(MemoryStorage())
    name = objects.put_bytes(b"not parquet", "parquet")
    ref = type(REF)(name, 1, 11, "", "")
    for read in (read_ids, read_segment):
        with pytest.raises(Damaged, match=object_key(name)):
            read(objects, ref)


def test_names_of_objects_are_checked() -> None:
    for bad in ("", "../x.json", "ab.json", "AB" * 32 + ".json", "ab" * 32 + ".exe", "ab" * 32):
        with pytest.raises(ValueError, match="does not name an object"):
            OBJECTS.get(bad)


few = st.lists(
    st.one_of(
        st.integers(0, 6).map(lambda n: bytes(31) + bytes([n])),
        st.integers(0, 6).map(lambda n: bytes([n]) + bytes(31)),
    )
)


@given(few, few)
@settings(deadline=None, max_examples=80)
def test_ids_with_zeros_at_the_end_are_ids_like_others(some: list[bytes], others: list[bytes]) -> None:
    array = as_ids(some)
    assert id_list(array) == some == [bytes(i) for i in array]
    assert id_list(array[order(array)]) == sorted(some)
    unique = as_ids(sorted(set(some)))
    assert is_increasing(unique) and is_increasing(as_ids(some)) == (some == sorted(set(some)))
    assert contains(unique, as_ids(others)).tolist() == [o in some for o in others]
    at = find(unique, as_ids(others))
    assert all(bytes(unique[a]) == o for a, o in zip(at.tolist(), others, strict=True) if a >= 0)
    ordered = sorted(some)
    expected = [b for a, b in pairwise(ordered) if a == b]
    assert id_list(duplicates(as_ids(ordered))) == expected
    column = pa.chunked_array([pa.array(some[:2], pa.binary(32)), pa.array(some, pa.binary(32)).slice(2)])
    assert id_list(ids_of(column)) == some
    assert np.dtype("V32") == array.dtype
