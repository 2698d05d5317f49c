"""The example of docs/batches.md runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "batches.md").read_text("utf-8")


def test_the_example_runs(capsys):
    pytest.importorskip("anthropic", reason="the anthropic SDK is not installed")
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    exec(code, names := {})
    assert names["filled"].spent > 0 and not names["server"].paid_twice()
    assert capsys.readouterr().out.splitlines()[-1].endswith("3 of 3")
