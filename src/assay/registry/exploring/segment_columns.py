"""The columns that segments are explored by: made once, kept in `cache/facets`, never trusted over the log."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.kernels.ids import IdArray, as_ids, sorted_ids
from assay.measure.distribution import LIMIT
from assay.measure.facets.rows import READ, Coder, SegmentColumns, labels
from assay.model.version import SegmentRef
from assay.registry.results import Progress
from assay.store.erased import stands_in
from assay.store.objects import Objects
from assay.store.parquet import get_table
from assay.store.segments import read_groups
from assay.store.values import FileValues

if TYPE_CHECKING:
    from assay.registry import Registry

VERSION: Final = 1
"""Goes up when what is taken down of a row changes; what was taken down before is then not found any more."""
LIMIT_BYTES: Final = 2 << 30
"""Of `cache/facets`; what was not used for longest goes first."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Columns:
    """Of every row of a segment: `arrays` by name, and coded texts: name → (codes, names)."""

    arrays: Mapping[str, Array]
    words: Mapping[str, tuple[Array, Sequence[str]]]


def facet_files(registry: Registry) -> FileValues | None:
    """The folder of these columns; None for a registry that is no folder."""
    folder = registry._folder  # that of a moment in the past has the same segments
    return None if folder is None else FileValues(folder / "cache" / "facets")


def unprepared(registry: Registry, segments: Collection[SegmentRef]) -> int:
    """How many rows of some segments have no columns yet; all of them in a registry that is no folder."""
    files, instead = facet_files(registry), stands_in(registry.store.objects, registry.store.everything())
    names = {one: _name(("segment", one.object), instead) for one in segments}
    return sum(one.rows for one, name in names.items() if files is None or not files.has(name))


def _name(what: tuple[str, ...], instead: Mapping[str, str | None]) -> str:
    return hashlib.sha256(orjson.dumps([VERSION, *what, instead.get(what[1]) or what[1]])).hexdigest()


@dataclass
class Preparing:
    """Brings columns of segments: from the folder, or made of the rows and put there."""

    registry: Registry
    rows: int
    """Rows that are to be brought in all."""
    done: int = 0
    made: int = 0

    def __post_init__(self) -> None:
        store = self.registry.store
        self._files = facet_files(self.registry)
        self._instead = stands_in(store.objects, store.everything())
        # Segments are read once, one after the other: no other object is to make room for them.
        self._objects = Objects(store.storage, cache_bytes=0)

    def segment(self, ref: SegmentRef) -> Columns:
        """The columns of a segment. Raises Damaged."""

        def make() -> Columns:
            taken = SegmentColumns()
            for table in read_groups(self._objects, ref, READ):
                taken.add(table)
                self._tell(len(table))
            coded = {name: (coder.codes, list(coder.names)) for name, coder in taken.words.items()}
            return Columns(taken.arrays, coded)

        return self._kept(("segment", ref.object), make)

    def field(self, ref: SegmentRef, path: str) -> Columns:
        """One field of the records of a segment, under `words`; not there when it is no category."""

        def make() -> Columns:
            coder = Coder()
            for table in read_groups(self._objects, ref, ["payload", "extra"]):
                extras = [_object(text) for text in table.column("extra").to_pylist()]
                payloads = [orjson.loads(text) for text in table.column("payload").to_pylist()]
                coder.add(labels([path], extras, payloads)[path])
            return Columns(
                {}, {path: (coder.codes, list(coder.names))} if len(coder.names) <= LIMIT + 1 else {}
            )

        return self._kept(("field", ref.object, path), make)

    def twins(self, ledger: str) -> IdArray:
        """The sorted ids of the examples in whose stead a ledger's records were rejected. Raises Damaged."""

        def make() -> Columns:
            table = get_table(self._objects, ledger, ["code", "outcome", "twin_id"])
            codes, outcomes = (table.column(name).to_pylist() for name in ("code", "outcome"))
            named = table.column("twin_id").to_pylist()
            found = sorted_ids(
                twin
                for twin, code, outcome in zip(named, codes, outcomes, strict=True)
                if twin is not None and outcome == "rejected" and code != "identical"
            )
            return Columns({"id": found} if len(found) else {}, {})

        found: IdArray = self._kept(("twins", ledger), make).arrays.get("id", as_ids([]))
        return found

    def finish(self) -> None:
        """Keep the folder within its bound, where something was put there."""
        if self.made and self._files is not None:
            self._files.trim(LIMIT_BYTES)

    def _kept(self, what: tuple[str, ...], make: Any) -> Columns:
        name = _name(what, self._instead)
        if self._files is not None and (held := self._files.get(name)) is not None:
            return _read(held)
        found: Columns = make()
        self.made += 1
        if self._files is not None:
            self._files.write(name, _written(found))
            if (held := self._files.get(name)) is not None:  # pages of a file, which the system may let go of
                found = _read(held)
        pa.default_memory_pool().release_unused()
        return found

    def _tell(self, rows: int) -> None:
        self.done += rows
        if self.registry.tell is not None:
            self.registry.tell(Progress("preparing", self.done, self.rows, "rows"))


def _written(columns: Columns) -> Iterator[tuple[str, Array]]:
    yield from columns.arrays.items()
    for name, (codes, names) in columns.words.items():
        yield f"codes {name}", codes
        yield f"names {name}", np.frombuffer(orjson.dumps(names), np.uint8)


def _read(held: Mapping[str, Array]) -> Columns:
    words = {
        name.removeprefix("codes "): (
            codes,
            orjson.loads(held["names " + name.removeprefix("codes ")].tobytes()),
        )
        for name, codes in held.items()
        if name.startswith("codes ")
    }
    return Columns(
        {name: one for name, one in held.items() if not name.startswith(("codes ", "names "))}, words
    )


def _object(text: str | None) -> Mapping[str, Any]:
    value = orjson.loads(text) if text and text != "{}" else {}
    return value if isinstance(value, dict) else {}
