"""Biases of a judge that prefers one answer of two. What people prefer in the same pairs is taken off where known."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from assay.kernels.agreement_intervals import Estimate, share_of
from assay.kernels.rank_correlation import bootstrap, partial_spearman
from assay.measure.judges import checks
from assay.measure.judges.answers import Fared, degenerate, mean_of, win_rates
from assay.measure.judges.checks import BiasReport
from assay.measure.judges.families import family_of
from assay.measure.judges.values import Check, Pair, verdict_of


def bias_of_pairs(
    pairs: Sequence[Pair],
    judge_model: str | None = None,
    variants: tuple[str, str] | None = None,
    seed: int = 0,
) -> BiasReport:
    """Every check that pairs allow; one whose data is missing says so and gives no verdict.

    `judge_model` names the judge (for self-preference); `variants` two generators that are one model told to write at
    two lengths (for length).
    """
    fared = _fared(pairs)
    return BiasReport(
        "verdicts",
        len(pairs),
        sum(one.invalid for one in pairs),
        (
            _length(pairs, seed), _longer(pairs, seed), _variants(fared, variants, seed), _swap(pairs),
            _first_place(pairs, seed), _own(pairs, judge_model, seed), degenerate(fared, seed), _constant(pairs),
            _drift(pairs),
        ),
        win_rates(fared, seed),
    )  # fmt: skip


def _fared(pairs: Sequence[Pair]) -> list[Fared]:
    judged = [(one, one.judge) for one in pairs if one.judge is not None]
    found = [Fared(one.key, one.first, 1 - share) for one, share in judged]
    return found + [Fared(one.key, one.second, share) for one, share in judged]


def _length(pairs: Sequence[Pair], seed: int) -> Check:
    rows = [
        (one.judge, math.log((one.second.length + 1) / (one.first.length + 1)), one.human)
        for one in pairs
        if one.judge is not None and one.human is not None
        and one.first.length is not None and one.second.length is not None
    ]  # fmt: skip
    if not rows:
        return checks.LENGTH.missing("needs people's labels and the lengths of both answers")
    judge, ratio, human = np.array(rows, np.float64).T
    value = bootstrap(lambda at: partial_spearman(judge[at], ratio[at], human[at]), len(rows), seed)
    return checks.LENGTH.check(value, "partial rank correlation, given what people prefer")


def _longer(pairs: Sequence[Pair], seed: int) -> Check:
    judge, human, known = [], [], 0
    for one in pairs:
        a, b = one.first.length, one.second.length
        if one.judge is None or a is None or b is None or a == b:
            continue
        known += 1
        if one.human is not None:
            judge.append(one.judge if b > a else 1 - one.judge)
            human.append(one.human if b > a else 1 - one.human)
    if not judge:
        what = "people's labels for the same pairs" if known else "the lengths of both answers"
        return checks.LONGER.missing(f"needs {what}")
    return checks.LONGER.check(*_beyond(judge, human, "the longer answer", seed))


def _beyond(judge: Sequence[float], human: Sequence[float], what: str, seed: int) -> tuple[Estimate, str]:
    value = mean_of([j - h for j, h in zip(judge, human, strict=True)], seed)
    shares = (sum(judge) / len(judge), sum(human) / len(human))
    return value, f"{what} wins {shares[0]:.1%} with the judge, {shares[1]:.1%} with people"


def _variants(fared: Sequence[Fared], variants: tuple[str, str] | None, seed: int) -> Check:
    if variants is None:
        return checks.VARIANTS.missing("needs two generators that are one model at two lengths (--variants)")
    won: dict[str, dict[str, float]] = defaultdict(dict)
    units: dict[str, list[int]] = defaultdict(list)
    for row in fared:
        name = row.side.generator
        if name in variants and row.side.length is not None:
            won[name][row.key] = row.won
            units[name].append(row.side.length)
    if len(won) < 2:
        return checks.VARIANTS.missing(
            f"no judged answers with lengths of both {variants[0]} and {variants[1]}"
        )
    lengths = {name: sum(units[name]) / len(units[name]) for name in won}
    short, long = sorted(won, key=lambda name: (lengths[name], name))
    both = sorted(won[short].keys() & won[long].keys())
    value = mean_of([won[long][key] - won[short][key] for key in both], seed)
    rates = [sum(won[name].values()) / len(won[name]) for name in (long, short)]
    shown = f"{rates[0]:.3f} at {lengths[long]:,.0f} units against {rates[1]:.3f} at {lengths[short]:,.0f}"
    return checks.VARIANTS.check(value, shown)


def _swap(pairs: Sequence[Pair]) -> Check:
    both = [
        (verdict_of(p.judge), verdict_of(p.swapped))
        for p in pairs
        if p.judge is not None and p.swapped is not None
    ]
    if not both:
        return checks.POSITION.missing("needs the verdicts with the answers swapped")
    turned = Counter(pair for pair in both if pair[0] != pair[1])
    shown = (
        f"of {turned.total():,} that turned, {turned['first', 'second']:,} kept to the first place and "
        f"{turned['second', 'first']:,} to the second"
    )
    return checks.POSITION.check(share_of(len(both) - turned.total(), len(both)), shown)


def _first_place(pairs: Sequence[Pair], seed: int) -> Check:
    both = [(1 - p.judge, 1 - p.human) for p in pairs if p.judge is not None and p.human is not None]
    if not both:
        return checks.FIRST_PLACE.missing("needs people's labels for the same pairs")
    return checks.FIRST_PLACE.check(
        *_beyond([j for j, _ in both], [h for _, h in both], "the first place", seed)
    )


def _own(pairs: Sequence[Pair], judge_model: str | None, seed: int) -> Check:
    if judge_model is None:
        return checks.SELF.missing("needs the judge's name (--judge-model)")
    family = family_of(judge_model)
    judge, human, known = [], [], 0
    for one in pairs:
        if one.judge is None or one.first.generator is None or one.second.generator is None:
            continue
        own = [family_of(name) == family for name in (one.first.generator, one.second.generator)]
        if own[0] == own[1]:
            continue
        known += 1
        if one.human is not None:
            judge.append(one.judge if own[1] else 1 - one.judge)
            human.append(one.human if own[1] else 1 - one.human)
    if not judge:
        what = "people's labels" if known else f"pairs of which one answer is of the family {family}"
        return checks.SELF.missing(f"needs {what}")
    return checks.SELF.check(*_beyond(judge, human, f"the family {family}", seed))


def _constant(pairs: Sequence[Pair]) -> Check:
    said = Counter(verdict_of(one.judge) for one in pairs if one.judge is not None)
    if not said:
        return checks.CONSTANT.missing("the judge said nothing")
    verdict, count = said.most_common(1)[0]
    return checks.CONSTANT.check(share_of(count, said.total()), f"the commonest verdict is {verdict}")


def _drift(pairs: Sequence[Pair]) -> Check:
    both = [
        (verdict_of(p.before), verdict_of(p.judge))
        for p in pairs
        if p.before is not None and p.judge is not None
    ]
    if not both:
        return checks.DRIFT_PAIRS.missing("needs verdicts of the earlier judge")
    same = sum(a == b for a, b in both)
    return checks.DRIFT_PAIRS.check(
        share_of(same, len(both)), f"{same:,} of {len(both):,} verdicts are the same"
    )
