"""The threshold on a judge's score that says most like people which answers are good enough."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from assay.kernels.agreement_intervals import Estimate

DRAWS: Final = 500

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Threshold:
    """Scores of at least `score` are good where people's are at least `good`.

    `score` has its bootstrap interval. `kappa` and `agreement` are of the rows that a draw left out, at the threshold
    that was best on those it took (out of bag, Efron 1983), so they are not flattered by the search.
    """

    good: float
    score: Estimate
    kappa: Estimate
    agreement: Estimate

    def as_json(self) -> dict[str, Any]:
        return {
            "good": self.good, "score": self.score.as_json(), "kappa": self.kappa.as_json(),
            "agreement": self.agreement.as_json(),
        }  # fmt: skip


def halving(human: Floats) -> float | None:
    """The value of people's scores that splits them most evenly into below and at-or-above; None for a constant."""
    values = np.unique(human)[1:]
    if not len(values):
        return None
    below = np.searchsorted(np.sort(human), values)
    return float(values[np.abs(2 * below - len(human)).argmin()])


def best_threshold(human: Floats, judge: Floats, good: float, seed: int = 0) -> Threshold | None:
    """The judge's score with the largest Cohen's kappa against `human >= good`; the lowest of equals.

    Arrays float64[n]. None where people call all answers good, or none.
    """
    n = len(human)
    wanted = human >= good
    if not 0 < int(wanted.sum()) < n:
        return None
    cuts, place = np.unique(judge, return_inverse=True)
    best = _best(np.ones(n), wanted, place, len(cuts))
    source = np.random.default_rng(seed)
    scores, kappas, agreements = [], [], []
    for _ in range(DRAWS):
        weight = np.bincount(source.integers(0, n, n), minlength=n).astype(np.float64)
        out = weight == 0
        if not out.any():
            continue
        cut = _best(weight, wanted, place, len(cuts))
        scores.append(float(cuts[cut]))
        said, told = place[out] >= cut, wanted[out]
        agreed = float((said == told).mean())
        expected = float(said.mean() * told.mean() + (1 - said.mean()) * (1 - told.mean()))
        agreements.append(agreed)
        kappas.append((agreed - expected) / (1 - expected) if expected < 1 else math.nan)
    return Threshold(
        good, _spread(scores, float(cuts[best]), n), _spread(kappas, None, n), _spread(agreements, None, n)
    )


def _best(weight: Floats, wanted: npt.NDArray[np.bool_], place: npt.NDArray[np.int64], cuts: int) -> int:
    """Which cut has the largest kappa, by cumulative counts from the highest score down."""
    above_good = np.bincount(place, weight * wanted, cuts)[::-1].cumsum()[::-1]
    above_bad = np.bincount(place, weight * ~wanted, cuts)[::-1].cumsum()[::-1]
    good, bad = above_good[0], above_bad[0]
    total = good + bad
    agreed = (above_good + bad - above_bad) / total
    said = (above_good + above_bad) / total
    expected = said * good / total + (1 - said) * bad / total
    with np.errstate(divide="ignore", invalid="ignore"):
        kappa = np.where(expected < 1, (agreed - expected) / (1 - expected), -1.0)
    return int(kappa.argmax())


def _spread(drawn: list[float], value: float | None, n: int) -> Estimate:
    defined = [one for one in drawn if not math.isnan(one)]
    if not defined:
        return Estimate(math.nan if value is None else value, math.nan, math.nan, n)
    low, high = np.percentile(defined, (2.5, 97.5))
    return Estimate(float(np.mean(defined)) if value is None else value, float(low), float(high), n)
