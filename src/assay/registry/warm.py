"""What looking at versions leaves in memory for the next look: bounded, derived, one for each open registry."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary, ref

import numpy as np
import numpy.typing as npt

from assay.measure.facets.columns import Mask
from assay.model.version import Manifest, SegmentRef
from assay.registry.version_columns import VersionColumns, lay_out
from assay.store.erased import forgets
from assay.store.glimpse import Glimpse
from assay.store.index.words import Query as WordQuery
from assay.store.index.words import fold

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.ledger_columns import LedgerColumns

TABLES: Final = 2
"""Versions, and ledgers, that stay laid out: some 70 bytes an example."""
FOUND_BYTES: Final = 24 << 20
"""Of rows that words were found in."""


@dataclass
class Warm:
    """Versions laid out, words that were searched for, files that are open. Not for several threads at once."""

    registry_ref: ref[Registry]
    glimpse: Glimpse
    forgotten: int
    tables: OrderedDict[tuple[str, tuple[str, ...]], VersionColumns] = field(default_factory=OrderedDict)
    ledgers: OrderedDict[str, LedgerColumns] = field(default_factory=OrderedDict)
    _found: OrderedDict[tuple[str, tuple[str, ...]], npt.NDArray[np.uint32]] = field(
        default_factory=OrderedDict
    )

    @property
    def registry(self) -> Registry:
        found = self.registry_ref()
        assert found is not None, "whoever asks holds the registry"
        return found

    def table(self, manifest: Manifest, fields: tuple[str, ...]) -> VersionColumns:
        """A version laid out, with some fields of its records. Raises Damaged."""
        key = (manifest.name, fields)
        if key not in self.tables:
            while len(self.tables) >= TABLES:
                self.tables.popitem(last=False)
            self.tables[key] = lay_out(self.registry, manifest, fields)
        self.tables.move_to_end(key)
        return self.tables[key]

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
        missing = [one for one in segments if (one.object, query.terms) not in self._found]
        if missing:
            found = self.registry.index().holding(missing, query)
            # What is asked for now stays whatever it takes; of the rest the least recently used goes.
            for one in missing:
                self._found[one.object, query.terms] = found[one.object].astype(np.uint32)
        for one in segments:
            self._found.move_to_end((one.object, query.terms))
        held = sum(rows.nbytes for rows in self._found.values())
        while held > FOUND_BYTES and len(self._found) > len(segments):
            held -= self._found.popitem(last=False)[1].nbytes
        return [self._found[one.object, query.terms] for one in segments]


_WARM: WeakKeyDictionary[Registry, Warm] = WeakKeyDictionary()


def warm_of(registry: Registry) -> Warm:
    """What is warm of a registry; nothing any more once something was forgotten."""
    forgotten = len(forgets(registry.store.everything()))
    held = _WARM.get(registry)
    if held is None or held.forgotten != forgotten:
        registry.store.lines()  # lets go of objects in memory that were replaced
        held = _WARM[registry] = Warm(ref(registry), Glimpse(registry.store.objects), forgotten)
    return held
