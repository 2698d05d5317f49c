"""Batches: many requests handed over at once, answered within a day, at a lower price."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from assay.llm.client import Failure, Reply, Request

LISTED: Final = 1_000
"""How many of the provider's newest batches are looked through for one that may have been made."""

Keep = Callable[[str, Reply], Awaitable[None]]
"""Takes what a request came to, under its custom id."""


@dataclass(frozen=True, slots=True)
class BatchState:
    """How far a batch is: `running`; `ended` (each request has a result of its own); `failed` (nothing was answered or
    charged, `failure` says why); `gone` (it has ended, and its results are not kept any more). `done` of `total`
    requests have come to something."""

    status: Literal["running", "ended", "failed", "gone"]
    total: int
    done: int
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Undecided:
    """It cannot be told whether a batch was made. `later`: it can once batches that still run have ended."""

    message: str
    later: bool


class BatchClient(Protocol):
    """A provider's batch API. Each answer of a server that is no success is a `Failure`; nothing is tried twice.

    A batch has a token, which is in its custom ids, `custom_id(token, position)`: it is recognised by that.
    """

    async def newest(self) -> str | Failure:
        """When the provider's newest batch was made, by the provider's clock, in its own words; empty without any."""
        ...

    async def submit(self, token: str, requests: Sequence[tuple[str, Request]]) -> str | Failure:
        """Send requests under their custom ids as one batch; its id. They have one model."""
        ...

    async def find(
        self, token: str, requests: int, since: str, others: Collection[str]
    ) -> str | Undecided | Failure | None:
        """The id of the batch with this token and so many requests, made no earlier than `since` (of `newest`); None if
        there is none. `others`: ids of batches that are known to have another."""
        ...

    async def state(self, batch: str) -> BatchState | Failure:
        """How far a batch is."""
        ...

    async def results(self, batch: str, keep: Keep) -> Failure | None:
        """Hand what each request of an ended batch came to over to `keep`, in any order. The failure is that of the
        fetching: what was handed over before it stands."""
        ...

    async def cancel(self, batch: str) -> Failure | None:
        """Ask that no more requests be answered; those that were are paid for, and found in the results."""
        ...


def custom_id(token: str, position: int) -> str:
    """What a request is called within its batch: 64 letters at most."""
    return f"{token}-{position}"


def token_in(name: str) -> str:
    """The token that a custom id carries; empty where it carries none."""
    return name.rpartition("-")[0]


def unanswered(word: str) -> Failure:
    """Of a request that the provider did not get to, and does not charge for."""
    return Failure("server", f"the batch ended before this request was answered ({word})")
