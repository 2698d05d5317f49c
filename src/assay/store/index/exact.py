"""Which rows of a segment hold the terms of a query: all of them, and no others.

The index finds candidates. For most terms these are the answer (`words.is_plain`); what is in doubt is compared with
the text itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import orjson

from assay.errors import NotFound, UsageError
from assay.model.example import views
from assay.model.version import SegmentRef
from assay.store.glimpse import Glimpse
from assay.store.index.words import Query, is_plain
from assay.store.objects import Objects

MOST_READ: Final = 100_000
"""Texts of one segment that are read to answer one query."""
_BATCH: Final = 5_000
_BITS: Final = 32
"""A row of the words is a list's number and, in so many lower bits, an ordinal."""
_FOUND: Final = "SELECT group_concat(rowid) FROM words WHERE words MATCH ?3 AND rowid BETWEEN ?1 AND ?2"
_ODD: Final = "SELECT group_concat(row) FROM odd WHERE row BETWEEN ?1 AND ?2"

Rows: TypeAlias = npt.NDArray[np.int64]


def list_of(db: sqlite3.Connection, ref: SegmentRef) -> tuple[int, bool]:
    """The number of a segment's list, and whether its words are indexed. Raises NotFound."""
    found = db.execute(
        "SELECT number, searchable FROM lists WHERE name = ? AND kind IN ('segment', 'rejected')"
        " ORDER BY searchable DESC, number",
        (ref.object,),
    ).fetchone()
    if found is None:
        raise NotFound(f"the index knows no segment {ref.object[:12]}", "run the command again")
    return found[0], bool(found[1])


def holding(
    db: sqlite3.Connection, objects: Objects, lists: Mapping[int, SegmentRef], query: Query
) -> dict[str, Rows]:
    """Segment (object name) → the ordinals of its rows whose text holds every term. `lists`: by number, their words
    are indexed."""
    if not lists:
        return {}
    bounds = min(lists) << _BITS, (max(lists) + 1 << _BITS) - 1
    match = query.match_expression()
    near = _listed(db, _FOUND, (*bounds, match)) if match is not None else None
    odd = _listed(db, _ODD, bounds)
    plain = all(map(is_plain, query.terms))
    out: dict[str, Rows] = {}
    for number, ref in lists.items():
        first, end = number << _BITS, (number << _BITS) + ref.rows
        rows = np.arange(ref.rows) if near is None else _between(near, first, end) - first
        doubtful = np.isin(rows, _between(odd, first, end) - first) if plain else np.ones(len(rows), np.bool_)
        unread = rows[doubtful]
        if len(unread) > MOST_READ:
            raise UsageError(
                f"{len(unread):,} texts of one segment would have to be read for {' '.join(query.terms)[:60]!r}",
                "search for a word that fewer examples have",
            )
        out[ref.object] = np.sort(np.concatenate([rows[~doubtful], _matching(objects, ref, unread, query)]))
    return out


def _between(numbers: Rows, low: int, end: int) -> Rows:
    """Those of the sorted numbers from `low` up to, not including, `end`."""
    start, stop = np.searchsorted(numbers, [low, end])
    return numbers[start:stop]


def _listed(db: sqlite3.Connection, statement: str, values: tuple[int | str, ...]) -> Rows:
    """The numbers of a statement that joins them by commas, sorted: four times as quick as a row for each."""
    (joined,) = db.execute(statement, values).fetchone()
    return np.sort(np.fromstring(joined or "", np.int64, sep=",")) if joined else np.empty(0, np.int64)


def _matching(objects: Objects, ref: SegmentRef, rows: Rows, query: Query) -> Rows:
    """Those of the rows whose text matches, having been read."""
    kept: list[int] = []
    glimpse = Glimpse(objects)
    for start in range(0, len(rows), _BATCH):
        some = rows[start : start + _BATCH]
        table = glimpse.rows([(ref, row) for row in some.tolist()])
        payloads: list[Any] = table["payload"].to_pylist()
        kept += [
            row
            for row, payload in zip(some.tolist(), payloads, strict=True)
            if query.matches(views(orjson.loads(payload)).text)
        ]
    return np.array(kept, np.int64)
