"""Garbage collection: remove what no operation leads to and nobody can still be writing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from assay.store.erased import stands_in
from assay.store.log import Log
from assay.store.objects import Objects, object_key
from assay.store.reach import reachable
from assay.store.storage import Stat, Storage

GRACE_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class GcPlan:
    """What `sweep` would remove: orphan objects and leftovers of interrupted writes.

    `bytes` is their size; `kept` counts reachable objects, `young` what is too new to judge. `head` is the
    log's sequence number that the plan was made at; all of it is older than `before`, in seconds since the
    epoch, or among `erased`: keys of what was forgotten and should be gone.
    """

    orphans: tuple[Stat, ...]
    leftovers: tuple[Stat, ...]
    bytes: int
    kept: int
    young: int
    head: int
    before: float
    erased: frozenset[str] = frozenset()


def plan(storage: Storage, now: float, grace_seconds: float = GRACE_SECONDS) -> GcPlan:
    """Look, and remove nothing. `now` in seconds since the epoch.

    Raises Damaged when something reachable cannot be read: with part of the marks unknown nothing may go.
    """
    log = Log(storage)
    listed = list(storage.list("objects/"))  # before the log: what is committed meanwhile is younger
    keep = _kept(storage, log)
    erased = {object_key(name) for name in stands_in(Objects(storage), log.entries())}
    before = now - grace_seconds
    loose = [s for s in listed if s.key not in keep]
    left = list(storage.leftovers())
    # What was forgotten goes at once: nobody may read it any more.
    orphans = tuple(s for s in loose if s.modified <= before or s.key in erased)
    leftovers = tuple(s for s in left if s.modified <= before)
    return GcPlan(
        orphans,
        leftovers,
        sum(s.bytes for s in (*orphans, *leftovers)),
        len(listed) - len(loose),
        len(loose) + len(left) - len(orphans) - len(leftovers),
        log.head()[0],
        before,
        frozenset(erased),
    )


def _kept(storage: Storage, log: Log) -> set[str]:
    """Keys of the objects that operations lead to, less those that others stand in for."""
    objects, entries = Objects(storage), log.entries()
    return {
        object_key(name) for name in reachable(objects, entries).keys() - stands_in(objects, entries).keys()
    }


def sweep(storage: Storage, plan: GcPlan) -> int:
    """Remove what the plan lists; how many files went.

    What an operation since then names, or what was written again, stays.
    """
    log = Log(storage)
    keep: set[str] = set()
    if log.head()[0] != plan.head:
        keep = _kept(storage, log)
    gone = 0
    for stat in plan.orphans:
        now = storage.stat(stat.key)
        old = now is not None and (now.modified <= plan.before or stat.key in plan.erased)
        if stat.key not in keep and old:
            storage.delete(stat.key)
            gone += 1
    for stat in plan.leftovers:
        storage.delete(stat.key)
        gone += 1
    return gone
