"""apply: what a review decided becomes the next version."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from assay.curate.batch import Batch
from assay.errors import Conflict, Damaged, UsageError
from assay.govern.auto_review import Standing
from assay.govern.review_values import APPLY, EDIT, REJECT, read_payload
from assay.kernels.ids import as_ids, contains, find, id_list, sorted_ids
from assay.model.canonical import canonical_json
from assay.model.example import example_id
from assay.model.operation import Operation
from assay.model.version import Manifest, SegmentRef
from assay.registry.acting import noted
from assay.registry.curating.contaminated import EVAL_SPLIT
from assay.registry.curating.guarding import RegistryResources
from assay.registry.governing.gating import commit_version
from assay.registry.keeping.barred import still_allowed
from assay.registry.review.edited import edited_row
from assay.registry.review.verdicts import decided, folding
from assay.stages.decontaminate import Decontaminate
from assay.store.barred import barred_ids
from assay.store.commit import Draft
from assay.store.idsets import ids_body
from assay.store.members import Placed, place, rows_of
from assay.store.segments import SCHEMA, write_segments

if TYPE_CHECKING:
    from assay.registry import Registry


@dataclass(frozen=True, slots=True)
class Applied:
    """What an `apply` did to the dataset's newest version.

    `version` None: nothing was to change, or a dry run. `outside`: decisions on examples that the version does not
    hold. `contaminated`: edits (ids of the originals) that hold an item of a frozen eval set; their originals stay.
    `erased`: edits whose text was erased; `barred`: edits into an example that was disabled or forgotten; likewise.
    """

    queue: str
    dataset: str
    version: str | None
    fingerprint: str | None
    accepted: int
    rejected: int
    edited: int
    undecided: int
    outside: int
    contaminated: tuple[str, ...]
    erased: tuple[str, ...]
    barred: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {
            "contaminated": list(self.contaminated),
            "erased": list(self.erased),
            "barred": list(self.barred),
        }


@dataclass(frozen=True, slots=True)
class _Change:
    """What is to be done to a version. `edits`: original → (edited id, its payload); all ids are in the version."""

    accepted: frozenset[bytes]
    rejected: frozenset[bytes]
    edits: Mapping[bytes, tuple[bytes, Mapping[str, Any]]]
    outside: int
    contaminated: tuple[bytes, ...]
    erased: tuple[bytes, ...]
    barred: tuple[bytes, ...]

    @property
    def ids(self) -> list[bytes]:
        return sorted({*self.accepted, *self.rejected, *self.edits})

    @property
    def left(self) -> list[bytes]:
        """What is to leave: the rejected, and the originals of edits."""
        return sorted({*self.rejected, *self.edits})


def apply(registry: Registry, name: str, reason: str, dry_run: bool) -> Applied:
    """Apply a queue to its dataset's newest version. Raises NotFound, UsageError; Conflict when the queue moved on."""
    objects, log = registry.store.objects, registry.store.log
    fold = folding(registry)
    found = fold(log.entries())
    judged = found.named(name)
    decisions = decided(found, judged)
    if not decisions:
        raise UsageError(
            f"{name} decided nothing that is not in a version", "`assay review status` tells why"
        )
    base = registry.head_of(judged.queue.dataset)
    assert base is not None, "a queue is of a version"
    placed = place(objects, base)
    change = _plan(registry, base.dataset, decisions, placed)
    undecided = len(judged.queue.ids) - len(decisions) - len(judged.queue.gold)
    undecided -= sum(case.applied for case in judged.cases.values())
    made: Manifest | None = None
    if (change.rejected or change.edits) and not dry_run:
        into = {"": sorted_ids(new for new, _ in change.edits.values())}
        allowed = still_allowed(objects, base.dataset, into)

        def check(entries: Sequence[Operation]) -> None:
            allowed(entries)
            now = fold(entries)
            still = decided(now, now.named(name))
            if any(still.get(id_) != decisions[id_] for id_ in change.ids):
                raise Conflict(f"decisions of {name} changed meanwhile", "run the command again")

        body = {
            "queue": name, **ids_body(objects, as_ids(change.ids)), "left": ids_body(objects, as_ids(change.left)),
            **noted(registry, reason),
        }  # fmt: skip
        draft = replace(_draft(registry, base, placed, change), body=body, check=check)
        made, _ = commit_version(registry, draft)
    return Applied(
        name, judged.queue.dataset, made.ref if made else None, made.fingerprint if made else None,
        len(change.accepted), len(change.rejected), len(change.edits), undecided, change.outside,
        tuple(id_.hex() for id_ in change.contaminated), tuple(id_.hex() for id_ in change.erased),
        tuple(id_.hex() for id_ in change.barred),
    )  # fmt: skip


