"""The version a curation starts from: which ids it holds, in which split, and their texts when they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from assay.curate.chunk import Chunk
from assay.curate.gather import BASE
from assay.curate.split import Standing
from assay.kernels.ids import contains
from assay.model.record import Malformed, Parsed, RawRecord
from assay.model.version import Manifest
from assay.registry.store import Store

BASE_URI = ""


def decode_stored(raw: RawRecord) -> Parsed | Malformed:
    """A payload as a segment holds it; it was checked when it was written."""
    assert isinstance(raw.data, bytes)
    return Parsed(orjson.loads(raw.data))


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

    def chunks(self, batch_rows: int) -> Iterator[Chunk]:
        """The version's rows as chunks of source `BASE`, in id order."""
        if self.manifest is None:
            return
        columns = ["id", "payload", "source", "record", "key"]
        for _, table in self._store.live_tables(self.manifest, columns):
            for batch in table.to_batches(max_chunksize=batch_rows):
                records: list[Any] = [
                    RawRecord(record, None, payload.encode())
                    for record, payload in zip(
                        batch.column("record").to_pylist(), batch.column("payload").to_pylist(), strict=True
                    )
                ]
                yield Chunk(BASE, BASE_URI, "stored", decode_stored, tuple(records))
