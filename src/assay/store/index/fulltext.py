"""The words of a segment, put into the index a slice at a time: whoever else writes waits for one slice, and what was
interrupted goes on where it was."""

from __future__ import annotations

from typing import Any, Final

import orjson

from assay.model.example import views
from assay.model.version import SegmentRef
from assay.store.index.tables import BITS, Moved, Tables
from assay.store.objects import Objects
from assay.store.segments import read_groups

SLICE: Final = 4_000
"""Rows of one transaction: about a second."""


def make_searchable(db: Tables, objects: Objects, number: int, ref: SegmentRef) -> None:
    """Index the words of a list's segment, from where it was left. Raises Damaged, Moved, and what the
    database raises."""
    with db.writing_words():
        done, at = db.indexed(number), 0
        rows: list[tuple[int, str]] = []
        for table in read_groups(objects, ref, ["payload"]):
            payloads: list[Any] = table["payload"].to_pylist()
            for payload in payloads[max(0, done - at) :]:
                rows.append(((number << BITS) + done + len(rows), views(orjson.loads(payload)).text))
            at += len(payloads)
            if len(rows) >= SLICE:
                _write(db, number, ref, rows)
                done, rows = at, []
        _write(db, number, ref, rows, last=True)


def _write(
    db: Tables, number: int, ref: SegmentRef, rows: list[tuple[int, str]], *, last: bool = False
) -> None:
    """Put in those of the rows, which follow each other, that no other process put in meanwhile."""
    with db.alone():
        named = db.execute("SELECT name FROM lists WHERE number = ?", (number,)).fetchone()
        if named is None or named[0] != ref.object:
            raise Moved("the list is another one now")
        if rows:
            end = (number << BITS) + db.indexed(number)
            if end < rows[0][0]:
                raise LookupError("rows that stood in the index are gone")
            db.put_words(rows[end - rows[0][0] :])
        if last:
            db.execute("UPDATE lists SET searchable = 1 WHERE number = ?", (number,))
