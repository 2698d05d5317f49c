"""The commands of docs/judging.md run, against a made-up provider, and say what the page says."""

from __future__ import annotations

import json
import random
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from assay.testing.llm_server import LlmServer

from ..cli.conftest import assay_run
from ..registry.judged import verdict

__all__ = ["assay_run"]

REPO = Path(__file__).resolve().parents[2]
PAGE = (REPO / "docs" / "judging.md").read_text("utf-8")


def helpful(call):
    """Mostly good scores, the same for the same ticket."""
    draw = random.Random(re.sub(r"[0-9a-f]{32}", "", call.prompt))
    base = draw.choices([1, 2, 3, 4, 5], [3, 8, 20, 45, 24])[0]
    each = {
        name: min(5, max(1, base + draw.choice([-1, 0, 0, 0, 1])))
        for name in ("accuracy", "clarity", "completeness")
    }
    return verdict(base, **each, difficulty=draw.choice([1, 2, 2, 3]))


def commands():
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ assay")]


def labels(block):
    """What stands first in the lines of a picture."""
    return re.findall(r"^  ([a-z]+)  ", block, re.MULTILINE)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    generate = REPO / "examples" / "helpdesk" / "generate.py"
    words = [sys.executable, str(generate), "tickets", "--rows", "400"]
    subprocess.run(words, check=True, cwd=tmp_path, capture_output=True)
    for name, block in re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(block, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-any")
    return tmp_path


def test_the_page_from_the_first_command_to_the_last(folder, assay_run):
    said = {}
    with LlmServer(helpful) as server:
        for line in commands():
            words = shlex.split(line)[1:]
            calls = words[:2] == ["judge", "run"] or "--recipe" in words
            done = assay_run(*words, *(("--endpoint", f"anthropic={server.url}") if calls else ()))
            assert done.code == 0, (line, done.err)
            said[line] = done.out
        assert not server.paid_twice()
    (folder / "said.json").write_text(json.dumps(said), encoding="utf-8")
    pictures = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert len(pictures) >= 3
    outputs = "\n".join(said.values())
    for picture in pictures:
        for label in labels(picture):
            assert f"\n  {label}  " in outputs, label


def test_the_program_runs():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict = {}
    exec(compile(code, "docs/judging.md", "exec"), names)
    assert names["outlook"].calls == 1 and sum(names["done"].tally.outcomes.values()) == 1


def test_every_option_and_code_is_on_the_page():
    from assay.stages.judge import Judge

    stage = (REPO / "docs" / "stages" / "judge.md").read_text("utf-8")
    for name in (*Judge.codes, *Judge.model_fields):
        assert f"`{name}`" in stage, name
