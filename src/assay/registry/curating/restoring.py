"""restore: records that a curation rejected come into the next version, because a person says so."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson
import pyarrow as pa

from assay.curate.batch import Batch
from assay.curate.ledger import FORGOTTEN
from assay.errors import UsageError
from assay.govern.enacted import in_force
from assay.govern.rules.contamination import Contamination
from assay.kernels.ids import IdArray, as_ids, contains, sorted_ids
from assay.model.version import Manifest, SegmentRef
from assay.registry.acting import noted
from assay.registry.curating.contaminated import EVAL_SPLIT
from assay.registry.curating.guarding import RegistryResources
from assay.registry.governing.gating import commit_version, policy_of
from assay.registry.keeping.barred import still_allowed
from assay.registry.trace.explaining import Found, record_of
from assay.stages.decontaminate import Decontaminate
from assay.store.commit import Draft
from assay.store.erased import ERASED, erased
from assay.store.heads import MAIN
from assay.store.idsets import ids_body
from assay.store.members import all_ids, locate
from assay.store.segments import SCHEMA, read_rows, write_segments
from assay.store.standing import disabled, together

if TYPE_CHECKING:
    from assay.registry import Registry

RESTORE: Final = "restore"
"""The action: `records`, what the ledger calls them and its code; `ids`; a `note` with the reason."""
MOST: Final = 1_000
"""Records of one act: each of them is somebody's decision."""


@dataclass(frozen=True, slots=True)
class RestoredRecord:
    """A record that came back: its example, the split that it stands in now, and why it had been rejected."""

    source: str
    record: int
    id: str
    split: str
    stage: str
    code: str

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Restored:
    """What `restore` did. `version`: the one that was made, None on a dry run."""

    dataset: str
    records: tuple[RestoredRecord, ...]
    version: str | None
    fingerprint: str | None
    operation: int | None

    def as_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {"records": [one.as_json() for one in self.records]}


def restore(
    registry: Registry,
    name: str,
    records: Sequence[tuple[str, int]],
    reason: str,
    *,
    split: str | None = None,
    branch: str = MAIN,
    dry_run: bool = False,
) -> Restored:
    """Take rejected records of a dataset, each named by source and number, into its next version. All of them or none.

    Raises NotFound; UsageError for one that was kept, is malformed, forgotten, disabled, stands already, or holds an
    item of a frozen eval set that no rule of the policy tolerates; GateFailed, Conflict.
    """
    registry.check_writable()
    if not reason.strip():
        raise UsageError("no reason was given", "say why with --reason: it is kept beside the log")
    if not records or len(records) > MOST:
        raise UsageError(f"{len(records):,} records to restore", f"name 1 to {MOST:,}")
    ref = name if branch == MAIN else f"{name}@{branch}"
    base = registry.version(ref).manifest
    found = [record_of(registry, ref, source, record) for source, record in dict.fromkeys(records)]
    rows = [_row(registry, one) for one in found]
    held = all_ids(registry.store.objects, base)
    taken: dict[bytes, tuple[Found, Mapping[str, Any], str]] = {}
    for one, row in zip(found, rows, strict=True):
        into = split or _split(registry, base, one)
        _check(registry, base, held, one, row, into)
        taken.setdefault(bytes(row["id"]), (one, row, into))
    told = tuple(
        RestoredRecord(d.source, d.record, id_.hex(), into, d.stage or "", d.code or "")
        for id_, (one, _, into) in taken.items()
        for d in (one.decision,)
    )
    if dry_run:
        return Restored(base.dataset, told, None, None, None)
    coming = {
        s: sorted_ids(id_ for id_, (_, _, into) in taken.items() if into == s)
        for s in {t.split for t in told}
    }
    body = {
        "records": [[one.source, one.record, one.code] for one in told],
        **ids_body(registry.store.objects, sorted_ids(taken)), **noted(registry, reason),
    }  # fmt: skip
    draft = Draft(
        base.dataset, base, together(held, coming), _write(registry, [row for _, row, _ in taken.values()]),
        message=f"restored {len(told):,} rejected record{'s' * (len(told) != 1)}", curation=base.curation,
        commutes=True, action=RESTORE, branch=branch, body=body,
        check=still_allowed(registry.store.objects, base.dataset, coming),
    )  # fmt: skip
    made, _ = commit_version(registry, draft)
    seq = registry.store.lines()[base.dataset].versions[made.number - 1].operation.seq
    return Restored(base.dataset, told, made.ref, made.fingerprint, seq)


