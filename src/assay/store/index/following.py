"""An index that follows the log, over the tables of any database: what it takes down and what it answers. How the
tables are opened, and what becomes of damaged ones, the databases say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, ClassVar, Final, Literal, TypeVar

import orjson

from assay.errors import NotFound, StorageFailure, UsageError
from assay.kernels.ids import IdArray, id_list, ids_of
from assay.model.example import views
from assay.model.version import SegmentRef
from assay.store import heads
from assay.store.erased import FORGET
from assay.store.glimpse import Glimpse
from assay.store.index import blocks, build, exact, history
from assay.store.index.fulltext import make_searchable
from assay.store.index.history import Edited, Interval
from assay.store.index.index import Located, Tell
from assay.store.index.tables import BITS, Moved, Rows, Tables
from assay.store.index.words import Query
from assay.store.log import Log
from assay.store.objects import Objects

T = TypeVar("T")
Cure = Literal["none", "again", "rebuild"]
"""What helps against an error: nothing, another attempt, or to build the index again."""

_MIN_PREFIX: Final = 6
_BATCH: Final = 64
_SPARE: Final = 4
_TIMES: Final[dict[Cure, int]] = {"none": 0, "again": 5, "rebuild": 1}


class FollowingIndex(ABC):
    """An `Index`. A database brings the methods below `The database`."""

    def __init__(self) -> None:
        self._upto = 0
        self._objects: Objects | None = None
        self._log: Log | None = None
        self._tell: Tell | None = None

    def sync(self, objects: Objects, log: Log, tell: Tell | None = None) -> int:
        self._objects, self._log, self._tell = objects, log.whole, tell
        new = self._healing(self._follow)
        self._upto = log.head()[0]
        return new

    def rebuild(self) -> None:
        self._healing(self._anew)

    def locate(self, id: bytes | str, *, rejected: bool = False) -> Located | None:
        low, high = _bounds(id)
        kind = "rejected" if rejected else "segment"

        def ask(db: Tables) -> Located | None:
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

        return self._asking(ask)

    def ordinal(self, segment: str, id: bytes) -> int | None:
        def ask(db: Tables) -> int | None:
            found = db.execute(
                "SELECT number FROM lists WHERE name = ? AND kind IN ('segment', 'rejected')", (segment,)
            ).fetchone()
            if found is None:
                raise NotFound(f"the index knows no segment {segment[:12]}", "run the command again")
            return next((entry.position for entry in blocks.between(db, found[0], id, id)), None)

        return self._asking(ask)

    def versions_of(self, id: bytes) -> list[Interval]:
        return self._asking(lambda db: history.intervals(self._steps(db, id)))

    def turns_of(self, id: bytes) -> list[tuple[str, int]]:
        return self._asking(lambda db: history.turns(self._steps(db, id)))

    def splits_of(self, id: bytes, dataset: str) -> dict[int, str]:
        def ask(db: Tables) -> dict[int, str]:
            found = (step for step in self._steps(db, id) if step.dataset == dataset)
            return {step.number: step.split for step in found if step.split is not None}

        return self._asking(ask)

    def edits_of(self, id: bytes) -> list[Edited]:
        return self._asking(lambda db: history.edits(db, id, self._upto))

    def edited(self, dataset: str) -> IdArray:
        return self._asking(lambda db: history.edited(db, dataset, self._upto))

    def records_of(self, id: bytes) -> list[tuple[str, int, str, list[int]]]:
        return self._asking(lambda db: history.records(db, id, self._upto))

    def search(
        self,
        text: str,
        member: Callable[[bytes], bool] | None = None,
        segments: Collection[str] | None = None,
        limit: int = 20,
    ) -> list[Located]:
        query = Query.parse(text)
        if not query.terms:
            raise UsageError("nothing to search for", "give a word or a phrase")

        def lists(db: Tables) -> Iterator[tuple[int, SegmentRef, bool]]:
            for number, name, ref, ready in db.execute(
                "SELECT number, name, about, searchable FROM lists WHERE kind = 'segment' AND seq <= ?"
                " ORDER BY number",
                (self._upto,),
            ).fetchall():
                if segments is None or name in segments:
                    yield number, SegmentRef.from_json(orjson.loads(ref)), bool(ready)

        def prepare(db: Tables) -> None:
            for number, ref, ready in lists(db) if query.phrases() else ():
                if not ready:
                    make_searchable(db, self._sources()[0], number, ref)

        def ask(db: Tables) -> list[Located]:
            now = list(lists(db))
            if query.phrases() and not all(ready for _, _, ready in now):
                raise Moved("words that were there are gone")
            chosen = {number: ref for number, ref, _ in now}
            found = db.ranked(query, chosen.keys())
            places = _everything(chosen) if found is None else _places(found, chosen)
            return self._exact(query, places, member, limit)

        return self._asking(ask, prepare)

    def holding(self, segments: Collection[SegmentRef], query: Query) -> dict[str, Rows]:
        objects, _ = self._sources()

        def prepare(db: Tables) -> None:
            for ref in segments:
                number, ready = exact.list_of(db, ref)
                if not ready:
                    make_searchable(db, objects, number, ref)

        def ask(db: Tables) -> dict[str, Rows]:
            found = [(*exact.list_of(db, ref), ref) for ref in segments]
            if not all(ready for _, ready, _ in found):
                raise Moved("words that were there are gone")
            return exact.holding(db, objects, {number: ref for number, _, ref in found}, query)

        return self._asking(ask, prepare)

    def unsearched(self, segments: Collection[str]) -> int:
        def ask(db: Tables) -> int:
            lists = db.execute(
                "SELECT number, name, about FROM lists"
                " WHERE kind IN ('segment', 'rejected') AND searchable = 0 ORDER BY number"
            ).fetchall()
            return sum(
                SegmentRef.from_json(orjson.loads(about)).rows - db.indexed(number)
                for number, name, about in lists
                if name in segments
            )

        return self._asking(ask)

    # The database

    _errors: ClassVar[tuple[type[Exception], ...]]
    """What the database raises."""

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def discard(self) -> None: ...

    @abstractmethod
    def _connect(self) -> Tables:
        """The tables, made where there are none."""

    @abstractmethod
    def _snapshot(self) -> AbstractContextManager[None]:
        """Around one question: what others write meanwhile does not show."""

    @abstractmethod
    def _cure(self, error: Exception) -> Cure | None:
        """What helps against an error of the database, or of what it gave; None for an error of ours."""

    @abstractmethod
    def _failure(self, error: Exception) -> StorageFailure:
        """What is raised when nothing helps."""

    # Building

    def _anew(self) -> int:
        self.discard()
        return self._follow()

    def _follow(self) -> int:
        objects, log = self._sources()
        db = self._connect()
        seq, seen = db.execute("SELECT seq, digest FROM state").fetchone()
        head, head_digest = log.head()
        later = log.since(seq)
        if seq and any(operation.action in (FORGET, heads.COMPACT) for operation in later):
            seq, seen = head + 1, None  # words of what was forgotten go with the tables; so do old places
        if seq > head or seen != (later[0].prev if later else head_digest):
            self.discard()
            db, seq = self._connect(), 0
        if seq == head:
            return 0
        with db.alone():
            now = int(db.execute("SELECT seq FROM state").fetchone()[0])
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
            if seq < head:
                db.execute("UPDATE state SET seq = ?, digest = ?", (head, head_digest))
        return max(0, head - int(seq))

    # Asking

    def _asking(self, ask: Callable[[Tables], T], prepare: Callable[[Tables], None] | None = None) -> T:
        def asked() -> T:
            if prepare is not None:
                prepare(self._connect())
            db = self._connect()
            with self._snapshot():
                return ask(db)

        return self._healing(asked)

    def _steps(self, db: Tables, id: bytes) -> Iterator[history.Step]:
        objects, _ = self._sources()
        return history.steps(db, id, self._upto, objects.manifest)

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

    def _sources(self) -> tuple[Objects, Log]:
        if self._objects is None or self._log is None:
            raise UsageError("the index has not been synchronised", "call sync first")
        return self._objects, self._log

    def _healing(self, ask: Callable[[], T]) -> T:
        """The answer; when the database was away or turns out to be damaged, the answer after what helps."""
        self._sources()
        cures: list[Cure] = []
        while True:
            try:
                if cures:
                    (self._anew if cures[-1] == "rebuild" else self._follow)()
                return ask()
            except Exception as error:
                cure = "again" if isinstance(error, Moved) else self._cure(error)
                if cure is None or (cure in cures and not isinstance(error, self._errors)):
                    raise  # an error of ours, which the tables have nothing to do with
                if cure == "none" or cures.count(cure) == _TIMES[cure]:
                    raise self._failure(error) from None
                cures.append(cure)


def _places(rows: Iterator[int], chosen: dict[int, SegmentRef]) -> Iterator[tuple[SegmentRef, int]]:
    return ((chosen[row >> BITS], row & ((1 << BITS) - 1)) for row in rows)


def _everything(chosen: dict[int, SegmentRef]) -> Iterator[tuple[SegmentRef, int]]:
    for number in sorted(chosen):
        yield from ((chosen[number], row) for row in range(chosen[number].rows))


def _bounds(id: bytes | str) -> tuple[bytes, bytes]:
    if isinstance(id, bytes):
        return id, id
    digits = id.strip().lower()
    if len(digits) < _MIN_PREFIX or len(digits) > 64 or set(digits) - set("0123456789abcdef"):
        raise UsageError(f"{id!r} is not the beginning of an example id", "give 6 to 64 hexadecimal digits")
    return bytes.fromhex(digits.ljust(64, "0")), bytes.fromhex(digits.ljust(64, "f"))
