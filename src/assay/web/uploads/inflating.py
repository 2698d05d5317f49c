"""Decompression bombs: what a file becomes when it is unpacked, in bounded memory, before anybody reads it."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assay.errors import BadInput
from assay.formats.compression import CutShort, compression_of, decompressed
from assay.web.uploads.parquet_pages import NoHeader, pages_of

RATIO: Final = 200
"""Text of people compresses 3 to 10 times, logs that repeat themselves some 100 times; gzip can do 1,000, zstd more."""
FREE: Final = 256 << 20
"""Below this many bytes no ratio is asked for."""
_CHUNK: Final = 1 << 20
_ROWS: Final = 500_000_000
PAGE: Final = 256 << 20
"""Bytes of one page of a Parquet file, unpacked; writers make them of 1 MB, or of one value."""
_BATCH: Final = 1_000
"""Rows that a reader makes at once, as `formats/containers/parquet.py` does; they may be `_AT_ONCE` bytes."""
_AT_ONCE: Final = 1 << 30


def check_inflated(path: Path, most: int) -> int:
    """How many bytes a file has when unpacked. Raises BadInput where they are more than `most`, or more than
    RATIO times what it has packed, as soon as that is seen."""
    size = path.stat().st_size
    allowed = min(most, max(FREE, RATIO * size))
    with path.open("rb") as file:
        head = file.read(8)
        file.seek(0)
        if head.startswith(b"PAR1"):
            return _parquet(path, allowed)
        kind = compression_of(head)
        if kind == "none":
            return size
        total = 0
        try:
            unpacked = decompressed(file, kind)
            while data := unpacked.read(_CHUNK):
                total += len(data)
                if total > allowed:
                    raise _bomb(size, allowed)
        except CutShort:
            pass  # what can be read of it is read, and the rest is malformed: the curation says so
        except (OSError, ValueError) as error:
            raise BadInput(f"the file is not whole: {error}", "compress it again, and send that") from None
    return total


def _parquet(path: Path, allowed: int) -> int:
    """First by what its pages say, then by what rows they make: a dictionary's word may stand in every row."""
    try:
        with path.open("rb") as raw, pq.ParquetFile(path) as file:
            said = file.metadata
            total = _in_pages(raw, said, allowed)
            if max(total, said.num_rows * said.num_columns) > allowed or said.num_rows > _ROWS:
                raise _bomb(path.stat().st_size, allowed)
        words = {
            chunk.path_in_schema
            for k in range(min(1, said.num_row_groups))
            for chunk in (said.row_group(k).column(c) for c in range(said.num_columns))
            if chunk.physical_type == "BYTE_ARRAY"
        }
        with pq.ParquetFile(path, read_dictionary=sorted(words)) as file:
            made = 0
            for batch in file.iter_batches(batch_size=_BATCH):
                size = sum(_unfolded(column) for column in batch.columns)
                made += size
                if made > allowed or size > _AT_ONCE:
                    raise _bomb(path.stat().st_size, allowed)
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        OverflowError,
        NotImplementedError,
        NoHeader,
    ) as error:
        raise BadInput(f"the file is no Parquet that can be read: {error}", "write it again") from None
    return max(total, made)


def _in_pages(file: BinaryIO, said: pq.FileMetaData, allowed: int) -> int:
    """The sum over all pages. Raises BadInput at one that is larger than any need be."""
    total = 0
    for group in range(said.num_row_groups):
        for number in range(said.num_columns):
            chunk = said.row_group(group).column(number)
            starts = [at for at in (chunk.dictionary_page_offset, chunk.data_page_offset) if at]
            for size in pages_of(file, min(starts, default=0), chunk.total_compressed_size):
                total += size
                if size > PAGE or total > allowed:
                    raise _bomb(chunk.total_compressed_size, min(PAGE, allowed))
    return total


def _unfolded(array: pa.Array) -> int:
    """Bytes of a column once every row has its own copy of its words; a byte at least for every value."""
    kind = array.type
    if pa.types.is_dictionary(kind) and not pa.types.is_primitive(kind.value_type):
        lengths = pc.binary_length(array.dictionary)
        return len(array) + int(pc.sum(lengths.take(array.indices)).as_py() or 0)
    if pa.types.is_struct(kind):
        return len(array) + sum(_unfolded(part) for part in array.flatten())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return len(array) + _unfolded(array.flatten())
    if pa.types.is_map(kind):
        return len(array) + _unfolded(array.keys) + _unfolded(array.items)
    return len(array) + int(array.nbytes)


def _bomb(size: int, allowed: int) -> BadInput:
    return BadInput(
        f"{size:,} bytes unpack to more than {allowed:,}: that is no file of examples",
        f"send it unpacked, or in parts; a packed file may hold {RATIO} times its own size",
    )
