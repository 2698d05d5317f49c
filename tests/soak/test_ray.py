"""A million rows on a Ray cluster of several node processes, one of which is killed on the way."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

import assay
from assay.registry.results import Progress

pytest.importorskip("ray", reason="ray is not installed: pip install --group interop")

from tests.interop import ray_nodes

ROWS, NODES, KILLED_AFTER = 1_000_000, 3, 60
STEMS = ("printer", "router", "invoice", "password", "delivery", "refund", "keyboard", "licence", "backup")


def write_corpus(path: Path) -> None:
    """Tickets of random words; of twenty, one comes again as it was and one with a word changed."""
    chance = random.Random(11)
    words = [f"{chance.choice(STEMS)}{k}" for k in range(50_000)]
    earlier: list[list[str]] = []
    with path.open("w", encoding="utf-8") as file:
        for row in range(ROWS):
            kind = row % 20
            if kind < 2 and earlier:
                told = list(chance.choice(earlier))
                if kind:
                    told[chance.randrange(len(told))] = chance.choice(words)
            else:
                told = chance.choices(words, k=chance.randrange(30, 60))
                if len(earlier) < 20_000:
                    earlier.append(told)
            half = len(told) // 3
            file.write(json.dumps({"input": " ".join(told[:half]), "output": " ".join(told[half:])}) + "\n")


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
def test_a_million_rows_and_a_node_that_is_killed(tmp_path):
    sources = [str(tmp_path / "tickets.jsonl")]
    write_corpus(tmp_path / "tickets.jsonl")
    began = time.monotonic()
    here = assay.init(tmp_path / "here").curate("tickets", sources)
    local = time.monotonic() - began
    chunks, killed = 0, 0
    with ray_nodes.cluster(NODES, memory=1 << 30) as nodes:

        def kill_once(told: Progress) -> None:
            nonlocal chunks, killed
            if told.phase == "reading and checking":
                chunks += 1
                if chunks == KILLED_AFTER:
                    killed = ray_nodes.kill(nodes)

        began = time.monotonic()
        # A registry of its own: the first one remembers what it read, and would not ask the engine.
        there = assay.init(tmp_path / "there").curate(
            "tickets", sources, engine=f"ray:{nodes.address}", progress=kill_once
        )
        ray = time.monotonic() - began
    assert killed and chunks > 2 * KILLED_AFTER
    assert (there.fingerprint, there.read, there.rejected) == (here.fingerprint, here.read, here.rejected)
    assert [stage.as_json() for stage in there.stages] == [stage.as_json() for stage in here.stages]
    print(
        f"\n{here.read:,} records, {here.kept:,} kept, {here.fingerprint[:23]}…: {local:.0f} s on this machine; "
        f"on {NODES} node processes, {killed} processes of one killed after {KILLED_AFTER} of {chunks} chunks: "
        f"{ray:.0f} s, the same"
    )
