"""What a record's own fields say of where it came from."""

from __future__ import annotations

from typing import Any

import pytest

from assay.formats.shapes.shape import stated_provenance

ID = "ab" * 32


def test_provenance_that_a_record_states_is_taken() -> None:
    record = {
        "id": 7, "model": "lab/m", "license": "cc0-1.0", "prompt_template": "faq@2", "origin": "synthetic",
        "depth": 2, "derived_from": [ID, "00" * 32, ID], "date": "2026-01-01",
    }  # fmt: skip
    assert stated_provenance(record) == {
        "key": "7", "generator": "lab/m", "created": "2026-01-01", "licence": "cc0-1.0",
        "prompt_template": "faq@2", "origin": "synthetic", "depth": 2,
        "derived_from": f'["{"00" * 32}","{ID}"]',
    }  # fmt: skip


@pytest.mark.parametrize(
    "field",
    [
        {"origin": "unknown"}, {"origin": ["human"]}, {"depth": True}, {"depth": -1}, {"depth": "1"},
        {"depth": 10**9}, {"derived_from": ID}, {"derived_from": []}, {"derived_from": [ID.upper()]},
        {"derived_from": [1]}, {"derived_from": [ID] * 1001}, {"id": True}, {"id": ""},
    ],
)  # fmt: skip
def test_what_reads_like_provenance_and_is_none_stays_a_field(field: dict[str, Any]) -> None:
    assert stated_provenance(field) == {}
