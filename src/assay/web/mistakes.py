"""A mistaken act comes back to the page of its form: the message at the top, the fields as they were typed.

The page is asked for as if the browser had asked for it, in the name of who acts. Programs get the error alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.types import Message

from assay.model.escape import inline
from assay.web.access.guard import SAFE
from assay.web.refilling import refilled
from assay.web.routing import API

PLACE: Final = "#mistaken"
"""Where a page says it, for htmx."""
_OF_THE_ACT: Final = frozenset(
    {"path_params", "endpoint", "route", "fastapi_inner_astack", "fastapi_function_astack"}
)
_OF_THE_BODY: Final = (b"content-", b"hx-", b"transfer-encoding", b"origin", b"idempotency-key")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What a page says of the act that was asked for before. `fields`: the names of those that are wrong."""

    status: int
    message: str
    hint: str
    fields: Collection[str] = ()


async def at_the_form(request: Request, mistake: Mistake) -> Response | None:
    """The page of the form that a browser sent, as it says what was wrong; None where there is none to come back to."""
    if request.method in SAFE or request.url.path.startswith(API):
        return None
    if request.headers.get("hx-request") == "true":
        return _part(mistake)
    for path, query in _places(request):
        page = await _asked_for(request, path, query, mistake)
        if page is not None:
            sent = _sent(request)
            html = await run_in_threadpool(refilled, page, request.url.path, sent, mistake.fields)
            return HTMLResponse(html, mistake.status)
    return None


def _part(mistake: Mistake) -> Response:
    """What htmx puts at the top of the page, which stays as it is, its fields too."""
    said = (
        f'<div class="note fail" id="mistake" role="alert" tabindex="-1" autofocus><div>'
        f"<b>{inline(mistake.message, 600)}</b><p>{inline(mistake.hint, 400)}</p></div></div>"
    )
    headers = {"hx-retarget": PLACE, "hx-reswap": "innerHTML show:window:top"}
    return HTMLResponse(said, mistake.status, headers)


def _places(request: Request) -> list[tuple[str, str]]:
    """The page that the browser came from, then those above it and above the act: a form may have been on a page that
    was itself the answer to a form. None for whoever does not say that he comes from here."""
    try:
        came = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return []
    if came.netloc != request.headers.get("host") or not came.path.startswith("/"):
        return []
    above = [path.rpartition("/")[0] for path in (came.path, request.url.path)]
    return list(dict.fromkeys([(came.path, came.query), *((path, "") for path in above if path)]))


async def _asked_for(request: Request, path: str, query: str, mistake: Mistake) -> str | None:
    """The page at a path of ours; None where that is none that this person may see now."""
    scope: dict[str, Any] = {name: one for name, one in request.scope.items() if name not in _OF_THE_ACT}
    scope |= {
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [pair for pair in request.scope["headers"] if not pair[0].startswith(_OF_THE_BODY)],
        "state": {"mistake": mistake},
    }
    start: Message = {}
    body = bytearray()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            body.extend(message.get("body", b""))

    try:
        await request.app.router(scope, receive, send)
    except HTTPException:
        return None
    kinds = [value for name, value in start.get("headers", ()) if name.lower() == b"content-type"]
    shown = start.get("status") == 200 and kinds[:1] == [b"text/html; charset=utf-8"]
    return body.decode() if shown else None


def _sent(request: Request) -> dict[str, Sequence[str]]:
    """The fields of the form, which was read before; files are none."""
    form = getattr(request, "_form", None)
    if not isinstance(form, FormData):
        return {}
    return {name: [one for one in form.getlist(name) if isinstance(one, str)] for name in form}
