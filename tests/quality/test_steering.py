"""False alarms of the screen for attempts to steer a judge, in the licensed instruction corpora."""

from __future__ import annotations

import pytest

from assay.kernels.steering import attempts
from tests.quality.corpora import alpaca, alpaca_zh

pytestmark = pytest.mark.shared_data


@pytest.mark.parametrize(("corpus", "alarms"), [(alpaca, 23), (alpaca_zh, 4)])
def test_false_alarms(shared_data, corpus, alarms):
    rows = [
        "\n".join(str(r.get(k, "")) for k in ("instruction", "input", "output")) for r in corpus(shared_data)
    ]
    found = sum(bool(attempts(row)) for row in rows)
    print(f"{corpus.__name__}: {found} of {len(rows)}")
    assert found == alarms
