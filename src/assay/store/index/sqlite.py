"""The index in SQLite: where examples lie, in which versions they stand, and what they say.

Derived from the log and its objects, deletable, never trusted over them: it remembers the log entry it has
seen last, and what is foreign, stale or corrupt is built again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson

from assay.errors import NotFound, StorageFailure, UsageError
from assay.kernels.ids import IdArray, id_list, ids_of
from assay.model.example import views
from assay.model.version import SegmentRef
from assay.store import heads
from assay.store.erased import FORGET
from assay.store.glimpse import Glimpse
from assay.store.index import blocks, build, exact, fulltext, history
from assay.store.index.exact import Rows
from assay.store.index.fulltext import make_searchable
from assay.store.index.history import Edited, Interval
from assay.store.index.words import Query
from assay.store.log import Log
from assay.store.objects import Objects

T = TypeVar("T")
Tell = Callable[[int, int], None]

_APPLICATION: Final = 0x41535359
_SCHEMA_VERSION: Final = 3
_MIN_PREFIX: Final = 6
_BATCH: Final = 64
_SPARE: Final = 4
_OWN_TABLES: Final = """
CREATE TABLE IF NOT EXISTS state (seq INTEGER NOT NULL, digest TEXT);
INSERT INTO state SELECT 0, NULL WHERE NOT EXISTS (SELECT 1 FROM state);
"""


@dataclass(frozen=True, slots=True)
class Located:
    """An example and a segment row that holds it."""

    id: bytes
    segment: SegmentRef
    ordinal: int


class SqliteIndex:
    """The index in the file `path`, or in memory when `path` is ":memory:". Call `sync` before asking."""

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self._upto = 0
        self._db: sqlite3.Connection | None = None
        self._objects: Objects | None = None
        self._log: Log | None = None
        self._tell: Tell | None = None

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def sync(self, objects: Objects, log: Log, tell: Tell | None = None) -> int:
        """Bring the index up to the log's head; how many operations were new. `tell` hears how many of how many
        versions are taken down.

        The index follows the whole log even where `log` ends at a moment; answers are then as of that moment. An
        index that is corrupt, foreign, or of another history is built again from the beginning.
        """
        self._objects, self._log, self._tell = objects, log.whole, tell
        new = self._healing(self._follow)
        self._upto = log.head()[0]
        return new

    def rebuild(self) -> None:
        """Throw everything away and build it again. Raises UsageError before the first `sync`."""
        self._sources()
        self.discard()
        self._follow()

    def locate(self, id: bytes | str, *, rejected: bool = False) -> Located | None:
        """Where an example lies: by its 32 bytes, or by at least 6 hex digits that no other id begins with.

        None when no segment of a version has it; with `rejected`, none of those that curations rejected. Raises
        UsageError for a prefix that is too short, no hexadecimal, or that several ids share; the hint lists some.
        """
        low, high = _bounds(id)
        kind = "rejected" if rejected else "segment"

        def ask() -> Located | None:
            db = self._connect()
            found: dict[bytes, Located] = {}
            lists = db.execute(
                "SELECT number, about FROM lists WHERE kind = ? AND seq <= ? ORDER BY number DESC",
                (kind, self._upto),
            )
            for number, about in lists.fetchall():
                for entry in islice(blocks.between(db, number, low, high), _BATCH):
                    ref = SegmentRef.from_json(orjson.loads(about))
                    found.setdefault(entry.key, Located(entry.key, ref, entry.position))
            if len(found) > 1:
                shown = ", ".join(i.hex() for i in sorted(found)[:5])
                raise UsageError(f"several examples begin with {id!r}", f"give more digits: {shown}")
            return next(iter(found.values()), None)

        return self._healing(ask)

    def ordinal(self, segment: str, id: bytes) -> int | None:
        """Where an example stands in a segment (object name) of a version or of what a curation rejected; None where
        it does not. Raises NotFound for a segment that no version names."""

        def ask() -> int | None:
            db = self._connect()
            found = db.execute(
                "SELECT number FROM lists WHERE name = ? AND kind IN ('segment', 'rejected')", (segment,)
            ).fetchone()
            if found is None:
                raise NotFound(f"the index knows no segment {segment[:12]}", "run the command again")
            return next((entry.position for entry in blocks.between(db, found[0], id, id)), None)

        return self._healing(ask)

    def versions_of(self, id: bytes) -> list[Interval]:
        """All versions that hold an example, as intervals, by dataset, branch and number."""
        return self._healing(lambda: history.intervals(self._steps(id)))

    def turns_of(self, id: bytes) -> list[tuple[str, int]]:
        """The versions, as (dataset, number), with which an example came, moved or left."""
        return self._healing(lambda: history.turns(self._steps(id)))

    def splits_of(self, id: bytes, dataset: str) -> dict[int, str]:
        """Version number → split, of all versions of a dataset that hold an example."""

        def ask() -> dict[int, str]:
            found = (step for step in self._steps(id) if step.dataset == dataset)
            return {step.number: step.split for step in found if step.split is not None}

        return self._healing(ask)

    def edits_of(self, id: bytes) -> list[Edited]:
        """The edits that an example came from or went to, by dataset and version."""
        return self._healing(lambda: history.edits(self._connect(), id, self._upto))

    def records_of(self, id: bytes) -> list[tuple[str, int, str, list[int]]]:
        """The curations that read an example or what was rejected in its stead: dataset and number of the first
        version that each made, its object's name, and the rows of its ledger, in order.

        A row may be about another example with the same first 8 bytes: look at what it says.
        """
        return self._healing(lambda: history.records(self._connect(), id, self._upto))

    def search(
        self,
        text: str,
        member: Callable[[bytes], bool] | None = None,
        segments: Collection[str] | None = None,
        limit: int = 20,
    ) -> list[Located]:
        """Examples whose text holds every term of `text`, best first, at most `limit`.

        `segments` (object names) and `member` (of an id) say where to look; a version's segments and members
        make a search of that version. Every answer was compared with the text itself. The words of a segment
        are indexed when it is first searched.
        """
        query = Query.parse(text)
        if not query.terms:
            raise UsageError("nothing to search for", "give a word or a phrase")

        def ask() -> list[Located]:
            db = self._connect()
            chosen = {
                number: SegmentRef.from_json(orjson.loads(ref))
                for number, name, ref in db.execute(
                    "SELECT number, name, about FROM lists WHERE kind = 'segment' AND seq <= ?", (self._upto,)
                )
                if segments is None or name in segments
            }
            match = query.match_expression()
            found = self._by_words(match, chosen) if match else self._everything(chosen)
            return self._exact(query, found, member, limit)

        return self._healing(ask)

    def holding(self, segments: Collection[SegmentRef], query: Query) -> dict[str, Rows]:
        """Segment (object name) → every row of it whose text holds all terms: ordinals (int64, increasing), exact.

        A segment may be of a version or hold what a curation rejected. Its words are indexed when it is first
        asked about. Raises UsageError where too many texts would have to be read (`exact.MOST_READ`).
        """
        objects, _ = self._sources()

        def ask() -> dict[str, Rows]:
            db = self._connect()
            lists = {}
            for ref in segments:
                number, ready = exact.list_of(db, ref)
                lists[number] = ref
                if not ready:
                    make_searchable(db, objects, number, ref)
            return exact.holding(db, objects, lists, query)

        return self._healing(ask)

    def edited(self, dataset: str) -> IdArray:
        """The sorted ids of the examples that came into some version of a dataset as an edit of another."""
        return self._healing(lambda: history.edited(self._connect(), dataset, self._upto))

    def unsearched(self, segments: Collection[str]) -> int:
        """How many rows of these segments (object names) a search would have to index first. What another process is
        indexing grows less meanwhile."""

        def ask() -> int:
            db = self._connect()
            lists = db.execute(
                "SELECT number, name, about FROM lists"
                " WHERE kind IN ('segment', 'rejected') AND NOT searchable ORDER BY number"
            ).fetchall()
            return sum(
                SegmentRef.from_json(orjson.loads(about)).rows - fulltext.indexed(db, number)
                for number, name, about in lists
                if name in segments
            )

        return self._healing(ask)

    # Building

    def _follow(self) -> int:
        objects, log = self._sources()
        db = self._connect()
        seq, seen = db.execute("SELECT seq, digest FROM state").fetchone()
        head, head_digest = log.head()
        later = log.since(seq)
        if seq and any(operation.action in (FORGET, heads.COMPACT) for operation in later):
            seq, seen = head + 1, None  # words of what was forgotten go with the file; so do old places
        if seq > head or seen != (later[0].prev if later else head_digest):
            self.discard()
            db, seq = self._connect(), 0
        if seq == head:
            return 0
        with db:
            db.execute("BEGIN IMMEDIATE")
            now = db.execute("SELECT seq FROM state").fetchone()[0]
            if now != seq:  # another process brought it forward meanwhile
                seq = now
            made = [
                committed
                for line in heads.versions(log.entries()[:head]).values()
                for committed in line
                if committed.operation.seq > seq
            ]
            for done, committed in enumerate(made):
                if self._tell:
                    self._tell(done, len(made))
                build.add_version(db, objects, committed)
            db.execute("UPDATE state SET seq = ?, digest = ?", (head, head_digest))
        return max(0, head - int(seq))

    # Asking

    def _steps(self, id: bytes) -> Iterator[history.Step]:
        objects, _ = self._sources()
        return history.steps(self._connect(), id, self._upto, objects.manifest)

    def _by_words(self, match: str, chosen: dict[int, SegmentRef]) -> Iterator[tuple[SegmentRef, int]]:
        objects, _ = self._sources()
        db = self._connect()
        ready = {n for (n,) in db.execute("SELECT number FROM lists WHERE searchable")}
        for number in sorted(chosen.keys() - ready):
            make_searchable(db, objects, number, chosen[number])
        rows = db.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank, rowid", (match,))
        for (rowid,) in rows:
            if rowid >> 32 in chosen:
                yield chosen[rowid >> 32], rowid & 0xFFFFFFFF

    def _everything(self, chosen: dict[int, SegmentRef]) -> Iterator[tuple[SegmentRef, int]]:
        for number in sorted(chosen):
            yield from ((chosen[number], row) for row in range(chosen[number].rows))

    def _exact(
        self,
        query: Query,
        found: Iterator[tuple[SegmentRef, int]],
        member: Callable[[bytes], bool] | None,
        limit: int,
    ) -> list[Located]:
        """The candidates whose text matches, in order, each example once."""
        objects, _ = self._sources()
        out: dict[bytes, Located] = {}
        glimpse = Glimpse(objects)
        while len(out) < limit:
            wanted = min(_BATCH, limit - len(out) + _SPARE)  # most match, and each costs a row group
            batch = [place for _, place in zip(range(wanted), found, strict=False)]
            if not batch:
                break
            table = glimpse.rows(batch)
            payloads: list[Any] = table["payload"].to_pylist()
            for (ref, row), id_, payload in zip(batch, id_list(ids_of(table["id"])), payloads, strict=True):
                if id_ in out or (member is not None and not member(id_)):
                    continue
                if query.matches(views(orjson.loads(payload)).text):
                    out[id_] = Located(id_, ref, row)
        return list(out.values())[:limit]

    # The file

    def _sources(self) -> tuple[Objects, Log]:
        if self._objects is None or self._log is None:
            raise UsageError("the index has not been synchronised", "call sync first")
        return self._objects, self._log

    def _healing(self, ask: Callable[[], T]) -> T:
        """The answer; when the file turns out to be damaged, the answer after building it again."""
        self._sources()
        try:
            return ask()
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "full" in str(error) or "readonly" in str(error):
                raise self._failure(error) from error
        except (
            sqlite3.DatabaseError,
            ValueError,
            TypeError,
            LookupError,
        ):  # what a flipped bit can make of rows
            pass
        self.discard()
        try:
            self._follow()
            return ask()
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _failure(self, error: sqlite3.Error) -> StorageFailure:
        return StorageFailure(
            f"the index {self.path} cannot be used: {error}",
            "it is derived: delete it and run the command again",
        )

    def _connect(self) -> sqlite3.Connection:
        if self._db is not None:
            return self._db
        if self.path != ":memory:":
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        self._db = db = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA cache_size = -{fulltext.READING}")
        ours = (
            db.execute("PRAGMA application_id").fetchone()[0],
            db.execute("PRAGMA user_version").fetchone()[0],
        )
        if ours == (_APPLICATION, _SCHEMA_VERSION):
            return db
        if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self.discard()
            return self._connect()
        marks = f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_SCHEMA_VERSION};"
        db.executescript(
            f"BEGIN IMMEDIATE; {_OWN_TABLES} {fulltext.TABLES} {blocks.TABLES} {build.TABLES} {marks} COMMIT;"
        )
        return db

    def discard(self) -> None:
        """Delete the file; the next `sync` builds it anew."""
        self.close()
        if self.path == ":memory:":
            return
        for suffix in ("", "-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                Path(self.path + suffix).unlink()


def _bounds(id: bytes | str) -> tuple[bytes, bytes]:
    if isinstance(id, bytes):
        return id, id
    digits = id.strip().lower()
    if len(digits) < _MIN_PREFIX or len(digits) > 64 or set(digits) - set("0123456789abcdef"):
        raise UsageError(f"{id!r} is not the beginning of an example id", "give 6 to 64 hexadecimal digits")
    return bytes.fromhex(digits.ljust(64, "0")), bytes.fromhex(digits.ljust(64, "f"))
