"""examples/training: real trainings from two versions, receipts here and at MLflow, and what the change of data did."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import assay

pytestmark = pytest.mark.filterwarnings("ignore")
for needed in ("torch", "transformers", "trl", "datasets", "mlflow"):
    pytest.importorskip(needed, reason=f"{needed} is not installed: pip install --group interop")

REPO = Path(__file__).resolve().parents[2]
SEEDS, ITEMS = 2, 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("training") / "runs"
    subprocess.run(
        [sys.executable, "-W", "ignore", "examples/training/train.py", str(made), "--seeds", str(SEEDS),
         "--steps", "8", "--rows", "400", "--items", str(ITEMS), "--mlflow"],
        cwd=REPO, check=True,
    )  # fmt: skip
    return made


def test_every_run_has_a_receipt_here_and_at_mlflow(folder):
    from mlflow.tracking import MlflowClient

    registry = assay.open(folder / "registry")
    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    runs = registry.runs.list("helpdesk")
    assert len(runs) == 2 * SEEDS
    for run in runs:
        receipt = registry.runs.receipt(run)
        assert receipt is not None and receipt.state == "finished"
        version = registry.version(run.ref)
        assert (receipt.fingerprint, receipt.rows) == (version.fingerprint, len(version))
        there = client.get_run(receipt.trackers["mlflow"])
        (told,) = there.inputs.dataset_inputs
        assert told.dataset.digest == version.fingerprint.removeprefix("sha256:")[:32]
        assert there.data.tags["assay.fingerprint"] == version.fingerprint
        assert registry.runs.named(f"mlflow={there.info.run_id}") == [run]
        assert registry.runs.holds(receipt)


def test_compare_pairs_the_items_of_the_frozen_eval_set(folder):
    told = subprocess.run(
        [sys.executable, "-m", "assay.cli.main", "compare", "helpdesk@v1", "helpdesk@v2", "--json",
         "--registry", str(folder / "registry")],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = json.loads(told.stdout)
    effect = found["effect"]
    assert (effect["evaluation"], effect["paired_by"]) == ("helpdesk-eval", "items")
    assert (effect["runs"], effect["items"]) == ([SEEDS, SEEDS], ITEMS)
    assert effect["low"] < effect["difference"] < effect["high"]
    registry = assay.open(folder / "registry")
    scored = registry.results.list("helpdesk")
    assert {(one.eval_set, one.matched) for one in scored} == {("helpdesk-eval", ITEMS)}
    means = [
        sum(one.figures["score"] for one in scored if one.at.ref.startswith(ref)) / SEEDS
        for ref in ("helpdesk@v1", "helpdesk@v2")
    ]
    assert effect["difference"] == pytest.approx(means[1] - means[0], abs=1e-5)
    diff = registry.diff("helpdesk@v1", "helpdesk@v2")
    assert found["rows"]["changed"] == len(diff.added) + len(diff.removed)
