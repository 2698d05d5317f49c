"""The registry's bytes in one place: storage, objects and log, and what is read from them again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.errors import UsageError
from assay.model.operation import Operation
from assay.model.version import Manifest, SegmentRef
from assay.store.erased import forgets
from assay.store.heads import Committed, Line, lines
from assay.store.log import Log
from assay.store.log_view import LogView
from assay.store.members import live_tables, split_ids, tables_in_source_order
from assay.store.objects import Objects
from assay.store.segments import read_segment
from assay.store.storage import Storage


@dataclass
class Store:
    """What use cases read and write through. Objects are verified whenever they are read."""

    storage: Storage
    until: str | None = None
    """A moment (RFC 3339, UTC) that everything is answered as of; None: now."""
    objects: Objects = field(init=False)
    log: Log = field(init=False)
    heard: Callable[[int], None] | None = field(init=False, default=None)
    """Told how many erasures the log has, whenever that is not what it was: copies elsewhere must go then."""
    _forgotten: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.objects = Objects(self.storage)
        self.log = Log(self.storage) if self.until is None else LogView(self.storage, self.until)

    def everything(self) -> list[Operation]:
        """All operations, those after `until` too: what was forgotten since is gone from the past as well."""
        return self.log.entries() if self.until is None else Log(self.storage).entries()

    def check_writable(self) -> None:
        """Raise UsageError when everything is answered as of a moment that has passed."""
        if self.until is not None:
            raise UsageError(
                "the past cannot be changed", "leave the moment out to act on the registry as it is now"
            )

    def lines(self) -> dict[str, Line]:
        """Datasets and their versions and branches, folded from the log as it is now."""
        entries = self.log.entries()
        forgotten = len(forgets(entries))
        if (
            forgotten != self._forgotten
        ):  # somebody else may have erased what this process still has in memory
            self.objects.forget_cache()
            self._forgotten = forgotten
            if self.heard is not None:
                self.heard(forgotten)
        return lines(entries)

    def versions(self) -> dict[str, Sequence[Committed]]:
        """Datasets and all their versions, on whatever branch."""
        return {dataset: line.versions for dataset, line in self.lines().items()}

    def split_ids(self, manifest: Manifest, split: str) -> npt.NDArray[np.bytes_]:
        """The sorted ids of a split, as S32."""
        return split_ids(self.objects, manifest, split).view("S32")

    def live_tables(self, manifest: Manifest, columns: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
        """(split, rows) of a version, row group by row group."""
        return live_tables(self.objects, manifest, list(columns))

    def in_source_order(self, manifest: Manifest, split: str) -> Iterator[pa.Table]:
        """The rows of a split as their sources had them, in bounded tables."""
        return tables_in_source_order(self.objects, manifest, split)

    def segment(self, ref: SegmentRef, columns: Sequence[str] | None = None) -> pa.Table:
        return read_segment(self.objects, ref, None if columns is None else list(columns))

    def segments(self, manifest: Manifest | None) -> list[SegmentRef]:
        """Every segment of a version, once each, in manifest order."""
        if manifest is None:
            return []
        return list(dict.fromkeys(part.segment for parts in manifest.splits.values() for part in parts))

    def curation(self, manifest: Manifest) -> Mapping[str, Any] | None:
        """The JSON that says how a version came about; None for one that no curation made."""
        return None if manifest.curation is None else self.objects.get_json(manifest.curation)

    def rejected_segments(self, manifest: Manifest | None) -> list[SegmentRef]:
        """Where a version's curation put the examples it rejected, and those before it."""
        made = None if manifest is None else self.curation(manifest)
        return [SegmentRef.from_json(ref) for ref in made["rejected"]] if made else []
