"""How often a corpus written before 2023 mentions a later year."""

from __future__ import annotations

import pytest

from assay.curate.batch import Batch
from assay.stages.temporal import Temporal
from tests.quality.corpora import alpaca, as_payload

pytestmark = pytest.mark.shared_data


def test_alpaca(shared_data):
    stage = Temporal(column="date", cutoff="2022-12-31", mentions=True)
    checks = stage.checks(stage.measure(Batch(list(map(as_payload, alpaca(shared_data))))))
    found = {check.code: int(check.failed.sum()) for check in checks}
    print(found)
    assert found == {"after_cutoff": 0, "no_date": 0, "mentions_future": 48}
