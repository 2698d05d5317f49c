"""assay run, and the pictures of runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Call

import assay
from assay.cli.main import run
from assay.registry import Registry

SAYS = (
    "import json, os, sys; names = [n for n in os.environ if n.startswith('ASSAY_')];"
    "print(json.dumps({n: os.environ[n] for n in names})); sys.stderr.write('loss 0.5\\n'); sys.exit({code})"
)
WAITS = """
import signal, sys, time
def stop(number, frame):
    print("stopped by", number, flush=True)
    sys.exit(7)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Call]:
    """Runs `assay …` in this process; what its children write is heard too."""
    monkeypatch.setenv("COLUMNS", "80")
    for name in [name for name in os.environ if name.startswith("ASSAY_")]:
        monkeypatch.delenv(name)

    def called(*words: str) -> Call:
        code = run(words)
        out, err = capfd.readouterr()
        return Call(code, out, err)

    return called


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.chdir(tmp_path)
    registry = assay.init(".assay", actor="mira")
    rows = [
        {"prompt": f"订单 {n * 7919} 怎么退款？", "completion": f"请按第 {n * 31} 步办理。"}
        for n in range(30)
    ]
    Path("rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    registry.curate("desk", ["rows.jsonl"], recipe="import")
    return registry


def program(code: int = 0) -> list[str]:
    return ["--", sys.executable, "-c", SAYS.replace("{code}", str(code))]


def test_a_program_finds_the_version_and_its_output_stays_its_own(desk, call) -> None:
    done = call("run", "desk:train", "--name", "first", "--seed", "7", *program())
    assert done.code == 0
    told = done.json
    version = desk.version("desk")
    assert told == {
        "ASSAY_DATASET": "desk@v1:train",
        "ASSAY_FINGERPRINT": version.fingerprint,
        "ASSAY_RUN": "first",
        "ASSAY_REGISTRY": str(Path(".assay").absolute()),
        "ASSAY_SEED": "7",
    }
    assert "loss 0.5" in done.err
    assert "assay runs show first" in done.err
    receipt = desk.runs.receipt(desk.runs.named("first")[0])
    assert (receipt.state, receipt.seed, receipt.program) == ("finished", 7, Path(sys.executable).name)
    assert receipt.rows == version.counts["train"]
    assert "environment" not in receipt.as_json()


@pytest.mark.parametrize("code", [1, 3, 42])
def test_the_exit_code_is_that_of_the_program(desk, call, code) -> None:
    assert call("run", "desk", "--name", "r", *program(code)).code == code
    assert desk.runs.receipt(desk.runs.named("r")[0]).state == "failed"


def test_arguments_and_environment_are_kept_nowhere(desk, call, monkeypatch) -> None:
    monkeypatch.setenv("HUB_TOKEN", "hf_secretsecret")
    call("run", "desk", *program(), "--api-key", "sk-topsecret")
    (made,) = desk.runs.list()
    assert made.name.startswith("run-20")
    kept = [path.read_bytes() for path in Path(".assay").rglob("*") if path.is_file()]
    assert kept and not any(b"topsecret" in data or b"hf_secret" in data for data in kept)


def test_with_json_there_is_one_document(desk, call) -> None:
    done = call("run", "desk", "--name", "r", "--json", *program(3))
    assert done.code == 3
    told = done.json
    assert (told["run"], told["exit"], told["state"]) == ("r", 3, "failed")
    assert "ASSAY_DATASET" in done.err
    dry = call("run", "desk", "--dry-run", "--json", *program())
    assert dry.json == {"version": "desk@v1", "fingerprint": desk.version("desk").fingerprint, "rows": 30}
    assert len(desk.runs.list()) == 1


def test_what_models_may_not_learn_from_is_not_run(desk, call) -> None:
    desk.policies.set({"training": "released"})
    refused = call("run", "desk", *program())
    assert (refused.code, refused.out) == (1, "")
    assert "desk@v1 is not released" in refused.err
    assert call("run", "desk", "--dry-run", *program()).code == 1
    assert call("run", "desk", "--force", *program()).code == 2
    forced = call("run", "desk", "--force", "--reason", "试一次", *program())
    assert forced.code == 0
    assert [one.action for one in desk.log()][-3:] == ["load", "run", "run"]
    desk.releases.revoke("desk@v1", reason="no consent")
    assert call("run", "desk", "--force", "--reason", "again", *program()).code == 1
    assert call("run", "desk", "--", "no-such-program-here").code == 2


def test_data_is_exported_first(desk, call) -> None:
    for form in ("hf", "trl"):
        done = call("run", "desk", "--data", form, "--data-format", form, *program())
        assert done.json["ASSAY_DATA"] == str(Path(form).absolute())
    assert list(Path("hf/data").glob("train-*.parquet"))
    assert Path("trl/train.jsonl").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals are passed on where there are signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_passed_on_and_the_receipt_says_failed(desk, number) -> None:
    line = [
        sys.executable,
        "-m",
        "assay.cli.main",
        "run",
        "desk",
        "--name",
        "r",
        "--",
        sys.executable,
        "-c",
        WAITS,
    ]
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as wrapper:
        assert wrapper.stdout is not None
        assert wrapper.stdout.readline() == b"ready\n"
        wrapper.send_signal(number)
        out, err = wrapper.communicate(timeout=30)
    assert out == f"stopped by {number.value}\n".encode(), err
    assert wrapper.returncode == 7
    assert desk.runs.receipt(desk.runs.named("r")[0]).state == "failed"


def test_pictures_of_runs(desk, call) -> None:
    assert "no run is known" in call("runs", "list").out
    call("run", "desk", "--name", "a-run-with-quite-a-long-name-2026-11-21", "--seed", "3", *program())
    linked = call(
        "runs", "link", "desk:train", "by-hand", "--model", "desk-7b", "--tracker-run", "mlflow=ab12",
        "--tracker-run", "wandb=cd/34",
    )  # fmt: skip
    assert linked.code == 0
    desk.runs.end(desk.runs.begin("desk", "meßwert-一"), "finished", {"eval_loss": 1.25, "accuracy": 0.5})
    listed = call("runs", "list")
    assert all(len(line) <= 80 for line in listed.out.splitlines())
    assert "by-hand → desk-7b" in listed.out and "mlflow, wandb" in listed.out
    shown = call("runs", "show", "meßwert-一")
    assert "eval_loss" in shown.out and "1.25" in shown.out and "still begins so" in shown.out
    assert call("runs", "show", "mlflow=ab12", "--json").json["run"] == "by-hand"
    assert call("runs", "show", "nobody").code == 2
    assert call("runs", "link", "desk", "x", "--tracker-run", "mlflow").code == 2
    found = call("runs", "list", "--json").json["runs"]
    assert [one["state"] for one in found] == ["finished", "linked", "finished"]
    assert found[1]["trackers"] == {"mlflow": "ab12", "wandb": "cd/34"}
    assert found[2]["receipt"]["metrics"] == {"eval_loss": 1.25, "accuracy": 0.5}
    desk.releases.revoke("desk@v1", reason="没有同意")
    assert "没有同意" in call("runs", "show", "by-hand").out
