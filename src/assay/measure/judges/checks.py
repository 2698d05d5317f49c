"""The known biases of judges: for each, why it matters, what to do, and when a figure is a warning."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from assay.kernels.agreement_intervals import Estimate
from assay.measure.judges.values import NEEDED, Check, Verdict

NOTHING: Final = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True, slots=True)
class Bias:
    """One known bias. `rule` gives the verdict of an estimate that has an interval and rows enough."""

    name: str
    title: str
    limit: str
    rule: Callable[[Estimate], Verdict]
    why: str
    advice: str
    needed: int = NEEDED

    def check(self, value: Estimate, shown: str) -> Check:
        enough = value.n >= self.needed and not math.isnan(value.value) and not math.isnan(value.low)
        verdict: Verdict = self.rule(value) if enough else "not_enough"
        return Check(
            self.name, self.title, value, verdict, self.limit, self.needed, shown, self.why, self.advice
        )

    def missing(self, what: str) -> Check:
        """No verdict, because the rows do not say `what`."""
        return self.check(NOTHING, what)


@dataclass(frozen=True, slots=True)
class WinRate:
    """How one generator's answers fared. `rate`: the mean share of the win, or the mean score; `units`: mean length.

    `repeated` answers of the generator are the one text that it gave most often, to different questions.
    """

    generator: str
    rate: Estimate
    units: float | None
    answers: int
    repeated: int

    def as_json(self) -> dict[str, Any]:
        units = None if self.units is None else round(self.units, 2)
        return {
            "generator": self.generator, "rate": self.rate.as_json(), "units": units, "answers": self.answers,
            "repeated": self.repeated,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class BiasReport:
    """All checks, and the generators by their rate."""

    kind: str
    rows: int
    invalid: int
    checks: Sequence[Check]
    generators: Sequence[WinRate]

    @property
    def verdict(self) -> Verdict:
        """A warning where any check warns; not enough where no check could tell."""
        said = {one.verdict for one in self.checks}
        return "warning" if "warning" in said else "healthy" if "healthy" in said else "not_enough"

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "rows": self.rows, "invalid": self.invalid, "verdict": self.verdict,
            "checks": [one.as_json() for one in self.checks],
            "generators": [one.as_json() for one in self.generators],
        }  # fmt: skip


def around_zero(limit: float) -> Callable[[Estimate], Verdict]:
    """A warning: 0 is outside of the interval and the value at least `limit` away from it. Healthy: the interval stays
    within twice `limit`. Anything wider cannot tell."""

    def rule(one: Estimate) -> Verdict:
        apart = one.low > 0 or one.high < 0
        if apart and abs(one.value) >= limit:
            return "warning"
        return "healthy" if max(-one.low, one.high) <= 2 * limit else "not_enough"

    return rule


def at_least(limit: float) -> Callable[[Estimate], Verdict]:
    """Healthy with the low end at `limit` or above, a warning with the value below it."""

    def rule(one: Estimate) -> Verdict:
        return "healthy" if one.low >= limit else "warning" if one.value < limit else "not_enough"

    return rule


def below(limit: float) -> Callable[[Estimate], Verdict]:
    """A warning with the low end above `limit`, healthy with the value at or below it."""

    def rule(one: Estimate) -> Verdict:
        return "warning" if one.low > limit else "healthy" if one.value <= limit else "not_enough"

    return rule


LENGTH = Bias(
    "length", "Length: score and length, quality held fixed", "|ρ| below 0.1", around_zero(0.1),
    "A judge that pays for length teaches the next model to pad its answers.",
    "Say in the rubric that length earns nothing, add a short excellent answer, compare at equal length.",
)  # fmt: skip
LONGER = Bias(
    "longer_wins", "Length: wins of the longer answer beyond people's", "within 5 points", around_zero(0.05),
    LENGTH.why, LENGTH.advice,
)  # fmt: skip
VARIANTS = Bias(
    "length_variants", "Length: the same model told to write at two lengths", "within 2 points", around_zero(0.02),
    LENGTH.why, "Report win rates with length controlled for, or fix the length of what is compared.",
)  # fmt: skip
POSITION = Bias(
    "position", "Position: the same verdict in both orders", "low end from 80 %", at_least(0.8),
    "A verdict that turns when the answers change places is about the place.",
    "Judge every pair in both orders and call it a tie where they differ.",
)  # fmt: skip
FIRST_PLACE = Bias(
    "first_place", "Position: wins of the first place beyond people's", "within 5 points", around_zero(0.05),
    POSITION.why, POSITION.advice,
)  # fmt: skip
SELF = Bias(
    "self_preference", "Self-preference: its own family beyond people's", "within 5 points", around_zero(0.05),
    "A judge that favours its relatives ranks models by kinship.",
    "Judge with a model of another family, or with several families and their majority.",
)  # fmt: skip
SELF_SCORES = Bias(
    SELF.name, SELF.title, "within 0.2 SD", around_zero(0.2), SELF.why, SELF.advice,
)  # fmt: skip
REPEATED: Final = 10
"""One text as the answer to so many different questions answers none of them."""
DEGENERATE = Bias(
    "degenerate", "Degenerate: wins of one constant answer", "low end up to 10 %", below(0.1),
    "One text that answers no question and wins nevertheless is an exploit of the judge, not a good answer.",
    "Fence what is judged, screen it for text that speaks to the judge, take constant answers out first.",
    REPEATED,
)  # fmt: skip
CONSTANT = Bias(
    "constant_judge", "Degenerate: the judge says the same of everything", "low end up to 90 %", below(0.9),
    "A judge that says the same of nearly everything tells nothing, however often it is right.",
    "Spread the anchors of the rubric, ask for finer dimensions, or compare in pairs.",
)  # fmt: skip
DRIFT_PAIRS = Bias(
    "drift", "Drift: the anchors' verdicts, before and now", "low end from 90 %", at_least(0.9),
    "Scores of two judges, or of two rubrics, are of two scales: a trend across the change is not real.",
    "Score everything again with the new judge, or go back to the old one.",
)  # fmt: skip
DRIFT_SCORES = Bias(
    "drift", "Drift: the anchors' mean score, before and now", "within 0.2 SD", around_zero(0.2),
    DRIFT_PAIRS.why, DRIFT_PAIRS.advice,
)  # fmt: skip
