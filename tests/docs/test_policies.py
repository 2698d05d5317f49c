"""The pages of the rules are their docstrings, and what docs/policies.md shows holds."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from assay.govern.policy import parse_policy, rule_classes
from assay.registry.strict_yaml import read_yaml

REPO = Path(__file__).resolve().parents[2]


def generator():
    spec = importlib.util.spec_from_file_location("policy_pages", REPO / "tests" / "docs" / "policy_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_what_the_rules_say():
    wanted = generator().pages()
    there = {path: path.read_text("utf-8") for path in (REPO / "docs" / "policies").glob("*.md")}
    assert there == wanted, "run python tests/docs/policy_pages.py"


def test_every_rule_is_listed_with_its_page():
    guide = (REPO / "docs" / "policies.md").read_text("utf-8")
    for name, rule in rule_classes().items():
        assert f"[`{name}`](policies/{name}.md)" in guide
        assert all(
            code in (REPO / "docs" / "policies" / f"{name}.md").read_text("utf-8") for code in rule.codes
        )


def blocks():
    for page in [REPO / "docs" / "policies.md", *sorted((REPO / "docs" / "policies").glob("*.md"))]:
        for text in re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            yield pytest.param(text, id=page.name)


@pytest.mark.parametrize("text", list(blocks()))
def test_every_policy_that_is_shown_holds(text):
    value = read_yaml(text.encode())
    rules = value if isinstance(value, list) else value["rules"]
    for rule in rules:
        parse_policy({"rules": [rule]})
    if isinstance(value, dict):
        parse_policy(value)


def test_the_rule_of_the_guide_keeps_the_promises():
    from assay.testing.policies import MemoryView, Row, RuleSuite

    (example,) = re.findall(
        r"```python\n(.*?)```", (REPO / "docs" / "policies.md").read_text("utf-8"), re.DOTALL
    )
    space = {"__name__": "guide"}
    exec(compile(example, "docs/policies.md", "exec"), space)

    class Suite(RuleSuite):
        def rule(self):
            return space["Signed"]()

        def keeps(self):
            return MemoryView({"train": [Row({"text": "好的 — your help desk"})]})

        def breaks(self):
            return MemoryView({"train": [Row({"text": "好的"}), Row({"text": "no"})]})

    suite = Suite()
    for name in dir(suite):
        if name.startswith("test_"):
            getattr(suite, name)()
