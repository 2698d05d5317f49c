"""System calls that fail on purpose, to test what a storage leaves behind when they do."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Literal

from assay.store.oscalls import OsCalls

Fault = Literal["error", "dead", "crash", "short"]


class Crash(BaseException):
    """The process died here; nothing after this call happened."""


class FaultyCalls(OsCalls):
    """Counts the calls and lets the `at`-th (from 1) go wrong; `at` = 0 lets all succeed.

    error: that call raises OSError(`number`). dead: that call and all after it do. crash: that call and all
    after it raise `Crash`, as if the process were gone. short: if it is a write, it writes one byte only.
    """

    def __init__(self, at: int = 0, fault: Fault = "error", number: int = errno.EIO) -> None:
        self.at, self.fault, self.number = at, fault, number
        self.count = 0
        self.names: list[str] = []

    def open(self, path: Path, flags: int, mode: int = 0o644) -> int:
        self._step("open", path)
        return super().open(path, flags, mode)

    def write(self, fd: int, data: memoryview) -> int:
        self._step("write", fd)
        if self.fault == "short" and self.count == self.at:
            data = data[:1]
        return super().write(fd, data)

    def fsync(self, fd: int) -> None:
        self._step("fsync", fd)
        super().fsync(fd)

    def close(self, fd: int) -> None:
        super().close(fd)  # the descriptor is gone even when close reports an error
        self._step("close", fd)

    def read(self, path: Path) -> bytes:
        self._step("read", path)
        return super().read(path)

    def link(self, old: Path, new: Path) -> None:
        self._step("link", new)
        super().link(old, new)

    def replace(self, old: Path, new: Path) -> None:
        self._step("replace", new)
        super().replace(old, new)

    def mkdir(self, path: Path) -> None:
        self._step("mkdir", path)
        super().mkdir(path)

    def unlink(self, path: Path) -> None:
        self._step("unlink", path)
        super().unlink(path)

    def fsync_dir(self, path: Path) -> None:
        self._step("fsync_dir", path)
        super().fsync_dir(path)

    def _step(self, name: str, what: Path | int) -> None:
        self.count += 1
        self.names.append(name)
        if not self.at or self.fault == "short":
            return
        if self.fault == "crash" and self.count >= self.at:
            raise Crash(f"{name} {what}")
        if self.count == self.at or (self.fault == "dead" and self.count > self.at):
            raise OSError(self.number, os.strerror(self.number))
