"""Calls start as fast as the server lets them, and step back together when it answers no more. In reckoned time."""

import asyncio
import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.llm.budget import Budget
from assay.llm.calling import Terms, calling
from assay.llm.client import Failure, Response
from assay.llm.pace import Pace, Paced, Start
from assay.llm.retry import Patience, Retrying
from tests.llm.fakes import PRICES, MemoryAnswers, Ruled, request, response, run, world

LIMITED = Failure("rate_limited", "HTTP 429")


def now():
    return asyncio.get_running_loop().time()


def pace(**more):
    return Pace(asyncio.get_running_loop().time, asyncio.sleep, **more)


class Server:
    """A token bucket: `rate` calls a second, `burst` at once. It refuses within 20 ms and answers after `latency`.

    `told`: Retry-After in whole seconds, as providers have it. Of what it lets through, `faults` go wrong by a seed:
    two kinds of 429, 529, 500, a lost connection, or silence until the client gives up.
    """

    def __init__(self, rate, burst, latency, told, faults=0.0):
        self.rate, self.burst, self.latency, self.told, self.faults = rate, burst, latency, told, faults
        self.tokens, self.at, self.random = float(burst), 0.0, Random(1)
        self.passed, self.refused = [], []

    async def complete(self, _):
        self.tokens = min(self.burst, self.tokens + (now() - self.at) * self.rate)
        self.at = now()
        if self.tokens < 1:
            self.refused.append(now())
            await asyncio.sleep(0.02)
            wait = float(math.ceil((1 - self.tokens) / self.rate))
            return Failure("rate_limited", "HTTP 429", retry_after=wait if self.told else None)
        self.tokens -= 1
        self.passed.append(now())
        if self.random.random() < self.faults:
            fault = self.random.choice([LIMITED, "told", "overloaded", "server", "connection", "hang"])
            await asyncio.sleep(1e9 if fault == "hang" else 0.02)
            if fault == "told":
                return Failure("rate_limited", "HTTP 429", retry_after=1.0)
            return LIMITED if fault == LIMITED else Failure(fault, "no")
        await asyncio.sleep(self.latency)
        return response()


@pytest.mark.parametrize("told", [True, False], ids=["whole seconds", "nothing told"])
@pytest.mark.parametrize("faults", [0.0, 0.02], ids=["", "faults"])
@pytest.mark.parametrize(
    ("rate", "burst", "latency"),
    [
        (5, 1, 0.05), (5, 20, 2.0), (20, 1, 2.0), (20, 5, 0.5), (20, 100, 0.2), (50, 5, 2.0), (50, 20, 0.2),
        (100, 1, 0.2), (100, 20, 0.05), (100, 100, 2.0), (200, 5, 0.5), (200, 20, 2.0),
    ],
)  # fmt: skip
def test_throughput_is_near_what_the_server_allows(rate, burst, latency, told, faults):
    """Once warm (the middle half of the calls) at least 90 % of the limit, and at most 8 % of all starts refused.

    A burst of one call leaves no room for a start that comes early; 98 % are reached with bursts of five and more.
    """
    calls, server = min(300 + 25 * rate, 3_000), Server(rate, burst, latency, told, faults)

    async def main():
        terms = Terms(most=round(rate * latency * 1.5) + 64, timeout=5 + latency)
        client = calling(server, MemoryAnswers(), "", Budget(None), PRICES, terms, world())
        return await asyncio.gather(*(client.complete(request(str(n))) for n in range(calls)))

    assert all(isinstance(reply, Response) for reply in run(main))
    passed = server.passed
    first, last = len(passed) // 4, len(passed) * 3 // 4
    begin, end = passed[first], passed[last]
    assert (last - first) / (end - begin) >= (0.9 if burst == 1 else 0.98) * rate
    refused = sum(begin <= at < end for at in server.refused)
    assert refused <= 0.08 * (last - first + refused)
    assert (
        len(server.refused) <= 0.08 * (len(passed) + len(server.refused)) + 40
    )  # finding the limit costs some


def test_of_two_clients_at_one_limit_both_get_on():
    server = Server(100, 20, 0.2, told=True)

    async def main():
        clients = [
            calling(server, MemoryAnswers(), "", Budget(None), PRICES, Terms(), world(seed))
            for seed in (1, 2)
        ]
        halves = [
            asyncio.gather(*(client.complete(request(str(n))) for n in range(1_500))) for client in clients
        ]
        ended = []
        for half in halves:
            half.add_done_callback(lambda _: ended.append(now()))
        await asyncio.gather(*halves)
        return ended

    first, last = run(main)
    assert last <= 1.1 * (3_000 - 20) / 100 and first >= 0.9 * last


def test_a_refused_call_keeps_to_retry_after_and_the_others_go_on():
    starts = {}

    async def main():
        def rule(asked):
            starts.setdefault(asked.messages[0].content, []).append(now())
            first = asked.messages[0].content == "0" and len(starts["0"]) == 1
            return Failure("rate_limited", "HTTP 429", retry_after=30.0) if first else response()

        client = Retrying(Paced(Ruled(rule), pace()), Patience(), Random(1), asyncio.sleep)
        await asyncio.gather(*(client.complete(request(str(n))) for n in range(4)))

    run(main)
    refused, again = starts.pop("0")
    assert refused == 0 and 30 <= again <= 31
    assert all(start < 1 for (start,) in starts.values())


@pytest.mark.parametrize("kind", ["rate_limited", "overloaded"])
def test_after_five_refusals_in_a_row_retry_after_holds_all_back(kind):
    starts = []

    async def main():
        def rule(_):
            starts.append(now())
            return Failure(kind, "no", retry_after=30.0) if len(starts) <= 5 else response()

        client = Retrying(Paced(Ruled(rule), pace()), Patience(), Random(1), asyncio.sleep)
        await asyncio.gather(*(client.complete(request(str(n))) for n in range(40)))

    run(main)
    assert starts[4] < 1 and all(start >= 30 for start in starts[5:]) and len(starts) == 45


