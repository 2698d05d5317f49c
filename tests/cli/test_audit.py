"""assay audit: what it prints, in 80 columns and in JSON, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.cli.commands.audit import SUBCOMMANDS

pytest.importorskip("cryptography")
Run = Callable[..., Any]


@pytest.fixture
def place(tmp_path: Path, assay_run: Run) -> Path:
    rows = [{"input": f"Where is part {n}?", "output": f"On shelf {n}. 在第{n}层。"} for n in range(4)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    registry = str(tmp_path / "r")
    assert assay_run("init", registry).code == 0
    for name in ("parts", "other", "third"):
        words = (
            "import",
            name,
            str(tmp_path / "rows.jsonl"),
            "--registry",
            registry,
            "--actor",
            f"ann-{name}",
        )
        assert assay_run(*words).code == 0
    return tmp_path


@pytest.fixture
def audit(place: Path, assay_run: Run) -> Run:
    return lambda *words: assay_run("audit", *map(str, words), "--registry", str(place / "r"))


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_explains_itself(assay_run: Run, name: str) -> None:
    call = assay_run("audit", name, "--help")
    assert call.code == 0
    assert call.out.startswith(f"Usage: assay audit {name} ")
    for option in ("--registry", "--actor", "--json"):
        assert option in call.out
    assert max(map(len, call.out.split("\n"))) <= 90


def test_a_subcommand_that_is_not_there(assay_run: Run) -> None:
    call = assay_run("audit", "chekpoint")
    assert (call.code, call.out) == (2, "")
    assert "chekpoint" in call.err and "Traceback" not in call.err
    assert assay_run("audit").code == 2


def test_the_story(audit: Run, place: Path) -> None:
    made = audit("key", place / "key", "--name", "ann", "--json").json
    assert made["written"] and (place / "key.pub").read_text() == f"{made['public']}\n"
    stated = audit("checkpoint", "--key", place / "key", "--to", place / "cp", "--json").json
    assert stated["size"] == 3 and stated["note"] == (place / "cp").read_text("utf-8")
    assert stated["files"][1] == str(place / "cp")
    call = audit("verify", "--checkpoint", place / "cp", "--key", place / "key.pub")
    assert call.code == 0
    assert call.out.startswith("✓ the log is whole   3 entries read\n")
    assert "begins with the 3 entries" in call.out and f"ann+{made['id']}" in call.out
    assert max(map(len, call.out.split("\n"))) <= 80
    answer = audit("verify", "--json").json
    assert answer["ok"] and answer["checkpoints"][0]["signed_by"] == []

    (place / "r" / "log" / "00000003.json").unlink()
    call = audit("verify", "--checkpoint", place / "cp")
    assert call.code == 1
    assert "truncation  entry 3" in call.out and "This proves" not in call.out
    assert max(map(len, call.out.split("\n"))) <= 80
    call = audit("verify", "--json")
    assert (call.code, call.json["findings"][0]["kind"], call.json["findings"][0]["entry"]) == (
        1,
        "truncation",
        3,
    )
    call = audit("checkpoint")
    assert call.code == 1 and "assay audit verify" in call.err


def test_dry_runs_write_nothing(audit: Run, place: Path) -> None:
    before = sorted(place.rglob("*"))
    call = audit("key", place / "key", "--dry-run")
    assert call.code == 0 and call.out.startswith("would make a key")
    assert audit("key", place / "key", "--dry-run", "--json").json["written"] is False
    assert audit("checkpoint", "--to", place / "cp", "--dry-run").out.startswith("would state")
    assert sorted(place.rglob("*")) == before


def test_pictures_of_a_key_and_a_checkpoint(audit: Run, place: Path) -> None:
    call = audit("key", place / "key")
    assert call.code == 0 and call.out.startswith("key\n") and "PRIVATE" not in call.out
    call = audit("checkpoint")
    assert "signed by  nobody" in call.out and "written" in call.out


def test_proofs_are_json_always(audit: Run) -> None:
    assert audit("proof", "2").json["seq"] == 2
    assert audit("proof", "2", "--size", "2", "--json").json["size"] == 2
    assert audit("proof", "--from", "1").json["to"] == 3
    assert audit("proof", "--from", "0", "--size", "2").json["path"] == []
    for words in (("proof",), ("proof", "1", "--from", "1"), ("proof", "0"), ("proof", "9")):
        assert audit(*words).code == 2


def test_the_log_is_filtered(audit: Run) -> None:
    def seqs(*words: str) -> list[int]:
        return [one["seq"] for one in audit("log", *words, "--json").json["operations"]]

    assert seqs() == [1, 2, 3]
    assert seqs("--actor", "ann-other") == [2]
    assert seqs("--dataset", "parts", "--action", "commit") == [1]
    assert seqs("--until", "2001-01-01") == []
    assert audit("log", "--dataset", "none").out == "no operation fits\n"
    assert "ann-third" in audit("log").out
    assert audit("log", "--since", "soon").code == 2


def test_the_verifier_is_written_out(assay_run: Run, place: Path, audit: Run, tmp_path: Path) -> None:
    script = tmp_path / "verify.py"
    done = subprocess.run([sys.executable, "-m", "assay.cli.main", "audit", "verifier"], capture_output=True)
    assert done.returncode == 0
    script.write_bytes(done.stdout)
    assert audit("verifier", "--json").json["verifier"].encode() == done.stdout
    for code in (0, 1):
        checked = subprocess.run(
            [sys.executable, "-I", str(script), str(place / "r")], capture_output=True, text=True
        )
        assert checked.returncode == code, checked.stdout
        (place / "r" / "log" / "00000001.json").write_bytes(b"{}")
