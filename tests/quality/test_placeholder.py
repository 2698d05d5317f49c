"""What `placeholder` finds in the licensed instruction corpora, and that none of Alpaca's known ones is missed."""

from __future__ import annotations

import re

import pytest

from assay.curate.batch import Batch
from assay.stages.placeholder import Placeholder
from tests.quality.corpora import alpaca, alpaca_zh, as_payload

pytestmark = pytest.mark.shared_data

KNOWN = re.compile(r"(?i)[<\[]?\s*(no ?-?_?(in|out)put( required)?|n/a)\s*[>\]]?\.?")
"""A placeholder as a whole answer, spelled in the ways that a plain search of the raw file turns up."""


def codes(rows):
    stage = Placeholder()
    return {
        check.code: check.failed for check in stage.checks(stage.measure(Batch(list(map(as_payload, rows)))))
    }


def test_alpaca(shared_data):
    rows = alpaca(shared_data)
    found = codes(rows)
    known = [k for k, row in enumerate(rows) if KNOWN.fullmatch(row["output"].strip())]
    print(len(known), {code: int(failed.sum()) for code, failed in found.items()})
    assert len(known) == KNOWN_COUNT
    assert found["placeholder_output"][known].all()
    assert {code: int(failed.sum()) for code, failed in found.items()} == ALPACA


def test_alpaca_in_chinese(shared_data):
    found = codes(alpaca_zh(shared_data))
    print({code: int(failed.sum()) for code, failed in found.items()})
    assert {code: int(failed.sum()) for code, failed in found.items()} == CHINESE


KNOWN_COUNT = 62
ALPACA = {"placeholder_output": 144, "placeholder_input": 732, "unfilled_template": 235}
CHINESE = {"placeholder_output": 40, "placeholder_input": 185, "unfilled_template": 76}
