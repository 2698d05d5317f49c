"""Storage in an object store: Amazon S3 and what speaks like it, through obstore. See ADR 0036."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from time import monotonic, sleep
from typing import TYPE_CHECKING, Final, TypeVar

from assay.errors import NotFound, StorageFailure
from assay.store.keys import check_key
from assay.store.object_store_failures import failure, names_no_bucket, status_of
from assay.store.storage import Stat

if TYPE_CHECKING:
    from obstore.store import ObjectStore

T = TypeVar("T")

CLAIM: Final = "claim"
"""Metadata of what `put_if_absent` writes (x-amz-meta-claim): a random number that tells this write from all others."""

_PART: Final = 8 << 20
_PARTS_AT_ONCE: Final = 3
_MOST_PARTS: Final = 9_000
_PAGE: Final = 1_000
_PROBE: Final = "probe/"


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is made again whose answer was lost or said "later": `retries` times, with pauses that double
    from 50 ms to 5 s, and not after `seconds` from the first."""

    retries: int = 8
    seconds: float = 180.0
    sleep: Callable[[float], None] = sleep
    clock: Callable[[], float] = monotonic

    def tries(self) -> Iterator[int]:
        """0, 1, 2, … for as long as it is worth another try."""
        end = self.clock() + self.seconds
        for number in range(self.retries + 1):
            if number:
                self.sleep(min(5.0, 0.025 * 2**number))
                if self.clock() > end:
                    return
            yield number


class _Threads:
    """Which process obstore's threads live in: one that is forked from it has none, and would wait for ever."""

    def __init__(self) -> None:
        self._process: int | None = None

    def check(self) -> None:
        here = os.getpid()
        if self._process is None:
            self._process = here
        elif self._process != here:
            raise StorageFailure(
                "a process that was forked cannot reach an object store that its parent reached",
                "start it with the method 'spawn' or 'forkserver', or keep the registry's rows in a folder first",
            )


_THREADS: Final = _Threads()


