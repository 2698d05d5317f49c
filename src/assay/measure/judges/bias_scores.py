"""Biases of a judge that scores answers one by one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from assay.kernels.agreement_intervals import share_of
from assay.kernels.rank_correlation import Rows, bootstrap, partial_spearman, ranks, spearman
from assay.measure.judges import checks
from assay.measure.judges.answers import Fared, degenerate, win_rates
from assay.measure.judges.checks import BiasReport
from assay.measure.judges.families import family_of
from assay.measure.judges.values import Check, Score


def bias_of_scores(scores: Sequence[Score], judge_model: str | None = None, seed: int = 0) -> BiasReport:
    """Every check that scores allow; one whose data is missing says so and gives no verdict."""
    judged = [(one, one.judge) for one in scores if one.judge is not None]
    return BiasReport(
        "scores",
        len(scores),
        sum(one.invalid for one in scores),
        (
            _length(scores, seed), _own(scores, judge_model, seed), _degenerate(scores, seed), _constant(scores),
            _drift(scores, seed),
        ),
        win_rates([Fared(one.key, one.answer, score) for one, score in judged], seed),
    )  # fmt: skip


def _length(scores: Sequence[Score], seed: int) -> Check:
    by_people = any(one.human is not None for one in scores)
    rows = []
    for one in scores:
        given = one.human if by_people else one.quality
        if one.judge is not None and one.answer.length is not None and given is not None:
            rows.append((one.judge, one.answer.length, given))
    if not rows:
        return checks.LENGTH.missing(
            "needs the answers' lengths, and people's scores or a field of their quality"
        )
    judge, length, given_ = np.array(rows, np.float64).T
    value = bootstrap(lambda at: partial_spearman(judge[at], length[at], given_[at]), len(rows), seed)
    held = "people's scores" if by_people else "the quality"
    return checks.LENGTH.check(value, f"partial rank correlation, given {held}")


def _own(scores: Sequence[Score], judge_model: str | None, seed: int) -> Check:
    """How much higher the judge ranks its own family than people do, in standard deviations of ranks."""
    if judge_model is None:
        return checks.SELF_SCORES.missing("needs the judge's name (--judge-model)")
    family = family_of(judge_model)
    rows = [
        (one.judge, one.human, float(family_of(one.answer.generator) == family))
        for one in scores
        if one.judge is not None and one.human is not None and one.answer.generator is not None
    ]
    own = int(sum(row[2] for row in rows))
    if not 0 < own < len(rows):
        return checks.SELF_SCORES.missing(
            f"needs people's scores, and answers of the family {family} and of others"
        )
    judge, human, mine = np.array(rows, np.float64).T
    spread = math.sqrt((len(rows) ** 2 - 1) / 12)
    apart = (ranks(judge) - ranks(human)) / spread

    def excess(at: Rows) -> float:
        chosen = mine[at] == 1
        return (
            float(apart[at][chosen].mean() - apart[at][~chosen].mean())
            if 0 < chosen.sum() < len(at)
            else math.nan
        )

    return checks.SELF_SCORES.check(
        bootstrap(excess, len(rows), seed), f"{own:,} of {len(rows):,} answers are of the family {family}"
    )


def _degenerate(scores: Sequence[Score], seed: int) -> Check:
    """As of pairs; an answer's share of the win is the share of all answers that it is scored above, ties by half."""
    judged = [(one, one.judge) for one in scores if one.judge is not None]
    if not judged:
        return checks.DEGENERATE.missing("the judge said nothing")
    place = (ranks(np.array([score for _, score in judged], np.float64)) - 0.5) / len(judged)
    return degenerate(
        [Fared(one.key, one.answer, float(won)) for (one, _), won in zip(judged, place, strict=True)], seed
    )


def _constant(scores: Sequence[Score]) -> Check:
    said = Counter(one.judge for one in scores if one.judge is not None)
    if not said:
        return checks.CONSTANT.missing("the judge said nothing")
    score, count = said.most_common(1)[0]
    return checks.CONSTANT.check(share_of(count, said.total()), f"the commonest score is {score:g}")


def _drift(scores: Sequence[Score], seed: int) -> Check:
    both = [(one.before, one.judge) for one in scores if one.before is not None and one.judge is not None]
    if not both:
        return checks.DRIFT_SCORES.missing("needs scores of the earlier judge")
    before, now = np.array(both, np.float64).T
    spread = float(np.concatenate([before, now]).std())
    if spread == 0:
        return checks.DRIFT_SCORES.missing("all scores are equal, before and now")
    change = (now - before) / spread
    value = bootstrap(lambda at: float(change[at].mean()), len(both), seed)
    rho = spearman(before, now)
    order = "" if math.isnan(rho) else f"; the order is kept with ρ {rho:.2f}"
    return checks.DRIFT_SCORES.check(value, f"mean {before.mean():.2f} before, {now.mean():.2f} now{order}")
