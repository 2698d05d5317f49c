"""A run of `fill` against the made-up provider, through either SDK, in time that costs none, which may be killed."""

from __future__ import annotations

import asyncio
import contextlib
from decimal import Decimal
from random import Random

import pytest

from assay.llm.anthropic import AnthropicClient
from assay.llm.anthropic_batches import AnthropicBatches
from assay.llm.batching import Batching, Polling
from assay.llm.budget import Budget
from assay.llm.cache import MemoryAnswers, Remembering
from assay.llm.calling import World
from assay.llm.client import Failure
from assay.llm.filling import fill
from assay.llm.openai_batches import OpenAIBatches
from assay.llm.openai_compatible import OpenAICompatibleClient
from assay.llm.pending import PendingBatches
from assay.llm.prices import Price, Prices
from assay.store.memory import MemoryStorage
from tests.llm.fakes import NOW, request

KEY = "sk-test-" + "q7" * 20
SCHEMA = {
    "type": "object",
    "properties": {"why": {"type": "string"}, "score": {"type": "integer", "enum": [1, 2, 3, 4, 5]}},
    "required": ["why", "score"],
    "additionalProperties": False,
}
PRICES = Prices(
    "2026-11-21",
    {name: Price(input=Decimal(2), output=Decimal(10), batch=Decimal("0.5")) for name in ("m", "n")},
)


class Killed(BaseException):
    """The process ends here."""


class Mortal:
    """Whatever it stands before: the `at`-th step, which is the begin or the end of a call, is the last."""

    def __init__(self, at: int | None) -> None:
        self.at, self.steps = at, 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise Killed

    def around(self, inner, names):
        return _Around(inner, names, self)


class _Around:
    def __init__(self, inner, names, mortal) -> None:
        self._inner, self._names, self._mortal = inner, names, mortal

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if name not in self._names:
            return found

        async def later(*given):
            self._mortal.step()
            came = await found(*given)
            self._mortal.step()
            return came

        def now(*given):
            self._mortal.step()
            came = found(*given)
            self._mortal.step()
            return came

        return later if asyncio.iscoroutinefunction(found) else now


class Place:
    """What outlives a run: answers and pending batches."""

    def __init__(self, api: str, server, **polling) -> None:
        self.api, self.server, self.polling = api, server, Polling(**polling)
        self.answers, self.storage = MemoryAnswers(), MemoryStorage()
        self.pending = PendingBatches(self.storage)
        self.budget = Budget(None)
        self.told: list = []

    @property
    def scope(self) -> str:
        return self.server.url if self.api == "anthropic" else self.server.openai_url

    @contextlib.asynccontextmanager
    async def adapter(self):
        kind = AnthropicClient if self.api == "anthropic" else OpenAICompatibleClient
        async with kind(KEY, lambda: NOW, address=self.scope) as adapter:
            yield adapter

    @contextlib.asynccontextmanager
    async def batcher(self):
        async with self.adapter() as adapter:
            yield (AnthropicBatches if self.api == "anthropic" else OpenAIBatches)(adapter)

    def fill(self, requests, kill_at: int | None = None, limit: Decimal | None = None, wrap=lambda one: one):
        """One run. Returns what `fill` does; `self.mortal.steps` says how many steps it had."""
        mortal = self.mortal = Mortal(kill_at)
        self.budget, passed = Budget(limit), [0.0]

        async def sleep(seconds):
            mortal.step()
            passed[0] += seconds
            await asyncio.sleep(0)

        async def main():
            async with self.batcher() as batcher:
                calls = ("newest", "submit", "find", "state", "results")
                batching = Batching(
                    mortal.around(wrap(batcher), calls),
                    mortal.around(self.answers, ("put",)),
                    self.scope,
                    PendingBatches(mortal.around(self.storage, ("put", "delete"))),
                    self.budget,
                    PRICES,
                    World(lambda: passed[0], sleep, Random(0)),
                    self.polling,
                    lambda batch, state: self.told.append((batch, state)),
                )
                return await fill(requests, batching)

        return asyncio.run(main())

    def ask(self, *requests):
        """What the ordinary path says to each request."""

        async def main():
            async with self.adapter() as adapter:
                client = Remembering(adapter, self.answers, self.scope)
                return [await client.complete(one) for one in requests]

        return asyncio.run(main())

    def end_every_batch(self, polls: int = 4) -> int:
        """Let the provider answer all batches that it was ever sent; how many there are."""

        async def main():
            async with self.adapter() as adapter:
                of = adapter._client.messages.batches if self.api == "anthropic" else adapter._client.batches
                every = [batch.id async for batch in of.list()]
                for batch in every:
                    for _ in range(polls):
                        await of.retrieve(batch)
                return len(every)

        return asyncio.run(main())

    @property
    def left(self):
        return list(self.pending.of(self.scope))


def prompts(count: int, **more):
    return [request(f"请给第 {at} 条打分。", 500, schema=SCHEMA, **more) for at in range(count)]


BOTH = pytest.mark.parametrize("api", ["anthropic", "openai"])
POSTS = {"anthropic": "/v1/messages", "openai": "/v1/chat/completions"}


def calls(server, api):
    """The ordinary calls that were made."""
    return [one for one in server.exchanges if one.path == POSTS[api] and not one.batch]


def place_cost(replies):
    price = PRICES.of("m").in_batches()
    return sum(price.cost(one.input_tokens, one.output_tokens) for one in replies)


class Wrapped:
    """A batch client some of whose methods say something else."""

    def __init__(self, inner, **instead):
        self._inner = inner
        for name, one in instead.items():
            setattr(self, name, one)

    def __getattr__(self, name):
        return getattr(self._inner, name)


UNNOTED = 6
"""The step after which a batch is made and its id not known: two of `newest`, of the intent and of `submit` each."""


def saying(**instead):
    """A wrap whose methods say each of a list of things once, and then what they always say."""

    def wrap(batcher):
        def method(name, said):
            async def one(*given):
                return said.pop(0) if said else await getattr(batcher, name)(*given)

            return one

        return Wrapped(batcher, **{name: method(name, list(said)) for name, said in instead.items()})

    return wrap


LIMITED = Failure("rate_limited", "HTTP 429", 90.0, 429)
DOWN = Failure("connection", "the connection failed")
DENIED = Failure("unauthorized", "HTTP 401", status=401)
