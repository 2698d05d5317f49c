"""The rubric and the example of docs/rubrics.md hold, and the page names every field."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from assay.judge.prompt import system_of
from assay.judge.rubric import Rubric, builtin_rubric

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "rubrics.md").read_text("utf-8")


def test_the_rubric_holds():
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    rubric = Rubric.of(yaml.safe_load(text))
    assert rubric.id == "support" and "怎么改收货地址" in system_of(rubric)


def test_the_example_runs():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "docs/rubrics.md", "exec"), {})


def test_every_field_is_on_the_page():
    listed = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert listed == set(Rubric.model_fields) - {"format", "description"}
    assert f"about {round(len(system_of(builtin_rubric('quality'))), -2):,} characters" in " ".join(
        PAGE.split()
    )
