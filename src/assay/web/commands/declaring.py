"""How a command of the terminal is declared for HTTP: its words, a permission, and a function that gives its answer.

    @commands.get("audit verify", Permission.AUDIT)
    def verify(ask: Ask) -> Answer: ...

It stands at `/api/commands/audit/verify`; its parameters have the names of the command's. A `get` only reads and takes
`as_of`, where the command does. The header `assay-exit` says what the terminal would end with: 0, or 1 for findings.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Annotated, Any, Final

import orjson
from fastapi import Depends, FastAPI, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.failing import ERRORS
from assay.web.routing import API, PERMISSION

AT: Final = f"{API}/commands"
PARTS: Final = (
    "looking",
    "monitoring",
    "explaining",
    "naming",
    "governing",
    "reviewing",
    "keeping",
    "proving",
    "templates",
    "writing",
)
Answer = Mapping[str, Any]
Ref = Annotated[
    str,
    Query(max_length=300, description="a dataset, or a version of it: help@v2, help@prod, help@2026-11-01"),
]
Word = Annotated[str, Query(max_length=300)]
Line = Annotated[str, Query(max_length=2_000)]
Some = Annotated[str | None, Query(max_length=2_000)]


class Body(BaseModel):
    """What a change is told. Unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Id = Annotated[str, Field(min_length=1, max_length=100)]
Told = Annotated[str, Field(max_length=2_000)]
Named = Annotated[str, Field(min_length=1, max_length=300)]


@dataclass(frozen=True, slots=True)
class Exit:
    """An answer with which the terminal would not end with 0."""

    answer: Answer
    code: int = 1


@dataclass(frozen=True, slots=True)
class Command:
    """One declaration. `words`: as they stand after `assay`."""

    words: str
    permission: Permission
    function: Callable[..., Any]
    method: str

    @property
    def path(self) -> str:
        return f"{AT}/{self.words.replace(' ', '/')}"


@dataclass(slots=True)
class Commands:
    """The commands of one file."""

    declared: list[Command] = field(default_factory=list)

    def get(self, words: str, permission: Permission = Permission.READ) -> Callable[..., Any]:
        """Declare a command that only reads."""
        return self._take(words, permission, "GET")

    def post(self, words: str, permission: Permission) -> Callable[..., Any]:
        """Declare a command that changes something; its function takes a `Body` called `form`."""
        return self._take(words, permission, "POST")

    def _take(self, words: str, permission: Permission, method: str) -> Callable[..., Any]:
        def take(function: Callable[..., Any]) -> Callable[..., Any]:
            self.declared.append(Command(words, permission, function, method))
            return function

        return take


def declared() -> list[Command]:
    """Every command that answers at once; those that take long are jobs (`assay.web.jobs.kinds`)."""
    return [one for name in PARTS for one in import_module(f"assay.web.commands.{name}").commands.declared]


def add_commands(app: FastAPI, asked: Callable[[Permission], Any]) -> None:
    """Routes for all of them."""
    for one in declared():
        app.add_api_route(
            one.path,
            _route(one, Depends(asked(one.permission))),
            methods=[one.method],
            operation_id=f"command_{one.method.lower()}_{one.words.replace(' ', '_')}",
            summary=f"assay {one.words}",
            description=inspect.getdoc(one.function),
            response_model=dict[str, Any],
            responses=ERRORS,
            openapi_extra={PERMISSION: one.permission.value},
        )


def _route(one: Command, depends: Any) -> Callable[..., Response]:
    """The function with a signature that FastAPI can read."""
    parameters = [
        p.replace(default=depends) if p.name == "ask" else p
        for p in inspect.signature(one.function, eval_str=True).parameters.values()
    ]
    if one.method == "GET":
        extra = inspect.Parameter("as_of", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Some)
        parameters.append(extra)

    def called(ask: Ask, as_of: str | None = None, **given: Any) -> Response:
        if as_of is not None:
            ask = replace(ask, registry=ask.registry.at(as_of))
        made = one.function(ask=ask, **given)
        if isinstance(made, Response):
            return made
        found = made if isinstance(made, Exit) else Exit(made, 0)
        return Response(
            document(found.answer), media_type="application/json", headers={"assay-exit": str(found.code)}
        )

    ordered = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    called.__signature__ = inspect.Signature(ordered)  # type: ignore[attr-defined]
    called.__name__ = one.function.__name__
    return called


def document(value: Any) -> bytes:
    """A JSON document, as `--json` prints it."""
    try:
        return orjson.dumps(value, default=_plain)
    except TypeError:  # a file name that is not Unicode, a number of more than 64 bits
        return json.dumps(value, default=_plain).encode("ascii")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"{type(value).__name__} is not JSON")
