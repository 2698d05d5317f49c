"""Calls are paced, made again where that helps, and given up in time."""

import asyncio
from decimal import Decimal
from random import Random

import pytest

from assay.errors import UsageError
from assay.llm.budget import Budget
from assay.llm.calling import Terms, calling
from assay.llm.client import Failure, Message, Request, Response
from assay.llm.pace import Pace, Paced, Timed
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


def test_retry_after_is_kept_to_by_the_call_and_by_all_that_have_not_started():
    starts = []

    async def main():
        clock = asyncio.get_running_loop().time

        def rule(asked):
            starts.append(clock())
            return Failure("rate_limited", "HTTP 429", retry_after=30.0) if len(starts) == 1 else response()

        client = Retrying(
            Paced(Ruled(rule), Pace(clock, asyncio.sleep, start=1)), Patience(), Random(1), asyncio.sleep
        )
        await asyncio.gather(*(client.complete(request(str(n))) for n in range(4)))

    run(main)
    assert starts[0] == 0 and all(start >= 30 for start in starts[1:]) and len(starts) == 5


def test_calls_at_once_are_bounded_and_grow_to_the_bound():
    inner = Ruled(lambda _: response())

    async def main():
        pace = Pace(asyncio.get_running_loop().time, asyncio.sleep, start=2, most=8)
        client = Paced(inner, pace)
        await asyncio.gather(*(client.complete(request(str(n))) for n in range(200)))
        return pace.limit

    assert run(main) == 8 and inner.most_running == 8


def test_one_round_of_refusals_cuts_the_limit_once():
    async def main():
        clock = asyncio.get_running_loop().time
        pace = Pace(clock, asyncio.sleep, start=10, most=64)
        client = Paced(Ruled(lambda _: Failure("rate_limited", "HTTP 429")), pace)
        await asyncio.gather(*(client.complete(request(str(n))) for n in range(10)))
        return pace.limit

    assert run(main) == 8.5


def test_a_call_that_is_cancelled_leaves_its_slot():
    async def main():
        client = Paced(
            Ruled(lambda _: response()), Pace(asyncio.get_running_loop().time, asyncio.sleep, start=1)
        )
        calls = [asyncio.ensure_future(client.complete(request(str(n)))) for n in range(6)]
        await asyncio.sleep(0.5)
        for call in calls[:4]:
            call.cancel()
        return await asyncio.gather(*calls, return_exceptions=True)

    ended = run(main)
    assert [isinstance(one, asyncio.CancelledError) for one in ended] == [True] * 4 + [False] * 2
    assert ended[4:] == [response()] * 2


def test_a_call_that_hangs_is_given_up():
    async def main():
        return await Timed(Ruled(lambda _: response(), delay=1e9), 5.0).complete(request())

    assert run(main) == Failure("timeout", "no answer within 5 seconds")


class Bucket:
    """A server's rate limit: `rate` calls a second, `burst` at once."""

    def __init__(self, rate, burst, told):
        self.rate, self.burst, self.told = rate, burst, told
        self.tokens, self.at, self.served = float(burst), 0.0, 0

    def __call__(self, _):
        now = asyncio.get_running_loop().time()
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens >= 1:
            self.tokens -= 1
            self.served += 1
            return response()
        wait = (1 - self.tokens) / self.rate if self.told else None
        return Failure("rate_limited", "HTTP 429", retry_after=wait)


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize(("rate", "delay"), [(20, 1.0), (50, 0.5), (5, 2.0)])
def test_throughput_is_near_what_the_server_allows(rate, delay, told):
    """In time that is reckoned and not measured: at least 90 per cent of the server's rate, over 3,000 calls."""
    bucket = Bucket(rate, rate, told)
    inner = Ruled(bucket, delay)

    async def main():
        client = calling(inner, MemoryAnswers(), "", Budget(None), PRICES, Terms(), world())
        replies = await asyncio.gather(*(client.complete(request(str(n))) for n in range(3_000)))
        assert all(isinstance(reply, Response) for reply in replies)
        return asyncio.get_running_loop().time()

    took = run(main)
    assert 3_000 / took >= 0.9 * rate, (3_000 / took, inner.calls)


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
