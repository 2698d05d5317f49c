"""The index in PostgreSQL, for a team: a schema for each registry, written by one process at a time and asked by all.

Whoever finds it damaged, or of another history, empties and fills it again in one transaction, so that others see the
old one or the new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from psycopg import errors

from assay.errors import StorageFailure, UsageError
from assay.store.address import Address
from assay.store.index import blocks, build
from assay.store.index.following import Cure, FollowingIndex
from assay.store.index.postgres_words import TABLES as WORDS
from assay.store.index.postgres_words import PostgresWords
from assay.store.index.tables import STATE, Moved
from assay.store.postgres import Cursor, DatabaseError, Link, as_postgres, schema_of

_SCHEMA_VERSION: Final = 1
_NAMES: Final = ("state", "about", "versions", "lists", "blocks", "words", "odd")
"""The tables, `state` first: who asks looks at it first, so that nobody who asks and nobody who drops wait for each
other."""
_COPIED: Final = {"blocks": ("int8", "bytea", "int8", "bytea", "bytea")}


class PostgresTables(PostgresWords):
    """The tables in a schema of PostgreSQL. See `Tables`."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Cursor:
        return self.link.execute(sql, values)

    def put(self, table: str, width: int, rows: Iterable[tuple[Any, ...]]) -> None:
        types = _COPIED[table]
        assert len(types) == width
        with (
            self.link.connection.cursor() as cursor,
            cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def alone(self) -> AbstractContextManager[None]:
        return self.link.alone()

    @contextmanager
    def writing_words(self) -> Iterator[None]:
        yield
        with self.alone():  # nobody drops the table meanwhile
            # Else every question would read what is pending, and be planned for an empty table.
            self.execute("SELECT gin_clean_pending_list('words_lexemes')")
            self.execute("ANALYZE words")


class PostgresIndex(FollowingIndex):
    """The index of the registry with an id, in a database. See `Index`."""

    _errors = (DatabaseError,)

    def __init__(self, address: Address, registry: str) -> None:
        super().__init__()
        self._registry = registry
        self._link = Link(address, schema_of(registry, "index"))
        self._tables: PostgresTables | None = None

    def close(self) -> None:
        self._link.close()
        self._tables = None

    def discard(self) -> None:
        try:
            with self._link.alone():
                self._link.execute(f"DROP TABLE IF EXISTS {', '.join(_NAMES)}")
        except DatabaseError as error:
            raise self._failure(error) from None
        finally:
            self._tables = None

    def _follow(self) -> int:
        seq, seen = self._connect().execute("SELECT seq, digest FROM state").fetchone() or (0, None)
        _, log = self._sources()
        if (seq, seen) == log.head():
            return 0
        with self._link.alone():
            return super()._follow()

    def _anew(self) -> int:
        with self._link.alone():
            return super()._anew()

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        with self._link.snapshot():
            (seq,) = self._link.execute("SELECT seq FROM state").fetchone() or (0,)
            if seq < self._upto:
                raise Moved("the index was emptied meanwhile")
            yield

    def _cure(self, error: Exception) -> Cure | None:
        if isinstance(error, DatabaseError):
            if self._link.lost(error):
                self._tables = None
                return "again"
            if isinstance(
                error, (errors.DeadlockDetected, errors.SerializationFailure, errors.InternalError_)
            ):
                return "again"  # who dropped a table between two statements has made it anew
            torn = (
                errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidSchemaName, errors.DatatypeMismatch,
                errors.UndefinedFunction, errors.DataCorrupted, errors.IndexCorrupted, errors.UniqueViolation,
            )  # fmt: skip
            return "rebuild" if isinstance(error, torn) else "none"
        return "rebuild" if isinstance(error, (ValueError, TypeError, LookupError, ArithmeticError)) else None

    def _failure(self, error: Exception) -> StorageFailure:
        if isinstance(error, DatabaseError):
            return self._link.failure(error)
        return StorageFailure(
            f"the index in {self._link.address.shown} cannot be used: {error}",
            f"it is derived: DROP SCHEMA {self._link.schema} CASCADE, and run the command again",
        )

    def _connect(self) -> PostgresTables:
        if self._tables is not None and self._link.is_open:
            return self._tables
        if self._made() != (_SCHEMA_VERSION, self._registry):
            with self._link.alone():
                if self._made() != (_SCHEMA_VERSION, self._registry):
                    self._make()
        self._tables = PostgresTables(self._link)
        return self._tables

    def _made(self) -> tuple[int, str] | None:
        """The schema's version and whose it is, if it has tables. Raises UsageError for a newer version."""
        known = self._link.execute(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass(?) AND attname IN ('version', 'registry')",
            (f"{self._link.schema}.about",),
        ).fetchone()
        if known != (2,):
            return None
        found = self._link.execute("SELECT version, registry FROM about").fetchone()
        if found is not None and int(found[0]) > _SCHEMA_VERSION:
            raise UsageError(
                f"the index in {self._link.address.shown} was made by a newer assay",
                "install that one here too",
            )
        return None if found is None else (int(found[0]), str(found[1]))

    def _make(self) -> None:
        link = self._link
        link.execute(f"CREATE SCHEMA IF NOT EXISTS {link.schema}")
        link.execute(f"DROP TABLE IF EXISTS {', '.join(_NAMES)}")
        link.execute(
            as_postgres(f"{STATE} {blocks.TABLES} {build.TABLES}")
            + "ALTER TABLE blocks ALTER keys SET STORAGE EXTERNAL, ALTER vals SET STORAGE EXTERNAL;"  # dense
            + WORDS
            + 'CREATE TABLE about (version BIGINT NOT NULL, registry TEXT COLLATE "C" NOT NULL)'
        )
        link.execute("INSERT INTO about VALUES (?, ?)", (_SCHEMA_VERSION, self._registry))
