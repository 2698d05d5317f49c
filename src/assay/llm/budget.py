"""What calls may cost: an estimate before them, and a limit that is not crossed while they run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from assay.errors import UsageError
from assay.llm.cache import request_key
from assay.llm.client import Client, Failure, Reply, Request
from assay.llm.prices import Price, Prices
from assay.model.canonical import canonical_json

_A_TURN: Final = 16
_A_CALL: Final = 64
_A_SCHEMA: Final = 1_000


def most_input_tokens(request: Request) -> int:
    """No fewer than the input tokens that a call takes: a byte-level tokeniser never makes more tokens than bytes.

    To these come 16 for each turn, 64 for the call, and 1,000 for what a server says of a schema in its own words.
    """
    texts = sum(len(turn.content.encode("utf-8", "surrogatepass")) + _A_TURN for turn in request.messages)
    schema = 0 if request.schema is None else 2 * len(canonical_json(dict(request.schema))) + _A_SCHEMA
    return texts + schema + _A_CALL


def likely_input_tokens(request: Request) -> int:
    """About how many input tokens a call takes: one for four ASCII characters, and one for every other character."""
    total = 0
    for turn in request.messages:
        plain = sum(map(str.isascii, turn.content))
        total += plain // 4 + len(turn.content) - plain + 4
    return total + (0 if request.schema is None else len(canonical_json(dict(request.schema))) // 4)


def worst_cost(request: Request, prices: Prices) -> Decimal:
    """The most US dollars that one call can cost. Raises NotFound without a price, UsageError beyond `up_to`."""
    price, tokens = prices.of(request.model), most_input_tokens(request)
    if price.up_to is not None and tokens > price.up_to:
        raise UsageError(
            f"of {request.model} no price is known above {price.up_to} input tokens, and a request may have {tokens}",
            "give the price of long requests in a price file, as `long`",
        )
    return price.worst(tokens, request.max_tokens)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Before any call: how many there will be, and what they take. Money in US dollars; None without a price.

    `calls` are those to be paid for; `known` those whose answers are remembered, or asked twice within the run.
    `likely` reckons with `output` tokens a call, `worst` with every call at its limit; neither counts second calls.
    """

    calls: int
    known: int
    input_tokens: int
    output_tokens: int
    likely: Decimal | None
    worst: Decimal | None
    prices_as_of: str
    unpriced: tuple[str, ...]


def estimate(
    requests: Iterable[Request],
    prices: Prices,
    output: int,
    known: Callable[[Request], bool] = lambda _: False,
    *,
    batch: bool = False,
) -> Estimate:
    """What these requests will take with answers of about `output` tokens. `known`: whether an answer is remembered.

    `batch`: at the prices of batches, as if every answer came by one.
    Raises UsageError for a request that is longer than any price is known for.
    """
    prices = prices.in_batches() if batch else prices
    seen: set[str] = set()
    remembered = inputs = outputs = 0
    likely = worst = Decimal(0)
    unpriced: set[str] = set()
    for request in requests:
        key = request_key(request)
        if key in seen or known(request):
            remembered += 1
            continue
        seen.add(key)
        tokens, answer = likely_input_tokens(request), min(output, request.max_tokens)
        inputs, outputs = inputs + tokens, outputs + answer
        price = prices.find(request.model)
        if price is None:
            unpriced.add(request.model)
            continue
        likely += price.cost(tokens, answer)
        worst += worst_cost(request, prices)
    priced = not unpriced
    return Estimate(
        calls=len(seen),
        known=remembered,
        input_tokens=inputs,
        output_tokens=outputs,
        likely=likely if priced else None,
        worst=worst if priced else None,
        prices_as_of=prices.as_of,
        unpriced=tuple(sorted(unpriced)),
    )


class Budget:
    """Money that calls may take: what was spent and what those under way may come to never pass `limit` together.

    A call that would fit once others have ended waits for them; one that would not fit even then is refused. `limit`
    None: there is none, and it only counts. US dollars, exact. For one event loop.
    """

    def __init__(self, limit: Decimal | None) -> None:
        if limit is not None and not (limit.is_finite() and limit >= 0):
            raise UsageError(f"a budget of {limit} dollars", "give a number of dollars that is not below 0")
        self.limit = limit
        self.spent = Decimal(0)
        self.held = Decimal(0)
        self.refused = 0
        self.overruns = 0
        """Calls that cost more than their worst case: a server that does not keep to max_tokens."""
        self._waiting: list[asyncio.Future[None]] = []

    async def hold(self, worst: Decimal) -> bool:
        """Set aside what a call may cost; False when it may not be made."""
        while self.limit is not None and self.spent + self.held + worst > self.limit:
            if self.spent + worst > self.limit:
                self.refused += 1
                return False
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            finally:
                with suppress(ValueError):
                    self._waiting.remove(turn)
        self.held += worst
        return True

    @property
    def left(self) -> Decimal | None:
        """What may still be set aside; below 0 where more is due than the limit. None: there is no limit."""
        return None if self.limit is None else self.limit - self.spent - self.held

    def owe(self, worst: Decimal) -> None:
        """Set aside what is due already, whether or not it fits: an earlier run ordered it."""
        self.held += worst

    def settle(self, worst: Decimal, cost: Decimal) -> None:
        """A call for which `worst` was held has cost this."""
        self.held -= worst
        self.spent += cost
        self.overruns += cost > worst
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)


@dataclass(frozen=True, slots=True)
class Budgeted:
    """A client that asks the budget before each call, every attempt by itself.

    An answer that was lost on its way (cut connection, time-out, cancelled) counts as its worst case, since the server
    may charge for it; so does one that says no tokens. Raises NotFound for a model without price, if there is a limit.
    """

    inner: Client
    budget: Budget
    prices: Prices

    async def complete(self, request: Request) -> Reply:
        """The response, or why there is none: kind `budget` when it may cost more than is left."""
        if self.budget.limit is None and self.prices.find(request.model) is None:
            return await self.inner.complete(request)
        worst = worst_cost(request, self.prices)
        if not await self.budget.hold(worst):
            left = None if self.budget.limit is None else self.budget.limit - self.budget.spent
            return Failure("budget", f"the call may cost ${worst:f}, and ${left:f} of the budget are left")
        cost = worst
        try:
            reply = await self.inner.complete(request)
            cost = charged(reply, worst, self.prices.of(request.model))
        finally:
            self.budget.settle(worst, cost)
        return reply


def charged(reply: Reply, worst: Decimal, price: Price) -> Decimal:
    """What a call counts as, which may cost `worst`; no less than the server charges for it."""
    if isinstance(reply, Failure):
        return worst if reply.perhaps_paid else Decimal(0)
    if reply.input_tokens is None or reply.output_tokens is None:
        return worst
    return price.cost(reply.input_tokens, reply.output_tokens)
