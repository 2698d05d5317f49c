"""Verify: read everything, recompute everything, and name each file that is not as it was written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from assay.errors import AssayError, Damaged, NotFound, StorageFailure
from assay.kernels.ids import as_ids
from assay.model.operation import Operation, digest
from assay.model.version import Manifest
from assay.store import heads, layout
from assay.store.erased import Erased, erased
from assay.store.evalsets import frozen_sets, read_items
from assay.store.idsets import ids_in
from assay.store.log import PREFIX, check_entry, log_key
from assay.store.objects import NAME, Objects, object_key
from assay.store.parquet import open_parquet, row_groups
from assay.store.reach import reachable
from assay.store.segments import SCHEMA, check_rows
from assay.store.storage import Stat, Storage
from assay.store.verify_versions import Versions

Level = Literal["damage", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. A note (an orphan, a leftover) is harmless.

    `code` is stable: registry, log, missing, hash, parquet, row, manifest, change, fingerprint, duplicate,
    reference, eval_set, ids, forgotten, orphan, leftover, unknown.
    """

    code: str
    file: str
    message: str
    level: Level = "damage"


@dataclass
class Report:
    """What `verify` found. `files` and `bytes` count what was read."""

    findings: list[Finding] = field(default_factory=list)
    files: int = 0
    bytes: int = 0

    @property
    def damage(self) -> list[Finding]:
        return [f for f in self.findings if f.level == "damage"]

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged; notes are no damage."""
        return not self.damage

    def add(self, code: str, file: str, message: str, level: Level = "damage") -> None:
        self.findings.append(Finding(code, file, message, level))


Progress = Callable[[int, int], None]


def verify(storage: Storage, fast: bool = False, progress: Progress | None = None) -> Report:
    """Check a registry; never raises on damage.

    fast: registry.json, the log's chain, every object's hash, every reference. Otherwise also every Parquet
    page and row, and of each version its counts, order, exclusions, change and fingerprint. `progress` is
    told bytes read and bytes in all. Raises StorageFailure when the storage cannot be listed.
    """
    report = Report()
    listed = list(storage.list("objects/"))
    entries_files = list(storage.list(PREFIX))
    total = sum(s.bytes for s in listed) + sum(s.bytes for s in entries_files)
    try:
        layout.open(storage)
    except AssayError as error:
        report.add("registry", layout.KEY, error.message)
    report.files += 1
    entries = _log(storage, report, entries_files)
    sound = _objects(storage, report, listed, progress, total)
    objects = Objects(storage)
    lost: dict[str, AssayError] = {}
    marked = reachable(objects, entries, lost)
    present = {s.key for s in listed}
    gone = _gone(objects, report, entries)
    for name, by in sorted(marked.items()):
        if name in gone.stands_in:
            if object_key(name) in present:
                said = f"{object_key(name)} holds what was forgotten; `assay doctor` finishes that"
                report.add("forgotten", object_key(name), said)
        elif object_key(name) not in present:
            report.add("missing", object_key(name), f"{object_key(name)} is missing; {by} names it")
    for key in sorted(present - {object_key(name) for name in marked}):
        report.add("orphan", key, "no operation leads here; `assay gc` removes it", "note")
    for stat in storage.leftovers():
        report.add("leftover", stat.key, "an interrupted write left this behind", "note")
    if not fast:
        _id_sets(objects, report, entries)
        segments = _versions(objects, report, entries, sound, gone)
        _parquet(objects, report, sorted((sound & marked.keys()) - segments - gone.stands_in.keys()), gone)
        _eval_sets(objects, report, entries, sound)
    return report


def _log(storage: Storage, report: Report, files: list[Stat]) -> list[Operation]:
    """The operations that can be read; each damaged file is reported, and the chain goes on after it."""
    entries: list[Operation] = []
    keys = {s.key: s for s in files}
    last = 0
    for key in keys:
        stem = key.removeprefix(PREFIX).removesuffix(".json")
        if stem.isascii() and stem.isdigit() and key == log_key(int(stem)):
            last = max(last, int(stem))
        else:
            report.add("unknown", key, "not a log entry", "note")
    prev: str | None = None
    broken = False
    for seq in range(1, last + 1):
        key = log_key(seq)
        report.files += 1
        try:
            data = storage.get(key)
        except (NotFound, StorageFailure) as error:
            report.add("log", key, f"{key} cannot be read: {error.message}")
            broken = True
            continue
        report.bytes += len(data)
        try:
            operation = Operation.from_bytes(data)
            entries.append(check_entry(data, seq, operation.prev if broken else prev))
            broken = False
        except (ValueError, Damaged) as error:
            report.add("log", key, str(error))
            broken = True
        prev = digest(data)
    return entries


def _objects(
    storage: Storage, report: Report, listed: list[Stat], progress: Progress | None, total: int
) -> set[str]:
    """Hash every object; the names of those that are what they say."""
    sound: set[str] = set()
    for stat in listed:
        name = stat.key.rpartition("/")[2]
        if not NAME.fullmatch(name) or object_key(name) != stat.key:
            report.add("unknown", stat.key, "not an object", "note")
            continue
        report.files += 1
        try:
            data = storage.get(stat.key)
        except (NotFound, StorageFailure) as error:
            report.add("missing", stat.key, error.message)
            continue
        report.bytes += len(data)
        if hashlib.sha256(data).hexdigest() == name[:64]:
            sound.add(name)
        else:
            report.add("hash", stat.key, f"{stat.key} is not what its name says: its bytes changed")
        if progress:
            progress(report.bytes, total)
    return sound


def _gone(objects: Objects, report: Report, entries: list[Operation]) -> Erased:
    """What was forgotten; nothing where that cannot be read, which is reported."""
    try:
        return erased(objects, entries)
    except AssayError as error:
        report.add("forgotten", error.message.split(" ")[0], error.message)
        return Erased(as_ids([]), {}, {})


def _id_sets(objects: Objects, report: Report, entries: list[Operation]) -> None:
    """Every set of ids that an operation names must be one, and as large as it says."""
    for entry in entries:
        if entry.body.keys() & {"ids", "id_set"}:
            try:
                ids_in(objects, entry.body)
            except AssayError as error:
                report.add("ids", log_key(entry.seq), error.message)


def _parquet(objects: Objects, report: Report, names: list[str], gone: Erased) -> None:
    """Decode every page of every reachable Parquet file, whose bytes may be right and yet not be Parquet; and hash the
    rows of the segments that no version holds (of rejected examples)."""
    for name in names:
        if not name.endswith(".parquet"):
            continue
        key = object_key(name)
        try:
            for table in row_groups(open_parquet(objects.buffer(name), key), key):
                if table.column_names == SCHEMA.names:
                    check_rows(table, key, gone.ids)
        except AssayError as error:
            report.add("parquet", key, error.message)


def _eval_sets(objects: Objects, report: Report, entries: list[Operation], sound: set[str]) -> None:
    """Every frozen eval set must hold the items that were frozen."""
    try:
        for frozen in frozen_sets(entries).values():
            if frozen.object in sound:
                read_items(objects, frozen)
    except Damaged as error:
        report.add("eval_set", error.message.split(" ")[0], error.message)


def _versions(
    objects: Objects, report: Report, entries: list[Operation], sound: set[str], gone: Erased
) -> set[str]:
    """Recompute all versions; the names of the segments that were read."""
    try:
        lines = heads.lines(entries)
    except Damaged as error:
        if report.damage:  # a commit that cannot be read was reported already, and leaves a hole here
            return set()
        report.add("log", error.message.split(" ")[0], error.message)
        return set()
    checks = Versions(objects, sound, report.add, gone)
    for dataset in sorted(lines):
        seen: dict[int | None, Manifest | None] = {}
        for committed in lines[dataset].versions:
            before = seen.get(committed.before)
            for name in committed.compacted:
                if name in sound:
                    checks.check(replace(committed, manifest=name), before)
            seen[committed.number] = checks.check(committed, before) if committed.manifest in sound else None
    return checks.read
