"""rejected: a page of the records that a version's curation did not keep, with the facets of all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from assay.errors import UsageError
from assay.kernels.ids import id_list, ids_of
from assay.measure.facets.choosing import choose
from assay.measure.facets.columns import Mask
from assay.measure.facets.keyset import Key, Page, window, write_key
from assay.measure.facets.query import Picked, Query
from assay.measure.facets.query import parse as parse_query
from assay.model.version import SegmentRef
from assay.registry.exploring.explored import Ledgered, Refusal, beginning, opening
from assay.registry.exploring.ledger_columns import FACETS, LedgerColumns, lay_out_ledger, made_by
from assay.registry.warm import TABLES, Warm
from assay.store.index.words import Query as WordQuery
from assay.store.index.words import fold

if TYPE_CHECKING:
    from assay.registry import Registry

SORTS: Final = ("record", "value", "similarity", "sample")
"""By source and record; by what the stage measured; by how alike the twin is; in an order that the seed scatters."""


@dataclass(frozen=True, slots=True)
class Which:
    """Which records: of one of the stages, codes and sources (all of those are meant where none is named), with a text
    that holds all words of `text`. `seed` decides the order of the sort `sample`."""

    stages: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    text: str = ""
    seed: int = 0


def rejected(registry: Registry, warm: Warm, ref: str, which: Which, page: Page) -> Ledgered:
    """See `Looking.rejected`."""
    version = registry.version(ref)
    version.admit()
    table = ledger_of(registry, warm, ref)
    picked = [("stage", which.stages), ("code", which.codes), ("source", which.sources)]
    query = Query(picked=tuple(Picked(name, value) for name, values in picked for value in values))
    _known(table, query)
    asked = parse_query(which.text)
    if asked.fields:
        raise UsageError("rejected records are searched by words alone", "use --stage, --code and --source")
    base: Mask | None = None
    for words, want in ((asked.words, True), *(((word,), False) for word in asked.without)):
        if words:
            found = _holding(warm, table, words)
            base = (found == want) if base is None else base & (found == want)
    chosen = choose(table.words, query, len(table), base)
    sort = page.sort or SORTS[0]
    order, key_of = _order(table, sort, which.seed)
    mask = chosen.all
    rows = order if mask is None else order[mask[order]]
    about = f"{table.ledger} {sort} {which.seed if 'sample' in sort else ''}"
    here = window(rows, key_of, page, about)  # type: ignore[arg-type]
    shown = rows[here.start : here.stop]
    return Ledgered(
        table.version, sort, table.read, len(table), here.total, here.start + 1 if len(shown) else 0,
        tuple(_rows(warm, table, shown)), chosen.facets(table.words, FACETS),
        write_key(key_of(int(shown[-1])), about) if len(shown) and here.stop < here.total else None,
        write_key(key_of(int(shown[0])), about) if len(shown) and here.start else None,
    )  # fmt: skip


def ledger_of(registry: Registry, warm: Warm, ref: str) -> LedgerColumns:
    """The ledger of the curation that made a version, or the nearest before it. Raises NotFound."""
    manifest, curation = made_by(registry, registry.version(ref).manifest)
    name = manifest.name  # two curations may have equal ledgers of different texts
    shelf = warm.shelf
    with shelf.lock:
        if name not in shelf.ledgers:
            while len(shelf.ledgers) >= TABLES:
                shelf.ledgers.popitem(last=False)
            shelf.ledgers[name] = lay_out_ledger(registry, manifest, curation)
        shelf.ledgers.move_to_end(name)
        return shelf.ledgers[name]


def _known(table: LedgerColumns, query: Query) -> None:
    """Raise UsageError for a stage, a code or a source that no record has."""
    for one in query.picked:
        if not table.words[one.field].picks(one).any():
            raise UsageError(
                f"nothing was rejected with the {one.field} {one.value[:60]!r} in {table.version}",
                f"there is: {', '.join(sorted(filter(None, table.words[one.field].names))[:20]) or 'nothing'}",
            )


def segments_used(registry: Registry, warm: Warm, ref: str) -> list[SegmentRef]:
    """The segments that examples of a ledger lie in."""
    table = ledger_of(registry, warm, ref)
    return [table.segments[number] for number in _used(table)]


def _used(table: LedgerColumns) -> list[int]:
    return [int(number) for number in np.unique(table.segment[table.segment >= 0])]


def _holding(warm: Warm, table: LedgerColumns, words: Sequence[str]) -> Mask:
    """Whether all words stand in a record's text: in its example, or in what is left of a malformed one."""
    mask = np.zeros(len(table), np.bool_)
    used = _used(table)
    found = warm.rows_holding([table.segments[number] for number in used], words)
    for number, rows in zip(used, found, strict=True):
        here = np.flatnonzero(table.segment == number)
        mask[here] = np.isin(table.row[here], rows)
    query = WordQuery(tuple(fold(word).strip() for word in words))
    others = np.flatnonzero(table.segment < 0)
    for row, held in zip(others.tolist(), table.rest.take(pa.array(others)).to_pylist(), strict=True):
        mask[row] = query.matches(_left(held))
    return mask


