"""Prompt templates: declared, digested, and filled by replacement alone."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import UsageError
from assay.generate.template import LONGEST_VALUE, Template
from assay.model.canonical import canonical_json

TICKET = {
    "id": "ticket-answer",
    "system": "You answer tickets.",
    "user": "Write a {{tone}} answer in {{ language }} to:\n{{ticket}}\n",
    "variables": {
        "tone": {"values": ["kind", "short"]},
        "language": {"values": ["English", "中文"]},
        "ticket": None,
    },
}
GIVEN = {"tone": "kind", "language": "中文", "ticket": "打印机坏了"}


def test_variables_are_replaced_once_and_by_nothing_else() -> None:
    template = Template.of(TICKET)
    said = template.messages(GIVEN | {"ticket": "{{tone}} {% if x %} ${y} \\1"})
    assert said == [
        {"role": "system", "content": "You answer tickets."},
        {"role": "user", "content": "Write a kind answer in 中文 to:\n{{tone}} {% if x %} ${y} \\1"},
    ]


def test_the_digest_is_of_what_shapes_a_prompt() -> None:
    template = Template.of(TICKET)
    assert template.digest == Template.of(TICKET | {"description": "for tests"}).digest
    assert template.digest != Template.of(TICKET | {"system": "You answer tickets!"}).digest
    assert template.name == "ticket-answer@" + template.digest[7:19]
    assert template.digest.startswith("sha256:") and len(template.digest) == 71


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"user": "{{nobody}}"}, "does not declare"),
        ({"variables": TICKET["variables"] | {"idle": {}}}, "never used"),
        ({"variables": TICKET["variables"] | {"1st": {}}}, "cannot name a variable"),
        ({"id": "../etc"}, "cannot name a template"),
        ({"user": ""}, "user"),
        ({"colour": "red"}, "colour"),
        ({"variables": TICKET["variables"] | {"tone": {"values": ["kind", "kind"]}}}, "twice"),
        ({"variables": ["tone"]}, "variables"),
        ({"format": 2}, "format"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_said_with_its_place(change: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=r"answers\.yaml does not hold") as caught:
        Template.of(TICKET | change, "answers.yaml")
    assert said in caught.value.message and caught.value.hint


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"tone": "kind", "language": "中文"}, "no value for 'ticket'"),
        (GIVEN | {"more": "x"}, "no variable 'more'"),
        (GIVEN | {"tone": "rude"}, "'tone' is none of its values"),
        (GIVEN | {"ticket": "x" * (LONGEST_VALUE + 1)}, "100,001 characters"),
    ],
)
def test_values_that_do_not_fit_are_refused(values: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Template.of(TICKET).messages(values)
    assert said in caught.value.message and caught.value.hint


@given(st.text(max_size=200))
def test_any_text_stands_where_it_was_put(text: str) -> None:
    template = Template.of({"id": "t", "user": "<{{x}}>", "variables": {"x": {}}})
    assert template.messages({"x": text}) == [{"role": "user", "content": f"<{text}>"}]


QUESTION = {
    "id": "faq",
    "user": "Write a question about {{topic}}.",
    "variables": {"topic": {"values": ["退款", "login"]}},
    "fields": {"question": "what is asked", "answer": "what is said"},
    "example": [
        {"role": "system", "content": "You know {{topic}}."},
        {"role": "user", "content": "{{question}}"},
        {"role": "assistant", "content": "{{answer}}"},
    ],
}


def test_an_answer_becomes_the_example_that_the_template_says() -> None:
    template = Template.of(QUESTION)
    assert template.example_of({"topic": "退款"}, {"question": "{{topic}}?", "answer": "好"}) == [
        {"role": "system", "content": "You know 退款."},
        {"role": "user", "content": "{{topic}}?"},
        {"role": "assistant", "content": "好"},
    ]
    plain = Template.of(TICKET)
    assert plain.example_of(GIVEN, {"output": "ok"}) == [
        {"role": "user", "content": "Write a kind answer in 中文 to:\n打印机坏了"},
        {"role": "assistant", "content": "ok"},
    ]


def test_what_is_answered_is_part_of_the_digest_and_so_is_its_order() -> None:
    template = Template.of(QUESTION)
    turned = {"answer": "what is said", "question": "what is asked"}
    digests = {
        template.digest,
        Template.of(QUESTION | {"fields": turned}).digest,
        Template.of(QUESTION | {"fields": QUESTION["fields"] | {"answer": "said"}}).digest,
        Template.of(QUESTION | {"example": QUESTION["example"][1:]}).digest,
    }
    assert len(digests) == 4
    # A template without either keeps the digest that it had before there were any.
    assert Template.of(TICKET).digest.startswith("sha256:1bcc268a210b")


@given(st.permutations(["question", "answer"]))
def test_a_template_comes_back_from_json_as_it_was(order: list[str]) -> None:
    template = Template.of(QUESTION | {"fields": {name: QUESTION["fields"][name] for name in order}})
    again = Template.of(orjson.loads(canonical_json(template.as_json())))
    assert again == template and list(again.fields) == order and again.digest == template.digest


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"example": []}, "without `example`"),
        ({"example": QUESTION["example"][:2]}, "never uses it"),
        ({"example": [*QUESTION["example"], {"role": "user", "content": "x"}]}, "assistant's"),
        ({"example": [{"role": "assistant", "content": "{{question}} {{answer}} {{more}}"}]}, "no field"),
        ({"example": [{"role": "tool", "content": "x"}]}, "role"),
        ({"fields": {"topic": ""}}, "both a variable"),
        ({"fields": {"a b": ""}}, "cannot name a field"),
        ({"fields": [["a", ""], ["a", ""]]}, "named twice"),
        ({"fields": {"a": "x" * 2_001}}, "2000 characters"),
        ({"fields": {}, "example": [], "user": "{{seeds}}", "variables": {"seeds": {}}}, "the seeds it was shown"),
    ],
)  # fmt: skip
def test_what_makes_no_example_is_said(change: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Template.of(QUESTION | change)
    assert said in caught.value.message
