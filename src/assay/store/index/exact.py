"""Which rows of a segment hold the terms of a query: all of them, and no others.

The index finds candidates. For most terms these are the answer (`words.is_plain`); what is in doubt is compared with
the text itself.
"""

from __future__ import annotations

import sqlite3
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import orjson

from assay.errors import NotFound, UsageError
from assay.model.example import views
from assay.model.version import SegmentRef
from assay.store.index.words import Query, is_plain
from assay.store.objects import Objects
from assay.store.segments import read_rows

MOST_READ: Final = 100_000
"""Texts of one segment that are read to answer one query."""
_BATCH: Final = 5_000

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


def holding(db: sqlite3.Connection, objects: Objects, number: int, ref: SegmentRef, query: Query) -> Rows:
    """The ordinals of the rows whose text holds every term. The words of list `number` are indexed."""
    first, last = number << 32, (number << 32) + ref.rows - 1
    match = query.match_expression()
    if match is None:
        rows = np.arange(ref.rows, dtype=np.int64)
    else:
        rows = _listed(
            db,
            "SELECT group_concat(rowid - ?1) FROM words WHERE words MATCH ?3 AND rowid BETWEEN ?1 AND ?2",
            (first, last, match),
        )
    doubtful = np.ones(len(rows), np.bool_)
    if all(map(is_plain, query.terms)):
        odd = "SELECT group_concat(row - ?1) FROM odd WHERE row BETWEEN ?1 AND ?2"
        doubtful = np.isin(rows, _listed(db, odd, (first, last)))
    unread = rows[doubtful]
    if len(unread) > MOST_READ:
        raise UsageError(
            f"{len(unread):,} texts of one segment would have to be read for {' '.join(query.terms)[:60]!r}",
            "search for a word that fewer examples have",
        )
    sure: Rows = np.concatenate([rows[~doubtful], _matching(objects, ref, unread, query)])
    sure.sort()
    return sure


def _listed(db: sqlite3.Connection, statement: str, values: tuple[int | str, ...]) -> Rows:
    """The numbers of a statement that joins them by commas, sorted: four times as quick as a row for each."""
    (joined,) = db.execute(statement, values).fetchone()
    return np.sort(np.fromstring(joined or "", np.int64, sep=",")) if joined else np.empty(0, np.int64)


def _matching(objects: Objects, ref: SegmentRef, rows: Rows, query: Query) -> Rows:
    """Those of the rows whose text matches, having been read."""
    kept: list[int] = []
    for start in range(0, len(rows), _BATCH):
        some = rows[start : start + _BATCH]
        payloads: list[Any] = read_rows(objects, ref, some, ["payload"])["payload"].to_pylist()
        kept += [
            row
            for row, payload in zip(some.tolist(), payloads, strict=True)
            if query.matches(views(orjson.loads(payload)).text)
        ]
    return np.array(kept, np.int64)
