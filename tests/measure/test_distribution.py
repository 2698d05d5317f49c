"""Values of a field: counted, ordered, or found to be no category; months, scores and scripts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.measure.distribution import Share, Tally, field_value
from assay.measure.language import script_of
from assay.measure.months import MonthCount, month_of
from assay.measure.scores import ScoreCount, number


def test_counts_shares_and_imbalance():
    tally = Tally()
    tally.add(["refund", "login", "refund"])
    tally.add(["refund", "billing", "login"])
    found = tally.distribution("topic", rows=8, shown=2)
    assert found.top == (Share("refund", 3), Share("login", 2))
    assert (found.stated, found.missing, found.other, found.distinct) == (6, 2, 1, 3)
    assert found.smallest == Share("billing", 1)
    assert found.imbalance == 3.0


def test_one_value_has_no_balance():
    tally = Tally()
    tally.add(["a", "a"])
    assert tally.distribution("topic", 2).imbalance is None


@pytest.mark.parametrize("order", [1, -1])
def test_a_field_with_too_many_values_is_no_category_in_any_order(order):
    tally = Tally(limit=10)
    for value in [f"id-{k}" for k in range(11)][::order]:
        tally.add([value])
    tally.add(["id-1"] * 50)
    found = tally.distribution("topic", 61)
    assert (found.distinct, found.top, found.stated, found.imbalance) == (None, (), 61, None)


def test_where_a_field_is_looked_for():
    extra = {
        "category": "a",
        "meta": {"topic": "b", "deep": {"er": 3}},
        "empty": "",
        "a.b": True,
        "tags": ["x"],
    }
    found = [
        field_value(p, extra, {"label": "spam"}) for p in ("category", "meta.topic", "meta.deep.er", "label")
    ]
    assert found == ["a", "b", "3", "spam"]
    assert [field_value(p, extra, {}) for p in ("a.b", "tags")] == ["true", '["x"]']
    assert [field_value(p, extra, {}) for p in ("empty", "none", "category.x", "tags.0", "")] == [None] * 5


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2025-03-09T10:00:00Z", "2025-03"), ("2025-03", "2025-03"), ("2025/03/09", "2025-03"),
        ("20250309", "2025-03"), ("20250309101500", "2025-03"), ("1741514400", "2025-03"),
        ("1741514400000", "2025-03"), ("1741514400.5", "2025-03"), ("2025-13-01", None), ("2025123456", None),
        ("yesterday", None), ("9.3.2025", None), ("٢٠٢٥-٠٣", None), ("202503091015", "2025-03"),
    ],
)  # fmt: skip
def test_months_of_times(text, month):
    assert month_of(text) == month


def test_gaps_and_rows_without_a_time():
    months = MonthCount()
    months.add(["2024-11-30", "2025-02-01", None, "", "soon", "2025-02-28"])
    found = months.result()
    assert found.months == (Share("2024-11", 1), Share("2025-02", 2))
    assert (found.gaps, found.missing, found.unread) == (2, 2, 1)


def test_scores():
    scores = ScoreCount("score")
    scores.add([1, 2.9, 3.0, 4.5, 5])
    found = scores.result()
    assert (found.count, found.low, found.least, found.most) == (5, 2, 1, 5)
    assert math.isclose(found.mean, 16.4 / 5)
    assert found.five_point
    assert sum(one.count for one in found.bins) == 5
    assert ScoreCount("score").result() is None


def test_a_tenth_falls_into_its_own_bin():
    scores = ScoreCount("score")
    scores.add([k / 10 for k in range(20)])
    assert {one.count for one in scores.result().bins} == {1}


def test_scores_of_another_scale_are_not_on_five_points():
    for values in ([0.2, 0.9], [10, 95], [1.0, 1.0]):
        scores = ScoreCount("score")
        scores.add(values)
        assert not scores.result().five_point


def test_what_a_number_is():
    assert [number(v) for v in (3, 4.5, True, "4", None, [1], 10**400)] == [
        3.0,
        4.5,
        None,
        None,
        None,
        None,
        None,
    ]


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=30))
def test_every_score_is_in_a_bin(values):
    scores = ScoreCount("score")
    scores.add(values)
    found = scores.result()
    assert sum(one.count for one in found.bins) == len(values)
    assert len(found.bins) <= 22


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Restart the router.", "Latin"), ("Straße überprüfen", "Latin"), ("请重新启动路由器。", "Chinese"),
        ("ルーターを再起動してください", "Japanese"), ("라우터를 다시", "Korean"), ("Перезагрузите", "Cyrillic"),
        ("请打开 Outlook 然后重新登录您的账户", "Chinese"),
        ("请把 router 重新启动 please", "mixed"), ("12345 !?", "no letters"),
        ("", "no letters"), ("أعد تشغيل", "Arabic"), ("\u202e\ud800", "no letters"),
    ],
)  # fmt: skip
def test_scripts(text, script):
    assert script_of(text) == script
