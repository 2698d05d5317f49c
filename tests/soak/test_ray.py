"""A million rows on a Ray cluster of several node processes, one of which is killed on the way."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

import assay
from assay.registry.results import Progress

pytest.importorskip("ray", reason="ray is not installed: pip install --group interop")

from tests.interop import ray_nodes

ROWS, NODES = 1_000_000, 3
REPO = Path(__file__).resolve().parents[2]


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
def test_a_million_rows_and_a_node_that_is_killed(tmp_path):
    subprocess.run(
        [sys.executable, "examples/helpdesk/generate.py", str(tmp_path / "raw"), "--rows", str(ROWS)],
        cwd=REPO, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    sources = sorted(str(path) for path in (tmp_path / "raw").glob("tickets*"))
    registry = assay.init(tmp_path / "registry")
    began = time.monotonic()
    here = registry.curate("here", sources)
    local = time.monotonic() - began
    killed: list[tuple[int, float]] = []
    with ray_nodes.cluster(NODES, memory=1 << 30) as nodes:

        def kill_once(told: Progress) -> None:
            share = told.done / (told.total or 1)
            if told.phase == "reading and checking" and not killed and share > 0.3:
                killed.append((ray_nodes.kill(nodes), share))

        began = time.monotonic()
        there = registry.curate("there", sources, engine=f"ray:{nodes.address}", progress=kill_once)
        ray = time.monotonic() - began
    assert killed
    assert (there.fingerprint, there.read, there.rejected) == (here.fingerprint, here.read, here.rejected)
    assert [stage.as_json() for stage in there.stages] == [stage.as_json() for stage in here.stages]
    print(
        f"\n{here.read:,} records, {here.kept:,} kept, {here.fingerprint[:23]}…: {local:.0f} s on this machine; "
        f"on {NODES} node processes, {killed[0][0]} processes of one killed at {killed[0][1]:.0%} of the bytes: "
        f"{ray:.0f} s, the same"
    )
