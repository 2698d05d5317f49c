"""What `refusal` finds in the licensed instruction corpora."""

from __future__ import annotations

import pytest

from assay.curate.batch import Batch
from assay.stages.refusal import Refusal
from tests.quality.corpora import alpaca, alpaca_zh, as_payload

pytestmark = pytest.mark.shared_data


@pytest.mark.parametrize(("corpus", "refusals", "stock"), [(alpaca, 23, 0), (alpaca_zh, 4, 0)])
def test_refusals(shared_data, corpus, refusals, stock):
    stage = Refusal()
    checks = stage.checks(stage.measure(Batch([as_payload(r) for r in corpus(shared_data)])))
    found = {check.code: int(check.failed.sum()) for check in checks}
    print(corpus.__name__, found)
    assert found == {"refusal": refusals, "boilerplate_answer": stock}
