"""/d/REF/export: a version as files: which format, made by a job; and the files, once they are made."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from pydantic import BaseModel

from assay.errors import NotFound
from assay.formats.shapes import shape_names
from assay.web.access.door import Refused
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.commands.packing import zipped
from assay.web.jobs.kinds import BY_NAME, EXPORTS, MADE
from assay.web.routing import File, Page, Pages

pages = Pages()
_PIECE: Final = 1 << 18
_AT_ONCE: Final = ("source", "ledger", "edits", *shape_names())
"""What `GET /api/commands/export` streams."""


class Format(BaseModel):
    """A format. `at_once`: the address that streams it as JSONL, "" where only a job makes it."""

    name: str
    at_once: str


class ExportPage(Page):
    """The formats, or why there is nothing to export. `revoked`: on which day, by whom and why it was withdrawn.
    `may_make`: whoever asks may have a job write files on the server."""

    ref: str
    dataset: str
    rows: int
    splits: dict[str, int]
    erased: int
    formats: list[Format]
    revoked: str
    by: str
    why: str
    may_make: bool


@pages.page("/d/{ref}/export", Permission.READ, "export.html")
def export(ask: Ask, ref: str) -> ExportPage:
    """In which formats a version can be had as files."""
    registry = ask.registry
    version = registry.version(ref)
    manifest = version.manifest
    revoked = registry.releases.standing(manifest.ref).revoked
    at = f"/api/commands/export?ref={quote(manifest.ref)}&format="
    formats = [Format(name=one, at_once=at + one if one in _AT_ONCE else "") for one in EXPORTS]
    return ExportPage(
        command=shlex.join(["assay", "export", manifest.ref, "DIR"]),
        ref=manifest.ref, dataset=manifest.dataset, rows=len(version), splits=dict(manifest.counts),
        erased=version.erased, formats=[] if revoked else formats, revoked=revoked.time if revoked else "",
        by=revoked.actor if revoked else "", why=registry.said(revoked) if revoked else "",
        may_make=ask.identity.may(Permission.CONTRIBUTE),
    )  # fmt: skip


@pages.file("/jobs/{id}/files.zip", Permission.READ)
def files(ask: Ask, id: str) -> File:
    """The files that a job made, as a zip that is made while it is sent; of an export whose version was revoked since,
    none."""
    board = ask.desk_or_refuse().jobs
    job = board.job(id)
    kind = BY_NAME.get(job.kind)
    if kind is None or not kind.made or not job.over:
        raise NotFound(f"the job {id} made no files", "`/d/NAME/export` starts one that does")
    if not ask.identity.may(kind.permission):
        raise Refused(f"it takes the permission {kind.permission}", "ask who has it")
    ask.registry.version(str(job.form.get("ref", ""))).admit()
    folder = board.folder / job.id / MADE
    names = sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file())
    if not names:
        raise NotFound(f"the files of the job {id} are not there any more", "start it again")
    called = str(job.form.get("ref", "export")).replace("@", "-")
    return File(zipped((name, _pieces(folder / name)) for name in names), "application/zip", f"{called}.zip")


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
