"""Which rows of a segment hold the terms of a query: all of them, and no others.

The index finds candidates. For most terms these are the answer (`Tables.is_exact`); what is in doubt is compared with
the text itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import orjson

from assay.errors import NotFound, UsageError
from assay.model.example import views
from assay.model.version import SegmentRef
from assay.store.glimpse import Glimpse
from assay.store.index.tables import BITS, Rows, Tables
from assay.store.index.words import Query
from assay.store.objects import Objects

MOST_READ: Final = 100_000
"""Texts of one segment that are read to answer one query."""
_BATCH: Final = 5_000


def list_of(db: Tables, ref: SegmentRef) -> tuple[int, bool]:
    """The number of a segment's list, and whether its words are indexed. Raises NotFound."""
    found = db.execute(
        "SELECT number, searchable FROM lists WHERE name = ? AND kind IN ('segment', 'rejected')"
        " ORDER BY searchable DESC, number",
        (ref.object,),
    ).fetchone()
    if found is None:
        raise NotFound(f"the index knows no segment {ref.object[:12]}", "run the command again")
    return found[0], bool(found[1])


def holding(db: Tables, objects: Objects, lists: Mapping[int, SegmentRef], query: Query) -> dict[str, Rows]:
    """Segment (object name) → the ordinals of its rows whose text holds every term. `lists`: by number, their words
    are indexed."""
    if not lists:
        return {}
    bounds = min(lists) << BITS, (max(lists) + 1 << BITS) - 1
    near, odd = db.near(query, *bounds), db.doubtful(*bounds)
    plain = near is not None and db.is_exact(query)
    out: dict[str, Rows] = {}
    for number, ref in lists.items():
        first, end = number << BITS, (number << BITS) + ref.rows
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
