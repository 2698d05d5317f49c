"""Making a registry, and opening one."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from assay.errors import NotFound, UsageError
from assay.registry import Registry
from assay.registry.timing import spell_time, utc_now
from assay.store import layout
from assay.store.address import Address
from assay.store.local import LocalStorage


def os_user() -> str:
    """The operating system's name for who runs this process; no environment variable is asked."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError, AttributeError):
        return "unknown"


def init(path: str | Path, *, actor: str | None = None, clock: Callable[[], datetime] = utc_now) -> Registry:
    """Make an empty registry in a folder (made if need be). Raises UsageError when there is one already."""
    root = Path(path)
    if root.exists() and not root.is_dir():
        raise UsageError(f"{path} is a file", "name a folder for the registry")
    storage = LocalStorage(root)
    layout.create(storage, uuid.uuid4().hex, spell_time(clock()))
    return Registry(storage, root, actor or os_user(), clock)


def open(
    path: str | Path,
    *,
    actor: str | None = None,
    clock: Callable[[], datetime] = utc_now,
    database: str | None = None,
) -> Registry:
    """The registry in a folder. `database`: the address of a PostgreSQL in which the index lies, not in the folder.
    Raises NotFound when there is none, UsageError for what is no address."""
    root = Path(path)
    storage = LocalStorage(root)
    try:
        layout.open(storage)
    except NotFound as error:
        raise NotFound(f"no registry at {path}", error.hint) from None
    where = None if database is None else Address.parse(database)
    return Registry(storage, root, actor or os_user(), clock, database=where)
