"""The glance that saves a closer look misses nothing that the closer look would find."""

from __future__ import annotations

import json

import numpy as np
import pytest

from assay.kernels.glance import AT, COLONS, CUE, NUMBER, PLATE, glance
from assay.kernels.pii_patterns import find
from assay.kernels.texts import Texts
from tests.quality.corpora import alpaca, alpaca_zh, text

pytestmark = pytest.mark.shared_data


def missed(texts):
    """How many texts have hits, and those of them that a glance passes over."""
    seen = glance(Texts.of(texts)) & (AT | NUMBER | COLONS | CUE | PLATE)
    with_hits = [k for k, one in enumerate(texts) if find(one)]
    return len(with_hits), [k for k in with_hits if not seen[k]], float(np.mean(seen > 0))


def test_no_hit_is_passed_over(shared_data):
    gold = json.loads(text(shared_data / "pii" / "presidio_synth_dataset_v2.json.zst"))
    corpora = {
        "presidio": [row["full_text"] for row in gold],
        "alpaca": [f"{r['instruction']}\n{r['input']}\n{r['output']}" for r in alpaca(shared_data)],
        "alpaca zh": [json.dumps(r, ensure_ascii=False) for r in alpaca_zh(shared_data)],
    }
    for name, texts in corpora.items():
        hits, lost, share = missed(texts)
        print(
            f"{name:10}  {len(texts):6,} texts  {hits:5,} with hits  {share:6.1%} looked at  {len(lost)} missed"
        )
        assert hits and not lost
