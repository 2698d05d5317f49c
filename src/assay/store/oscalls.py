"""The system calls of local storage, in one small object, so that tests can make each of them fail."""

from __future__ import annotations

import os
from pathlib import Path


class OsCalls:
    """What `LocalStorage` asks of the operating system. Methods raise OSError as the call itself does."""

    def open(self, path: Path, flags: int, mode: int = 0o644) -> int:
        return os.open(path, flags, mode)

    def write(self, fd: int, data: memoryview) -> int:
        """Writes some of `data` and says how many bytes."""
        return os.write(fd, data)

    def fsync(self, fd: int) -> None:
        os.fsync(fd)

    def close(self, fd: int) -> None:
        os.close(fd)

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def link(self, old: Path, new: Path) -> None:
        os.link(old, new)

    def replace(self, old: Path, new: Path) -> None:
        old.replace(new)

    def mkdir(self, path: Path) -> None:
        path.mkdir()

    def unlink(self, path: Path) -> None:
        path.unlink()

    def fsync_dir(self, path: Path) -> None:
        """Makes the names in a folder durable. Windows has no such call and needs none."""
        if os.name == "nt":
            return
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
