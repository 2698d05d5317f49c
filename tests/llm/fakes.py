"""A model in memory, and time that passes when everybody waits."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from decimal import Decimal
from random import Random

from assay.llm.calling import World
from assay.llm.client import Failure, Message, Reply, Request, Response
from assay.llm.prices import Price, Prices

NOW = "2026-11-21T00:00:00Z"
PRICES = Prices("2026-11-21", {"m": Price(input=Decimal(2), output=Decimal(10))})


def request(text: str = "问 question", max_tokens: int = 50, **more) -> Request:
    return Request(
        more.pop("model", "m"),
        (Message("user", text),),
        {"max_tokens": max_tokens} | more.pop("params", {}),
        **more,
    )


def response(text: str = "{}", tokens=(10, 5), stop: str = "end") -> Response:
    return Response(text, "m", "req_1", tokens[0], tokens[1], stop, NOW)


class Scripted:
    """Gives the replies of a list in turn, each a value or a coroutine function of the request."""

    def __init__(self, *replies) -> None:
        self.replies = list(replies)
        self.requests: list[Request] = []

    async def complete(self, request: Request) -> Reply:
        self.requests.append(request)
        reply = self.replies.pop(0)
        return await reply(request) if callable(reply) else reply


class Ruled:
    """Answers by a rule, after `delay` seconds, and counts how many calls run at once."""

    def __init__(self, rule: Callable[[Request], Reply], delay: float = 1.0) -> None:
        self.rule, self.delay = rule, delay
        self.calls = self.running = self.most_running = 0

    async def complete(self, request: Request) -> Reply:
        self.calls += 1
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            reply = self.rule(request)
            await asyncio.sleep(0.01 if isinstance(reply, Failure) else self.delay)
            return reply
        finally:
            self.running -= 1


class MemoryAnswers:
    """Answers in a mapping; what is there when it is asked is what a run that was killed would leave."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def get(self, name):
        return self.held.get(name)

    def put(self, name, data):
        assert name not in self.held, "paid for twice"
        self.held[name] = data


class _Skipping(selectors.SelectSelector):
    """Never waits for time to pass; it tells the loop how much would have."""

    skipped = 0.0

    def select(self, timeout=None):
        ready = super().select(0)
        if ready or timeout is None:
            return ready or super().select(timeout)
        self.skipped += max(timeout, 0)
        return ready


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose clock goes only when everybody waits."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.skipped

    def run_in_executor(self, executor, func, *args):
        """At once and here: a thread would take time that this clock does not know."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done


def run(main: Callable[[], Awaitable]):
    """Run a coroutine function in time that costs none."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(main())


def world(seed: int = 0) -> World:
    """The world of the running loop."""
    return World(asyncio.get_running_loop().time, asyncio.sleep, Random(seed))
