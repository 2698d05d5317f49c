"""Judges against people, and the biases of judges, on labels whose truth is known because it was made."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.kernels.agreement import cohen_kappa
from assay.kernels.agreement_intervals import Estimate, weighted
from assay.kernels.rank_correlation import bootstrap, partial_spearman, ranks, spearman
from assay.measure.judges import checks
from assay.measure.judges.bias_pairs import bias_of_pairs
from assay.measure.judges.bias_scores import bias_of_scores
from assay.measure.judges.calibration import calibrate_pairs, calibrate_scores
from assay.measure.judges.families import family_of
from assay.measure.judges.threshold import best_threshold, halving
from assay.measure.judges.values import Pair, Score, Side, majority, number, preference

SHARES = st.sampled_from([0.0, 0.5, 1.0])


def by_name(report):
    return {one.name: one for one in report.checks}


@pytest.mark.parametrize(
    ("said", "share"),
    [
        (1, 0.0), ("2", 1.0), (0, 0.5), ("Tie", 0.5), (" B ", 1.0), ("平局", 0.5), (1.25, 0.25), ("1.5", 0.5),
        ("garbage", None), (None, None), (True, None), (3, None), (0.4, None), (math.nan, None), ([], None),
    ],
)  # fmt: skip
def test_verdicts_are_read(said, share):
    assert preference(said) == share


def test_votes_and_numbers():
    assert majority([0.0, 0.0, 1.0]) == 0.0 and majority([0.0, 0.5, 1.0]) is None and majority([None]) is None
    assert majority([None, 0.25]) == 0.25
    assert (number("3.5"), number("inf"), number("x"), number(False), number(10**400)) == (
        3.5,
        None,
        None,
        None,
        None,
    )


def test_rank_correlation_against_figures_by_hand():
    a, b = np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 4])
    assert spearman(a, b) == pytest.approx(0.8)
    assert ranks(np.array([5.0, 1, 5])).tolist() == [2.5, 1.0, 2.5]
    assert math.isnan(spearman(a, np.ones(4)))
    source = np.random.default_rng(1)
    cause = source.normal(size=4_000)
    x, y = cause + source.normal(size=4_000), cause + source.normal(size=4_000)
    assert spearman(x, y) > 0.4 and abs(partial_spearman(x, y, cause)) < 0.05
    assert partial_spearman(x, y, np.ones(4_000)) == spearman(x, y)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=40))
@settings(max_examples=40)
def test_weighted_kappa_is_the_textbook_formula(rows):
    a, b = [float(x) for x, _ in rows], [float(y) for _, y in rows]
    apart = np.mean([(x - y) ** 2 for x, y in rows])
    chance = np.mean([(x - y) ** 2 for x in a for y in b])
    found = weighted(a, b).value
    assert math.isnan(found) if chance == 0 else found == pytest.approx(1 - apart / chance)


def test_weighted_kappa_far_from_zero():
    near = weighted([1.0, 2, 3, 3], [1.0, 2, 2, 3]).value
    assert weighted([1e9 + x for x in (1, 2, 3, 3)], [1e9 + x for x in (1, 2, 2, 3)]).value == pytest.approx(
        near
    )
    assert math.isnan(weighted([], []).value)


@given(st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=60), st.integers(0, 9))
@settings(max_examples=40)
def test_calibration_adds_up_and_is_the_same_again(rows, seed):
    pairs = [Pair(str(k), judge, human) for k, (human, judge) in enumerate(rows)]
    found = calibrate_pairs(pairs, seed)
    assert found.labelled == sum(sum(row.values()) for row in found.confusion.values()) == len(rows)
    assert found.agreement.value == sum(h == j for h, j in rows) / len(rows)
    kappa = cohen_kappa([h for h, _ in rows], [j for _, j in rows])
    assert found.kappa.value == pytest.approx(kappa, nan_ok=True)
    assert found.as_json() == calibrate_pairs(pairs, seed).as_json()
    if len(rows) < 50:
        assert found.verdict == "not_enough"


def test_what_is_missing_and_what_is_no_verdict_is_counted():
    pairs = [Pair("a", None, 0.0, invalid=True), Pair("b", None, 1.0), Pair("c", 1.0), Pair("d", 1.0, 1.0)]
    found = calibrate_pairs(pairs)
    assert (found.labelled, found.invalid, found.unlabelled, found.unjudged) == (2, 1, 1, 1)
    assert (found.agreement.value, found.valid_agreement.value) == (0.5, 1.0)


def test_verdict_of_agreement():
    good = [Pair(str(k), float(k % 2), float(k % 2)) for k in range(60)]
    assert calibrate_pairs(good).verdict == "healthy"
    assert calibrate_pairs(good[:49]).verdict == "not_enough"
    assert (
        calibrate_pairs([Pair(p.key, float(k % 3 > 0), p.human) for k, p in enumerate(good)]).verdict
        == "warning"
    )


def scores(n=300, seed=3):
    """Scores of people from 1 to 5, and of a judge from 0 to 100 that is 20 times theirs and some noise."""
    source = random.Random(seed)
    made = []
    for k in range(n):
        human = source.randint(1, 5)
        made.append(Score(str(k), 20.0 * human + source.uniform(-9, 9), float(human)))
    return made


def test_a_threshold_is_found_between_scales():
    found = calibrate_scores(scores(), good=4.0)
    assert 69 < found.threshold.score.value < 91 and found.threshold.agreement.value > 0.97
    assert found.threshold.score.low <= found.threshold.score.value <= found.threshold.score.high
    assert math.isnan(found.kappa.value) and not found.confusion and found.spearman.value > 0.9
    assert found.verdict == "healthy" and found.check.shown == "Spearman's rho"


def test_scores_of_one_scale_have_a_table():
    rows = [Score(str(k), float(1 + (k + (k % 7 == 0)) % 5), float(1 + k % 5)) for k in range(200)]
    found = calibrate_scores(rows)
    assert set(found.confusion) == {"1", "2", "3", "4", "5"} and 0.8 < found.agreement.value < 0.9
    assert found.weighted_kappa.value != found.kappa.value and found.threshold.good in (3.0, 4.0)


def test_no_threshold_where_people_call_everything_good():
    human, judge = np.array([3.0, 4, 5]), np.array([1.0, 2, 3])
    assert best_threshold(human, judge, 3.0) is None and halving(np.ones(4)) is None
    assert halving(np.array([1.0, 2, 3, 4])) == 3.0


def test_a_threshold_on_noise_is_not_flattered():
    source = np.random.default_rng(5)
    found = best_threshold(source.integers(0, 2, 400).astype(float), source.random(400), 1.0)
    assert abs(found.kappa.value) < 0.08 and found.kappa.low < 0 < found.kappa.high


def pairs(n, judged, seed=7):
    """Pairs of two lengths whose human label is a coin's, judged by `judged(source, human, longer_is_second)`."""
    source = random.Random(seed)
    made = []
    for k in range(n):
        human, long = source.choice([0.0, 1.0]), source.random() < 0.5
        sides = [Side("gpt-4o", 200, f"a{k}"), Side("claude-3", 60, f"b{k}")]
        first, second = sides[::-1] if long else sides
        made.append(Pair(str(k), judged(source, human, long), human, (human,), first=first, second=second))
    return made


