"""Asking for candidates: one request each, and what it came to, answer or not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, create_model

from assay.generate.planning import Candidate
from assay.generate.template import OUTPUT, Template
from assay.llm.answers import CODES as ANSWER_CODES
from assay.llm.answers import NoAnswer, ask, schema_of
from assay.llm.client import Client, Failure, Message, Request, Response
from assay.llm.prices import Prices

EMPTY: Final = "empty"
CODES: Final[Mapping[str, str]] = {**dict(ANSWER_CODES.items()), EMPTY: "the answer has no text"}
"""Why a candidate came to no example, beyond what a recipe finds."""
_AGAIN: Final = 2


@dataclass(frozen=True, slots=True)
class Call:
    """What one candidate took. `model`: as the server names it; tokens are of all its requests, None where the server
    said none; `price`: US dollars by the price list, None without one; `created`: RFC 3339, UTC; `requests`: how many
    were answered, of which `paid` now and not earlier."""

    model: str
    request_id: str | None
    input_tokens: int | None
    output_tokens: int | None
    price: Decimal | None
    created: str | None
    requests: int
    paid: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """What a candidate came to: the fields of its answer, or `code` (one of `CODES`) and `message`.

    `failure`: the call's, where one ended it.
    """

    candidate: Candidate
    answer: Mapping[str, str] | None
    call: Call
    code: str | None = None
    message: str = ""
    failure: Failure | None = None


@lru_cache(maxsize=64)
def _shape(fields: tuple[tuple[str, str], ...]) -> type[BaseModel]:
    # Fields have names of our own and aliases: a name such as `copy` would hide a method of pydantic's models.
    made: dict[str, Any] = {
        f"field_{at}": (Annotated[str, Field(alias=name, description=words or None)], ...)
        for at, (name, words) in enumerate(fields)
    }
    return create_model("answer", __config__=ConfigDict(extra="forbid", strict=True), **made)


def shape_of(template: Template) -> type[BaseModel] | None:
    """The pydantic model of a template's answers; None where they are plain text."""
    return _shape(tuple(template.fields.items())) if template.fields else None


def request_of(template: Template, candidate: Candidate) -> Request:
    """What is asked for a candidate, byte for byte the same whenever it is asked. `draw` is its number: two candidates
    with one prompt are two answers. Raises UsageError."""
    spoken = template.messages(candidate.values)
    if template.fields:
        listed = "\n".join(
            f'- "{name}"{f": {words}" if words else ""}' for name, words in template.fields.items()
        )
        spoken[-1]["content"] += (
            f"\n\nAnswer with exactly one JSON object that has these texts and nothing else:\n{listed}"
        )
    shape = shape_of(template)
    return Request(
        candidate.model.partition("/")[2],
        tuple(Message("system" if one["role"] == "system" else "user", one["content"]) for one in spoken),
        dict(candidate.params),
        schema=None if shape is None else schema_of(shape),
        draw=candidate.number,
    )


async def ask_one(client: Client, template: Template, candidate: Candidate, prices: Prices) -> Made:
    """Ask for one candidate."""
    request, shape = request_of(template, candidate), shape_of(template)
    if shape is not None:
        asked = await ask(client, request, shape)
        call = _call(asked.responses, request.model, prices)
        if isinstance(asked, NoAnswer):
            return Made(candidate, None, call, asked.code, asked.message, asked.failure)
        return _made(candidate, asked.value.model_dump(by_alias=True), call)
    reply = await client.complete(request)
    if isinstance(reply, Failure):
        code = "refused" if reply.kind == "refused" else "failed"
        return Made(candidate, None, _call((), request.model, prices), code, reply.message, reply)
    call = _call((reply,), request.model, prices)
    if reply.stop_reason == "refusal":
        return Made(candidate, None, call, "refused", "stop reason: refusal")
    if reply.stop_reason == "length":
        return Made(candidate, None, call, "truncated", "it reached max_tokens")
    return _made(candidate, {OUTPUT: reply.text.strip()}, call)


def _made(candidate: Candidate, answer: Mapping[str, str], call: Call) -> Made:
    empty = next((name for name, text in answer.items() if not text.strip()), None)
    if empty is not None:
        return Made(candidate, None, call, EMPTY, "" if empty == OUTPUT else f"the field {empty}")
    return Made(candidate, answer, call)


def _call(responses: Sequence[Response], model: str, prices: Prices) -> Call:
    """What the responses took together; identity and time are those of the last."""
    if not responses:
        return Call(model, None, None, None, None, None, 0)
    taken = [one.input_tokens for one in responses]
    given = [one.output_tokens for one in responses]
    known = [n for n in (*taken, *given) if n is not None]
    price = prices.find(model)
    cost = None
    if price is not None and len(known) == 2 * len(responses):
        cost = sum((price.cost(a or 0, b or 0) for a, b in zip(taken, given, strict=True)), Decimal(0))
    last = responses[-1]
    return Call(
        last.model, last.request_id, _sum(taken), _sum(given), cost, last.created, len(responses),
        sum(not one.cached for one in responses),
    )  # fmt: skip


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [n for n in counts if n is not None]
    return sum(known) if len(known) == len(counts) else None


async def ask_all(
    clients: Mapping[str, Client],
    template: Template,
    candidates: Sequence[Candidate],
    prices: Prices,
    tell: Callable[[Made], None],
    at_once: int,
) -> list[Made]:
    """Ask for all, `at_once` under way at most, and give them in the order of `candidates`.

    One whose call failed for a passing reason is asked for again when the others are done, twice at most. After a
    failure that every other call would meet too (a wrong key, a spent budget) no further one is begun; what is under
    way ends, and those that were not asked are not among the answers. `clients`: by PROVIDER/MODEL.
    """
    made: dict[int, Made] = {}
    stopped = False

    async def work(waiting: Iterator[int], last: bool) -> None:
        nonlocal stopped
        for at in waiting:
            one = made[at] = await ask_one(clients[candidates[at].model], template, candidates[at], prices)
            stopped |= one.failure is not None and one.failure.fatal
            if last or not passing(one):
                tell(one)
            if stopped:
                return

    left = list(range(len(candidates)))
    for again in range(1 + _AGAIN):
        if stopped or not left:
            break
        waiting = iter(left)
        await _together([work(waiting, again == _AGAIN) for _ in range(min(at_once, len(left)))])
        left = [at for at in left if at in made and passing(made[at])]
    return [made[at] for at in sorted(made)]


def passing(made: Made) -> bool:
    """Whether it failed for a reason that may pass."""
    return made.failure is not None and made.failure.retryable


async def _together(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run all to their end; an exception of one ends the others, and is raised as it is."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
