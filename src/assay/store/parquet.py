"""Parquet as objects: written with page checksums, read with them verified, damage named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from assay.errors import Damaged
from assay.store.objects import Objects, object_key

ROW_GROUP: Final = 2_000
"""Rows of a group: what is decoded to fetch one row."""

DAMAGE = (pa.ArrowException, OSError, ValueError)


def writer(
    sink: Any, schema: pa.Schema, dictionary: Sequence[str] = (), statistics: Sequence[str] = ()
) -> pq.ParquetWriter:
    """A Parquet writer with this project's settings: zstd level 3, page checksums.

    `dictionary` names the columns with few distinct values, `statistics` those to keep bounds of.
    """
    columns: Any = list(dictionary)  # of text, a dictionary would add a quarter to the size
    return pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        compression_level=3,
        use_dictionary=columns,
        write_statistics=list(statistics),
        write_page_checksum=True,
    )


def put_table(
    objects: Objects, table: pa.Table, dictionary: Sequence[str] = (), statistics: Sequence[str] = ()
) -> str:
    """Write a small table as an object; its name."""
    sink = pa.BufferOutputStream()
    with writer(sink, table.schema, dictionary, statistics) as out:
        out.write_table(table, row_group_size=ROW_GROUP * 10)
    return objects.put_bytes(sink.getvalue().to_pybytes(), "parquet")


def open_parquet(data: pa.Buffer, key: str) -> pq.ParquetFile:
    """A reader that verifies page checksums. Raises Damaged, naming `key`."""
    try:
        return pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
    except DAMAGE as error:
        raise Damaged(f"{key} cannot be read as Parquet: {error}") from None


def get_table(objects: Objects, name: str, columns: Sequence[str] | None = None) -> pa.Table:
    """A whole Parquet object. Raises Damaged."""
    key = object_key(name)
    file = open_parquet(objects.buffer(name), key)
    try:
        return file.read(columns=None if columns is None else list(columns))
    except DAMAGE as error:
        raise Damaged(f"{key} cannot be read as Parquet: {error}") from None


def row_groups(file: pq.ParquetFile, key: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The row groups of a file, one at a time. Raises Damaged, naming `key`."""
    for number in range(file.num_row_groups):
        try:
            yield file.read_row_group(number, columns=None if columns is None else list(columns))
        except DAMAGE as error:
            raise Damaged(f"{key} cannot be read as Parquet: {error}") from None
