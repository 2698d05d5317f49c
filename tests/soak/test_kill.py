"""A curation killed at any moment leaves the old version or the new one; `gc` removes the rest."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time

import pytest

import assay

from ..registry.conftest import ticket

CURATE = (
    "import sys, assay; assay.open(sys.argv[1]).curate('helpdesk', sys.argv[2:3], add=sys.argv[3] == 'add')"
)


def write(path, numbers):
    path.write_text("".join(json.dumps(ticket(n)) + "\n" for n in numbers), encoding="utf-8")
    return str(path)


def kill_runs(tmp_path, runs, rows):
    chance = random.Random(11)
    root = tmp_path / "registry"
    assay.init(root)
    first = write(tmp_path / "first.jsonl", range(rows))
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", CURATE, str(root), first, "new"], check=True)
    whole = time.perf_counter() - began
    outcomes = {"old": 0, "new": 0}
    for run in range(runs):
        registry = assay.open(root)
        before = registry.version("helpdesk")
        source = write(tmp_path / f"more{run}.jsonl", range(rows + run * 10, rows + run * 10 + 10))
        process = subprocess.Popen([sys.executable, "-c", CURATE, str(root), source, "add"])
        time.sleep(chance.random() * whole * 1.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        registry = assay.open(root)
        after = registry.version("helpdesk")
        if after.name == before.name:
            assert after.fingerprint == before.fingerprint
            outcomes["old"] += 1
        else:
            assert after.manifest.number == before.manifest.number + 1
            assert len(after) == len(before) + 10
            outcomes["new"] += 1
        assert not registry.verify().damage
    registry = assay.open(root)
    registry.gc(dry_run=False, grace_seconds=0)
    left = registry.gc(grace_seconds=0)
    assert not left.orphans
    assert not registry.verify().damage
    assert list((root / "tmp").rglob("*")) == []
    return outcomes


def test_a_few_kills(tmp_path):
    outcomes = kill_runs(tmp_path, 4, 200)
    assert sum(outcomes.values()) == 4


@pytest.mark.soak
def test_two_hundred_kills(tmp_path):
    outcomes = kill_runs(tmp_path, 200, 1_000)
    print(f"\n200 kills: {outcomes}")
    assert outcomes["old"] > 20 and outcomes["new"] > 5, outcomes
