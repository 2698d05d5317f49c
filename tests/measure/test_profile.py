"""A profile of stored rows: right figures, any payload, any order."""

from __future__ import annotations

import json
import random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import UsageError
from assay.measure.profile import Profiler, profile
from assay.measure.rows import columns_for

from .conftest import pair, table_of


def test_figures_of_four_rows(stored):
    table = stored(
        [
            (
                pair("How do I log in?", "Open the page."),
                {"extra": {"category": "login", "score": 4}, "created": "2025-01-02"},
            ),
            (
                pair("怎么登录？", "请打开设置"),
                {"extra": {"category": "login", "score": 2.5}, "created": "2025-03-02"},
            ),
            (pair("Refund?", "Yes, today."), {"extra": {"category": "refund"}, "source": "b.jsonl"}),
            ({"text": "Buy now", "label": "spam"}, {"origin": "human"}),
        ]
    )
    found = profile([table])
    assert found.rows == 4
    assert dict(found.kinds) == {"completion": 3, "text": 1}
    assert found.labelled == 1
    # Outputs: 3, 5 and 2 units; the label counts for the whole length only.
    assert (found.output.count, found.output.p50, found.output.p99) == (3, 3, 5)
    assert found.output.mean == pytest.approx(10 / 3)
    # Inputs: 5 words, 4 characters, 1 and 2 words.
    assert (found.input.count, found.input.mean) == (4, 3.0)
    assert found.length.count == 4
    topic = found.balance
    assert (topic.field, topic.imbalance, topic.missing) == ("category", 2.0, 1)
    assert [(one.field, one.stated) for one in found.topics] == [("category", 3), ("label", 1)]
    assert [(one.value, one.count) for one in found.languages.top] == [("Latin", 3), ("Chinese", 1)]
    assert (found.scores.field, found.scores.count, found.scores.low) == ("score", 2, 1)
    assert [one.value for one in found.coverage.months] == ["2025-01", "2025-03"]
    assert (found.coverage.gaps, found.coverage.missing) == (1, 2)
    assert [(one.name, one.rows) for one in found.sources] == [("a.jsonl", 3), ("b.jsonl", 1)]
    assert (found.generators, found.synthetic) == ((), 0)
    assert len(found.samples) == 4


def test_a_generator_that_always_begins_alike(stored):
    rows = []
    for k in range(40):
        said = f"I'm sorry to hear that, {k} {k * 7}" if k % 4 else f"Well {k} then {k * 3}"
        rows.append((pair(f"q{k}", said), {"generator": "a/b"}))
    rows += [(pair(f"p{k}", f"answer {k} {k + 1}"), {"origin": "synthetic"}) for k in range(5)]
    rows += [(pair(f"h{k}", "I'm sorry to say"), {"origin": "human", "generator": "a/b"}) for k in range(5)]
    found = profile([stored(rows)])
    first, second = found.generators
    assert (first.name, first.rows, first.opening.value, first.opening_share) == (
        "a/b",
        40,
        "i'm sorry to",
        0.75,
    )
    assert (second.name, second.rows) == ("(not named)", 5)
    assert found.synthetic == 45
    assert first.similarity > second.similarity


def test_by_a_field_a_dotted_field_and_a_column(stored):
    rows = [
        (pair(f"q{k}", "a"), {"extra": {"meta": {"team": "x" if k else "y"}}, "licence": "mit"})
        for k in range(4)
    ]
    table = stored(rows, also=["licence"])
    assert profile([table], by="meta.team").balance.imbalance == 3.0
    assert profile([table], by="licence").topics[0].top[0].value == "mit"
    assert columns_for("licence")[-1] == "licence"
    assert columns_for("source") == columns_for(None) == columns_for("meta.team")
    missing = profile([table], by="nosuch").topics[0]
    assert (missing.field, missing.stated, missing.missing) == ("nosuch", 0, 4)
    with pytest.raises(UsageError):
        Profiler(by=" ")


def test_a_language_detector_of_ones_own(stored):
    def detector(text):
        return "en" if "the" in text else "?"

    found = profile([stored([pair("where is the key", "there"), pair("wo", "da")])], language=detector)
    assert (found.language_by, {one.value: one.count for one in found.languages.top}) == (
        "detector",
        {"en": 1, "?": 1},
    )


def test_no_rows_at_all(stored):
    found = profile([])
    assert (found.rows, found.length, found.scores, found.balance) == (0, None, None, None)
    json.dumps(found.as_json())


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
plain = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
)
anything = st.recursive(
    plain | text, lambda x: st.lists(x, max_size=3) | st.dictionaries(text, x, max_size=3), max_leaves=6
)
turn = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": text})
payloads = st.one_of(
    st.builds(pair, text, text),
    st.fixed_dictionaries({"text": text}, optional={"label": anything}),
    st.fixed_dictionaries({"prompt": text, "chosen": text, "rejected": text}),
    st.fixed_dictionaries({"messages": st.lists(turn, max_size=3)}),
)
columns = st.fixed_dictionaries(
    {},
    optional={
        "extra": st.fixed_dictionaries(
            {}, optional={"topic": anything, "score": anything, "quality": anything}
        ),
        "created": text,
        "generator": st.sampled_from(["a/b", "c/d"]),
        "origin": st.sampled_from(["human", "synthetic"]),
    },
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(payloads, columns), max_size=12), seed=st.integers(0, 99), cut=st.integers(0, 12)
)
def test_any_payload_and_neither_order_nor_cut_matters(rows, seed, cut):
    from assay.measure.charts.funnel import Step
    from assay.measure.health import health
    from assay.measure.report import Report, render

    table = table_of(rows)
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    mixed = table.take(pa.array(order, pa.int64()))
    one, other = profile([table]), profile([mixed.slice(0, cut), mixed.slice(cut)])
    assert one == other
    json.dumps(one.as_json())
    checks = health(one, None)
    page = render(
        Report(
            "d@v1", "sha256:" + "a" * 64, "2026-01-01T00:00:00Z", {}, one, checks, 1, [Step("x", 1, 0)], "c"
        )
    )
    page.encode("utf-8")
