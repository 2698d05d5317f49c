"""How many calls run at once: more while the server answers, fewer when it says that it is too much."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from assay.llm.client import Client, Failure, Reply, Request

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

_CUT: Final = 0.85
"""A refused call costs no money and little time, so the cut is mild: the calls stay near what the server allows."""

_SPREAD: Final = 0.9
"""Of the time between two starts, were they even. Below 1, so that the limit and not the spread bounds the calls."""


class Pace:
    """Slots for calls: additive increase, multiplicative decrease (Chiu and Jain 1989), between 1 and `most`.

    Each response adds 1/limit to the limit, so one for every round. A refusal for load takes 15 % off, once for all
    calls that were under way then. Starts are
    spread over the time that a call usually takes: calls in waves would meet the server's limit on bursts and never
    come near its rate. Retry-After holds back every call that has not started. `clock` counts seconds and
    never goes back. For one event loop.
    """

    def __init__(self, clock: Clock, sleep: Sleep, *, start: int = 4, most: int = 64) -> None:
        self.limit = float(min(start, most))
        self.most = most
        self._clock, self._sleep = clock, sleep
        self._running = 0
        self._cut_at = self._next_start = float("-inf")
        self._usual = 0.0
        self._resume_at = float("-inf")
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """A slot, as soon as there is one and the server's pause is over; it yields the time of the start."""
        await self._enter()
        try:
            start = max(self._next_start, self._clock())
            self._next_start = start + _SPREAD * self._usual / self.limit
            while (pause := max(start, self._resume_at) - self._clock()) > 0:
                await self._sleep(pause)
            yield self._clock()
        finally:
            self._running -= 1
            self._admit()

    def learn(self, reply: Reply, started: float) -> None:
        """Take note of what a call that started then came to."""
        if not isinstance(reply, Failure):
            self.limit = min(self.limit + 1 / self.limit, float(self.most))
            self._usual += (self._clock() - started - self._usual) / 8
        elif reply.kind in ("rate_limited", "overloaded"):
            if started > self._cut_at:
                self.limit = max(self.limit * _CUT, 1.0)
                self._cut_at = self._clock()
            if reply.retry_after:
                self._resume_at = max(self._resume_at, self._clock() + reply.retry_after)

    async def _enter(self) -> None:
        if not self._waiting and self._running < int(self.limit):
            self._running += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the slot was given, and nobody is there to use it
                self._running -= 1
                self._admit()
            raise

    def _admit(self) -> None:
        while self._waiting and self._running < int(self.limit):
            turn = self._waiting.popleft()
            if not turn.done():
                self._running += 1
                turn.set_result(None)


@dataclass(frozen=True, slots=True)
class Paced:
    """A client that waits for a slot before each call."""

    inner: Client
    pace: Pace

    async def complete(self, request: Request) -> Reply:
        """The response, or why there is none."""
        async with self.pace.slot() as started:
            reply = await self.inner.complete(request)
            self.pace.learn(reply, started)
            return reply


@dataclass(frozen=True, slots=True)
class Timed:
    """A client that gives a call up after `timeout` seconds, however slowly its bytes trickle in."""

    inner: Client
    timeout: float

    async def complete(self, request: Request) -> Reply:
        """The response, or why there is none: kind `timeout`."""
        try:
            async with asyncio.timeout(self.timeout):
                return await self.inner.complete(request)
        except TimeoutError:
            return Failure("timeout", f"no answer within {self.timeout:g} seconds")
