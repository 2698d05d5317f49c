"""The application: routes from what the pages declare, the guard before them, errors as answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from secrets import token_bytes
from time import monotonic, time
from typing import Final

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from assay import __version__
from assay.errors import MissingExtra
from assay.registry import Registry
from assay.web.access.book import open_book
from assay.web.access.door import Door
from assay.web.access.guard import Guard
from assay.web.access.roles import Permission
from assay.web.access.throttle import TABLES as THROTTLE
from assay.web.access.throttle import SharedThrottle
from assay.web.answering import answer_errors
from assay.web.collected.landing import Landing
from assay.web.collected.routes import add_collected
from assay.web.commands import add_commands
from assay.web.database import place_of
from assay.web.desk import Desk
from assay.web.hub.routes import Hub
from assay.web.hub.shelf import Shelf
from assay.web.pages.login import add_login
from assay.web.pages.oidc import SignIn, add_oidc
from assay.web.reception import Reception
from assay.web.registries import Registries
from assay.web.routing import API, PERMISSION, add_routes
from assay.web.settings import Oidc, Settings
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
    "drift",
    "trend",
    "styles",
    "sweep",
    "search",
    "map",
    "login",
    "review",
    "reviewing",
    "runs",
    "effect",
    "run",
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
    registries = Registries(open, settings.readers, settings.patience)
    first = open()
    desk = Desk(first, settings, environment or {}, clock, entropy)
    landing = Landing(desk, registries)
    shelf = Shelf(registries)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if desk.usable:
            desk.jobs.open()
            landing.open()
        yield
        shelf.close()
        if desk.usable:
            landing.close()
            desk.jobs.close()

    app = FastAPI(
        title="assay", version=__version__, docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    book = None if settings.mode == "local" else open_book(first, clock, entropy)
    logins = None
    if book is not None and first.database is not None:
        logins = SharedThrottle(place_of(first).open("throttle", THROTTLE), settings.limits.logins, clock)
    door = Door(settings, first.actor, book, entropy, monotonic, logins)
    reception = Reception(door, registries, settings, desk, clock)
    asked = reception.asked

    parts = [import_module(f"assay.web.pages.{name}").pages for name in (*PARTS, *WORK)]
    add_uploads(app, desk, reception.admitted)
    add_collected(app, desk, landing, asked)
    add_commands(app, asked)
    add_routes(app, parts, asked)
    Hub(reception, shelf).add(app)
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

    answer_errors(app, reception)
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
