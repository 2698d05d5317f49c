"""Weights & Biases, for real and offline: what its client wrote is read back, and nobody leaves the machine."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from assay.errors import TrackingFailed, UsageError
from assay.testing.trackers import FINGERPRINT, RECEIPT, SECRET, TrackerSuite
from assay.track.tracker import tracker_named

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def wandb(tmp_path_factory):
    module = pytest.importorskip("wandb", reason="wandb is not installed: pip install --group interop")
    yield module
    module.teardown()


def start(wandb, folder, **config):
    settings = wandb.Settings(
        mode="offline", silent=True, console="off", x_disable_stats=True, x_disable_machine_info=True
    )
    return wandb.init(project="fine-tuning", dir=str(folder), config=config, settings=settings)


class TestSuite(TrackerSuite):
    @pytest.fixture(autouse=True)
    def _started(self, wandb, tmp_path):
        self.run = start(wandb, tmp_path)
        yield
        if wandb.run is not None:
            wandb.run.finish()

    def tracker(self):
        return tracker_named("wandb")

    def broken(self):
        self.run.finish()
        tracker = tracker_named("wandb")
        tracker._wandb = Finished(self.run)
        return tracker

    def found(self):
        return {**dict(self.run.config), **dict(self.run.summary)}


class Finished:
    """The module with a run that is over, as code sees it which ends runs without telling W&B's global."""

    def __init__(self, run):
        import wandb

        self.run, self.Artifact = run, wandb.Artifact


def test_without_a_run_nothing_is_begun(wandb):
    assert wandb.run is None
    assert tracker_named("wandb").begin(RECEIPT) is None


def test_a_field_of_the_users_is_left_alone(wandb, tmp_path):
    run = start(wandb, tmp_path, dataset="tatsu-lab/alpaca")
    tracker_named("wandb").begin(RECEIPT)
    assert run.config["dataset"] == "tatsu-lab/alpaca"
    assert run.config["assay"]["fingerprint"] == FINGERPRINT
    run.finish()


def test_an_end_that_comes_too_late_is_said_to(wandb):
    from dataclasses import replace

    with pytest.raises(TrackingFailed, match="not open any more") as caught:
        tracker_named("wandb").end(replace(RECEIPT, trackers={"wandb": "abc"}))
    assert "before wandb.finish()" in caught.value.hint
    with pytest.raises(UsageError, match="no other"):
        tracker_named("wandb=abc")


RUN = """
import socket, sys
from dataclasses import replace

def watch(event, args):
    if event == "socket.connect" and args[0].family in (socket.AF_INET, socket.AF_INET6):
        assert args[1][0] in ("127.0.0.1", "::1", "localhost"), args
    if event == "socket.getaddrinfo":
        assert args[0] in ("127.0.0.1", "::1", "localhost", None, ""), args

sys.addaudithook(watch)
import wandb
from assay.testing.trackers import METRICS, ODD, RECEIPT
from assay.track.tracker import tracker_named

for receipt in (RECEIPT, ODD):
    with wandb.init(project="fine-tuning", dir=sys.argv[1]) as run:
        tracker = tracker_named("wandb")
        id = tracker.begin(receipt)
        assert id == run.id
        tracker.end(replace(receipt, trackers={"wandb": id}, state="finished", metrics=METRICS))
"""


def records(path):
    """The records of a `.wandb` file: LevelDB's log format, 32 KiB blocks, behind a header of 7 bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, at, parts = path.read_bytes(), 7, b""
    assert data[:4] == b":W&B"
    while at + 7 <= len(data):
        left = 32_768 - at % 32_768
        if left < 7:
            at += left
            continue
        size, kind = struct.unpack_from("<HB", data, at + 4)
        parts += data[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):  # whole, or the last part
            yield Record.FromString(parts)
            parts = b""


def test_what_is_written_offline_is_a_reference_that_names_version_and_content(
    wandb, tmp_path, monkeypatch, nobody_leaves
):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    done = subprocess.run([sys.executable, "-c", RUN, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert nobody_leaves == []

    found = {}
    for path in Path(tmp_path).rglob("*.wandb"):
        config, kept, artifact = {}, {}, None
        for record in records(path):
            kind = record.WhichOneof("record_type")
            if kind == "artifact":
                artifact = record.artifact
            for update in getattr(record, kind).update if kind in ("config", "summary") else ():
                if update.key:
                    (config if kind == "config" else kept)[update.key] = json.loads(update.value_json)
        found[config["dataset"]["version"]] = artifact, config, kept
        assert SECRET.encode() not in path.read_bytes()
    assert set(found) == {"helpdesk@v2", "客服@v12"}

    artifact, config, kept = found["helpdesk@v2"]
    uri = f"assay://helpdesk@v2/train?fingerprint={FINGERPRINT}"
    assert (artifact.name, artifact.type) == ("helpdesk", "dataset")
    assert set(artifact.aliases) == {"assay-v2", "assay-0123456789ab", "latest"}
    (entry,) = artifact.manifest.contents
    assert (entry.path, entry.ref, entry.digest) == ("train", uri, uri)
    assert json.loads(artifact.metadata)["fingerprint"] == FINGERPRINT
    assert config["dataset"] == config["assay"]
    assert {
        "ref": "helpdesk@v2:train",
        "uri": uri,
        "rows": 12,
        "checkpoint": RECEIPT.checkpoint,
    }.items() <= config["dataset"].items()
    assert (kept["assay/state"], kept["assay/eval_loss"]) == ("finished", 1.25)

    artifact, config, kept = found["客服@v12"]
    assert artifact.name.isascii() and artifact.name.startswith("dataset-")
    assert config["dataset"]["ref"] == "客服@v12:训练" and kept["assay/准确率 (top@1)"] == 0.5
