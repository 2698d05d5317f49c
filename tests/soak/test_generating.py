"""Two thousand examples to two crossed quotas, from a server of which one call in twenty goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

import assay
from assay.generate.parameters import Between, Parameters
from assay.kernels.jaccard import similarity
from assay.testing.llm_faults import FAULTS, STATUS_FAULTS, SeededFaults
from assay.testing.llm_server import LlmServer
from assay.testing.llm_service import Timing

from ..registry.made_up_model import made_up, models, order, texts_of

pytest.importorskip("openai", reason="the openai SDK is not installed")

PASSING = STATUS_FAULTS | {"hang", "cut", "slow"}
TIMING = Timing(retry_after=0.2, slow=0.2, latency=0.005)
RUN = """
import sys
sys.path.insert(0, sys.argv[1])
import assay
from types import SimpleNamespace
from tests.registry.made_up_model import models
from tests.soak.test_generating import two_thousand
server = SimpleNamespace(openai_url=sys.argv[3])
assay.open(sys.argv[2]).generation.generate(two_thousand(int(sys.argv[4])), models(server, timeout=3.0))
"""


def two_thousand(n, **changes):
    parameters = Parameters(
        {"max_tokens": 400}, {"temperature": [0.2, 0.7, 1.0]}, {"top_p": Between(0.8, 1.0)}
    )
    return order(n, models=("lab/m", "lab/n"), parameters=parameters, **changes)


def faults(call):
    """5 % of all requests; what passes goes wrong the first time, and a text is always the same, so that the server
    is the same one for whoever asks again (`wrong_language` makes another text each time, and is left out)."""
    kinds = [fault for fault in FAULTS if fault != "wrong_language"]
    fault = SeededFaults(dict.fromkeys(kinds, 0.05 / len(kinds)), seed=11)(replace(call, attempt=0))
    return None if fault in PASSING and call.attempt else fault


def near_pairs(texts, others=()):
    """Pairs of texts that near_dedup calls the same, among those whose sets of 5 neighbouring characters have a Jaccard
    similarity of 0.2 or more; that is found for all pairs, by counting."""
    every = [*texts, *others]
    sets = [
        {folded[k : k + 5] for k in range(len(folded) - 4)}
        for folded in (" ".join(t.lower().split()) for t in every)
    ]
    seen = Counter(gram for grams in sets for gram in grams)
    number = {gram: k for k, gram in enumerate(gram for gram, times in seen.items() if times > 1)}
    has = np.zeros((len(every), len(number)), np.float32)
    for row, grams in enumerate(sets):
        has[row, [number[gram] for gram in grams if gram in number]] = 1
    both = has[: len(texts)] @ has.T
    size = np.array([len(grams) for grams in sets])
    alike = both / (size[: len(texts), None] + size[None, :] - both) >= 0.2
    pairs = [(a, b) for a, b in np.argwhere(alike).tolist() if a < b]
    assert pairs  # else nothing was looked at
    return [(a, b) for a, b in pairs if similarity(every[a], every[b], 5) >= 0.7]


def provenance_is_whole(registry, ref, parents):
    """Every example's record has all of its provenance; and of every hundredth the trace shows it."""
    folder = registry.root / f"out-{ref}"
    registry.export(ref, str(folder), format="source")
    records = [
        json.loads(line) for path in folder.rglob("*.jsonl") for line in path.read_text("utf-8").splitlines()
    ]
    for record in records:
        assert record["prompt_template"].startswith("ticket-answer@") and record[
            "template_digest"
        ].startswith("sha256:")
        assert set(record["variables"]) == {"topic", "language", "tone", "who", "where"}
        assert record["generator"] in ("lab/m", "lab/n") and record["generation_params"]["max_tokens"] == 400
        assert record["tokens"]["input"] > 0 and record["tokens"]["output"] > 0 and record["price"] > 0
        assert record["request_id"] and record["created"].startswith("20") and record["depth"] == 1 + parents
    for example in list(registry.version(ref))[::100]:
        chapters = {part.name: part.rows for part in registry.trace(example.name).chapters}
        told = {name for row in chapters["generation"] for name in row}
        assert {
            "template",
            "digest",
            "model",
            "temperature",
            "top_p",
            "variable",
            "candidate",
            "seed",
        } <= told
        assert chapters["call"][0]["price"] > 0 and chapters["call"][0]["tokens_output"] > 0
    return records


