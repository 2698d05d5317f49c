"""What was said of an answer or of a pair of answers, by people and by a judge.

A preference between two answers is the share of the win that goes to the second: 0 the first, 0.5 a tie, 1 the second.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from assay.kernels.agreement_intervals import Estimate

Verdict = Literal["healthy", "warning", "not_enough"]

FIRST: Final = "first"
SECOND: Final = "second"
TIE: Final = "tie"
INVALID: Final = "invalid"
NEEDED: Final = 50
"""Labels below which no verdict is given: an agreement of 0.7 from 50 has an interval of 0.56 to 0.81."""

_WORDS: Final = {
    **dict.fromkeys(("1", "a", "first", "left", "[[a]]", "response 1", "model_a", "output_1"), 0.0),
    **dict.fromkeys(("2", "b", "second", "right", "[[b]]", "response 2", "model_b", "output_2"), 1.0),
    **dict.fromkeys(("0", "c", "tie", "equal", "same", "both", "[[c]]", "平局", "一样"), 0.5),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """One answer: who wrote it, its length in units, and a digest of its text; None where it is not known."""

    generator: str | None = None
    length: int | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to the question `key`, and which of them people and the judge prefer.

    `votes` are the people's, `human` their majority. `swapped` is the judge's preference with the answers shown in the
    other order, turned back; `before` that of an earlier judge. `invalid`: the judge said something that is no verdict.
    """

    key: str
    judge: float | None
    human: float | None = None
    votes: tuple[float | None, ...] = ()
    swapped: float | None = None
    before: float | None = None
    first: Side = Side()
    second: Side = Side()
    invalid: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """One answer to the question `key`, with the judge's score and people's (`human`: the mean of `votes`).

    `quality` stands in for people's where they gave none: another figure of how good the answer is.
    """

    key: str
    judge: float | None
    human: float | None = None
    votes: tuple[float | None, ...] = ()
    quality: float | None = None
    before: float | None = None
    answer: Side = Side()
    invalid: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a judge. `value` is the figure with its interval; below `needed` rows no verdict is given.

    `limit` says what is healthy, `shown` what was compared.
    """

    name: str
    title: str
    value: Estimate
    verdict: Verdict
    limit: str
    needed: int
    shown: str
    why: str
    advice: str

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name, "title": self.title, "verdict": self.verdict, **self.value.as_json(),
            "healthy": self.limit, "needed": self.needed, "shown": self.shown, "why": self.why, "advice": self.advice,
        }  # fmt: skip


def preference(value: Any) -> float | None:
    """A verdict as the share of the win of the second answer; None for what is no verdict.

    1 and 2 name the answers and 0 a tie, as numbers or as text; so do a and b, first and second, tie, equal. A number
    between 1 and 2 is a share of the win: 1.25 gives a quarter to the second answer.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _WORDS:
            return _WORDS[word]
        value = number(word)
    if isinstance(value, int | float) and math.isfinite(value):
        if value == 0:
            return 0.5
        return float(value) - 1 if 1 <= value <= 2 else None
    return None


def number(value: Any) -> float | None:
    """A finite number, or text that spells one; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def verdict_of(share: float) -> str:
    """first, second or tie."""
    return TIE if share == 0.5 else FIRST if share < 0.5 else SECOND


def majority(votes: Sequence[float | None]) -> float | None:
    """The preference that more than half of those who voted share; None without one."""
    given = [verdict_of(vote) for vote in votes if vote is not None]
    if not given:
        return None
    if len(given) == 1:
        return next(vote for vote in votes if vote is not None)
    verdict, count = Counter(given).most_common(1)[0]
    return {FIRST: 0.0, TIE: 0.5, SECOND: 1.0}[verdict] if 2 * count > len(given) else None


def mean(votes: Sequence[float | None]) -> float | None:
    """The mean of the scores that were given; None without any."""
    given = [vote for vote in votes if vote is not None]
    return sum(given) / len(given) if given else None
