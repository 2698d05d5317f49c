"""Contradictions: which answer stays, which is flagged, in English and Chinese."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.curate.batch import Batch
from assay.curate.stage import Rows
from assay.kernels.jaccard import similarity
from assay.stages.contradictions import Contradictions
from assay.testing.selectors import SelectorSuite


def chat(*turns):
    return {"messages": [{"role": ("user", "assistant")[k % 2], "content": t} for k, t in enumerate(turns)]}


LONG = "Open the settings, choose security and then follow the link that we send to your mail"
OTHER = "This cannot be done by yourself: call the service desk and have your badge at hand"
中文 = "请打开设置，选择安全，然后点击我们发送到您邮箱里的链接，按照提示重新设置密码"
别的 = "很抱歉，您自己无法完成这项操作，请携带工牌到服务台，由管理员当面为您办理"


class TestContradictions(SelectorSuite):
    def stage(self):
        return Contradictions()

    def payloads(self):
        return [
            chat("How do I reset it?", LONG),
            chat("how do  I reset it?", LONG + "!"),
            chat("How do I reset it?", OTHER),
            chat("怎么修改密码？", 中文),
            chat("怎么修改密码?", 别的),
            chat("q", "a", "q2", "a2"),
            chat("q", "b", "q2", "a2"),
            {"text": "fine", "label": "good"},
            {"text": "Fine", "label": "bad"},
            {"text": "FINE", "label": "bad"},
            {"text": "一般", "label": 1},
            {"text": "一般", "label": 2},
            {"text": "no label"},
            {"prompt": "p", "chosen": "x", "rejected": "y"},
            {"prompt": "p", "chosen": "y", "rejected": "x"},
            {"prompt": "p", "completion": "c", "label": True},
            {"prompt": "p", "completion": "c", "label": False},
            {"prompt": "", "completion": "one"},
            {"prompt": "", "completion": "two"},
            {"prompt": "silence", "completion": ""},
            {"prompt": "silence", "completion": "gold"},
        ]


def flagged(payloads, stage=None, rank=None, eligible=None):
    """Row → (row that stays, value, threshold); the first rows rank best."""
    n = len(payloads)
    stage = stage or Contradictions()
    texts = Batch(payloads).texts
    found = stage.select(
        Rows(
            stage.keys(Batch(payloads)),
            np.arange(n) if rank is None else rank,
            np.ones(n, bool) if eligible is None else eligible,
            lambda some: [texts[k] for k in some],
        )
    )
    columns = (found.row.tolist(), found.twin.tolist(), found.value.tolist(), found.threshold.tolist())
    return {row: told for row, *told in zip(*columns, strict=True)}


def test_chinese_answers_in_other_words_agree():
    """A shingle of five Han characters is several words; of two, one."""
    one = "公司年假每年十五天，当年没有休完的部分可以顺延到次年三月底。"
    two = "公司每年有十五天年假，当年没休完的部分可顺延到次年三月底。"
    assert similarity(one, two, 5) < 0.5 < similarity(one, two, 2)
    assert flagged(answers(one, two)) == {}


def answers(*outputs, asked="q"):
    return [chat(asked, output) for output in outputs]


@pytest.mark.parametrize(
    ("payloads", "gone"),
    [
        (answers(LONG, OTHER), [1]),
        (answers(中文, 别的), [1]),
        (answers(LONG, LONG + " and wait"), []),
        (answers(中文, 中文 + "即可"), []),
        (answers("Yes.", "yes", "YES!"), []),
        (answers("是。", "是", "是！"), []),
        (answers("Yes", "No"), [1]),
        (answers("可以", "不可以"), [1]),
        (answers("42", "-42"), [1]),
        (answers("Attachments may have up to 5 MB", "Attachments may have up to 50 MB"), []),
        (answers("No", "Yes", "yes"), [0]),
        (answers("不可以", "可以", "可以。"), [0]),
        (answers(OTHER, LONG, LONG + " and wait"), [0]),
        (answers("", "Yes"), []),
        (answers("Yes", "No", asked=" "), []),
        ([chat("q", "Yes"), {"prompt": "Q", "completion": "no"}], [1]),
        ([{"text": "t", "label": "a b c d e f g h"}, {"text": "t", "label": "a b c d e f g h i"}], [1]),
        ([{"text": "一般", "label": "差评"}, {"text": "一般", "label": "好评"}], [1]),
        ([{"text": "one"}, {"text": "two"}], []),
        ([{"text": "t", "label": "ha" * n} for n in (9, 10)], [1]),
        ([{"prompt": "p", "chosen": LONG, "rejected": r} for r in ("x", OTHER)], []),
        (
            [
                {"prompt": "p", "chosen": "x", "rejected": "z"},
                {"prompt": "p", "chosen": "y", "rejected": "z"},
                {"prompt": "p", "chosen": "z", "rejected": "x"},
            ],
            [2],
        ),
        ([{"prompt": "p", "completion": "c", "label": v} for v in (True, False, False)], [0]),
        ([{"prompt": "p", "completion": c, "label": c == "c"} for c in "cd"], []),
    ],
)
def test_who_contradicts_whom(payloads, gone):
    assert sorted(flagged(payloads)) == gone


def test_the_evidence_is_the_similarity_of_the_answers():
    assert flagged(answers(LONG, OTHER)) == {1: [0, similarity(LONG, OTHER, 5), 0.5]}
    assert flagged(answers("Yes", "No")) == {1: [0, 0.0, 1.0]}


def test_answers_in_pieces_are_compared_by_their_sketches():
    near = chat("q", LONG, "q2", LONG + " now")
    told = flagged([chat("q", LONG, "q2", LONG), near, chat("q", OTHER, "q2", OTHER)])
    assert list(told) == [2]
    assert told[2][1] == pytest.approx(similarity(f"{LONG}\n{LONG}", f"{OTHER}\n{OTHER}", 5), abs=0.15)


def test_the_best_rank_stays_and_only_an_eligible_row_does():
    payloads = answers("Yes", "No")
    assert list(flagged(payloads, rank=np.array([1, 0]))) == [0]
    assert list(flagged(payloads, eligible=np.array([False, True]))) == [0]
    assert flagged(payloads, eligible=np.array([False, False])) == {}


def test_a_prompt_with_very_many_answers_is_settled_by_equal_ones():
    chance = random.Random(2)
    poems = ["".join(chance.choices("abcdefgh ", k=60)) for _ in range(200)]
    told = flagged(answers(*poems, poems[150] + "."))
    assert {twin for twin, *_ in told.values()} == {150} and len(told) == 199


def test_it_flags_unless_told_to_reject():
    assert Contradictions().action == "flag"
    assert Contradictions(action="reject").action == "reject"


def of(a, b):
    """The similarity of two of the answers below: two Han characters weigh what five letters do."""
    a, b = a.rstrip("."), b.rstrip(".")
    if min(len(a), len(b)) > 3 and a.isascii() == b.isascii():
        return similarity(a, b, 5 if a.isascii() else 2)
    return 0.0


PIECES = st.sampled_from(["Yes", "No", "yes.", "", LONG, LONG + " now", OTHER, 中文, 中文 + "了", 别的])
PROMPTS = st.sampled_from(["a?", "A?", "b", "密码？", "密码?", ""])


@given(st.lists(st.tuples(PROMPTS, PIECES), max_size=25), st.randoms(use_true_random=False))
def test_any_order_gives_the_same_and_every_flag_is_proven(pairs, chance):
    payloads = [chat(asked, answered) for asked, answered in pairs]
    told = flagged(payloads)
    for row, (twin, value, threshold) in told.items():
        assert twin not in told and value < threshold
        assert pairs[row][1] != pairs[twin][1]
        assert value == pytest.approx(of(pairs[row][1], pairs[twin][1]))
    order = list(range(len(pairs)))
    chance.shuffle(order)
    again = flagged([payloads[k] for k in order], rank=np.array(order, np.int64))
    assert {order[row]: [order[twin], *rest] for row, (twin, *rest) in again.items()} == told


TEXT = st.text(st.characters(exclude_categories=()), max_size=12) | st.sampled_from(
    ["a", "是", "", "a b c d e f g h"]
)
ANYTHING = st.one_of(
    st.builds(lambda *turns: chat(*turns), TEXT, TEXT, TEXT, TEXT),
    st.builds(lambda p, c, r: {"prompt": p, "chosen": c, "rejected": r}, TEXT, TEXT, TEXT),
    st.builds(lambda p, c: {"prompt": p, "completion": c}, TEXT, TEXT),
    st.builds(lambda p, c, v: {"prompt": p, "completion": c, "label": v}, TEXT, TEXT, st.booleans()),
    st.builds(lambda t, v: {"text": t, "label": v}, TEXT, TEXT | st.integers(0, 9)),
    st.builds(lambda t: {"text": t}, TEXT),
)


@given(st.lists(ANYTHING, max_size=12))
def test_any_payload_is_taken_and_no_flagged_row_explains_another(payloads):
    stage = Contradictions(short=1)
    together = stage.keys(Batch(payloads))
    for row, payload in enumerate(payloads):
        for name, column in stage.keys(Batch([payload])).items():
            assert np.array_equal(column, together[name][row : row + 1])
    told = flagged(payloads, stage)
    assert not {twin for twin, *_ in told.values()} & set(told)
    assert all(value < threshold for _, value, threshold in told.values())