def whole_run(tmp_path, n):
    registry = assay.init(tmp_path / "whole")
    with LlmServer(made_up, faults, timing=TIMING) as server:
        began = time.perf_counter()
        result = registry.generation.generate(two_thousand(n), models(server, timeout=3.0))
        took = time.perf_counter() - began
        assert not server.paid_twice()
        wrong = Counter(one.fault for one in server.exchanges if one.fault)
    assert result.end == "met" and result.mix.total == (n, n) and len(result.rounds) >= 3
    for values in result.mix.fields.values():
        assert all(asked == got for asked, got in values.values())
    records = provenance_is_whole(registry, "helpdesk@v1", 0)
    cells = Counter((one["variables"]["topic"], one["variables"]["language"]) for one in records)
    shares = {("refund", "中文"): 0.125, ("login", "English"): 0.15}
    assert all(abs(cells[cell] - n * share) <= 1 for cell, share in shares.items())
    assert near_pairs(texts_of(registry, "helpdesk@v1")) == []
    assert result.curation.read == sum(one.asked for one in result.rounds)
    rounds = [(one.asked, one.kept) for one in result.rounds]
    print(
        f"\n{n:,} examples in {took:.1f} s, {result.cost.paid:,} paid for, rounds {rounds}, faults {dict(wrong)}"
    )
    return registry, result


def kill_and_resume(tmp_path, n, at):
    asked, child = count(1), []

    def dies(call):
        if next(asked) == at:
            os.kill(child[0].pid, signal.SIGKILL)
        return made_up(call)

    root, repo = tmp_path / "killed", str(Path(__file__).resolve().parents[2])
    registry = assay.init(root)
    with LlmServer(dies, faults, timing=TIMING) as server:
        child.append(
            subprocess.Popen([sys.executable, "-c", RUN, repo, str(root), server.openai_url, str(n)])
        )
        assert child[0].wait(300) == -signal.SIGKILL and registry.datasets() == []
        kept = len(list((root / "cache" / "answers").rglob("*.answer")))
        resumed = registry.generation.generate(two_thousand(n), models(server, timeout=3.0))
        # What was on its way to the dead is lost; of what it had, nothing was asked again.
        lost = len(server.paid_twice())
        assert resumed.cost.remembered == kept >= at - 64 * 2 and lost <= 64 * 2
    print(f"killed at {at:,}: {kept:,} remembered, {lost} that were on their way asked twice")
    assert not registry.verify().damage
    return resumed


@pytest.mark.soak
def test_two_thousand_examples(tmp_path):
    registry, result = whole_run(tmp_path, 2_000)
    same = kill_and_resume(tmp_path, 2_000, 900)
    assert same.curation.fingerprint == result.curation.fingerprint
    with LlmServer(made_up, faults, timing=TIMING) as server:
        before = texts_of(registry, "helpdesk@v1")
        asked = two_thousand(500, dataset="novel", seed=8, novel_against=("helpdesk",))
        novel = registry.generation.generate(asked, models(server, timeout=3.0))
        assert novel.end == "met" and near_pairs(texts_of(registry, "novel"), before) == []
        print(f"novel: {novel.near:,} of {novel.answers:,} answers were nearly said before")
        other = assay.init(tmp_path / "other").generation.generate(
            two_thousand(500, seed=9), models(server, timeout=3.0)
        )
    assert len({result.curation.fingerprint, novel.curation.fingerprint, other.curation.fingerprint}) == 3
    assert registry.head_of("helpdesk").fingerprint == result.curation.fingerprint


def test_a_hundred_examples_killed_and_resumed(tmp_path):
    _, result = whole_run(tmp_path, 100)
    assert kill_and_resume(tmp_path, 100, 60).curation.fingerprint == result.curation.fingerprint
