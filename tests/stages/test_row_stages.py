"""format, length and repetition: what goes, what stays, in English and Chinese."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.curate.batch import Batch
from assay.kernels.counting import count_units
from assay.kernels.repetition import repeated_bigrams
from assay.stages.format import Format, problems
from assay.stages.length import Length
from assay.stages.repetition import Repetition
from assay.testing.stages import RowStageSuite


def chat(*turns):
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


PAYLOADS = [
    chat(("user", "How do I reboot?"), ("assistant", "Hold the button for ten seconds.")),
    chat(("user", "密码忘了怎么办"), ("assistant", "请打开设置，选择忘记密码，然后输入手机号13812345678。")),
    chat(("user", ""), ("assistant", "")),
    {"text": "a b " * 60},
    {"prompt": "p", "chosen": "same", "rejected": "same"},
    {"prompt": "p", "completion": "c"},
    {"text": "good", "label": "positive"},
]


class _Suite(RowStageSuite):
    def payloads(self):
        return PAYLOADS


class TestFormat(_Suite):
    def stage(self):
        return Format()


class TestLength(_Suite):
    def stage(self):
        return Length(min_input=2, max_input=9, min_output=2, max_output=9)


class TestRepetition(_Suite):
    def stage(self):
        return Repetition()


CALL = {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f"}}]}


@pytest.mark.parametrize(
    ("payload", "codes"),
    [
        (PAYLOADS[0], []),
        (chat(("system", "s"), ("user", "u"), ("assistant", "a")), []),
        (chat(("user", "u"), ("assistant", " ")), ["empty_output"]),
        (chat(("user", " "), ("assistant", "a")), ["empty_input"]),
        (chat(("user", "u")), ["no_assistant_turn"]),
        (chat(("user", "u"), ("assistant", "a"), ("user", "u")), ["last_turn_not_assistant"]),
        (chat(("user", "u"), ("user", "u"), ("assistant", "a")), ["roles_do_not_alternate"]),
        (
            chat(("user", "u"), ("assistant", "a"), ("system", "s"), ("user", "u"), ("assistant", "a")),
            ["roles_do_not_alternate"],
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": "u"},
                    CALL,
                    {"role": "tool", "tool_call_id": "1", "content": "r"},
                    {"role": "assistant", "content": "a"},
                ]
            },
            [],
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": "u"},
                    CALL,
                    {"role": "tool", "tool_call_id": "2", "content": "r"},
                    {"role": "assistant", "content": "a"},
                ]
            },
            ["tool_calls_unpaired"],
        ),
        ({"messages": [{"role": "user", "content": "u"}, CALL]}, []),
        ({"prompt": "p", "chosen": "a", "rejected": "a"}, ["chosen_equals_rejected"]),
        ({"prompt": "p", "chosen": "", "rejected": "a"}, ["empty_chosen"]),
        (
            {
                "prompt": [],
                "chosen": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}],
                "rejected": [{"role": "assistant", "content": "z"}],
            },
            ["prompts_differ"],
        ),
        (
            {
                "prompt": [{"role": "user", "content": "x"}],
                "chosen": [{"role": "assistant", "content": "y"}, {"role": "assistant", "content": "w"}],
                "rejected": [{"role": "assistant", "content": "z"}],
            },
            ["prompts_differ"],
        ),
        ({"prompt": "", "completion": "c"}, ["empty_input"]),
        ({"text": " \n"}, ["empty_text"]),
        ({"text": "a\x00b"}, ["control_characters"]),
        ({"text": "a\tb\r\nc"}, []),
    ],
)
def test_what_is_wrong_with_a_form(payload, codes):
    assert problems(payload) == codes


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("", 0),
        ("two words", 2),
        ("你好，世界！", 4),
        ("用Python写3行code", 6),
        ("カタカナ", 4),
        ("한국어 단어", 2),
        ("a,b", 1),
    ],
)
def test_units(text, units):
    assert count_units(text) == units


@given(st.text(max_size=60))
def test_units_are_never_more_than_characters(text):
    assert 0 <= count_units(text) <= len(text)


def test_bounds_themselves_are_allowed():
    batch = Batch([chat(("user", "a b"), ("assistant", "c"))])
    stage = Length(min_input=2, max_input=2, min_output=1, max_output=1)
    assert not any(check.failed.any() for check in stage.checks(stage.measure(batch)))


@pytest.mark.parametrize(
    ("text", "ratio"), [("a b c d", 0.0), ("a b a b a b", 0.6), ("好的好的好的", 0.6), ("one", 0.0)]
)
def test_repeated_pairs(text, ratio):
    assert repeated_bigrams(text)[0] == pytest.approx(ratio)


def test_short_answers_may_repeat():
    values = {"ratio": np.array([0.9, 0.9]), "units": np.array([29, 30])}
    assert Repetition().checks(values)[0].failed.tolist() == [False, True]
