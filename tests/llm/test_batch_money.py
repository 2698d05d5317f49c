"""What batches cost, and that no budget is crossed."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import NotFound
from assay.llm.batches import BatchState, Undecided
from assay.llm.batching import Batching, Polling
from assay.llm.budget import Budget, estimate, most_input_tokens, worst_cost
from assay.llm.cache import MemoryAnswers, request_key
from assay.llm.calling import World
from assay.llm.client import Failure
from assay.llm.filling import fill
from assay.llm.pending import PendingBatches
from assay.llm.prices import Price, list_prices
from assay.store.memory import MemoryStorage
from assay.testing.llm_server import LlmServer
from tests.llm.fakes import request, response, run

pytest.importorskip("anthropic")
pytest.importorskip("openai")
from tests.llm.batch_place import BOTH, DOWN, LIMITED, PRICES, Place, prompts


@BOTH
def test_a_budget_holds_and_what_does_not_fit_is_left_out(api):
    asked = prompts(6)
    each = [worst_cost(one, PRICES.in_batches()) for one in asked]
    assert each[0] == worst_cost(asked[0], PRICES) / 2
    with LlmServer() as server:
        place = Place(api, server, requests=2)
        filled = place.fill(asked, limit=sum(each[:3]))
        assert filled.came == 3 and filled.left_out == tuple(
            request_key(one, place.scope) for one in asked[3:]
        )
        assert 0 < place.budget.spent == filled.spent < sum(each[:3])
        assert place.fill(asked, limit=Decimal(0)).left_out and place.end_every_batch() == 2
        with pytest.raises(NotFound, match="unheard-of"):
            place.fill([request(model="unheard-of")], limit=Decimal(1))
        free = place.fill([request(model="unheard-of")])
        assert free.came == 1 and free.spent == 0


def test_batches_cost_what_the_table_says_they_do():
    price = Price.model_validate(
        {
            "input": 4,
            "output": 8,
            "batch": 0.25,
            "long": {"above": 10, "input": 40, "output": 80},
            "up_to": 99,
        }
    )
    cheap = price.in_batches()
    assert (cheap.cost(1, 1), cheap.cost(11, 1), cheap.up_to) == (
        price.cost(1, 1) / 4,
        price.cost(11, 1) / 4,
        99,
    )
    plain = Price(input=Decimal(4), output=Decimal(8))
    assert plain.in_batches() == plain
    prices = list_prices()
    assert {one.batch for one in prices.models.values()} == {Decimal("0.5")}
    asked = [request(str(at), model="claude-sonnet-5") for at in range(3)]
    whole, half = estimate(asked, prices, 50), estimate(asked, prices, 50, batch=True)
    assert (half.likely, half.worst) == (whole.likely / 2, whole.worst / 2) and half.calls == whole.calls == 3


def test_a_budget_may_owe_more_than_it_has():
    budget = Budget(Decimal(1))
    budget.owe(Decimal(3))
    assert budget.left == -2 and not asyncio.run(asyncio.wait_for(budget.hold(Decimal(2)), 1))
    budget.settle(Decimal(3), Decimal("0.5"))
    assert budget.left == Decimal("0.5") and Budget(None).left is None


class Whims:
    """A provider in memory that does what it likes, and knows what it charged."""

    def __init__(self, random) -> None:
        self.random, self.made, self.fates, self.charged = random, {}, {}, Decimal(0)

    def _mood(self, *moods):
        return self.random.choice([None, None, *moods])

    async def newest(self):
        return self._mood(DOWN, LIMITED) or ""

    async def submit(self, token, requests):
        mood = self._mood(DOWN, LIMITED)
        if mood is LIMITED or (mood and self.random.random() < 0.5):
            return mood
        self.made[token] = dict(requests)
        return mood or token

    async def find(self, token, requests, since, others):
        return self._mood(DOWN, Undecided("?", later=True), Undecided("?", later=False)) or (
            token if token in self.made else None
        )

    async def state(self, batch):
        if mood := self._mood(DOWN, BatchState("running", 1, 0)):
            return mood
        fate = self.fates.setdefault(batch, self.random.choice(["ended", "ended", "failed", "gone"]))
        if fate == "gone":
            for asked in self.made[batch].values():
                self._charge(asked)
        return BatchState(fate, 1, 1)

    async def results(self, batch, keep):
        open_ = self.made[batch]
        for name in self.random.sample(sorted(open_), len(open_)):
            if self.random.random() < 0.1:
                return DOWN
            asked = open_.pop(name)
            kind = self._mood("server", "malformed")
            await keep(name, Failure(kind, "no") if kind else response(tokens=self._charge(asked)))
            if kind == "malformed":
                self._charge(asked)
        return None

    async def cancel(self, batch):
        return None

    def _charge(self, asked):
        used = self.random.randint(0, most_input_tokens(asked)), self.random.randint(0, asked.max_tokens)
        self.charged += PRICES.of("m").in_batches().cost(*used)
        return self.random.choice([used, (None, None)])


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 10**6), st.decimals(0, "0.02", places=5), st.integers(1, 12), st.integers(1, 6))
def test_no_budget_is_crossed_and_every_request_has_a_fate(seed, limit, count, requests):
    whims = Whims(Random(seed))
    budget, answers, passed = Budget(limit), MemoryAnswers(), [0.0]
    pending = PendingBatches(MemoryStorage())

    async def sleep(seconds):
        passed[0] += seconds

    asked = [request("问" * (at + 1), 30 + at) for at in range(count)]
    world = World(lambda: passed[0], sleep, whims.random)
    polling = Polling(requests=requests, longest=600.0, faults=4)
    batching = Batching(whims, answers, "here", pending, budget, PRICES, world, polling)
    filled = run(lambda: fill(asked, batching))
    assert whims.charged <= budget.spent == filled.spent <= limit and budget.held == 0
    known = {key for pending in pending.of("here") for key, _ in pending.requests}
    fates = [set(answers.held), set(filled.failures), set(filled.left_out), known - set(answers.held)]
    assert set().union(*fates) == {request_key(one, "here") for one in asked}
    assert filled.came == len(answers.held) and bool(known) == bool(filled.waiting)
