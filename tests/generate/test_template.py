"""Prompt templates: declared, digested, and filled by replacement alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import UsageError
from assay.generate.template import LONGEST_VALUE, Template

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


def test_the_template_in_the_manual_holds_and_its_example_runs() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "generate.md").read_text("utf-8")
    (written,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    template = Template.of(yaml.safe_load(written))
    assert len(template.messages(GIVEN)) == 2
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(example, "docs/generate.md", "exec"), {})
