"""Storage in an object store: Amazon S3 and what speaks like it, through obstore. See ADR 0036."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING, Any, Final

from assay.errors import MissingExtra, NotFound, StorageFailure, UsageError
from assay.store.keys import check_key
from assay.store.object_store_failures import failure, names_no_bucket, status_of
from assay.store.storage import Stat

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEMES: Final = ("s3", "gs", "az")
ATTEMPT: Final = "attempt"
"""Metadata of what `put_if_absent` writes (x-amz-meta-attempt): which attempt it was, in hexadecimal."""

_PART: Final = 8 << 20
_PARTS_AT_ONCE: Final = 3
_MOST_PARTS: Final = 9_000
_ATTEMPTS: Final = 5
_PAGE: Final = 1_000
_PROBE: Final = "probe/"


def connect(
    address: str,
    options: Mapping[str, Any],
    *,
    timeout: float = 60.0,
    retries: int = 8,
    entropy: Callable[[int], bytes] = token_bytes,
    proofs: Path | None = None,
) -> ObjectStorage:
    """The storage under an address: s3://, gs:// or az://, a bucket, and a prefix or none.

    `options`: configuration of obstore's store (`endpoint`, `region`, `access_key_id`, …); what they leave out, obstore
    takes from the variables of the provider (AWS_…). `timeout`: seconds of one request. `retries`: of one request, by
    obstore. `proofs`: a folder on this machine for what was seen of
    stores; see `ObjectStorage`. Raises UsageError for an address or an option that does not hold.
    """
    scheme, _, rest = address.partition("://")
    bucket, _, prefix = rest.partition("/")
    if scheme not in SCHEMES or not bucket or "@" in bucket or any(mark in rest for mark in "?#%"):
        raise UsageError(
            f"{scheme}:// is not where a registry can lie"
            if scheme not in SCHEMES
            else "the address has no bucket",
            "name it as s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX",
        )
    if prefix:
        check_key(prefix.rstrip("/"))
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError:
        raise MissingExtra(
            "registries in object stores need a package of their own", "pip install 'assay-data[s3]'"
        ) from None
    told = {str(name): value for name, value in options.items()}
    if scheme == "s3":
        told.setdefault("disable_bulk_delete", "true")  # single deletions are what every vendor understands
    plain = any(
        str(value).startswith("http://") for name, value in told.items() if "endpoint" in name.lower()
    )
    backoff = {"init_backoff": timedelta(milliseconds=50), "max_backoff": timedelta(seconds=5), "base": 2}
    try:
        store = from_url(
            address.rstrip("/"),
            config=told,
            client_options={
                "timeout": timedelta(seconds=timeout),
                **({"allow_http": True} if plain else {}),
            },
            retry_config={
                "max_retries": retries, "retry_timeout": timedelta(seconds=2 * timeout), "backoff": backoff,
            },
        )  # fmt: skip
    except (BaseError, ValueError, TypeError) as error:
        raise failure("open", address, error) from None
    told_apart = (
        f"{address.rstrip('/')} {sorted((k, str(v)) for k, v in told.items() if 'endpoint' in k.lower())}"
    )
    mark = "proven-" + hashlib.sha256(told_apart.encode()).hexdigest()[:16]
    proof = None if proofs is None else proofs / mark
    return ObjectStorage(store, address.rstrip("/"), entropy=entropy, proof=proof)


class ObjectStorage:
    """A registry's bytes in an object store, which must have conditional puts (If-None-Match) and strong consistency.

    `address` is for messages. `proof`: an empty file on this machine that says that this store was seen to refuse a second
    conditional put; without it, that is tried before the first such put of this object, under "probe/".

    An answer that got lost is never taken for a failure or for somebody else's success: what `put_if_absent` writes
    carries a number of its own, drawn at random, and whenever the store says that the key is taken it is read who took
    it. So repeats of the same request, by obstore, a proxy or here, do no harm.
    """

    def __init__(
        self,
        store: ObjectStore,
        address: str,
        *,
        entropy: Callable[[int], bytes] = token_bytes,
        proof: Path | None = None,
    ) -> None:
        import obstore
        from obstore import exceptions

        self.address = address
        self._store, self._do, self._errors = store, obstore, exceptions
        self._entropy, self._proof = entropy, proof
        self._proven = proof is not None and proof.exists()

    def get(self, key: str) -> bytes:
        return self._read(check_key(key))[0]

    def put(self, key: str, data: bytes) -> None:
        self._overwrite(check_key(key), data, _PART)

    def put_file(self, key: str, path: Path) -> None:
        """In parts of 8 MiB, three at a time; larger parts beyond 70 GB."""
        check_key(key)
        try:
            part = max(_PART, -(-path.stat().st_size // _MOST_PARTS))
        except OSError as error:
            raise StorageFailure(f"cannot read {path}: {error.strerror}") from error
        self._overwrite(key, path, part)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        check_key(key)
        self.prove()
        return self._create(key, data)

    def stat(self, key: str) -> Stat | None:
        check_key(key)
        try:
            found = self._do.head(self._store, key)
        except FileNotFoundError as error:
            if names_no_bucket(error):
                raise self._failure("read", key, error) from None
            return None
        except self._errors.BaseError as error:
            raise self._failure("read", key, error) from None
        return Stat(key, found["size"], found["last_modified"].timestamp())

    def list(self, prefix: str) -> Iterator[Stat]:
        folder = prefix.rpartition("/")[0]
        if folder:
            check_key(folder)
        before = ""
        try:
            for page in self._do.list(self._store, folder or None, chunk_size=_PAGE):
                for one in page:
                    key = one["path"]
                    if key <= before:
                        raise StorageFailure(
                            f"{self.address} lists its keys in no order",
                            "use a general purpose bucket: directory buckets cannot hold a registry",
                        )
                    before = key
                    if key.startswith(prefix) and not key.startswith(_PROBE):
                        yield Stat(key, one["size"], one["last_modified"].timestamp())
        except (self._errors.BaseError, FileNotFoundError) as error:
            raise self._failure("list", prefix, error) from None

    def delete(self, key: str) -> None:
        check_key(key)
        try:
            self._do.delete(self._store, key)
        except FileNotFoundError as error:
            if names_no_bucket(error):
                raise self._failure("delete", key, error) from None
        except self._errors.BaseError as error:
            raise self._failure("delete", key, error) from None

    def leftovers(self) -> Iterator[Stat]:
        """What probes left that were interrupted. Parts of an upload that was never completed cannot be seen here: a
        lifecycle rule of the bucket removes them (docs/guides/object-storage.md)."""
        try:
            for page in self._do.list(self._store, _PROBE.rstrip("/"), chunk_size=_PAGE):
                for one in page:
                    yield Stat(one["path"], one["size"], one["last_modified"].timestamp())
        except (self._errors.BaseError, FileNotFoundError) as error:
            raise self._failure("list", _PROBE, error) from None

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
            data, attempt = self._read(key)
        finally:
            with suppress(StorageFailure):
                self.delete(key)
        if not first or second or data != b"first":
            raise StorageFailure(
                f"{self.address}: the store overwrites what it was told to write only if absent (If-None-Match)",
                "two writers would lose each other's work there: use a store, or a release of it, with conditional writes",
            )
        if not attempt:
            raise StorageFailure(
                f"{self.address}: the store keeps no metadata (x-amz-meta-…)",
                "use a store that does: a lost answer could not be told from somebody else's write",
            )
        self._proven = True
        if self._proof is not None:
            with suppress(OSError):
                self._proof.parent.mkdir(parents=True, exist_ok=True)
                self._proof.touch()

    def _overwrite(self, key: str, source: bytes | Path, part: int) -> None:
        doubt: Exception | None = None
        for _ in range(_ATTEMPTS):
            try:
                self._do.put(self._store, key, source, chunk_size=part, max_concurrency=_PARTS_AT_ONCE)
                return
            except (
                FileNotFoundError
            ) as error:  # 404 also says of an upload in parts that it was completed before
                doubt = error
                if names_no_bucket(error):
                    break
            except self._errors.BaseError as error:
                doubt = error
                if not _in_doubt(error):
                    break
            except OSError as error:
                raise StorageFailure(f"cannot read {source!r}: {error.strerror or error}") from error
        assert doubt is not None
        raise self._failure("write", key, doubt) from None

    def _create(self, key: str, data: bytes) -> bool:
        """Whether this call wrote the key. Repeats itself while that is not known."""
        attempt = self._entropy(16).hex()
        doubt: Exception | None = None
        for _ in range(_ATTEMPTS):
            try:
                self._do.put(
                    self._store, key, data, mode="create", attributes={ATTEMPT: attempt}, use_multipart=False
                )
                return True
            except self._errors.AlreadyExistsError as error:  # 412; and 409, after which nothing may be there
                doubt = error
            except FileNotFoundError as error:
                raise self._failure("write", key, error) from None
            except self._errors.BaseError as error:
                doubt = error
                if not _in_doubt(error):
                    raise self._failure("write", key, error) from None
            with suppress(NotFound, StorageFailure):
                return self._read(key)[1] == attempt
        assert doubt is not None
        raise self._failure("write", key, doubt, in_doubt=True) from None

    def _read(self, key: str) -> tuple[bytes, str]:
        """All bytes of a key, and the attempt that wrote it ("" where none is noted)."""
        try:
            found = self._do.get(self._store, key)
            data = bytes(found.bytes())
            size, noted = found.meta["size"], found.attributes.get(ATTEMPT, "")
        except FileNotFoundError as error:
            if names_no_bucket(error):
                raise self._failure("read", key, error) from None
            raise NotFound(f"{key} is not in {self.address}") from None
        except self._errors.BaseError as error:
            raise self._failure("read", key, error) from None
        if len(data) != size:
            raise StorageFailure(f"{key} came with {len(data):,} of {size:,} bytes", "run the command again")
        return data, str(noted)

    def _probe(self) -> str:
        return _PROBE + self._entropy(16).hex()

    def _failure(self, verb: str, key: str, error: Exception, in_doubt: bool = False) -> StorageFailure:
        return failure(verb, f"{self.address}/{key}", error, in_doubt)


def _in_doubt(error: Exception) -> bool:
    """Whether the write may have been done, or may be done when it is tried again."""
    status = status_of(error)
    return status is None or status >= 500 or status in (408, 409, 425, 429)
