"""Records that wait for their version, in a database whose every commit is on disk when it returns.

A record is in `waiting` from the moment it is acknowledged until its version is in the log. A batch is what one version
takes in: it is written down before the curation begins, so that a server that starts again knows what may have landed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from assay.errors import Conflict, UsageError
from assay.web.database import Place, Statements, Tables

KEYS: Final = 7 * 24 * 3600
"""Seconds for which an idempotency key is remembered at least."""
MOST: Final = 100_000
"""Records of one dataset that may wait."""
BATCH: Final = 20_000
"""Records of one version."""
_WAIT: Final = 120.0
_TABLES: Final = Tables(
    (
        (
            "CREATE TABLE IF NOT EXISTS posts (actor TEXT, dataset TEXT, key TEXT, digest TEXT NOT NULL, "
            "answer TEXT NOT NULL, time REAL NOT NULL, PRIMARY KEY (actor, dataset, key)) WITHOUT ROWID",
            "CREATE INDEX IF NOT EXISTS posts_time ON posts (time)",
            "CREATE TABLE IF NOT EXISTS waiting (seq INTEGER PRIMARY KEY AUTOINCREMENT, dataset TEXT NOT NULL, "
            "actor TEXT NOT NULL, line BLOB NOT NULL, time REAL NOT NULL, batch TEXT)",
            "CREATE INDEX IF NOT EXISTS waiting_group ON waiting (dataset, actor, batch)",
            "CREATE TABLE IF NOT EXISTS batches (id TEXT PRIMARY KEY, dataset TEXT NOT NULL, actor TEXT NOT NULL, "
            "time REAL NOT NULL, tries INTEGER NOT NULL, tried REAL NOT NULL, error TEXT)",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one version takes in. `tries`: how often that was tried; `error`: what it came to, the last time."""

    id: str
    dataset: str
    actor: str
    tries: int
    tried: float
    error: str | None

    @property
    def source(self) -> str:
        """The name under which its records stand in the ledger."""
        return f"collected-{self.id}.jsonl"


@dataclass(frozen=True, slots=True)
class Group:
    """Records of one person for one dataset that are in no batch yet. `oldest`: since when."""

    dataset: str
    actor: str
    count: int
    oldest: float


class Spool:
    """The records that wait. Safe for many threads and processes."""

    def __init__(self, place: Place, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._db = place.open("collected", _TABLES, wait=_WAIT)
        self._rows, self._write = self._db.rows, self._db.write
        self._turns = place.open("collected.turn", wait=_WAIT)
        self.turn = self._turns.turn
        """Who lands is alone, among threads and processes."""

    def known(self, actor: str, dataset: str, key: str, digest: str) -> dict[str, Any] | None:
        """The answer that this key was given, if it was. Raises Conflict where it came with another body."""
        with self._db.read() as db:
            return _known(db, actor, dataset, key, digest)

    def add(
        self, actor: str, dataset: str, key: str, digest: str, lines: Sequence[bytes]
    ) -> tuple[dict[str, Any], bool]:
        """Keep some records, and the answer under their key: both or neither, and on disk when this returns.
        The answer, and whether it is an old one. Raises Conflict, UsageError."""
        now = self._clock()
        with self._write() as db:
            found = _known(db, actor, dataset, key, digest)
            if found is not None:
                return found, True
            (held,) = db.execute("SELECT count(*) FROM waiting WHERE dataset = ?", (dataset,)).fetchone()
            if held + len(lines) > MOST:
                raise UsageError(
                    f"{held:,} records wait for {dataset} already",
                    "flush them, and see what keeps them: …/examples/waiting",
                )
            db.executemany(
                "INSERT INTO waiting (dataset, actor, line, time) VALUES (?, ?, ?, ?)",
                [(dataset, actor, line, now) for line in lines],
            )
            answer = {"dataset": dataset, "accepted": len(lines), "waiting": held + len(lines)}
            db.execute(
                "INSERT INTO posts VALUES (?, ?, ?, ?, ?, ?)",
                (actor, dataset, key, digest, json.dumps(answer), now),
            )
            db.execute("DELETE FROM posts WHERE time < ?", (now - KEYS,))
        return answer, False

    def groups(self) -> list[Group]:
        """What is in no batch yet."""
        rows = self._rows(
            "SELECT dataset, actor, count(*), min(time) FROM waiting WHERE batch IS NULL GROUP BY dataset, actor"
        )
        return [Group(*row) for row in rows]

    def batches(self, dataset: str | None = None) -> list[Batch]:
        """Batches that have not landed, the oldest first."""
        rows = self._rows("SELECT id, dataset, actor, tries, tried, error FROM batches ORDER BY time, id")
        return [batch for batch in (Batch(*row) for row in rows) if dataset in (None, batch.dataset)]

    def form(self, group: Group, id: str) -> Batch:
        """Make a batch of the oldest of a group."""
        now = self._clock()
        with self._write() as db:
            db.execute(
                "INSERT INTO batches VALUES (?, ?, ?, ?, 0, ?, NULL)",
                (id, group.dataset, group.actor, now, now),
            )
            db.execute(
                "UPDATE waiting SET batch = ? WHERE seq IN (SELECT seq FROM waiting WHERE dataset = ? AND actor = ? "
                "AND batch IS NULL ORDER BY seq LIMIT ?)",
                (id, group.dataset, group.actor, BATCH),
            )
        return Batch(id, group.dataset, group.actor, 0, now, None)

    def lines(self, batch: Batch) -> list[bytes]:
        """A batch's records, in the order in which they came."""
        return [
            line for (line,) in self._rows("SELECT line FROM waiting WHERE batch = ? ORDER BY seq", batch.id)
        ]

    def tried(self, batch: Batch, error: str) -> None:
        """It did not land, and why."""
        with self._write() as db:
            db.execute(
                "UPDATE batches SET tries = tries + 1, tried = ?, error = ? WHERE id = ?",
                (self._clock(), error, batch.id),
            )

    def landed(self, batch: Batch) -> None:
        """Its version is in the log: let go of it."""
        with self._write() as db:
            db.execute("DELETE FROM waiting WHERE batch = ?", (batch.id,))
            db.execute("DELETE FROM batches WHERE id = ?", (batch.id,))

    def count(self, dataset: str) -> int:
        """How many records wait for a dataset."""
        return int(self._rows("SELECT count(*) FROM waiting WHERE dataset = ?", dataset)[0][0])

    def close(self) -> None:
        self._db.close()
        self._turns.close()


def _known(db: Statements, actor: str, dataset: str, key: str, digest: str) -> dict[str, Any] | None:
    row = db.execute(
        "SELECT digest, answer FROM posts WHERE actor = ? AND dataset = ? AND key = ?", (actor, dataset, key)
    ).fetchone()
    if row is None:
        return None
    if row[0] != digest:
        raise Conflict("this Idempotency-Key came with another body before", "another body needs another key")
    answer: dict[str, Any] = json.loads(row[1])
    return answer
