"""The application: routes from what the pages declare, the guard before them, errors as answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from math import ceil
from secrets import token_bytes
from time import monotonic, time
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from assay import __version__
from assay.errors import AssayError
from assay.registry import Registry
from assay.web.access.book import open_book
from assay.web.access.door import Door, NotSaid, Refused, TooOften
from assay.web.access.guard import Guard, refusal
from assay.web.access.identity import Identity
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.collected.landing import Landing
from assay.web.collected.routes import add_collected
from assay.web.commands import add_commands
from assay.web.desk import Desk
from assay.web.failing import answer_of, details_of
from assay.web.pages.login import add_login
from assay.web.registries import Registries
from assay.web.rendering import LANGUAGES
from assay.web.routing import API, PERMISSION, Mistaken, add_routes
from assay.web.settings import Settings
from assay.web.uploads.routes import add_uploads

PARTS: Final = (
    "home",
    "radius",
    "policies",
    "names",
    "merging",
    "disabling",
    "export",
    "evidence",
    "gold",
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

    def asked(permission: Permission) -> Any:
        def ask(request: Request) -> Iterator[Ask]:
            identity = door.admit(request, permission)
            request.state.form_token = door.form_token(identity)
            with registries.lent(identity.actor) as registry:
                keys = request.cookies.get("keys") != "off"
                yield Ask(
                    registry,
                    identity,
                    language_of(request),
                    settings,
                    keys=keys,
                    book=book,
                    now=clock(),
                    desk=desk,
                )

        return ask

    def admitted(permission: Permission) -> Any:
        def admit(request: Request) -> Identity:
            return door.admit(request, permission)

        return admit

    parts = [import_module(f"assay.web.pages.{name}").pages for name in (*PARTS, *WORK)]
    add_uploads(app, desk, admitted)
    add_collected(app, desk, landing, asked)
    add_commands(app, asked)
    add_routes(app, parts, asked)
    add_login(app, door, settings)
    app.add_api_route(
        f"{API}/openapi.json",
        app.openapi,
        include_in_schema=False,
        openapi_extra={PERMISSION: Permission.OPEN},
    )
    app.mount("/static", StaticFiles(packages=[("assay.web", "static")]), name="static")
    app.add_middleware(Guard, settings=settings)

    _answer_errors(app)
    return app


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(NotSaid)
    def who(request: Request, error: NotSaid) -> Response:
        if request.url.path.startswith(API) or request.method != "GET":
            answer = refusal(401, "not_authenticated", "say who you are", "log in, or send a token as Bearer")
            answer.headers["www-authenticate"] = "Bearer"
            return answer
        return RedirectResponse("/login", 303)

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


def language_of(request: Request) -> str:
    """The interface's language: what was chosen, else what the browser prefers, else English."""
    chosen = request.cookies.get("language")
    if chosen in LANGUAGES:
        return chosen
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in LANGUAGES:
            return tag
    return "en"
