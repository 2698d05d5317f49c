"""How much of Alpaca copies its question."""

from __future__ import annotations

import pytest

from assay.curate.batch import Batch
from assay.stages.leakage import Leakage
from tests.quality.corpora import alpaca, as_payload

pytestmark = pytest.mark.shared_data


def test_alpaca(shared_data):
    stage = Leakage()
    (check,) = stage.checks(stage.measure(Batch(list(map(as_payload, alpaca(shared_data))))))
    print(f"answer_in_input: {check.failed.sum()} of {len(check.failed)}")
    assert (check.failed.sum(), len(check.failed)) == (1_897, 52_002)
