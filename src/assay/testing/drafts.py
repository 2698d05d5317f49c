"""A minimal way to make versions: texts in splits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay.kernels.ids import sorted_ids
from assay.model.canonical import canonical_json
from assay.model.example import example_id
from assay.model.version import Manifest, SegmentRef
from assay.store import layout
from assay.store.commit import Draft, commit
from assay.store.log import Log
from assay.store.members import all_ids
from assay.store.objects import Objects
from assay.store.segments import SCHEMA, write_segments
from assay.store.storage import Storage

TIME = "2026-11-01T12:00:00Z"


def id_of(text: str) -> bytes:
    return example_id(canonical_json({"text": text}))


def table_of(
    texts: Iterable[str], source: str = "a.jsonl", keys: Mapping[str, str] | None = None
) -> pa.Table:
    """The rows of distinct texts, sorted by id; record numbers are their positions."""
    rows = sorted((id_of(t), n, t) for n, t in enumerate(dict.fromkeys(texts), 1))
    columns: dict[str, list[Any]] = {
        "id": [i for i, _, _ in rows],
        "kind": ["text"] * len(rows),
        "payload": [canonical_json({"text": t}).decode() for _, _, t in rows],
        "source": [source] * len(rows),
        "record": [n for _, n, _ in rows],
        "key": [(keys or {}).get(t) for _, _, t in rows],
    }
    empty = [None] * len(rows)
    return pa.table({f.name: pa.array(columns.get(f.name, empty), f.type) for f in SCHEMA}, schema=SCHEMA)


class Registry:
    """A registry for tests: `commit(name, {"train": texts})` does all that a commit needs."""

    def __init__(self, storage: Storage, create: bool = True) -> None:
        self.storage = storage
        if create:
            layout.create(storage, "test", TIME)
        self.objects = Objects(storage)
        self.log = Log(storage)

    def segments(self, texts: Iterable[str], **given: Any) -> list[SegmentRef]:
        table = table_of(texts, **given)
        with tempfile.TemporaryDirectory() as folder:
            return write_segments(self.objects, [table], Path(folder))

    def draft(
        self, name: str, base: Manifest | None, splits: Mapping[str, Iterable[str]], **given: Any
    ) -> Draft:
        """A draft that writes a segment for the texts that `base` does not hold."""
        listed = {split: list(texts) for split, texts in splits.items()}
        held = set() if base is None else {
            bytes(i) for ids in all_ids(self.objects, base).values() for i in ids
        }  # fmt: skip
        new = [t for texts in listed.values() for t in texts if id_of(t) not in held]
        ids = {split: sorted_ids(map(id_of, texts)) for split, texts in listed.items()}
        segments = self.segments(new, **given.pop("rows", {})) if new else []
        return Draft(name, base, ids, segments, **given)

    def commit(
        self, name: str, base: Manifest | None, splits: Mapping[str, Iterable[str]], **given: Any
    ) -> Manifest:
        draft = self.draft(name, base, splits, **given)
        return commit(self.objects, self.log, draft, actor="tester", time=TIME)

    def held(self, manifest: Manifest) -> dict[str, set[bytes]]:
        return {s: {bytes(i) for i in ids} for s, ids in all_ids(self.objects, manifest).items()}
