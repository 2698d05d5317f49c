"""The commands of the review guide run, one after the other."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


def test_the_guides_commands_run(tmp_path: Path) -> None:
    page = (REPO / "docs" / "guides" / "review.md").read_text("utf-8")
    rows = [
        {"input": f"Where is {k}? 在哪里", "output": f"At {k * 7}.", "topic": "ab"[k % 2]} for k in range(12)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    lines = ["assay init", "assay import helpdesk rows.jsonl"]
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        lines += [line.removeprefix("$ ") for line in block.splitlines()]
    assert len(lines) == 8
    environment = {name: value for name, value in os.environ.items() if name != "ASSAY_REGISTRY"}
    for line in lines:
        line = re.sub(r"^assay ", f"{sys.executable} -m assay.cli.main ", line)
        done = subprocess.run(line, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def test_the_figures_of_trust_are_right() -> None:
    from assay.kernels.agreement_intervals import wilson

    for judged, needed in ((35, 0.90), (73, 0.95)):
        assert wilson(judged, judged)[0] >= needed > wilson(judged - 1, judged - 1)[0]
