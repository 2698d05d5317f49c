"""The routes that stream: begin an upload, go on with it, ask how far it is, delete it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.requests import ClientDisconnect

from assay.errors import AssayError, BadInput, Conflict, NotFound, UsageError
from assay.web.access.identity import Identity
from assay.web.access.roles import Permission
from assay.web.desk import Desk
from assay.web.routing import API, PERMISSION
from assay.web.uploads.multipart import FilePart
from assay.web.uploads.store import Uploads, Writer
from assay.web.uploads.upload import Upload

_BUFFER: Final = 1 << 20
_TOLD: Final[dict[str, Any]] = {"openapi_extra": {PERMISSION: Permission.CONTRIBUTE.value}}
_BODY: Final = {
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    "required": False,
}
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Size = Annotated[int | None, Header(ge=0, le=1 << 50)]


def add_uploads(app: FastAPI, desk: Desk, admitted: Callable[[Permission], Any]) -> None:
    """The routes of uploads. `admitted(permission)`: the dependency that tells who asks, or refuses."""
    who = Depends(admitted(Permission.CONTRIBUTE))

    async def begin(
        request: Request,
        me: Identity = who,
        name: Annotated[str, Query(max_length=300)] = "",
        upload_name: Annotated[str, Header(max_length=900)] = "",
        upload_length: Size = None,
    ) -> Response:
        """Send a file, or begin to. The body is the file itself, or a form with a file in it; it is streamed to disk.

        Without `Upload-Length` the file ends with the body. With it, the file has so many bytes, and
        whatever of them does not come with this request comes with `PATCH`. What an answer acknowledges
        (`offset`) is synchronised to disk.
        """
        made = await _receive(request, desk.uploads, me, name or unquote(upload_name), upload_length)
        return _answer(made, 201)

    async def go_on(
        request: Request,
        id: Id,
        upload_offset: Annotated[int, Header(ge=0)],
        upload_length: Size = None,
        me: Identity = who,
    ) -> Response:
        """Go on where the upload ends: `Upload-Offset` must be its offset, else the answer is 409 and says it."""
        uploads = desk.uploads
        upload = await run_in_threadpool(uploads.of, me, id)
        if upload.length is None and upload_length is not None:
            upload = upload.model_copy(update={"length": upload_length})
        writer = await run_in_threadpool(uploads.writer, upload)
        if upload.length is not None:
            writer.upload = writer.upload.model_copy(update={"length": upload.length})
        try:
            at = writer.upload.offset
            if at != upload_offset:
                raise Conflict(f"the upload {id} has {at} bytes, and not {upload_offset}", f"go on at {at}")
            if writer.upload.length is None:
                raise UsageError("nobody said how long the upload will be", "send Upload-Length")
            await _take(_pieces(request), writer)
            full = writer.upload.offset == writer.upload.length
            done = await run_in_threadpool(writer.finish if full else writer.secure)
        finally:
            await run_in_threadpool(writer.close)
        return _answer(done, 200)

    def ask(id: Id, me: Identity = who) -> Response:
        """How far an upload is."""
        return _answer(desk.uploads.of(me, id), 200)

    def delete(id: Id, me: Identity = who) -> Response:
        """Delete an upload that no job needs."""
        desk.free(id)
        return JSONResponse(shown(desk.uploads.delete(me, id)))

    async def send(request: Request, back: str = "/uploads", me: Identity = who) -> Response:
        """The same for the form of a page."""
        await _receive(request, desk.uploads, me, "", None)
        return RedirectResponse(back if back == "/new" or back.startswith("/d/") else "/uploads", 303)

    at = f"{API}/uploads"
    tell: dict[str, Any] = {**_TOLD, "response_model": None}
    sent: dict[str, Any] = {
        "openapi_extra": {**_TOLD["openapi_extra"], "requestBody": _BODY},
        "response_model": None,
    }
    app.add_api_route(at, begin, methods=["POST"], operation_id="upload_begin", status_code=201, **sent)
    app.add_api_route(at + "/{id}", go_on, methods=["PATCH"], operation_id="upload_go_on", **sent)
    app.add_api_route(at + "/{id}", ask, methods=["GET"], operation_id="upload_ask", **tell)
    app.add_api_route(at + "/{id}", delete, methods=["DELETE"], operation_id="upload_delete", **tell)
    app.add_api_route("/uploads", send, methods=["POST"], include_in_schema=False, **tell)


def shown(upload: Upload) -> dict[str, Any]:
    """An upload as programs read it."""
    return {**upload.model_dump(), "complete": upload.complete, "called": upload.called}


async def _receive(request: Request, uploads: Uploads, me: Identity, name: str, length: int | None) -> Upload:
    kind = request.headers.get("content-type", "")
    form = FilePart(kind) if kind.lower().startswith("multipart/form-data") else None
    pieces = _pieces(request)
    if form is not None:
        pieces, name = await _of_form(form, pieces)
    writer = await run_in_threadpool(_begun, uploads, me, name, length)
    try:
        if not await _take(pieces, writer):
            return writer.upload  # nobody reads this; /api/uploads lists it, and it can be gone on with
        if form is not None and not form.ended:
            raise BadInput("the form ends before its file does", "send it again")
        whole = writer.upload.length in (None, writer.upload.offset)
        if length is None and not writer.upload.offset:
            raise BadInput("the file is empty", "send a file, or Upload-Length to begin one")
        return await run_in_threadpool(writer.finish if whole else writer.secure)
    except (AssayError, OSError):
        await run_in_threadpool(_away, uploads, me, writer)  # nobody was told of it
        raise
    finally:
        await run_in_threadpool(writer.close)


def _begun(uploads: Uploads, me: Identity, name: str, length: int | None) -> Writer:
    return uploads.writer(uploads.begin(me, name, length))


def _away(uploads: Uploads, me: Identity, writer: Writer) -> None:
    writer.close()
    with suppress(NotFound):  # a bomb is gone already
        uploads.delete(me, writer.upload.id)


async def _of_form(form: FilePart, pieces: AsyncIterator[bytes]) -> tuple[AsyncIterator[bytes], str]:
    """The pieces of a form's file, and its name, which stands before them."""
    first = b""
    async for piece in pieces:
        first = form.feed(piece)
        if form.name:
            break
    if not form.name:
        raise BadInput("the form has no file", "choose one")

    async def rest() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield form.feed(piece)

    return rest(), form.name


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of some size."""
    held, size = [], 0
    async for data in request.stream():
        held.append(data)
        size += len(data)
        if size >= _BUFFER:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


async def _take(pieces: AsyncIterator[bytes], writer: Writer) -> bool:
    """Write all pieces; False where the sender went away in the middle, and then what came before is kept."""
    whole = True
    try:
        async for piece in pieces:
            if piece:
                await run_in_threadpool(writer.write, piece)
    except ClientDisconnect:
        whole = False
    await run_in_threadpool(writer.secure)
    return whole


def _answer(upload: Upload, status: int) -> Response:
    headers = {"upload-offset": str(upload.offset)}
    if status == 201:
        headers["location"] = f"{API}/uploads/{upload.id}"
    return JSONResponse(shown(upload), status, headers)
