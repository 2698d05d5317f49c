"""Where bytes lie: the seam under the registry, a folder or a prefix in an object store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Stat:
    """What storage knows of a key without reading it. `modified` is in seconds since the epoch."""

    key: str
    bytes: int
    modified: float


@runtime_checkable
class Storage(Protocol):
    """Keys are relative POSIX paths ("objects/ab/abcd….json"). Nothing is ever rewritten.

    A write that returned is durable and whole: it survives the death of the process and of the machine. A
    write that did not return left all of its bytes under its key, or nothing. Failures are
    `StorageFailure`; a missing key is `NotFound`.
    """

    def get(self, key: str) -> bytes:
        """All bytes of a key."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Write a key whose content follows from its name; writing the same again is harmless."""
        ...

    def put_file(self, key: str, path: Path) -> None:
        """`put` of a local file's bytes, without holding them in memory; the file is left alone."""
        ...

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write a key that nobody has written: True, or False and nothing done. The only compare-and-swap."""
        ...

    def stat(self, key: str) -> Stat | None:
        """Size and age of a key, or None."""
        ...

    def list(self, prefix: str) -> Iterator[Stat]:
        """All keys that begin with `prefix`, in order; temporary files of unfinished writes excepted."""
        ...

    def delete(self, key: str) -> None:
        """Remove a key; a missing one is not an error. Only `gc`, `forget` and `doctor` call it."""
        ...

    def leftovers(self) -> Iterator[Stat]:
        """Temporary files that interrupted writes left behind; `delete` takes their keys."""
        ...


@runtime_checkable
class HasFiles(Protocol):
    """A storage that can show an object as a file of this machine."""

    def path_of(self, key: str) -> Path:
        """Where the bytes of a key lie. Raises NotFound."""
        ...


@runtime_checkable
class HasClock(Protocol):
    """A storage whose `modified` is told by a clock that is not this machine's."""

    def now(self) -> float | None:
        """That clock, in seconds since the epoch."""
        ...


def is_address(place: object) -> bool:
    """Whether a registry's place is an address (s3://bucket/prefix) and not a folder."""
    return isinstance(place, str) and "://" in place


def clock_of(storage: Storage) -> float | None:
    """What the storage's own clock says; None where it has none and this machine's clock holds."""
    return storage.now() if isinstance(storage, HasClock) else None
