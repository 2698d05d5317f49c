"""Errors as answers: a status, and what, where and what to do, as JSON or as a page."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel

from assay.errors import AssayError, GateFailed, MergeConflict
from assay.model.escape import inline
from assay.web.access.guard import refusal

STATUS: Final = {
    "not_found": 404,
    "conflict": 409,
    "merge_conflict": 409,
    "gate_failed": 409,
    "budget_reached": 409,
    "forbidden": 403,
    "revoked": 403,
    "too_large": 413,
    "missing_extra": 501,
    "damaged": 500,
    "storage_failure": 503,
}
"""Error code → status; every other error of the caller is 400."""


class Problem(BaseModel):
    """What went wrong, where, and what to do. `code` is stable."""

    code: str
    message: str
    hint: str


class Refusal(BaseModel):
    """An error as every route gives it; `gate`: the findings of a policy that refuses; `conflicts`: of a merge."""

    error: Problem
    gate: dict[str, Any] | None = None
    conflicts: list[dict[str, Any]] | None = None


ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Refusal, "description": "cannot be done as asked"},
    401: {"model": Refusal, "description": "nobody said who asks"},
    403: {"model": Refusal, "description": "who asks may not, or the rules keep him from it"},
    404: {"model": Refusal, "description": "there is no such thing"},
    409: {"model": Refusal, "description": "somebody else was first, or a policy refuses"},
    413: {"model": Refusal, "description": "larger than it may be"},
    422: {"model": Refusal, "description": "a parameter that is none"},
    429: {"model": Refusal, "description": "more requests than one may make; `Retry-After` says when"},
    503: {"model": Refusal, "description": "every registry is in use; `Retry-After` says when to ask again"},
}


def details_of(error: AssayError) -> dict[str, Any]:
    """What a program is told beyond the message: the findings of a gate, the conflicts of a merge."""
    if isinstance(error, GateFailed):
        return {"gate": dict(error.gate)}
    if isinstance(error, MergeConflict):
        return {"conflicts": [dict(one) for one in error.conflicts]}
    return {}


def answer_of(request: Request, status: int | None, code: str, message: str, hint: str) -> Response:
    """The error as the asker reads it."""
    status = status or STATUS.get(code, 400)
    if request.url.path.startswith("/api") or request.headers.get("hx-request") == "true":
        return refusal(status, code, message, hint)
    # An act lies below the page that asked for it.
    back = request.url.path.rpartition("/")[0] if request.method != "GET" else ""
    way = f'<a class="btn sm" href="{inline(quote(back), 400)}">Back</a> ' if back else ""
    # Plain on purpose: it must stand when templates, registry and session do not.
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>assay</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/static/style.css"><link rel="icon" href="/static/mark.svg" type="image/svg+xml">'
        f'</head><body><main id="main"><h1>{status}</h1>'
        f'<div class="empty"><strong>{inline(message, 600)}</strong><p>{inline(hint, 400)}</p>'
        f'{way}<a class="btn sm" href="/">Datasets</a></div></main></body></html>'
    )
    return HTMLResponse(page, status)
