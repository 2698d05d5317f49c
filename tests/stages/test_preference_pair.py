"""preference_pair: two sides that say the same, and a preference for length."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.curate.batch import Batch
from assay.stages.preference_pair import PreferencePair, length_bias, sides
from assay.testing.stages import RowStageSuite

TEXT = "Hold the green button for ten seconds until the light turns blue and the router restarts."
HAN = "请按住绿色按钮十秒钟，直到指示灯变蓝，路由器会自动重新启动。"


def pair(chosen, rejected):
    return {"prompt": "p", "chosen": chosen, "rejected": rejected}


def turns(*spoken):
    return [{"role": role, "content": content} for role, content in spoken]


PAYLOADS = [
    pair(TEXT, TEXT.replace("green", "red")),
    pair(TEXT, "Call the service desk."),
    pair(HAN, HAN + "好"),
    pair(HAN, "请联系客服。"),
    pair("", ""),
    pair(turns(("user", TEXT), ("assistant", "Yes.")), turns(("user", TEXT), ("assistant", "Never."))),
    {"text": TEXT},
    {"messages": []},
    {"prompt": "p", "chosen": None, "rejected": 3},
]


class TestPreferencePair(RowStageSuite):
    def stage(self):
        return PreferencePair(threshold=0.7, max_length_ratio=2.0)

    def payloads(self):
        return PAYLOADS


def verdicts(payloads, **parameters):
    stage = PreferencePair(**parameters)
    found = stage.checks(stage.measure(Batch(payloads)))
    return {check.code: np.flatnonzero(check.failed).tolist() for check in found}


def test_sides_that_say_the_same():
    assert verdicts(PAYLOADS, threshold=0.7) == {"chosen_like_rejected": [0, 2, 4, 8]}
    assert verdicts(PAYLOADS, threshold=0.99) == {"chosen_like_rejected": [4, 8]}


def test_length_ratio():
    rows = [
        pair("a b c d", "a"),
        pair("a b", "a"),
        pair("一二三四", "五"),
        pair("a", ""),
        pair("a", "a b c d"),
    ]
    assert verdicts(rows, max_length_ratio=2.0)["length_bias"] == [0, 2]
    assert "length_bias" not in verdicts(rows)


def test_shared_turns_are_no_part_of_either_side():
    assert sides(PAYLOADS[5]) == ("Yes.", "Never.")
    same = turns(("user", "u"), ("assistant", "a"))
    assert sides(pair(same, same)) == ("u\na", "u\na")


def test_bias_of_a_set():
    found = length_bias([(10, 5), (8, 4), (3, 6), (4, 4)])
    assert (found.pairs, found.ties, found.longer_chosen) == (4, 1, pytest.approx(2 / 3))
    assert 0 < found.correlation < 1


def test_extreme_sets():
    assert length_bias([(9, 1)] * 5).correlation == pytest.approx(1.0)
    assert length_bias([(1, 9)] * 5).correlation == pytest.approx(-1.0)
    for nothing in ([], [(3, 3), (3, 3)]):
        found = length_bias(nothing)
        assert math.isnan(found.longer_chosen) and math.isnan(found.correlation)


LENGTHS = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=30)


@given(LENGTHS)
def test_the_correlation_is_pearsons_and_swapping_sides_turns_it_round(pairs):
    found, swapped = length_bias(pairs), length_bias([(b, a) for a, b in pairs])
    logs = np.log1p([a for a, _ in pairs] + [b for _, b in pairs])
    if logs.std() > 0:
        label = [1] * len(pairs) + [0] * len(pairs)
        assert found.correlation == pytest.approx(np.corrcoef(logs, label)[0, 1], abs=1e-9)
        assert found.correlation == pytest.approx(-swapped.correlation, abs=1e-9)
    if found.ties < found.pairs:
        assert found.longer_chosen == pytest.approx(1 - swapped.longer_chosen)
