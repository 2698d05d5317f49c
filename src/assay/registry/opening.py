"""Making a registry, and opening one."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import Damaged, NotFound, UsageError
from assay.registry import Registry
from assay.registry.timing import spell_time, utc_now
from assay.store import layout
from assay.store.address import Address
from assay.store.local import LocalStorage
from assay.store.storage import is_address

if TYPE_CHECKING:
    from assay.store.object_store import ObjectStorage

_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}")


def os_user() -> str:
    """The operating system's name for who runs this process; no environment variable is asked."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError, AttributeError):
        return "unknown"


def init(
    path: str | Path,
    *,
    actor: str | None = None,
    clock: Callable[[], datetime] = utc_now,
    options: Mapping[str, Any] | None = None,
    cache: str | Path | None = None,
) -> Registry:
    """Make an empty registry in a folder (made if need be), or under an address such as s3://bucket/prefix.

    `options` and `cache`: see `open`. Raises UsageError when there is one already; StorageFailure for an object store
    that cannot hold a registry.
    """
    id_, created = uuid.uuid4().hex, spell_time(clock())
    if is_address(path):
        far = _far(str(path), options, cache)
        far.prove()
        return _opened(far, layout.create(far, id_, created), actor, clock, cache)
    root = Path(path)
    if root.exists() and not root.is_dir():
        raise UsageError(f"{path} is a file", "name a folder for the registry")
    storage = LocalStorage(root)
    layout.create(storage, id_, created)
    return Registry(storage, root, actor or os_user(), clock)


def open(
    path: str | Path,
    *,
    actor: str | None = None,
    clock: Callable[[], datetime] = utc_now,
    options: Mapping[str, Any] | None = None,
    cache: str | Path | None = None,
    settled: float = 0.0,
    database: str | None = None,
) -> Registry:
    """The registry in a folder, or under an address such as s3://bucket/prefix. Raises NotFound when there is none.

    `database`: the address of a PostgreSQL in which the index lies, not in the folder; UsageError for what is none.

    For an address only: `options` is the configuration of obstore's store (`endpoint`, `region`, `access_key_id`,
    `secret_access_key`, …); what it leaves out obstore takes from the provider's variables (AWS_…). `cache` is a folder
    on a disk of this machine, in which a folder named by the registry's id keeps what was read, the index, and work
    under way; without it nothing is kept, and everything is read anew. `settled`: seconds for which the end of the log,
    once seen, is taken to be the end by whoever reads, unless somebody on this machine went beyond it.
    """
    where = None if database is None else Address.parse(database)
    try:
        if is_address(path):
            far = _far(str(path), options, cache)
            return _opened(far, layout.open(far), actor, clock, cache, settled, where)
        root = Path(path)
        storage = LocalStorage(root)
        layout.open(storage)
    except NotFound as error:
        raise NotFound(f"no registry at {path}", error.hint) from None
    return Registry(storage, root, actor or os_user(), clock, database=where)


def _far(address: str, options: Mapping[str, Any] | None, cache: str | Path | None) -> ObjectStorage:
    from assay.store.object_store_address import connect

    return connect(address, options or {}, proofs=None if cache is None else Path(cache))


def _opened(
    far: ObjectStorage,
    found: layout.Layout,
    actor: str | None,
    clock: Callable[[], datetime],
    cache: str | Path | None,
    settled: float = 0.0,
    database: Address | None = None,
) -> Registry:
    actor = actor or os_user()
    if cache is None:
        return Registry(far, None, actor, clock, reached=("--registry", far.address), database=database)
    from assay.registry.keeping.erased_elsewhere import follow
    from assay.store.nearby import NearbyStorage

    if not _ID.fullmatch(str(found.id)):  # it names a folder here
        raise Damaged(f"{str(found.id)[:80]!r} is no id of a registry", "see who wrote registry.json")
    root = Path(cache).absolute() / str(found.id)
    with suppress(OSError):  # what cannot be kept is read anew; what has to be written there says so
        root.mkdir(
            parents=True, exist_ok=True, mode=0o700
        )  # the bucket is not open to all users of this machine
    reached = ("--registry", far.address, "--cache", str(root.parent))
    near = NearbyStorage(far, root, settled=settled)
    registry = Registry(near, root, actor, clock, reached=reached, database=database)
    follow(registry)
    return registry
