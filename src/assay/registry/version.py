"""A version as people use it: iterate it, count it, hand it to Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from assay.errors import NotFound
from assay.kernels.ids import contains
from assay.model.example import Example, kind_of
from assay.model.operation import Operation
from assay.model.provenance import COLUMNS
from assay.model.version import Manifest
from assay.registry.results import FunnelStage
from assay.registry.store import Store
from assay.store.erased import ERASED, erased
from assay.store.members import shown
from assay.store.segments import SCHEMA, check_rows

READING = ("source", "record")


class Version:
    """One version of one dataset, or one split of it. Iterating gives `Example`s in source order.

    Rows of forgotten examples are left out (`erased` says how many). Rows are read from storage when asked for,
    verified against their digests: an example whose bytes do not hash to its id raises Damaged and is never given out.
    `allow` is asked before any row is, and raises Revoked for a version that was withdrawn.
    """

    def __init__(
        self,
        store: Store,
        manifest: Manifest,
        operation: Operation,
        split: str | None = None,
        allow: Callable[[], None] = lambda: None,
    ) -> None:
        if split is not None and split not in manifest.splits:
            known = ", ".join(sorted(manifest.splits)) or "none"
            raise NotFound(f"{manifest.ref} has no split {split!r}", f"its splits: {known}")
        self._store = store
        self.manifest = manifest
        self.operation = operation
        self._split = split
        self._allow = allow

    def __repr__(self) -> str:
        return f"<Version {self.name}: {len(self):,} examples, {self.fingerprint[:19]}…>"

    def __len__(self) -> int:
        return sum(self.counts.values())

    def __iter__(self) -> Iterator[Example]:
        for split in self.counts:
            for table in self.tables(split):
                yield from examples(table, split)

    @property
    def name(self) -> str:
        """`helpdesk@v2`, with `:train` when it is one split."""
        return self.manifest.ref + (f":{self._split}" if self._split else "")

    @property
    def fingerprint(self) -> str:
        """Of the whole version: equal content, equal fingerprint."""
        return self.manifest.fingerprint

    @property
    def counts(self) -> Mapping[str, int]:
        """Examples by split."""
        counts = self.manifest.counts
        return {self._split: counts[self._split]} if self._split else dict(counts)

    @cached_property
    def erased(self) -> int:
        """How many of the examples were forgotten since: they count, and their rows are not given out."""
        gone = erased(self._store.objects, self._store.everything()).ids
        if not len(gone):
            return 0
        splits = (self._store.split_ids(self.manifest, split) for split in self.counts)
        return sum(int(contains(np.ascontiguousarray(ids).view("V32"), gone).sum()) for ids in splits)

    @property
    def message(self) -> str:
        return self.manifest.message

    @cached_property
    def _curation(self) -> Mapping[str, Any]:
        return self._store.curation(self.manifest) or {}

    @property
    def recipe(self) -> dict[str, Any] | None:
        """The recipe that made it, every default spelled out."""
        return self._curation.get("recipe")

    @property
    def sources(self) -> list[dict[str, Any]]:
        """The files that its curation read: uri, sha256, bytes, container, compression, shape."""
        return list(self._curation.get("sources", ()))

    @property
    def funnel(self) -> tuple[FunnelStage, ...]:
        return tuple(
            FunnelStage(s["stage"], s["in"], s["rejected"], s["codes"], s.get("flagged", {}))
            for s in self._curation.get("funnel", ())
        )

    def tables(self, split: str) -> Iterator[pa.Table]:
        """The stored rows of a split in source order, in bounded tables with every column."""
        self._allow()
        return self._store.in_source_order(self.manifest, split)

    def behind(self, door: Callable[[], None]) -> Version:
        """The same, with something that is asked before any row is given out."""
        return Version(self._store, self.manifest, self.operation, self._split, door)

    def admit(self) -> None:
        """Ask now whether rows may be had, before anything is done for them. Raises Revoked."""
        self._allow()

    def split(self, name: str) -> Version:
        """One split of this version. Raises NotFound."""
        return Version(self._store, self.manifest, self.operation, name, self._allow)

    def whole(self) -> Version:
        """The version with all its splits, behind the same door."""
        return Version(self._store, self.manifest, self.operation, None, self._allow)

    def head(self, n: int = 5) -> list[Example]:
        """The first `n` examples in source order."""
        found: list[Example] = []
        for example in self:
            if len(found) >= n:
                break
            found.append(example)
        return found

    def to_arrow(self) -> pa.Table:
        """All rows as a table: id, split, kind, payload (JSON), source, record, and the provenance columns."""
        columns = ["id", "kind", "payload", *READING, *COLUMNS]
        tables = []
        for split in self.counts:
            for table in self.tables(split):
                check_rows(table)
                name = pa.array([split] * len(table), pa.string())
                tables.append(table.select(columns).add_column(1, "split", name))
        if not tables:
            empty = pa.schema([SCHEMA.field(name) for name in columns]).empty_table()
            return empty.add_column(1, "split", pa.array([], pa.string()))
        return pa.concat_tables(tables).combine_chunks()


def examples(table: pa.Table, split: str | None) -> Iterator[Example]:
    """The examples of segment rows, each checked against its id. Raises Damaged; NotFound of a forgotten one."""
    check_rows(shown(table))
    for row in table.to_pylist():
        yield example_of(row, split)


def example_of(row: Mapping[str, Any], split: str | None) -> Example:
    """The example of a segment's row. Raises NotFound when it was forgotten."""
    if row["payload"] == ERASED:
        raise NotFound(
            f"example {bytes(row['id']).hex()} was forgotten",
            "its text is gone; `assay log` says when, and by whom",
        )
    payload = orjson.loads(row["payload"])
    known = {name: row[name] for name in (*READING, *COLUMNS) if row.get(name) is not None}
    return Example(bytes(row["id"]), kind_of(payload), payload, known, split)
