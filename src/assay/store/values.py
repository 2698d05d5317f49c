"""Measured values in a folder beside the registry's objects: derived, deletable, bounded."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

_DIGEST: Final = 32
LIMIT: Final = 4 << 30
"""Bytes that stay after a curation; what was not used for longest goes first."""


@dataclass(frozen=True, slots=True)
class FileValues:
    """Columns by name, one file each: a SHA-256 and NumPy's .npz. What is damaged counts as missing. Safe for many
    processes."""

    folder: Path

    def get(self, name: str) -> dict[str, npt.NDArray[np.generic]] | None:
        """The columns under a name, or None."""
        path = self._path(name)
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        body = memoryview(data)[_DIGEST:]
        if hashlib.sha256(body).digest() != data[:_DIGEST]:
            return None
        with np.load(io.BytesIO(body), allow_pickle=False) as held:
            return {column: held[column] for column in held.files}

    def put(self, name: str, columns: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Keep columns under a name. Objects are not kept, and a full disk keeps nothing."""
        if any(column.dtype.hasobject for column in columns.values()):
            return
        path = self._path(name)
        part = path.with_suffix(f".{os.getpid()}.{id(columns)}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            body = io.BytesIO()
            np.savez(body, allow_pickle=False, **columns)
            part.write_bytes(hashlib.sha256(body.getbuffer()).digest() + body.getbuffer())
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
