"""Files of results opened within bounds; whatever is wrong is a BadInput that says file and record."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa

from assay.errors import BadInput, NotFound

LARGEST_JSON: Final = 512 << 20
LARGEST_LINE: Final = 16 << 20
LARGEST_MEMBER: Final = 64 << 20
"""Of a file in an archive, when it is unpacked."""
LARGEST_ARCHIVE: Final = 8 << 30
"""Of all that is read of an archive, unpacked."""
MOST_MEMBERS: Final = 1_000_000
_ZSTD: Final = 93
"""The method of PKWARE's APPNOTE 6.3.8, which Python knows from 3.14 on."""
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError, ValueError, NotImplementedError, RuntimeError,
)  # fmt: skip


def read_bytes(path: Path) -> bytes:
    """A whole file. Raises NotFound; BadInput for one that cannot be read or is larger than `LARGEST_JSON`."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_JSON + 1)
    except FileNotFoundError:
        raise NotFound(f"no file {path}", "name a file of results") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", "name a file of results") from None
    if len(data) > LARGEST_JSON:
        raise BadInput(
            f"{path} is larger than {LARGEST_JSON >> 20} MiB", "give per-item results as JSON Lines"
        )
    return data


def parsed(data: bytes, place: str) -> Any:
    """The JSON value in some bytes. NaN and Infinity, which some tools write, are null."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        mended = _without_nan(data)
        if mended is None:
            raise BadInput(f"{place} is not JSON: {error}", "it may have been cut short") from None
        return mended


def _without_nan(data: bytes) -> Any:
    import json

    if b"NaN" not in data and b"Infinity" not in data:
        return None
    try:
        return json.loads(data, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


def an_object(value: Any, place: str) -> Mapping[str, Any]:
    """The JSON object that a value must be."""
    if not isinstance(value, dict):
        raise BadInput(f"{place} is not a JSON object", "it is no file of this tool, or was cut short")
    return value


def lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of a JSON Lines file with their line numbers; empty lines are passed over."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LARGEST_LINE + 1):
                number += 1
                if len(line) > LARGEST_LINE:
                    raise BadInput(
                        f"{path} line {number} is longer than {LARGEST_LINE >> 20} MiB", "split the file"
                    )
                if line.strip():
                    yield number, an_object(parsed(line, f"{path} line {number}"), f"{path} line {number}")
    except FileNotFoundError:
        raise NotFound(f"no file {path}", "name a file of results") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", "name a file of results") from None


class Archive:
    """The JSON files of a ZIP archive, stored, deflated or as zstd. Members are read within bounds, and never
    unpacked to a disk, so their names are no paths."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._left = LARGEST_ARCHIVE
        try:
            self._file = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise NotFound(f"no file {path}", "name a file of results") from None
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise BadInput(
                f"{path} is no archive that can be read: {error}", "it may have been cut short"
            ) from None
        self.names = self._file.namelist()
        if len(self.names) > MOST_MEMBERS:
            raise BadInput(f"{path} has more than {MOST_MEMBERS:,} files", "split the evaluation")

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def json(self, name: str) -> Any:
        """The JSON value of a member."""
        return parsed(self._read(name), f"{self.path}: {name}")

    def _read(self, name: str) -> bytes:
        place = f"{self.path}: {name}"
        try:
            info = self._file.getinfo(name)
            if info.compress_type == _ZSTD:
                data = self._zstd(info)
            else:
                with self._file.open(info) as member:
                    data = member.read(LARGEST_MEMBER + 1)
        except _BROKEN as error:
            raise BadInput(
                f"{place} cannot be read: {error}", "the archive may have been cut short"
            ) from None
        if len(data) > LARGEST_MEMBER:
            raise BadInput(f"{place} is larger than {LARGEST_MEMBER >> 20} MiB", "log less with each item")
        self._left -= len(data)
        if self._left < 0:
            raise BadInput(f"{self.path} holds more than {LARGEST_ARCHIVE >> 30} GiB", "split the evaluation")
        return data

    def _zstd(self, info: zipfile.ZipInfo) -> bytes:
        """What `zipfile` cannot unpack: the bytes behind the local header, whose two lengths stand at 26 and 28."""
        raw = self._file.fp
        if raw is None or info.compress_size > LARGEST_MEMBER:
            raise ValueError("its compressed size is beyond the bound")
        raw.seek(info.header_offset)
        head = raw.read(30)
        if len(head) < 30 or head[:4] != b"PK\x03\x04":
            raise ValueError("its header is damaged")
        raw.seek(int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little"), 1)
        packed = raw.read(info.compress_size)
        with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
            data = bytes(stream.read(LARGEST_MEMBER + 1))
        if len(data) <= LARGEST_MEMBER and zlib.crc32(data) != info.CRC:
            raise ValueError("its checksum does not match")
        return data


def number(value: Any) -> float | None:
    """A score: a finite number, a truth value, or text that spells one of them; None of anything else."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        try:
            found = float(value)
        except OverflowError:
            return None
        return found if math.isfinite(found) else None
    if isinstance(value, str) and len(value) <= 40:
        low = value.strip().lower()
        if low in ("true", "false"):
            return float(low == "true")
        try:
            found = float(low)
        except ValueError:
            return None
        return found if math.isfinite(found) and "_" not in low else None
    return None


def text(value: Any) -> str | None:
    """An id or a name: a text or a whole number."""
    if isinstance(value, str) and value:
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
