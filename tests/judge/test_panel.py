"""Several judges: what they say together, and how far they agree."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judge.judgement import SCORED, Judgement
from assay.judge.panel import NEEDED, agreement, by_example, combine, interval_alpha
from assay.kernels.agreement import krippendorff_alpha

np = pytest.importorskip("numpy")


def said(judge: str, overall: float | None, example: int = 0, **more) -> Judgement:
    scores = {} if overall is None else {"overall": overall, "accuracy": overall / 2}
    return Judgement(example.to_bytes(32, "big"), judge, more.pop("outcome", SCORED), scores=scores, **more)


def test_a_panel_gives_means_spread_votes_and_what_failed() -> None:
    got = combine([
        said("a", 5, exclude=True, steering=("override",)), said("b", 2, exclude=False), said("c", 2, exclude=False),
        said("d", None, outcome="refused", steering=("imitated_fence",)), said("e", None, outcome="not_json"),
    ])  # fmt: skip
    assert (
        got.scores == {"overall": 3.0, "accuracy": 1.5}
        and got.spread == 3
        and got.exclude == pytest.approx(1 / 3)
    )
    assert got.outcome == "not_json" and (got.judges, got.scored) == (5, 3)
    assert got.steering == ("imitated_fence", "override")
    alone = combine([said("a", 4)])
    assert (alone.outcome, alone.spread, alone.exclude) == (SCORED, 0, None)
    nobody = combine([said("a", None, outcome="failed")])
    assert (nobody.outcome, nobody.scores, nobody.spread, nobody.exclude) == ("failed", {}, None, None)
    pairs = [
        Judgement(bytes(32), judge, SCORED, scores={"preference": p}) for judge, p in (("a", 1), ("b", 0.5))
    ]
    assert combine(pairs).spread == 0.5


JUDGEMENT = st.builds(
    said,
    st.text("abc", min_size=1, max_size=1),
    st.none() | st.integers(1, 50).map(lambda tenths: tenths / 10),
    outcome=st.sampled_from([SCORED, "refused", "not_json", "failed"]),
    exclude=st.sampled_from([None, True, False]),
    steering=st.sampled_from([(), ("override",), ("imitated_fence", "override")]),
).map(lambda one: one if one.scored is bool(one.scores) else said(one.judge, 3.0))


@settings(deadline=None, max_examples=100)
@given(st.lists(JUDGEMENT, min_size=1, max_size=6), st.randoms())
def test_the_order_of_judges_changes_nothing(judgements: list[Judgement], chance: random.Random) -> None:
    other = judgements.copy()
    chance.shuffle(other)
    assert combine(other) == combine(judgements)


@settings(deadline=None, max_examples=50)
@given(st.randoms(use_true_random=False), st.integers(1, 8))
def test_agreement_does_not_depend_on_the_order(chance: random.Random, examples: int) -> None:
    judgements = [
        said(judge, chance.randint(1, 5), k)
        for k in range(examples)
        for judge in "abc"
        if chance.random() < 0.8
    ]
    other = judgements.copy()
    chance.shuffle(other)
    assert repr(agreement(other)) == repr(agreement(judgements))


def test_agreement_of_judges_who_agree_and_of_those_who_do_not() -> None:
    chance = random.Random(7)
    truth = [chance.randint(1, 5) for _ in range(200)]
    same = [said(judge, score, k) for judge in "abc" for k, score in enumerate(truth)]
    got = agreement(same)
    assert (got.alpha, got.rho, got.kappa, got.within_one) == pytest.approx((1, 1, 1, 1)) and got.said == ""
    assert (got.judges, got.examples) == (3, 200)
    drawn = [said(judge, chance.randint(1, 5), k) for judge in "abc" for k in range(200)]
    got = agreement(drawn)
    assert max(abs(got.alpha), abs(got.rho), abs(got.kappa)) < 0.15 and got.within_one < 0.5
    opposed = [said("a", s, k) for k, s in enumerate(truth)] + [
        said("b", 6 - s, k) for k, s in enumerate(truth)
    ]
    got = agreement(opposed)
    assert got.rho == pytest.approx(-1) and got.kappa < -0.9 and got.alpha < -0.9


def test_few_examples_say_nothing() -> None:
    few = [said(judge, 1 + k % 5, k) for judge in "ab" for k in range(NEEDED - 1)]
    assert agreement(few).said == f"not enough examples to tell: {NEEDED - 1} of {NEEDED}"
    enough = [*few, said("a", 1, 99), said("b", 1, 99)]
    assert agreement(enough).said == ""
    alone = agreement([said("a", 3, k) for k in range(90)])
    assert (alone.judges, alone.examples, alone.said) == (1, 0, "one judge agrees with nobody")
    assert math.isnan(alone.alpha) and alone.as_json()["alpha"] is None
    assert agreement([said("a", None, 0, outcome="failed")]).as_json()["examples"] == 0
    constant = agreement([said(judge, 3, k) for judge in "ab" for k in range(60)])
    assert math.isnan(constant.alpha) and math.isnan(constant.rho) and constant.within_one == 1
    assert list(by_example(few)) == [k.to_bytes(32, "big") for k in range(NEEDED - 1)]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.lists(st.none() | st.integers(1, 5), min_size=3, max_size=3), min_size=1, max_size=12))
def test_alpha_is_that_of_the_kernel(items: list[list[int | None]]) -> None:
    table = np.array([[math.nan if value is None else value for value in row] for row in items], np.float64)
    assert interval_alpha(table) == pytest.approx(krippendorff_alpha(items, "interval"), nan_ok=True)
