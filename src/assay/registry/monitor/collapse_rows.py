"""The rows of a line of versions as `collapse` needs them: every segment is read once, and few texts of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.errors import UsageError
from assay.kernels.counting import units
from assay.kernels.ids import IdArray, as_ids, concat, contains, id_list, ids_of, order
from assay.measure.collapse import ROWS, Composition, Lexicon, Text, composition
from assay.measure.distribution import field_value
from assay.measure.diversity import is_synthetic
from assay.measure.rows import SLICE, decode
from assay.measure.sample import SmallestIds
from assay.model.provenance import COLUMNS, ORIGINS, depth_of
from assay.model.version import Part, SegmentRef
from assay.store.members import live_rows, shown
from assay.store.segments import read_groups, read_rows

if TYPE_CHECKING:
    from assay.registry.store import Store

UNKNOWN: Final = "unknown"
NAMES: Final = (*ORIGINS, UNKNOWN)
MOST_VALUES: Final = 10_000
NOT_STATED: Final = "(not stated)"

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.integer[Any]]
Mask = npt.NDArray[np.bool_]
Place = tuple[SegmentRef, int]


@dataclass(frozen=True, slots=True)
class Facts:
    """What each row of a segment says: arrays of equal length, rows by id.

    `origin`: position in `NAMES`; `synthetic`: a model wrote it; `group`: a code of the field that is counted by.
    """

    ids: IdArray
    origin: Codes
    synthetic: Mask
    depth: Codes
    group: Codes | None
    stated: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """A version's composition, its rows by value of a field, where the texts of its draws lie, and its ids.

    `draws`: "all", "original" and "synthetic"; `by_value`: one draw a value. `originals` say that no model wrote them;
    `stated`: some row says who wrote it. Ids are sorted.
    """

    composition: Composition
    groups: Mapping[str, int]
    draws: Mapping[str, Sequence[Place]]
    by_value: Mapping[str, Sequence[Place]]
    originals: IdArray
    ids: IdArray
    stated: bool


class SegmentFacts:
    """Reads segments, each once while it is needed. `by`: a provenance column, or a field of the records."""

    def __init__(self, store: Store, erased: IdArray, by: str | None) -> None:
        self._store = store
        self._erased = erased
        self._by = by
        self._held: dict[SegmentRef, Facts] = {}
        self._codes: dict[str, int] = {}

    def forget(self, but: Iterable[SegmentRef]) -> None:
        """Let go of every segment that is not among these."""
        kept = set(but)
        self._held = {ref: facts for ref, facts in self._held.items() if ref in kept}

    def take(self, parts: Sequence[Part], values: Sequence[str] | None, most: int = 0) -> Taken:
        """The rows of some parts. `values`: those of which texts are drawn; None: the `most` frequent."""
        pieces = [(part.segment, facts, self._live(part, facts)) for part, facts in self._facts(parts)]
        groups = self._groups(pieces)
        if values is None:
            values = [name for name, _ in sorted(groups.items(), key=lambda one: (-one[1], one[0]))[:most]]
        origins, depths = Counter[str](), Counter[int]()
        for _, facts, rows in pieces:
            for code, count in enumerate(np.bincount(facts.origin[rows], minlength=len(NAMES)).tolist()):
                origins[NAMES[code]] += count
            deep, counts = np.unique(facts.depth[rows], return_counts=True)
            depths.update(dict(zip(deep.tolist(), counts.tolist(), strict=True)))
        synthetic = [(ref, f, rows[f.synthetic[rows]]) for ref, f, rows in pieces]
        originals = [(ref, f, rows[~f.synthetic[rows]]) for ref, f, rows in pieces]
        stated_originals = [f.ids[rows[f.origin[rows] != NAMES.index(UNKNOWN)]] for _, f, rows in originals]
        return Taken(
            composition(origins, depths, sum(len(rows) for _, _, rows in synthetic)),
            groups,
            {"all": _draw(pieces), "original": _draw(originals), "synthetic": _draw(synthetic)},
            {value: _draw(self._of_value(pieces, value)) for value in values},
            _sorted(stated_originals),
            _sorted([facts.ids[rows] for _, facts, rows in pieces]),
            any(facts.stated for _, facts, _ in pieces),
        )

    def ids_at(self, places: Iterable[Place]) -> list[bytes]:
        """The ids of rows in segments that are still held."""
        return [bytes(self._held[ref].ids[row]) for ref, row in places]

    def _facts(self, parts: Iterable[Part]) -> Iterator[tuple[Part, Facts]]:
        for part in parts:
            if part.segment not in self._held:
                self._held[part.segment] = self._read(part.segment)
            yield part, self._held[part.segment]

    def _live(self, part: Part, facts: Facts) -> Ints:
        rows = live_rows(part)
        return rows[~contains(self._erased, facts.ids[rows])] if len(self._erased) else rows

    def _read(self, ref: SegmentRef) -> Facts:
        columns = dict.fromkeys(["id", "origin", "generator", "depth", *self._columns_of_field()])
        groups = [self._facts_of(table) for table in read_groups(self._store.objects, ref, list(columns))]
        return Facts(
            concat([one.ids for one in groups]),
            np.concatenate([one.origin for one in groups]),
            np.concatenate([one.synthetic for one in groups]),
            np.concatenate([one.depth for one in groups]),
            np.concatenate([one.group for one in groups if one.group is not None]) if self._by else None,
            any(one.stated for one in groups),
        )

    def _facts_of(self, table: pa.Table) -> Facts:
        held = [table.column(name).to_pylist() for name in ("origin", "generator", "depth")]
        wrote = [is_synthetic(o, g) or (d or 0) > 0 for o, g, d in zip(*held, strict=True)]
        # A row that names a generator and no origin is synthetic here as everywhere in the figures.
        named = [
            "synthetic" if one and origin is None else origin if origin in ORIGINS else UNKNOWN
            for one, origin in zip(wrote, held[0], strict=True)
        ]
        return Facts(
            ids_of(table.column("id")),
            np.array([NAMES.index(name) for name in named], dtype=np.int8),
            np.array(wrote, dtype=bool),
            np.array(list(map(depth_of, held[2], named)), dtype=np.int32),
            self._group(table, named),
            any(name != UNKNOWN for name in named) or any(depth is not None for depth in held[2]),
        )

    def _columns_of_field(self) -> list[str]:
        if self._by is None or self._by == "origin":
            return []
        return [self._by] if self._by in ("source", *COLUMNS) else ["extra", "payload"]

    def _group(self, table: pa.Table, origins: Sequence[str]) -> Codes | None:
        if self._by is None:
            return None
        stated: Iterable[object]
        if self._by == "origin":
            stated = origins
        elif self._by in ("source", *COLUMNS):
            stated = table.column(self._by).to_pylist()
        else:
            stated = self._fields(table)
        codes = [
            self._codes.setdefault(NOT_STATED if value is None else str(value), len(self._codes))
            for value in stated
        ]
        if len(self._codes) > MOST_VALUES:
            raise UsageError(
                f"{self._by!r} has more than {MOST_VALUES:,} different values, so it is no category",
                "name a field with few values, such as generator, origin or category",
            )
        return np.array(codes, dtype=np.int32)

    def _fields(self, table: pa.Table) -> Iterator[str | None]:
        for extra, payload in zip(
            table.column("extra").to_pylist(), table.column("payload").to_pylist(), strict=True
        ):
            left = orjson.loads(extra) if extra else {}
            value = field_value(str(self._by), left if isinstance(left, dict) else {}, orjson.loads(payload))
            yield None if value is None else value[:200]

    def _groups(self, pieces: Sequence[tuple[SegmentRef, Facts, Ints]]) -> dict[str, int]:
        total = np.zeros(len(self._codes), dtype=np.int64)
        for _, facts, rows in pieces:
            if facts.group is not None:
                total += np.bincount(facts.group[rows], minlength=len(self._codes))
        return {name: int(total[code]) for name, code in self._codes.items() if total[code]}

    def _of_value(
        self, pieces: Sequence[tuple[SegmentRef, Facts, Ints]], value: str
    ) -> list[tuple[SegmentRef, Facts, Ints]]:
        code = self._codes.get(value, -1)
        return [
            (ref, facts, rows[facts.group[rows] == code])
            for ref, facts, rows in pieces
            if facts.group is not None
        ]


def _draw(pieces: Iterable[tuple[SegmentRef, Facts, Ints]]) -> list[Place]:
    """Where the rows with the `ROWS` smallest ids lie, by id."""
    smallest: SmallestIds[Place] = SmallestIds(ROWS)
    for ref, facts, rows in pieces:
        head = rows[:ROWS]  # rows lie by id
        for row, id in zip(head.tolist(), id_list(facts.ids[head]), strict=True):
            if not smallest.wants(id):
                break
            smallest.put(id, (ref, row))
    return [place for _, place in smallest.drawn()]


def _sorted(parts: Sequence[IdArray]) -> IdArray:
    joined = concat(parts) if parts else as_ids([])
    return joined[order(joined)]


def read_texts(store: Store, places: Iterable[Place]) -> dict[Place, Text]:
    """The outputs at some places, units in lower case; of a labelled text the text itself. Empty ones are left out."""
    lexicon, found = Lexicon(), dict[Place, Text]()
    wanted: dict[SegmentRef, set[int]] = {}
    for ref, row in places:
        wanted.setdefault(ref, set()).add(row)
    for ref, chosen in wanted.items():
        rows = sorted(chosen)
        for start in range(0, len(rows), SLICE):
            part = rows[start : start + SLICE]
            table = read_rows(store.objects, ref, np.array(part, dtype=np.int64), ["id", "payload", "extra"])
            at = dict(zip(table.column("id").to_pylist(), part, strict=True))
            for id, words in _words(shown(table)):
                text = lexicon.text(id, words)
                if text is not None:
                    found[ref, at[id]] = text
    return found


def _words(table: pa.Table) -> Iterator[tuple[bytes, Sequence[str]]]:
    rows = decode(table)
    for id, payload, given, words in zip(rows.ids, rows.payloads, rows.inputs, rows.words, strict=True):
        yield id, units(given.lower()) if "text" in payload and "label" in payload else words
