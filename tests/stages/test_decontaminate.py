"""decontaminate: which rows it rejects for which frozen item, what it says of them, and what it spares."""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import numpy as np
import pytest

from assay.curate.batch import Batch
from assay.curate.stage import EvalSet
from assay.errors import NotFound
from assay.stages.decontaminate import Decontaminate
from assay.testing.stages import RowStageSuite

QUIZ = EvalSet(
    "quiz",
    "sha256:1",
    [
        (
            "Which river did the surveyors of the northern railway cross twice in the winter of that year?",
            "the Ebba",
        ),
        ("火车从甲站开往乙站，中途停靠三次，每次停十分钟，全程共需多少时间？", "五小时"),
        ("Why?", "because"),
    ],
)
EXAM = EvalSet(
    "exam", "sha256:2", [("Name the four chambers of the heart in the order in which blood passes them.", "")]
)


class Sets:
    def eval_sets(self) -> Sequence[EvalSet]:
        return [EXAM, QUIZ]

    def payloads(self, ref):
        raise AssertionError(ref)


def chat(question, answer):
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


ROWS = [
    chat(QUIZ.items[0][0], "No idea."),
    chat("请解答：" + QUIZ.items[1][0], "好的。"),
    chat("Why?", "Nobody knows."),
    chat("Why not?", "Nobody knows."),
    {"prompt": EXAM.items[0][0].upper(), "chosen": "a", "rejected": "b"},
    {"prompt": "", "completion": ""},
    {"text": "Which river is the longest of all?", "label": "question"},
    {"text": "x " * 50_000},
]
FAILED = [True, True, True, False, True, False, False, False]


def bound(**parameters):
    return Decontaminate(**parameters).bind(Sets())


def verdicts(stage, payloads=ROWS):
    return stage.checks(stage.measure(Batch(payloads)))


class TestBound(RowStageSuite):
    def stage(self):
        return bound()

    def payloads(self):
        return ROWS

    def test_it_can_be_written_down_and_read_again(self):
        stage = bound(sets=("quiz",), threshold=0.5)
        spelled = {
            k: tuple(v) if isinstance(v, list) else v for k, v in stage.model_dump(mode="json").items()
        }
        assert Decontaminate.model_validate(spelled) == Decontaminate(sets=("quiz",), threshold=0.5)


class TestWithVectors(TestBound):
    def stage(self):
        return bound(model="lexical")


class TestUnbound(RowStageSuite):
    def stage(self):
        return Decontaminate()

    def payloads(self):
        return ROWS

    def test_it_finds_nothing(self):
        assert not verdicts(self.stage())[0].failed.any()


def test_what_is_rejected_and_what_is_said_of_it():
    (check,) = verdicts(bound())
    assert check.failed.tolist() == FAILED
    assert check.notes == {
        0: f"quiz item 1: «{QUIZ.items[0][0].rstrip('?')}»",
        1: f"quiz item 2: «{QUIZ.items[1][0].rstrip('？')}»",
        2: "quiz item 3: «Why?»",
        4: f"exam item 1: «{EXAM.items[0][0].upper().rstrip('.')}»",
    }


def test_a_note_has_at_most_two_hundred_characters():
    items = [(" ".join(f"word{k}" for k in range(100)), "")]
    stage = Decontaminate().guarding([EvalSet("long", "d", items)])
    note = verdicts(stage, [{"text": items[0][0]}])[0].notes[0]
    assert len(note) == 200 and note.endswith("…»")


def test_sets_are_chosen_by_name():
    assert verdicts(bound(sets=("exam",)))[0].failed.tolist() == [False] * 4 + [True] + [False] * 3
    with pytest.raises(NotFound, match="no frozen eval set 'exma'"):
        bound(sets=("exma",))


def test_lineage_says_against_what():
    assert Decontaminate().lineage == {}
    assert bound().lineage == {"set:exam": "sha256:2", "set:quiz": "sha256:1"}


def test_a_bound_stage_goes_to_another_process():
    sent = pickle.loads(pickle.dumps(bound()))
    assert verdicts(sent)[0].failed.tolist() == FAILED
    assert verdicts(sent)[0].notes == verdicts(bound())[0].notes


def test_the_score_does_not_depend_on_other_sets():
    alone, both = (bound(sets=names).measure(Batch(ROWS))["score"] for names in (("quiz",), ()))
    at = [0, 1, 2]
    assert np.array_equal(alone[at], both[at])


class Letters:
    """An embedder that goes by the letters that occur."""

    digest = "letters"
    lexical = True

    def encode(self, texts):
        rows = np.array(
            [[text.lower().count(c) for c in "abcdefghijklmnopqrstuvwxyz"] for text in texts], np.float32
        )
        rows = rows.reshape(len(texts), 26)
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)


def test_with_a_model_what_means_the_same_is_found(monkeypatch):
    monkeypatch.setattr("assay.stages.decontaminate.load_embedder", lambda path: Letters())
    stage = bound(model="folder", rephrase_threshold=0.97)
    words = QUIZ.items[0][0].rstrip("?").split()
    rows = [chat(" ".join(reversed(words)), "?"), chat("zzz", "zzz"), {"text": ""}, {"text": "!"}]
    copied, meant = verdicts(stage, rows)
    assert (copied.code, meant.code) == ("contaminated", "rephrased")
    assert copied.failed.tolist() == [False] * 4
    assert meant.failed.tolist() == [True, False, False, False]
    assert meant.notes == {0: f"quiz item 1: «{QUIZ.items[0][0]}»"}
    assert stage.lineage["model"] == "letters"


@pytest.mark.parametrize(
    ("question", "rephrased"),
    [
        ("Which river was crossed twice by the surveyors of the northern railway in that winter?", True),
        ("火车从甲站开往乙站，中途停靠三次，每次停十分钟，一共需要多长时间？", True),
        ("Which rivers freeze over in winter?", False),
        ("火车票在哪里买？", False),
    ],
)
def test_without_a_model_of_meaning_what_is_written_alike_is_found(question, rephrased):
    stage = bound(model="lexical")
    assert stage.rephrase_threshold == 0.55
    assert Decontaminate(model="folder").rephrase_threshold == 0.85
    assert verdicts(stage, [chat(question, "…")])[1].failed.tolist() == [rephrased]