class ObjectStorage:
    """A registry's bytes in an object store, which must have conditional puts (If-None-Match) and strong consistency.

    `single` makes each request once, so that what is made again is decided here; `lasting` makes parts of large uploads
    again by itself. `address` is for messages. `proof`: an empty file on this machine that says that this store was
    seen to refuse a second conditional put; without it, that is tried before the first such put of this object, under
    "probe/".

    An answer that got lost is never taken for a failure or for somebody else's success: what `put_if_absent` writes
    carries a claim, a number drawn at random, and whenever the store says that the key is taken it is read who took
    it. So repeats of the same request, here or by a proxy, do no harm.
    """

    def __init__(
        self,
        single: ObjectStore,
        lasting: ObjectStore,
        address: str,
        patience: Patience | None = None,
        *,
        entropy: Callable[[int], bytes] = token_bytes,
        proof: Path | None = None,
    ) -> None:
        import obstore
        from obstore import exceptions

        self.address = address
        self._single, self._many = single, lasting
        self._do, self._errors, self._patience = obstore, exceptions, patience or Patience()
        self._entropy, self._proof = entropy, proof
        self._proven = proof is not None and proof.exists()

    @property
    def _store(self) -> ObjectStore:
        _THREADS.check()
        return self._single

    @property
    def _lasting(self) -> ObjectStore:
        _THREADS.check()
        return self._many

    def get(self, key: str) -> bytes:
        return self._read(check_key(key))[0]

    def put(self, key: str, data: bytes) -> None:
        self._overwrite(self._store, check_key(key), data, _PART)

    def put_file(self, key: str, path: Path) -> None:
        """In parts of 8 MiB, three at a time; larger parts beyond 70 GB."""
        check_key(key)
        try:
            part = max(_PART, -(-path.stat().st_size // _MOST_PARTS))
        except OSError as error:
            raise StorageFailure(f"cannot read {path}: {error.strerror}") from error
        self._overwrite(self._lasting, key, path, part)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        check_key(key)
        self.prove()
        return self._create(key, data)

    def stat(self, key: str) -> Stat | None:
        found = self._again("read", check_key(key), lambda: self._do.head(self._store, key))
        return None if found is None else Stat(key, found["size"], found["last_modified"].timestamp())

    def list(self, prefix: str) -> Iterator[Stat]:
        folder = prefix.rpartition("/")[0]
        if folder:
            check_key(folder)
        for stat in self._listed(folder):
            if stat.key.startswith(prefix) and not stat.key.startswith(_PROBE):
                yield stat

    def delete(self, key: str) -> None:
        self._again("delete", check_key(key), lambda: self._do.delete(self._store, key))

    def leftovers(self) -> Iterator[Stat]:
        """What probes left that were interrupted. Parts of an upload that was never completed cannot be seen here: a
        lifecycle rule of the bucket removes them (docs/guides/object-storage.md)."""
        yield from self._listed(_PROBE.rstrip("/"))

    def now(self) -> float:
        """What the store's own clock says, in seconds since the epoch: three requests."""
        key = self._probe()
        self.put(key, b"")
        try:
            found = self.stat(key)
        finally:
            self.delete(key)
        if found is None:
            raise StorageFailure(
                f"{self.address} lost what was just written", "see what a store has to promise"
            )
        return found.modified

    def prove(self) -> None:
        """See once that the store refuses a second conditional put and keeps metadata. Raises StorageFailure."""
        if self._proven:
            return
        key = self._probe()
        try:
            first, second = self._create(key, b"first"), self._create(key, b"second")
            data, claim = self._read(key)
        finally:
            with suppress(StorageFailure):
                self.delete(key)
        if not first or second or data != b"first":
            raise StorageFailure(
                f"{self.address}: the store overwrites what it was told to write only if absent (If-None-Match)",
                "two writers would lose each other's work: use a store, or a release of it, with conditional writes",
            )
        if not claim:
            raise StorageFailure(
                f"{self.address}: the store keeps no metadata (x-amz-meta-…)",
                "use a store that does: a lost answer could not be told from somebody else's write",
            )
        self._proven = True
        if self._proof is not None:
            with suppress(OSError):
                self._proof.parent.mkdir(parents=True, exist_ok=True)
                self._proof.touch()

    def _listed(self, folder: str) -> Iterator[Stat]:
        """What lies in a folder, in order. A listing that breaks off goes on after the last key it gave."""
        last = ""
        doubt: Exception | None = None
        for _ in self._patience.tries():
            try:
                pages = self._do.list(self._store, folder or None, offset=last or None, chunk_size=_PAGE)
                for page in pages:
                    for one in page:
                        if one["path"] <= last:
                            raise StorageFailure(
                                f"{self.address} lists its keys in no order",
                                "use a general purpose bucket: directory buckets cannot hold a registry",
                            )
                        last = one["path"]
                        yield Stat(last, one["size"], one["last_modified"].timestamp())
                return
            except (self._errors.BaseError, FileNotFoundError) as error:
                doubt = error
                if not _in_doubt(error):
                    break
        assert doubt is not None
        raise self._failure("list", folder, doubt) from None

    def _again(self, verb: str, key: str, act: Callable[[], T]) -> T | None:
        """What a request gives that may be made any number of times; None where there is no such key."""
        doubt: Exception | None = None
        for _ in self._patience.tries():
            try:
                return act()
            except FileNotFoundError as error:
                if names_no_bucket(error):
                    raise self._failure(verb, key, error) from None
                return None
            except (self._errors.BaseError, _Short) as error:
                doubt = error
                if not _in_doubt(error):
                    break
        assert doubt is not None
        raise self._failure(verb, key, doubt) from None

    def _overwrite(self, store: ObjectStore, key: str, source: bytes | Path, part: int) -> None:
        def act() -> bool:
            try:
                self._do.put(store, key, source, chunk_size=part, max_concurrency=_PARTS_AT_ONCE)
            except self._errors.BaseError:
                raise
            except FileNotFoundError as error:
                if names_no_bucket(error):
                    raise
                raise _Short(
                    str(error)
                ) from None  # an upload in parts was completed, and the answer got lost
            except OSError as error:
                raise StorageFailure(f"cannot read {source!r}: {error.strerror or error}") from error
            return True

        if self._again("write", key, act) is None:
            raise AssertionError("a write has no missing key")

    def _create(self, key: str, data: bytes) -> bool:
        """Whether this call wrote the key. Repeats itself while that is not known."""
        claim = self._entropy(16).hex()
        doubt: Exception | None = None
        for _ in self._patience.tries():
            try:
                self._do.put(
                    self._store, key, data, mode="create", attributes={CLAIM: claim}, use_multipart=False
                )
                return True
            except self._errors.AlreadyExistsError as error:  # 412; and 409, after which nothing may be there
                doubt = error
            except (FileNotFoundError, self._errors.BaseError) as error:
                if isinstance(error, FileNotFoundError) or not _in_doubt(error):
                    raise self._failure("write", key, error, in_doubt=doubt is not None) from None
                doubt = error
            with suppress(NotFound, StorageFailure):
                return self._read(key)[1] == claim
        assert doubt is not None
        raise self._failure("write", key, doubt, in_doubt=True) from None

    def _read(self, key: str) -> tuple[bytes, str]:
        """All bytes of a key, and the claim of the write ("" where none is noted)."""

        def act() -> tuple[bytes, str]:
            found = self._do.get(self._store, key)
            data = bytes(found.bytes())
            if len(data) != found.meta["size"]:
                raise _Short(f"{len(data)} of {found.meta['size']} bytes came")
            return data, str(found.attributes.get(CLAIM, ""))

        read = self._again("read", key, act)
        if read is None:
            raise NotFound(f"{key} is not in {self.address}")
        return read

    def _probe(self) -> str:
        return _PROBE + self._entropy(16).hex()

    def _failure(self, verb: str, key: str, error: Exception, in_doubt: bool = False) -> StorageFailure:
        return failure(verb, f"{self.address}/{key}", error, in_doubt)


class _Short(Exception):
    """An answer that cannot be what was asked for; asking again helps."""


def _in_doubt(error: Exception) -> bool:
    """Whether the write may have been done, or may be done when it is tried again."""
    if isinstance(error, _Short):
        return True
    status = status_of(error)
    return status is None or (status >= 500 and status != 501) or status in (408, 409, 425, 429)
