"""format, length, repetition and pii: what goes, what stays, in English and Chinese."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.curate.batch import Batch
from assay.kernels.counting import count_units
from assay.kernels.pii_checksums import cn_id_card_valid, luhn
from assay.kernels.pii_patterns import find
from assay.kernels.repetition import repeated_bigrams
from assay.stages.format import Format, problems
from assay.stages.length import Length
from assay.stages.pii import Pii
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


class TestPii(_Suite):
    def stage(self):
        return Pii(types=("email", "cn_mobile"))


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


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("write to jo.doe+x@mail.example.co.uk!", ["email"]),
        ("邮箱是zhang@qq.com，谢谢", ["email"]),
        ("a@b, @user, x@localhost", []),
        ("我的电话是13812345678请回电", ["cn_mobile"]),
        ("电话：+86 138-1234-5678。", ["cn_mobile"]),
        ("手机１３８１２３４５６７８", ["cn_mobile"]),
        ("订单号213812345678", []),
        ("身份证号11010519491231002X有误", ["cn_id_card"]),
        ("编号110105194912310021", []),
        ("卡号4111111111111111扣款", ["bank_card"]),
        ("card 4111 1111 1111 1111", ["bank_card"]),
        ("card 4111 1111 1111 1112", []),
        ("my number is (212) 555-0142", ["phone"]),
        ("call 212-555-0142 or +44 20 7946 0958", ["phone", "phone"]),
        ("dates 2024-01-02 and 555-1234", []),
        ("SSN 123-45-6789.", ["us_ssn"]),
        ("part 000-12-3456, 900-12-3456", []),
        ("from 8.8.8.8 to me", ["ip"]),
        ("router 192.168.1.1, version 8.8.8.8, v1.2.3.4.5", []),
        ("2001:4860:4860::8888 at 12:30:45", ["ip"]),
        ("pi is 3.14159265358979323", []),
    ],
)
def test_pii(text, types):
    assert [hit.type for hit in find(text)] == types


@given(st.lists(st.integers(0, 9), min_size=12, max_size=18))
def test_luhn_holds_for_exactly_one_check_digit(digits):
    assert sum(luhn([*digits, check]) for check in range(10)) == 1


@given(
    st.integers(1950, 2020),
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(0, 999),
    st.integers(110000, 659999),
)
def test_an_id_card_has_exactly_one_check_character(year, month, day, serial, area):
    stem = f"{area}{year}{month:02}{day:02}{serial:03}"
    valid = [c for c in "0123456789X" if cn_id_card_valid(stem + c)]
    assert len(valid) == 1
    assert "cn_id_card" in [h.type for h in find(f"证件{stem}{valid[0]}号")]


@given(st.text("0123456789+-. @:a中", max_size=200))
def test_any_text_is_searched_and_hits_lie_within(text):
    for hit in find(text):
        assert 0 <= hit.start < hit.end <= len(text)
