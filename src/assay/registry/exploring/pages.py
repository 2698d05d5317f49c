"""explore: a page of the examples of a version that a query chooses, with the facets of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from assay.errors import UsageError
from assay.kernels.ids import IdArray, as_ids, find, id_list
from assay.measure.facets.choosing import Chosen, choose, resolved
from assay.measure.facets.columns import Column, Facet, Flags, Mask, Numbers, Words
from assay.measure.facets.keyset import Key, Page, window, write_key
from assay.measure.facets.query import Query
from assay.measure.profile import TOPICS
from assay.model.ref import Ref
from assay.registry.exploring.explored import Beside, Explored, Row, beginning, opening
from assay.registry.exploring.fact_columns import MOST_FACTS
from assay.registry.exploring.version_columns import VersionColumns, shown_rows, told
from assay.registry.mapping.selection import on_map
from assay.registry.version import Version
from assay.registry.warm import Warm

if TYPE_CHECKING:
    from assay.registry import Registry

ALIASES: Final = {
    "lang": "language",
    "license": "licence",
    "file": "source",
    "model": "generator",
    "tokens": "length",
}
DEFAULT_SORT: Final = "id"
MAP: Final = "map"
"""The field that names a part of the version's map: a polygon, or a cluster's number."""
_FIRST: Final = ("language",)
_LAST: Final = ("kind", "origin", "generator", "source", "split", "turns", "length", "licence")
_NO_FACET: Final = frozenset(("input_length", "output_length"))


def explore(
    registry: Registry, warm: Warm, ref: str, query: Query, page: Page, fields: Sequence[str] = ()
) -> Explored:
    """See `Looking.explore`."""
    found = _found(registry, warm, ref, query, page.sort, fields)
    table, columns, rows = found.table, found.columns, found.rows
    about = f"{found.version.fingerprint} {found.sort}"
    here = window(rows, found.key_of, page, about)  # type: ignore[arg-type]
    shown = rows[here.start : here.stop].astype(np.int64)
    facets: tuple[Facet, ...] = found.chosen.facets(columns, _facet_names(columns, table))
    return Explored(
        found.version.name, found.query.text, found.sort, len(found.version) - found.version.erased, here.total,
        here.start + 1 if len(shown) else 0, tuple(_rows(warm, table, columns, shown)), facets,
        write_key(found.key_of(int(shown[-1])), about) if len(shown) and here.stop < here.total else None,
        write_key(found.key_of(int(shown[0])), about) if len(shown) and here.start else None,
        found.names, sorts(columns),
    )  # fmt: skip


def chosen_ids(registry: Registry, warm: Warm, ref: str, query: Query) -> IdArray:
    """See `Looking.ids`."""
    found = _found(registry, warm, ref, query, "", ())
    ids: IdArray = found.table.ids[np.sort(found.rows)]
    return ids


def beside(registry: Registry, warm: Warm, ref: str, query: Query, sort: str, id: bytes) -> Beside | None:
    """See `Looking.beside`."""
    found = _found(registry, warm, ref, query, sort, ())
    ids = found.table.ids
    row = int(find(ids, as_ids([id]))[0])
    here = np.flatnonzero(found.rows == row).tolist() if row >= 0 else []
    if not here:
        return None
    at, total = here[0], len(found.rows)

    def named(place: int) -> str | None:
        return ids[int(found.rows[place])].tobytes().hex() if 0 <= place < total else None

    return Beside(at + 1, total, named(at - 1), named(at + 1))


@dataclass(frozen=True, slots=True)
class _Found:
    """The rows that a query chooses, in an order, and all that it took to know them."""

    version: Version
    table: VersionColumns
    columns: Mapping[str, Column]
    names: tuple[str, ...]
    query: Query
    chosen: Chosen
    rows: npt.NDArray[np.int32]
    sort: str
    key_of: Callable[[int], Key]


def _found(
    registry: Registry, warm: Warm, ref: str, query: Query, sort: str, fields: Sequence[str]
) -> _Found:
    version = registry.version(ref)
    version.admit()
    if len(fields) > MOST_FACTS:
        raise UsageError(f"{len(fields)} fields of the records", f"name at most {MOST_FACTS}")
    table = warm.table(version.manifest, tuple(fields))
    with warm.shelf.lock:
        columns = told(registry, table)
    names = {name: name for name in columns} | {
        f"fact.{name}": name for name in columns if _is_fact(name, table)
    }
    if MAP not in names:
        names[MAP] = MAP
    query = resolved(query, {a: b for a, b in ALIASES.items() if a not in names} | names)
    split = Ref.parse(ref).split
    base, conditions = _base(warm, table, query, split), query
    if MAP not in columns and query.of(MAP) != Query():
        lying = on_map(registry, version, query.of(MAP), shown_rows(table, split), len(table))
        base = lying if base is None else base & lying
        conditions = replace(query, picked=tuple(one for one in query.picked if one.field != MAP))
    chosen = choose(columns, conditions, len(table), base)
    sort = sort or DEFAULT_SORT
    with warm.shelf.lock:
        order, key_of = _order(table, columns, sort)
    mask = chosen.all
    rows = order if mask is None else order[mask[order]]
    return _Found(version, table, columns, tuple(names), query, chosen, rows, sort, key_of)


def sorts(columns: Mapping[str, Column]) -> tuple[str, ...]:
    """What rows may be sorted by."""
    return ("id", "source", *(name for name, column in columns.items() if isinstance(column, Numbers)))


def _is_fact(name: str, table: VersionColumns) -> bool:
    return name not in table.columns and name not in ("review", "is") and not name.startswith("fact.")


def _facet_names(columns: Mapping[str, Column], table: VersionColumns) -> list[str]:
    """The facets in the order in which a page shows them; a field that nothing states has none."""
    labels = [n for n in table.columns if n in TOPICS or n not in (*_FIRST, *_LAST, *_NO_FACET)]
    facts = [n for n in columns if n not in table.columns and n not in ("review", "is")]
    ordered = dict.fromkeys((*_FIRST, *labels, *_LAST, *facts, "review", "is"))
    return [n for n in ordered if not (isinstance(c := columns[n], Words) and _says_nothing(n, c))]


def _says_nothing(name: str, column: Words) -> bool:
    return not any(column.names) or (name == "review" and not column.codes.any())


def _base(warm: Warm, table: VersionColumns, query: Query, split: str | None) -> Mask | None:
    """The rows that are left by all that is no condition on a field; None: all of them."""
    base, masks = shown_rows(table, split), []
    if query.words:
        masks.append(warm.holding(table, query.words))
    masks += [~warm.holding(table, (word,)) for word in query.without]
    for mask in masks:
        base = mask if base is None else base & mask
    return base


def _order(
    table: VersionColumns, columns: Mapping[str, Column], sort: str
) -> tuple[npt.NDArray[np.int32], Callable[[int], Key]]:
    """All rows in an order, and what tells where a row stands in it. Ties go by id. Raises UsageError."""
    name, down = sort.removeprefix("-"), sort.startswith("-")
    if name == "id":
        by_id = np.arange(len(table), dtype=np.int32)

        def id_key(row: int) -> Key:
            spelled = table.ids[row].tobytes()
            return (bytes(255 - byte for byte in spelled).hex() if down else spelled.hex(),)

        return by_id[::-1] if down else by_id, id_key
    if name == "source":
        order = table.by_source[::-1] if down else table.by_source
        rank = _kept(table, sort, None, lambda: np.argsort(order).astype(np.int32))
        return order, lambda row: (int(rank[row]),)
    column = columns.get(name)
    if not isinstance(column, Numbers):
        raise UsageError(f"rows are not sorted by {name[:40]!r}", f"one of: {', '.join(sorts(columns))}")
    values = -column.values if down else column.values
    missing = np.isnan(values)

    def make() -> npt.NDArray[np.int32]:
        rank = np.argsort(np.argsort(np.where(missing, np.inf, values), kind="stable"), kind="stable")
        smallest = rank.astype(np.uint16) if len(rank) <= 1 << 16 else rank
        return np.argsort(smallest[column.codes], kind="stable").astype(np.int32)

    def key_of(row: int) -> Key:
        code = column.codes[row]
        none = bool(missing[code])
        return (int(none), 0.0 if none else float(values[code]), table.ids[row].tobytes().hex())

    return _kept(table, sort, column, make), key_of


_ORDERS: Final = 4


def _kept(
    table: VersionColumns, name: str, of: Any, make: Callable[[], npt.NDArray[np.int32]]
) -> npt.NDArray[np.int32]:
    """An order that was made before of the same column, or `make` it; the latest few are kept."""
    held = table.orders.pop(name, None)
    if held is None or held[0] is not of:
        held = (of, make())
        while len(table.orders) >= _ORDERS:
            table.orders.pop(next(iter(table.orders)))
    table.orders[name] = held
    return held[1]


_READ: Final = ("kind", "source", "record", "origin", "generator")


def _rows(
    warm: Warm, table: VersionColumns, columns: Mapping[str, Column], rows: npt.NDArray[np.int64]
) -> list[Row]:
    """The rows with their texts, read and checked."""
    if not len(rows):
        return []
    places = [
        (table.segments[s], r)
        for s, r in zip(table.segment[rows].tolist(), table.row[rows].tolist(), strict=True)
    ]
    stored = warm.glimpse.rows(places, _READ, table.ids[rows]).to_pylist()
    scores = {n: c for n, c in columns.items() if isinstance(c, Numbers) and n not in table.columns}
    flags = columns["is"]
    assert isinstance(flags, Flags), "these are flags"
    made = []
    for row, id_, held in zip(rows.tolist(), id_list(table.ids[rows]), stored, strict=True):
        asked, said = opening(orjson.loads(held["payload"]))
        (asked, more), (said, rest) = beginning(asked), beginning(said)
        known = {n: float(c.values[c.codes[row]]) for n, c in scores.items()}
        made.append(
            Row(
                id_.hex(), _word(columns, "split", row), held["kind"], _word(columns, "language", row),
                held["origin"] or "", held["generator"] or "", held["source"] or "", held["record"],
                _number(columns, "turns", row), _number(columns, "length", row), asked, said, more or rest,
                {n: v for n, v in known.items() if v == v},
                tuple(name for bit, name in enumerate(flags.names) if flags.codes[row] >> bit & 1),
            )
        )  # fmt: skip
    return made


def _word(columns: Mapping[str, Column], name: str, row: int) -> str:
    column = columns[name]
    assert isinstance(column, Words), f"{name} is words"
    found: str = column.names[column.codes[row]]
    return found


def _number(columns: Mapping[str, Column], name: str, row: int) -> int:
    column = columns[name]
    assert isinstance(column, Numbers), f"{name} is a number"
    return int(column.values[column.codes[row]])