def _named(one: Found) -> str:
    return f"{one.decision.source}:{one.decision.record}"


def _row(registry: Registry, one: Found) -> Mapping[str, Any]:
    """The stored row of a record's example. Raises UsageError when there is none that could come back."""
    decision, name = one.decision, _named(one)
    if decision.outcome == "malformed":
        raise UsageError(
            f"{name} is malformed ({decision.code}) and no example",
            "repair the source and curate it: `curate --add`",
        )
    if decision.outcome == "kept":
        raise UsageError(
            f"{name} was kept in {one.manifest.ref}", "`assay why` tells what became of a record"
        )
    if decision.stage == FORGOTTEN or one.address is None:
        raise UsageError(f"{name} was forgotten", "its text is gone and stays away; `assay log` says by whom")
    segment = SegmentRef.from_json(one.curation["segments"][one.address[0]])
    row: Mapping[str, Any] = read_rows(registry.store.objects, segment, [one.address[1]]).to_pylist()[0]
    if row["payload"] == ERASED:
        raise UsageError(f"{name} was forgotten", "its text is gone and stays away; `assay log` says by whom")
    return row


def _split(registry: Registry, base: Manifest, one: Found) -> str:
    """Where a record belongs: beside its twin, so that no two of a kind straddle splits; else in the largest split."""
    twin = one.decision.twin
    if twin is not None:
        at = locate(registry.store.objects, base, bytes.fromhex(twin.id))
        if at is not None:
            return at[0]
    if one.decision.split is not None and one.decision.split in base.counts:
        return one.decision.split
    return max(base.counts, key=lambda name: (base.counts[name], name), default="train")


def _check(
    registry: Registry,
    base: Manifest,
    held: Mapping[str, IdArray],
    one: Found,
    row: Mapping[str, Any],
    into: str,
) -> None:
    """Raise UsageError when the example may not come in."""
    store, name, id_ = registry.store, _named(one), as_ids([bytes(row["id"])])
    entries = store.log.entries()
    short = bytes(row["id"]).hex()[:12]
    for split, ids in held.items():
        if contains(ids, id_)[0]:
            raise UsageError(
                f"{name} stands in {base.ref} ({split}): example {short}", "there is nothing to do"
            )
    if contains(erased(store.objects, entries).ids, id_)[0]:
        raise UsageError(f"{name} was forgotten", "its text is gone and stays away; `assay log` says by whom")
    if contains(disabled(store.objects, entries, base.dataset), id_)[0]:
        raise UsageError(
            f"{name} is disabled: example {short}", f"`assay enable {base.dataset} --id {short}` comes first"
        )
    matched = (
        None if into == EVAL_SPLIT or _tolerated(registry, base.dataset) else _contamination(registry, row)
    )
    if matched is not None:
        raise UsageError(
            f"{name} holds an item of a frozen eval set: {matched}",
            "it stays out of training rows; `--split test` takes it where nobody trains",
        )


def _tolerated(registry: Registry, dataset: str) -> bool:
    """Whether the policy says itself how many such rows there may be: then the gate decides."""
    enacted = in_force(registry.store.log.entries(), dataset)
    rules = policy_of(registry, enacted).rules if enacted is not None else ()
    return any(isinstance(rule, Contamination) and rule.max_rate > 0 for rule in rules)


def _contamination(registry: Registry, row: Mapping[str, Any]) -> str | None:
    """The score and the set of an eval item that the example holds, as a curation would find it."""
    sets = RegistryResources(registry).eval_sets()
    if not sets:
        return None
    stage = Decontaminate().guarding(sets)
    values = stage.measure(Batch([orjson.loads(row["payload"])]))
    score = float(np.asarray(values["score"], np.float64)[0])
    return f"score {score:.2f}, threshold {stage.threshold}" if score >= stage.threshold else None


def _write(registry: Registry, rows: Sequence[Mapping[str, Any]]) -> list[SegmentRef]:
    """A segment of the rows as they are stored, provenance and all."""
    root = registry.scratch_root()
    if root is not None:
        root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="restore-", dir=root) as scratch:
        table = pa.Table.from_pylist(sorted(rows, key=lambda row: bytes(row["id"])), schema=SCHEMA)
        return write_segments(registry.store.objects, [table], Path(scratch))
