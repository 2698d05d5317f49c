"""How many calls start in a second: more while the server answers, fewer when it says that it is too much."""

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

_CUT: Final = 0.95
"""What a rate limit's refusal leaves of the rate."""

_GROWTH: Final = 0.0025
"""What a response adds to the rate, as a share of it: with the cut, about one call in twenty is refused."""

_LEAST_GROWTH: Final = 0.001
"""What a response adds on top, in calls a second: below 1 a second it is what lifts the rate, at the price of more
refusals."""

_CLEAN: Final = 60
"""So many more responses than refusals, each of which counts as 60 of them, and the limit is not near."""

_FAST_GROWTH: Final = 0.1
"""What a response then adds, as a share of the rate."""

_MOST_GROWTH: Final = 2.0
"""The same at most, in calls a second: the rate is multiplied by e in half a second, and not by more."""

_ROW: Final = 5
"""So many calls refused that started one after another: the server is not limiting, it has stopped answering."""

_PROBING: Final = 1.0
"""Calls a second to a server that has stopped answering, where it says nothing of its own."""

_LEAST: Final = 1 / 20
"""Calls a second, whatever is refused."""


@dataclass(frozen=True, slots=True)
class Start:
    """A call's start: its number, the rate then (calls a second), and whether the rate held it back."""

    number: int
    rate: float
    held: bool


class Pace:
    """Starts for calls, `rate` a second, evenly spread, and at most `most` calls under way.

    A response makes the rate grow a little, a refusal by a rate limit takes 5 % off; so it settles where about one
    call in twenty is refused, which is just above what the server allows. A refusal is kept to by the call that was
    refused; Retry-After holds back all others only when five calls in a row (by start) were refused. Then each further
    one halves the rate too, down to one call a second. Calls that were under way together never take off more than
    half. An overload (503, 529) says nothing about this client's rate, and counts in such a row only. `clock` counts
    seconds and never goes back. For one event loop.
    """

    def __init__(self, clock: Clock, sleep: Sleep, *, first: float = 20.0, most: int = 64) -> None:
        self.rate = first
        self.most = most
        self._clock, self._sleep = clock, sleep
        self._line = asyncio.Lock()
        self._room = asyncio.Event()
        self._running = self._started = 0
        self._next_start = self._resume_at = float("-inf")
        self._clean = 2 * _CLEAN
        self._refusals: deque[int] = deque(maxlen=64)
        self._silent_at: int | None = None

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Start]:
        """A start, in the order of asking, as soon as there is room, the rate allows it and the server's pause is
        over."""
        async with self._line:
            start = await self._start()
        try:
            yield start
        finally:
            self._running -= 1
            self._room.set()

    async def _start(self) -> Start:
        while self._running >= self.most:
            self._room.clear()
            await self._room.wait()
        held = False
        while (pause := max(self._next_start, self._resume_at) - self._clock()) > 0:
            held = True
            await self._sleep(pause)
        now, between = self._clock(), 1 / self.rate
        # A start that came late by less than one interval is made good, so that a busy loop keeps the rate.
        self._next_start = max(self._next_start, now - between) + between
        self._running += 1
        self._started += 1
        return Start(self._started, self.rate, held)

    def learn(self, reply: Reply, start: Start) -> None:
        """Take note of what a call came to."""
        if not isinstance(reply, Failure):
            self._answered(start)
        elif reply.kind in ("rate_limited", "overloaded"):
            self._refused(reply, start)

    def _answered(self, start: Start) -> None:
        self._clean = min(self._clean + 1, 2 * _CLEAN)
        if self._silent_at is not None and start.number > self._silent_at:
            self._silent_at, self._clean = None, _CLEAN  # it answers again, and the limit is far up
        if not start.held:  # the calls were bound by something else, and tell nothing about a higher rate
            return
        if self._clean >= _CLEAN:
            self.rate += min(self.rate * _FAST_GROWTH, _MOST_GROWTH)
        else:
            self.rate += self.rate * _GROWTH + _LEAST_GROWTH

    def _refused(self, reply: Failure, start: Start) -> None:
        self._clean = max(self._clean - _CLEAN, 0)
        least = max(start.rate / 2, _LEAST)
        if reply.kind == "rate_limited":
            self.rate = min(self.rate, max(self.rate * _CUT, least))
        self._refusals.append(start.number)
        if self._row(start.number) >= _ROW:
            self._silent_at = max(self._refusals)
            self.rate = min(self.rate, max(least, _PROBING))
            if reply.retry_after:
                self._resume_at = max(self._resume_at, self._clock() + reply.retry_after)

    def _row(self, number: int) -> int:
        """How many calls around this one, in the order of their starts, are known to be refused without a gap."""
        refused = set(self._refusals)
        first = last = number
        while first - 1 in refused:
            first -= 1
        while last + 1 in refused:
            last += 1
        return last - first + 1


@dataclass(frozen=True, slots=True)
class Paced:
    """A client that waits for its start before each call."""

    inner: Client
    pace: Pace

    async def complete(self, request: Request) -> Reply:
        """The response, or why there is none."""
        async with self.pace.slot() as start:
            reply = await self.inner.complete(request)
            self.pace.learn(reply, start)
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