def storm(kind, told, calls=3_000, share=1.0, ends=40.0):
    """Starts of calls at a server that from second 10 on refuses that share of them, and when the run ended."""
    starts, random = [], Random(4)

    class Stormy:
        async def complete(self, _):
            starts.append(now())
            if 10 <= now() < ends and random.random() < share:
                await asyncio.sleep(
                    random.uniform(0.005, 0.1)
                )  # refusals do not come in the order of the starts
                return Failure(kind, "no", retry_after=told)
            await asyncio.sleep(0.5)
            return response()

    async def main():
        client = calling(Stormy(), MemoryAnswers(), "", Budget(None), PRICES, Terms(), world())
        replies = await asyncio.gather(*(client.complete(request(str(n))) for n in range(calls)))
        return replies, now()

    return starts, *run(main)


@pytest.mark.parametrize("kind", ["rate_limited", "overloaded"])
@pytest.mark.parametrize("told", [None, 5.0])
def test_at_a_server_that_is_down_calls_step_back_as_a_whole_and_come_again(kind, told):
    starts, replies, _ = storm(kind, told)
    before, soon, then = (
        sum(a <= at < b for at in starts) / (b - a) for a, b in ((5, 10), (10, 15), (15, 40))
    )
    assert before > 100 and soon <= 20 and then <= 1.2
    assert all(isinstance(reply, Response) for reply in replies)
    assert max(sum(at <= one < at + 1 for one in starts) for at in range(40, 100)) > 100


def test_a_server_that_stays_down_is_asked_once_a_second_and_every_call_gets_its_outcome():
    starts, replies, took = storm("overloaded", None, calls=1_500, ends=math.inf)
    failed = [reply for reply in replies if isinstance(reply, Failure)]
    assert failed and all("tried 6 times" in reply.message for reply in failed)
    late = [at for at in starts if at > 20]
    assert len(late) <= took - 20 + 10


@pytest.mark.parametrize(("share", "least"), [(0.1, 100), (0.2, 100)])
def test_a_server_that_is_overloaded_now_and_then_is_not_given_up(share, least):
    starts, _, _ = storm("overloaded", None, share=share)
    assert sum(15 <= at < 20 for at in starts) / 5 > least


def test_calls_at_once_are_bounded_and_grow_to_the_bound():
    inner = Ruled(lambda _: response())

    async def main():
        client = Paced(inner, pace(most=8))
        await asyncio.gather(*(client.complete(request(str(n))) for n in range(200)))
        return now()

    assert run(main) <= 26 and inner.most_running == 8


@settings(deadline=None, max_examples=100)
@given(
    outcomes=st.lists(st.sampled_from(["rate_limited", "overloaded", None]), min_size=1, max_size=64),
    rate=st.floats(0.05, 1000),
    order=st.randoms(),
)
def test_calls_that_were_under_way_together_take_off_no_more_than_half(outcomes, rate, order):
    paced = Pace(lambda: 0.0, asyncio.sleep, first=rate)
    starts = [Start(n, rate, held=True) for n in range(len(outcomes))]
    order.shuffle(starts)
    for start in starts:
        kind = outcomes[start.number]
        paced.learn(Failure(kind, "no") if kind else response(), start)
    assert max(rate / 2, 0.05) <= paced.rate + 1e-12
    if not any(outcomes):
        assert paced.rate > rate
    if set(outcomes) == {"rate_limited"}:
        assert paced.rate < rate or rate == 0.05


@given(order=st.permutations(range(7, 12)))
def test_a_row_counts_by_starts_in_whatever_order_the_refusals_come(order):
    paced = Pace(lambda: 0.0, asyncio.sleep, first=50.0)
    for number in order[:4]:
        paced.learn(Failure("overloaded", "no"), Start(number, 50.0, held=True))
    assert paced.rate == 50
    paced.learn(Failure("overloaded", "no"), Start(order[4], 50.0, held=True))
    assert paced.rate == 25


def test_a_limit_that_rises_is_found_again():
    server = Server(20, 20, 0.5, told=True)

    async def main():
        async def raised():
            await asyncio.sleep(30)
            server.rate = 100

        client = calling(server, MemoryAnswers(), "", Budget(None), PRICES, Terms(), world())
        await asyncio.gather(raised(), *(client.complete(request(str(n))) for n in range(3_500)))

    run(main)
    assert sum(40 <= at < 45 for at in server.passed) >= 0.95 * 5 * 100


def test_what_the_rate_did_not_hold_back_does_not_raise_it():
    """Otherwise a server without a limit would leave a rate that no refusal brings down."""
    inner = Ruled(lambda _: response())

    async def main():
        paced = pace(most=4)
        client = Paced(inner, paced)
        await asyncio.gather(*(client.complete(request(str(n))) for n in range(2_000)))
        return paced.rate

    assert run(main) <= 25


def test_a_call_that_is_cancelled_leaves_its_slot():
    async def main():
        client = Paced(Ruled(lambda _: response()), pace(most=1))
        calls = [asyncio.ensure_future(client.complete(request(str(n)))) for n in range(6)]
        await asyncio.sleep(0.5)
        for call in calls[:4]:
            call.cancel()
        return await asyncio.gather(*calls, return_exceptions=True)

    ended = run(main)
    assert [isinstance(one, asyncio.CancelledError) for one in ended] == [True] * 4 + [False] * 2
    assert ended[4:] == [response()] * 2
