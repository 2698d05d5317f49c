"""Calls that failed for a passing reason are made again, later and later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from assay.llm.client import Client, Failure, Reply, Request
from assay.llm.pace import Sleep


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a call is tried again.

    Faults (500, 502, 503, 504, 529, a connection, a time-out) are tried `attempts` times in all. A rate limit (429) is
    no fault: it is waited for up to `longest` seconds in all, not counting the line. The n-th wait is drawn from
    0 to `first` × 2ⁿ⁻¹ seconds, at most `most` (full jitter, so that calls that failed together do not come back
    together). Retry-After is added in full; where a rate limit says it, the wait beyond it
    stays below `first`, since the server has said when and the pace spreads the starts.
    """

    attempts: int = 6
    longest: float = 900.0
    first: float = 0.5
    most: float = 30.0


@dataclass(frozen=True, slots=True)
class Retrying:
    """A client that asks again where that may help. The last failure says how often it was tried."""

    inner: Client
    patience: Patience
    random: Random
    sleep: Sleep

    async def complete(self, request: Request) -> Reply:
        """The response, or the failure that ended it."""
        waited, faults, tries = 0.0, 0, 0
        while True:
            reply = await self.inner.complete(request)
            tries += 1
            if not isinstance(reply, Failure) or not reply.retryable:
                return reply
            faults += reply.kind != "rate_limited"
            told = reply.kind == "rate_limited" and reply.retry_after
            doubled = 0 if told else min(tries - 1, 60)
            bound = min(self.patience.first * 2.0**doubled, self.patience.most)
            wait = (reply.retry_after or 0.0) + self.random.uniform(0.0, bound)
            if faults >= self.patience.attempts or waited + wait > self.patience.longest:
                return replace(reply, message=f"{reply.message} · tried {tries} times")
            waited += wait
            await self.sleep(wait)
