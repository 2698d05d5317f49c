"""Judges through the official SDKs, against a made-up provider that fails in many ways."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import Counter
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from assay.judge.judge import Judge, JudgedSome, judge_many
from assay.kernels.steering import Fence
from assay.llm.answers import CODES
from assay.llm.budget import Budget
from assay.llm.cache import Answers, MemoryAnswers
from assay.llm.calling import Terms, World, calling
from assay.llm.prices import Price, Prices
from assay.llm.retry import Patience
from assay.testing.llm_call import Call
from assay.testing.llm_faults import SeededFaults
from assay.testing.llm_server import LlmServer
from tests.judge.asking import NOW, PREFERENCE, QUALITY, chat, pair, verdict

pytest.importorskip("anthropic")
pytest.importorskip("openai")
from assay.llm.anthropic import AnthropicClient
from assay.llm.openai_compatible import OpenAICompatibleClient

APIS = pytest.mark.parametrize("api", ["anthropic", "openai"])
PRICES = Prices("2026-11-21", {"made-up": Price(input=Decimal(1), output=Decimal(2))})


def fence(example_id: bytes) -> Fence:
    return Fence(hashlib.sha256(b"salt" + example_id).hexdigest()[:32])


def judged(
    api: str,
    server: LlmServer,
    judge: Judge,
    payloads: list[dict[str, Any]],
    answers: Answers,
    budget: Budget,
) -> JudgedSome:
    async def main() -> JudgedSome:
        make, url = (
            (AnthropicClient, server.url)
            if api == "anthropic"
            else (OpenAICompatibleClient, server.openai_url)
        )
        world = World(time.monotonic, asyncio.sleep, Random(1))
        terms = Terms(most=8, timeout=10.0, patience=Patience(attempts=8, first=0.001, most=0.01))
        async with make("sk-any", lambda: NOW, address=url) as adapter:
            client = calling(adapter, answers, adapter.address, budget, PRICES, terms, world)
            items = ((hashlib.sha256(b"%d" % k).digest(), payload) for k, payload in enumerate(payloads))
            return await judge_many(client, judge, items, fence, PRICES, 8)

    return asyncio.run(main())


@APIS
def test_scores_through_faults_and_none_paid_for_twice(api: str) -> None:
    kinds = (
        "server_error",
        "fenced",
        "prose",
        "twice",
        "out_of_range",
        "missing_field",
        "truncated_json",
        "refusal",
        "cut",
    )
    faults = SeededFaults(dict.fromkeys(kinds, 0.05), seed=5)
    payloads = [chat(f"答案 {k}", f"Question {k}?") for k in range(60)]
    judge, answers, budget = Judge(QUALITY, "provider/made-up"), MemoryAnswers(), Budget(None)
    with LlmServer(faults=faults) as server:
        first = judged(api, server, judge, payloads, answers, budget)
        calls = len(server.exchanges)
        again = judged(api, server, judge, payloads, answers, budget)
        assert len(server.exchanges) == calls, "a second run finds every answer"
        assert not server.paid_twice()
    assert first == again and first.stopped is None and len(first.judgements) == 60
    ends = Counter(one.outcome for one in first.judgements)
    assert set(ends) <= {"scored", *CODES} and 60 > ends["scored"] >= 45
    assert all(1 <= value <= 5 for one in first.judgements for value in one.scores.values())
    assert any(one.mended for one in first.judgements)
    assert sum((one.price or Decimal(0)) for one in first.judgements) <= budget.spent


@APIS
def test_pairs_and_the_place(api: str) -> None:
    def answer(call: Call) -> dict[str, str]:
        body = call.prompt.split("<<first answer ")[1].split(">>\n")[1]
        if body.startswith("same"):
            return {"reasoning": "Both are one text.", "better": "first"}
        return {"reasoning": "更好。", "better": "first" if body.startswith("good") else "second"}

    payloads = [pair("good", "bad"), pair("bad", "good"), pair("same", "same")]
    with LlmServer(answer) as server:
        made = judged(api, server, Judge(PREFERENCE, "p/made-up"), payloads, MemoryAnswers(), Budget(None))
        assert len(server.exchanges) == 5, "two answers that are equal make one request of both orders"
    assert [one.scores["preference"] for one in made.judgements] == [1.0, 0.0, 0.5]


@APIS
def test_a_wrong_key_and_a_spent_budget_stop_the_run(api: str) -> None:
    judge, payloads = Judge(QUALITY, "p/made-up"), [chat(str(k)) for k in range(40)]
    with LlmServer(key="another") as server:
        made = judged(api, server, judge, payloads, MemoryAnswers(), Budget(None))
        assert len(server.exchanges) <= 8
    assert made.judgements == () and made.stopped is not None and made.stopped.kind == "unauthorized"
    with LlmServer(lambda _: verdict(4)) as server:
        budget = Budget(Decimal("0.1"))
        made = judged(api, server, judge, payloads, MemoryAnswers(), budget)
        assert made.stopped is not None and made.stopped.kind == "budget" and budget.spent <= Decimal("0.1")
        assert 0 < len(made.judgements) == len(server.exchanges) < 40, "what was paid for is judged"


@APIS
def test_a_server_is_told_the_schema(api: str) -> None:
    seen: list[Call] = []

    def answer(call: Call) -> str:
        seen.append(call)
        return json.dumps(verdict(3))

    with LlmServer(answer) as server:
        judged(
            api,
            server,
            Judge(QUALITY, "p/made-up", {"temperature": None}),
            [chat()],
            MemoryAnswers(),
            Budget(None),
        )
    (call,) = seen
    assert call.schema is not None and list(call.schema["properties"]) == list(verdict())
    assert "temperature" not in call.body
