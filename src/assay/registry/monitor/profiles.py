"""Distribution profiles of versions: columns kept once for a segment, of which any set of its rows is counted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from assay.govern.facts import Facts, facts
from assay.kernels.ids import IdArray, Positions, as_ids, concat, contains, find, order
from assay.measure.drift import columns as measured
from assay.measure.drift.columns import Columns, digest_of
from assay.measure.drift.examples import Held
from assay.measure.drift.profile import Profile, flat, together
from assay.measure.drift.spread import Spread
from assay.measure.drift.style import Drawn, joined
from assay.model.version import Part, SegmentRef
from assay.registry.version import Version
from assay.store.erased import stands_in
from assay.store.members import live_rows
from assay.store.segments import read_groups, read_ids
from assay.store.values import FileValues

if TYPE_CHECKING:
    from assay.registry import Registry

KEPT: Final = 1 << 30
"""Bytes that stay; what was not used for longest goes first. A million rows take 32 MB, their ids as much again."""
_UNTRIMMED: Final = 64 << 20
"""Bytes that are put before it is looked again how much there is."""
_AT_ONCE: Final = 16
"""Draws that are joined at a time: each may hold a megabyte."""
_FACT: Final = "fact."
_TAGS: Final = 1_000
"""With more different texts than this a fact is no category."""


def cache(registry: Registry) -> FileValues | None:
    """Where columns are kept, if the registry is a folder. Never trusted over the log; `forget` empties it."""
    return None if registry.root is None else FileValues(registry.root / "cache" / "profiles")


def read_from_rows(by: str | None) -> str | None:
    """The field that has to be read from the rows; None of a feature that is looked at anyway, and of a fact."""
    return None if by is None or by in measured.KNOWN or by.startswith(_FACT) else by


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of one segment that stand in a split: increasing ordinals."""

    segment: SegmentRef
    split: str
    rows: Positions


