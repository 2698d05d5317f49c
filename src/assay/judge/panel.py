"""Several judges of the same examples: what they say together, and how far they agree."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import fsum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from assay.judge.judgement import SCORED, Judgement
from assay.kernels.agreement_intervals import weighted
from assay.kernels.rank_correlation import spearman

NEEDED: Final = 50
"""Examples below which nothing is said of agreement: an agreement of 0.7 from 50 has an interval of 0.56 to 0.81."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Combined:
    """What judges under one rubric say of one example; means are over those that gave scores.

    `outcome`: `SCORED` when every judge gave scores, else the commonest reason why one did not (of equally common ones
    the first by name). `exclude`: share of the judges with scores that would exclude it, None where the rubric asks
    none. `spread`: greatest less least `overall`, of pairs `preference`; None without scores. `steering`: all attempts.
    """

    outcome: str
    scores: Mapping[str, float]
    exclude: float | None
    spread: float | None
    steering: tuple[str, ...]
    judges: int
    scored: int


def combine(judgements: Iterable[Judgement]) -> Combined:
    """What judges say of one example together, in whatever order they come."""
    said = list(judgements)
    good = [one for one in said if one.scored]
    reasons = Counter(one.outcome for one in said if not one.scored)
    outcome = min(reasons, key=lambda name: (-reasons[name], name)) if reasons else SCORED
    names = sorted({name for one in good for name in one.scores})
    scores = {name: _mean([one.scores[name] for one in good if name in one.scores]) for name in names}
    votes = [float(one.exclude) for one in good if one.exclude is not None]
    main = [value for one in good if (value := main_score(one)) is not None]
    return Combined(
        outcome=outcome,
        scores=scores,
        exclude=_mean(votes) if votes else None,
        spread=max(main) - min(main) if main else None,
        steering=tuple(sorted({kind for one in said for kind in one.steering})),
        judges=len(said),
        scored=len(good),
    )


def by_example(judgements: Iterable[Judgement]) -> dict[bytes, list[Judgement]]:
    """Judgements by the id of the example, in their order."""
    grouped: dict[bytes, list[Judgement]] = defaultdict(list)
    for one in judgements:
        grouped[one.id].append(one)
    return dict(grouped)


def main_score(judgement: Judgement) -> float | None:
    """The score that stands for the whole: `overall`, of pairs `preference`; None without scores."""
    return judgement.scores.get("overall", judgement.scores.get("preference"))


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far judges agree on one score, over the `examples` that at least two of them scored. NaN where undefined.

    `alpha`: Krippendorff's, for intervals. `rho` and `kappa`: Spearman's rho, and Cohen's kappa weighted by the squared
    difference, each as the mean over the pairs of judges for which it is defined. `within_one`: share of the examples
    whose scores lie at most 1 apart. `said`: "" or why nothing should be concluded from it.
    """

    score: str
    judges: int
    examples: int
    alpha: float
    rho: float
    kappa: float
    within_one: float
    said: str

    def as_json(self) -> dict[str, Any]:
        """NaN becomes null."""
        figures = {name: getattr(self, name) for name in ("alpha", "rho", "kappa", "within_one")}
        told = {name: None if math.isnan(value) else round(value, 4) for name, value in figures.items()}
        return {
            "score": self.score,
            "judges": self.judges,
            "examples": self.examples,
            **told,
            "said": self.said,
        }


def agreement(judgements: Iterable[Judgement], score: str = "overall") -> Agreement:
    """How far judges agree on a score. Of several judgements of one example by one judge the last counts."""
    told: dict[bytes, dict[str, float]] = defaultdict(dict)
    for one in judgements:
        if one.scored and score in one.scores:
            told[one.id][one.judge] = one.scores[score]
    names = sorted({judge for row in told.values() for judge in row})
    rows = [told[example] for example in sorted(told) if len(told[example]) > 1]
    table = np.array([[row.get(name, math.nan) for name in names] for row in rows], np.float64)
    table = table.reshape(len(rows), len(names))
    pairs = [_both(table, *pair) for pair in combinations(range(len(names)), 2)]
    pairs = [pair for pair in pairs if len(pair)]
    apart = np.nanmax(table, 1) - np.nanmin(table, 1) if len(rows) else np.empty(0)
    if len(names) < 2:
        said = "one judge agrees with nobody"
    else:
        said = "" if len(rows) >= NEEDED else f"not enough examples to tell: {len(rows)} of {NEEDED}"
    return Agreement(
        score=score,
        judges=len(names),
        examples=len(rows),
        alpha=interval_alpha(table),
        rho=_defined([spearman(pair[:, 0], pair[:, 1]) for pair in pairs]),
        kappa=_defined([weighted(pair[:, 0].tolist(), pair[:, 1].tolist()).value for pair in pairs]),
        within_one=float((apart <= 1.0 + 1e-9).mean()) if len(rows) else math.nan,
        said=said,
    )


def interval_alpha(table: Floats) -> float:
    """Krippendorff's alpha for intervals of items × annotators, NaN for a missing value.

    It is `assay.kernels.agreement.krippendorff_alpha(…, "interval")` from moments, without a table of all values: means
    of draws take too many.
    """
    there = ~np.isnan(table)
    table, there = table[there.sum(1) > 1], there[there.sum(1) > 1]
    n = int(there.sum())
    if n < 2:
        return math.nan
    values = np.where(
        there, table - table[there].mean(), 0.0
    )  # far from 0, squares would drown the differences
    counts, sums, squares = there.sum(1), values.sum(1), (values**2).sum(1)
    observed = float(((counts * squares - sums**2) / (counts - 1)).sum()) / n
    expected = float(n * squares.sum() - sums.sum() ** 2) / (n * (n - 1))
    return 1.0 - observed / expected if expected > 1e-12 else math.nan


def _both(table: Floats, a: int, b: int) -> Floats:
    pair = table[:, [a, b]]
    return np.asarray(pair[~np.isnan(pair).any(1)])


def _defined(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return _mean(known) if known else math.nan


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)
