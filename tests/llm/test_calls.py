"""Calls are paced, made again where that helps, and given up in time."""

import asyncio
from decimal import Decimal
from random import Random

import pytest

from assay.errors import UsageError
from assay.llm.budget import Budget
from assay.llm.calling import Terms, calling
from assay.llm.client import Failure, Message, Request, Response
from assay.llm.pace import Timed
from assay.llm.retry import Patience, Retrying
from tests.llm.fakes import PRICES, MemoryAnswers, Ruled, Scripted, request, response, run, world


@pytest.mark.parametrize(
    "fault", ["params", "no limit", "bool", "no turn", "late system", "half a character", "not a number"]
)
def test_a_request_that_cannot_be_answered_for_is_refused(fault):
    user = Message("user", "hi")
    made = {
        "params": lambda: Request("m", (user,), {"max_tokens": 5, "n": 3}),
        "no limit": lambda: Request("m", (user,), {}),
        "bool": lambda: Request("m", (user,), {"max_tokens": True}),
        "no turn": lambda: Request("m", (Message("system", "be kind"),), {"max_tokens": 5}),
        "late system": lambda: Request("m", (user, Message("system", "be kind")), {"max_tokens": 5}),
        "half a character": lambda: request("\ud800"),
        "not a number": lambda: request(params={"temperature": float("nan")}),
    }
    with pytest.raises(UsageError) as caught:
        made[fault]()
    assert caught.value.hint


def retrying(inner, slept, **patience):
    async def sleep(seconds):
        slept.append(seconds)
        await asyncio.sleep(seconds)

    return Retrying(inner, Patience(**patience), Random(3), sleep)


@pytest.mark.parametrize("kind", ["rate_limited", "overloaded", "server", "connection", "timeout"])
def test_what_may_pass_is_tried_again_and_later_each_time(kind):
    slept = []
    inner = Scripted(*[Failure(kind, "no")] * 5, response())

    async def main():
        return await retrying(inner, slept).complete(request())

    assert run(main) == response()
    assert len(slept) == 5
    assert all(0 <= wait <= 0.5 * 2**n for n, wait in enumerate(slept)) and len(set(slept)) == 5


@pytest.mark.parametrize(
    "kind", ["bad_request", "unauthorized", "not_found", "refused", "malformed", "budget"]
)
def test_what_will_not_pass_is_not_tried_again(kind):
    async def main():
        return await retrying(Scripted(Failure(kind, "no")), []).complete(request())

    assert run(main) == Failure(kind, "no")


def test_attempts_have_an_end_and_the_failure_says_so():
    async def main():
        return await retrying(Scripted(*[Failure("server", "HTTP 500")] * 3), [], attempts=3).complete(
            request()
        )

    assert run(main).message == "HTTP 500 · tried 3 times"


def test_a_rate_limit_is_no_fault_but_has_an_end_in_time():
    inner = Scripted(*[Failure("rate_limited", "HTTP 429", retry_after=10.0)] * 40)

    async def main():
        reply = await retrying(inner, [], attempts=2, longest=100.0).complete(request())
        return reply, asyncio.get_running_loop().time()

    reply, took = run(main)
    assert reply.kind == "rate_limited" and took <= 100
    assert len(inner.requests) > 2


def test_where_a_rate_limit_says_when_the_wait_beyond_it_does_not_grow():
    slept = []
    inner = Scripted(*[Failure("rate_limited", "HTTP 429", retry_after=2.0)] * 9, response())

    async def main():
        return await retrying(inner, slept).complete(request())

    assert run(main) == response()
    assert len(slept) == 9 and all(2 <= wait <= 2.5 for wait in slept)


def test_a_call_that_hangs_is_given_up():
    async def main():
        return await Timed(Ruled(lambda _: response(), delay=1e9), 5.0).complete(request())

    assert run(main) == Failure("timeout", "no answer within 5 seconds")


def test_a_storm_of_faults_ends_with_an_outcome_for_every_call_and_none_paid_twice():
    """Every fault at once; MemoryAnswers refuses to keep an answer twice, and the script pays only where it answers."""
    random, paid = Random(5), []

    def rule(asked):
        fault = random.random()
        if fault < 0.3:
            kinds = ["rate_limited", "overloaded", "server", "connection", "bad_request"]
            return Failure(random.choice(kinds), "no", retry_after=random.choice([None, 0.2]))
        paid.append(asked)
        return response()

    async def main():
        budget = Budget(Decimal(100))
        client = calling(Ruled(rule, 0.3), MemoryAnswers(), "", budget, PRICES, Terms(timeout=2), world())
        asked = [request(str(n % 500)) for n in range(1_000)]
        return await asyncio.gather(*(client.complete(one) for one in asked)), budget

    replies, budget = run(main)
    assert len(replies) == 1_000 and all(isinstance(reply, (Response, Failure)) for reply in replies)
    keys = [asked.messages[0].content for asked in paid]
    assert len(keys) == len(set(keys))
    assert budget.held == 0 and 0 < budget.spent <= 100
