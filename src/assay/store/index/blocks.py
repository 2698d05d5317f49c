"""Sorted lists of fixed-width keys and values in a database, many entries a row: small, and quick to write."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from assay.store.index.tables import Tables

BLOCK: Final = 512
"""Entries of one row: 16 KB of ids, a few pages of a database."""

TABLES: Final = """
CREATE TABLE IF NOT EXISTS lists (
  number INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, about TEXT NOT NULL, seq INTEGER NOT NULL,
  searchable INTEGER NOT NULL DEFAULT 0, UNIQUE (kind, name)
);
CREATE TABLE IF NOT EXISTS blocks (
  list INTEGER NOT NULL, first BLOB NOT NULL, start INTEGER NOT NULL, keys BLOB NOT NULL, vals BLOB NOT NULL,
  PRIMARY KEY (list, first, start)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list: its key, its position from 0, its value."""

    key: bytes
    position: int
    value: bytes


def write(db: Tables, number: int, width: int, keys: bytes, values: bytes = b"") -> None:
    """Put a list's entries down: `keys` of `width` bytes each, in order, and as many `values` of one width."""
    count = len(keys) // width
    wide = len(values) // count if count else 0
    db.put(
        "blocks",
        5,
        (
            (
                number,
                keys[at * width : (at + 1) * width],
                at,
                keys[at * width : (at + BLOCK) * width],
                values[at * wide : (at + BLOCK) * wide],
            )
            for at in range(0, count, BLOCK)
        ),
    )


def between(db: Tables, number: int, low: bytes, high: bytes) -> Iterator[Entry]:
    """The entries with `low` ≤ key ≤ `high` (both as wide as the keys), in order."""
    rows = db.execute(
        "SELECT start, keys, vals FROM blocks WHERE list = ? AND first <= ? AND first >= coalesce("
        "(SELECT first FROM blocks WHERE list = ? AND first < ? ORDER BY first DESC LIMIT 1), ?) ORDER BY first, start",
        (number, high, number, low, b""),
    )
    width = len(low)
    for start, keys, values in rows:
        count = len(keys) // width
        wide = len(values) // count
        at = bisect_left(range(count), low, key=lambda n: keys[n * width : (n + 1) * width])
        while at < count and (key := keys[at * width : (at + 1) * width]) <= high:
            yield Entry(key, start + at, values[at * wide : (at + 1) * wide])
            at += 1
