"""The index in SQLite: one file, or memory. What is foreign, stale or corrupt is deleted and built again."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Final

from assay.errors import StorageFailure
from assay.store.index import blocks, build
from assay.store.index.following import Cure, FollowingIndex
from assay.store.index.tables import BITS, STATE, Rows, listed
from assay.store.index.words import Query, is_odd, is_plain, tokens

_APPLICATION: Final = 0x41535359
_SCHEMA_VERSION: Final = 3
_READING: Final = 4 << 10
"""KiB of the file that a connection holds: a server has several, and the system holds the file for all of them."""
_TRIES, _NAP = 500, 0.02
"""How often, and after how many seconds, a file that others open is asked for again."""
_WRITING: Final = 64 << 10
_WORDS: Final = """
CREATE VIRTUAL TABLE IF NOT EXISTS words
  USING fts5(text, content='', tokenize='unicode61 remove_diacritics 0');
CREATE TABLE IF NOT EXISTS odd (row INTEGER PRIMARY KEY);
"""


class SqliteTables:
    """The tables in a SQLite database; the words are an FTS5 table. See `Tables`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.execute = db.execute

    def put(self, table: str, width: int, rows: Iterable[tuple[Any, ...]]) -> None:
        self.db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * width)})", rows)  # noqa: S608 - ours

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self.db:
            self.db.execute("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def writing_words(self) -> Iterator[None]:
        self.db.execute(f"PRAGMA cache_size = -{_WRITING}")
        try:
            yield
        finally:
            self.db.execute(f"PRAGMA cache_size = -{_READING}")

    def indexed(self, number: int) -> int:
        first = number << BITS
        (last,) = self.db.execute(
            "SELECT max(id) FROM words_docsize WHERE id BETWEEN ? AND ?", (first, first + (1 << BITS) - 1)
        ).fetchone()
        return 0 if last is None else int(last) - first + 1

    def put_words(self, rows: Sequence[tuple[int, str]]) -> None:
        self.db.executemany(
            "INSERT INTO words (rowid, text) VALUES (?, ?)", ((row, tokens(text)) for row, text in rows)
        )
        self.db.executemany(
            "INSERT INTO odd VALUES (?) ON CONFLICT DO NOTHING",
            ((row,) for row, text in rows if is_odd(text)),
        )

    def near(self, query: Query, low: int, high: int) -> Rows | None:
        match = _match(query)
        if match is None:
            return None
        found = "SELECT group_concat(rowid) FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ?"
        return listed(self.db.execute(found, (match, low, high)).fetchone()[0])

    def doubtful(self, low: int, high: int) -> Rows:
        found = "SELECT group_concat(row) FROM odd WHERE row BETWEEN ? AND ?"
        return listed(self.db.execute(found, (low, high)).fetchone()[0])

    def is_exact(self, query: Query) -> bool:
        return all(map(is_plain, query.terms))

    def ranked(self, query: Query, numbers: Collection[int]) -> Iterator[int] | None:
        match = _match(query)
        if match is None:
            return None
        rows = self.db.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank, rowid", (match,))
        return (row for (row,) in rows if row >> BITS in numbers)


def _match(query: Query) -> str | None:
    """An FTS5 expression that finds every text that matches, and perhaps more; None when no term has a letter or
    digit."""
    phrases = (f'"{" ".join(p.tokens)}"{"*" if p.prefix else ""}' for p in query.phrases())
    return " AND ".join(phrases) or None


def _to_wal(db: sqlite3.Connection) -> None:
    """Have the file kept with a write-ahead log. SQLite does not wait for others who open it in the same moment."""
    for left in reversed(range(_TRIES)):
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or not left:
                raise
            time.sleep(_NAP)


class SqliteIndex(FollowingIndex):
    """The index in the file `path`, or in memory when `path` is ":memory:". See `Index`."""

    _errors = (sqlite3.DatabaseError,)

    def __init__(self, path: Path | str) -> None:
        super().__init__()
        self.path = str(path)
        self._db: SqliteTables | None = None

    def close(self) -> None:
        if self._db is not None:
            self._db.db.close()
            self._db = None

    def discard(self) -> None:
        self.close()
        if self.path == ":memory:":
            return
        for suffix in ("", "-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                Path(self.path + suffix).unlink()

    def _snapshot(self) -> AbstractContextManager[None]:
        return nullcontext()  # whoever builds it again makes another file; who has this one open keeps it

    def _cure(self, error: Exception) -> Cure | None:
        if isinstance(error, sqlite3.OperationalError):
            said = str(error)
            if any(word in said for word in ("locked", "full", "readonly")):
                return "none"
            if "locking protocol" in said or "disk I/O" in said:
                self.close()  # somebody deleted the file while it was opened
                return "again"
        if isinstance(error, (sqlite3.DatabaseError, ValueError, TypeError, LookupError, ArithmeticError)):
            return "rebuild"  # what a flipped bit can make of rows
        return None

    def _failure(self, error: Exception) -> StorageFailure:
        return StorageFailure(
            f"the index {self.path} cannot be used: {error}",
            "it is derived: delete it and run the command again",
        )

    def _connect(self) -> SqliteTables:
        if self._db is not None:
            return self._db
        if self.path != ":memory:":
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
        self._db = SqliteTables(db)
        _to_wal(db)
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA cache_size = -{_READING}")
        ours = (
            db.execute("PRAGMA application_id").fetchone()[0],
            db.execute("PRAGMA user_version").fetchone()[0],
        )
        if ours == (_APPLICATION, _SCHEMA_VERSION):
            return self._db
        if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self.discard()
            return self._connect()
        marks = f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_SCHEMA_VERSION};"
        db.executescript(f"BEGIN IMMEDIATE; {STATE} {_WORDS} {blocks.TABLES} {build.TABLES} {marks} COMMIT;")
        return self._db
