"""Measured values in a folder beside the registry's objects: derived, deletable, bounded."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

LIMIT: Final = 4 << 30
"""Bytes that stay after a curation; what was not used for longest goes first."""


@dataclass(frozen=True, slots=True)
class FileValues:
    """Columns by name, one .npz file each. What is damaged counts as missing. Safe for many processes."""

    folder: Path

    def get(self, name: str) -> dict[str, npt.NDArray[np.generic]] | None:
        """The columns under a name, or None."""
        path = self._path(name)
        try:
            with np.load(path, allow_pickle=False) as held:
                columns = {column: held[column] for column in held.files}
            os.utime(path)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        return columns

    def put(self, name: str, columns: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Keep columns under a name. Objects are not kept, and a full disk keeps nothing."""
        if any(column.dtype.hasobject for column in columns.values()):
            return
        path = self._path(name)
        part = path.with_suffix(f".{os.getpid()}.{id(columns)}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                np.savez(file, allow_pickle=False, **columns)
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
        return self.folder / name[:2] / f"{name}.npz"
