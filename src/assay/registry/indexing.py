"""The index of a registry, brought up to its log: in the team's database where there is one, else in the folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assay.registry.results import Progress
from assay.store import layout

if TYPE_CHECKING:
    from assay.registry import Registry, Tell
    from assay.store.index.index import Index


def index_file(folder: Path) -> Path:
    """Where the index of a registry that is a folder lies."""
    return folder / "index" / "index.sqlite"


def synchronised(registry: Registry, index: Index | None, folder: Path | None, tell: Tell | None) -> Index:
    """The index, opened if it was not, at the log's head. Without a folder and a database it is in memory."""

    def progress(done: int, total: int) -> None:
        if tell is not None:
            tell(Progress("indexing", done, total, "versions"))

    if index is None:
        index = _shared(registry) or _local(":memory:" if folder is None else index_file(folder))
    index.sync(registry.store.objects, registry.store.log, progress)
    return index


def drop_indexes(registry: Registry) -> None:
    """Delete the index, wherever there is one; whoever asks it next builds it anew. Who has it open sees that when it
    follows the log."""
    shared = _shared(registry)
    if shared is not None:
        shared.discard()
        shared.close()
    drop_local_index(registry)


def drop_local_index(registry: Registry) -> None:
    """Delete the index in this machine's folder, if there is one."""
    if registry.root is not None and (path := index_file(registry.root)).exists():
        _local(path).discard()


def _local(path: Path | str) -> Index:
    from assay.store.index.sqlite import SqliteIndex

    return SqliteIndex(path)


def _shared(registry: Registry) -> Index | None:
    if registry.database is None:
        return None
    from assay.store.index.postgres import PostgresIndex

    return PostgresIndex(registry.database, layout.open(registry.store.storage).id)
