"""What semantic_dedup without a model and contradictions find in real data: the figures of their pages."""

from __future__ import annotations

import csv
import io

import numpy as np
import pyarrow as pa
import pytest

from assay.curate.batch import Batch
from assay.curate.stage import Rows
from assay.formats.decode import decode
from assay.formats.source import open_source
from assay.stages.contradictions import Contradictions
from assay.stages.semantic_dedup import SemanticDedup

pytestmark = pytest.mark.shared_data

ALPACA = "sft_en_alpaca/alpaca_data.json.zst"
HUATUO = "sft_zh/huatuo_llama_data.jsonl.zst"


def payloads(path):
    with open_source(path) as reader:
        found = [dict(decode(raw, reader.shape).payload) for raw in reader.records()]
        reader.finish()
    return found


def labelled(folder):
    rows = []
    for part in ("train", "test"):
        packed = (folder / "support_intents" / f"banking77_{part}.csv.zst").read_bytes()
        text = pa.input_stream(io.BytesIO(packed), compression="zstd").read().decode()
        rows += list(csv.reader(io.StringIO(text)))[1:]
    return [{"text": text, "label": label} for text, label in rows]


def rows_of(stage, found):
    """All rows as the engine hands them over: of equals the longer one stays."""
    texts = Batch(found).texts
    parts = [stage.keys(Batch(found[k : k + 1_000])) for k in range(0, len(found), 1_000)]
    order = np.argsort([-len(text) for text in texts], kind="stable")
    rank = np.empty(len(found), np.int64)
    rank[order] = np.arange(len(found))
    keys = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Rows(keys, rank, np.ones(len(found), np.bool_), lambda some: [texts[k] for k in some])


@pytest.mark.parametrize(
    ("name", "count", "strict", "lax"), [(ALPACA, 52_002, 9, 31), (HUATUO, 8_658, 26, 86)]
)
def test_lexical_vectors_at_two_thresholds(shared_data, name, count, strict, lax):
    found = payloads(shared_data / name)
    stage = SemanticDedup(threshold=0.85)
    similarity = stage.decide(rows_of(stage, found)).similarity
    print(f"\n{name}: {int((similarity >= 0.9).sum())} at 0.9, {len(similarity)} at 0.85")
    assert len(found) == count
    assert int((similarity >= 0.9).sum()) == pytest.approx(strict, abs=2)
    assert len(similarity) == pytest.approx(lax, abs=3)


def test_contradictions_flagged(shared_data):
    told = {}
    for name, found in {
        "alpaca": payloads(shared_data / ALPACA),
        "banking77": labelled(shared_data),
        "huatuo": payloads(shared_data / HUATUO),
    }.items():
        stage = Contradictions()
        told[name] = (len(found), len(stage.select(rows_of(stage, found)).row))
    print(f"\n{told}")
    assert told == {"alpaca": (52_002, 0), "banking77": (13_083, 0), "huatuo": (8_658, 6)}
