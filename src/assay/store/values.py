"""Measured values in a folder beside the registry's objects: derived, deletable, bounded."""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

_DIGEST: Final = 32
LIMIT: Final = 4 << 30
"""Bytes that stay after a curation; what was not used for longest goes first."""


@dataclass(frozen=True, slots=True)
class FileValues:
    """Columns by name, one file each: NumPy's .npz and behind it its SHA-256. What is damaged counts as missing. Safe
    for many processes."""

    folder: Path

    def get(self, name: str) -> dict[str, npt.NDArray[np.generic]] | None:
        """The columns under a name, or None."""
        path = self._path(name)
        try:
            with path.open("rb") as file:
                if not _is_whole(file):
                    return None
                file.seek(0)
                with np.load(file, allow_pickle=False) as held:
                    columns = {column: held[column] for column in held.files}
            os.utime(path)
        except OSError:
            return None
        return columns

    def put(self, name: str, columns: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Keep columns under a name. Objects are not kept, and a full disk keeps nothing."""
        if not any(column.dtype.hasobject for column in columns.values()):
            self.write(name, iter(columns.items()))

    def write(self, name: str, columns: Iterator[tuple[str, npt.NDArray[np.generic]]]) -> None:
        """Keep columns that come one by one; no more than one is held at a time."""
        path = self._path(name)
        part = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("w+b") as file:
                with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as held:
                    for column, values in columns:
                        with held.open(f"{column}.npy", "w", force_zip64=True) as out:
                            np.lib.format.write_array(out, np.ascontiguousarray(values), allow_pickle=False)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").digest()
                file.seek(0, os.SEEK_END)
                file.write(digest)
            part.replace(path)
        except OSError:
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


def _is_whole(file: BinaryIO) -> bool:
    """Whether what a file says of itself in its last 32 bytes is true."""
    size = file.seek(0, os.SEEK_END) - _DIGEST
    if size < 0:
        return False
    file.seek(0)
    digest = hashlib.sha256()
    left = size
    while left:
        data = file.read(min(left, 1 << 20))
        if not data:
            return False
        digest.update(data)
        left -= len(data)
    return digest.digest() == file.read(_DIGEST)
