"""/uploads: the files that one has sent, and sending another."""

from __future__ import annotations

from pydantic import BaseModel

from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.routing import Done, Page, Pages
from assay.web.uploads.upload import Upload

pages = Pages()
SHOWN = 200


class UploadLine(BaseModel):
    """One upload. `called`: its name in a ledger."""

    id: str
    name: str
    called: str
    owner: str
    created: float
    offset: int
    length: int | None
    sha256: str | None
    complete: bool


class UploadsPage(Page):
    """One's own uploads, the newest first; all of them for an admin. `most`: bytes of one."""

    uploads: list[UploadLine]
    most: int


@pages.page("/uploads", Permission.CONTRIBUTE, "uploads.html")
def uploads(ask: Ask) -> UploadsPage:
    """The files that you sent."""
    found = ask.desk_or_refuse().uploads.listed(ask.identity)[:SHOWN]
    return UploadsPage(uploads=[upload_line(one) for one in found], most=ask.settings.limits.upload)


@pages.act("/uploads/{id}/delete", Permission.CONTRIBUTE)
def delete(ask: Ask, id: str) -> Done:
    """Delete an upload that no job needs."""
    desk = ask.desk_or_refuse()
    desk.free(id)
    gone = desk.uploads.delete(ask.identity, id)
    return Done(said=f"deleted the upload {gone.name}", see="/uploads", answer=upload_line(gone).model_dump())


def upload_line(one: Upload) -> UploadLine:
    """An upload as a list shows it."""
    return UploadLine(**one.model_dump(), complete=one.complete, called=one.called)
