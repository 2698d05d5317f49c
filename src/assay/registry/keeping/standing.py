"""disable and enable: one operation each, and the next version at once where the newest one changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.errors import Conflict, UsageError
from assay.kernels.ids import IdArray, as_ids, contains
from assay.model.operation import Operation
from assay.model.version import Manifest, SegmentRef
from assay.registry.acting import act, noted
from assay.registry.governing.gating import commit_version
from assay.store import heads
from assay.store.commit import Draft
from assay.store.erased import erased
from assay.store.idsets import ids_body, ids_in
from assay.store.members import all_ids
from assay.store.standing import (
    DISABLE,
    ENABLE,
    disabled,
    last_act,
    member_ids,
    place_before,
    spelled,
    together,
    union,
    without,
)  # fmt: skip

if TYPE_CHECKING:
    from assay.registry import Registry

_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class StandingResult:
    """What `disable` or `enable` did to `count` examples: `changed` of them left or came back to the newest version,
    the others do not stand there. `version`: the one that was made, None where nothing changed or on a dry run.
    """

    dataset: str
    action: str
    count: int
    changed: int
    version: str | None
    operation: int | None

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "action": self.action,
            "count": self.count,
            "changed": self.changed,
            "version": self.version,
            "operation": self.operation,
        }


def stand(
    registry: Registry, dataset: str, ids: IdArray, reason: str, enabling: bool, dry_run: bool
) -> StandingResult:
    """Disable `ids` (V32, sorted, each once), or enable them again. Raises NotFound, UsageError, Conflict."""
    if not reason.strip():
        raise UsageError("no reason was given", "say why with --reason: it is kept beside the log")
    for _ in range(_ATTEMPTS):
        try:
            return _attempt(registry, dataset, ids, reason, enabling, dry_run)
        except _MovedOn:
            continue
    raise Conflict(f"{dataset} changes faster than this can be decided", "run the command again")


class _MovedOn(Exception):
    """Somebody changed what this was decided on."""


def _attempt(
    registry: Registry, dataset: str, ids: IdArray, reason: str, enabling: bool, dry_run: bool
) -> StandingResult:
    store, action = registry.store, ENABLE if enabling else DISABLE
    entries = store.log.entries()
    known = registry.version(dataset).manifest  # raises NotFound, saying what there is
    now = heads.head(entries, dataset)
    base = known if now is None else store.objects.manifest(now.manifest)
    held = all_ids(store.objects, base)
    ids = _meant(ids, disabled(store.objects, entries, dataset), enabling, dataset)
    segments: Sequence[SegmentRef] = ()
    if enabling:
        before = place_before(store.objects, entries, dataset, ids)
        # Who was forgotten meanwhile does not come back.
        coming = without(before.splits, union(member_ids(held), erased(store.objects, entries).ids))
        splits, segments = together(held, coming), before.segments
    else:
        splits = without(held, ids)
    changed = abs(sum(map(len, splits.values())) - base.rows)
    if dry_run:
        return StandingResult(dataset, action, len(ids), changed, None, None)
    check = _unmoved(dataset, base, last_act(entries, dataset))
    body = ids_body(store.objects, ids) | noted(registry, reason)
    if not changed:
        done = act(registry, action, dataset, body, check)
        return StandingResult(dataset, action, len(ids), 0, None, done.seq)
    draft = Draft(
        dataset, base, splits, segments, curation=base.curation, action=action, body=body, check=check
    )
    made, _ = commit_version(registry, draft)
    seq = store.lines()[dataset].versions[made.number - 1].operation.seq
    return StandingResult(dataset, action, len(ids), changed, made.ref, seq)


def _meant(ids: IdArray, gone: IdArray, enabling: bool, dataset: str) -> IdArray:
    """Those of `ids` that the act changes. Raises UsageError when there are none."""
    there = contains(gone, ids)
    meant = ids[there] if enabling else ids[~there]
    if not len(meant):
        said = "is disabled" if enabling else "is not disabled already"
        raise UsageError(
            f"none of the {len(ids)} examples named {said} in {dataset}"
            + (f": {spelled(ids)}" if len(ids) else ""),
            f"`assay log {dataset}` lists what was done",
        )
    return meant


def _unmoved(dataset: str, base: Manifest, act_before: int) -> Callable[[Sequence[Operation]], None]:
    def check(entries: Sequence[Operation]) -> None:
        now = heads.head(entries, dataset)
        if now is None or now.manifest != base.name or last_act(entries, dataset) != act_before:
            raise _MovedOn

    return check


def disabled_where(registry: Registry, dataset: str, where: str) -> IdArray:
    """The disabled examples for which an expression held in the version that they were taken from. Raises NotFound,
    UsageError."""
    from assay.registry.querying.querying import matching

    store = registry.store
    name = registry.version(dataset).manifest.dataset
    entries = store.log.entries()
    gone, found = disabled(store.objects, entries, name), as_ids([])
    for entry in entries:
        number = entry.body.get("version")
        if entry.dataset == name and entry.action == DISABLE and isinstance(number, int):
            before = store.lines()[name].versions[number - 1].before
            held = matching(registry, f"{name}@v{before}", where)
            found = union(found, held[contains(ids_in(store.objects, entry.body), held)])
    return found[contains(gone, found)]
