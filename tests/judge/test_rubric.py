"""Rubrics: what holds, what is refused, and what the digest is of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.errors import NotFound, UsageError
from assay.judge.prompt import system_of
from assay.judge.rubric import BUILT_IN, Rubric, builtin_rubric
from assay.judge.verdict import form_of, weighted_mean
from assay.model.canonical import canonical_json
from tests.judge.asking import QUALITY, rubric, verdict

DIMENSION = {"description": "d"}
PAIR = {"mode": "pairs", "overall": "asked"}
GOOD = {"reasoning": "r", "truth": 1, "style": 5, "overall": 3}
TURNS = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_rubrics_that_come_with_it(name: str) -> None:
    made = builtin_rubric(name)
    assert made.id == name and made.name == f"{name}@{made.digest[7:19]}" and made.description
    again = Rubric.of(json.loads(canonical_json(made.as_json())))
    assert again == made and again.digest == made.digest and system_of(again) == system_of(made)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in system_of(made)), "an example is Chinese"


def test_the_default_is_told_what_a_short_answer_is_worth() -> None:
    assert list(QUALITY.dimensions) == [
        "accuracy", "clarity", "completeness", "helpfulness", "instruction_following",
    ]  # fmt: skip
    assert all(set(one.anchors) == {1, 3, 5} for one in QUALITY.dimensions.values())
    short, long, chinese = QUALITY.examples
    assert len(short.turns[-1].content) < 5 and short.verdict["overall"] == 5
    assert len(long.turns[-1].content) > 500 and long.verdict["overall"] == 1
    assert "\u4e00" <= chinese.turns[0].content[0] <= "\u9fff"
    with pytest.raises(NotFound, match="there is no rubric"):
        builtin_rubric("../quality")


def test_the_digest_is_of_all_that_shapes_a_prompt_or_a_result() -> None:
    plain = rubric()
    assert plain.digest == rubric(description="for tests", format=1).digest
    assert plain.digest.startswith("sha256:") and len(plain.digest) == 71
    turned = dict(reversed(plain.as_json()["dimensions"].items()))
    assert rubric(dimensions=turned).digest == plain.digest and system_of(
        rubric(dimensions=turned)
    ) == system_of(plain)
    changes: list[dict[str, Any]] = [
        {"id": "other"}, {"instructions": "Judge it."}, {"scale": {"most": 10}}, {"overall": "weighted"},
        {"difficulty": True}, {"dimensions": {"truth": {"description": "Is it?"}}},
        {"dimensions": plain.as_json()["dimensions"] | {"more": DIMENSION}},
        {"exclude": {"rule": "bad", "reasons": ["bad"]}}, {"examples": [{"turns": TURNS, "verdict": GOOD}]},
        {"dimensions": {"truth": DIMENSION | {"weight": 2}, "style": DIMENSION}}, {"mode": "pairs"},
        {"dimensions": {"truth": DIMENSION | {"anchors": {1: "no"}}, "style": DIMENSION}},
    ]  # fmt: skip
    digests = {rubric(**change).digest for change in changes}
    assert len(digests | {plain.digest}) == len(changes) + 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colour": "red"}, "rubric.colour: unknown"),
        ({"exclude": {"rules": "bad", "reasons": ["bad"]}}, "rubric.exclude.rules: unknown; did you mean rule?"),
        ({"dimensions": {"a": DIMENSION | {"anchor": {}}}}, "a.anchor: unknown; did you mean anchors?"),
        ({"examples": [{"turns": TURNS, "verdict": GOOD | {"truths": 1}}]}, "truths: unknown; did you mean truth?"),
        ({"id": "Quality"}, "is no name"),
        ({"id": "a-b"}, "is no name"),
        ({"format": 2}, "rubric.format"),
        ({"mode": "ranks"}, "rubric.mode"),
        ({"instructions": ""}, "rubric.instructions"),
        ({"dimensions": {}}, "rubric.dimensions"),
        ({"dimensions": {f"d{k}": DIMENSION for k in range(13)}}, "rubric.dimensions"),
        ({"dimensions": {"overall": DIMENSION}}, "`overall` is no name for a dimension"),
        ({"dimensions": {"1st": DIMENSION}}, "is no name"),
        ({"dimensions": {"a": DIMENSION | {"weight": 0}}}, "rubric.dimensions.a.weight"),
        ({"dimensions": {"a": DIMENSION | {"weight": "2"}}}, "rubric.dimensions.a.weight"),
        ({"dimensions": {"a": DIMENSION | {"anchors": {6: "great"}}}}, "a: anchor 6 is not on the scale"),
        ({"scale": {"least": 5, "most": 5}}, "`least` is not below `most`"),
        ({"exclude": {"rule": "bad", "reasons": ["none"]}}, "none of them is 'none'"),
        ({"exclude": {"rule": "bad", "reasons": ["a", "a"]}}, "reasons differ"),
        ({"examples": [{"turns": TURNS, "verdict": GOOD | {"truth": 9}}]}, "examples.0: verdict.truth"),
        ({"examples": [{"turns": TURNS, "verdict": {"reasoning": "r"}}]}, "examples.0: verdict.style"),
        ({"examples": [{"turns": TURNS[:1], "verdict": GOOD}]}, "give `turns`, one of them the assistant's"),
        ({"examples": [{"prompt": "p", "first": "a", "second": "b", "verdict": GOOD}]}, "give `turns`"),
        (PAIR | {"examples": [{"turns": TURNS, "verdict": GOOD}]}, "give `prompt`, `first` and `second`"),
        (PAIR | {"difficulty": True}, "`difficulty` is for scores"),
        (PAIR | {"scale": {"most": 9}}, "`scale` is for scores"),
        (PAIR | {"overall": "weighted"}, "`overall` is for scores"),
        (PAIR | {"exclude": {"rule": "bad", "reasons": ["a"]}}, "`exclude` is for scores"),
        (PAIR | {"dimensions": {"a": DIMENSION | {"anchors": {1: "x"}}}}, "`anchors` is for scores"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_said_with_its_place(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        rubric(**change)
    assert said in raised.value.message and "docs/rubrics.md" in (raised.value.hint or "")


def test_every_problem_is_said_at_once() -> None:
    with pytest.raises(UsageError) as raised:
        Rubric.of({"id": 7, "mode": "x", "dimensions": {"a": {}}, "more": 1}, "mine.yaml")
    message = raised.value.message
    assert message.startswith("mine.yaml does not hold")
    assert all(
        place in message
        for place in ("rubric.id", "mode", "instructions", "dimensions.a.description", "more")
    )
    with pytest.raises(UsageError):
        Rubric.of("a text")


def test_a_verdict_is_read_strictly() -> None:
    shape = QUALITY.shape
    assert shape.model_validate(verdict(3)).told() == verdict(3)
    assert next(iter(shape.model_json_schema()["properties"])) == "reasoning"
    assert all(f'"{name}": <' in form_of(QUALITY) for name in verdict())
    wrong = [{"accuracy": 6}, {"accuracy": 0}, {"accuracy": "5"}, {"accuracy": 4.0}, {"accuracy": True}, {"extra": 1},
             {"reasoning": None}, {"exclude": "no"}, {"exclude_reason": "ugly"}]  # fmt: skip
    for change in wrong:
        with pytest.raises(ValidationError):
            shape.model_validate_json(json.dumps(verdict(3) | change), strict=True)


def test_a_dimension_may_be_called_as_a_method_is() -> None:
    names = ("copy", "json", "model_dump", "schema", "told", "dict")
    made = rubric(dimensions=dict.fromkeys(names, DIMENSION), overall="weighted")
    told = {"reasoning": "r"} | dict.fromkeys(names, 4)
    assert made.shape.model_validate(told).told() == told
    assert weighted_mean(made, told) == 4


SCORE = st.integers(1, 5)


@settings(deadline=None, max_examples=60)
@given(st.text(), st.fixed_dictionaries(dict.fromkeys(QUALITY.dimensions, SCORE)), SCORE, st.booleans())
def test_any_verdict_is_read_as_it_is_written(
    reasons: str, scores: dict[str, int], whole: int, out: bool
) -> None:
    told = {
        "reasoning": reasons,
        **scores,
        "overall": whole,
        "difficulty": whole,
        "exclude": out,
        "exclude_reason": "none",
    }
    read = QUALITY.shape.model_validate_json(json.dumps(told), strict=True)
    assert read.told() == told
    assert min(scores.values()) <= weighted_mean(QUALITY, told) <= max(scores.values())
    assert read.stands_in(f"He wrote {json.dumps(told)}.") and read.stands_in(json.dumps(json.dumps(told)))
    assert not read.stands_in("What is the boiling point of water?")
