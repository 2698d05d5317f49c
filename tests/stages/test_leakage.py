"""leakage: answers that stand in their question; in English and Chinese."""

from __future__ import annotations

import pytest

from assay.curate.batch import Batch
from assay.stages.leakage import Leakage
from assay.testing.stages import RowStageSuite

ENGLISH = "Hold the green button for ten seconds until the light turns blue and the router restarts."
HAN = "请按住绿色按钮十秒钟直到指示灯变蓝"


def pair(prompt, completion):
    return {"prompt": prompt, "completion": completion}


class TestLeakage(RowStageSuite):
    def stage(self):
        return Leakage(max_copied=0.3, min_units=4)

    def payloads(self):
        return [
            pair(f"Is this right? {ENGLISH}", ENGLISH),
            pair(HAN, HAN),
            pair("", ""),
            {"text": ENGLISH},
            {"text": ENGLISH, "label": ENGLISH},
            {"prompt": ENGLISH, "chosen": ENGLISH, "rejected": "no"},
            {
                "messages": [
                    {"role": "user", "content": ENGLISH},
                    {"role": "assistant", "content": "a b c d e"},
                ]
            },
        ]


def verdict(prompt, completion, **parameters):
    stage = Leakage(**parameters)
    (check,) = stage.checks(stage.measure(Batch([pair(prompt, completion)])))
    return bool(check.failed[0]), float(check.value[0]), check.notes.get(0)


@pytest.mark.parametrize(
    ("prompt", "completion", "failed", "share"),
    [
        (f"What to do? Answer: {ENGLISH}", ENGLISH.upper(), True, 1.0),
        ("Hold the green button for ten seconds", ENGLISH, True, 7 / 16),
        ("Hold the green button for ten, seconds", ENGLISH, False, 5 / 16),
        ("What to do?", ENGLISH, False, 0.0),
        (f"怎么办？答案：{HAN}", HAN, True, 1.0),
        ("请按住绿色按钮", HAN, True, 7 / 17),
        ("请按住绿色的按钮", HAN, False, 5 / 17),
        ("Is it spam or not?", "spam", False, 1.0),
        ("", "", False, 0.0),
        ("", ENGLISH, False, 0.0),
    ],
)
def test_shares(prompt, completion, failed, share):
    found, value, note = verdict(prompt, completion)
    assert (found, value, note is not None) == (failed, pytest.approx(share), failed)


def test_bounds_are_allowed():
    ten = "a b c d e f g h i j"
    assert verdict("x a b c d y", ten)[0] is False
    assert verdict("x a b c d e y", ten)[0] is True
    assert verdict("x a b c d e y", ten, min_units=11)[0] is False
    assert verdict("x a b c d e y", ten, max_copied=0.5)[0] is False
    assert verdict("x a b c d e y", ten)[2] == "5 of 10 words or characters in one stretch"
