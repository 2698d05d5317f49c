"""Which versions models may learn from: never a revoked one, and of the others those that the policy lets
through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import GateFailed, NotForTraining, UsageError
from assay.govern.approvals import Approvals, Standing, approvals
from assay.govern.enacted import in_force
from assay.model.version import Manifest
from assay.registry.acting import noted
from assay.registry.governing.gating import policy_of
from assay.registry.loading import LOAD, Door, looked_at
from assay.store.log import Log

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.registry.version import Version


def admit(registry: Registry, ref: str, force: bool = False, reason: str = "", gate: bool = False) -> Version:
    """The version, or the split of it, that a ref names, if models may learn from it; see `Runs.admit`.

    With `gate` the rules of the policy are asked too, at the moment `train`. Raises GateFailed then.
    """
    if force and not reason.strip():
        raise UsageError("an exception from the policy needs a reason", "say why: --force --reason TEXT")
    found = looked_at(registry, ref)
    door = Door(registry, found.manifest, False)
    door()
    refusal = barred(registry, found.manifest) or (_at_the_gate(registry, found.manifest) if gate else None)
    if refusal is not None:
        if not force:
            raise refusal
        said = {"version": found.manifest.number, "fingerprint": found.fingerprint, "forced": True}
        registry.act(
            LOAD, found.manifest.dataset, said | {"training": True, **noted(registry, reason.strip())}
        )
    return found.behind(door)


def _at_the_gate(registry: Registry, manifest: Manifest) -> GateFailed | None:
    try:
        registry.policies.require(manifest.ref, "train")
    except GateFailed as refusal:
        return refusal
    return None


def barred(registry: Registry, manifest: Manifest) -> NotForTraining | None:
    """Why the policy lets no model learn from a version; None when it does. Revocations are the door's.

    The policy and the approvals of today count, whatever day the registry is looked at as of.
    """
    log = registry.store.log if registry.store.until is None else Log(registry.store.storage)
    entries = log.entries()
    enacted = in_force(entries, manifest.dataset)
    asked = "any" if enacted is None else policy_of(registry, enacted).training
    if asked == "any":
        return None
    found = approvals(entries, manifest.dataset)
    standing = found.versions.get(manifest.number)
    if standing is not None and _has(standing, asked):
        return None
    return NotForTraining(
        f"{manifest.ref} is not {asked}, and the policy lets models learn from {asked} versions alone",
        f"{_instead(manifest, found, asked)}have it {asked}, or force it, which the log will say: "
        "`--force --reason TEXT`",
    )


def _has(standing: Standing, asked: str) -> bool:
    return (standing.released if asked == "released" else standing.approved) is not None


def _instead(manifest: Manifest, found: Approvals, asked: str) -> str:
    """The version to take instead, if there is one."""
    number = found.released if asked == "released" else found.approved
    if number is None:
        return ""
    return f"use {manifest.dataset}@v{number}, which is {asked}; "
