"""A log entry reads back as it was written, and shows any change of its bytes."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.model.operation import RESERVED, Operation

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
bodies = st.dictionaries(
    text.filter(lambda k: k not in RESERVED),
    st.recursive(st.none() | st.booleans() | st.integers(-(2**50), 2**50) | text, st.lists, max_leaves=4),
    max_size=4,
)
operations = st.builds(
    Operation,
    seq=st.integers(1, 10**8),
    prev=st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
    time=text,
    actor=text,
    action=text,
    dataset=st.none() | text,
    body=bodies,
)


@given(operations)
@settings(deadline=None, max_examples=80)
def test_what_is_written_is_read(operation: Operation) -> None:
    data = operation.as_bytes()
    assert Operation.from_bytes(data) == operation
    assert orjson.loads(data).keys() >= RESERVED


@given(operations, st.data())
@settings(deadline=None, max_examples=200)
def test_no_flipped_bit_goes_unseen(operation: Operation, data: st.DataObject) -> None:
    good = operation.as_bytes()
    at = data.draw(st.integers(0, len(good) * 8 - 1))
    bad = bytearray(good)
    bad[at // 8] ^= 1 << at % 8
    with pytest.raises(ValueError):
        Operation.from_bytes(bytes(bad))


@pytest.mark.parametrize("field", sorted(RESERVED))
def test_a_body_cannot_pretend(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        Operation(1, None, "t", "me", "tag", None, {field: 1}).as_bytes()


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"1", b'{"seq":1}'])
def test_what_is_no_entry_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        Operation.from_bytes(data)
