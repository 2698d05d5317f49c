"""Records as rows of an Arrow file: a stream, as Hugging Face `datasets` saves them, or one with an index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, BinaryIO, Final

import pyarrow as pa

from assay.errors import BadInput
from assay.formats.containers.arrow_rows import rows_of
from assay.model.record import Malformed, RawRecord

_MAGIC: Final = b"ARROW1"
_ROWS: Final = 1_000


def read_arrow(file: BinaryIO | IO[bytes]) -> Iterator[RawRecord | Malformed]:
    """The rows of an Arrow file, as `rows_of` gives them, in memory bounded by a batch of the file. Raises BadInput
    when the file is damaged."""
    try:
        yield from rows_of(_batches(file))
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise BadInput(
            f"the Arrow file cannot be read: {reason}", "save it again, or export it as JSONL"
        ) from None


def _batches(file: BinaryIO | IO[bytes]) -> Iterator[pa.RecordBatch]:
    start = file.read(len(_MAGIC))
    file.seek(0)
    if start == _MAGIC:
        whole = pa.ipc.open_file(file)
        batches: Iterator[pa.RecordBatch] = (whole.get_batch(k) for k in range(whole.num_record_batches))
    else:
        batches = iter(pa.ipc.open_stream(file))
    for batch in batches:
        for at in range(0, len(batch), _ROWS):
            yield batch.slice(at, _ROWS)
