"""doctor: what ails a registry, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assay.errors import AssayError, Damaged, NotFound, StorageFailure, UsageError
from assay.model.operation import Operation, digest
from assay.registry.indexing import drop_indexes, index_file
from assay.registry.judgement.answers import SALT, SALT_BYTES, folder_of
from assay.registry.keeping.forgetting import finish
from assay.registry.keeping.upkeep import safe_now
from assay.store import layout
from assay.store.gc import GRACE_SECONDS
from assay.store.local import LocalStorage
from assay.store.log import check_entry, log_key
from assay.store.objects import NAME, object_key, read_verified
from assay.store.storage import Storage
from assay.store.verify import Finding, Report

if TYPE_CHECKING:
    from assay.registry import Registry, Tell

State = Literal["repaired", "possible", "beyond"]
_ROUNDS = 8
"""A manifest that was fetched may name segments that are missing too, and so on: so often this is followed."""


@dataclass(frozen=True, slots=True)
class Ailment:
    """One thing that ails the registry. `code` as in `verify`, or `index`, `answers`; `state`: it was repaired, it
    could be (on a dry run), or it is beyond what is at hand."""

    code: str
    file: str
    what: str
    state: State

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "file": self.file, "what": self.what, "state": self.state}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All ailments, in the order in which they were found."""

    ailments: tuple[Ailment, ...]

    @property
    def well(self) -> bool:
        """Whether nothing is left that could not be repaired."""
        return all(one.state != "beyond" for one in self.ailments)

    def as_json(self) -> dict[str, Any]:
        return {"well": self.well, "ailments": [one.as_json() for one in self.ailments]}


def doctor(registry: Registry, other: str | None, dry_run: bool, tell: Tell | None) -> Diagnosis:
    """Look at everything, repair what can be. `other`: the folder of a copy of the same registry.

    Raises UsageError when `other` is another registry, NotFound when it is none.
    """
    copy = None if other is None else _copy(registry.store.storage, other)
    found: list[Ailment] = []
    tried: set[tuple[str, str]] = set()
    for _ in range(_ROUNDS):
        report = registry.verify(progress=tell)
        new = [one for one in report.findings if (one.code, one.file) not in tried]
        done = [one for one in _treat(registry, report, new, copy, dry_run) if one is not None]
        tried |= {(one.code, one.file) for one in new}
        found += done
        if dry_run or not any(one.state == "repaired" for one in done):
            break
    derived = (*_index(registry, dry_run), *_answers(registry, dry_run))
    return Diagnosis((*_settled(registry, found, dry_run), *derived))


def _settled(registry: Registry, found: list[Ailment], dry_run: bool) -> Iterator[Ailment]:
    """What was beyond repair until something else was repaired is told as repaired."""
    if dry_run or all(one.state == "repaired" for one in found):
        yield from found
        return
    left = {(one.code, one.file) for one in registry.verify().damage}
    for one in found:
        cured = one.state == "beyond" and (one.code, one.file) not in left
        yield Ailment(one.code, one.file, one.what, "repaired") if cured else one


def _copy(storage: Storage, other: str) -> Storage:
    copy = LocalStorage(Path(other))
    try:
        theirs = layout.open(copy)
    except NotFound as error:
        raise NotFound(f"no registry at {other}", error.hint) from None
    if theirs.id != layout.open(storage).id:
        raise UsageError(f"{other} is another registry", "name a copy of this one")
    return copy


def _treat(
    registry: Registry, report: Report, new: list[Finding], copy: Storage | None, dry_run: bool
) -> Iterator[Ailment | None]:
    storage, old = registry.store.storage, safe_now(registry, dry_run) - GRACE_SECONDS
    ages = {stat.key: stat.modified for stat in storage.leftovers()}
    could: State = "possible" if dry_run else "repaired"
    for one in new:
        what, state = one.message, "beyond"
        if one.code in ("missing", "hash") and NAME.fullmatch(name := one.file.rpartition("/")[2]):
            state = could if _fetch(storage, copy, name, dry_run) else "beyond"
            what += "; taken from the copy" if state == "repaired" else ""
        elif one.code == "log":
            state = could if _fetch_entry(storage, copy, one.file, dry_run) else "beyond"
        elif one.code == "forgotten" and one.file.startswith("objects/"):
            what, state = "an erasure was interrupted; what was left of it is deleted", could
            if not dry_run:
                finish(registry)
        elif one.code == "leftover":
            if ages.get(one.file, old + 1) > old:
                continue  # somebody may be writing it
            state = could
            if not dry_run:
                storage.delete(one.file)
        elif one.level == "note":
            continue
        yield Ailment(one.code, one.file, what, state)  # type: ignore[arg-type]
    registry.store.objects.forget_cache()


def _fetch(storage: Storage, copy: Storage | None, name: str, dry_run: bool) -> bool:
    """Put a whole object in the place of one that is missing or damaged; whether there is one to put."""
    if copy is None:
        return False
    try:
        data = read_verified(copy, name)
        if not dry_run:
            storage.put(object_key(name), data)
    except (Damaged, StorageFailure):
        return False
    return True


def _fetch_entry(storage: Storage, copy: Storage | None, key: str, dry_run: bool) -> bool:
    """Put back an entry of the log, when it fits between its neighbours to the byte."""
    stem = key.removeprefix("log/").removesuffix(".json")
    if copy is None or not stem.isdigit() or key != log_key(int(stem)):
        return False
    seq = int(stem)
    try:
        data = copy.get(key)
        before, after = (_sound_entry(storage, copy, number) for number in (seq - 1, seq + 1))
        check_entry(data, seq, digest(before) if before is not None else None)
        if after is not None:
            check_entry(after, seq + 1, digest(data))
        if not dry_run:
            storage.put(key, data)
    except AssayError:
        return False
    return True


def _sound_entry(storage: Storage, copy: Storage, seq: int) -> bytes | None:
    """An entry as it stands here, or as the copy has it where the one here is missing or damaged; None for neither."""
    for place in (storage, copy):
        try:
            data = place.get(log_key(seq))
            Operation.from_bytes(data)
        except (AssayError, ValueError):
            continue
        return data
    return None


def _index(registry: Registry, dry_run: bool) -> Iterator[Ailment]:
    """The index is derived: where it is damaged it is built again."""
    from assay.store.index.soundness import is_sound

    if registry.root is None:
        return
    path = index_file(registry.root)
    if not path.exists() or is_sound(path):
        return
    if not dry_run:
        drop_indexes(registry)
    said = "the index is damaged; it is built again when it is next asked"
    yield Ailment("index", "index/index.sqlite", said, "possible" if dry_run else "repaired")


def _answers(registry: Registry, dry_run: bool) -> Iterator[Ailment]:
    """Remembered answers are derived: one that is damaged counts as missing. A damaged salt would stop every call."""
    folder = folder_of(registry)
    salt = None if folder is None else folder / SALT
    if salt is None or not salt.exists() or salt.stat().st_size == SALT_BYTES:
        return
    if not dry_run:
        salt.unlink()
    said = "the salt of the fences is damaged; a new one is made, and remembered answers are paid for anew"
    yield Ailment("answers", f"cache/answers/{SALT}", said, "possible" if dry_run else "repaired")
