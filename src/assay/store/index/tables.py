"""The tables under an index, in whichever database: the SQL that SQLite and PostgreSQL both understand, with `?` for
values, and what each of them does in its own way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from assay.store.index.words import Query

Rows: TypeAlias = npt.NDArray[np.int64]

BITS: Final = 32
"""A row of the words is a list's number and, in so many lower bits, an ordinal."""

STATE: Final = """
CREATE TABLE IF NOT EXISTS state (seq INTEGER NOT NULL, digest TEXT);
INSERT INTO state SELECT 0, NULL WHERE NOT EXISTS (SELECT 1 FROM state);
"""


class Moved(Exception):
    """Another process built the index again while this one asked."""


class Found(Protocol):
    """What a statement found."""

    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Tables(Protocol):
    """A connection to the tables. Outside `alone` it is only read from."""

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Found:
        """One statement."""
        ...

    def put(self, table: str, width: int, rows: Iterable[tuple[Any, ...]]) -> None:
        """Many rows of `width` columns, as quickly as the database can."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """A transaction in which nobody else writes; undone when the block raises."""
        ...

    def writing_words(self) -> AbstractContextManager[None]:
        """Around many slices of words."""
        ...

    def indexed(self, number: int) -> int:
        """How many rows of a list stand among the words: the first so many."""
        ...

    def put_words(self, rows: Sequence[tuple[int, str]]) -> None:
        """Rows and their texts, put among the words."""
        ...

    def near(self, query: Query, low: int, high: int) -> Rows | None:
        """The sorted rows from `low` to `high` that may match; None when words cannot tell."""
        ...

    def doubtful(self, low: int, high: int) -> Rows:
        """The sorted rows of these whose text has to be looked at, whatever the query."""
        ...

    def is_exact(self, query: Query) -> bool:
        """Whether `near` gives exactly the rows that match, the doubtful ones aside."""
        ...

    def ranked(self, query: Query, numbers: Collection[int]) -> Iterator[int] | None:
        """The rows of some lists that may match, best first; None when words cannot tell."""
        ...


def listed(joined: str | None) -> Rows:
    """Sorted numbers that a statement joined by commas: four times as quick as a row for each."""
    return np.sort(np.fromstring(joined, np.int64, sep=",")) if joined else np.empty(0, np.int64)
