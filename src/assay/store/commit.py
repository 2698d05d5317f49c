"""Commit: from the wanted membership to a new version, its change object and one entry in the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from assay.errors import Conflict, NotFound, UsageError
from assay.kernels.ids import IdArray, as_ids, duplicates, find, flat, id_list, is_increasing
from assay.model.fingerprint import fingerprint
from assay.model.operation import Operation
from assay.model.ref import check_name
from assay.model.version import Manifest, Part, SegmentRef
from assay.store import heads
from assay.store.barred import BRINGS_BACK, Barred, barred_by, last_barring
from assay.store.change import change_between, write_change
from assay.store.diff import diff
from assay.store.heads import MAIN
from assay.store.log import Log
from assay.store.members import Placed, place
from assay.store.objects import Objects
from assay.store.segments import read_ids

_SHOWN = 5


@dataclass(frozen=True)
class Draft:
    """What a new version is to hold.

    `base` is the version it was made from (None: the dataset's first). `splits` gives the whole membership:
    split → sorted ids (dtype V32 or S32); no example stands in two splits. Examples that are not in the
    base lie in one of `segments`, written before; rows of those that `splits` does not name are left out.
    `edits` links old ids to the new ones that replace them. `curation` names a JSON object that says how
    the version came about. `commutes` allows the change to be applied to a newer version when both touched
    different examples. `parents` are further versions (manifest names) that were merged in.

    `action` says why in the log, where the fields of `body` stand beside the version's; `branch` is moved.
    `check` is called with the log's entries at every attempt, and raises when a rule forbids the change. `gate`
    is called with the manifest that would be committed and those entries, at every attempt; what it gives stands in the
    operation's body, and it raises when a policy refuses the version.
    """

    dataset: str
    base: Manifest | None
    splits: Mapping[str, IdArray]
    segments: Sequence[SegmentRef] = ()
    message: str = ""
    curation: str | None = None
    commutes: bool = False
    edits: Mapping[bytes, bytes] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    action: str = "commit"
    branch: str = MAIN
    body: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[Sequence[Operation]], None] | None = None
    gate: Callable[[Manifest, Sequence[Operation]], Mapping[str, Any]] | None = None


def commit(objects: Objects, log: Log, draft: Draft, *, actor: str, time: str) -> Manifest:
    """Make the draft the newest version of its branch. All is written and durable when this returns.

    Raises Conflict when the dataset moved on since the draft's base and the changes touch the same examples
    (or the draft does not commute), naming the versions and some of the examples; UsageError for a draft
    that does not hold together. Other datasets' operations never conflict. No new version holds a forgotten example,
    or a disabled one that its base does not hold: see `store/barred.py`.
    """
    check_name(draft.dataset)
    for split in draft.splits:
        check_name(split, "split")
    built: dict[tuple[str | None, int, int], Manifest] = {}

    def build(seq: int, prev: str | None) -> Operation:
        entries = log.entries()
        if draft.check is not None:
            draft.check(entries)
        line = heads.line_of(entries, draft.dataset)
        now, number = line.head(draft.branch), len(line.versions) + 1
        if now is None and line.versions:
            raise NotFound(
                f"{draft.dataset} has no branch {draft.branch!r}",
                f"its branches: {', '.join(sorted(line.heads))}; `assay branch` makes one",
            )
        key = (now.manifest if now else None, number, last_barring(entries, draft.dataset))
        if key not in built:
            barred = barred_by(objects, entries, draft.dataset, draft.action, draft.body)
            built[key] = _build(
                objects, draft, objects.manifest(now.manifest) if now else None, number, barred
            )
        made = built[key]
        body: dict[str, Any] = {
            **draft.body,
            **(draft.gate(made, entries) if draft.gate is not None else {}),
            "version": made.number,
            "manifest": made.name,
            "fingerprint": made.fingerprint,
            "counts": dict(made.counts),
        }
        if draft.branch != MAIN:
            body["branch"] = draft.branch
        return Operation(seq, prev, time, actor, draft.action, draft.dataset, body)

    operation = log.append(build)
    return objects.manifest(operation.body["manifest"])


def _build(objects: Objects, draft: Draft, head: Manifest | None, number: int, barred: Barred) -> Manifest:
    """The manifest of the draft as version `number`, after `head`, written with its change object."""
    target = _target(draft)
    if (head is None) != (draft.base is None) or (head and draft.base and not head.is_same(draft.base)):
        target = _rebase(objects, draft, target, head)
    base = place(objects, head)
    target = barred.leave_out(target, base.ids, draft.action in BRINGS_BACK)
    parts = _arrange(objects, draft, base, target)
    change = change_between(_splits_of(base), target, draft.edits.items()) if head else None
    counts = {split: len(ids) for split, ids in target.items() if len(ids)}
    manifest = Manifest(
        dataset=draft.dataset,
        number=number,
        parents=((head.name,) if head else ()) + draft.parents,
        splits=parts,
        fingerprint=fingerprint({split: id_list(ids) for split, ids in target.items()}),
        counts=counts,
        change=write_change(objects, change) if change is not None else None,
        curation=draft.curation,
        message=draft.message,
    )
    objects.put_json(manifest.as_json())
    return manifest


def _target(draft: Draft) -> dict[str, IdArray]:
    """The draft's splits that are not empty, in order of name, checked."""
    out = {s: np.ascontiguousarray(ids).view("V32") for s, ids in sorted(draft.splits.items()) if len(ids)}
    for split, ids in out.items():
        if not is_increasing(ids):
            raise UsageError(
                f"the ids of split {split} must be sorted, no two equal", "use assay.kernels.ids"
            )
    return out


def _rebase(
    objects: Objects, draft: Draft, target: dict[str, IdArray], head: Manifest | None
) -> dict[str, IdArray]:
    """The membership after applying the draft's change to `head`. Raises Conflict when it cannot be."""
    if head is None or (draft.base is not None and draft.base.number > head.number):
        raise UsageError(
            f"{draft.dataset} has no version that this draft could be based on", "run the command again"
        )
    was = draft.base.ref if draft.base else "no version"
    ahead = f"{draft.dataset} moved on from {was} to {head.ref} while this change was made"
    if not draft.commutes:
        raise Conflict(ahead, "run the command again: it will start from the newest version")
    base = _splits_of(place(objects, draft.base))
    ours = change_between(base, target, draft.edits.items()).states()
    theirs = (
        diff(objects, draft.base, head).states()
        if draft.base
        else {i: (None, s) for s, ids in _splits_of(place(objects, head)).items() for i in id_list(ids)}
    )
    both = sorted(ours.keys() & theirs.keys())
    if both:
        shown = ", ".join(i.hex() for i in both[:_SHOWN]) + (", …" if len(both) > _SHOWN else "")
        raise Conflict(
            f"{ahead}, and {len(both)} examples were changed by both: {shown}",
            "look at them, then run the command again",
        )
    new = {split: set(id_list(ids)) for split, ids in _splits_of(place(objects, head)).items()}
    for id_, (before, after) in ours.items():
        if before is not None:
            new[before].discard(id_)
        if after is not None:
            new.setdefault(after, set()).add(id_)
    return {split: as_ids(sorted(ids)) for split, ids in sorted(new.items()) if ids}


def _splits_of(placed: Placed) -> dict[str, IdArray]:
    return {name: placed.ids[placed.split == i] for i, name in enumerate(placed.splits)}


def _arrange(
    objects: Objects, draft: Draft, base: Placed, target: Mapping[str, IdArray]
) -> dict[str, tuple[Part, ...]]:
    """Which segments, less which rows, make up each split."""
    names, ids, split = flat(target)
    twice = duplicates(ids)
    if len(twice):
        raise UsageError(
            f"example {bytes(twice[0]).hex()} is in two splits ({len(twice)} such)", "put it into one split"
        )
    refs = list(base.segments)
    at = find(base.ids, ids)
    missing = at < 0
    segment, row = np.full(len(ids), -1), np.full(len(ids), -1)
    segment[~missing], row[~missing] = base.segment[at[~missing]], base.row[at[~missing]]
    for ref in dict.fromkeys(draft.segments):
        if not missing.any():
            break
        if ref not in refs:
            refs.append(ref)
        wanted = np.flatnonzero(missing)
        found = find(read_ids(objects, ref), ids[wanted])
        hit = wanted[found >= 0]
        segment[hit], row[hit] = refs.index(ref), found[found >= 0]
        missing[hit] = False
    if missing.any():
        lost = bytes(ids[missing][0]).hex()
        raise UsageError(
            f"example {lost} is in no segment of the draft ({int(missing.sum())} such)",
            "write the new examples with write_segments and name their segments in the draft",
        )
    parts: dict[str, list[Part]] = {name: [] for name in names}
    for number, ref in enumerate(refs):
        here = segment == number
        for code, name in enumerate(names):
            live = row[here & (split == code)]
            if len(live):
                excluded = np.ones(ref.rows, dtype=bool)
                excluded[live] = False
                parts[name].append(Part.of(ref, np.flatnonzero(excluded).tolist()))
    return {n: tuple(p) for n, p in parts.items() if p}
