"""Alike sides and length bias in licensed preference data."""

from __future__ import annotations

import json

import pytest

from assay.curate.batch import Batch
from assay.stages.preference_pair import PreferencePair, length_bias
from tests.quality.corpora import text

pytestmark = pytest.mark.shared_data


def last_answer(side):
    return side["value"] if isinstance(side, dict) else side.rsplit("\n\nAssistant:", 1)[-1]


@pytest.mark.parametrize(
    ("name", "pairs", "alike", "longer", "correlation"),
    [
        ("dpo_en_demo.json.zst", 300, 1, 0.431, -0.084),
        ("dpo_zh_demo.json.zst", 300, 0, 0.587, 0.050),
        ("hh_harmless_base_test.jsonl.zst", 2_312, 3, 0.438, -0.109),
    ],
)
def test_pairs(shared_data, name, pairs, alike, longer, correlation):
    raw = text(shared_data / "preference" / name)
    rows = json.loads(raw) if name.endswith(".json.zst") else [json.loads(line) for line in raw.splitlines()]
    payloads = [
        {"prompt": "p", **{side: last_answer(row[side]) for side in ("chosen", "rejected")}} for row in rows
    ]
    stage = PreferencePair(threshold=0.8)
    values = stage.measure(Batch(payloads))
    (check,) = stage.checks(values)
    bias = length_bias(zip(values["chosen"].tolist(), values["rejected"].tolist(), strict=True))
    print(name, int(check.failed.sum()), bias)
    assert (bias.pairs, int(check.failed.sum())) == (pairs, alike)
    assert bias.longer_chosen == pytest.approx(longer, abs=0.001)
    assert bias.correlation == pytest.approx(correlation, abs=0.001)
