"""The verifier's own reading of entries is that of the library, though it shares no code with it."""

from __future__ import annotations

import json
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.govern.proofs.spelling import parse_entry, spell
from assay.model.canonical import canonical_json
from assay.model.operation import Operation

NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300)
@given(VALUES)
def test_a_value_is_spelled_as_the_library_spells_it(value):
    data = canonical_json(value)
    assert spell(value).encode() == data
    assert spell(json.loads(data)).encode() == data


def test_doubles_of_every_size_are_spelled_as_the_library_spells_them():
    dice = random.Random(5)
    for _ in range(20_000):
        (value,) = struct.unpack("<d", dice.randbytes(8))
        if value == value and abs(value) != float("inf"):
            assert spell(value).encode() == canonical_json(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (333333333.33333329, "333333333.3333333"),
        (1e30, "1e+30"),
        (4.50, "4.5"),
        (2e-3, "0.002"),
        (1e-27, "1e-27"),
        (-0.0, "0"),
        (1e21, "1e+21"),
        (1e20, "1" + "0" * 20),
        (2**53, "9007199254740992"),
        (5e-324, "5e-324"),
    ],
)
def test_numbers_of_the_standard(value, text):
    assert spell(value) == text


BODIES = st.dictionaries(
    KEYS.filter(lambda key: key not in {"seq", "prev", "time", "actor", "action", "dataset", "sha256"}),
    VALUES,
    max_size=4,
)


@settings(max_examples=200)
@given(BODIES, st.integers(0, 10**6), st.data())
def test_an_entry_is_read_and_a_changed_byte_is_not(body, seq, data):
    whole = Operation(seq, None, "2026-11-01T00:00:00Z", "安娜", "tag", None, body).as_bytes()
    assert parse_entry(whole)["seq"] == seq
    at, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    bent = bytearray(whole)
    bent[at] ^= 1 << bit
    with pytest.raises(ValueError):
        parse_entry(bytes(bent))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"nonsense",
        b"\xff",
        b'{"a":1,"a":1}',
        b"[" * 100_000,
        b'"' + b"1" * 10_000,
        b"1" * 5_000,
    ],
)
def test_what_is_no_entry_is_refused(data):
    with pytest.raises(ValueError):
        parse_entry(data)
