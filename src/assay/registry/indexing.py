"""The index of a registry, brought up to its log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assay.registry.results import Progress
from assay.store.index.sqlite import SqliteIndex

if TYPE_CHECKING:
    from assay.registry import Registry, Tell


def synchronised(
    registry: Registry, index: SqliteIndex | None, folder: Path | None, tell: Tell | None
) -> SqliteIndex:
    """The index, opened if it was not, brought up to the log's head. Without a folder it is in memory."""

    def progress(done: int, total: int) -> None:
        if tell is not None:
            tell(Progress("indexing", done, total, "versions"))

    if index is None:
        index = SqliteIndex(":memory:" if folder is None else folder / "index" / "index.sqlite")
    index.sync(registry.store.objects, registry.store.log, progress)
    return index
