"""The door to a version's rows: shut for one that was revoked, unless it is forced, which the log then says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import Revoked
from assay.govern.approvals import approvals
from assay.model.ref import Ref
from assay.model.version import Manifest
from assay.registry.listing import resolve, said
from assay.registry.version import Version
from assay.store.log import Log

if TYPE_CHECKING:
    from assay.registry import Registry

LOAD = "load"


def version(registry: Registry, ref: str, force: bool) -> Version:
    """The version, or the split of it, that a ref names, behind its door. Raises NotFound."""
    found = looked_at(registry, ref)
    return found.behind(Door(registry, found.manifest, force))


def looked_at(registry: Registry, ref: str) -> Version:
    """A version for papers and figures about it, which give no rows out: without a door. Raises NotFound."""
    parsed = Ref.parse(ref)
    found = resolve(registry, parsed)
    manifest = registry.store.objects.manifest(found.manifest)
    return Version(registry.store, manifest, found.operation, parsed.split)


class Door:
    """Called before rows are given out. A revocation counts whatever day the registry is looked at as of."""

    def __init__(self, registry: Registry, manifest: Manifest, force: bool) -> None:
        self._registry = registry
        self._manifest = manifest
        self._force = force
        self._logged = False

    def __call__(self) -> None:
        if self._logged:
            return
        registry, manifest = self._registry, self._manifest
        log = registry.store.log if registry.store.until is None else Log(registry.store.storage)
        found = approvals(log.entries(), manifest.dataset)
        standing = found.versions.get(manifest.number)
        revoked = standing.revoked if standing is not None else None
        if revoked is None:
            return
        if not self._force:
            reason = said(registry, revoked) or "the reason was erased"
            other = f"use {manifest.dataset}@v{found.released}, or " if found.released is not None else ""
            raise Revoked(
                f"{manifest.ref} was revoked on {revoked.time[:10]} by {revoked.actor}: {reason}",
                f"{other}force it, which the log will say: `export --force`, `registry.version(ref, force=True)`",
            )
        body = {"version": manifest.number, "fingerprint": manifest.fingerprint, "forced": True}
        registry.act(LOAD, manifest.dataset, body)
        self._logged = True
