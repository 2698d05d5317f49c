"""merge and rollback: new versions made of older ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from assay.errors import BadInput, MergeConflict, NotFound, UsageError
from assay.kernels.ids import IdArray, as_ids, id_list, sorted_ids
from assay.registry.acting import noted
from assay.registry.governing.gating import commit_version
from assay.registry.history.naming import spelled
from assay.registry.history.ref_results import MergeResult, RollbackResult
from assay.registry.keeping.barred import still_allowed, without
from assay.store.ancestry import ancestors, nearest_common
from assay.store.barred import barred_ids
from assay.store.change import change_between
from assay.store.commit import Draft
from assay.store.diff import diff
from assay.store.heads import Committed, Line, line_of
from assay.store.members import all_ids
from assay.store.merge import Clash, Merge, Take, three_way
from assay.store.rollback import rollback as rollback_draft

if TYPE_CHECKING:
    from assay.registry import Registry

_SHOWN = 5
_LONGEST_LINE = 1_000


def merge(  # noqa: PLR0913 - the options of the command
    registry: Registry,
    dataset: str,
    branch: str,
    into: str,
    message: str,
    take: Take | None,
    resolved: Mapping[str, Take],
    dry_run: bool,
) -> MergeResult:
    """Bring what a branch changed since the nearest common version into another one, as a new version of both.

    Contradictions are decided by `resolved` (an id or a beginning of it that is unique → side), or else by `take`.
    Raises MergeConflict with all that stay undecided, NotFound for a branch that is not there.
    """
    registry.check_writable()
    objects = registry.store.objects
    entries = registry.store.log.entries()
    line = line_of(entries, dataset)
    ours, theirs = _head(line, dataset, into), _head(line, dataset, branch)
    if theirs.number in ancestors(line, ours.number):
        return MergeResult(dataset, branch, into, _ref(dataset, ours), None, {}, ())
    base = nearest_common(line, ours.number, theirs.number)
    start, mine, other = (objects.manifest(c.manifest) for c in (base, ours, theirs))
    merged = three_way(diff(objects, start, mine), diff(objects, start, other))
    takes = _takes(merged.clashes, take, resolved)
    open_ = [clash for clash in merged.clashes if clash.id not in takes]
    if open_:
        raise _conflict(f"{_ref(dataset, theirs)} and {_ref(dataset, ours)}", open_)
    held = all_ids(objects, mine)
    splits, edits = _apply(merged, takes, held)
    allowed = without(splits, barred_ids(objects, entries, dataset))
    draft = Draft(
        dataset,
        mine,
        allowed,
        tuple({p.segment: None for parts in other.splits.values() for p in parts}),
        message,
        edits=edits,
        parents=(other.name,),
        action="merge",
        branch=into,
        body={"from": theirs.number},
        check=still_allowed(objects, dataset, allowed),
    )
    counts = change_between(held, draft.splits, edits.items()).counts
    decided = tuple(clash.as_json() | {"take": takes[clash.id]} for clash in merged.clashes)
    made = None
    if not dry_run:
        made, _ = commit_version(registry, draft)
    version = made.ref if made else None
    return MergeResult(dataset, branch, into, _ref(dataset, base), version, counts, decided, made is None)


def rollback(
    registry: Registry, dataset: str, ref: str, reason: str, branch: str, dry_run: bool
) -> RollbackResult:
    """Make the examples of an older version those of the newest one again, as a new version that names its reason.

    What was disabled or forgotten since stays out. Raises UsageError without a reason, or where nothing differs.
    """
    registry.check_writable()
    if not reason.strip():
        raise UsageError("a rollback names its reason", "give one with --reason")
    objects = registry.store.objects
    target = registry.version(spelled(dataset, ref))
    entries = registry.store.log.entries()
    head = objects.manifest(_head(line_of(entries, dataset), dataset, branch).manifest)
    held = all_ids(objects, target.manifest)
    splits = without(held, barred_ids(objects, entries, dataset))
    kept_out = sum(map(len, held.values())) - sum(map(len, splits.values()))
    back = diff(objects, head, target.manifest)
    edits = {c.old_id: c.id for c in back.edited if c.old_id is not None}
    counts = change_between(all_ids(objects, head), splits, edits.items()).counts
    if not any(counts.values()):
        raise UsageError(
            f"{head.ref} holds what {target.manifest.ref} holds", "there is nothing to roll back"
        )
    check = still_allowed(objects, dataset, splits)
    draft = replace(
        rollback_draft(head, target.manifest, splits, ""), branch=branch, edits=edits, check=check
    )
    if dry_run:
        return RollbackResult(dataset, target.manifest.ref, None, counts, kept_out)
    draft = replace(draft, body={**draft.body, **noted(registry, reason.strip())})
    made, _ = commit_version(registry, draft)
    return RollbackResult(dataset, target.manifest.ref, made.ref, counts, kept_out)


def read_resolutions(path: str | Path) -> dict[str, Take]:
    """A file of decisions, a JSON object a line: {"id": hex, "take": "ours" or "theirs"}; further fields do not matter.

    Raises BadInput with the line, NotFound.
    """
    out: dict[str, Take] = {}
    try:
        with Path(path).open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    id_, take = _resolution(line, f"{path}, line {number}")
                    if out.setdefault(id_, take) != take:
                        raise BadInput(
                            f"{path}, line {number}: {id_} is decided twice", "keep one of the lines"
                        )
    except FileNotFoundError:
        raise NotFound(f"no file {path}", "name the file with the decisions") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", "name a file") from None
    return out


def _resolution(line: bytes, where: str) -> tuple[str, Take]:
    hint = 'a line is {"id": "…", "take": "ours"} or "theirs"'
    try:
        value = orjson.loads(line) if len(line) <= _LONGEST_LINE else None
    except orjson.JSONDecodeError as error:
        raise BadInput(f"{where} is not JSON: {error}", hint) from None
    id_, take = (value.get("id"), value.get("take")) if isinstance(value, dict) else (None, None)
    if not isinstance(id_, str) or take not in ("ours", "theirs"):
        raise BadInput(f"{where} is no decision", hint)
    return id_.lower(), take


def _head(line: Line, dataset: str, branch: str) -> Committed:
    head = line.head(branch)
    if head is None:
        known = ", ".join(sorted(line.heads)) or "none"
        raise NotFound(f"{dataset} has no branch {branch!r}", f"its branches: {known}")
    return head


def _ref(dataset: str, committed: Committed) -> str:
    return f"{dataset}@v{committed.number}"


def _takes(clashes: Sequence[Clash], take: Take | None, resolved: Mapping[str, Take]) -> dict[bytes, Take]:
    takes: dict[bytes, Take] = {clash.id: take for clash in clashes} if take else {}
    for spelled_id, side in resolved.items():
        hits = [clash.id for clash in clashes if clash.id.hex().startswith(spelled_id)]
        if len(hits) != 1 or len(spelled_id) < 6:
            what = "no conflict" if not hits else "not one conflict"
            raise UsageError(
                f"{spelled_id!r} names {what} of this merge", "copy the ids from `assay merge --json`"
            )
        takes[hits[0]] = side
    return takes


def _conflict(what: str, clashes: Sequence[Clash]) -> MergeConflict:
    shown = ", ".join(clash.id.hex() for clash in clashes[:_SHOWN])
    examples = "1 example" if len(clashes) == 1 else f"{len(clashes):,} examples"
    return MergeConflict(
        f"{what} contradict each other about {examples}: {shown}{', …' if len(clashes) > _SHOWN else ''}",
        "take one side with --ours or --theirs, or decide each in a file for --resolve",
        [clash.as_json() for clash in clashes],
    )


def _apply(
    merged: Merge, takes: Mapping[bytes, Take], held: Mapping[str, IdArray]
) -> tuple[dict[str, IdArray], dict[bytes, bytes]]:
    """Our splits after the merge, and the edits that it makes of them."""
    changes, edits = merged.onto_ours(takes)
    touched = sorted_ids(changes)
    splits = without(held, touched)
    for name in sorted({split for split in changes.values() if split is not None}):
        came = [id_ for id_, split in changes.items() if split == name]
        splits[name] = as_ids(sorted([*id_list(splits.get(name, as_ids([]))), *came]))
    return splits, edits
