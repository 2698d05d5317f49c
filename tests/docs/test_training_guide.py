"""The commands of the training guide run, one after the other."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import assay
from assay.cli.main import run

REPO = Path(__file__).resolve().parents[2]
PROGRAM = """
import os, pathlib
rows = (pathlib.Path(os.environ["ASSAY_DATA"]) / "train.jsonl").read_text("utf-8").splitlines()
print(len(rows), os.environ["ASSAY_DATASET"], os.environ["ASSAY_SEED"], os.environ["ASSAY_RUN"])
"""


def test_the_guides_commands_run(tmp_path: Path, monkeypatch, capfd) -> None:
    page = (REPO / "docs" / "guides" / "training.md").read_text("utf-8")
    (tmp_path / "train.py").write_text(PROGRAM, "utf-8")
    (tmp_path / "examples").symlink_to(REPO / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSAY_REGISTRY", raising=False)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    lines = [
        line.removeprefix("$ ")
        for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(lines) == 8
    for line in lines:
        program, *words = shlex.split(line)
        if program == "assay":
            assert run(words) == 0, f"{line}\n{capfd.readouterr()}"
        else:
            assert subprocess.run([sys.executable, *words]).returncode == 0
    registry = assay.open(".assay")
    receipt = registry.runs.receipt(registry.runs.named("sft-7")[0])
    version = registry.version("helpdesk:train")
    assert f"{len(version)} helpdesk@v1:train 7 sft-7" in capfd.readouterr().out
    assert (receipt.rows, receipt.state, receipt.seed) == (len(version), "finished", 7)
    kept = [path.read_bytes() for path in Path(".assay").rglob("*.json")]
    assert kept and not any(b"0.001" in data for data in kept)
    assert {path.name for path in Path("out").iterdir()} >= {
        "train.jsonl",
        "train_trl.py",
        "axolotl.yaml",
        "llamafactory",
    }
