"""export, card, report, evidence, review export: what is kept as a file, and nothing of it lies on the server."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from tempfile import TemporaryDirectory
from typing import Annotated, Final, Literal

from fastapi import Query
from fastapi.responses import Response, StreamingResponse
from pydantic import Field

from assay.errors import UsageError
from assay.registry.export.exporting import stream
from assay.registry.governing.evidence import EvidenceRequest
from assay.registry.review.files import queue_rows
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.commands.declaring import Answer, Body, Commands, Named, Ref, Some
from assay.web.commands.packing import zipped

commands = Commands()
_CARDS: Final = {
    "md": "text/markdown", "html": "text/html", "json": "application/json", "croissant": "application/ld+json",
    "eu-summary": "text/markdown", "dps": "application/json",
}  # fmt: skip
_ENDING: Final = {
    "text/markdown": "md",
    "text/html": "html",
    "application/json": "json",
    "application/ld+json": "json",
}
Format = Annotated[str, Query(max_length=40, description="source, a shape's name, ledger, or edits")]


class Evidence(Body):
    ref: Named
    notes: bool = Field(default=False, description="put people's reasons and comments in as well")
    dry_run: bool = False


@commands.get("export")
def export(ask: Ask, ref: Ref, format: Format = "source", where: Some = None) -> Response:
    """A version as a zip of JSONL files, made while it is sent. Its other forms are made from the terminal."""
    busy = ask.desk_or_refuse().exports
    if not busy.acquire(blocking=False):
        raise UsageError(
            "other exports are under way, and each takes a registry", "try again when they are done"
        )

    def pieces() -> Iterator[bytes]:
        try:
            yield from zipped(stream(ask.registry, ref, format, where))
        finally:
            busy.release()

    made = pieces()
    first = next(made, b"")  # what cannot be exported at all is refused before the answer begins
    name = ask.registry.version(ref).name
    return StreamingResponse(chain([first], made), media_type="application/zip", headers=_kept(f"{name}.zip"))


@commands.get("card")
def card(
    ask: Ask, ref: Ref, format: Literal["md", "html", "json", "croissant", "eu-summary", "dps"] = "md"
) -> Response:
    """What others must know of a version, as a card or in a standard's form; what only a person knows is left open."""
    made = ask.registry.papers.card(ref, format)
    media = _CARDS[format]
    return _file(made.text, media, f"{made.version}-{format}.{_ENDING[media]}")


@commands.get("report")
def report(ask: Ask, ref: Ref, by: Some = None) -> Response:
    """Figures about a version as one HTML page, with charts."""
    name = ask.registry.version(ref).name
    return _file(ask.registry.report(ref, by), "text/html", f"{name}.html")


@commands.get("review export", Permission.REVIEW)
def review_export(
    ask: Ask,
    queue: Ref,
    skip: Annotated[int, Query(ge=0, le=1 << 40)] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> Answer:
    """Rows of a queue by id, with an empty verdict to fill in: `limit` of them, after the first `skip`."""
    rows = list(islice(queue_rows(ask.registry, queue), skip, skip + limit))
    return {"queue": queue, "rows": rows}


@commands.post("evidence", Permission.AUDIT)
def evidence(ask: Ask, form: Evidence) -> Response | Answer:
    """Everything that proves a version, in one zip; unsigned, because keys that sign stay where they were made."""
    with TemporaryDirectory(prefix="evidence-", dir=ask.registry.scratch_root()) as folder:
        request = EvidenceRequest(form.ref, f"{folder}/evidence.zip", notes=form.notes, dry_run=form.dry_run)
        made = ask.registry.papers.evidence(request)
        if form.dry_run:
            return {**made.as_json(), "file": "evidence.zip"}
        with open(request.to, "rb") as file:  # noqa: PTH123 - a manifest, a ledger in numbers, the log: no rows
            data = file.read()
    return Response(data, media_type="application/zip", headers=_kept(f"{made.version}-evidence.zip"))


def _file(text: str, media: str, name: str) -> Response:
    return Response(text.encode("utf-8", "backslashreplace"), media_type=media, headers=_kept(name))


def _kept(name: str) -> dict[str, str]:
    """A browser keeps it and does not show it."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._@-") else "-" for c in name)
    return {"content-disposition": f'attachment; filename="{safe}"', "assay-exit": "0"}
