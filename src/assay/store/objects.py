"""Objects: immutable bytes named by their SHA-256, checked whenever they are read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from assay.errors import Damaged, NotFound, StorageFailure
from assay.kernels.ids import IdArray
from assay.model.canonical import canonical_json
from assay.model.version import Manifest
from assay.store.held import Held
from assay.store.log import Log
from assay.store.storage import Storage

SUFFIXES = ("json", "parquet", "bin")
NAME = re.compile(r"([0-9a-f]{64})\.(json|parquet|bin)")

_CHUNK = 4 << 20
_IDS_BYTES = 96 << 20
"""Ids of three million examples: a curation looks up where examples stand several times."""


def object_key(name: str) -> str:
    """Where an object lies: "objects/ab/abcd….json". Raises ValueError when `name` is not an object's."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} does not name an object")
    return f"objects/{name[:2]}/{name}"


def arrows_own(data: bytes | bytearray) -> pa.Buffer:
    """A copy of some bytes in memory that Arrow owns.

    Arrow's threads may drop the last hold on what they read after the main thread is done. Memory of Python's
    cannot be let go without the interpreter, and a thread that asks for one that is ending aborts the process.
    """
    buffer = pa.allocate_buffer(len(data))
    memoryview(buffer).cast("B")[:] = data
    return buffer.slice()  # which cannot be written to


class Objects:
    """The objects of a storage.

    Every object is hashed when it is read, and then kept, verified, in memory: up to `cache_bytes` in all,
    the least recently used leave first, and others may share what is kept. An object that is gone because a part of
    it was forgotten is read from the one that stands in for it (`store/erased.py`). Not for use by several threads at
    once.
    """

    def __init__(self, storage: Storage, cache_bytes: int = 192 << 20) -> None:
        self.storage = storage
        self._log = Log(storage)
        self._held = Held(cache_bytes, _IDS_BYTES)

    def share(self, other: Objects) -> None:
        """Hold in memory what another reader of the same objects holds, and the other way round."""
        self._held = other._held

    def bound(self, cache_bytes: int, ids_bytes: int) -> None:
        """Hold at most so many bytes of objects, and of ids, from now on: with all who share."""
        self._held.bound(cache_bytes, ids_bytes)

    def put_bytes(self, data: bytes, suffix: str) -> str:
        """Write an object; its name. `suffix` is one of `SUFFIXES`."""
        name = f"{hashlib.sha256(data).hexdigest()}.{suffix}"
        self.storage.put(object_key(name), data)
        return name

    def put_file(self, path: Path, suffix: str) -> str:
        """Write an object from a file, which is left alone; its name."""
        digest = hashlib.sha256()
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except OSError as error:
            raise StorageFailure(f"cannot read {path}: {error.strerror}") from error
        name = f"{digest.hexdigest()}.{suffix}"
        self.storage.put_file(object_key(name), path)
        return name

    def put_json(self, value: Any) -> str:
        """Write a JSON value canonically; its name."""
        return self.put_bytes(canonical_json(value), "json")

    def get(self, name: str) -> bytes:
        """All bytes of an object. Raises Damaged when it is missing or not what its name says."""
        data: bytes = self.buffer(name).to_pybytes()
        return data

    def buffer(self, name: str) -> pa.Buffer:
        """`get` without a copy."""
        held = self._held.data(name)
        if held is not None:
            return held
        data = arrows_own(self._read(name))
        self._held.keep_data(name, data)
        return data

    def forget_cache(self) -> None:
        """Hold nothing in memory any more: what was read before may have been erased."""
        self._held.clear()

    def _read(self, name: str) -> bytes:
        """The bytes of an object, or of the one that stands in for it since a part of it was erased."""
        try:
            return read_verified(self.storage, name)
        except Damaged:
            if self.storage.stat(object_key(name)) is not None:
                raise
            from assay.store.erased import stands_in  # reads objects itself

            instead = stands_in(self, self._log.entries())
            if name not in instead:
                raise
        new = instead[name]
        if new is None:
            raise Damaged(f"{object_key(name)} was erased on purpose", "`assay log` says by whom")
        return read_verified(self.storage, new)

    def ids(self, name: str, read: Callable[[], IdArray]) -> IdArray:
        """The ids that an object holds, as `read` finds them, which is not asked again soon. Not to be written to."""
        return self._held.ids(name, read)

    def get_json(self, name: str) -> Any:
        """The JSON value of an object."""
        try:
            return orjson.loads(self.get(name))
        except orjson.JSONDecodeError as error:
            raise Damaged(f"{object_key(name)} is not JSON: {error}") from None

    def manifest(self, name: str) -> Manifest:
        """The manifest that an object holds."""
        return self._held.manifest(name, lambda: self._manifest(name))

    def _manifest(self, name: str) -> Manifest:
        try:
            return Manifest.from_bytes(self.get(name))
        except ValueError as error:
            raise Damaged(f"{object_key(name)}: {error}") from None


def read_verified(storage: Storage, name: str) -> bytes:
    """The bytes of an object straight from storage. Raises Damaged as `Objects.get` does."""
    key = object_key(name)
    try:
        data = storage.get(key)
    except NotFound:
        raise Damaged(
            f"{key} is missing", "restore it from a copy of the registry, then run `assay verify`"
        ) from None
    if hashlib.sha256(data).hexdigest() != name[:64]:
        raise Damaged(
            f"{key} is not what its name says: the bytes changed after they were written",
            "restore it from a copy of the registry, then run `assay verify`",
        )
    return data
