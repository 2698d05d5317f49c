"""completion: answers out of proportion, and answers that stop half way; in English and Chinese."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.curate.batch import Batch
from assay.kernels.answers import final_answer
from assay.kernels.endings import (
    COMPLETE,
    DANGLING_MARK,
    DANGLING_WORD,
    MID_SENTENCE,
    OPEN_BRACKET,
    OPEN_FENCE,
    OPEN_QUOTE,
    REASONS,
    ending,
)
from assay.stages.completion import Completion
from assay.testing.stages import RowStageSuite

FILLER = "The printer on the third floor needs a new cartridge before it can print again. "
HAN = "三楼的打印机需要换一个新的墨盒才能继续打印文件。"


def pair(prompt, completion):
    return {"prompt": prompt, "completion": completion}


def chat(*turns):
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


PAYLOADS = [
    pair("why?", FILLER + "Then restart it and"),
    pair("为什么？", HAN + "然后重启打印机，"),
    pair("", "no question"),
    {"text": ""},
    {"text": "a lone text that goes on"},
    {"prompt": "p", "chosen": FILLER * 2 + "And then", "rejected": "no"},
    chat(("user", "u"), ("assistant", FILLER + "so that the"), ("user", "go on"), ("assistant", "Done.")),
    {"messages": [{"role": "user", "content": None}, {"role": "assistant", "content": [{"type": "image"}]}]},
    {"text": "x" * 10_000, "label": 3},
]


class TestCompletion(RowStageSuite):
    def stage(self):
        return Completion(min_ratio=0.1, max_ratio=20.0, min_units=5)

    def payloads(self):
        return PAYLOADS


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", COMPLETE),
        ("Paris", COMPLETE),
        (FILLER, COMPLETE),
        (FILLER + "Was it (the old one) full?", COMPLETE),
        (FILLER + 'He said: "It works."', COMPLETE),
        (FILLER + "Then restart it and", DANGLING_WORD),
        (FILLER + "You can find the spare cartridges in the", DANGLING_WORD),
        (FILLER + "Take a cartridge (the black", OPEN_BRACKET),
        (FILLER + 'Then the display says "printer is', OPEN_QUOTE),
        (FILLER + "Open the lid, take the old cartridge out,", DANGLING_MARK),
        (FILLER + "Then open the lid and lift the old cartridge", MID_SENTENCE),
        (f"{FILLER}\n\n{FILLER.strip()[:-1]} this afternoon", MID_SENTENCE),
        ("Do this:\n```\nprint(1)\n", OPEN_FENCE),
        ("Do this:\n```\nprint(1)\n```", COMPLETE),
        ("Dear team,\n" + FILLER + "\n\nYours sincerely,", COMPLETE),
        (FILLER + "\n1. Lid\n2. Cartridge\n3. Offer help to the one that you were waiting for", COMPLETE),
        ("Good news from the third floor! The printer works again #printer #office", COMPLETE),
        ("x = [1, 2, 3]\nprint(x[0], x[1],", COMPLETE),
        (HAN, COMPLETE),
        (HAN + "他说：“可以了。”", COMPLETE),
        (HAN + "请看《打印机手册》", COMPLETE),
        (HAN + "请打开盖子，取出旧墨盒，", DANGLING_MARK),
        (HAN + "请先打开盖子，取出旧墨盒，以及", DANGLING_WORD),
        (HAN + "请先打开打印机的盖子取出旧墨", MID_SENTENCE),
        (HAN + "请看说明书（第三", OPEN_BRACKET),
        (HAN + "屏幕上会显示“打印机", OPEN_QUOTE),
        ("步骤：\n一、打开盖子\n二、取出旧墨盒\n三、放入新墨盒", COMPLETE),
        ("यह काम करता है।", COMPLETE),
        ("هل يعمل؟", COMPLETE),
    ],
)
def test_where_a_text_stops(text, why):
    assert REASONS.get(ending(text)) == REASONS.get(why)


@given(st.text(max_size=200))
def test_any_text_has_an_ending(text):
    assert ending(text) in {COMPLETE, *REASONS}
    assert ending(text + "。") in {COMPLETE, OPEN_FENCE}


def failed(stage, payloads):
    return {c.code: np.flatnonzero(c.failed).tolist() for c in stage.checks(stage.measure(Batch(payloads)))}


def test_short_outputs_are_left_alone():
    cut = [pair("why?", FILLER + "Then restart it and")]
    assert failed(Completion(min_units=20), cut) == {"truncated_output": []}
    assert failed(Completion(min_units=19), cut) == {"truncated_output": [0]}
    assert failed(Completion(min_units=19, truncation=False), cut) == {"truncated_output": []}


def test_the_reason_is_told():
    stage = Completion(min_units=5)
    (check,) = stage.checks(stage.measure(Batch(PAYLOADS)))
    assert check.notes[0] == REASONS[DANGLING_WORD] and check.notes[1] == REASONS[DANGLING_MARK]
    assert set(check.notes) == set(np.flatnonzero(check.failed).tolist())


def test_ratios_are_in_units_and_bounds_are_allowed():
    rows = [pair("a b", "c d e f."), pair("你好", "你好你好你"), pair("a b c d", "c."), pair("", "c.")]
    found = failed(Completion(min_ratio=0.5, max_ratio=2.0), rows)
    assert found == {"ratio_too_low": [2], "ratio_too_high": [1], "truncated_output": []}


def test_the_last_turn_is_what_counts():
    cut_then_whole = chat(
        ("user", "u"), ("assistant", FILLER + "so that the"), ("user", "v"), ("assistant", "Done.")
    )
    whole_then_cut = chat(
        ("user", "u"), ("assistant", "Done."), ("user", "v"), ("assistant", FILLER + "so that the")
    )
    assert failed(Completion(min_units=3), [cut_then_whole, whole_then_cut]) == {"truncated_output": [1]}


def test_final_answers_of_all_kinds():
    turns = [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}, {"role": "user"}]
    assert final_answer({"messages": turns}, "all") == "a"
    assert final_answer({"chosen": turns}, "all") == "a"
    assert final_answer({"messages": [{"role": "user", "content": "u"}]}, "") == ""
    assert final_answer({"messages": []}, "") == ""
    assert final_answer({"text": "t"}, "t") == "t"
    assert final_answer({"prompt": "p", "completion": "c"}, "c") == "c"


@pytest.mark.parametrize("piece", ["a", "ab ", "a. ", "#", "“", "(", " ", "\n", "好", "好，", "```"])
def test_long_texts_are_no_trap(piece):
    assert ending(piece * 200_000) in {COMPLETE, *REASONS}