def test_a_fair_judge_is_healthy():
    fair = by_name(
        bias_of_pairs(pairs(1_500, lambda s, h, _: h if s.random() < 0.9 else 1 - h), "gpt-4-turbo")
    )
    for name in ("length", "longer_wins", "first_place", "self_preference", "degenerate", "constant_judge"):
        assert fair[name].verdict == "healthy", name
    for name in ("length_variants", "position", "drift"):
        assert fair[name].verdict == "not_enough" and fair[name].value.n == 0, name


def test_a_judge_that_loves_length_is_found():
    found = by_name(
        bias_of_pairs(pairs(600, lambda s, h, long: float(long) if s.random() < 0.4 else h), "gpt-4")
    )
    assert found["length"].verdict == found["longer_wins"].verdict == "warning"
    assert found["length"].value.low > 0 and found["longer_wins"].value.value == pytest.approx(0.2, abs=0.06)
    # Its own family wrote the longer answers, so this figure cannot tell them apart, and says what it compared.
    assert found["self_preference"].verdict == "warning" and "family gpt" in found["self_preference"].shown
    assert found["first_place"].verdict != "warning"


def test_a_judge_that_loves_the_first_place_is_found():
    made = pairs(400, lambda s, h, _: 0.0 if s.random() < 0.5 else h)
    swapped = [
        Pair(p.key, p.judge, p.human, swapped=1.0 if k % 2 else p.judge, first=p.first, second=p.second)
        for k, p in enumerate(made)
    ]
    found = by_name(bias_of_pairs(swapped))
    assert found["first_place"].verdict == found["position"].verdict == "warning"
    assert "kept to the first place" in found["position"].shown


def test_few_rows_give_no_verdict():
    report = bias_of_pairs(pairs(30, lambda s, h, long: float(long)), "gpt-4")
    told = {one.name for one in report.checks if one.verdict != "not_enough"}
    assert told == {"degenerate"}


