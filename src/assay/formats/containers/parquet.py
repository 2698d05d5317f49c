"""Records as rows of a Parquet file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from assay.errors import BadInput
from assay.formats.columns import Layout, Restorer
from assay.formats.compression import Bytes, CutShort
from assay.formats.containers.arrow_rows import rows_of
from assay.model.record import Malformed, RawRecord

_ROWS: Final = 1_000


def read_parquet(file: BinaryIO | IO[bytes]) -> Iterator[RawRecord | Malformed]:
    """The rows of a Parquet file, as `rows_of` gives them. Files that we wrote give every record back as it was
    (`formats/columns.py`).

    Raises BadInput when the file is damaged.
    """
    number = 0
    try:
        table = pq.ParquetFile(file)
        layout = Layout.of(table.schema_arrow.metadata)
        restore = Restorer(layout).record if layout else None
        for record in rows_of(table.iter_batches(batch_size=_ROWS), restore):
            number = record.number
            yield record
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0][:200]
        raise BadInput(
            f"the Parquet file cannot be read after row {number}: {reason}",
            "write it again, or export it as JSONL",
        ) from None


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
