"""A far storage, and a folder on this machine that keeps what cannot change, so that nothing is fetched twice."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from math import inf
from pathlib import Path
from secrets import token_hex
from time import monotonic
from typing import Final

from assay.errors import AssayError, NotFound, StorageFailure
from assay.model.operation import Operation
from assay.store.keys import check_key
from assay.store.local import LocalStorage
from assay.store.log import PREFIX, log_key
from assay.store.nearby_log import NearbyLog
from assay.store.storage import Stat, Storage, clock_of

LIMIT: Final = 8 << 30
"""Bytes of objects that stay on this machine; the ones not used for longest go first."""

AT_ONCE: Final = 16
"""Entries of the log that are fetched at the same time when many are new here."""

_OBJECTS: Final = "objects/"
_TEMPORARY: Final = "tmp/"
_CHUNK: Final = 4 << 20


class NearbyStorage:
    """`far` is where everything lies and what decides; `folder` may be deleted at any time.

    Objects are kept under `folder/near/objects`, hashed whenever they are read from there; entries of the log in
    `folder/near/log`, trusted as far as a fresh listing and the entry after them vouch for them. `folder/tmp` holds
    this machine's unfinished work, which counts among the leftovers. Safe for several threads and processes.

    `settled`: seconds for which an entry of the log that was not there is not asked for again, unless somebody on this
    machine added one: for whoever may learn that late of what other machines do. What is put is put against the log as
    it is: `put_if_absent` decides there.
    """

    def __init__(
        self,
        far: Storage,
        folder: Path,
        limit: int = LIMIT,
        *,
        settled: float = 0.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.far, self.folder = far, folder
        self._settled, self._clock = settled, clock
        self._absent: dict[str, tuple[float, tuple[int, int]]] = {}
        self._near, self._limit = folder / "near", limit
        self._log = NearbyLog(self._near / "log")
        self._local = LocalStorage(folder)
        self._trusted: dict[str, int] = {}
        self._sound: set[str] = set()
        self._bytes: int | None = None
        self._lock = threading.RLock()

    def get(self, key: str) -> bytes:
        check_key(key)
        if key.startswith(PREFIX):
            return self._entry(key)
        if not key.startswith(_OBJECTS):
            return self.far.get(key)
        path = self._near / key
        data = self._kept(path, key)
        if data is None:
            data = self.far.get(key)
            if _is_named(key, hashlib.sha256(data).hexdigest()):
                self._keep_bytes(path, data)
        return data

    def put(self, key: str, data: bytes) -> None:
        self.far.put(key, data)
        if key.startswith(_OBJECTS):
            self._keep_bytes(self._near / key, data)

    def put_file(self, key: str, path: Path) -> None:
        self.far.put_file(key, path)
        if key.startswith(_OBJECTS):
            self._keep(self._near / key, path.stat().st_size, lambda new: shutil.copyfile(path, new))

    def put_if_absent(self, key: str, data: bytes) -> bool:
        self._absent.pop(key, None)
        won = self.far.put_if_absent(key, data)
        if won and key.startswith(PREFIX):
            with self._lock:
                self._log.add(key, data)
        return won

    def stat(self, key: str) -> Stat | None:
        return self.far.stat(key)

    def list(self, prefix: str) -> Iterator[Stat]:
        if prefix != PREFIX:
            yield from self.far.list(prefix)
            return
        listed = list(self.far.list(prefix))
        with self._lock:
            self._trusted = self._vouched({stat.key: stat.bytes for stat in listed})
        yield from listed

    def delete(self, key: str) -> None:
        if check_key(key).startswith(_TEMPORARY):
            self._local.delete(key)
            return
        _remove(self._near / key)
        self._sound.discard(key)
        self.far.delete(key)

    def leftovers(self) -> Iterator[Stat]:
        yield from self.far.leftovers()
        yield from self._local.leftovers()

    def now(self) -> float | None:
        """The far clock, where it has one."""
        return clock_of(self.far)

    def path_of(self, key: str) -> Path:
        """A local file with the object's bytes, verified once a process. Raises NotFound."""
        path = self._near / check_key(key)
        if key in self._sound and path.exists():
            return path
        data = self.get(key)
        if not path.exists():
            if not _is_named(key, hashlib.sha256(data).hexdigest()):
                raise NotFound(f"{key} is not what its name says")
            self._keep_bytes(path, data)
        if not path.exists():
            raise NotFound(f"{key} cannot be kept on this machine")
        self._sound.add(key)
        return path

    def forget(self) -> None:
        """Delete what is kept of objects that are no longer there: what was erased elsewhere must go here as well."""
        there = {stat.key for stat in self.far.list(_OBJECTS)}
        self._sound.clear()
        for stat in LocalStorage(self._near).list(_OBJECTS):
            if stat.key not in there:
                _remove(self._near / stat.key)
        for left in self._near.glob("*.part"):
            _remove(left)

    def _entry(self, key: str) -> bytes:
        with self._lock:
            held = self._log.get(key) if key in self._trusted else None
            if held is not None and len(held) == self._trusted[key]:
                return held
        at, mark = self._absent.get(key, (-inf, (0, 0)))
        if self._clock() - at < self._settled and mark == self._log.mark():
            raise NotFound(f"{key} was not there a moment ago")
        mark = self._log.mark()
        try:
            data = self.far.get(key)
        except NotFound:
            self._absent[key] = (self._clock(), mark)
            raise
        self._keep_entry(key, data)
        return data

    def _keep_entry(self, key: str, data: bytes) -> None:
        try:
            Operation.from_bytes(data)
        except ValueError:
            return  # damaged there: somebody may mend it
        with self._lock:
            self._log.add(key, data)

    def _vouched(self, listed: dict[str, int]) -> dict[str, int]:
        """Which entries may be taken from here: those before one that is fetched now and follows the last of them."""
        last = 0
        while log_key(last + 1) in listed:
            last += 1
        if not last:
            return {}
        known = min(self._log.length(), last - 1)
        vouching = log_key(known + 1)
        data = self.far.get(vouching)
        if known and not self._log.leads_to(known + 1, data):
            self._log.drop()  # another history than the one kept: a registry restored from a copy
            known = self._fetch_many(0, last)
        else:
            self._keep_entry(vouching, data)
            known = self._fetch_many(known + 1, last)
        return {log_key(number): listed[log_key(number)] for number in range(1, known + 1)}

    def _fetch_many(self, known: int, last: int) -> int:
        """Fetch the entries after number `known`, some at once; up to which number they are here then."""
        if last - known < AT_ONCE:
            return min(self._log.length(), known)

        def fetch(number: int) -> bytes | None:
            try:
                return self.far.get(log_key(number))
            except AssayError:
                return None  # whoever reads it is told

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for first in range(known + 1, last + 1, 16 * AT_ONCE):
                numbers = range(first, min(last + 1, first + 16 * AT_ONCE))
                for number, data in zip(numbers, pool.map(fetch, numbers), strict=True):
                    if data is not None:
                        self._keep_entry(log_key(number), data)
        return min(self._log.length(), last)

    def _kept(self, path: Path, key: str) -> bytes | None:
        try:
            data = path.read_bytes()
        except OSError:
            return None
        if not _is_named(key, hashlib.sha256(data).hexdigest()):
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return data

    def _keep_bytes(self, path: Path, data: bytes) -> None:
        self._keep(path, len(data), lambda new: new.write_bytes(data))

    def _keep(self, path: Path, size: int, write: Callable[[Path], object]) -> None:
        """Keep a file, unless there is no room for it; room is made where the limit is passed."""
        if size > self._limit // 4 or path.exists():
            return
        part = self._near / f"{token_hex(8)}.part"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(part)
            part.replace(path)
        except OSError:
            with suppress(OSError):
                part.unlink()
            return
        with self._lock:
            self._bytes = self._size() if self._bytes is None else self._bytes + size
            if self._bytes > self._limit:
                self._bytes = self._trim(self._limit * 4 // 5)

    def _files(self) -> Sequence[tuple[float, int, Path]]:
        found = []
        for path in (self._near / _OBJECTS).glob("*/*"):
            with suppress(OSError):
                stat = path.stat()
                found.append((stat.st_mtime, stat.st_size, path))
        return sorted(found)

    def _size(self) -> int:
        return sum(size for _, size, _ in self._files())

    def _trim(self, most: int) -> int:
        files = self._files()
        left = sum(size for _, size, _ in files)
        for _, size, path in files:
            if left <= most:
                break
            with suppress(OSError):
                path.unlink()
                left -= size
        return left


class _Straight(NearbyStorage):
    def get(self, key: str) -> bytes:
        return self.far.get(key)

    def list(self, prefix: str) -> Iterator[Stat]:
        return self.far.list(prefix)


def straight(storage: Storage) -> Storage:
    """The storage for reading what really lies there, past what this machine keeps: for whoever verifies."""
    return _Straight(storage.far, storage.folder) if isinstance(storage, NearbyStorage) else storage


def _remove(path: Path) -> None:
    """Delete a file that may hold what was forgotten. Raises StorageFailure when it stays."""
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise StorageFailure(
            f"cannot delete {path}: {error.strerror or error}",
            "delete the folder, then run the command again",
        ) from error


def _is_named(key: str, digest: str) -> bool:
    return key.rpartition("/")[2].partition(".")[0] == digest
