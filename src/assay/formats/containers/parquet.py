"""Records as rows of a Parquet file."""

from __future__ import annotations

import datetime
import decimal
import tempfile
import uuid
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from assay.errors import BadInput
from assay.formats.columns import Layout, Restorer
from assay.formats.compression import Bytes, CutShort
from assay.model.record import Malformed, RawRecord

_ROWS: Final = 1_000


def read_parquet(file: BinaryIO | IO[bytes]) -> Iterator[RawRecord | Malformed]:
    """The rows of a Parquet file. Times, decimals and the like become text; bytes make a record malformed.
    Files that we wrote give every record back as it was (`formats/columns.py`).

    Raises BadInput when the file is damaged.
    """
    number = 0
    try:
        table = pq.ParquetFile(file)
        layout = Layout.of(table.schema_arrow.metadata)
        given = Restorer(layout).record if layout else dict
        for batch in table.iter_batches(batch_size=_ROWS):
            for row in batch.to_pylist():
                number += 1
                try:
                    yield RawRecord(number, None, given({name: _plain(value) for name, value in row.items()}))
                except TypeError as error:
                    yield Malformed(number, None, 0, "unsupported_type", str(error))
                except ValueError as error:
                    yield Malformed(number, None, 0, "invalid_json", str(error)[:200])
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0][:200]
        raise BadInput(
            f"the Parquet file cannot be read after row {number}: {reason}",
            "write it again, or export it as JSONL",
        ) from None


def _plain(value: Any) -> Any:
    """The value as JSON has it. Raises TypeError for what has no text of its own."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, datetime.timedelta, uuid.UUID)):
        return str(value)
    raise TypeError(f"a value of type {type(value).__name__} has no JSON form")


def unpacked(stream: Bytes) -> IO[bytes]:
    """A temporary file with the decompressed bytes: Parquet is read from its end. Raises BadInput."""
    file = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        while data := stream.read(1 << 20):
            file.write(data)
    except CutShort as cut:
        file.close()
        raise BadInput(
            f"the compressed Parquet file cannot be read: {cut.message}", "compress it again"
        ) from None
    file.seek(0)
    return file
