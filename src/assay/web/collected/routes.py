"""The routes for agents: send examples, ask what waits, have it taken in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Header, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from assay.model.ref import check_name
from assay.registry.generation.collecting import Lines
from assay.web.access.roles import Permission
from assay.web.asking import Ask
from assay.web.collected.landing import AGE, ENOUGH, Landing
from assay.web.desk import Desk
from assay.web.failing import ERRORS
from assay.web.routing import API, PERMISSION

_MOST: Final = 1_000
Name = Annotated[str, Path(max_length=200)]
Text = Annotated[str, Field(max_length=1 << 21)]


class Written(BaseModel):
    """One example and where it comes from; docs/guides/collecting.md. Either `prompt` and `output`, or `messages`."""

    model_config = ConfigDict(extra="forbid")

    prompt: Text | None = None
    messages: list[dict[str, Any]] | None = Field(default=None, max_length=10_000)
    output: Text | None = None
    generator: str | None = Field(default=None, max_length=500)
    params: dict[str, Any] | None = None
    prompt_template: str | None = Field(default=None, max_length=500)
    origin: str | None = Field(default=None, max_length=20)
    request_id: str | None = Field(default=None, max_length=500)
    tokens: int | dict[str, int] | None = None
    price: float | None = None
    created: str | None = Field(default=None, max_length=50)
    derived_from: list[Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=1_000)
    depth: int | None = Field(default=None, ge=0, le=1_000_000)
    key: str | None = Field(default=None, max_length=500)
    tools: list[dict[str, Any]] | None = Field(default=None, max_length=1_000)
    fields: dict[str, Any] | None = None


class Examples(BaseModel):
    """What a generator wrote. `generator` and its like hold for every example that says nothing else."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "generator": "lab/model-1",
                    "params": {"temperature": 0.7},
                    "examples": [
                        {"prompt": "怎么退款？", "output": "请在订单页申请。", "request_id": "req-81"}
                    ],
                }
            ]
        },
    )

    generator: str = Field(min_length=1, max_length=500)
    params: dict[str, Any] | None = None
    prompt_template: str | None = Field(default=None, max_length=500)
    origin: str = Field(default="synthetic", max_length=20)
    licence: str | None = Field(default=None, max_length=500)
    examples: list[Written] = Field(min_length=1, max_length=_MOST)


class Accepted(BaseModel):
    """`accepted`: of this request; `waiting`: for the dataset, these included, when they came."""

    dataset: str
    accepted: int
    waiting: int


class Flushed(BaseModel):
    """What was taken in: the answer of each curation, as `import --json` gives it."""

    dataset: str
    versions: list[dict[str, Any]]


class Waiting(BaseModel):
    """What waits, and what keeps it. It becomes a version when `enough` wait, or after `age` seconds."""

    dataset: str
    waiting: int
    enough: int
    age: float
    errors: list[str]


def add_collected(app: FastAPI, desk: Desk, landing: Landing, asked: Callable[[Permission], Any]) -> None:
    """The routes under /api/d/NAME/examples."""
    write, read = Depends(asked(Permission.CONTRIBUTE)), Depends(asked(Permission.READ))

    def collect(
        name: Name,
        form: Examples,
        answer: Response,
        idempotency_key: Annotated[str, Header(min_length=1, max_length=200)],
        ask: Ask = write,
    ) -> Accepted:
        """Send examples that a model wrote. When the answer comes they are on disk; a version holds them a
        little later.

        The same `Idempotency-Key` with the same body gives the same answer again and nothing twice, for a week; with
        another body it is refused (409).
        """
        spool, actor = desk.collected, ask.identity.actor
        digest = hashlib.sha256(form.model_dump_json().encode("utf-8", "surrogatepass")).hexdigest()
        told = spool.known(actor, check_name(name), idempotency_key, digest)
        again = told is not None
        if told is None:
            told, again = spool.add(actor, name, idempotency_key, digest, _lines(ask, form))
        if again:
            answer.headers["idempotent-replayed"] = "true"
        return Accepted(**told)

    def flush(name: Name, ask: Ask = write) -> Flushed:
        """Take in all that waits for the dataset, now."""
        return Flushed(dataset=name, versions=landing.flush(ask.registry, check_name(name)))

    def waiting(name: Name, ask: Ask = read) -> Waiting:
        """What waits for the dataset, and what keeps it from becoming a version."""
        spool = desk.collected
        errors = [batch.error for batch in spool.batches(check_name(name)) if batch.error]
        return Waiting(dataset=name, waiting=spool.count(name), enough=ENOUGH, age=AGE, errors=errors)

    at = f"{API}/d/{{name}}/examples"
    for path, method, function, permission in (
        ("", "POST", collect, Permission.CONTRIBUTE),
        ("/flush", "POST", flush, Permission.CONTRIBUTE),
        ("/waiting", "GET", waiting, Permission.READ),
    ):
        app.add_api_route(
            at + path, function, methods=[method], operation_id=f"examples_{function.__name__}",
            openapi_extra={PERMISSION: permission.value}, responses=ERRORS,
        )  # fmt: skip


def _lines(ask: Ask, form: Examples) -> list[bytes]:
    """The examples as lines of JSON. Raises UsageError, naming the example; then none of them is kept."""
    from assay.errors import UsageError

    stated = {name: getattr(form, name) for name in ("params", "prompt_template", "origin", "licence")}
    taken = Lines(ask.registry, form.generator, **stated)
    for number, one in enumerate(form.examples, 1):
        said = one.model_dump(exclude={"prompt", "messages", "output"})
        try:
            if (one.prompt is None) == (one.messages is None):
                raise UsageError("an example has a prompt, or messages", "give one of them")
            taken.add(one.messages or [] if one.prompt is None else one.prompt, one.output, **said)
        except UsageError as error:
            raise UsageError(f"example {number}: {error.message}", error.hint) from None
    return taken.lines
