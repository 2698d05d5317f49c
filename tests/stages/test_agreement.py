"""agreement: rows on whose label the annotators do not agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.curate.batch import Batch
from assay.stages.agreement import Agreement, label_list
from assay.testing.stages import RowStageSuite


class TestAgreement(RowStageSuite):
    def stage(self):
        return Agreement(column="labels", min_agreement=0.9)

    def payloads(self):
        return [
            {"text": "a"},
            {"prompt": "p", "completion": "c"},
            {"messages": []},
            {"text": "好", "label": "好"},
        ]


def check(fields, **parameters):
    stage = Agreement(**parameters)
    batch = Batch([{"text": "t"}] * len(fields), [{"labels": field} for field in fields])
    (found,) = stage.checks(stage.measure(batch))
    return found


def test_who_disagrees():
    fields = [
        ["good", "good", "bad"],
        ["good", "good", "good"],
        ["好", "坏"],
        {"ann": "good", "bo": "bad"},
        [{"label": 1, "by": "ann"}, {"label": 1, "by": "bo"}],
        ["good"],
        ["good", None, ""],
        None,
        "good",
        [1, True, 1.0],
    ]
    found = check(fields)
    assert np.flatnonzero(found.failed).tolist() == [0, 2, 3, 9]
    assert found.value[0] == pytest.approx(1 / 3) and np.isnan(found.value[5:9]).all()
    assert found.notes[0] == "2 of 3 annotators agree" and found.notes[2] == "1 of 2 annotators agree"


def test_the_bound_itself_is_allowed():
    four = [["a", "a", "a", "b"]]
    assert not check(four, min_agreement=0.5).failed[0]
    assert check(four, min_agreement=0.51).failed[0]


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda x: st.lists(x))
)
def test_any_field_is_read(value):
    assert all(isinstance(label, str) for label in label_list(value))
    assert check([value, [value, value]]).failed.dtype == np.bool_