@dataclass
class Profiles:
    """Profiles of versions for one question. `by`: the one field whose values are labels, beside the usual features."""

    registry: Registry
    by: str | None = None
    made: int = 0
    """Segments whose columns had to be made."""
    _put: int = _UNTRIMMED
    _columns: dict[tuple[str, str | None], Columns] = field(default_factory=dict)
    _whole: dict[str, Profile] = field(default_factory=dict)
    _ids: dict[str, IdArray] = field(default_factory=dict)
    _facts: dict[str, Facts] = field(default_factory=dict)
    _stands_in: Mapping[str, str | None] = field(init=False)

    def __post_init__(self) -> None:
        store = self.registry.store
        self._stands_in = stands_in(store.objects, store.everything())

    def pieces(self, version: Version) -> list[Piece]:
        """All rows of a version, or of the split that it is."""
        parts: Sequence[tuple[str, Part]] = [
            (split, part) for split in sorted(version.counts) for part in version.manifest.splits[split]
        ]
        return [Piece(part.segment, split, live_rows(part)) for split, part in parts]

    def profile(self, pieces: Sequence[Piece], dataset: str) -> Profile:
        """Of rows that are all different, with the facts of a dataset."""
        return together([self._of_piece(piece, dataset) for piece in pieces if len(piece.rows)])

    def _of_piece(self, piece: Piece, dataset: str) -> Profile:
        base = self.columns(piece.segment)
        rows = self._here(base, piece.rows)
        found = self._rows(piece.segment, rows)
        found = found.having("split", *flat(piece.split, found.rows))
        for name, spread, names in self._fact_spreads(piece.segment, rows, dataset):
            found = found.having(name, spread, names)
        return found

    def _rows(self, segment: SegmentRef, rows: Positions) -> Profile:
        """By taking away what is excluded where that is less work."""
        parts = [self.columns(segment)]
        if self.by is not None:
            parts.append(self.columns(segment, self.by))
        here = parts[0].here
        if len(rows) <= len(here) // 2:
            return _merged([Profile.of(part, rows) for part in parts])
        if segment.object not in self._whole:
            self._whole[segment.object] = _merged([Profile.of(part) for part in parts])
        whole = self._whole[segment.object]
        if len(rows) == len(here):
            return whole
        gone = np.setdiff1d(here, rows, assume_unique=True)
        return whole - _merged([Profile.of(part, gone) for part in parts])

    def _here(self, found: Columns, rows: Positions) -> Positions:
        return rows if len(found.here) == found.rows else np.intersect1d(rows, found.here, assume_unique=True)

    def columns(self, segment: SegmentRef, by: str | None = None) -> Columns:
        """The columns of a segment, made when nothing keeps them. Raises Damaged."""
        key = (segment.object, by)
        if key not in self._columns:
            kept = cache(self.registry)
            name = self._key(segment, f"by {by}" if by else "rows")
            held = kept.get(name) if kept is not None else None
            found = measured.opened(held) if held is not None else None
            if found is None or found.rows != segment.rows:
                objects = self.registry.store.objects
                found = measured.read(read_groups(objects, segment, measured.columns_for(by)), by)
                self._keep(name, measured.packed(found))
                self.made += 1
            self._columns[key] = found
        return self._columns[key]

    def ids(self, segment: SegmentRef) -> IdArray:
        """The ids of a segment's rows."""
        if segment.object not in self._ids:
            kept = cache(self.registry)
            name = self._key(segment, "ids")
            held = kept.get(name) if kept is not None else None
            raw = None if held is None else held.get("ids")
            if raw is not None and raw.shape == (segment.rows, 32):
                self._ids[segment.object] = np.ascontiguousarray(raw).view("V32").reshape(-1)
            else:
                found = read_ids(self.registry.store.objects, segment)
                self._keep(name, {"ids": np.ascontiguousarray(found).view(np.uint8).reshape(-1, 32)})
                self._ids[segment.object] = found
        return self._ids[segment.object]

    def _key(self, segment: SegmentRef, what: str) -> str:
        """Of the object that is read: another one once an example of the segment was forgotten."""
        object = self._stands_in.get(segment.object) or segment.object
        return hashlib.sha256(f"{measured.VERSION}\n{object}\n{what}".encode()).hexdigest()

    def _keep(self, name: str, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        kept, store = cache(self.registry), self.registry.store
        if kept is None:
            return
        kept.put(name, columns)
        self._put += sum(column.nbytes for column in columns.values())
        if stands_in(store.objects, store.everything()) != self._stands_in:
            kept.trim(0)  # Somebody forgot an example meanwhile, which what was just put there still quotes.
        elif self._put >= _UNTRIMMED:
            kept.trim(KEPT)
            self._put = 0

    def drawn(self, pieces: Sequence[Piece]) -> Drawn:
        """The draw of a version: its rows with the smallest ids."""
        out = joined([])
        for start in range(0, len(pieces), _AT_ONCE):
            some = [
                self.columns(piece.segment).drawn.among(piece.rows)
                for piece in pieces[start : start + _AT_ONCE]
            ]
            out = joined([out, *some] if start else some)
        return out

    def only(self, these: Sequence[Piece], others: Sequence[Piece]) -> list[Piece]:
        """The rows of `these` whose examples are not among `others`. Segments in both are told apart by ordinals."""
        theirs: dict[str, list[Positions]] = {}
        for piece in others:
            theirs.setdefault(piece.segment.object, []).append(piece.rows)
        left = [Piece(p.segment, p.split, _without(p.rows, theirs.get(p.segment.object, []))) for p in these]
        left = [piece for piece in left if len(piece.rows)]
        mine: dict[str, list[Positions]] = {}
        for piece in these:
            mine.setdefault(piece.segment.object, []).append(piece.rows)
        rest = [(p.segment, _without(p.rows, mine.get(p.segment.object, []))) for p in others]
        known = (
            concat([self.ids(segment)[rows] for segment, rows in rest if len(rows)]) if left else as_ids([])
        )
        if not len(known):
            return left
        known = known[order(known)]
        out = [(p, ~contains(known, self.ids(p.segment)[p.rows])) for p in left]
        return [Piece(p.segment, p.split, p.rows[new]) for p, new in out if new.any()]

    def held(self, pieces: Sequence[Piece], names: Sequence[str], dataset: str) -> tuple[IdArray, Held]:
        """The ids of the rows and, for each of some features, one value a row; features of style have none."""
        ids = concat([self.ids(piece.segment)[self._live(piece)] for piece in pieces])
        columns: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in names}
        for piece in pieces:
            for name, parts in columns.items():
                parts.append(self._values(piece, name, dataset))
        return ids, {name: np.concatenate(parts) for name, parts in columns.items() if parts}

    def _live(self, piece: Piece) -> Positions:
        return self._here(self.columns(piece.segment), piece.rows)

    def _values(self, piece: Piece, name: str, dataset: str) -> npt.NDArray[Any]:
        rows = self._live(piece)
        if name == "split":
            return np.full(len(rows), digest_of(piece.split), np.uint64)
        if name.startswith(_FACT):
            return self._fact_values(piece.segment, rows, name, dataset)
        found = self.columns(piece.segment, self.by if name == self.by else None)
        if name in found.categories:
            one = found.categories[name]
            digests: npt.NDArray[np.uint64] = one.digest[one.code[rows]]
            return digests
        if name in found.numbers:
            return found.numbers[name][rows].astype(np.float64)
        return np.zeros(len(rows), np.uint64)

    def facts(self, dataset: str) -> Facts:
        """What holds of a dataset's examples."""
        if dataset not in self._facts:
            store = self.registry.store
            self._facts[dataset] = facts(store.objects, store.log.entries(), dataset)
        return self._facts[dataset]

    def _fact_spreads(
        self, segment: SegmentRef, rows: Positions, dataset: str
    ) -> Iterator[tuple[str, Spread, dict[int, str] | None]]:
        known = self.facts(dataset)
        for key in known.keys:
            ids, said, is_number = _of_key(known, key)
            if said is None:
                continue
            at, where = self._stated(segment, rows, ids)
            values = said[where]
            if is_number:
                yield _FACT + key, Spread.of(values), None
                continue
            digests = np.array([digest_of(text) for text in values.tolist()], np.uint64)
            blank = np.zeros(len(rows) - len(at), np.uint64)
            spread = Spread.counted(np.concatenate([digests, blank]), np.ones(len(rows), np.int64))
            yield _FACT + key, spread, dict(zip(digests.tolist(), values.tolist(), strict=True))

    def _stated(self, segment: SegmentRef, rows: Positions, ids: IdArray) -> tuple[Positions, Positions]:
        """Positions in `rows` of the examples that `ids` (sorted) name, and where each stands in `ids`."""
        row = find(self.ids(segment), ids)
        where = np.flatnonzero(row >= 0)
        place = np.searchsorted(rows, row[where])
        here = (
            rows[np.minimum(place, max(0, len(rows) - 1))] == row[where] if len(rows) else np.zeros(0, bool)
        )
        return (place[here], where[here]) if len(rows) else (place[:0], where[:0])

    def _fact_values(self, segment: SegmentRef, rows: Positions, name: str, dataset: str) -> npt.NDArray[Any]:
        ids, said, is_number = _of_key(self.facts(dataset), name.removeprefix(_FACT))
        out = np.full(len(rows), np.nan) if is_number else np.zeros(len(rows), np.uint64)
        if said is not None:
            at, where = self._stated(segment, rows, ids)
            values = said[where]
            out[at] = values if is_number else [digest_of(text) for text in values.tolist()]
        return out


def _of_key(known: Facts, key: str) -> tuple[IdArray, npt.NDArray[Any] | None, bool]:
    """The sorted ids with a fact, what each says, and whether these are numbers; None of too many texts."""
    is_number = key in known.scores
    ids, said = known.said(key, numeric=is_number)
    if is_number:
        return ids, said.to_numpy(), True
    texts = np.array(said.to_pylist(), object)
    return ids, texts if len(set(texts.tolist())) <= _TAGS else None, False


def _merged(parts: Sequence[Profile]) -> Profile:
    """One profile of the features of several, of the same rows."""
    first, *others = parts
    for other in others:
        for name, spread in other.categories.items():
            first = first.having(name, spread, other.names[name])
    return first


def _without(rows: Positions, gone: Sequence[Positions]) -> Positions:
    for some in gone:
        rows = np.setdiff1d(rows, some, assume_unique=True)
    return rows
