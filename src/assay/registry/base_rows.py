"""The version a curation starts from: which ids it holds, in which split, and their texts when they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assay.curate.gather import BASE
from assay.curate.split import Standing
from assay.curate.stored import STORED_COLUMNS, StoredChunk
from assay.kernels.ids import contains
from assay.model.version import Manifest
from assay.registry.store import Store
from assay.store.members import part_tables


class BaseRows:
    """The rows of a version, or of none."""

    def __init__(self, store: Store, manifest: Manifest | None) -> None:
        self._store = store
        self.manifest = manifest

    @cached_property
    def ids(self) -> dict[str, npt.NDArray[np.bytes_]]:
        """Split → sorted S32 ids."""
        if self.manifest is None:
            return {}
        return {split: self._store.split_ids(self.manifest, split) for split in self.manifest.splits}

    def standing(self, ids: npt.NDArray[np.bytes_]) -> Standing:
        """Where each of `ids` (S32) stands in the version."""
        wanted = np.ascontiguousarray(ids).view("V32")
        code = np.full(len(ids), -1, np.int64)
        for position, known in enumerate(self.ids.values()):
            code[contains(np.ascontiguousarray(known).view("V32"), wanted)] = position
        return Standing(code, list(self.ids))

    def chunks(self, batch_rows: int) -> Iterator[StoredChunk]:
        """The version's rows as chunks of source `BASE`, in id order within each segment."""
        if self.manifest is None:
            return
        # No chunk goes beyond a segment, so that what was measured in one holds however many come behind it.
        for split in sorted(self.manifest.splits):
            for part in self.manifest.splits[split]:
                waiting: list[pa.Table] = []
                for table in part_tables(self._store.objects, part, STORED_COLUMNS):
                    waiting.append(table)
                    if sum(map(len, waiting)) >= batch_rows:
                        yield StoredChunk(BASE, pa.concat_tables(waiting))
                        waiting = []
                if waiting:
                    yield StoredChunk(BASE, pa.concat_tables(waiting))
