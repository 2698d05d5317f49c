"""disable, enable, forget, compact and doctor on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.registry.conftest import ticket


@pytest.fixture
def call(assay_run: Any, tmp_path: Path) -> Any:
    """Commands on a registry with one version."""
    source = tmp_path / "tickets.jsonl"
    rows = [ticket(n, generator="lab/bad" if n < 3 else "lab/good") for n in range(30)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def run(*words: str) -> Any:
        return assay_run("--registry", str(tmp_path / "r"), *words)

    assert run("init").code == 0
    assert run("curate", "desk", str(source)).code == 0
    return run


def _ids(call: Any, n: int) -> list[str]:
    return [one["id"] for one in call("head", "desk", "-n", str(n), "--json").json["examples"]]


def test_disable_and_enable(call: Any, tmp_path: Path) -> None:
    one, two = _ids(call, 2)
    dry = call("disable", "desk", "--id", one, "--reason", "wrong", "--dry-run")
    assert dry.code == 0 and "would have disabled 1 example of desk" in dry.out
    done = call("disable", "desk", "--id", one[:12], "--reason", "wrong", "--json")
    assert done.json == {
        "dataset": "desk", "action": "disable", "count": 1, "changed": 1, "version": "desk@v2", "operation": 2,
    }  # fmt: skip
    diff = call("diff", "desk@v1", "desk@v2", "--json").json
    assert (diff["removed"], diff["disabled"]) == (1, 1)
    path = tmp_path / "ids.txt"
    path.write_text(f"{two}\n")
    said = call("disable", "desk", "--ids", str(path), "--reason", "wrong too")
    assert "disabled 1 example of desk" in said.out and "desk@v3" in said.out
    back = call("enable", "desk", "--id", one, "--id", two, "--reason", "fine")
    assert "2 come back to the newest version" in back.out
    assert "fine" in call("log").out


def test_where(call: Any) -> None:
    bad = call("disable", "desk", "--where", "generator = 'lab/bad'", "--reason", "bad generator", "--json")
    assert bad.json["changed"] == 3
    again = call("disable", "desk", "--where", "generator = 'lab/bad'", "--reason", "x")
    assert again.code == 2 and "nothing in desk is so" in again.err
    half = call(
        "enable", "desk", "--where", "generator = 'lab/bad' and record < 3", "--reason", "x", "--json"
    )
    assert half.json["changed"] == 2


def test_usage(call: Any) -> None:
    assert call("disable", "desk", "--id", "ab" * 32).code == 2
    assert call("disable", "desk", "--reason", "x").code == 2
    assert call("disable", "nothing", "--id", "ab" * 32, "--reason", "x").code == 2
    assert call("forget", "ab" * 32, "--reason", "x", "--json").json["error"]["code"] == "not_found"
    assert call("forget", "--reason", "x").code == 2


def test_forget(call: Any, tmp_path: Path) -> None:
    first = call("head", "desk", "-n", "1", "--json").json["examples"][0]
    one, place = first["id"], f"tickets.jsonl:{first['provenance']['record']}"
    dry = call("forget", one, "--reason", "asked", "--dry-run")
    assert dry.code == 0 and "would forget 1 example" in dry.out and "desk@v1" in dry.out
    done = call("forget", one, "--reason", "asked", "--json")
    assert done.json["versions"] == ["desk@v1"] and done.json["operation"] == 2
    assert done.json["examples"] == [{"id": one, "versions": ["desk@v1"]}]
    assert call("verify").code == 0
    shown = call("show", "desk")
    assert "forgotten" in shown.out and call("show", "desk", "--json").json["forgotten"] == 1
    assert "was forgotten" in call("show", one).err
    out = call("export", "desk", str(tmp_path / "out"))
    assert "1 example left out: forgotten" in out.out
    again = call("curate", "desk", str(tmp_path / "tickets.jsonl"))
    assert "forgotten" in again.out
    assert call("why", "desk", place, "--json").json["code"] == "forgotten"
    assert "forgotten" in call("why", "desk", place).out


def test_compact_and_doctor(call: Any, tmp_path: Path) -> None:
    assert "nothing to merge" in call("compact", "desk").out
    more = tmp_path / "more.jsonl"
    more.write_text("".join(json.dumps(ticket(n)) + "\n" for n in range(50, 80)))
    call("curate", "desk", str(more), "--add")
    assert "would merge 4 of 4 segments of desk@v2" in call("compact", "desk", "--dry-run").out
    done = call("compact", "desk", "--json").json
    assert done["segments"] == {"before": 4, "after": 2}
    well = call("doctor")
    assert well.code == 0 and "nothing ails this registry" in well.out
    next((tmp_path / "r").glob("objects/*/*.parquet")).unlink()
    ill = call("doctor")
    assert ill.code == 1 and "missing" in ill.out and "--from OTHER_REGISTRY" in ill.out
    assert call("doctor", "--json").json["well"] is False
