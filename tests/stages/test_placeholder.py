"""placeholder: answers and questions that somebody meant to write later; in English and Chinese."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.curate.batch import Batch
from assay.kernels.placeholders import (
    holds_placeholder,
    is_placeholder,
    last_field_is_placeholder,
    unfilled_slots,
)
from assay.stages.placeholder import Placeholder
from assay.testing.stages import RowStageSuite

WHOLE = [
    "nooutput", "<nooutput>", "<No output>", "No output.", "<noinput>", "N/A", "n/a", "TODO", "tbd", "XXX", "...", "-",
    "[insert chart]", "<insert a drawing here>", "[Your answer here]", "<a drawing of a cat>", "<logo>",
    "无", "暂无", "待补充", "同上。", "（略）", "【请填写回答】", "无输出", "<无输出>", "……",
]  # fmt: skip
HOLDING = [
    "<noinput>\nThe cat sat on the mat.",
    "<nooutput - this needs a picture>",
    "No output as this needs a picture.",
    "She watered the flowers.\n\n6. Instruction: Name a colour.\n6. Input:\n<noinput>",
    "Lorem ipsum dolor sit amet, consectetur.",
    "&lt;nooutput&gt;（需要图片）",
    "<无输入> 猫坐在垫子上。",
]
FINE = [
    "", " ", "Yes", "6", "否", "Nothing", "A", "<b>bold</b>", "<html></html>", "[1, 2, 3]", "[apple, pear]",
    "x < 3 > y",
    "<div class=\"a\">text</div>", "The output is empty.", "Put the invoice on the todo list.", "没有问题，请重启。",
    "无法连接时请先重启路由器。", "<table> </table>", "<li>one</li>", "{}", "<p>One</p>",
]  # fmt: skip


def pair(prompt, completion):
    return {"prompt": prompt, "completion": completion}


class TestPlaceholder(RowStageSuite):
    def stage(self):
        return Placeholder(max_slots=1)

    def payloads(self):
        others = [{"text": "TODO"}, {"text": "TODO", "label": "N/A"}, {"messages": []}]
        return [*(pair("q", text) for text in WHOLE + HOLDING + FINE), *others]


def verdicts(question, answer, **parameters):
    stage = Placeholder(**parameters)
    return [c.code for c in stage.checks(stage.measure(Batch([pair(question, answer)]))) if c.failed[0]]


@pytest.mark.parametrize("text", WHOLE)
def test_whole_texts_that_are_placeholders(text):
    assert verdicts("q", text, look_at=("output",)) == ["placeholder_output"]


@pytest.mark.parametrize("text", HOLDING)
def test_answers_that_hold_one(text):
    assert not is_placeholder(text) or text.startswith("<nooutput -")
    assert verdicts("q", text) == ["placeholder_output"]


@pytest.mark.parametrize("text", FINE)
def test_answers_that_pass(text):
    assert verdicts("q", text) == []


@pytest.mark.parametrize(
    ("question", "is_one"),
    [
        ("Name a colour.\nNoinput", True),
        ("Name a colour.\n<No input>.", True),
        ("说出一种颜色。\n无输入", True),
        ("TODO", True),
        ("Name a colour.", False),
        ("Name a colour.\nred", False),
        ("说出一种颜色。", False),
        ("", False),
    ],
)
def test_questions(question, is_one):
    assert last_field_is_placeholder(question) is is_one
    assert verdicts(question, "Blue.", look_at=("input",)) == ["placeholder_input"] * is_one
    assert verdicts(question, "Blue.", look_at=("output", "slots")) == []


@pytest.mark.parametrize(
    ("question", "answer", "slots"),
    [
        ("Write a letter.", "Dear {{name}}, your order {{ order_id }} is here.", 2),
        ("Write a letter.", "Dear [Name],\n…\nRegards, [Your Name]", 2),
        ("Write a letter.", "Dear [insert name of the customer],", 1),
        ("Write a letter.", "Dear <your name>,", 1),
        ("写一封信。", "尊敬的[姓名]：您的订单【请填写订单号】已发货。", 2),
        ("写一封信。", "您好{{姓名}}", 1),
        ("Write a letter template.", "Dear {{name}},", 0),
        ("写一个邮件模板。", "尊敬的[姓名]：", 0),
        ("Answer to [Name].", "Dear [Name],", 0),
        ("Show it in code.", "Use this:\n```\n{{ name }}\n```\nDone.", 0),
        ("Write a list.", "[1, 2], [a], [see page 3], <b>bold</b>", 0),
        ("q", "", 0),
    ],
)
def test_slots(question, answer, slots):
    assert unfilled_slots(question, answer) == slots
    assert verdicts(question, answer) == ["unfilled_template"] * (slots > 0)
    assert verdicts(question, answer, max_slots=slots) == []


def test_dummy_text_that_was_asked_for_is_fine():
    assert not holds_placeholder("Bold: Lorem ipsum dolor", "<b>Lorem ipsum dolor</b>")


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_is_judged_and_white_space_does_not_matter(question, answer):
    assert unfilled_slots(question, answer) >= 0
    assert is_placeholder(answer) == is_placeholder(f"  {answer}\n") or len(answer) > 200
    values = Placeholder().measure(Batch([pair(question, answer)]))
    assert values["output"].dtype == np.bool_


@pytest.mark.parametrize("piece", ["<", "[", "{{", "<a ", "[insert ", "lorem ", " ", "\n", "【请", "无"])
def test_long_texts_are_no_trap(piece):
    text = piece * 100_000
    assert not is_placeholder(text) and unfilled_slots("", text) == 0
    assert not holds_placeholder("", text)
