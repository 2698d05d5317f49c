"""judge: which code a row gets for what was said of it, and that it depends on nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.curate.choose import Pool, run_selectors
from assay.curate.judging import Judged
from assay.curate.plan import make_plan
from assay.errors import UsageError
from assay.kernels.texts import Texts
from assay.model.canonical import canonical_json
from assay.model.example import example_id
from assay.model.recipe import Recipe, StageSpec
from assay.stages.judge import Judge
from assay.testing.selectors import SelectorSuite, rows_of

NAMES = ("overall", "clarity", "preference")


@dataclass
class Fake:
    """Says of each example what `said` has of its id; without an entry nobody was asked."""

    said: dict[bytes, dict] = field(default_factory=dict)
    scores: tuple[str, ...] = NAMES
    asked: list[bytes] = field(default_factory=list)
    lineage: ClassVar = {"rubric": "sha256:r"}

    def judge(self, ids, payloads):
        assert list(ids) == sorted(ids)
        self.asked += ids
        told = [self.said.get(one, {}) for one in ids]

        def column(name, otherwise=np.nan):
            return np.array([row.get(name, otherwise) for row in told], np.float64)

        def words(name):
            return np.array([row.get(name, "") for row in told], np.object_)

        return Judged(
            {name: column(name) for name in NAMES}, column("exclude"), column("spread"), words("outcome"),
            words("reason"), words("steering"), {"examples": len(ids)},
        )  # fmt: skip


class Resources:
    def __init__(self, judge):
        self._judge = judge

    def judge(self, rubric, models, params, draws):
        self.asked = (rubric, models, params, draws)
        return self._judge


def judging(said=(), **params):
    """The stage, bound to somebody who says these things of the examples `text 0`, `text 1` and so on."""
    fake = Fake({id_of(k): {"outcome": "scored"} | row for k, row in enumerate(said) if row})
    return Judge(models=("a/b",), **params).bind(Resources(fake))


def payload(k):
    return {"text": f"text {k} 文本"}


def id_of(k):
    return example_id(canonical_json(payload(k)))


def found(stage, count):
    """Row → (code, value, threshold, note, flagged)."""
    removals = stage.select(rows_of(stage, [payload(k) for k in range(count)]))
    codes = list(stage.codes)
    return {
        row: (codes[code], value, bound, removals.notes.get(at), bool(flagged))
        for at, (row, code, value, bound, flagged) in enumerate(
            zip(
                removals.row.tolist(), removals.code.tolist(), removals.value.tolist(),
                removals.threshold.tolist(), removals.flagged.tolist(), strict=True,
            )
        )
    }  # fmt: skip


SAID = [
    {"overall": 5, "clarity": 5},
    {"overall": 3},
    {"overall": 4, "clarity": 2},
    {"overall": 5, "exclude": 1.0},
    {"overall": 4, "spread": 3.0},
    {"outcome": "refused", "reason": "refused: no"},
    {"overall": 4, "steering": "override"},
    {"overall": 2, "steering": "override"},
    {"preference": 0.0},
    {},
]


class TestSuite(SelectorSuite):
    def stage(self):
        return judging(SAID, max_spread=2, min_scores={"clarity": 3})

    def payloads(self):
        return [payload(k) for k in range(len(SAID))]

    def test_it_can_be_written_down_and_read_again(self):
        assert Judge(**self.stage().model_dump()) == Judge(
            models=("a/b",), max_spread=2.0, min_scores={"clarity": 3}
        )


def test_every_finding_has_its_code_and_evidence():
    got = found(judging(SAID, max_spread=2, min_scores={"clarity": 3}), len(SAID))
    assert got[1] == ("low_score", 3.0, 3.5, None, False)
    assert got[2] == ("low_dimension", 2.0, 3.0, "clarity", False)
    assert got[3][0] == "excluded"
    assert got[4] == ("judges_disagree", 3.0, 2.0, None, False)
    assert got[5][0] == "unscored" and got[5][3:] == ("refused: no", True)
    assert got[6][0] == "steers_the_judge" and got[6][3:] == ("override", True)
    assert got[7][0] == "low_score" and got[7][3] == "speaks to the judge: override"
    assert got[8][:3] == ("preference_disputed", 0.0, 0.5)
    assert 0 not in got and 9 not in got


def test_what_was_not_asked_passes_and_what_was_not_scored_is_held_back_when_asked_for():
    assert found(judging([{}, {}]), 2) == {}
    got = found(judging([{"outcome": "failed", "reason": "failed: x"}], unscored="reject"), 1)
    assert got[0][0] == "unscored" and not got[0][4]


def test_steering_can_be_ignored_or_held_back():
    said = [{"overall": 5, "steering": "override"}]
    assert found(judging(said, steering="ignore"), 1) == {}
    assert found(judging(said, steering="reject"), 1)[0][4] is False


def test_zero_turns_bounds_off_and_flag_flags_all():
    assert found(judging([{"overall": 1, "preference": 0}], min_overall=0, min_preference=0), 1) == {}
    assert found(judging([{"overall": 1}], action="flag"), 1)[0][4] is True
    assert found(judging([{"overall": 5, "exclude": 1.0}], exclude=False), 1) == {}


def test_what_stands_already_is_not_judged():
    stage = judging(SAID)
    rows = rows_of(stage, [payload(k) for k in range(4)])
    pinned = np.array([True, False, True, False])
    pool = Pool(
        np.arange(4),
        rows.rank,
        rows.ids,
        pinned,
        Texts.of(["x"] * 4),
        lambda some: [payload(k) for k in some],
    )
    chosen = run_selectors([(0, stage)], [{}], pool)
    assert set(stage._judge.asked) == {id_of(1), id_of(3)}
    assert chosen.failures.row.tolist() == [1, 3]


def test_a_selector_may_reject_and_flag_at_once():
    stage = judging([{"overall": 1}, {"outcome": "failed", "reason": "failed: x"}, {"overall": 5}])
    rows = rows_of(stage, [payload(k) for k in range(3)])
    pool = Pool(np.arange(3), rows.rank, rows.ids, np.zeros(3, bool), Texts.of(["x"] * 3))
    after = Judge(models=("a/c",)).bind(Resources(Fake()))
    chosen = run_selectors([(0, stage), (1, after)], [{}, {}], pool)
    assert chosen.failures.flag.tolist() == [False, True]
    assert set(after._judge.asked) == {id_of(1), id_of(2)}


def test_a_score_that_the_rubric_does_not_give_is_refused_before_any_call():
    with pytest.raises(UsageError, match="no score 'charm'"):
        judging(min_scores={"charm": 3})


def test_what_goes_to_the_judges():
    resources = Resources(Fake())
    Judge(models=("a/b",), temperature="default", max_tokens=5, draws=2).bind(resources)
    assert resources.asked == ("quality", ("a/b",), {"max_tokens": 5, "temperature": None}, 2)


def test_an_unbound_stage_says_so():
    with pytest.raises(UsageError, match="nobody to ask"):
        Judge(models=("a/b",)).select(rows_of(Judge(models=("a/b",)), [payload(0)]))


@pytest.mark.parametrize(
    "params",
    [{}, {"models": ()}, {"models": ("a/b", "a/b")}, {"models": ("a",), "draws": 0}, {"models": ("a",), "x": 1}],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(params):
    with pytest.raises(ValidationError):
        Judge(**params)


def test_a_recipe_says_it_and_reads_it_again():
    spec = StageSpec(
        kind="judge", params={"models": ["a/b"], "min_scores": {"clarity": 3}, "temperature": "default"}
    )
    once = make_plan(Recipe(stages=(spec,), split=None)).recipe
    assert make_plan(once).recipe == once


scores = st.one_of(st.just(np.nan), st.integers(1, 5).map(float))


@given(st.lists(st.tuples(scores, scores, st.sampled_from(["", "scored", "failed"])), max_size=8))
def test_a_row_goes_exactly_when_a_bound_is_missed(said):
    rows = [{"overall": a, "clarity": b, "outcome": c, "reason": c} for a, b, c in said]
    got = found(judging(rows, min_scores={"clarity": 4}), len(rows))
    gone = {k for k, one in got.items() if not one[4]}
    assert gone == {k for k, (a, b, _) in enumerate(said) if a < 3.5 or b < 4}
    assert {k for k, one in got.items() if one[4]} == {
        k for k, (_, _, c) in enumerate(said) if c == "failed" and k not in gone
    }
