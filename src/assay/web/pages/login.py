"""/login and /logout: saying who one is, where the server asks."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import FastAPI, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from assay.errors import UsageError
from assay.web.access.door import Door, cookie_name
from assay.web.access.not_signed_in import NotSignedIn
from assay.web.access.roles import Permission
from assay.web.access.trip import local_path
from assay.web.asking import Ask
from assay.web.routing import PERMISSION, Page, Pages
from assay.web.settings import Settings

pages = Pages()


class LoginPage(Page):
    """What the login asks for: `mode` as in the settings. `onward`: the page to go on to. `provider`: the host of the
    identity provider. `why`, `detail`, `who`: as in `NotSignedIn`, where somebody comes back without having come in."""

    mode: str
    onward: str = "/"
    provider: str = ""
    why: str = ""
    detail: str = ""
    who: str = ""


class Login(BaseModel):
    """A name and a password; in mode `token` the token stands for both. `next`: the page to go on to."""

    name: str = Field(default="", max_length=100)
    password: str = Field(max_length=1_000, repr=False)
    next: str = Field(default="/", max_length=4_000)


@pages.page("/login", Permission.OPEN, "login.html")
def login(ask: Ask, next: str = "/") -> LoginPage:
    """Where somebody says who he is. `next`: a path of this server to go on to; any other is as if it were not
    there."""
    return _page(ask.settings, local_path(next))


def not_in(settings: Settings, error: NotSignedIn) -> LoginPage:
    """The login as it says why somebody did not come in."""
    page = _page(settings, "/")
    return page.model_copy(update={"why": error.why, "detail": error.detail, "who": error.who})


def _page(settings: Settings, onward: str) -> LoginPage:
    told = settings.oidc
    host = urlsplit(told.issuer).hostname if told is not None else ""
    return LoginPage(mode=settings.mode, onward=onward, provider=host or "")


def add_login(app: FastAPI, door: Door, settings: Settings) -> None:
    """The two routes that set and take away the session's cookie."""
    told = {PERMISSION: Permission.OPEN}
    name = cookie_name(settings)

    def begin(request: Request, given: Annotated[Login, Form()]) -> Response:
        """Start a session. It is always a new one: what a browser brought along before is never taken over."""
        if settings.mode == "local":
            raise UsageError("nobody logs in here: the server serves its owner", "open /")
        secret = door.log_in(request, given.name.strip(), given.password)
        answer = RedirectResponse(local_path(given.next), 303)
        answer.set_cookie(name, secret.text, httponly=True, secure=settings.secure, samesite="lax", path="/")
        return answer

    def end(request: Request) -> Response:
        """End the session."""
        if door.book is not None and (text := request.cookies.get(name)):
            door.book.end(text)
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(name, path="/", secure=settings.secure, httponly=True, samesite="lax")
        return answer

    app.add_api_route("/login", begin, methods=["POST"], include_in_schema=False, openapi_extra=told)
    app.add_api_route("/logout", end, methods=["POST"], include_in_schema=False, openapi_extra=told)
