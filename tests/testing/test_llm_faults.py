"""Answers, faults and rate limits by themselves: what they promise of any request."""

from __future__ import annotations

import json
import threading
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import UsageError
from assay.testing.llm_answers import Script, Seeded, is_chinese
from assay.testing.llm_call import Answer, Call, tokens
from assay.testing.llm_faults import FAULTS, FaultScript, SeededFaults, spoil
from assay.testing.llm_limit import Bucket, RateLimit

RUBRIC = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string"},
        "quality": {"type": "integer", "minimum": 1, "maximum": 5},
        "overall": {"type": "number"},
        "difficulty": {"enum": ["easy", "hard"]},
        "exclude": {"type": "boolean"},
        "notes": {"type": "array", "items": {"$ref": "#/$defs/note"}, "maxItems": 2},
    },
    "required": ["reasoning", "quality", "overall", "difficulty", "exclude", "notes"],
    "$defs": {"note": {"anyOf": [{"type": "null"}, {"const": "fine"}]}},
    "additionalProperties": False,
}
PROMPTS = st.sampled_from(["Rate this answer.", "请给这个回答打分。"])


def call(name: str, prompt: str = "Rate this answer.", attempt: int = 0, schema=RUBRIC) -> Call:
    return Call("openai", "m", "", (("user", prompt),), schema, digest=name, attempt=attempt)


