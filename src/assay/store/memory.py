"""Storage in memory: for tests, and for work that is not to be kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from assay.errors import NotFound, StorageFailure
from assay.store.keys import check_key
from assay.store.storage import Stat


class MemoryStorage:
    """A registry's bytes in a dict. `clock` gives the time of a write, in seconds; by default all are 0."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.files: dict[str, bytes] = {}
        self._modified: dict[str, float] = {}
        self._clock = clock
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes:
        try:
            return self.files[check_key(key)]
        except KeyError:
            raise NotFound(f"{key} is not in memory") from None

    def put(self, key: str, data: bytes) -> None:
        with self._lock:
            self._set(check_key(key), bytes(data))

    def put_file(self, key: str, path: Path) -> None:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StorageFailure(f"cannot read {path}: {error.strerror}") from error
        self.put(key, data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        with self._lock:
            if check_key(key) in self.files:
                return False
            self._set(key, bytes(data))
            return True

    def stat(self, key: str) -> Stat | None:
        data = self.files.get(check_key(key))
        return None if data is None else Stat(key, len(data), self._modified.get(key, 0.0))

    def list(self, prefix: str) -> Iterator[Stat]:
        if prefix.rpartition("/")[0]:
            check_key(prefix.rpartition("/")[0])
        for key in sorted(k for k in list(self.files) if k.startswith(prefix)):
            data = self.files.get(key)
            if data is not None:
                yield Stat(key, len(data), self._modified.get(key, 0.0))

    def delete(self, key: str) -> None:
        with self._lock:
            self.files.pop(check_key(key), None)
            self._modified.pop(key, None)

    def leftovers(self) -> Iterator[Stat]:
        yield from ()

    def _set(self, key: str, data: bytes) -> None:
        self.files[key] = data
        self._modified[key] = self._clock()