def test_one_text_that_wins_everywhere_is_found():
    null = [Pair(str(k), 0.8, first=Side("real", 9, f"r{k}"), second=Side("null", 3, "x")) for k in range(40)]
    found = by_name(bias_of_pairs(null))["degenerate"]
    assert (
        found.verdict == "warning"
        and found.value.value == pytest.approx(0.8)
        and found.shown.startswith("null")
    )
    lost = [Pair(p.key, 0.01, first=p.first, second=p.second) for p in null]
    assert by_name(bias_of_pairs(lost))["degenerate"].verdict == "healthy"
    rate = next(one for one in bias_of_pairs(null).generators if one.generator == "null")
    assert (rate.answers, rate.repeated, rate.units) == (40, 40, 3.0)


def test_two_lengths_of_one_model():
    made = []
    for k in range(100):
        for name, units, won in (("短", 10, 0.2), ("长", 40, 0.2 + 0.1 * (k % 3))):
            made.append(
                Pair(str(k), won, first=Side("base", 20, f"b{k}"), second=Side(name, units, f"{name}{k}"))
            )
    found = by_name(bias_of_pairs(made, variants=("长", "短")))["length_variants"]
    assert (
        found.verdict == "warning" and found.value.value == pytest.approx(0.099) and "40 units" in found.shown
    )
    assert by_name(bias_of_pairs(made, variants=("长", "none")))["length_variants"].value.n == 0


def test_drift_of_pairs_and_constant_judges():
    kept = [Pair(str(k), 1.0, before=1.0 if k % 4 else 0.0) for k in range(200)]
    found = by_name(bias_of_pairs(kept))
    assert found["drift"].verdict == "warning" and found["drift"].value.value == 0.75
    assert found["constant_judge"].verdict == "warning"


def test_biases_of_scores():
    source = random.Random(11)
    rows = []
    for k in range(400):
        quality, length = source.gauss(0, 1), source.randint(10, 400)
        own = k % 2 == 0
        judge = quality + length / 100 + own
        side = Side("openai/gpt-4o" if own else "Qwen2-7B", length, str(k))
        rows.append(Score(str(k), judge, quality, before=judge - 1, answer=side))
    found = by_name(bias_of_scores(rows, "gpt-4.1"))
    for name in ("length", "self_preference", "drift"):
        assert found[name].verdict == "warning", name
    assert found["degenerate"].verdict == found["constant_judge"].verdict == "healthy"
    fair = [Score(r.key, r.human, None, quality=r.human, before=r.human, answer=r.answer) for r in rows]
    told = by_name(bias_of_scores(fair, "gpt-4.1"))
    assert told["drift"].verdict == "healthy" and told["self_preference"].value.n == 0
    assert "the quality" in told["length"].shown


def test_rules_at_their_limits():
    around = checks.around_zero(0.05)
    assert around(Estimate(0.06, 0.01, 0.11, 99)) == "warning" == around(Estimate(-0.06, -0.11, -0.01, 99))
    assert (
        around(Estimate(0.0, -0.09, 0.09, 99)) == "healthy"
        and around(Estimate(0.0, -0.2, 0.2, 99)) == "not_enough"
    )
    assert [checks.at_least(0.8)(Estimate(v, v - 0.1, 1, 99)) for v in (0.95, 0.85, 0.7)] == [
        "healthy", "not_enough", "warning",
    ]  # fmt: skip
    assert [checks.below(0.1)(Estimate(v, v - 0.1, 1, 99)) for v in (0.1, 0.15, 0.3)] == [
        "healthy", "not_enough", "warning",
    ]  # fmt: skip


def test_bootstraps_hold_the_truth_about_as_often_as_they_say():
    source = np.random.default_rng(2)
    held = 0
    for seed in range(100):
        values = source.normal(size=60)
        found = bootstrap(lambda at, v=values: float(v[at].mean()), 60, seed)
        held += found.low <= 0 <= found.high
    assert 86 <= held <= 100


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("openai/gpt-4o", "gpt"), ("text-davinci-003", "gpt"), ("gpt4_1106_preview", "gpt"),
        ("claude-3-opus", "claude"),
        ("Qwen2.5-72B-Instruct", "qwen"), ("meta-llama/Llama-3.1-8B", "llama"), ("Yi-34B-Chat", "yi"),
        ("our-own-7b", "our"), ("", ""),
    ],
)  # fmt: skip
def test_families(name, family):
    assert family_of(name) == family
