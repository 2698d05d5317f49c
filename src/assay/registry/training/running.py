"""Runs: which model learned from which version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assay.errors import UsageError
from assay.govern.runs import ACTION, Run, runs
from assay.model.ref import check_name
from assay.registry.results import Section
from assay.track.receipt import Receipt

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.version import Version

FIELDS = ("model", "base_model", "tracker", "url")
"""What may be said of a run beside its name."""
_LONGEST = 500


class Runs:
    """The training runs of a registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def admit(self, ref: str, *, force: bool = False, reason: str = "") -> Version:
        """The version, or the split of it, that `ref` names, if models may learn from it: for every door to training.

        A revoked version is never let through (Revoked). Where the policy says `training: approved` or `released`, no
        other is either (NotForTraining, which names the one to use instead), unless it is forced with a `reason`, which
        the log then has. One fold of the log; rules of the policy are not asked (`policies.require` does that).
        Raises NotFound; UsageError for force without a reason.
        """
        from assay.registry.training.admitting import admit

        return admit(self._registry, ref, force, reason)

    def link(self, ref: str, name: str, details: Mapping[str, str] | None = None) -> Run:
        """Say that run `name` learned from the version, or the split, that `ref` names.

        `details`: any of `FIELDS`. The same link again replaces what was said of it. Raises NotFound, UsageError.
        """
        return self._link(ref, name, details or {}, None)

    def _link(self, ref: str, name: str, details: Mapping[str, str], receipt: Receipt | None) -> Run:
        registry = self._registry
        registry.check_writable()
        said: dict[str, Any] = {key: value for key, value in details.items() if value}
        unknown = sorted(said.keys() - set(FIELDS))
        if unknown:
            raise UsageError(f"a run has no field {unknown[0]!r}", f"its fields: {', '.join(FIELDS)}")
        if any(len(value) > _LONGEST for value in said.values()):
            raise UsageError(
                f"a field of a run is longer than {_LONGEST} characters", "name it, do not tell it"
            )
        if receipt is not None:
            said["receipt"] = receipt.as_json()
        version = registry.version(ref)
        split = version.name.partition(":")[2] or None
        body: dict[str, Any] = {
            "name": check_name(name, "run"),
            "version": version.manifest.number,
            "fingerprint": version.fingerprint,
            "run": registry.store.objects.put_json(said),
        }
        if split is not None:
            body["split"] = split
        operation = registry.act(ACTION, version.manifest.dataset, body)
        return Run(name, version.manifest.dataset, version.manifest.number, split, body["run"], operation)

    def record(self, receipt: Receipt, details: Mapping[str, str] | None = None) -> Run:
        """Keep a receipt: link its run to the version, and hold what it says. The run's next receipt replaces it.

        Raises NotFound; UsageError when the version's fingerprint is another than the receipt's.
        """
        if self._registry.version(receipt.ref).fingerprint != receipt.fingerprint:
            raise UsageError(
                f"{receipt.version} is not what run {receipt.run} learned from: the fingerprints differ",
                "open the registry that it was loaded from",
            )
        return self._link(receipt.ref, receipt.run, details or {}, receipt)

    def receipt(self, run: Run) -> Receipt | None:
        """The newest receipt of a run, None when it was linked by hand. Raises Damaged."""
        said = self._registry.store.objects.get_json(run.details).get("receipt")
        return None if said is None else Receipt.from_json(said)

    def list(self, ref: str | None = None) -> list[Run]:
        """All runs, oldest first; with `ref`, those that learned from that version, or from any of a dataset."""
        registry = self._registry
        found = runs(registry.store.log.entries())
        if ref is None:
            return found
        manifest = registry.version(ref).manifest
        return [
            run
            for run in found
            if run.dataset == manifest.dataset and ("@" not in ref or run.version == manifest.number)
        ]

    def details(self, run: Run) -> dict[str, str]:
        """What was said of a run. Raises Damaged."""
        said = self._registry.store.objects.get_json(run.details)
        return {key: value for key, value in said.items() if key in FIELDS}


def chapter(registry: Registry, example: bytes) -> Section:
    """The runs that learned from a version, or a split of it, that holds the example; for `trace`."""
    found = []
    held: dict[str, dict[int, str]] = {}
    for run in runs(registry.store.log.entries()):
        if run.dataset not in held:
            held[run.dataset] = registry.index().splits_of(example, run.dataset)
        split = held[run.dataset].get(run.version)
        if split is not None and run.split in (None, split):
            said = {"run": run.name, "version": f"{run.dataset}@v{run.version}", "split": split}
            found.append(said | {"actor": run.operation.actor, "time": run.operation.time})
    return Section("runs", "Runs that learned from it", tuple(found))
