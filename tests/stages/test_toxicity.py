"""toxicity: a lexical screen in English and Chinese, and the slot for a model.

Contains a few listed words, because it must.
"""

from __future__ import annotations

import pickle
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.curate.batch import Batch
from assay.errors import BadInput, NotFound, UsageError
from assay.kernels.linear_text import train
from assay.kernels.toxic_lexicon import listed, terms
from assay.stages.toxicity import Toxicity
from assay.testing.stages import RowStageSuite


def pair(prompt, completion):
    return {"prompt": prompt, "completion": completion}


def found(text):
    return [terms()[k].text for k in listed(text)]


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.json"
    path.write_bytes(train(["rude words", "坏话", "kind words", "好话"], [1, 1, 0, 0], bits=10).to_json())
    return path


class TestToxicity(RowStageSuite):
    def stage(self):
        return Toxicity(side="all", max_score=2)

    def payloads(self):
        return [
            pair("hello", "you idiot, go die"),
            pair("你好", "你这个白痴"),
            pair("", ""),
            {"text": "1d10t"},
            {"messages": []},
            {"prompt": "p", "chosen": "fine", "rejected": "you stupid idiot"},
        ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他妈的", ["他妈的"]),
        ("大西洋奴隶贸易", []),
        ("废物进入垃圾填埋场", ["垃圾"]),
        ("You idiot!", ["idiot*"]),
        ("IDIOTS", ["idiot*"]),
        ("ｉｄｉｏｔ", ["idiot*"]),
        ("1d10t", ["idiot*"]),
        ("you id*ot", ["idiot*"]),
        ("Kill yourself", ["kill yourself"]),
        ("kill-yourself", ["kill yourself"]),
        ("你真是个idiot啊", ["idiot*"]),
        ("你这个白痴", ["白痴"]),
        ("死变态", ["死变态"]),
        ("Moronic idiots and morons", ["idiot*", "moronic", "morons"]),
        ("", []),
        ("the class assessed the grass", []),
        ("Scunthorpe, Essex, cockpit, Dickens, Shiitake", []),
        ("We meet at 455 Main St, 3rd floor, mp3 and h2o", []),
        ("请重启路由器，然后再试一次。", []),
        ("老子的《道德经》", []),
        ("中国男子篮球队赢了", []),
        ("印度支那半岛", []),
    ],
)
def test_what_is_listed(text, expected):
    assert found(text) == expected


def test_the_list_is_in_order():
    lines = files("assay.kernels").joinpath("toxic_terms.txt").read_text("utf-8").splitlines()
    body = [line for line in lines if not line.startswith("#")]
    assert lines[0].startswith("# WARNING") and body == sorted(set(body))
    assert len({term.text for term in terms()}) == len(terms()) == len(body)
    assert {term.weight for term in terms()} == {1, 2, 3}
    assert (
        sum(not term.text.isascii() for term in terms()) > 100 < sum(term.text.isascii() for term in terms())
    )


@pytest.mark.parametrize("term", terms(), ids=lambda t: str(t.weight) + t.veiled)
def test_every_term_is_found_and_veiled(term):
    word = term.text.rstrip("*")
    assert terms().index(term) in listed(f"so {word.upper()}, they said")
    assert "*" in term.veiled or len(word) == 1
    assert word not in term.veiled or len(word) == 1


def verdicts(payloads, **parameters):
    stage = Toxicity(**parameters)
    return {c.code: np.flatnonzero(c.failed).tolist() for c in stage.checks(stage.measure(Batch(payloads)))}


def test_sides_and_scores():
    rows = [
        pair("you idiot", "fine"),
        pair("fine", "you idiot"),
        pair("fine", "a stupid idea"),
        pair("好", "去死"),
    ]
    assert verdicts(rows) == {"toxic_words": [1, 3]}
    assert verdicts(rows, side="input") == {"toxic_words": [0]}
    assert verdicts(rows, side="all", max_score=0) == {"toxic_words": [0, 1, 2, 3]}
    assert verdicts(rows, max_score=2) == {"toxic_words": [3]}


def test_a_term_counts_once():
    stage = Toxicity()
    values = stage.measure(Batch([pair("", "idiot idiot idiot"), pair("", "stupid idiot")]))
    assert values["score"].tolist() == [2, 3] and values["terms"].tolist() == [1, 2]


def test_evidence_is_veiled():
    stage = Toxicity()
    (check,) = stage.checks(stage.measure(Batch([pair("", "you stupid idiot"), pair("", "fine")])))
    assert check.notes == {0: "2 listed terms, the worst “i****” of weight 2"}


def test_a_model_of_ones_own(model):
    stage = Toxicity(model=str(model), max_probability=0.5)
    assert stage.lineage == {}
    with pytest.raises(UsageError, match="not loaded"):
        stage.measure(Batch([pair("", "x")]))
    bound = stage.bind(None)
    assert bound.lineage["model"].startswith("sha256:") and len(bound.lineage["model"]) == 71
    rows = [pair("", "rude words"), pair("", "kind words"), pair("", "坏话"), pair("", "好话")]
    for ready in (bound, pickle.loads(pickle.dumps(bound))):
        words, by_model = ready.checks(ready.measure(Batch(rows)))
        assert (words.code, words.failed.any(), by_model.code) == ("toxic_words", False, "toxic_by_model")
        assert by_model.failed.tolist() == [True, False, True, False]


def test_without_a_model_there_is_nothing_to_bind():
    stage = Toxicity()
    assert stage.bind(None) is stage and stage.lineage == {}


def test_models_that_cannot_be_read(tmp_path):
    with pytest.raises(NotFound, match="cannot read"):
        Toxicity(model=str(tmp_path / "none.json")).bind(None)
    wrong = tmp_path / "wrong.json"
    wrong.write_bytes(b"\x80\x04 pickle")
    with pytest.raises(BadInput, match="no linear text model"):
        Toxicity(model=str(wrong)).bind(None)


@given(st.text(max_size=300))
def test_any_text_is_screened(text):
    assert listed(text) == sorted(set(listed(text)))


def test_long_words_are_no_trap():
    assert listed("a" * 300_000 + "1") == [] and listed("a1" * 100_000) == []
