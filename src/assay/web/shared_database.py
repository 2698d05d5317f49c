"""What the servers of a team keep together in PostgreSQL: a schema for each registry. Needs the extra `postgres`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from assay.errors import AssayError, UsageError
from assay.store.address import Address
from assay.store.postgres import DatabaseError, DataError, Link, as_postgres, schema_of
from assay.web.database import Database, Statements, Tables

_ABOUT: Final = as_postgres(
    "CREATE TABLE IF NOT EXISTS about (part TEXT PRIMARY KEY, version INTEGER NOT NULL, registry TEXT NOT NULL)"
)


@dataclass(frozen=True, slots=True)
class Shared:
    """The databases of the registry with an id: all in one schema."""

    address: Address
    registry: str

    def open(self, name: str, tables: Tables | None = None, *, wait: float = 30) -> Database:
        return SharedDatabase(self, name, tables, wait=wait)


class SharedDatabase:
    """See `Database`. After the server was away, whoever asks next connects anew."""

    def __init__(self, where: Shared, name: str, tables: Tables | None, *, wait: float) -> None:
        self._lock = Lock()
        self._link = Link(where.address, schema_of(where.registry, "server"), lock=name, waiting=wait)
        if tables is not None:
            self._bring_up(where, name, tables)

    def close(self) -> None:
        with self._lock:
            self._link.close()

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._asking() as link:
            return link.execute(sql, values).fetchall()

    @contextmanager
    def read(self) -> Iterator[Statements]:
        with self._asking() as link:
            yield link

    @contextmanager
    def write(self) -> Iterator[Statements]:
        with self._asking() as link, link.alone():
            yield link

    @contextmanager
    def turn(self) -> Iterator[None]:
        with self._asking() as link, link.turn():
            yield

    @contextmanager
    def _asking(self) -> Iterator[Link]:
        with self._lock:
            try:
                yield self._link
            except DatabaseError as error:
                raise self._failure(error) from None

    def _failure(self, error: DatabaseError) -> AssayError:
        if isinstance(error, DataError):
            return UsageError(
                "the database does not take this text", "leave out characters that nobody can see"
            )
        return self._link.failure(error)

    def _bring_up(self, where: Shared, name: str, tables: Tables) -> None:
        """In one transaction, alone among all servers that start: each step once, or nothing."""
        schema, shown = self._link.schema, where.address.shown
        with self._asking() as link:
            if not tables.left(self._version(name), shown):
                return
            with link.alone():
                link.execute(
                    "SELECT pg_advisory_xact_lock(hashtext(?))", (schema,)
                )  # several parts, one schema
                link.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
                link.execute(_ABOUT)
                for statement in (one for step in tables.left(self._version(name), shown) for one in step):
                    link.execute(as_postgres(statement))
                link.execute(
                    "INSERT INTO about VALUES (?, ?, ?) ON CONFLICT (part) DO UPDATE SET version = excluded.version",
                    (name, len(tables.steps), where.registry),
                )

    def _version(self, name: str) -> int:
        (there,) = self._link.execute(
            "SELECT to_regclass(?)::text", (f"{self._link.schema}.about",)
        ).fetchone() or (None,)
        if there is None:
            return 0
        found = self._link.execute("SELECT version FROM about WHERE part = ?", (name,)).fetchone()
        return 0 if found is None else int(found[0])
