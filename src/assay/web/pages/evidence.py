"""/d/REF/evidence: everything that proves a version, in one zip that checks itself offline; and what checks it."""

from __future__ import annotations

import shlex
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import quote

from pydantic import BaseModel

from assay.errors import UsageError
from assay.govern.proofs.standalone import standalone_source
from assay.registry import Registry
from assay.registry.governing.evidence import EvidenceRequest, EvidenceResult
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.routing import File, Page, Pages

pages = Pages()
_ENTRIES: Final = 20_000
"""Entries of the log up to which a pack is made while one waits: every one of them is checked."""


class EvidencePage(Page):
    """What a pack of the version would hold: `files` with their bytes, without the proofs that are made with it; what
    is open in its card, what was left out. `short`: the log is short enough for the server to make it."""

    ref: str
    dataset: str
    fingerprint: str
    standing: str
    entries: int
    size: int
    files: dict[str, int]
    open: list[str]
    left_out: list[str]
    short: bool
    to: str
    file: str


class Wanted(BaseModel):
    """`notes`: people's reasons and comments go in as well."""

    notes: bool = False


@pages.page("/d/{ref}/evidence", Permission.AUDIT, "evidence.html")
def evidence(ask: Ask, ref: str) -> EvidencePage:
    """What would be in the evidence for a version."""
    registry = ask.registry
    version = registry.version(ref)
    manifest, size = version.manifest, registry.store.log.head()[0]
    said, short = registry.releases.standing(manifest.ref), size <= _ENTRIES
    plan = None
    if short:
        plan = _make(registry, manifest.ref, dry_run=True)[0]
    file = _named(manifest.ref)
    return EvidencePage(
        command=shlex.join(["assay", "evidence", manifest.ref, "--to", file]),
        ref=manifest.ref, dataset=manifest.dataset, fingerprint=version.fingerprint,
        standing="revoked" if said.revoked else "released" if said.released else "approved" if said.approved else "",
        entries=plan.entries if plan else 0, size=size, files=dict(plan.files) if plan else {},
        open=list(plan.open) if plan else [], left_out=list(plan.left_out) if plan else [], short=short,
        to=f"/d/{quote(manifest.ref, safe='@')}/evidence.zip", file=file,
    )  # fmt: skip


@pages.file("/d/{ref}/evidence.zip", Permission.AUDIT, method="POST")
def pack(ask: Ask, ref: str, form: Wanted) -> File:
    """Make the pack, and state a new checkpoint of the log, unsigned: keys that sign stay where they were made."""
    registry = ask.registry
    if registry.store.log.head()[0] > _ENTRIES:
        raise UsageError(f"the log has more than {_ENTRIES:,} entries", "use the terminal: assay evidence")
    made, data = _make(registry, ref, notes=form.notes)
    return File(data, "application/zip", _named(made.version))


@pages.file("/verify.py", Permission.READ)
def verifier(ask: Ask) -> File:
    """The verifier: one file that needs Python alone."""
    return File(standalone_source().encode(), "text/x-python", "verify.py")


def _named(ref: str) -> str:
    return f"{ref.replace('@', '-')}-evidence.zip"


def _make(
    registry: Registry, ref: str, *, notes: bool = False, dry_run: bool = False
) -> tuple[EvidenceResult, bytes]:
    """The pack and its bytes (a manifest, a ledger in numbers, the log: no rows); none on a dry run. Nothing of it
    stays on the server."""
    with TemporaryDirectory(prefix="evidence-", dir=registry.scratch_root()) as folder:
        made = registry.papers.evidence(
            EvidenceRequest(ref, f"{folder}/evidence.zip", notes=notes, dry_run=dry_run)
        )
        return made, b"" if dry_run else Path(made.file).read_bytes()
