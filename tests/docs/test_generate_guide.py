"""The guide to generating: its templates hold, its commands run against a made-up provider, and so does its Python."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from assay.generate.template import Template
from assay.registry.generation.generating import LIKELY_OUTPUT
from assay.testing.llm_server import LlmServer

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "generate.md").read_text("utf-8")
ADDRESS = "http://127.0.0.1:8000/v1"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def varied(call: object) -> dict[str, str]:
    draw = random.Random(call.digest)  # type: ignore[attr-defined]
    words = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "lmnrst"]
    return {"question": " ".join(draw.choices(words, k=12)), "answer": " ".join(draw.choices(words, k=25))}


def test_the_templates_hold():
    assert [Template.of(yaml.safe_load(one)).id for one in blocks("yaml")] == [
        "ticket-answer",
        "more-like-these",
    ]
    assert f"{LIKELY_OUTPUT} tokens an answer" in PAGE


def test_the_commands_run(tmp_path):
    pytest.importorskip("openai", reason="the openai SDK is not installed")
    for name, text in zip(("ticket.yaml", "more.yaml"), blocks("yaml"), strict=True):
        (tmp_path / name).write_text(text, "utf-8")
    rows = [{"shop": f"{n} Mill Road Bikes", "country": "UK"} for n in range(90)]
    (tmp_path / "shops.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "prices.json").write_text('{"models": {"Qwen3-8B": {"input": 0.1, "output": 0.4}}}', "utf-8")
    told = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
    assert len(told) == 8
    environment = {name: value for name, value in os.environ.items() if name != "ASSAY_REGISTRY"}
    with LlmServer(varied) as server:
        for line in ["assay init", *told]:
            line = re.sub(r"^assay ", f"{sys.executable} -m assay.cli.main ", line)
            line = line.replace(ADDRESS, server.openai_url)
            done = subprocess.run(
                line, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            assert all(len(row) <= 80 or "assay" in row for row in done.stdout.splitlines()), done.stdout
        assert len(server.exchanges) == 80 and not server.paid_twice()


@pytest.mark.parametrize("code", blocks("python"), ids=["quotas", "from Python"])
def test_the_python_runs(code):
    pytest.importorskip("openai", reason="the openai SDK is not installed")
    exec(compile(code, "docs/generate.md", "exec"), {})
