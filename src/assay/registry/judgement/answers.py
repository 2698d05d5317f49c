"""The folder of remembered answers: emptied when an example is forgotten, bounded when a run is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from assay.registry import Registry

LIMIT: Final = 4 << 30
"""Bytes of answers that stay after a run; the oldest go first."""
SALT: Final = "fence.salt"
"""Beside the answers: what the fences of requests are made from. `SALT_BYTES` random bytes."""
SALT_BYTES: Final = 32
ABANDONED: Final = 30 * 24 * 3600.0
"""Seconds after which a run that never ended keeps its answers no longer."""

_UNFINISHED: Final = 3600.0
_RUN: Final = ".run"


def folder_of(registry: Registry) -> Path | None:
    """Where answers lie, if the registry is a folder."""
    return None if registry.root is None else registry.root / "cache" / "answers"


@contextmanager
def run_of(registry: Registry, name: str) -> Iterator[None]:
    """A run that uses answers. When it comes to its end the folder is brought within its bound; one that is killed
    or stopped leaves a mark, and what was paid for since it began stays until the same run (`name`: hexadecimal, of
    all that it asks by) has come to its end."""
    folder = folder_of(registry)
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / f"{name}{_RUN}"
    if not mark.exists():
        mark.touch()
    yield
    mark.unlink(missing_ok=True)
    trim(folder, registry.clock().timestamp())


def trim(folder: Path, now: float, limit: int = LIMIT) -> int:
    """Delete the oldest answers until at most `limit` bytes are left, but none that is as young as a run that has not
    come to its end; how many bytes of answers went. Files that somebody began to write an hour ago go as well. `now`:
    seconds since the epoch."""
    since, held = float("inf"), []
    for mark in folder.glob(f"*{_RUN}"):
        with suppress(OSError):
            began = mark.stat().st_mtime
            if began < now - ABANDONED:
                mark.unlink()
            else:
                since = min(since, began)
    for path in folder.glob("*/*.part"):
        with suppress(OSError):
            if path.stat().st_mtime < now - _UNFINISHED:
                path.unlink()
    for path in folder.glob("*/*.answer"):
        with suppress(OSError):
            stat = path.stat()
            held.append((stat.st_mtime, stat.st_size, path))
    left, gone = sum(size for _, size, _ in held), 0
    for modified, size, path in sorted(held):
        if left <= limit or modified >= since:
            break
        with suppress(OSError):
            path.unlink()
            left, gone = left - size, gone + size
    return gone


def empty(registry: Registry) -> int:
    """Delete every answer, whole or half written; how many files went. The salt of the fences stays: it is of no
    example, and without it no request would be made again as it was."""
    folder, gone = folder_of(registry), 0
    if folder is None:
        return gone
    for path in folder.glob("*/*"):
        if path.suffix in (".answer", ".part"):
            with suppress(FileNotFoundError):
                path.unlink()
                gone += 1
    return gone
