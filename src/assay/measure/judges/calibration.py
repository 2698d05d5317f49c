"""A judge against people: how often they agree, beyond chance, in order, and at which threshold.

The verdict asks for Cohen's kappa of at least 0.6, "substantial" in Landis and Koch (1977), at the low end of its
interval; of scores for the weighted kappa, or for Spearman's rho where the scales differ.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from assay.kernels.agreement_intervals import Estimate, cohen, share_of, weighted
from assay.kernels.rank_correlation import bootstrap, spearman
from assay.measure.judges.threshold import Threshold, best_threshold, halving
from assay.measure.judges.values import (
    FIRST,
    INVALID,
    NEEDED,
    SECOND,
    TIE,
    Check,
    Pair,
    Score,
    Verdict,
    verdict_of,
)

SUBSTANTIAL: Final = 0.6
CATEGORIES: Final = 12
"""Scores of more different values than this have no table and no plain agreement: they are a scale."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A judge held against people's labels. A figure that has no meaning for the labels is NaN.

    `labelled` rows have a label of people and an answer of the judge; `invalid` of these answers are no verdict and
    count as wrong. `unlabelled` rows have no label (or no majority), `unjudged` none of the judge. `confusion`:
    people's label → judge's → rows. `people`: agreement of two of them, by their fields' places.
    """

    kind: Literal["verdicts", "scores"]
    labelled: int
    invalid: int
    unlabelled: int
    unjudged: int
    agreement: Estimate
    valid_agreement: Estimate
    kappa: Estimate
    weighted_kappa: Estimate
    spearman: Estimate
    confusion: Mapping[str, Mapping[str, int]]
    people: Mapping[tuple[int, int], Estimate]
    threshold: Threshold | None
    check: Check

    @property
    def verdict(self) -> Verdict:
        return self.check.verdict

    def as_json(self) -> dict[str, Any]:
        figures = {
            name: getattr(self, name).as_json()
            for name in ("agreement", "valid_agreement", "kappa", "weighted_kappa", "spearman")
        }
        return {
            "kind": self.kind, "labelled": self.labelled, "invalid": self.invalid, "unlabelled": self.unlabelled,
            "unjudged": self.unjudged, **figures,
            "confusion": {name: dict(row) for name, row in self.confusion.items()},
            "people": [{"a": a + 1, "b": b + 1, **one.as_json()} for (a, b), one in self.people.items()],
            "threshold": self.threshold.as_json() if self.threshold else None,
            "check": self.check.as_json(),
        }  # fmt: skip


def calibrate_pairs(pairs: Sequence[Pair], seed: int = 0) -> Calibration:
    """Preferences of a judge against the majority of people's. An invalid answer counts as a wrong one.

    The weighted kappa and Spearman's rho are of the valid answers: first, tie, second are in that order.
    """
    human = [verdict_of(one.human) for one in pairs if one.human is not None and _answered(one)]
    judge = [_said(one) for one in pairs if one.human is not None and _answered(one)]
    valid = [(h, j) for h, j in zip(human, judge, strict=True) if j != INVALID]
    places = {FIRST: 0.0, TIE: 0.5, SECOND: 1.0}
    numbers = [(places[h], places[j]) for h, j in valid]
    kappa = cohen(human, judge, seed)
    return Calibration(
        "verdicts",
        len(human),
        len(human) - len(valid),
        *_missing(pairs),
        share_of(sum(h == j for h, j in zip(human, judge, strict=True)), len(human)),
        share_of(sum(h == j for h, j in valid), len(valid)),
        kappa,
        weighted([h for h, _ in numbers], [j for _, j in numbers], seed),
        _rho(numbers, seed),
        _confusion(human, judge, (FIRST, TIE, SECOND, INVALID)),
        _people([tuple(None if v is None else verdict_of(v) for v in one.votes) for one in pairs]),
        None,
        _check("Cohen's kappa", kappa),
    )


def calibrate_scores(scores: Sequence[Score], good: float | None = None, seed: int = 0) -> Calibration:
    """Scores of a judge against the mean of people's; an answer that is no number counts as a wrong one.

    `good`: from which score on people call an answer good; None: the score that splits their labels most evenly.
    Agreement, kappa and the table need a common scale of at most `CATEGORIES` values; else they are NaN and empty.
    """
    kept = [one for one in scores if one.human is not None and _answered(one)]
    valid = [(one.human, one.judge) for one in kept if one.human is not None and one.judge is not None]
    human, judge = (np.array([pair[side] for pair in valid], np.float64) for side in (0, 1))
    none = Estimate(math.nan, math.nan, math.nan, len(kept))
    agreement = valid_agreement = kappa = weight = none
    table: Mapping[str, Mapping[str, int]] = {}
    if _one_scale(human, judge):
        a = [_spell(one.human) for one in kept]
        b = [INVALID if one.judge is None else _spell(one.judge) for one in kept]
        right = int((human == judge).sum())
        agreement, valid_agreement = share_of(right, len(kept)), share_of(right, len(valid))
        kappa, weight = cohen(a, b, seed), weighted([h for h, _ in valid], [j for _, j in valid], seed)
        order = [_spell(float(value)) for value in np.unique(np.concatenate([human, judge]))]
        table = _confusion(a, b, (*order, INVALID))
    rho = _rho(valid, seed)
    split = halving(human) if good is None else good
    found = best_threshold(human, judge, split, seed) if split is not None and len(valid) >= NEEDED else None
    judged_by = ("Spearman's rho", rho) if math.isnan(weight.value) else ("weighted kappa", weight)
    return Calibration(
        "scores",
        len(kept),
        len(kept) - len(valid),
        *_missing(scores),
        agreement,
        valid_agreement,
        kappa,
        weight,
        rho,
        table,
        _people([tuple(None if v is None else _spell(v) for v in one.votes) for one in scores]),
        found,
        _check(*judged_by),
    )


def _answered(one: Pair | Score) -> bool:
    return one.judge is not None or one.invalid


def _said(one: Pair) -> str:
    return INVALID if one.judge is None else verdict_of(one.judge)


def _missing(rows: Sequence[Pair | Score]) -> tuple[int, int]:
    unlabelled = sum(one.human is None for one in rows)
    return unlabelled, sum(one.human is not None and not _answered(one) for one in rows)


def _spell(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _one_scale(human: Any, judge: Any) -> bool:
    """Whether the judge gives what people give: few values, and most of its answers among theirs."""
    if not len(human) or len(np.unique(np.concatenate([human, judge]))) > CATEGORIES:
        return False
    low, high = human.min(), human.max()
    return bool(((judge >= low) & (judge <= high)).mean() >= 0.5)


def _rho(pairs: Sequence[tuple[float, float]], seed: int) -> Estimate:
    both = np.array(pairs, np.float64).reshape(-1, 2)
    return bootstrap(lambda rows: spearman(both[rows, 0], both[rows, 1]), len(both), seed)


def _confusion(
    human: Sequence[str], judge: Sequence[str], order: Sequence[str]
) -> Mapping[str, Mapping[str, int]]:
    counts = Counter(zip(human, judge, strict=True))
    columns = [name for name in order if any(counts[h, name] for h in order)]
    return {h: {j: counts[h, j] for j in columns} for h in order if h in human}


def _people(votes: Sequence[tuple[str | None, ...]]) -> Mapping[tuple[int, int], Estimate]:
    width = max(map(len, votes), default=0)
    found = {}
    for a in range(width):
        for b in range(a + 1, width):
            both = [(one[a], one[b]) for one in votes if len(one) > b and None not in (one[a], one[b])]
            found[a, b] = share_of(sum(x == y for x, y in both), len(both))
    return found


def _check(name: str, value: Estimate) -> Check:
    verdict: Verdict = "not_enough"
    if value.n >= NEEDED and not math.isnan(value.low):
        verdict = "healthy" if value.low >= SUBSTANTIAL else "warning"
    return Check(
        "agreement", "The judge agrees with people", value, verdict, f"low end from {SUBSTANTIAL}", NEEDED, name,
        "What a judge keeps or rejects is only as good as its agreement with the people it stands in for.",
        "Rewrite the rubric with anchors and examples, try another model, or let people decide.",
    )  # fmt: skip
