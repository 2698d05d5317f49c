"""How a page is declared: one function, one permission, a template; it answers as HTML and, under `/api`, as JSON.

    @pages.page("/d/{ref}", Permission.READ, "version.html")
    def version(ask: Ask, ref: str) -> VersionPage: ...

An act is declared likewise (`pages.act`), answers a form by leading to a page, and a program with JSON. What a page's
script fetches and is neither (points, a picture, a list) is declared by `pages.file`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict

from assay.errors import UsageError
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.failing import ERRORS
from assay.web.rendering import render

API: Final = "/api"
PERMISSION: Final = "x-permission"
"""The key under which every route says what it asks for, in the OpenAPI document too."""

_YEAR: Final = 365 * 24 * 3600
Method = Literal["POST", "PUT", "DELETE"]


class Page(BaseModel):
    """What a page shows: values only. `command`: the words of the terminal that give the same answer. `goto`: the page
    that a browser is led to instead, where that is the answer."""

    model_config = ConfigDict(frozen=True)

    command: str = ""
    goto: str = ""


class Mistaken(Exception):
    """A question that cannot be answered as it was asked, with the page on which it can be put right. Programs get the
    error alone."""

    def __init__(self, error: UsageError, view: Page) -> None:
        super().__init__(error.message)
        self.error, self.view = error, view


class Done(BaseModel):
    """What an act came to: what it did in a sentence, the page that shows it, and the answer that the command gives.

    `remember`: choices about the interface that the browser keeps, by the names of their cookies.
    """

    model_config = ConfigDict(frozen=True)

    said: str
    see: str
    answer: dict[str, Any] = {}
    remember: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class File:
    """Bytes of our own making, or pieces of them that are made while they are sent. `media`: their type. `name`: under
    which a browser keeps them; None: they are shown."""

    data: bytes | Iterator[bytes]
    media: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """One declaration: a page where there is a template; a file, where it says so; else an act."""

    path: str
    permission: Permission
    function: Callable[..., Any]
    template: str = ""
    method: str = "GET"
    file: bool = False


@dataclass(slots=True)
class Pages:
    """The pages and acts of one part of the application."""

    declared: list[Declared] = field(default_factory=list)

    def page(
        self, path: str, permission: Permission, template: str, method: Literal["GET", "POST"] = "GET"
    ) -> Callable[..., Any]:
        """Declare a page. With `POST` it answers a `form`: a question that is too long for an address, or an act whose
        answer is shown once."""

        def take(function: Callable[..., Page]) -> Callable[..., Page]:
            self.declared.append(Declared(path, permission, function, template, method))
            return function

        return take

    def file(
        self, path: str, permission: Permission, method: Literal["GET", "POST"] = "GET"
    ) -> Callable[..., Any]:
        """Declare bytes, given under both addresses alike. Its function gives a `File`; with `POST`, for a `form`."""

        def take(function: Callable[..., File]) -> Callable[..., File]:
            self.declared.append(Declared(path, permission, function, "", method, file=True))
            return function

        return take

    def act(self, path: str, permission: Permission, method: Method = "POST") -> Callable[..., Any]:
        """Declare an act: a change. Its function takes a pydantic model called `form`, or nothing, and gives `Done`."""

        def take(function: Callable[..., Done]) -> Callable[..., Done]:
            self.declared.append(Declared(path, permission, function, "", method))
            return function

        return take


def add_routes(app: FastAPI, parts: Sequence[Pages], asked: Callable[[Permission], Any]) -> None:
    """Routes for all that was declared. `asked(permission)` is the dependency that gives the `Ask`, or refuses."""
    for one in (one for part in parts for one in part.declared):
        name = f"{one.function.__module__.rpartition('.')[2]}_{one.function.__name__}"
        shared: dict[str, Any] = {"openapi_extra": {PERMISSION: one.permission.value}}
        depends = Depends(asked(one.permission))
        if one.file:
            app.add_api_route(
                API + one.path, _with_ask(_kept(one), depends, like=one.function, json=True), methods=[one.method],
                name=f"api_{name}", operation_id=name, summary=_first_line(one.function), response_class=Response,
                response_model=None, responses=ERRORS, **shared,
            )  # fmt: skip
            app.add_api_route(
                one.path, _with_ask(_kept(one), depends, like=one.function), methods=[one.method], name=name,
                include_in_schema=False, response_model=None, **shared,
            )  # fmt: skip
            continue
        answers = inspect.signature(one.function, eval_str=True).return_annotation
        app.add_api_route(
            API + one.path, _with_ask(one.function, depends), methods=[one.method], response_model=answers,
            name=f"api_{name}", operation_id=name, summary=_first_line(one.function), responses=ERRORS, **shared,
        )  # fmt: skip
        shown = _shown(one) if one.template else _led(one)
        app.add_api_route(
            one.path, _with_ask(shown, depends, like=one.function), methods=[one.method], name=name,
            include_in_schema=False, response_class=HTMLResponse, response_model=None, **shared,
        )  # fmt: skip


def _shown(one: Declared) -> Callable[..., Response]:
    """A page's function, answering as HTML."""

    def page(request: Request, ask: Ask, **given: Any) -> Response:
        try:
            view = one.function(ask=ask, **given)
        except Mistaken as mistake:
            answer = render(request, ask, one.template, mistake.view)
            # htmx swaps in only what is well.
            answer.status_code = 200 if request.headers.get("hx-request") == "true" else 400
            return answer
        if view.goto:
            return RedirectResponse(view.goto, status_code=303)
        return render(request, ask, one.template, view)

    return page


