"""balance: groups of the size that is wanted, by removal or by weight, in English and Chinese."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.curate.plan import make_plan, parse_recipe
from assay.errors import UsageError
from assay.kernels.mixture import caps_for_mix, caps_for_share, jensen_shannon, shares, total_variation
from assay.kernels.script import dominant_script
from assay.model.dates import month_of, seconds_of
from assay.model.label import LABEL_BYTES, label_of
from assay.stages.balance import Balance
from assay.testing.selectors import SelectorSuite, rows_of

KINDS = ["退款"] * 12 + ["物流"] * 5 + ["delivery"] * 2 + [None]
PAYLOADS = [
    {"messages": [{"role": "user", "content": f"问题{k}"}, {"role": "assistant", "content": "答 " * (k + 1)}]}
    for k in range(18)
] + [{"text": ""}, {"prompt": "p", "completion": "c"}]
FIELDS = [
    {"category": kind, "quality": k % 7, "created": f"2024-{1 + k % 12:02}-15", "sizes": [k % 2]}
    for k, kind in enumerate(KINDS)
]


class _Suite(SelectorSuite):
    def payloads(self):
        return PAYLOADS

    def fields(self):
        return FIELDS


class TestCap(_Suite):
    def stage(self):
        return Balance(by="category", cap=3, score="quality")


class TestShare(_Suite):
    def stage(self):
        return Balance(by="category", cap=0.4, choose="random", seed=3)


class TestTarget(_Suite):
    def stage(self):
        return Balance(by="category", target={"退款": 0.5, "物流": 0.5}, how="both", keep_at_least=0.6)


class TestLength(_Suite):
    def stage(self):
        return Balance(by="length", target="even", bins=3)


class TestEdges(_Suite):
    def stage(self):
        return Balance(by="length", cap=4, edges=(5, 10))


class TestCluster(_Suite):
    def stage(self):
        return Balance(by="cluster", cap=2, k=4)


class TestMonth(_Suite):
    def stage(self):
        return Balance(by="month", cap=1)


class TestRecency(_Suite):
    def stage(self):
        return Balance(by="language_script", half_life_days=30.0, action="flag")


def run(stage, kinds=KINDS, **columns):
    payloads = [{"text": f"row {k}"} for k in range(len(kinds))]
    fields = [
        {"category": kind, **{name: column[k] for name, column in columns.items()}}
        for k, kind in enumerate(kinds)
    ]
    rows = rows_of(stage, payloads, fields)
    found = stage.select(rows)
    left = Counter(kind for k, kind in enumerate(kinds) if k not in set(found.row.tolist()))
    return found, left


def test_a_cap_bounds_every_group_and_says_which():
    found, left = run(Balance(by="category", cap=3))
    assert left == {"退款": 3, "物流": 3, "delivery": 2, None: 1}
    assert Counter(found.notes.values()) == {"退款": 9, "物流": 2}
    assert {(v, t) for v, t in zip(found.value, found.threshold, strict=True)} == {(12.0, 3.0), (5.0, 3.0)}
    assert set(found.code.tolist()) == {list(Balance.codes).index("over_cap")}


def test_the_worst_score_goes_first_and_no_score_before_that():
    scores = [5.0, 1.0, None, 4.0, "3", True]
    found, _ = run(Balance(by="category", cap=3, score="score"), ["a"] * 6, score=scores)
    assert sorted(found.row.tolist()) == [1, 2, 5]


def test_without_a_score_the_rank_decides():
    stage = Balance(by="category", cap=1)
    rows = rows_of(stage, [{"text": str(k)} for k in range(3)], [{"category": "a"}] * 3, rank=[2, 0, 1])
    assert stage.select(rows).row.tolist() == [0, 2]


def test_a_random_choice_is_another_one_with_another_seed():
    def gone(seed):
        return run(Balance(by="category", cap=10, choose="random", seed=seed), ["a"] * 40)[0].row.tolist()

    assert gone(1) == gone(1) != gone(2)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=12), st.floats(0.01, 0.99))
def test_a_share_holds_of_the_rows_that_stay(sizes, share):
    counts = np.array(sizes, np.int64)
    cap, reachable = caps_for_share(counts, share)
    left = np.minimum(counts, cap)
    if reachable:
        assert left.max() <= share * left.sum() + 1e-6
        more = np.minimum(counts, cap + 1)
        assert cap >= counts.max() or more.max() > share * more.sum()
    else:
        assert len(counts) * share < 1 or all(
            np.minimum(counts, c).max() > share * np.minimum(counts, c).sum()
            for c in range(1, counts.max() + 1)
        )


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 9)), min_size=1, max_size=8),
    st.floats(0, 1),
)
def test_a_mix_is_met_or_as_near_as_the_rows_that_must_stay_allow(groups, keep):
    counts = np.array([count for count, _ in groups], np.int64)
    wanted = shares(np.array([weight for _, weight in groups]))
    caps = caps_for_mix(counts, wanted, keep)
    assert (caps <= counts).all() and (caps >= 0).all()
    reachable = counts[wanted > 0].sum()
    if reachable:
        assert caps.sum() >= min(keep * counts.sum(), reachable) - 1e-9
        assert (caps[wanted == 0] == 0).all()
    plain = caps_for_mix(counts, wanted, 0.0)
    if ((wanted > 0) <= (counts > 0)).all() and wanted.any():
        exact = plain.sum() * wanted
        assert (np.abs(plain - exact) <= len(counts)).all()


def test_a_wanted_mix_and_its_distance_before_and_after():
    kinds = ["退款"] * 80 + ["物流"] * 20
    found, left = run(Balance(by="category", target={"退款": 0.5, "物流": 0.5}), kinds)
    assert left == {"退款": 20, "物流": 20}
    assert found.summary["total_variation"] == {"before": 0.3, "after": 0.0}
    assert found.summary["jensen_shannon"]["after"] == 0.0 < found.summary["jensen_shannon"]["before"]
    assert set(found.code.tolist()) == {list(Balance.codes).index("over_target")}


def test_what_the_target_does_not_name_shares_the_rest():
    kinds = ["a"] * 60 + ["b"] * 30 + ["c"] * 10
    _, left = run(Balance(by="category", target={"a": 0.2}), kinds)
    assert left == {"a": 10, "b": 30, "c": 10}


def test_like_takes_counts_and_tells_of_groups_that_are_not_there():
    found, left = run(Balance(by="category", like={"a": 30, "b": 10, "z": 10}), ["a"] * 30 + ["b"] * 90)
    assert left == {"a": 30, "b": 10}
    assert found.summary["absent"] == {"z": 0.2}
    assert found.summary["total_variation"]["after"] == pytest.approx(0.2)


def test_oversampling_is_a_weight_and_never_a_copy():
    kinds = ["a"] * 90 + ["b"] * 10
    found, _ = run(Balance(by="category", target="even", how="weigh", max_weight=10.0), kinds)
    assert len(found.row) == 0 and len(found.weights) == 100
    assert found.weights[:90].sum() == pytest.approx(50) and found.weights[90:].sum() == pytest.approx(50)
    bounded, _ = run(Balance(by="category", target="even", how="weigh", max_weight=2.0), kinds)
    assert bounded.weights[-1] / bounded.weights[0] == pytest.approx(2.0 / (50 / 90))
    assert bounded.summary["total_variation"]["weighted"] > found.summary["total_variation"]["weighted"]


def test_rows_that_must_stay_bound_the_removal_and_weights_do_the_rest():
    stage = Balance(by="category", target="even", how="both", keep_at_least=0.5, max_weight=9.0)
    found, left = run(stage, ["a"] * 90 + ["b"] * 10)
    assert left == {"a": 40, "b": 10}
    kept = np.setdiff1d(np.arange(100), found.row)
    assert found.weights[kept].mean() == pytest.approx(1) and found.weights[found.row].sum() == 0
    assert found.weights[:90].sum() == pytest.approx(25)


def test_a_row_one_half_life_older_weighs_half():
    dates = ["2024-03-31", "2024-03-01", "2024年1月31日", None]
    found, _ = run(Balance(by="category", half_life_days=30.0), ["a"] * 4, created=dates)
    new, old, older, undated = found.weights
    assert new / old == pytest.approx(2) and old / older == pytest.approx(2)
    assert undated == pytest.approx((new + old + older) / 3) and found.weights.mean() == pytest.approx(1)


def test_length_bins_are_named_by_their_bounds():
    stage = Balance(by="length", cap=2, edges=(3, 6))
    payloads = [{"text": "字" * k} for k in (1, 2, 2, 3, 5, 5, 6, 60, 61)]
    payloads = [{**payload, "tag": k} for k, payload in enumerate(payloads)]
    found = stage.select(rows_of(stage, payloads))
    assert Counter(found.notes.values()) == {"0-2": 1, "3-5": 1, "6+": 1}


def test_clusters_find_topics_where_there_is_no_field():
    refunds = [f"我想申请退款，订单号{k}，请把钱退回我的银行卡" for k in range(30)]
    parcels = [f"Where is my parcel number {k}? The courier has not delivered it." for k in range(6)]
    stage = Balance(by="cluster", k=2, cap=6, seed=1)
    rows = rows_of(stage, [{"text": text} for text in refunds + parcels])
    found = stage.select(rows)
    assert len(found.row) == 24 and (found.row < 30).all()
    ids = [bytes(example).ljust(32, b"\0").hex() for example in rows.ids]
    first, second = (ids.index(group["typical"]) for group in found.summary["groups"])
    assert first < 30 <= second


def test_scripts_and_months():
    texts = {
        "latin": "hello there",
        "han": "你好，世界",
        "japanese": "これは日本語の文章です",
        "hangul": "안녕하세요",
        "other": "123",
    }
    for script, text in texts.items():
        assert dominant_script(text) == script
    assert dominant_script("用Python写代码很方便") == "han"
    stage = Balance(by="language_script", cap=1)
    found = stage.select(rows_of(stage, [{"text": t} for t in [*texts.values(), "再见", "good bye"]]))
    assert sorted(found.notes.values()) == ["han", "latin"]


class Shelf:
    def __init__(self, payloads):
        self._payloads = payloads

    def eval_sets(self):
        return []

    def payloads(self, ref):
        assert ref == "production@v1"
        yield [(b"", payload) for payload in self._payloads]


def test_like_a_version_reads_its_mix_from_the_payloads():
    production = [{"text": "你好" * k} for k in (1, 1, 1, 20)]
    stage = Balance(by="length", like="production@v1", edges=(10,)).bind(Shelf(production))
    mine = [{"text": "好" * 2, "tag": k} for k in range(50)] + [
        {"text": "好" * 30, "tag": k} for k in range(50)
    ]
    found = stage.select(rows_of(stage, mine))
    assert found.summary["rows"] == {"before": 100, "after": 67}
    assert found.summary["total_variation"]["after"] < 0.01 < 0.2 < found.summary["total_variation"]["before"]
    turned = Balance(by="length", like="production@v1", edges=(10,)).bind(Shelf(production[::-1]))
    assert stage.lineage == turned.lineage != Balance(by="length", cap=1).lineage


def test_like_a_version_by_a_field_is_refused_with_a_way_out():
    with pytest.raises(UsageError) as caught:
        Balance(by="category", like="production@v1").bind(Shelf([{"text": "x"}]))
    assert "like: {" in caught.value.hint
    with pytest.raises(UsageError):
        Balance(by="length", like="production@v1").bind(Shelf([]))


def test_a_recipe_may_name_both_selectors_and_is_spelled_out_the_same():
    stages = [
        {"balance": {"by": "类别", "target": {"退款": 0.5}, "edges": [3, 6]}},
        {"select": {"n": 0.5, "method": "quality", "novelty": 0.9}},
    ]
    plan = make_plan(parse_recipe({"stages": stages}))
    assert [stage.kind for stage in plan.stages] == ["balance", "select"]
    assert make_plan(plan.recipe).recipe.digest == plan.recipe.digest


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"cap": 3, "target": "even"},
        {"cap": 2.5},
        {"cap": 0},
        {"target": {"a": 0.8, "b": 0.3}},
        {"target": {}},
        {"like": {"a": -1.0}},
        {"cap": 1, "edges": (3, 2)},
    ],
)
def test_what_makes_no_sense_is_refused(params):
    with pytest.raises(ValidationError):
        Balance(by="category", **params)


@example("\0a")
@given(st.one_of(st.none(), st.text(max_size=200), st.integers(), st.lists(st.text(max_size=9), max_size=3)))
def test_a_label_is_short_text_for_any_value(value):
    label = label_of(value)
    assert len(label.encode()) <= LABEL_BYTES and label_of(label) == label


def test_long_labels_stay_different():
    assert label_of("售后" * 100 + "甲") != label_of("售后" * 100 + "乙")


@pytest.mark.parametrize(
    ("value", "month"),
    [
        ("2024-05-31T10:00:00Z", "2024-05"),
        ("2024-05-31T23:30:00-05:00", "2024-06"),
        ("2024/5/3", "2024-05"),
        ("2024年5月3日", "2024-05"),
        ("2024年12月", "2024-12"),
        ("20240531", "2024-05"),
        (1717113600, "2024-05"),
        (1717113600000, "2024-05"),
        ("1717113600", "2024-05"),
        ("2024-13-45", ""),
        ("yesterday", ""),
        (None, ""),
        (True, ""),
        (float("inf"), ""),
        (10**400, ""),
    ],
)
def test_dates_as_records_state_them(value, month):
    assert month_of(seconds_of(value)) == month


@given(st.one_of(st.text(), st.floats(), st.integers(), st.dates().map(str)))
def test_no_value_is_too_odd_for_a_date(value):
    assert isinstance(month_of(seconds_of(value)), str)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=6))
def test_distances_are_symmetric_and_bounded(pairs):
    p, q = (shares(np.array(side)) for side in zip(*pairs, strict=True))
    if p.any() and q.any():
        assert 0 <= total_variation(p, q) <= 1 + 1e-9 and 0 <= jensen_shannon(p, q) <= 1 + 1e-9
        assert jensen_shannon(p, q) == pytest.approx(jensen_shannon(q, p))
