"""What the fetching of answers by batches is told, and what it tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from assay.llm.batches import BatchClient, BatchState
from assay.llm.budget import Budget
from assay.llm.cache import Answers
from assay.llm.calling import World
from assay.llm.client import Failure
from assay.llm.pending import PendingBatches
from assay.llm.prices import Prices


@dataclass(frozen=True, slots=True)
class Polling:
    """How batches are waited for, in seconds, and how large they are.

    The state is asked for after `first`, then ever later up to `most`; after `longest` in all the batches that still
    run stay pending. What goes wrong with a batch may do so `faults` times in a row. `call` bounds one call, the
    fetching of all results too. A batch that may have been made, and that the provider does not list, was not made if
    it is not listed `settle` later either. A batch has up to `requests` requests and about `bytes` bytes.
    """

    first: float = 5.0
    most: float = 60.0
    longest: float = 86_400.0
    faults: int = 10
    call: float = 3_600.0
    settle: float = 10.0
    requests: int = 10_000
    bytes: int = 100_000_000


@dataclass(frozen=True, slots=True)
class Batching:
    """By whom batches are answered, where answers and pending batches are kept, what it may cost, and how long it may
    take.

    `scope` and `answers` are those of the `Remembering` that is to find the answers; `budget` and `prices` those of all
    other calls: a batch counts at the prices of batches. `tell` hears of every batch, by its id, how far it is.
    """

    batcher: BatchClient
    answers: Answers
    scope: str
    pending: PendingBatches
    budget: Budget
    prices: Prices
    world: World
    polling: Polling = field(default_factory=Polling)
    tell: Callable[[str, BatchState], None] = lambda batch, state: None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A batch whose answers are still to come: its id (None: it is not known whether it was made), how many of the
    requests that were asked for are in it, and why it was not waited for longer."""

    batch: str | None
    requests: int
    why: str


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of requests that were sent ahead.

    Of `asked` different ones the answers of `known` were there already, and those of `came` are now. `failures`, by the
    key of the request, are to be asked again in the ordinary way, as are those `left_out` (keys), for which no money
    was left. `waiting` are batches that stay pending: to ask for these requests in the ordinary way is to pay twice, to
    fill again is to wait on. `lost` tells in words of batches that may have been paid for and brought nothing. `spent`:
    US dollars, with the worst cost of what is waiting or lost.
    """

    asked: int
    known: int
    came: int
    failures: Mapping[str, Failure]
    left_out: tuple[str, ...]
    waiting: tuple[Waiting, ...]
    lost: tuple[str, ...]
    spent: Decimal
