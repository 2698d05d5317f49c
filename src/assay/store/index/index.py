"""What an index answers, whichever database it lies in."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from assay.kernels.ids import IdArray
from assay.model.version import SegmentRef
from assay.store.index.history import Edited, Interval
from assay.store.index.tables import Rows
from assay.store.index.words import Query
from assay.store.log import Log
from assay.store.objects import Objects

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Located:
    """An example and a segment row that holds it."""

    id: bytes
    segment: SegmentRef
    ordinal: int


@runtime_checkable
class Index(Protocol):
    """Where examples lie, in which versions they stand, and what they say: derived from the log and its objects,
    deletable, never trusted over them. `sync` comes before any question; all may raise StorageFailure.

    Whoever makes another one subclasses `assay.testing.index.IndexSuite` in its tests.
    """

    def sync(self, objects: Objects, log: Log, tell: Tell | None = None) -> int:
        """Bring the index up to the log's head; how many operations were new. `tell` hears how many of how many
        versions are taken down.

        The index follows the whole log even where `log` ends at a moment; answers are then as of that moment. An
        index that is corrupt, foreign, or of another history is built again from the beginning.
        """
        ...

    def rebuild(self) -> None:
        """Throw everything away and build it again. Raises UsageError before the first `sync`."""
        ...

    def discard(self) -> None:
        """Delete what is kept; the next `sync` builds it anew."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...

    def locate(self, id: bytes | str, *, rejected: bool = False) -> Located | None:
        """Where an example lies: by its 32 bytes, or by at least 6 hex digits that no other id begins with.

        None when no segment of a version has it; with `rejected`, none of those that curations rejected. Raises
        UsageError for a prefix that is too short, no hexadecimal, or that several ids share; the hint lists some.
        """
        ...

    def ordinal(self, segment: str, id: bytes) -> int | None:
        """Where an example stands in a segment (object name) of a version or of what a curation rejected; None where
        it does not. Raises NotFound for a segment that no version names."""
        ...

    def versions_of(self, id: bytes) -> list[Interval]:
        """All versions that hold an example, as intervals, by dataset, branch and number."""
        ...

    def turns_of(self, id: bytes) -> list[tuple[str, int]]:
        """The versions, as (dataset, number), with which an example came, moved or left."""
        ...

    def splits_of(self, id: bytes, dataset: str) -> dict[int, str]:
        """Version number → split, of all versions of a dataset that hold an example."""
        ...

    def edits_of(self, id: bytes) -> list[Edited]:
        """The edits that an example came from or went to, by dataset and version."""
        ...

    def edited(self, dataset: str) -> IdArray:
        """The sorted ids of the examples that came into some version of a dataset as an edit of another."""
        ...

    def records_of(self, id: bytes) -> list[tuple[str, int, str, list[int]]]:
        """The curations that read an example or what was rejected in its stead: dataset and number of the first
        version that each made, its object's name, and the rows of its ledger, in order.

        A row may be about another example with the same first 8 bytes: look at what it says.
        """
        ...

    def search(
        self,
        text: str,
        member: Callable[[bytes], bool] | None = None,
        segments: Collection[str] | None = None,
        limit: int = 20,
    ) -> list[Located]:
        """Examples whose text holds every term of `text`, best first, at most `limit`. What is best, each database
        says in its own way.

        `segments` (object names) and `member` (of an id) say where to look; a version's segments and members
        make a search of that version. Every answer was compared with the text itself. The words of a segment
        are indexed when it is first searched. Raises UsageError when there is nothing to search for.
        """
        ...

    def holding(self, segments: Collection[SegmentRef], query: Query) -> dict[str, Rows]:
        """Segment (object name) → every row of it whose text holds all terms: ordinals (int64, increasing), exact.

        A segment may be of a version or hold what a curation rejected. Its words are indexed when it is first
        asked about. Raises NotFound, and UsageError where too many texts would have to be read (`exact.MOST_READ`).
        """
        ...

    def unsearched(self, segments: Collection[str]) -> int:
        """How many rows of these segments (object names) a search would have to index first. What another process is
        indexing grows less meanwhile."""
        ...
