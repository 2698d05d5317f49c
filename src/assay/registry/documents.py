"""JSON documents of what the library gives as objects: examples, versions, reports of upkeep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assay.model.example import Example
from assay.model.operation import Operation

if TYPE_CHECKING:
    from assay.govern.approvals import Standing
    from assay.govern.gate import Gate
    from assay.registry.version import Version
    from assay.store.gc import GcPlan
    from assay.store.verify import Report


def example_json(one: Example) -> dict[str, Any]:
    """An example with its payload and what is known of where it came from."""
    return {
        "id": one.name, "kind": one.kind, "split": one.split, "payload": dict(one.payload),
        "provenance": {name: value for name, value in one.provenance.items() if value is not None},
    }  # fmt: skip


def version_json(
    version: Version, parents: Sequence[str], malformed_codes: Mapping[str, int]
) -> dict[str, Any]:
    """A version's card."""
    operation = version.operation
    return {
        "version": version.name,
        "fingerprint": version.fingerprint,
        "splits": dict(version.counts),
        "forgotten": version.erased,
        "parents": list(parents),
        "message": version.message,
        "time": operation.time,
        "actor": operation.actor,
        "action": operation.action,
        "operation": operation.seq,
        "recipe": version.recipe,
        "sources": [dict(source) for source in version.sources],
        "stages": [stage.as_json() for stage in version.funnel],
        "malformed_codes": dict(malformed_codes),
    }


def governed_json(standing: Standing, needed: int, gate: Gate | None) -> dict[str, Any]:
    """What was said of a version, and what the policy says of it."""
    from assay.registry.governing.releases import standing_json

    return {
        "standing": standing_json(standing, needed),
        "gate": None if gate is None else gate.as_json(with_ids=False),
    }


def report_json(report: Report) -> dict[str, Any]:
    """What `verify` found; notes (level "note") are harmless."""
    return {
        "ok": report.ok,
        "files": report.files,
        "bytes": report.bytes,
        "findings": [
            {"code": found.code, "file": found.file, "message": found.message, "level": found.level}
            for found in report.findings
        ],
    }


def garbage_json(plan: GcPlan, removed: bool) -> dict[str, Any]:
    """What `gc` would remove, or removed."""
    return {
        "removed": removed,
        "orphans": [stat.key for stat in plan.orphans],
        "leftovers": [stat.key for stat in plan.leftovers],
        "bytes": plan.bytes,
        "kept": plan.kept,
        "young": plan.young,
    }


def operation_json(one: Operation) -> dict[str, Any]:
    """An operation as scripts read it, in the log's order."""
    return {
        "seq": one.seq, "prev": one.prev, "time": one.time, "actor": one.actor, "action": one.action,
        "dataset": one.dataset, "body": dict(one.body),
    }  # fmt: skip
