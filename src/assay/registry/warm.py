"""What looking at versions leaves in memory for the next look: bounded, derived, shared where registries say so."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary, ref

import numpy as np
import numpy.typing as npt

from assay.measure.facets.columns import Mask
from assay.model.version import Manifest, SegmentRef
from assay.registry.exploring.version_columns import VersionColumns, lay_out
from assay.registry.history.diff_net import Net, net
from assay.store.erased import forgets
from assay.store.glimpse import Glimpse
from assay.store.index.words import Query as WordQuery
from assay.store.index.words import fold

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.exploring.ledger_columns import LedgerColumns

TABLES: Final = 2
"""Versions, and ledgers, that stay laid out: some 70 bytes an example."""
NETS: Final = 2
"""Diffs over several versions that stay reckoned: some 40 bytes an example that differs."""
FOUND_BYTES: Final = 24 << 20
"""Of rows that words were found in."""


@dataclass
class Shelf:
    """What several registries look at: versions laid out, ledgers, rows that words were found in. Whoever changes
    something here, or in a table that lies here, holds `lock`; columns never change once they are there."""

    forgotten: int
    lock: RLock = field(default_factory=RLock)
    tables: OrderedDict[tuple[str, tuple[str, ...]], VersionColumns] = field(default_factory=OrderedDict)
    ledgers: OrderedDict[str, LedgerColumns] = field(default_factory=OrderedDict)
    found: OrderedDict[tuple[str, tuple[str, ...]], npt.NDArray[np.uint32]] = field(
        default_factory=OrderedDict
    )
    nets: OrderedDict[tuple[str, str], Net | None] = field(default_factory=OrderedDict)


@dataclass
class Company:
    """The registries of one folder that share a shelf. `shelf`: None before the first look."""

    lock: RLock = field(default_factory=RLock)
    shelf: Shelf | None = None


@dataclass
class Warm:
    """A registry at its shelf, with files that it has open. Not for several threads at once; the shelf is."""

    registry_ref: ref[Registry]
    glimpse: Glimpse
    shelf: Shelf

    @property
    def registry(self) -> Registry:
        found = self.registry_ref()
        assert found is not None, "whoever asks holds the registry"
        return found

    def table(self, manifest: Manifest, fields: tuple[str, ...]) -> VersionColumns:
        """A version laid out, with some fields of its records. Raises Damaged."""
        key, shelf = (manifest.name, fields), self.shelf
        with shelf.lock:  # who wants what another is laying out waits for it
            if key not in shelf.tables:
                while len(shelf.tables) >= TABLES:
                    shelf.tables.popitem(last=False)
                shelf.tables[key] = lay_out(self.registry, manifest, fields)
            shelf.tables.move_to_end(key)
            return shelf.tables[key]

    def net(self, old: Manifest, new: Manifest) -> Net | None:
        """What leads from a version to one that was made from it, reckoned once; None for others. Raises Damaged."""
        key, shelf = (old.name, new.name), self.shelf
        with shelf.lock:
            if key not in shelf.nets:
                while len(shelf.nets) >= NETS:
                    shelf.nets.popitem(last=False)
                shelf.nets[key] = net(self.registry.store.objects, old, new)
            shelf.nets.move_to_end(key)
            return shelf.nets[key]

    def holding(self, table: VersionColumns, words: Sequence[str]) -> Mask:
        """bool[rows of the table]: whether all words stand in the text. Raises UsageError."""
        mask = np.zeros(len(table), np.bool_)
        for rows, where in zip(self.rows_holding(table.segments, words), table.where, strict=True):
            here = where[rows]
            mask[here[here >= 0]] = True
        return mask

    def rows_holding(
        self, segments: Sequence[SegmentRef], words: Sequence[str]
    ) -> list[npt.NDArray[np.uint32]]:
        """For each segment its rows whose text holds all words, increasing. Raises UsageError."""
        query = WordQuery(tuple(sorted({fold(word).strip() for word in words})))
        found, shelf = dict[str, npt.NDArray[np.uint32]](), self.shelf
        with shelf.lock:
            for one in segments:
                if (held := shelf.found.get((one.object, query.terms))) is not None:
                    found[one.object] = held
        missing = [one for one in segments if one.object not in found]
        if missing:  # the index may take long: nobody waits for it here
            looked = self.registry.index().holding(missing, query)
            found |= {one.object: looked[one.object].astype(np.uint32) for one in missing}
        with shelf.lock:
            # What is asked for now stays whatever it takes; of the rest the least recently used goes.
            for one in segments:
                shelf.found[one.object, query.terms] = found[one.object]
                shelf.found.move_to_end((one.object, query.terms))
            size = sum(rows.nbytes for rows in shelf.found.values())
            while size > FOUND_BYTES and len(shelf.found) > len(segments):
                size -= shelf.found.popitem(last=False)[1].nbytes
        return [found[one.object] for one in segments]


_COMPANY: WeakKeyDictionary[Registry, Company] = WeakKeyDictionary()
_WARM: WeakKeyDictionary[Registry, Warm] = WeakKeyDictionary()


def share(registry: Registry, other: Registry) -> None:
    """From now on `registry` finds what `other` looked at, and the other way round; both are open on the same log."""
    _COMPANY[registry] = _COMPANY.setdefault(other, Company())
    _WARM.pop(registry, None)
    registry.store.objects.share(other.store.objects)


def warm_of(registry: Registry) -> Warm:
    """What is warm of a registry; nothing any more once something was forgotten."""
    forgotten = len(forgets(registry.store.everything()))
    company = _COMPANY.setdefault(registry, Company())
    with company.lock:
        if company.shelf is None or company.shelf.forgotten != forgotten:
            company.shelf = Shelf(forgotten)
        shelf = company.shelf
    held = _WARM.get(registry)
    if held is None or held.shelf is not shelf:
        registry.store.lines()  # lets go of objects in memory that were replaced
        held = _WARM[registry] = Warm(ref(registry), Glimpse(registry.store.objects), shelf)
    return held
