"""A SQLite database of the server's: one connection for all threads, and one writer among all processes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any


class Database:
    """A file that only its owner may read, made when there is none. `wait`: seconds that a writer waits for others."""

    def __init__(self, path: Path, schema: str = "", *, wait: float = 30, synchronous: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        self._lock = Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, timeout=wait, isolation_level=None)
        if schema:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.executescript(schema)
        if synchronous:
            self._db.execute("PRAGMA synchronous=FULL")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """All that a SELECT finds."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection, for some SELECTs."""
        with self._lock:
            yield self._db

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """The connection in a transaction that is kept when the block ends well, and undone when it raises."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One at a time, among threads and processes, and nothing is written; the lock ends with its process."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                self._db.execute("ROLLBACK")
