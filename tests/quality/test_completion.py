"""How often `truncated_output` is a false alarm, and how often it sees a cut, on the licensed corpora."""

from __future__ import annotations

import random

import pytest

from assay.kernels.counting import count_units, units
from assay.kernels.endings import ending
from tests.quality.corpora import alpaca, alpaca_zh

pytestmark = pytest.mark.shared_data


def flagged_share(outputs):
    return sum(ending(text) > 0 for text in outputs) / len(outputs)


def cut_recall(outputs, chance):
    """Whole one-paragraph answers cut at a random unit of their second half; cuts between sentences left out."""
    whole = [t for t in outputs if t[-1:] in ".。!?！？" and "\n" not in t]
    cut = []
    for text in chance.sample(whole, 4_000):
        if text.isascii():
            words = units(text)
            stump = " ".join(words[: chance.randrange(len(words) // 2, len(words) - 1)])
        else:
            stump = text[: chance.randrange(len(text) // 2, len(text) - 1)]
        if count_units(stump) >= 20 and stump.rstrip(' "”’)）')[-1:] not in ".。!?！？":
            cut.append(stump)
    return flagged_share(cut), len(cut)


@pytest.mark.parametrize(
    ("corpus", "least_rows", "false_alarms", "recall"),
    [(alpaca, 30_000, 0.0002, 0.71), (alpaca_zh, 11_000, 0.0025, 0.77)],
)
def test_truncated(shared_data, corpus, least_rows, false_alarms, recall):
    outputs = [r["output"] for r in corpus(shared_data) if count_units(r["output"]) >= 20]
    flagged = flagged_share(outputs)
    found, cuts = cut_recall(outputs, random.Random(1))
    print(
        f"{corpus.__name__}: {len(outputs)} outputs, flagged {flagged:.5f}, of {cuts} cuts seen {found:.3f}"
    )
    assert len(outputs) >= least_rows
    assert flagged <= false_alarms
    assert abs(found - recall) <= 0.03
