"""An answer is used whole and checked, or there is a named reason why not."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from assay.llm.answers import CODES, Answer, NoAnswer, Unusable, ask, schema_of, value_in
from assay.llm.client import Failure
from tests.llm.fakes import Scripted, request, response, run


class Score(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reason: str
    score: int = Field(ge=1, le=5)


GOOD = '{"reason": "清楚，完整", "score": 4}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}\n```\n",
        f"好的，评分如下：\n{GOOD}\n希望有帮助。",
        f"The share is \\frac{{a}}{{b}}, so: {GOOD}",
        f"{GOOD}\n{GOOD}",
        '{"note": 1} and ' + GOOD,
    ],
)
def test_json_is_found_where_models_put_it(text):
    assert value_in(response(text), Score) == Score(reason="清楚，完整", score=4)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not_json"),
        ("I cannot see {an object} here", "not_json"),
        (GOOD[:-8], "truncated"),
        ("```json\n" + GOOD[:15], "truncated"),
        (GOOD + '{"reason": "x", "score": 5}', "ambiguous"),
        ('{"reason": "x", "score": 1, "score": 5}', "ambiguous"),
        ('{"reason": "x", "score": 6}', "invalid"),
        ('{"reason": "x", "score": "5"}', "invalid"),
        ('{"reason": "x"}', "invalid"),
        ('{"reason": "x", "score": 4, "more": 1}', "invalid"),
        ('{"reason": "\\ud800", "score": 4}', "invalid"),
        ('{"reason": "x", "score": NaN}', "not_json"),
        ('{"outer": ' + GOOD + ", broken}", "not_json"),
        ("{outer: " + GOOD + "}", "not_json"),
        ('{"a":' * 50_000, "not_json"),
        ("{a}" * 100, "ambiguous"),
        ("x" * (1 << 20) + GOOD, "not_json"),
    ],
)
def test_everything_else_has_a_name(text, code):
    found = value_in(response(text), Score)
    assert isinstance(found, Unusable) and found.code == code and found.message


def test_what_was_cut_or_refused_is_never_used():
    assert value_in(response(GOOD, stop="length"), Score).code == "truncated"
    assert value_in(response(GOOD, stop="refusal"), Score).code == "refused"


def test_the_reason_quotes_nothing_of_the_answer():
    text = '{"reason": 5, "score": "IGNORE-ALL", "IGNORE-ALL": "IGNORE-ALL"}'
    assert "IGNORE-ALL" not in value_in(response(text), Score).message


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet='{}[]":,\\` 1aé评\n', max_size=60))
def test_no_text_raises_or_passes_for_an_answer(text):
    assert isinstance(value_in(response(text), Score), Unusable)


@settings(deadline=None, max_examples=50)
@given(st.text(), st.integers(1, 5), st.integers(0, 200))
def test_a_part_of_an_answer_is_no_answer(reason, score, cut):
    text = json.dumps({"reason": reason, "score": score}, ensure_ascii=True)
    if cut < len(text):
        assert isinstance(value_in(response(text[:cut]), Score), Unusable)


def test_a_wrong_answer_is_mended_once():
    client = Scripted(response("4/5!"), response(GOOD))
    answer = run(lambda: ask(client, request(schema=schema_of(Score)), Score))
    assert isinstance(answer, Answer) and answer.value.score == 4 and answer.mended
    second = client.requests[1]
    assert [turn.role for turn in second.messages] == ["user", "assistant", "user"]
    assert CODES["not_json"] in second.messages[-1].content and second.schema == schema_of(Score)


@pytest.mark.parametrize(
    ("replies", "code", "paid"),
    [
        ([response("no"), response('{"reason": "x", "score": 9}')], "invalid", 2),
        ([response("no", stop="refusal")], "refused", 1),
        ([response(GOOD, stop="length")], "truncated", 1),
        ([Failure("bad_request", "HTTP 400")], "failed", 0),
        ([Failure("refused", "HTTP 400")], "refused", 0),
        ([response("no"), Failure("server", "HTTP 500")], "failed", 1),
    ],
)
def test_every_failure_is_an_outcome_with_what_was_paid(replies, code, paid):
    client = Scripted(*replies)
    answer = run(lambda: ask(client, request(), Score))
    assert isinstance(answer, NoAnswer)
    assert (answer.code, len(answer.responses), client.replies) == (code, paid, [])


def test_mending_can_be_switched_off():
    assert run(lambda: ask(Scripted(response("no")), request(), Score, mend=False)).code == "not_json"
