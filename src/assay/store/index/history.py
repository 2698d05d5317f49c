"""What became of one example, version by version: asked of the index, at the cost of the versions there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import orjson

from assay.kernels.ids import IdArray, sorted_ids
from assay.model.version import Manifest
from assay.store.heads import MAIN, Committed
from assay.store.index.blocks import between
from assay.store.index.build import HEAD, ID, NOWHERE
from assay.store.index.tables import Tables


@dataclass(frozen=True, slots=True)
class Interval:
    """The versions of a branch from number `first` to `last` (None: to its newest) hold the example in `split`.

    A version belongs to the branch that it was committed to, and to no other: use `holds`, because versions of
    other branches have numbers in between.
    """

    dataset: str
    first: int
    last: int | None
    split: str
    branch: str = MAIN

    def holds(self, version: Committed) -> bool:
        """Whether a version of the dataset is one of these."""
        return (
            version.branch == self.branch
            and version.number >= self.first
            and (self.last is None or version.number <= self.last)
        )


@dataclass(frozen=True, slots=True)
class Edited:
    """In this version an example was edited: `other` is what it came from (`forth` false), or what it went to."""

    dataset: str
    number: int
    other: bytes
    forth: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A version as the index has it, and the split in which it holds the example that was asked about."""

    dataset: str
    number: int
    branch: str
    before: int | None
    edits: int | None
    split: str | None


def _places(db: Tables, id: bytes, upto: int) -> list[tuple[str, int]]:
    """Every segment (by object name) of the versions of the first `upto` operations that holds an example, and its
    ordinal there."""
    lists = db.execute(
        "SELECT number, name FROM lists WHERE kind = 'segment' AND seq <= ?", (upto,)
    ).fetchall()
    return [(name, entry.position) for number, name in lists for entry in between(db, number, id, id)]


def steps(db: Tables, id: bytes, upto: int, manifest: Callable[[str], Manifest]) -> Iterator[Step]:
    """Every version of the first `upto` operations, by dataset and number."""
    stands = _places(db, id, upto)
    names = dict(db.execute("SELECT number, about FROM lists WHERE kind = 'change'").fetchall())
    known: dict[tuple[str, int | None], str | None] = {}
    rows = db.execute(
        "SELECT dataset, number, manifest, branch, before, change, edits FROM versions WHERE seq <= ?"
        " ORDER BY dataset, number",
        (upto,),
    ).fetchall()
    for dataset, number, object_, branch, before, change, edits in rows:
        if change is None:
            split = split_in(manifest(object_), stands) if stands else None
        else:
            split = known[dataset, before]
            for entry in between(db, change, id, id):
                code = int.from_bytes(entry.value[2:], "big")
                split = None if code == NOWHERE else orjson.loads(names[change])[code]
        known[dataset, number] = split
        yield Step(dataset, number, branch, before, edits, split)


def intervals(found: Iterator[Step]) -> list[Interval]:
    """The versions that hold an example, by dataset, branch (main first) and number."""
    out: list[Interval] = []
    now: dict[tuple[str, str], tuple[int, str] | None] = {}
    last: dict[tuple[str, str], int] = {}
    for step in found:
        line = (step.dataset, step.branch)
        open_ = now.get(line)
        if open_ is not None and open_[1] != step.split:
            out.append(Interval(step.dataset, open_[0], last[line], open_[1], step.branch))
            open_ = None
        if open_ is None and step.split is not None:
            open_ = (step.number, step.split)
        now[line], last[line] = open_, step.number
    out += [Interval(line[0], o[0], None, o[1], line[1]) for line, o in now.items() if o is not None]
    return sorted(out, key=lambda i: (i.dataset, i.branch != MAIN, i.branch, i.first))


def turns(found: Iterable[Step]) -> list[tuple[str, int]]:
    """The versions (dataset, number) in which an example came, moved or left, against the version before."""
    known: dict[tuple[str, int | None], str | None] = {}
    out = []
    for step in found:
        if step.split != known.get((step.dataset, step.before)):
            out.append((step.dataset, step.number))
        known[step.dataset, step.number] = step.split
    return out


def edits(db: Tables, id: bytes, upto: int) -> list[Edited]:
    """The edits that an example takes part in, by dataset and version."""
    rows = db.execute(
        "SELECT dataset, number, edits FROM versions WHERE seq <= ? AND edits IS NOT NULL"
        " ORDER BY dataset, number",
        (upto,),
    ).fetchall()
    return [
        Edited(dataset, number, entry.value[1:], entry.value[:1] == b"t")
        for dataset, number, linked in rows
        for entry in between(db, linked, id, id)
    ]


def edited(db: Tables, dataset: str, upto: int) -> IdArray:
    """The sorted ids of all examples that some version of a dataset took in as the edit of another."""
    lists = db.execute(
        "SELECT edits FROM versions WHERE dataset = ? AND seq <= ? AND edits IS NOT NULL", (dataset, upto)
    ).fetchall()
    return sorted_ids(
        entry.key
        for (number,) in lists
        for entry in between(db, number, b"\0" * ID, b"\xff" * ID)
        if entry.value[:1] == b"f"
    )


def records(db: Tables, id: bytes, upto: int) -> list[tuple[str, int, str, list[int]]]:
    """The curations that read an example or something like it: the first version that each made (dataset and
    number), its object's name, and the rows of its ledger that may be about the example, in order."""
    rows = db.execute(
        "SELECT dataset, versions.number, curation, lists.number FROM versions"
        " JOIN lists ON kind = 'ledger' AND name = curation WHERE versions.seq <= ? ORDER BY versions.seq",
        (upto,),
    ).fetchall()
    out, seen = [], set[str]()
    for dataset, number, curation, listed in rows:
        if curation in seen:
            continue
        seen.add(curation)
        found = {int.from_bytes(e.value, "big") for e in between(db, listed, id[:HEAD], id[:HEAD])}
        if found:
            out.append((dataset, number, curation, sorted(found)))
    return out


def split_in(manifest: Manifest, places: list[tuple[str, int]]) -> str | None:
    """The split of a version in which one of the `places` (segment object, ordinal) stands, or None."""
    for split, parts in manifest.splits.items():
        for part in parts:
            for object_, ordinal in places:
                if part.segment.object == object_ and ordinal not in part.excluded:
                    return split
    return None
