"""From an address such as s3://bucket/prefix to the storage there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from secrets import token_bytes
from typing import Any, Final

from assay.errors import MissingExtra, UsageError
from assay.store.keys import check_key
from assay.store.object_store import ObjectStorage, Patience
from assay.store.object_store_failures import failure

SCHEMES: Final = ("s3", "gs", "az")


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
    takes from the variables of the provider (AWS_…). `timeout`: seconds within which an answer begins and
    goes on. `retries`: so often it is made
    again. `proofs`: a folder on this machine for what was seen of stores; see `ObjectStorage`. Raises UsageError for an
    address or an option that does not hold.
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
    seconds = timedelta(seconds=timeout)
    client: dict[str, Any] = {
        "timeout": 10 * seconds, "read_timeout": seconds, "connect_timeout": min(seconds, timedelta(seconds=10)),
    }  # fmt: skip
    if plain:
        client["allow_http"] = True
    backoff = {"init_backoff": timedelta(milliseconds=50), "max_backoff": timedelta(seconds=5), "base": 2}
    again = {"max_retries": retries, "retry_timeout": 2 * seconds, "backoff": backoff}
    try:
        single, lasting = (
            from_url(address.rstrip("/"), config=told, client_options=client, retry_config=retry)
            for retry in ({"max_retries": 0}, again)
        )
    except (BaseError, ValueError, TypeError) as error:
        raise failure("open", address, error) from None
    told_apart = (
        f"{address.rstrip('/')} {sorted((k, str(v)) for k, v in told.items() if 'endpoint' in k.lower())}"
    )
    mark = "proven-" + hashlib.sha256(told_apart.encode()).hexdigest()[:16]
    proof = None if proofs is None else proofs / mark
    return ObjectStorage(
        single, lasting, address.rstrip("/"), Patience(retries, 3 * timeout), entropy=entropy, proof=proof
    )
