"""repeated_answer: one answer to many questions, in English and Chinese."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.stages.repeated_answer import RepeatedAnswer
from assay.testing.selectors import SelectorSuite, rows_of

LONG = "Thank you for your question, I am glad to help you with whatever you may need today."
套话 = "感谢您的提问，我很高兴为您提供帮助，请随时告诉我您的需要。"


def chat(question, answer):
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


class TestRepeatedAnswer(SelectorSuite):
    def stage(self):
        return RepeatedAnswer(max_count=2)

    def payloads(self):
        return [
            *(chat(f"question {n}", LONG) for n in range(4)),
            *(chat(f"第{n}个问题", 套话) for n in range(5)),
            *(chat(f"is {n} even?", "Yes.") for n in range(5)),
            *({"text": f"text {n}", "label": LONG} for n in range(4)),
            {"prompt": "p", "chosen": LONG, "rejected": "no"},
            {"text": "alone"},
            chat("silence", ""),
        ]


def gone(payloads, rank=None, **parameters):
    found = RepeatedAnswer(**parameters).select(
        rows_of(RepeatedAnswer(**parameters), payloads, rank=rank or range(len(payloads)))
    )
    return dict(zip(found.row.tolist(), found.twin.tolist(), strict=True)), found


def test_the_best_by_rank_stays_and_the_ledger_has_its_evidence():
    rows, found = gone([chat(f"q{n}", LONG) for n in range(5)] + [chat("other", LONG[::-1])])
    assert rows == {1: 0, 2: 0, 3: 0, 4: 0}
    assert set(found.value) == {5.0} and set(found.threshold) == {3.0}
    assert found.notes[0] == "after 5 of 6 different questions"
    assert found.summary == {"repeated_answers": 1, "rows": 4, "questions": 6}
    assert gone([chat(f"q{n}", LONG) for n in range(4)], rank=[3, 2, 0, 1])[0] == {0: 2, 1: 2, 3: 2}


def test_chinese_answers_count_their_characters_and_fold_their_width():
    answers = [套话, 套话.replace("，", ","), f" {套话}\n", 套话, 套话]
    assert gone([chat(f"第{n}个问题", a) for n, a in enumerate(answers)])[0] == {1: 0, 2: 0, 3: 0, 4: 0}
    assert gone([chat(f"第{n}个问题", "可以，没问题。") for n in range(50)])[0] == {}


def test_short_answers_labels_and_one_question_are_left_alone():
    assert gone([chat(f"is {n} even?", "Yes, it is.") for n in range(50)])[0] == {}
    assert gone([{"text": f"t{n}", "label": LONG} for n in range(50)])[0] == {}
    same = [chat(question, LONG) for question in ("Q", "q", " q ", "ｑ", "q\n", "Q ")]
    assert gone(same)[0] == {}


def test_a_share_binds_besides_the_count():
    rows = [chat(f"q{n}", LONG) for n in range(5)] + [chat(f"o{n}", f"{LONG} {n}") for n in range(5)]
    assert len(gone(rows, max_share=0.4)[0]) == 4
    assert gone(rows, max_share=0.5)[0] == {}
    for wrong in ({"max_share": 0.0}, {"max_share": 1.0}, {"max_count": 0}, {"min_units": 0}):
        with pytest.raises(ValidationError):
            RepeatedAnswer(**wrong)


def test_a_row_that_may_not_go_is_the_one_that_stays():
    stage = RepeatedAnswer()
    rows = rows_of(stage, [chat(f"q{n}", LONG) for n in range(5)], rank=range(5))
    object.__setattr__(rows, "pinned", np.array([False, False, True, False, False]))
    assert set(stage.select(rows).twin.tolist()) == {2}


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), unique=True, max_size=18), st.integers(1, 4))
def test_no_answer_stands_after_more_questions_than_allowed(pairs, most):
    rows = [chat(f"q{q}", f"{LONG} {a}") for q, a in pairs]
    went = gone(rows, max_count=most)[0]
    left = Counter(a for k, (_, a) in enumerate(pairs) if k not in went)
    before = Counter(a for _, a in pairs)
    assert left == {a: (1 if n > most else n) for a, n in before.items()}
