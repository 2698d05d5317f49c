"""A connection to PostgreSQL that is opened when it is needed, and again after the server was away. What it says of
errors names the database and what to do, and never a password.

Statements have `?` for values, so that they can be the ones that SQLite is given. Needs the extra `postgres`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from time import sleep
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit
from weakref import finalize

import psycopg
from psycopg import errors

from assay.errors import StorageFailure
from assay.store.address import Address

DatabaseError = psycopg.Error
DataError = psycopg.DataError
Cursor = psycopg.Cursor[tuple[Any, ...]]

READING: Final = 30.0
"""Seconds that one question may take. Who writes is not hurried."""
WAITING: Final = 60.0
"""Seconds that who writes waits for another who does."""
_CONNECTING: Final = 10
_AGAIN: Final = (0.1, 0.4, 1.0)
"""Seconds between attempts to reach a server again that has just been there: it may be starting."""
_NAME: Final = re.compile(r"[0-9a-z_]{1,40}")
_TYPES: Final = {
    "INTEGER PRIMARY KEY AUTOINCREMENT": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "INTEGER": "BIGINT",
    "REAL": "DOUBLE PRECISION",
    "BLOB": "BYTEA",
    "TEXT": 'TEXT COLLATE "C"',  # in the order of code points, as SQLite has it
    " WITHOUT ROWID": "",
}
_SPELLED: Final = re.compile("|".join(_TYPES))


def schema_of(registry: str, part: str) -> str:
    """The schema in which a part of a registry lies, by the registry's id."""
    name = registry if _NAME.fullmatch(registry) else hashlib.sha256(registry.encode()).hexdigest()[:40]
    return f"assay_{name}_{part}"


def as_postgres(tables: str) -> str:
    """CREATE TABLE statements of SQLite in PostgreSQL's words."""
    return _SPELLED.sub(lambda found: _TYPES[found.group()], tables)


@lru_cache(maxsize=256)
def _placed(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


class Link:
    """A connection whose statements mean one schema. Not for two threads at once. `lock`: who names the same one writes
    after each other; `reading`, `waiting`: seconds that a question may take, and that who writes waits."""

    def __init__(
        self,
        address: Address,
        schema: str,
        *,
        lock: str = "",
        reading: float = READING,
        waiting: float = WAITING,
    ) -> None:
        self.address, self.schema, self._reading, self._waiting = address, schema, reading, waiting
        self._db: psycopg.Connection[tuple[Any, ...]] | None = None
        self._within = False
        self._key = int.from_bytes(
            hashlib.sha256(f"{schema}/{lock}".encode()).digest()[:8], "big", signed=True
        )

    def __repr__(self) -> str:
        return f"Link({self.address.shown!r}, {self.schema!r})"

    def close(self) -> None:
        """Let go of the connection. It is also closed when nobody holds the link any more."""
        if self._db is not None:
            self._end()
        self._db, self._within = None, False

    @property
    def is_open(self) -> bool:
        return self._db is not None and not self._db.closed

    @property
    def connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The connection, opened if need be."""
        if self._db is None:
            self._open()
        assert self._db is not None
        return self._db

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Cursor:
        """One statement; outside a transaction a question, which is asked again on a new connection when the old one
        turns out to be broken."""
        text = _placed(sql) if values else sql
        try:
            return self.connection.execute(text, values or None)
        except DatabaseError as error:
            if self._within or not self.lost(error):
                raise  # who was never there is not waited for
        self._reconnect()
        return self.connection.execute(text, values or None)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """One statement for each row."""
        with self.connection.cursor() as cursor:
            cursor.executemany(_placed(sql), rows)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A transaction in which nobody else, who asks for the same, writes to the schema. Inside another one: a part
        of that."""
        if self._within:
            yield
            return
        with self._transaction("BEGIN"):
            self.execute(
                "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', ?, true)",
                (f"{self._waiting * 1000:.0f}",),
            )
            self.execute("SELECT pg_advisory_xact_lock(?)", (self._key,))
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """A transaction that sees one moment, and writes nothing."""
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
            yield

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One at a time among all processes, outside any transaction; it ends with the connection."""
        key = self._key ^ 1
        self.execute(
            "SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', ?, false)",
            (f"{self._waiting * 1000:.0f}",),
        )
        self.execute("SELECT pg_advisory_lock(?)", (key,))
        try:
            yield
        finally:
            with suppress(DatabaseError):  # a connection that is gone holds no lock
                self.connection.execute("SELECT pg_advisory_unlock(%s)", (key,))

    def lost(self, error: Exception) -> bool:
        """Whether the connection is gone, so that another one may do better."""
        return (
            isinstance(error, psycopg.OperationalError)
            and self._db is not None
            and (self._db.closed or isinstance(error, (errors.AdminShutdown, errors.CannotConnectNow)))
        )

    def failure(self, error: Exception) -> StorageFailure:
        """What to raise in place of an error of the database."""
        said, hint = self.address.without_secrets(error), "see what the database's log says"
        if isinstance(error, errors.QueryCanceled):
            said, hint = (
                f"an answer took longer than {self._reading:.0f} s",
                "ask for less, or again when it is idle",
            )
        elif isinstance(error, errors.LockNotAvailable):
            said, hint = (
                f"another process has been writing for {self._waiting:.0f} s",
                "run the command again",
            )
        elif isinstance(error, errors.InsufficientPrivilege):
            hint = "let the role make schemas: GRANT CREATE ON DATABASE … TO …"
        elif isinstance(error, psycopg.OperationalError) and (error.sqlstate is None or self.lost(error)):
            hint = "see that it runs and that its address is right; a password may lie in the file ~/.pgpass"
        return StorageFailure(f"the database {self.address.shown} cannot be used: {said}", hint)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self.execute(begin)
        self._within = True
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self._db is not None:
                with suppress(DatabaseError):
                    self._db.execute("ROLLBACK")
            raise
        finally:
            self._within = False

    def _open(self) -> None:
        given = {key for key, _ in parse_qsl(urlsplit(self.address.url).query)}
        more: dict[str, Any] = {} if "connect_timeout" in given else {"connect_timeout": _CONNECTING}
        db = psycopg.connect(
            self.address.url, autocommit=True, application_name="assay", client_encoding="utf8", **more
        )
        self._db, self._end = db, finalize(self, db.close)
        db.execute(
            "SELECT set_config('search_path', %s, false), set_config('statement_timeout', %s, false),"
            " set_config('client_min_messages', 'warning', false)",
            (f"{self.schema}, pg_temp", f"{self._reading * 1000:.0f}"),
        )

    def _reconnect(self) -> None:
        """A new connection, where there was one before. Raises what the last attempt raised."""
        self.close()
        for pause in _AGAIN:
            try:
                return self._open()
            except psycopg.OperationalError as error:
                if error.sqlstate not in (None, errors.CannotConnectNow.sqlstate):
                    raise
            sleep(pause)
        return self._open()
