"""The example of docs/testing-language-models.md runs, and the page names every fault."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assay.testing.llm_faults import FAULTS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "testing-language-models.md").read_text("utf-8")


def test_the_example_runs():
    pytest.importorskip("openai", reason="the openai SDK is not installed")
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    names: dict = {}
    exec(code, names)
    assert len(names["scores"]) == 4
    assert {one.fault for one in names["server"].exchanges} <= {"server_error", "fenced", None}


def test_every_fault_is_on_the_page():
    listed = re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(listed))) == set(FAULTS)
