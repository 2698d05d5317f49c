"""What the server keeps beside a registry, in SQLite or in a team's PostgreSQL: one connection for all threads, and one
writer among all processes. SQL is what both understand, with `?` for values."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from assay.errors import UsageError
from assay.store import layout

if TYPE_CHECKING:
    from assay.registry import Registry


class Found(Protocol):
    """What a statement found, or how many rows it changed."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Statements(Protocol):
    """Where statements are executed."""

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Found: ...
    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> object: ...


class Database(Protocol):
    """Safe for many threads and processes. Raises StorageFailure where it is shared and away."""

    def close(self) -> None: ...

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """All that a SELECT finds."""
        ...

    def read(self) -> AbstractContextManager[Statements]:
        """For some SELECTs."""
        ...

    def write(self) -> AbstractContextManager[Statements]:
        """A transaction that is kept when the block ends well, and undone when it raises."""
        ...

    def turn(self) -> AbstractContextManager[None]:
        """One at a time, among threads and processes, and nothing is written; the lock ends with its process."""
        ...


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables as they were made, step by step: the n-th leads from version n - 1 to n. Steps are only ever added."""

    steps: tuple[tuple[str, ...], ...]

    def left(self, version: int, where: str) -> tuple[tuple[str, ...], ...]:
        """The steps that are left from a version. Raises UsageError for one that is newer."""
        if version > len(self.steps):
            raise UsageError(f"a newer assay has written in {where}", "install that one here too")
        return self.steps[version:]


class Place(Protocol):
    """Where databases lie."""

    def open(self, name: str, tables: Tables | None = None, *, wait: float = 30) -> Database:
        """One of them, brought up to its newest tables. `wait`: seconds that a writer waits for others."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """Each a file of a folder."""

    path: Path

    def open(self, name: str, tables: Tables | None = None, *, wait: float = 30) -> Database:
        return FileDatabase(self.path / f"{name}.sqlite", tables, wait=wait)


def place_of(registry: Registry) -> Place:
    """Where a registry's server keeps what it keeps. Raises UsageError for a registry that has no such place."""
    if registry.database is not None:
        from assay.web.shared_database import Shared

        return Shared(registry.database, layout.open(registry.store.storage).id)
    if registry.root is None:
        raise UsageError(
            "a registry that is no folder has no place for people and tokens",
            "name a database: --database, or serve it locally",
        )
    return Folder(registry.root / "server")


class FileDatabase:
    """A SQLite file that only its owner may read, made when there is none; what was written stays after a power cut."""

    def __init__(self, path: Path, tables: Tables | None = None, *, wait: float = 30) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        self._lock = Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, timeout=wait, isolation_level=None)
        if tables is not None:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._bring_up(tables, path)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    @contextmanager
    def read(self) -> Iterator[Statements]:
        with self._lock:
            yield self._db

    @contextmanager
    def write(self) -> Iterator[Statements]:
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
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                self._db.execute("ROLLBACK")

    def _bring_up(self, tables: Tables, path: Path) -> None:
        def version() -> int:
            return int(self._db.execute("PRAGMA user_version").fetchone()[0])

        if not tables.left(version(), path.name):
            return
        with self.write() as db:
            for statement in (one for step in tables.left(version(), path.name) for one in step):
                with suppress(_Known):  # files of before did not say how far they were
                    _step(db, statement)
            db.execute(f"PRAGMA user_version = {len(tables.steps)}")


class _Known(Exception):
    pass


def _step(db: Statements, statement: str) -> None:
    try:
        db.execute(statement)
    except sqlite3.OperationalError as error:
        if "duplicate column name" in str(error):
            raise _Known from None
        raise
