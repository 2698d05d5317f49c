"""Redaction: the edited example stands in the version, linked to the original, which is nowhere."""

from __future__ import annotations

import json

import pytest

from assay.curate.plan import parse_recipe
from assay.model.example import Example

RECIPE = {"stages": [{"exact_dedup": {}}, {"pii": {"action": "redact"}}]}


def question(text, **more):
    return {"input": text, "output": "We will write back to you.", **more}


@pytest.mark.parametrize("more", [{}, {"ticket": 7}], ids=["fast", "careful"])
def test_personal_data_is_replaced_and_linked(registry, write, more):
    rows = [
        question("我的邮箱是mira@mail.example.org请回复", **more),
        question("Call +1 415 555 2671 please", **more),
        question("The printer is offline", **more),
    ]
    path = write("a.jsonl", rows)
    result = registry.curate("helpdesk", [path], recipe=parse_recipe(RECIPE))
    assert (result.kept, result.rejected) == (3, 0)
    stored = (registry.root).rglob("objects/*/*")
    kept = {example.provenance["record"]: example for example in registry.version("helpdesk").head(9)}
    assert "[EMAIL]" in kept[1].input and "mira" not in kept[1].input
    assert "[PHONE]" in kept[2].input and kept[3].input == "The printer is offline"
    original = Example.of({"messages": [
        {"role": "user", "content": rows[0]["input"]}, {"role": "assistant", "content": rows[0]["output"]},
    ]})  # fmt: skip
    assert json.loads(kept[1].provenance["derived_from"]) == [original.name]
    assert kept[3].provenance.get("derived_from") is None
    assert registry.why("helpdesk", path, 1).example_id == kept[1].name
    assert not any(b"mira@mail" in file.read_bytes() for file in stored if file.is_file())


def test_two_records_that_differ_in_what_was_redacted_become_one(registry, write):
    path = write("a.jsonl", [question(f"write to user{k}@mail.example.org") for k in range(3)])
    result = registry.curate("helpdesk", [path], recipe=parse_recipe(RECIPE))
    assert (result.kept, result.rejected) == (1, 2)
    assert registry.why("helpdesk", path, 2).code == "identical"
