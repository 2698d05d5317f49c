"""The commands of the audit guide run, one after the other, and the format's test vector is right."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from assay.govern.proofs.spelling import parse_entry
from assay.govern.proofs.tree import Tree

REPO = Path(__file__).resolve().parents[2]


def test_the_guides_commands_run(tmp_path):
    pytest.importorskip("cryptography")
    page = (REPO / "docs" / "guides" / "audit.md").read_text("utf-8")
    (tmp_path / "rows.jsonl").write_text('{"text": "a few words of a help desk, 几句话"}\n', "utf-8")
    lines = ["assay init", "assay import helpdesk rows.jsonl"]
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        lines += [line.removeprefix("$ ") for line in block.splitlines()]
    assert len(lines) == 10
    environment = {name: value for name, value in os.environ.items() if name != "ASSAY_REGISTRY"}
    for line in lines:
        line = re.sub(r"^assay ", f"{sys.executable} -m assay.cli.main ", line)
        line = re.sub(r"^python ", f"{sys.executable} ", line)
        done = subprocess.run(line, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def test_the_root_in_the_format_is_that_of_its_entry():
    page = (REPO / "docs" / "format.md").read_text("utf-8")
    entry = re.search(r'\{"action":"tag".*?\}', page, re.DOTALL)[0]
    data = re.sub(r"\n\s*", "", entry).encode()
    assert parse_entry(data)["seq"] == 1
    assert f"`{Tree([data]).root().hex()}`" in page