def _led(one: Declared) -> Callable[..., Response]:
    """An act's function, answering a form: the browser is led to the page that shows what was done."""

    def act(request: Request, ask: Ask, **given: Any) -> Response:
        done: Done = one.function(ask=ask, **given)
        answer: Response = RedirectResponse(done.see, status_code=303)
        if request.headers.get("hx-request") == "true":
            answer = Response(status_code=204, headers={"HX-Redirect": done.see})
        for name, value in done.remember.items():
            answer.set_cookie(
                name,
                value,
                max_age=_YEAR,
                httponly=True,
                secure=ask.settings.secure,
                samesite="lax",
                path="/",
            )
        return answer

    return act


def _kept(one: Declared) -> Callable[..., Response]:
    """A file's function, answering with its bytes; those that have a name are kept by the browser and never shown."""

    def file(request: Request, ask: Ask, **given: Any) -> Response:
        made: File = one.function(ask=ask, **given)
        headers = {}
        if made.name is not None:
            name = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in made.name)
            headers = {"content-disposition": f'attachment; filename="{name}"'}
        if isinstance(made.data, bytes):
            return Response(made.data, media_type=made.media, headers=headers)
        return StreamingResponse(made.data, media_type=made.media, headers=headers)

    return file


def _with_ask(
    function: Callable[..., Any], depends: Any, like: Callable[..., Any] | None = None, json: bool = False
) -> Callable[..., Any]:
    """The function with a signature that FastAPI can read: `ask` comes from the dependency, `form` from a form (of a
    page) or from JSON (of a program), the rest as declared."""
    parameters = []
    for p in inspect.signature(like or function, eval_str=True).parameters.values():
        if p.name == "ask":
            p = p.replace(default=depends)
        elif p.name == "form" and like is not None and not json:
            p = p.replace(annotation=Annotated[p.annotation, Form()])
        parameters.append(p)
    takes_request = like is not None
    if takes_request:
        parameters.append(inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request))

    def called(**given: Any) -> Any:
        return function(**given)

    ordered = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    called.__signature__ = inspect.Signature(ordered)  # type: ignore[attr-defined]
    called.__name__ = (like or function).__name__
    called.__doc__ = (like or function).__doc__
    return called


def _first_line(function: Callable[..., Any]) -> str:
    return (inspect.getdoc(function) or function.__name__).split("\n")[0].rstrip(".")
