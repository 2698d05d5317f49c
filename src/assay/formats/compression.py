"""Streams that are perhaps compressed, told by their first bytes."""

from __future__ import annotations

import gzip
import zlib
from typing import BinaryIO, Final, Protocol

import pyarrow as pa

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"


class Bytes(Protocol):
    """What containers read from: decompressed bytes, in order."""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end. Raises CutShort where the compressed data breaks off."""
        ...


class CutShort(Exception):
    """Compressed data that ends too early (`truncated`) or is damaged (`corrupt`); what came before is good."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def compression_of(head: bytes) -> str:
    """none, gzip or zstd, by a file's first bytes."""
    if head.startswith(_GZIP):
        return "gzip"
    # A zstd file may begin with a skippable frame.
    skippable = len(head) >= 4 and head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F
    return "zstd" if head.startswith(_ZSTD) or skippable else "none"


class Plain:
    """Bytes as they lie in the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        return self._file.read(size)


class Gzip:
    """Bytes of a gzip file of one or more members."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = gzip.GzipFile(fileobj=file, mode="rb")

    def read(self, size: int) -> bytes:
        try:
            return self._file.read1(size)
        except EOFError:
            raise CutShort("truncated", "the gzip data ends before its end") from None
        except (gzip.BadGzipFile, zlib.error, OSError) as error:
            raise CutShort("corrupt", f"the gzip data is damaged: {error}") from None


class Zstd:
    """Bytes of a zstd file of one or more frames."""

    def __init__(self, file: BinaryIO) -> None:
        self._source = file
        self._stream: pa.CompressedInputStream | None = pa.CompressedInputStream(
            pa.PythonFile(file, mode="r"), "zstd"
        )

    def read(self, size: int) -> bytes:
        assert self._stream is not None
        try:
            # Small steps, so that what was decoded before the damage is not lost with it.
            return bytes(self._stream.read(min(size, 1 << 16)))
        except OSError as error:
            code = "truncated" if "Truncated" in str(error) else "corrupt"
            raise CutShort(
                code,
                "the zstd data ends before its end" if code == "truncated" else "the zstd data is damaged",
            ) from None


def decompressed(file: BinaryIO, compression: str) -> Bytes:
    """The bytes of a file under the named compression."""
    if compression == "gzip":
        return Gzip(file)
    return Zstd(file) if compression == "zstd" else Plain(file)