def _left(held: dict[str, Any]) -> str:
    """What there is to read of a record that has no example."""
    return (held["excerpt"] or b"").decode("utf-8", "replace") or held["message"] or ""


def _order(table: LedgerColumns, sort: str, seed: int) -> tuple[npt.NDArray[np.int64], Callable[[int], Key]]:
    """All rows in an order, and what tells where a row stands in it; ties go by source and record."""
    name, down = sort.removeprefix("-"), sort.startswith("-")
    if name not in SORTS:
        raise UsageError(f"records are not sorted by {name[:40]!r}", f"one of: {', '.join(SORTS)}")
    by_place = np.arange(len(table), dtype=np.int64)

    def place(row: int) -> Key:
        return (int(table.source[row]), int(table.record[row]))

    if name == "record":
        if not down:
            return by_place, place
        return by_place[::-1], lambda row: tuple(-number for number in place(row))
    if name == "sample":
        points = _points(table.at, seed)
        return np.argsort(points, kind="stable"), lambda row: (int(points[row]), *place(row))
    numbers = table.value if name == "value" else table.similarity
    numbers = -numbers if down else numbers
    missing = ~np.isfinite(numbers)
    order = np.lexsort((by_place, np.where(missing, 0, numbers), missing))
    return order, lambda row: (int(missing[row]), 0.0 if missing[row] else float(numbers[row]), *place(row))


def _points(at: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """A number for each row that the seed scatters: SplitMix64 (Steele, Lea and Flood 2014)."""
    with np.errstate(over="ignore"):
        x = at.astype(np.uint64) + np.uint64(seed % (1 << 63)) * np.uint64(0x9E3779B97F4A7C15)
        x = (x + np.uint64(0x9E3779B97F4A7C15)) & np.uint64(0xFFFFFFFFFFFFFFFF)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> np.uint64(31))) >> np.uint64(12)).astype(np.int64)


def _rows(warm: Warm, table: LedgerColumns, rows: npt.NDArray[np.int64]) -> list[Refusal]:
    stored = rows[table.segment[rows] >= 0]
    places = [
        (table.segments[s], r)
        for s, r in zip(table.segment[stored].tolist(), table.row[stored].tolist(), strict=True)
    ]
    texts = {}
    if places:
        found = warm.glimpse.rows(places)
        ids = id_list(ids_of(found["id"]))
        for row, id_, payload in zip(stored.tolist(), ids, found["payload"].to_pylist(), strict=True):
            texts[row] = (id_.hex(), "\n".join(filter(None, opening(orjson.loads(payload)))))
    made = []
    for row, rest in zip(rows.tolist(), table.rest.take(pa.array(rows)).to_pylist(), strict=True):
        id_hex, whole = texts.get(row, (None, _left(rest)))
        text, cut = beginning(whole)
        stage, code, source, outcome = (table.words[f].names[table.words[f].codes[row]] for f in FACETS)
        twin = rest["twin_id"]
        made.append(
            Refusal(
                source, int(table.record[row]), outcome, stage, code, _number(table.value[row]), rest["threshold"],
                None if twin is None else twin.hex(), rest["twin_source"], rest["twin_record"],
                _number(table.similarity[row]), id_hex, text, cut, rest["message"],
            )
        )  # fmt: skip
    return made


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
