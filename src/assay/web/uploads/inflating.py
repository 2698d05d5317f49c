"""Decompression bombs: what a file becomes when it is unpacked, in bounded memory, before anybody reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from assay.errors import BadInput
from assay.formats.compression import CutShort, compression_of, decompressed

RATIO: Final = 200
"""Text of people compresses 3 to 10 times, logs that repeat themselves some 100 times; gzip can do 1,000, zstd more."""
FREE: Final = 256 << 20
"""Below this many bytes no ratio is asked for."""
_CHUNK: Final = 1 << 20
_ROWS: Final = 500_000_000


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
    """By its own figures: a page that holds more than it says is refused where it is read."""
    try:
        with pq.ParquetFile(path) as file:
            said = file.metadata
            total = sum(said.row_group(k).total_byte_size for k in range(said.num_row_groups))
            rows = said.num_rows
    except (OSError, ValueError) as error:
        raise BadInput(f"the file is no Parquet that can be read: {error}", "write it again") from None
    if total > allowed or rows > _ROWS:
        raise _bomb(path.stat().st_size, allowed)
    return int(total)


def _bomb(size: int, allowed: int) -> BadInput:
    return BadInput(
        f"{size:,} bytes unpack to more than {allowed:,}: that is no file of examples",
        f"send it unpacked, or in parts; a packed file may hold {RATIO} times its own size",
    )
