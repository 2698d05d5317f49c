"""A judge in memory: examples, verdicts, and a client that answers by a rule."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from assay.judge.judge import Judge, JudgedSome, judge_many, judge_one
from assay.judge.judgement import Judgement
from assay.judge.rubric import Rubric, builtin_rubric
from assay.kernels.steering import Fence
from assay.llm.client import Reply, Request, Response
from assay.llm.prices import Price, Prices

NOW = "2026-11-21T00:00:00Z"
FENCE = Fence("0123456789abcdef" * 2)
PRICES = Prices("2026-11-21", {"m": Price(input=Decimal(2), output=Decimal(10))})
QUALITY, PREFERENCE = builtin_rubric("quality"), builtin_rubric("preference")
SCORES = Judge(QUALITY, "test/m")
PAIRS = Judge(PREFERENCE, "test/m")
ID = bytes(32)


def chat(answer: str = "可以。", question: str = "能退货吗？") -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def pair(chosen: str = "yes", rejected: str = "no", prompt: str = "Can I?") -> dict[str, Any]:
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected}


def verdict(score: int = 2, reasoning: str = "The second step is missing.", **more: Any) -> dict[str, Any]:
    """A verdict under the rubric `quality`: every score is `score`."""
    names = (*QUALITY.dimensions, "overall", "difficulty")
    told = {"reasoning": reasoning} | dict.fromkeys(names, score)
    return told | {"exclude": False, "exclude_reason": "none"} | more


def spelled(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def response(text: str, stop: str = "end", tokens: tuple[int | None, int | None] = (100, 10)) -> Response:
    return Response(text, "m-served", f"req_{len(text)}", *tokens, stop, NOW)


class Answering:
    """Answers by a rule; what the rule gives as text becomes a response."""

    def __init__(self, rule: Callable[[Request], Reply | str]) -> None:
        self.rule = rule
        self.requests: list[Request] = []
        self.running = self.most_running = 0

    async def complete(self, request: Request) -> Reply:
        self.requests.append(request)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(0)
            said = self.rule(request)
            return response(said) if isinstance(said, str) else said
        finally:
            self.running -= 1


def saying(*replies: Reply | str) -> Answering:
    """Gives these in turn."""
    left = list(replies)
    return Answering(lambda _: left.pop(0))


def judged(
    client: Answering, payload: dict[str, Any], judge: Judge = SCORES, prices: Prices = PRICES
) -> Judgement:
    return asyncio.run(judge_one(client, judge, ID, payload, FENCE, prices))


def all_judged(
    client: Answering, payloads: list[dict[str, Any]], judge: Judge = SCORES, at_once: int = 4, **more: Any
) -> JudgedSome:
    items = ((k.to_bytes(32, "big"), payload) for k, payload in enumerate(payloads))
    return asyncio.run(judge_many(client, judge, items, lambda _: FENCE, PRICES, at_once, **more))


def rubric(**changes: Any) -> Rubric:
    told = {
        "id": "short",
        "instructions": "Judge the answer.",
        "dimensions": {
            "truth": {"description": "Is it true?"},
            "style": {"description": "How does it read?", "weight": 3},
        },
    }
    return Rubric.of(told | changes)
