"""The application: routes from what the pages declare, the guard before them, errors as answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from math import ceil
from secrets import token_bytes
from time import monotonic, time
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from assay import __version__
from assay.errors import AssayError, MissingExtra
from assay.registry import Registry
from assay.web.access.book import open_book
from assay.web.access.door import Door, NotSaid, Refused, TooOften
from assay.web.access.guard import Guard, refusal
from assay.web.access.identity import NOBODY
from assay.web.access.not_signed_in import NotSignedIn
from assay.web.access.roles import Permission
from assay.web.access.trip import local_path
from assay.web.collected.landing import Landing
from assay.web.collected.routes import add_collected
from assay.web.commands import add_commands
from assay.web.desk import Desk
from assay.web.failing import answer_of, details_of
from assay.web.pages.login import add_login, not_in
from assay.web.pages.oidc import SignIn, add_oidc
from assay.web.reception import Reception
from assay.web.registries import Registries
from assay.web.rendering import render
from assay.web.routing import API, PERMISSION, Mistaken, add_routes
from assay.web.settings import Oidc, Settings
from assay.web.uploads.routes import add_uploads

PARTS: Final = (
    "home",
    "dataset",
    "version",
    "example",
    "diff",
    "sweep",
    "search",
    "map",
    "login",
    "review",
    "reviewing",
    "runs",
    "policy",
    "audit",
    "lineage",
    "settings",
    "people",
    "explore",
    "rejected",
)
WORK: Final = ("build", "jobs", "uploads")
"""The modules of `assay.web.pages`, each with a `pages`."""


def create_app(
    open: Callable[[], Registry],
    settings: Settings,
    *,
    entropy: Callable[[int], bytes] = token_bytes,
    clock: Callable[[], float] = time,
    environment: Mapping[str, str] | None = None,
) -> FastAPI:
    """The web application over a registry, which `open` opens as often as there are readers. `clock`: seconds since the
    epoch. `environment`: what jobs may have of it, they get."""
    registries = Registries(open, settings.readers)
    first = open()
    desk = Desk(first.root, settings, environment or {}, clock, entropy)
    landing = Landing(desk, registries)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if desk.usable:
            desk.jobs.open()
            landing.open()
        yield
        if desk.usable:
            landing.close()
            desk.jobs.close()

    app = FastAPI(
        title="assay", version=__version__, docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    book = None if settings.mode == "local" else open_book(first, clock, entropy)
    door = Door(settings, first.actor, book, entropy, monotonic)
    reception = Reception(door, registries, settings, desk, clock)
    asked = reception.asked

    parts = [import_module(f"assay.web.pages.{name}").pages for name in (*PARTS, *WORK)]
    add_uploads(app, desk, reception.admitted)
    add_collected(app, desk, landing, asked)
    add_commands(app, asked)
    add_routes(app, parts, asked)
    add_login(app, door, settings)
    if settings.oidc is not None:
        _add_sign_in(app, settings.oidc, door, settings, clock, entropy)
    app.add_api_route(
        f"{API}/openapi.json",
        app.openapi,
        include_in_schema=False,
        openapi_extra={PERMISSION: Permission.OPEN},
    )
    app.mount("/static", StaticFiles(packages=[("assay.web", "static")]), name="static")
    app.add_middleware(Guard, settings=settings)

    _answer_errors(app, reception)
    return app


def _add_sign_in(
    app: FastAPI,
    told: Oidc,
    door: Door,
    settings: Settings,
    clock: Callable[[], float],
    entropy: Callable[[int], bytes],
) -> None:
    try:
        from assay.web.access.issuer import Issuer
    except ImportError:
        raise MissingExtra("sign-in by OIDC needs a package", "pip install 'assay-data[web,oidc]'") from None
    add_oidc(app, SignIn(told, Issuer(told, clock), door, settings, clock, entropy))


def _answer_errors(app: FastAPI, reception: Reception) -> None:
    @app.exception_handler(NotSignedIn)
    def not_signed_in(request: Request, error: NotSignedIn) -> Response:
        with reception.asking(request, NOBODY) as ask:
            answer = render(request, ask, "login.html", not_in(ask.settings, error))
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

    @app.exception_handler(Refused)
    def may_not(request: Request, error: Refused) -> Response:
        return answer_of(request, 403, "forbidden", error.message, error.hint)

    @app.exception_handler(AssayError)
    def known(request: Request, error: AssayError) -> Response:
        answer = answer_of(request, None, error.code, error.message, error.hint)
        more = details_of(error)
        if more and answer.media_type == "application/json":
            return JSONResponse(json.loads(bytes(answer.body)) | more, answer.status_code)
        return answer

    @app.exception_handler(Mistaken)
    def mistaken(request: Request, error: Mistaken) -> Response:
        return known(request, error.error)

    @app.exception_handler(RequestValidationError)
    def bad(request: Request, error: RequestValidationError) -> Response:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:8])
        return answer_of(request, 422, "bad_request", told, "see /api/openapi.json")

