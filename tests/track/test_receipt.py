"""Receipts: what is spelled is read again, and what is no receipt is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import Damaged, UsageError
from assay.track.receipt import STATES, Receipt, tracker_digest
from assay.track.tracker import tracker_named

_text = st.text(max_size=20)
_texts = st.dictionaries(_text, _text, max_size=3)
receipts = st.builds(
    Receipt,
    run=_text,
    version=_text,
    fingerprint=_text,
    rows=st.integers(0, 10**9),
    started=_text,
    split=st.none() | _text,
    transform=st.none() | _text,
    seed=st.none() | st.integers(-(10**9), 10**9),
    environment=_texts,
    trackers=_texts,
    checkpoint=st.none() | _text,
    state=st.sampled_from(STATES),
    metrics=st.dictionaries(_text, st.floats(allow_nan=False), max_size=3),
)


@given(receipts)
def test_a_receipt_is_read_as_it_was_spelled(receipt: Receipt) -> None:
    assert Receipt.from_json(receipt.as_json()) == receipt


@pytest.mark.parametrize(
    ("field", "value"), [("run", None), ("rows", "3"), ("rows", True), ("split", 1), ("metrics", [])]
)
def test_what_is_no_receipt_is_refused_by_field(field: str, value: Any) -> None:
    spelled = Receipt("r", "a@v1", "sha256:00", 1, "2026-11-01T00:00:00Z").as_json()
    with pytest.raises(Damaged, match=field):
        Receipt.from_json(spelled | {field: value})


def test_a_digest_for_trackers_is_the_begin_of_the_fingerprint() -> None:
    assert tracker_digest("sha256:" + "0123456789abcdef" * 4) == "0123456789abcdef" * 2


def test_an_unknown_tracker_is_named() -> None:
    with pytest.raises(UsageError, match="no tracker 'tensorbord'"):
        tracker_named("tensorbord")
