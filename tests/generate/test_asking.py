"""Asking: what a candidate's call comes to, what it costs, and what stops all of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from assay.errors import StorageFailure
from assay.generate.asking import CODES, Made, ask_all, ask_one, request_of
from assay.generate.planning import Plan
from assay.generate.quotas import quotas
from assay.generate.template import Template
from assay.llm.client import Failure, Reply, Request, Response
from assay.llm.prices import Price, Prices

PRICES = Prices("2026-11-01", {"m": Price(input=Decimal(1), output=Decimal(2))})
PLAIN = Template.of(
    {"id": "p", "user": "Write {{k}}.", "variables": {"k": {"values": [str(k) for k in range(9)]}}}
)
FIELDS = Template.of({
    "id": "f", "user": "Write.", "fields": {"问题": "what is asked", "json": ""},
    "example": [{"role": "user", "content": "{{问题}}"}, {"role": "assistant", "content": "{{json}}"}],
})  # fmt: skip


def said(text: str, stop: str = "end", *, tokens: int | None = 10, cached: bool = False) -> Response:
    return Response(text, "m-2026", "req-1", tokens, tokens, stop, "2026-11-01T00:00:00Z", cached)


@dataclass
class Fake:
    """Answers by a function of the request and of how many came before."""

    answer: Callable[[Request, int], Reply]
    asked: list[Request] = field(default_factory=list)

    async def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        number = len(self.asked)
        await asyncio.sleep(0)
        return self.answer(request, number)


def plan(template: Template, n: int = 1) -> Plan:
    return Plan(template, quotas(n, {}), ("lab/m",), 0)


def one(template: Template, *replies: Reply) -> tuple[Made, Fake]:
    fake = Fake(lambda _, n: replies[n - 1])
    return asyncio.run(ask_one(fake, template, plan(template).candidate((), 0), PRICES)), fake


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (said("I will not", "refusal"), "refused"),
        (said("half a", "length"), "truncated"),
        (said(" \n "), "empty"),
        (Failure("refused", "HTTP 400"), "refused"),
        (Failure("bad_request", "HTTP 400"), "failed"),
    ],
)
def test_no_answer_has_a_code_and_what_was_paid(reply: Reply, code: str) -> None:
    made, _ = one(PLAIN, reply)
    assert (made.answer, made.code) == (None, code) and code in CODES
    paid = isinstance(reply, Response)
    assert made.call.price == (Decimal("0.00003") if paid else None) and made.call.requests == paid


def test_a_plain_answer_is_its_text() -> None:
    made, fake = one(PLAIN, said(" 好 \n"))
    assert made.answer == {"output": "好"} and made.code is None
    assert (made.call.model, made.call.request_id, made.call.paid) == ("m-2026", "req-1", 1)
    assert fake.asked == [request_of(PLAIN, plan(PLAIN).candidate((), 0))]


def test_fields_are_asked_for_by_schema_and_in_words_and_mended_once() -> None:
    made, fake = one(FIELDS, said("no JSON"), said('{"问题": "几点？", "json": "九点"}', cached=True))
    assert made.answer == {"问题": "几点？", "json": "九点"}
    first = fake.asked[0]
    assert (
        list(first.schema["properties"]) == ["问题", "json"] and first.schema["additionalProperties"] is False
    )
    assert first.schema["properties"]["问题"]["description"] == "what is asked"
    assert '- "问题": what is asked\n- "json"' in first.messages[-1].content
    assert (made.call.requests, made.call.paid) == (2, 1)
    assert (made.call.input_tokens, made.call.price) == (20, Decimal("0.00006"))
    wrong, _ = one(FIELDS, said('{"问题": 3}'), said('{"问题": "x", "json": "y", "more": 1}'))
    assert wrong.code == "invalid" and wrong.call.requests == 2
    empty, _ = one(FIELDS, said('{"问题": "x", "json": " "}'))
    assert (empty.code, empty.message) == ("empty", "the field json")


def test_tokens_that_a_server_does_not_say_have_no_price() -> None:
    made, _ = one(PLAIN, said("x", tokens=None))
    assert (made.call.input_tokens, made.call.price) == (None, None) and made.answer


def everybody(fake: Fake, n: int, at_once: int = 4) -> tuple[list[Made], list[Made]]:
    candidates = [plan(PLAIN, n).candidate((), k) for k in range(n)]
    told: list[Made] = []
    made = asyncio.run(ask_all({"lab/m": fake}, PLAIN, candidates, PRICES, told.append, at_once))
    return made, told


def test_what_failed_for_a_passing_reason_is_asked_again_and_order_is_kept() -> None:
    times: Counter[int] = Counter()

    def answer(request: Request, _: int) -> Reply:
        times[request.draw] += 1
        if request.draw % 3 == 0 and times[request.draw] <= request.draw // 3:
            return Failure("overloaded", "HTTP 503")
        return said(f"text {request.draw}")

    made, told = everybody(Fake(answer), 12)
    assert [one.candidate.number for one in made] == list(range(12)) and len(told) == 12
    assert times[3] == 2 and times[6] == 3 and times[9] == 3 and times[1] == 1
    assert made[9].code == "failed" and made[6].answer == {"output": "text 6"}


@pytest.mark.parametrize("kind", ["unauthorized", "budget", "not_found"])
def test_a_failure_that_all_share_stops_the_rest(kind: str) -> None:
    fake = Fake(lambda _, n: Failure(kind, "no") if n == 6 else said("x"))
    made, _ = everybody(fake, 100)
    assert 6 <= len(fake.asked) <= 6 + 4 and len(made) == len(fake.asked)


def test_a_full_disk_is_raised_as_it_is() -> None:
    def answer(_: Request, n: int) -> Reply:
        if n == 3:
            raise StorageFailure("the disk is full", "make room")
        return said("x")

    with pytest.raises(StorageFailure, match="full"):
        everybody(Fake(answer), 20)