@given(st.text(max_size=9), PROMPTS, st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_a_seeded_answer_follows_the_schema_and_is_always_the_same(name, prompt, seed):
    answer = Seeded(seed)(call(name, prompt))
    assert answer == Seeded(seed)(call(name, prompt, attempt=3))
    value = json.loads(answer.text)
    assert list(value) == list(RUBRIC["properties"])
    assert value["quality"] in range(1, 6) and 1 <= value["overall"] <= 5
    assert value["difficulty"] in ("easy", "hard") and isinstance(value["exclude"], bool)
    assert len(value["notes"]) <= 2 and set(value["notes"]) <= {None, "fine"}
    assert is_chinese(value["reasoning"]) == is_chinese(prompt)


NUMBERS = st.fixed_dictionaries(
    {"type": st.sampled_from(["integer", "number"])},
    optional={
        key: st.integers(-50, 50) for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    },
)


@given(st.text(max_size=5), NUMBERS)
@settings(max_examples=200, deadline=None)
def test_a_number_keeps_the_bounds_that_can_be_kept(name, part):
    low, high = (
        part.get("minimum", part.get("exclusiveMinimum")),
        part.get("maximum", part.get("exclusiveMaximum")),
    )
    if (
        len({"minimum", "exclusiveMinimum"} & set(part)) == 2
        or len({"maximum", "exclusiveMaximum"} & set(part)) == 2
    ):
        return
    if low is not None and high is not None and high - low < 2:
        return
    value = json.loads(Seeded()(call(name, schema={"properties": {"n": part}})).text)["n"]
    assert low is None or value > low or (value == low and "minimum" in part)
    assert high is None or value < high or (value == high and "maximum" in part)
    assert part["type"] == "number" or isinstance(value, int)


def test_a_schema_without_end_ends():
    loop = {
        "$ref": "#/$defs/a",
        "$defs": {"a": {"type": "object", "properties": {"again": {"$ref": "#/$defs/a"}}}},
    }
    assert json.loads(Seeded()(call("x", schema=loop)).text)["again"]
    Seeded()(call("x", schema={"$ref": "#/$defs/b", "$defs": {"b": {"$ref": "#/$defs/b"}}}))


def test_different_requests_get_different_answers():
    answers = {Seeded()(call(str(number), schema=None)).text for number in range(300)}
    assert len(answers) > 250


@given(st.text(max_size=9), PROMPTS)
@settings(max_examples=60, deadline=None)
def test_every_fault_does_what_its_name_says(name, prompt):
    asked = call(name, prompt)
    good = Seeded()(asked)
    value = json.loads(good.text)
    bad = {fault: spoil(fault, asked, good) for fault in FAULTS}
    assert bad == {fault: spoil(fault, asked, good) for fault in FAULTS}
    assert all(bad[fault] == good for fault in ("slow", "hang", "cut", "server_error"))
    for fault in ("truncated_json", "fenced", "prose", "twice", "refusal"):
        with pytest.raises(ValueError):
            json.loads(bad[fault].text)
    assert bad["truncated_json"].stop == "length" and good.text.startswith(bad["truncated_json"].text)
    assert bad["refusal"].stop == "refusal"
    assert good.text in bad["fenced"].text and good.text in bad["prose"].text
    assert bad["twice"].text.count(good.text) == 2
    wild = json.loads(bad["out_of_range"].text)
    assert sum(not 1 <= wild[key] <= 5 for key in ("quality", "overall")) == 1
    lost = json.loads(bad["missing_field"].text)
    assert len(lost) == len(value) - 1 and lost.items() <= value.items()
    other = json.loads(bad["wrong_language"].text)
    assert is_chinese(other["reasoning"]) != is_chinese(prompt) and other["difficulty"] == value["difficulty"]
    assert bad["duplicate"] == spoil("duplicate", call("somebody else", "别的问题"), Answer("x"))


def test_a_fault_that_cannot_befall_an_answer_does_not():
    assert spoil("out_of_range", call("x"), Answer("no number here")) is None
    assert spoil("missing_field", call("x"), Answer("{}")) is None
    assert spoil("wrong_language", call("x"), Answer('{"quality": 3}')) is None
    assert spoil("truncated_json", call("x"), Answer("")) is None


def test_a_seeded_plan_keeps_its_rates_and_depends_on_nothing_else():
    plan = SeededFaults({"cut": 0.1, "hang": 0.2}, seed=4)
    names = [str(number) for number in range(4000)]
    drawn = {name: plan(call(name)) for name in names}
    assert drawn == {
        name: SeededFaults({"cut": 0.1, "hang": 0.2}, seed=4)(call(name)) for name in reversed(names)
    }
    counts = Counter(drawn.values())
    assert abs(counts["cut"] - 400) < 100 and abs(counts["hang"] - 800) < 120
    assert counts[None] + counts["cut"] + counts["hang"] == 4000
    assert drawn != {name: SeededFaults({"cut": 0.1, "hang": 0.2}, seed=5)(call(name)) for name in names}


def test_every_kind_comes_and_only_as_often_as_asked():
    plan = SeededFaults.of_every_kind(1.0, first=2)
    assert {plan(call(str(number))) for number in range(400)} == set(FAULTS)
    assert plan(call("a", attempt=1)) and plan(call("a", attempt=2)) is None


def test_scripts_answer_in_order_and_say_when_they_are_through():
    script = Script(["one", {"quality": 2}, Answer("no", "refusal")])
    assert [script(call("x")).text for _ in range(3)] == ["one", '{"quality": 2}', "no"]
    with pytest.raises(UsageError, match="a script of 3 answers"):
        script(call("x"))
    faults = FaultScript(["cut", None])
    assert [faults(call("x")) for _ in range(4)] == ["cut", None, None, None]


@pytest.mark.parametrize("rates", [{"cut": 0.7, "hang": 0.7}, {"cut": -0.1}, {"no_such": 0.1}])
def test_a_plan_that_makes_no_sense_is_refused(rates):
    with pytest.raises(UsageError) as caught:
        SeededFaults(rates)
    assert caught.value.hint


def test_an_unknown_fault_in_a_script_is_refused():
    with pytest.raises(UsageError, match="no fault is called 'nope'"):
        FaultScript(["nope"])


@given(st.text(max_size=60), st.integers(0, 30))
@settings(max_examples=100, deadline=None)
def test_an_answer_is_cut_at_its_tokens(text, limit):
    cut = Answer(text).within(limit)
    assert text.startswith(cut.text) and tokens(cut.text) <= limit
    assert (cut.stop == "end") == (tokens(text) <= limit) == (cut.text == text)
    if cut.text != text:
        assert tokens(text[: len(cut.text) + 1]) > limit


@given(
    st.lists(st.floats(0, 0.5), min_size=1, max_size=80), st.integers(1, 5), st.sampled_from([1.0, 4.0, 50.0])
)
@settings(max_examples=60, deadline=None)
def test_a_bucket_never_lets_more_through_than_it_may(pauses, burst, rate):
    now = [0.0]
    bucket = Bucket(RateLimit(rate, burst), lambda: now[0])
    passed = 0
    for pause in pauses:
        now[0] += pause
        taken = bucket.take()
        passed += taken.passed
        assert passed <= burst + now[0] * rate + 1e-6
        if not taken.passed:
            now[0] += taken.next_in + 1e-9
            passed += bucket.take().passed
            assert bucket.take().next_in > 0


def test_a_bucket_is_safe_from_many_threads():
    bucket, got = Bucket(RateLimit(1, 100), lambda: 0.0), []
    threads = [
        threading.Thread(target=lambda: got.extend(bucket.take().passed for _ in range(50))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(got) == 100


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_limit_that_lets_nothing_through_is_refused(rate, burst):
    with pytest.raises(UsageError, match="lets nothing through"):
        RateLimit(rate, burst)
