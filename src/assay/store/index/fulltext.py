"""The words of a segment, put into the index a slice at a time: whoever else writes waits for one slice, and what was
interrupted goes on where it was."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

import orjson

from assay.model.example import views
from assay.model.version import SegmentRef
from assay.store.index.words import is_odd, tokens
from assay.store.objects import Objects
from assay.store.segments import read_groups

SLICE: Final = 4_000
"""Rows of one transaction: about a second."""
READING: Final = 4 << 10
"""KiB of the file that a connection holds: a server has several, and the system holds the file for all of them."""
_WRITING: Final = 64 << 10
_BITS: Final = 32

TABLES: Final = """
CREATE VIRTUAL TABLE IF NOT EXISTS words
  USING fts5(text, content='', tokenize='unicode61 remove_diacritics 0');
CREATE TABLE IF NOT EXISTS odd (row INTEGER PRIMARY KEY);
"""


def indexed(db: sqlite3.Connection, number: int) -> int:
    """How many rows of a list stand in the index: the first so many."""
    first = number << _BITS
    (last,) = db.execute(
        "SELECT max(id) FROM words_docsize WHERE id BETWEEN ? AND ?", (first, first + (1 << _BITS) - 1)
    ).fetchone()
    return 0 if last is None else int(last) - first + 1


def make_searchable(db: sqlite3.Connection, objects: Objects, number: int, ref: SegmentRef) -> None:
    """Index the words of a list's segment, from where it was left. Raises Damaged, sqlite3.Error."""
    db.execute(f"PRAGMA cache_size = -{_WRITING}")
    try:
        _index(db, objects, number, ref)
    finally:
        db.execute(f"PRAGMA cache_size = -{READING}")


def _index(db: sqlite3.Connection, objects: Objects, number: int, ref: SegmentRef) -> None:
    done, at = indexed(db, number), 0
    rows: list[tuple[int, str]] = []
    odd: list[tuple[int]] = []
    for table in read_groups(objects, ref, ["payload"]):
        payloads: list[Any] = table["payload"].to_pylist()
        for payload in payloads[max(0, done - at) :]:
            text = views(orjson.loads(payload)).text
            row = (number << _BITS) + done + len(rows)
            if is_odd(text):
                odd.append((row,))
            rows.append((row, tokens(text)))
        at += len(payloads)
        if len(rows) >= SLICE:
            _write(db, number, rows, odd)
            done, rows, odd = at, [], []
    _write(db, number, rows, odd)
    with db:
        db.execute("UPDATE lists SET searchable = 1 WHERE number = ?", (number,))


def _write(db: sqlite3.Connection, number: int, rows: list[tuple[int, str]], odd: list[tuple[int]]) -> None:
    """Put in those of the rows, which follow each other, that no other process put in meanwhile."""
    if not rows:
        return
    with db:
        db.execute("BEGIN IMMEDIATE")
        end = (number << _BITS) + indexed(db, number)
        if end < rows[0][0]:
            raise sqlite3.DatabaseError("rows that stood in the index are gone")
        db.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", rows[end - rows[0][0] :])
        db.executemany("INSERT OR REPLACE INTO odd VALUES (?)", odd)
