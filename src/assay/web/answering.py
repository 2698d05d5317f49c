"""Errors as answers: a refusal for programs, the page of the form for people, the login for who has not signed in."""

from __future__ import annotations

import json
from math import ceil
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response

from assay.errors import AssayError
from assay.web.access.door import NotSaid, Refused, TooOften
from assay.web.access.guard import refusal
from assay.web.access.identity import NOBODY
from assay.web.access.not_signed_in import NotSignedIn
from assay.web.access.trip import local_path
from assay.web.failing import STATUS, answer_of, details_of
from assay.web.mistakes import Mistake, at_the_form
from assay.web.pages.login import not_in
from assay.web.reception import Reception
from assay.web.registries import Busy
from assay.web.rendering import render
from assay.web.routing import API, Mistaken

_AGAIN: Final = 5
"""Seconds after which it is worth asking a busy server again."""


def answer_errors(app: FastAPI, reception: Reception) -> None:
    """Say what each error is answered with."""
    _of_the_door(app, reception)
    _of_acts(app)


def _of_the_door(app: FastAPI, reception: Reception) -> None:
    @app.exception_handler(NotSignedIn)
    def not_signed_in(request: Request, error: NotSignedIn) -> Response:
        try:
            with reception.asking(request, NOBODY) as ask:
                answer = render(request, ask, "login.html", not_in(ask.settings, error))
        except Busy as full:
            return busy(request, full)
        answer.status_code = error.status
        if error.status == 503:
            answer.headers["retry-after"] = "30"
        return answer

    @app.exception_handler(NotSaid)
    def who(request: Request, error: NotSaid) -> Response:
        if request.url.path.startswith(API) or request.method != "GET":
            answer = refusal(401, "not_authenticated", "say who you are", "log in, or send a token as Bearer")
            answer.headers["www-authenticate"] = "Bearer"
            return answer
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        onward = local_path(wanted)
        return RedirectResponse("/login" if onward == "/" else f"/login?next={quote(onward, safe='/')}", 303)

    @app.exception_handler(TooOften)
    def later(request: Request, error: TooOften) -> Response:
        seconds = ceil(error.seconds)
        answer = answer_of(request, 429, "too_often", "too many requests", f"try again in {seconds} seconds")
        answer.headers["retry-after"] = str(seconds)
        return answer

    @app.exception_handler(Busy)
    def busy(request: Request, error: Busy) -> Response:
        answer = answer_of(
            request, 503, "busy", "every registry of the server is in use", f"try again in {_AGAIN} seconds"
        )
        answer.headers["retry-after"] = str(_AGAIN)
        return answer


def _of_acts(app: FastAPI) -> None:
    @app.exception_handler(Refused)
    async def may_not(request: Request, error: Refused) -> Response:
        mistake = Mistake(403, error.message, error.hint)
        return await at_the_form(request, mistake) or answer_of(
            request, 403, "forbidden", error.message, error.hint
        )

    @app.exception_handler(AssayError)
    async def known(request: Request, error: AssayError) -> Response:
        mistake = Mistake(STATUS.get(error.code, 400), error.message, error.hint)
        answer = await at_the_form(request, mistake)
        if answer is not None:
            return answer
        answer = answer_of(request, None, error.code, error.message, error.hint)
        more = details_of(error)
        if more and answer.media_type == "application/json":
            return JSONResponse(json.loads(bytes(answer.body)) | more, answer.status_code)
        return answer

    @app.exception_handler(Mistaken)
    async def mistaken(request: Request, error: Mistaken) -> Response:
        return await known(request, error.error)

    @app.exception_handler(RequestValidationError)
    async def bad(request: Request, error: RequestValidationError) -> Response:
        found = error.errors()
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found[:8])
        fields = {str(part) for one in found for part in one["loc"][1:]}
        short = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in found[:8])
        mistake = Mistake(422, short, "put it right and send it again", fields)
        return await at_the_form(request, mistake) or answer_of(
            request, 422, "bad_request", told, "see /api/openapi.json"
        )
