"""select: few rows that stand for all, found the same way whatever the order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.kernels import coverage
from assay.kernels.coverage import Points
from assay.kernels.lexical_vectors import lexical_vectors
from assay.stages.select import Select
from assay.testing.selectors import SelectorSuite, rows_of

TEXTS = [
    *(f"How do I get a refund for order {k}?" for k in range(9)),
    *(f"订单{k}什么时候发货，快递单号是多少" for k in range(9)),
    "My screen stays black after the update",
    "",
    "   ",
    "🎉",
    "a",
]
FIELDS = [{"score": float(k % 5)} if k % 4 else {} for k in range(len(TEXTS))]


class _Suite(SelectorSuite):
    def payloads(self):
        return [{"text": text} for text in TEXTS]

    def fields(self):
        return FIELDS


class TestQuality(_Suite):
    def stage(self):
        return Select(n=6, method="quality", score="score", novelty=0.8)


class TestPlainQuality(_Suite):
    def stage(self):
        return Select(n=0.5, method="quality")


class TestKCenter(_Suite):
    def stage(self):
        return Select(n=7, method="k_center", score="score")


class TestFacilityLocation(_Suite):
    def stage(self):
        return Select(n=7, score="score")


class TestMoreThanThereAre(_Suite):
    def stage(self):
        return Select(n=500, method="k_center")


TOPICS = {
    "refund": "I want my money back for order {k}, the refund has not reached my account",
    "parcel": "Where is parcel {k}? The courier says it was delivered but nothing came",
    "login": "The login page {k} rejects my password and the reset mail never arrives",
    "发票": "请给订单{k}开具增值税发票，抬头是公司名称和税号",
    "换货": "收到的衣服{k}尺码不合适，想换一个大一号的",
    "安装": "空调{k}什么时候可以安排师傅上门安装调试",
    "billing": "Invoice {k} charges the subscription twice and the total is wrong",
    "warranty": "The battery of device {k} swells after months, is it under warranty?",
}
SIZES = {
    "refund": 1200,
    "parcel": 500,
    "login": 200,
    "发票": 60,
    "换货": 12,
    "安装": 8,
    "billing": 5,
    "warranty": 4,
}


def uneven():
    """Texts of eight topics, from 1,200 to 4 rows each, and the topic of every row."""
    rows = [(TOPICS[t].format(k=k * 7919 % 100_000), t) for t, size in SIZES.items() for k in range(size)]
    return [text for text, _ in rows], [topic for _, topic in rows]


@pytest.mark.parametrize("method", ["k_center", "facility_location"])
def test_small_topics_are_covered_where_a_random_draw_misses_them(method):
    texts, topics = uneven()
    stage = Select(n=24, method=method)
    found = stage.select(rows_of(stage, [{"text": text} for text in texts]))
    kept = np.setdiff1d(np.arange(len(texts)), found.row)
    assert len(kept) == 24
    assert {topics[k] for k in kept} == set(SIZES)
    draws = [np.random.default_rng(seed).choice(len(texts), 24, replace=False) for seed in range(100)]
    assert sum({topics[k] for k in draw} == set(SIZES) for draw in draws) == 0
    points = Points.of(lexical_vectors(texts))
    farthest = [coverage.nearest(points, points.take(some))[1].min() for some in (kept, *draws)]
    assert farthest[0] > max(farthest[1:])
    last = found.summary["curve"][-1]
    assert last["rows"] == 24 and (method == "k_center" or last["coverage"] > last["random"])


def test_a_row_that_goes_names_the_row_that_covers_it():
    texts, topics = uneven()
    stage = Select(n=24, method="k_center")
    found = stage.select(rows_of(stage, [{"text": text} for text in texts]))
    same = [topics[row] == topics[twin] for row, twin in zip(found.row, found.twin, strict=True)]
    assert np.mean(same) > 0.99
    assert (found.value <= found.threshold + 1e-9).all()


def test_the_best_by_score_come_first_unless_they_say_the_same():
    texts = [
        "How do I reset my password?",
        "How do I reset my password??",
        "如何开发票",
        "快递到哪里了",
        "x y z",
    ]
    fields = [{"score": s} for s in (5, 4.5, 4, 3, 1)]
    stage = Select(n=3, method="quality", score="score", novelty=0.85)
    found = stage.select(rows_of(stage, [{"text": text} for text in texts], fields))
    assert found.row.tolist() == [1, 4]
    codes = [list(Select.codes)[code] for code in found.code]
    assert codes == ["not_novel", "not_selected"]
    assert found.twin[0] == 0 and found.value[0] > 0.85 == found.threshold[0]
    assert (found.value[1], found.threshold[1]) == (1.0, 3.0)


def test_a_novelty_bound_may_leave_fewer_rows_than_wanted():
    stage = Select(n=5, method="quality", novelty=0.5)
    payloads = [{"text": "请问退款多久到账", "tag": k} for k in range(5)]
    found = stage.select(rows_of(stage, payloads))
    assert len(found.row) == 4 and found.summary["rows"] == {"before": 5, "after": 1}


def test_quality_weighs_in():
    texts, _ = uneven()
    fields = [{"score": k % 2} for k in range(len(texts))]

    def good(weight):
        stage = Select(n=100, score="score", quality_weight=weight)
        found = stage.select(rows_of(stage, [{"text": t} for t in texts], fields))
        return np.mean(np.setdiff1d(np.arange(len(texts)), found.row) % 2)

    assert good(0.9) > 0.9 > good(0.0)


def test_rows_without_text_are_the_last_to_be_chosen():
    stage = Select(n=3, method="k_center")
    payloads = [{"text": "", "tag": k} for k in range(5)] + [{"text": t} for t in ("退款", "parcel", "login")]
    assert sorted(stage.select(rows_of(stage, payloads)).row.tolist()) == [0, 1, 2, 3, 4]
    assert stage.select(rows_of(stage, payloads[:5])).summary["rows"] == {"before": 5, "after": 3}


def test_a_sampled_ground_gives_much_the_same(monkeypatch):
    from assay.stages import select_field

    texts, topics = uneven()
    monkeypatch.setattr(select_field, "GROUND", 300)
    monkeypatch.setattr("assay.stages.select._candidates", lambda wanted: 700)
    stage = Select(n=24)
    found = stage.select(rows_of(stage, [{"text": text} for text in texts]))
    assert found.summary["ground"] == 300 and found.summary["candidates"] == 700
    kept = np.setdiff1d(np.arange(len(texts)), found.row)
    assert {"refund", "parcel", "login", "发票"} <= {topics[k] for k in kept}


def slow_k_center(vectors, factor, n):
    near, order = np.full(len(vectors), 2.0), []
    for _ in range(n):
        worth = near * factor
        worth[order] = -1
        order.append(int(np.argmax(worth)))
        cosine = Points.of(vectors).cosines(Points.of(vectors[order[-1:]]))[:, 0]
        near = np.minimum(near, 1 - cosine.astype(np.float64))
    return order


def slow_facility(vectors, n):
    near = np.rint(Points.of(vectors).cosines(Points.of(vectors)) * np.float32(4096)).astype(np.float64)
    cover, gains, taken = np.zeros(len(vectors)), [], []
    for _ in range(n):
        gain = np.maximum(near - cover, 0).sum(axis=1) / 4096
        gain[taken] = -1
        taken.append(int(np.argmax(gain)))
        gains.append(gain.max())
        cover = np.maximum(cover, near[taken[-1]])
    return gains


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 60), st.integers(1, 20))
def test_fast_greedy_is_greedy_to_the_letter(seed, size, n):
    draw = np.random.default_rng(seed)
    vectors = draw.integers(-127, 128, (size, 8)).astype(np.int8)
    vectors[draw.integers(size)] = vectors[0]
    factor = draw.random(size)
    n = min(n, size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coverage, "_POOL", 7)
        patch.setattr(coverage, "_FACILITY_POOL", 5)
        patch.setattr(coverage, "_BLOCK", 9)
        points = Points.of(vectors)
        assert coverage.k_center(points, factor, n).order.tolist() == slow_k_center(vectors, factor, n)
        found = coverage.facility_location(points, points, np.zeros(size), n)
        assert len(set(found.order.tolist())) == n
        if n < 3:
            assert found.gain.tolist() == slow_facility(vectors, n)
        assert (np.diff(found.gain) <= 0).all()
        left = np.setdiff1d(np.arange(size), found.order)
        rest = coverage.gains_left(points.take(left), points, points.take(found.order), np.zeros(len(left)))
        assert (rest <= found.gain[-1]).all()


@given(st.lists(st.text(max_size=40), max_size=6))
def test_vectors_take_any_text_and_do_not_depend_on_neighbours(texts):
    together = lexical_vectors(texts)
    assert together.shape == (len(texts), 128) and together.dtype == np.int8
    for text, vector in zip(texts, together, strict=True):
        assert np.array_equal(lexical_vectors([text])[0], vector)
        assert vector.any() == bool(text.split())


@pytest.mark.parametrize(
    ("a", "b", "c"),
    [
        ("How do I reset my password?", "How can I reset the password?", "Where is my parcel now?"),
        ("请问如何重置我的登录密码", "如何重置登录密码", "快递什么时候能送到"),
    ],
)
def test_vectors_of_alike_texts_are_near(a, b, c):
    near, far = Points.of(lexical_vectors([a])).cosines(Points.of(lexical_vectors([b, c])))[0]
    assert near > 0.4 > far


def test_the_knee_is_where_the_curve_bends():
    sizes = list(range(1, 101))
    assert coverage.knee(sizes, [min(k, 20) / 20 + k / 10_000 for k in sizes]) == 20
    assert coverage.knee(sizes, [float(k) for k in sizes]) is None
    assert coverage.knee([1], [1.0]) is None


@pytest.mark.parametrize(
    "params",
    [{"n": 0}, {"n": 2.5}, {"n": 5, "novelty": 0.9}, {"n": 5, "method": "best"}, {"n": 5, "novelty": 2}],
)
def test_what_makes_no_sense_is_refused(params):
    with pytest.raises(ValidationError):
        Select(**params)