def _plan(registry: Registry, dataset: str, decisions: Mapping[bytes, Standing], placed: Placed) -> _Change:
    ids = sorted_ids(decisions)
    held = {id_ for id_, there in zip(id_list(ids), contains(placed.ids, ids).tolist(), strict=True) if there}
    rejected = {id_ for id_ in held if _verdict(decisions[id_]) == REJECT}
    edits: dict[bytes, tuple[bytes, Mapping[str, Any]]] = {}
    erased = []
    for id_ in sorted(held):
        said = decisions[id_].verdict
        if said is None or said.verdict != EDIT:
            continue
        assert said.edited is not None and said.payload is not None
        payload = read_payload(registry.store.objects, said.payload)
        if payload is None:
            erased.append(id_)
        elif example_id(canonical_json(payload)) != said.edited:
            raise Damaged(f"the payload of the edit of {id_.hex()} is not what its id says")
        else:
            edits[id_] = said.edited, payload
    entries = registry.store.log.entries()
    kept_out = barred_ids(registry.store.objects, entries, dataset)
    into = as_ids([new for new, _ in edits.values()])
    shut = [old for old, hit in zip(edits, contains(kept_out, into).tolist(), strict=True) if hit]
    for id_ in shut:
        del edits[id_]
    dirty = _contaminated(registry, edits, placed)
    for id_ in dirty:
        del edits[id_]
    accepted = held - rejected - edits.keys() - {*dirty, *erased, *shut}
    outside = len(decisions) - len(held)
    return _Change(
        frozenset(accepted), frozenset(rejected), edits, outside, tuple(dirty), tuple(erased), tuple(shut)
    )


def _verdict(one: Standing) -> str | None:
    return None if one.verdict is None else one.verdict.verdict


def _contaminated(
    registry: Registry, edits: Mapping[bytes, tuple[bytes, Mapping[str, Any]]], placed: Placed
) -> list[bytes]:
    """The originals whose edits a curation would keep out of training rows: a frozen eval set guards every version."""
    sets = RegistryResources(registry).eval_sets()
    at = find(placed.ids, as_ids(list(edits)))
    trained = [
        id_
        for id_, row in zip(edits, at.tolist(), strict=True)
        if placed.splits[placed.split[row]] != EVAL_SPLIT
    ]
    if not sets or not trained:
        return []
    stage = Decontaminate().guarding(sets)
    score = stage.measure(Batch([dict(edits[id_][1]) for id_ in trained]))["score"].astype(np.float64)
    return [trained[k] for k in np.flatnonzero(score >= stage.threshold).tolist()]


def _draft(registry: Registry, base: Manifest, placed: Placed, change: _Change) -> Draft:
    """The version that follows, with the segment of the edited examples written."""
    split = dict(zip(id_list(placed.ids), placed.split.tolist(), strict=True))
    gone = change.rejected | change.edits.keys()
    came: dict[bytes, bytes] = {}
    for original in sorted(change.edits):
        result = _outcome(original, change.edits)
        if result not in change.rejected:
            came.setdefault(result, original)
    membership: dict[str, set[bytes]] = {s: set() for s in placed.splits}
    for id_, number in split.items():
        if id_ not in gone:
            membership[placed.splits[number]].add(id_)
    standing = set(split) - gone
    for new, original in came.items():
        if new not in standing:
            membership[placed.splits[split[original]]].add(new)
    payloads = dict(change.edits.values())
    segments = _write(registry, placed, {new: old for new, old in came.items() if new not in split}, payloads)
    return Draft(
        base.dataset, base, {name: sorted_ids(ids) for name, ids in membership.items() if ids}, segments,
        message="decisions of a review", commutes=True,
        edits={old: _outcome(old, change.edits) for old in change.edits},
        action=APPLY,
    )  # fmt: skip


def _outcome(id: bytes, edits: Mapping[bytes, tuple[bytes, Mapping[str, Any]]]) -> bytes:
    """What an example becomes, through edits of edits; two that were edited into each other change places."""
    seen = {id}
    while id in edits and edits[id][0] not in seen:
        id = edits[id][0]
        seen.add(id)
    return id


def _write(
    registry: Registry,
    placed: Placed,
    came: Mapping[bytes, bytes],
    payloads: Mapping[bytes, Mapping[str, Any]],
) -> list[SegmentRef]:
    """The segment of the edited examples (new id → original), each with the original's provenance."""
    if not came:
        return []
    new = sorted(came)
    at = find(placed.ids, as_ids([came[id_] for id_ in new]))
    places = [(placed.segments[placed.segment[row]], int(placed.row[row])) for row in at.tolist()]
    originals = rows_of(registry.store.objects, places).to_pylist()
    rows = [edited_row(row, payloads[id_]) for id_, row in zip(new, originals, strict=True)]
    root = registry.scratch_root()
    if root is not None:
        root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="apply-", dir=root) as scratch:
        table = pa.Table.from_pylist(rows, schema=SCHEMA)
        return write_segments(registry.store.objects, [table], Path(scratch))
