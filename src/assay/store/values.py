"""Measured values in a folder beside the registry's objects: derived, deletable, bounded."""

from __future__ import annotations

import hashlib
import mmap
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
import orjson

LIMIT: Final = 4 << 30
"""Bytes that stay after a curation; what was not used for longest goes first."""

_DIGEST: Final = 32
_LENGTH: Final = 8
_ALIGNED: Final = 64
_STEP: Final = 4 << 20
_LARGE: Final = 16 << 20
"""Files above it are let out of memory once they were checked; what is used of them comes back."""


@dataclass(frozen=True, slots=True)
class FileValues:
    """Columns by name, one file each. What is damaged counts as missing. Safe for many processes.

    A file holds the columns as they lie in memory, each at a multiple of 64 bytes; then, as JSON, a list of [name,
    type, shape, offset]; its length in 8 bytes; and the SHA-256 of all that. Columns are read through a memory map.
    """

    folder: Path

    def get(self, name: str) -> dict[str, npt.NDArray[np.generic]] | None:
        """The columns under a name, not to be written to, or None."""
        path = self._path(name)
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size < _DIGEST + _LENGTH:
                    return None
                held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            columns = _columns(held, size)
            if columns is None:
                path.unlink()
                return None
            os.utime(path)
        except (OSError, ValueError):
            return None
        return columns

    def has(self, name: str) -> bool:
        """Whether there is something under a name, whole or not; it counts as used."""
        try:
            os.utime(self._path(name))
        except OSError:
            return False
        return True

    def put(self, name: str, columns: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Keep columns under a name. Objects are not kept, and a full disk keeps nothing."""
        self.write(name, iter(columns.items()))

    def write(self, name: str, columns: Iterator[tuple[str, npt.NDArray[np.generic]]]) -> None:
        """Keep columns that come one by one; no more than one is held at a time. None where there are objects."""
        path = self._path(name)
        part = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                _write(file, columns)
            part.replace(path)
        except (OSError, ValueError):
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def trim(self, limit: int = LIMIT) -> int:
        """Delete what was not used for longest until at most `limit` bytes are left; how many bytes went."""
        held = []
        for path in self.folder.glob("*/*"):
            with suppress(OSError):
                stat = path.stat()
                held.append((stat.st_mtime_ns, stat.st_size, path))
        left = sum(size for _, size, _ in held)
        gone = 0
        for _, size, path in sorted(held):
            if left <= limit:
                break
            with suppress(OSError):
                path.unlink()
                left, gone = left - size, gone + size
        return gone

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / f"{name}.values"


def _write(file: BinaryIO, columns: Iterator[tuple[str, npt.NDArray[np.generic]]]) -> None:
    digest, at = hashlib.sha256(), 0
    listed: list[list[Any]] = []

    def put(data: Any) -> None:
        nonlocal at
        digest.update(data)
        file.write(data)
        at += len(data)

    for name, column in columns:
        if column.dtype.hasobject:
            raise ValueError("objects are not kept")
        listed.append([name, column.dtype.str, list(column.shape), at])
        for start in range(0, len(column), step := max(_STEP // max(column[:1].nbytes, 1), 1)):
            put(np.ascontiguousarray(column[start : start + step]).reshape(-1).view(np.uint8).data)
        put(b"\0" * (-at % _ALIGNED))
    index = orjson.dumps(listed)
    put(index)
    put(len(index).to_bytes(_LENGTH, "little"))
    file.write(digest.digest())


def _columns(held: mmap.mmap, size: int) -> dict[str, npt.NDArray[np.generic]] | None:
    """What a file holds, once it was found to be what it says of itself in its last 32 bytes. Raises ValueError."""
    view, digest = memoryview(held), hashlib.sha256()
    end = size - _DIGEST
    for start in range(0, end, _STEP):
        digest.update(view[start : min(start + _STEP, end)])
    if digest.digest() != view[end:]:
        return None
    if size > _LARGE and hasattr(mmap, "MADV_DONTNEED"):
        held.madvise(mmap.MADV_DONTNEED)
    length = int.from_bytes(view[end - _LENGTH : end], "little")
    index = orjson.loads(view[end - _LENGTH - length : end - _LENGTH])
    return {
        name: np.frombuffer(held, np.dtype(kind), int(np.prod(shape, dtype=np.int64)), at).reshape(shape)
        for name, kind, shape, at in index
    }
