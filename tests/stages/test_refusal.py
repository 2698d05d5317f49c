"""refusal: answers that refuse and answers that only pass on; in English and Chinese."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.curate.batch import Batch
from assay.kernels.phrases import BOILERPLATE, COURTESY, REFUSALS, pattern_set, plain
from assay.stages.refusal import Refusal, is_boilerplate
from assay.testing.stages import RowStageSuite

LONG = " First open the settings, then choose the account page and follow the steps that it shows." * 8
HAN_LONG = "首先打开设置，然后选择账户页面，按照提示一步一步操作即可完成。" * 5

REFUSING = [
    "As an AI language model, I do not have feelings.",
    "I'm sorry, but I cannot help with that.",
    "I’m sorry, but I can’t assist with that request.",
    "I cannot provide medical advice.",
    "Unfortunately, I am unable to complete this task.",
    "I must decline.",
    "This task cannot be performed by a GPT model as it needs a picture.",
    "作为一个人工智能语言模型，我没有感情。",
    "很抱歉，我无法回答这个问题。",
    "很抱歉我无法提供相关信息。",
    "对不起，我不能帮助您完成这个请求。",
    "我无法回答。",
]
STOCK = [
    "I'll escalate this to the second level.",
    "Thank you for contacting us. Your request has been received!",
    "I will forward this to our team. Someone will get back to you shortly.",
    "We are looking into it.",
    "Please contact customer support.",
    "已为您转接人工客服，请稍等。",
    "您好，您的问题已收到，感谢您的反馈！",
    "稍后会有专员与您联系。",
]
FINE = [
    "",
    "Paris",
    "Sorry to hear that the printer is out of order. Press the green button for ten seconds and it will restart.",
    "As an AI language model, I have no favourite, but here is how it is done." + LONG,
    "I'm sorry, but I cannot attend the meeting tomorrow.",
    "I will not go.",
    "I'll escalate this to the billing team. Until then use the spare card in drawer three.",
    "Please contact support if the light stays red. Before that, unplug the router and wait thirty seconds.",
    "作为一个人工智能语言模型，我来说明。" + HAN_LONG,
    "抱歉，我不能参加明天的会议。",
    "已为您转接人工客服。同时请您先拔掉路由器电源，等三十秒后重新插上。",
    "您好，请打开设置，选择重置密码。",
]


def payload(text):
    return {"prompt": "p", "completion": text}


class TestRefusal(RowStageSuite):
    def stage(self):
        return Refusal(max_refusal=60)

    def payloads(self):
        others = [{"text": "t"}, {"messages": []}, {"prompt": "p", "chosen": REFUSING[0], "rejected": "r"}]
        return [*map(payload, REFUSING + STOCK + FINE), *others]


def verdicts(text, stage=None):
    stage = stage or Refusal()
    return [c.code for c in stage.checks(stage.measure(Batch([payload(text)]))) if c.failed[0]]


@pytest.mark.parametrize("text", REFUSING)
def test_refusals(text):
    assert "refusal" in verdicts(text)


@pytest.mark.parametrize("text", STOCK)
def test_stock_answers(text):
    assert verdicts(text) == ["boilerplate_answer"]


@pytest.mark.parametrize("text", FINE)
def test_answers_that_pass(text):
    assert verdicts(text) == []


def test_bounds_are_in_units_and_allowed():
    text = "I cannot help with that."
    assert verdicts(text, Refusal(max_refusal=5)) == ["refusal"]
    assert verdicts(text, Refusal(max_refusal=4)) == []
    assert verdicts("请稍等", Refusal(max_boilerplate=3)) == ["boilerplate_answer"]
    assert verdicts("请稍等", Refusal(max_boilerplate=2)) == []


def test_of_a_conversation_the_last_answer_counts():
    turns = [
        ("user", "u"),
        ("assistant", REFUSING[1]),
        ("user", "then?"),
        ("assistant", "Press the green button."),
    ]
    chat = {"messages": [{"role": role, "content": content} for role, content in turns]}
    stage = Refusal()
    assert not any(c.failed.any() for c in stage.checks(stage.measure(Batch([chat]))))


@pytest.mark.parametrize("text", FINE + REFUSING)
def test_courtesy_alone_is_not_stock(text):
    assert not is_boilerplate("Hello! Thank you.")
    assert not is_boilerplate("您好，谢谢！")
    assert not is_boilerplate(text) or text in STOCK


@pytest.mark.parametrize("patterns", [REFUSALS, BOILERPLATE, COURTESY])
def test_every_phrase_is_written_for_plain_text_and_met_by_some_example(patterns):
    assert len(set(patterns)) == len(patterns)
    assert all("’" not in p and not any(c.isupper() for c in p) for p in patterns)
    assert pattern_set(patterns).Match(plain("\n".join(REFUSING + STOCK + ["sorry, thank you, 谢谢"])))


@given(st.text(max_size=300))
def test_any_text_is_judged(text):
    values = Refusal().measure(Batch([payload(text)]))
    assert values["units"][0] >= 0 and isinstance(values["refusal"][0], np.bool_)
