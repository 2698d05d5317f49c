"""Answers fetched by batches ahead of the calls that need them: afterwards those calls find what they ask for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVar

from assay.llm.batches import custom_id
from assay.llm.batching import Batching, Filled, Waiting
from assay.llm.budget import charged, worst_cost
from assay.llm.cache import keep, remembered, request_key
from assay.llm.client import Failure, Reply, Request
from assay.llm.pending import PendingBatch
from assay.model.canonical import canonical_json

T = TypeVar("T")

_SENT_AT_MOST: Final = 3
_WRAPPING: Final = 200
"""Bytes that a request takes in a batch beside its own."""


async def fill(requests: Iterable[Request], batching: Batching) -> Filled:
    """Send requests whose answers are not there as batches, wait, and keep every answer where calls look for it.

    Batches that an earlier run sent are waited for and never sent again. Raises NotFound for a model without price, if
    there is a budget; UsageError for a request longer than any price is known for; StorageFailure; Damaged.
    """
    return await _Filling(requests, batching).whole()


@dataclass(slots=True, eq=False)
class _Flight:
    """A batch on its way. `held`: what is set aside for it; `open`: custom ids without a result."""

    pending: PendingBatch
    open: dict[str, tuple[str, Decimal]]
    held: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    faults: int = 0
    absent_at: float | None = None

    @property
    def keys(self) -> set[str]:
        """Of the requests without a result."""
        return {key for key, _ in self.open.values()}


class _Filling:
    """One run of `fill`."""

    def __init__(self, requests: Iterable[Request], batching: Batching) -> None:
        self._of = batching
        self._prices = batching.prices.in_batches()
        every = {request_key(request, batching.scope): request for request in requests}
        self._wanted = {
            key: request for key, request in every.items() if remembered(batching.answers, key) is None
        }
        self._worst = {key: self._worst_of(request) for key, request in self._wanted.items()}
        self._asked, self._known = len(every), len(every) - len(self._wanted)
        self._free = dict(self._wanted)
        """Requests of which nothing is known, and that are in no batch."""
        self._flights: list[_Flight] = []
        self._failures: dict[str, Failure] = {}
        self._left_out: list[str] = []
        self._waiting: list[Waiting] = []
        self._lost: list[str] = []
        self._sent: Counter[str] = Counter()
        self._came, self._spent = 0, Decimal(0)
        self._refusals, self._rest = 0, 0.0

    async def whole(self) -> Filled:
        clock, polling = self._of.world.clock, self._of.polling
        started, wait = clock(), polling.first
        await self._take_up()
        try:
            while True:
                await self._send()
                for flight in list(self._flights):
                    await self._advance(flight)
                if not self._flights and not self._free:
                    break
                wait, pause = min(wait * 2, polling.most), max(wait, self._rest)
                if clock() - started + pause > polling.longest:
                    self._leave(f"it was waited for {polling.longest:g} seconds")
                    break
                self._rest = 0.0
                await self._of.world.sleep(pause)
        finally:  # of what is still out nobody knows what it will cost
            for flight in self._flights:
                self._of.budget.settle(flight.held, flight.held)
        return Filled(
            self._asked, self._known, self._came, self._failures, tuple(self._left_out),
            tuple(self._waiting), tuple(self._lost), self._spent,
        )  # fmt: skip

    async def _take_up(self) -> None:
        """The batches that earlier runs sent; those of which every answer is kept are done with."""
        for pending in await asyncio.to_thread(lambda: list(self._of.pending.of(self._of.scope))):
            # What the earlier run kept it also counted.
            names = pending.names().items()
            opened = {name: one for name, one in names if remembered(self._of.answers, one[0]) is None}
            if not opened:
                await asyncio.to_thread(self._of.pending.drop, pending)
                continue
            flight = _Flight(pending, opened)
            self._flights.append(flight)
            if self._needs(flight):
                self._hold(flight)
                for key in flight.keys:
                    self._free.pop(key, None)

    # Sending

    async def _send(self) -> None:
        for key in [key for key in self._free if self._sent[key] == _SENT_AT_MOST]:
            self._fail(
                [key], Failure("server", f"sent {_SENT_AT_MOST} times in batches that never came to be")
            )
        for keys in list(self._parcels()):
            if self._rest or not self._free:  # the provider refuses batches, for now or at all
                return
            await self._send_one(keys)

    def _parcels(self) -> Iterator[list[str]]:
        """The keys of free requests, cut into batches of one model each."""
        parcel: list[str] = []
        size, polling = 0, self._of.polling
        for key, request in sorted(self._free.items(), key=lambda pair: pair[1].model):
            more = len(canonical_json(request.as_json())) + _WRAPPING
            full = len(parcel) == polling.requests or size + more > polling.bytes
            if parcel and (full or self._free[parcel[0]].model != request.model):
                yield parcel
                parcel, size = [], 0
            parcel.append(key)
            size += more
        if parcel:
            yield parcel

    async def _send_one(self, keys: list[str]) -> None:
        since = await self._bounded(self._of.batcher.newest())
        if isinstance(since, Failure):
            return self._refused(keys, since)
        requests = self._affordable(keys)
        if not requests:
            return None
        worst = sum((self._worst[key] or Decimal(0) for key in requests), Decimal(0))
        await self._of.budget.hold(worst)  # it fits, so this does not wait
        model = next(iter(requests.values())).model
        told = [(key, self._worst[key]) for key in requests]
        try:
            pending = await asyncio.to_thread(self._of.pending.intend, self._of.scope, model, since, told)
        except BaseException:
            self._of.budget.settle(worst, Decimal(0))
            raise
        flight = _Flight(pending, pending.names(), worst)
        self._flights.append(flight)
        self._sent.update(list(requests))
        for key in requests:
            del self._free[key]
        named = [(custom_id(pending.token, at), request) for at, request in enumerate(requests.values())]
        made = await self._bounded(self._of.batcher.submit(pending.token, named))
        if isinstance(made, str):
            flight.pending = await asyncio.to_thread(self._of.pending.made, pending, made)
        elif made.status is not None and 400 <= made.status < 500 and made.status != 408:
            await self._end(flight, Decimal(0))
            self._free.update(requests)
            self._sent.subtract(list(requests))
            self._refused(list(requests), made)
        # Any other failure leaves open whether there is a batch: it is looked for like one of a run that was killed.
        return None

    def _affordable(self, keys: list[str]) -> dict[str, Request]:
        """As many of these requests as there is money for; the others are left out."""
        left, taken = self._of.budget.left, {}
        for key in keys:
            worst = self._worst[key] or Decimal(0)
            if left is not None and worst > left:
                self._left_out.append(key)
                del self._free[key]
                continue
            left = None if left is None else left - worst
            taken[key] = self._free[key]
        return taken

    def _refused(self, keys: list[str], failure: Failure) -> None:
        self._refusals += 1
        if failure.retryable and self._refusals <= self._of.polling.faults:
            self._rest = max(self._rest, failure.retry_after or 0.0, self._of.polling.first)
        else:
            self._fail(list(self._free) if failure.fatal or failure.retryable else keys, failure)

    def _fail(self, keys: Iterable[str], failure: Failure) -> None:
        for key in keys:
            self._free.pop(key, None)
            if key in self._wanted:
                self._failures[key] = failure

    # Waiting

    async def _advance(self, flight: _Flight) -> None:
        if flight.pending.batch is None:
            await self._resolve(flight)
        batch = flight.pending.batch
        if batch is None or flight not in self._flights:
            return None
        state = await self._bounded(self._of.batcher.state(batch))
        if isinstance(state, Failure):
            return self._fault(flight, state)
        self._of.tell(batch, state)
        if state.status == "running":
            flight.faults = 0
            if not self._needs(flight):
                self._flights.remove(flight)  # it stays pending, for a run that needs it
            return None
        self._hold(flight)
        if state.status == "failed":
            failure = state.failure or Failure("server", "the whole batch failed")
            self._fail(flight.keys, failure)
            await self._end(flight, flight.cost)
        elif state.status == "gone":
            await self._lose(flight, f"the results of {batch} are not kept any more")
        else:
            await self._collect(flight, batch)
        return None

    async def _collect(self, flight: _Flight, batch: str) -> None:
        price = self._prices.find(flight.pending.model)

        async def take(name: str, reply: Reply) -> None:
            if name not in flight.open:
                return
            key, worst = flight.open[name]
            if isinstance(reply, Failure):
                self._fail([key], reply)
            else:
                if remembered(self._of.answers, key) is None:
                    await keep(self._of.answers, key, reply)
                self._came += key in self._wanted
            flight.cost += Decimal(0) if price is None else charged(reply, worst, price)
            del flight.open[name]

        before = len(flight.open)
        failed = await self._bounded(self._of.batcher.results(batch, take))
        if failed is None:
            for name in list(flight.open):
                await take(name, Failure("malformed", "the batch ended without a word on this request"))
            await self._end(flight, flight.cost)
        elif failed.kind == "not_found":
            await self._lose(flight, f"{batch} has ended, and its results are not there")
        else:
            flight.faults = 0 if len(flight.open) < before else flight.faults
            self._fault(flight, failed)

    async def _resolve(self, flight: _Flight) -> None:
        """Find out whether a batch was made whose id was never told."""
        pending = await asyncio.to_thread(self._of.pending.read, flight.pending.token)
        if pending is None:  # another run is done with it
            return self._release(flight)
        if pending.batch is not None:
            flight.pending = pending
            return None
        others = [other.pending.batch for other in self._flights if other.pending.batch is not None]
        finding = self._of.batcher.find(pending.token, len(pending.requests), pending.since, others)
        found = await self._bounded(finding)
        if isinstance(found, str):
            flight.pending = await asyncio.to_thread(self._of.pending.made, pending, found)
        elif isinstance(found, Failure):
            self._fault(flight, found)
        elif found is None:
            now = self._of.world.clock()
            flight.absent_at = now if flight.absent_at is None else flight.absent_at
            if now - flight.absent_at >= self._of.polling.settle:
                await asyncio.to_thread(self._of.pending.drop, pending)
                self._release(flight)
        elif not found.later:
            self._hold(flight)
            await self._lose(
                flight, f"a batch of {len(pending.requests)} requests may have been made: {found.message}"
            )
        elif not self._needs(flight):
            self._flights.remove(flight)
        return None

    def _fault(self, flight: _Flight, failure: Failure) -> None:
        flight.faults += 1
        if failure.retryable and flight.faults <= self._of.polling.faults and self._needs(flight):
            self._rest = max(self._rest, failure.retry_after or 0.0)
        else:
            self._put_off(flight, failure.message)

    def _leave(self, why: str) -> None:
        for flight in list(self._flights):
            self._put_off(flight, why)
        self._fail(list(self._free), Failure("server", f"not sent as a batch: {why}"))

    def _put_off(self, flight: _Flight, why: str) -> None:
        """Leave a batch pending, for the next run. What it may cost counts as spent."""
        self._flights.remove(flight)
        self._of.budget.settle(flight.held, flight.held)
        self._spent += flight.held
        if count := len(flight.keys & self._wanted.keys()):
            self._waiting.append(Waiting(flight.pending.batch, count, why))

    async def _lose(self, flight: _Flight, why: str) -> None:
        worst = sum((worst for _, worst in flight.open.values()), Decimal(0))
        self._fail(flight.keys, Failure("malformed", why))
        self._lost.append(f"{why}; it counts as ${worst:f}")
        await self._end(flight, flight.cost + worst)

    async def _end(self, flight: _Flight, cost: Decimal) -> None:
        """Nothing more will come of a batch."""
        await asyncio.to_thread(self._of.pending.drop, flight.pending)
        self._flights.remove(flight)
        self._of.budget.settle(flight.held, cost)
        self._spent += cost

    def _release(self, flight: _Flight) -> None:
        """There is no such batch: its requests are free again."""
        self._flights.remove(flight)
        self._of.budget.settle(flight.held, Decimal(0))
        for key, _ in flight.pending.requests:
            if key in self._wanted and remembered(self._of.answers, key) is None:
                self._free[key] = self._wanted[key]

    def _hold(self, flight: _Flight) -> None:
        if not flight.held:
            flight.held = flight.pending.worst
            self._of.budget.owe(flight.held)

    def _needs(self, flight: _Flight) -> bool:
        return not flight.keys.isdisjoint(self._wanted)

    def _worst_of(self, request: Request) -> Decimal | None:
        if self._of.budget.limit is None and self._prices.find(request.model) is None:
            return None
        return worst_cost(request, self._prices)

    async def _bounded(self, call: Awaitable[T]) -> T | Failure:
        try:
            async with asyncio.timeout(self._of.polling.call):
                return await call
        except TimeoutError:
            return Failure("timeout", f"no answer within {self._of.polling.call:g} seconds")
