"""Rounds: each asks for exactly what the quotas lack, until they are met or something ends it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from assay.generate.asking import Made
from assay.generate.planning import Candidate, Plan
from assay.generate.quotas import Cell
from assay.llm.client import Failure

MOST_ROUNDS: Final = 12
"""Rounds, where nobody said how many."""
UNANSWERED: Final = "unanswered"
KEPT: Final = "kept"
_MANY: Final = 8

End = Literal["met", "rounds", "budget", "failed"]


@dataclass(frozen=True, slots=True)
class Fate:
    """What a curation made of a candidate: `kept` or the stage that rejected it, with its code; `unanswered`, with the
    code of `asking.CODES`."""

    stage: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A candidate that was asked for, and the round (from 1) that asked."""

    made: Made
    round: int


@dataclass(frozen=True, slots=True)
class Round:
    """One round: how many were asked, came to an answer, and were kept when it ended; `why`: code → how many of its
    candidates came to nothing for it; `kept_so_far`: of all rounds."""

    number: int
    asked: int
    answered: int
    kept: int
    why: Mapping[str, int]
    kept_so_far: int

    def as_json(self) -> dict[str, Any]:
        return {
            "round": self.number,
            "asked": self.asked,
            "answered": self.answered,
            "kept": self.kept,
            "why": dict(self.why),
            "kept_so_far": self.kept_so_far,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that was asked, in the order in which it is curated; how many of each cell are kept; and why it ended."""

    entries: tuple[Entry, ...]
    kept: Mapping[Cell, int]
    rounds: tuple[Round, ...]
    end: End
    failure: Failure | None = None


Ask = Callable[[int, Sequence[Candidate]], Sequence[Made]]
"""Asks in a round (its number) for candidates; those that were asked, in the same order."""
Curate = Callable[[Sequence[Entry]], Sequence[Fate]]
"""What the recipe makes of all that was asked so far, one fate an entry."""


@dataclass(slots=True)
class _Standing:
    """How far a generation is."""

    entries: list[Entry] = field(default_factory=list)
    begun: dict[Cell, int] = field(default_factory=dict)
    kept: Counter[Cell] = field(default_factory=Counter)
    rounds: list[Round] = field(default_factory=list)

    def ended(self, end: End, failure: Failure | None = None) -> Outcome:
        return Outcome(tuple(self.entries), dict(self.kept), tuple(self.rounds), end, failure)


def run_rounds(plan: Plan, ask: Ask, curate: Curate, most: int = MOST_ROUNDS) -> Outcome:
    """Ask and curate in turn. Every round's candidates are the next ones of the cells that lack examples, and all that
    was made is curated again with each round, so that what a later one displaces is asked for anew.

    It ends when the quotas are met, after `most` rounds, at the budget, when a failure stops all calls, or when a
    whole round of calls failed.
    """
    now = _Standing()
    while lacking := plan.quotas.left(now.kept):
        if len(now.rounds) == most:
            return now.ended("rounds")
        number = len(now.rounds) + 1
        candidates = [
            plan.candidate(cell, now.begun.get(cell, 0) + at)
            for cell, count in lacking.items()
            for at in range(count)
        ]
        made = ask(number, candidates)
        for cell, count in lacking.items():
            now.begun[cell] = now.begun.get(cell, 0) + count
        failure = _stops(made, first=number == 1)
        # A call that was kept from being made is no candidate: with more money it is asked as if for the first time.
        now.entries += [Entry(one, number) for one in made if one.failure is None or not one.failure.fatal]
        _take_note(now, number, curate(now.entries) if now.entries else ())
        if failure is not None:
            return now.ended("budget" if failure.kind == "budget" else "failed", failure)
    return now.ended("met")


def _stops(made: Sequence[Made], *, first: bool) -> Failure | None:
    """The failure that ends the run: one that all calls share, or any where no call of many came to anything."""
    failures = [one.failure for one in made if one.failure is not None]
    fatal = next((one for one in failures if one.fatal), None)
    # A refusal is an answer of sorts: the server was there.
    useless = failures and all(one.code == "failed" for one in made)
    return fatal or (failures[0] if useless and (first or len(made) >= _MANY) else None)


def _take_note(now: _Standing, number: int, fates: Sequence[Fate]) -> None:
    """Count what is kept, in all and of the newest round."""
    now.kept = Counter(
        entry.made.candidate.cell
        for entry, fate in zip(now.entries, fates, strict=True)
        if fate.stage == KEPT
    )
    own = [fate for entry, fate in zip(now.entries, fates, strict=True) if entry.round == number]
    why = Counter(fate.code for fate in own if fate.stage != KEPT)
    now.rounds.append(
        Round(
            number,
            len(own),
            sum(fate.stage != UNANSWERED for fate in own),
            sum(fate.stage == KEPT for fate in own),
            dict(sorted(why.items(), key=lambda one: (-one[1], one[0]))),
            sum(now.kept.values()),
        )
    )
