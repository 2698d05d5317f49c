"""An adapter with everything around it that makes calls accountable."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from assay.llm.budget import Budget, Budgeted
from assay.llm.cache import Answers, Remembering
from assay.llm.client import Client
from assay.llm.pace import Clock, Pace, Paced, Sleep, Timed
from assay.llm.prices import Prices
from assay.llm.retry import Patience, Retrying


@dataclass(frozen=True, slots=True)
class Terms:
    """How calls are made: at most `most` at once, each given up after `timeout` seconds, with this patience."""

    most: int = 64
    timeout: float = 180.0
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True)
class World:
    """What the calls may know of the world: a clock of seconds that never goes back, a sleep, and randomness."""

    clock: Clock
    sleep: Sleep
    random: Random


def calling(
    adapter: Client, answers: Answers, scope: str, budget: Budget, prices: Prices, terms: Terms, world: World
) -> Remembering:
    """The adapter behind memory, retries, pace, budget and time-outs, in this order from outside.

    The budget is inside the retries, because every attempt may be charged for, and inside the pace, because money is
    set aside for calls that are made and not for those that wait their turn. `scope` is the adapter's address.
    """
    pace = Pace(world.clock, world.sleep, most=terms.most)
    paid = Paced(Budgeted(Timed(adapter, terms.timeout), budget, prices), pace)
    return Remembering(Retrying(paid, terms.patience, world.random, world.sleep), answers, scope)
