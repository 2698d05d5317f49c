"""What objects leave in memory for the next time: bounded by bytes, and shared by who reads the same registry."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

import pyarrow as pa

from assay.kernels.ids import IdArray
from assay.model.version import Manifest

_MANIFESTS: Final = 256


class Held:
    """Verified bytes of objects, ids that they hold, and manifests, by name; the least recently used leave first. Safe
    for several threads: nothing in it is ever changed."""

    def __init__(self, data_bytes: int, ids_bytes: int) -> None:
        self._most_data, self._most_ids = data_bytes, ids_bytes
        self._data: OrderedDict[str, pa.Buffer] = OrderedDict()
        self._ids: OrderedDict[str, IdArray] = OrderedDict()
        self._manifests: OrderedDict[str, Manifest] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def bound(self, data_bytes: int, ids_bytes: int) -> None:
        """Hold at most so much from now on; the newest of either stays whatever it takes."""
        with self._lock:
            self._most_data, self._most_ids = data_bytes, ids_bytes
            self._trim()

    def clear(self) -> None:
        """Hold nothing."""
        with self._lock:
            self._data.clear()
            self._size = 0
            self._ids.clear()
            self._manifests.clear()

    def data(self, name: str) -> pa.Buffer | None:
        """The bytes of an object."""
        with self._lock:
            if name in self._data:
                self._data.move_to_end(name)
            return self._data.get(name)

    def keep_data(self, name: str, data: pa.Buffer) -> None:
        """Hold the bytes of an object."""
        with self._lock:
            if name not in self._data:
                self._size += data.size
            self._data[name] = data
            self._trim()

    def ids(self, name: str, read: Callable[[], IdArray]) -> IdArray:
        """The ids under a name, as `read` finds them where they are not held. Not to be written to."""
        with self._lock:
            held = self._ids.get(name)
            if held is not None:
                self._ids.move_to_end(name)
                return held
        found = read()
        with self._lock:
            self._ids[name] = found
            self._trim()
        return found

    def manifest(self, name: str, read: Callable[[], Manifest]) -> Manifest:
        """The manifest under a name, as `read` finds it where it is not held."""
        with self._lock:
            held = self._manifests.get(name)
            if held is not None:
                self._manifests.move_to_end(name)
                return held
        found = read()
        with self._lock:
            self._manifests[name] = found
            while len(self._manifests) > _MANIFESTS:
                self._manifests.popitem(last=False)
        return found

    def _trim(self) -> None:
        while self._size > self._most_data and len(self._data) > 1:
            self._size -= self._data.popitem(last=False)[1].size
        size = sum(ids.nbytes for ids in self._ids.values())
        while size > self._most_ids and len(self._ids) > 1:
            size -= self._ids.popitem(last=False)[1].nbytes
