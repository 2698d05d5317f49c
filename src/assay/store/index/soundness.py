"""Whether an index's file holds together."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def is_sound(path: Path) -> bool:
    """SQLite's own check of every page, and of the words. It does not say that the index is right about the log."""
    try:
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as db:
            whole: bool = db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            db.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    except sqlite3.DatabaseError:
        return False
    return whole
