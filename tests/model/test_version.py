"""Manifests survive being written; exclusions have one spelling."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.model.version import Manifest, Part, SegmentRef

names = st.text("abc训练", min_size=1, max_size=4)
hexes = st.binary(min_size=32, max_size=32).map(bytes.hex)
refs = st.builds(
    SegmentRef, hexes.map(lambda h: h + ".parquet"), st.integers(1, 9000), st.integers(1, 2**40), hexes, hexes
)


@st.composite
def parts(draw: st.DrawFn) -> Part:
    ref = draw(refs)
    return Part.of(ref, draw(st.sets(st.integers(0, ref.rows - 1), max_size=ref.rows)))


manifests = st.builds(
    Manifest,
    dataset=names,
    number=st.integers(1, 10**6),
    parents=st.lists(hexes, max_size=2).map(tuple),
    splits=st.dictionaries(names, st.lists(parts(), min_size=1, max_size=3).map(tuple), max_size=3),
    fingerprint=hexes,
    counts=st.dictionaries(names, st.integers(0, 10**9)),
    change=st.none() | hexes,
    curation=st.none() | hexes,
    message=st.text(max_size=20).filter(lambda t: t.isprintable()),
)


@given(manifests)
@settings(deadline=None, max_examples=60)
def test_what_is_written_is_read(manifest: Manifest) -> None:
    again = Manifest.from_bytes(manifest.as_bytes)
    assert again == manifest
    assert again.as_bytes == manifest.as_bytes and again.name == manifest.name


@given(st.sets(st.integers(0, 199_999), max_size=300), st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_equal_exclusions_have_equal_bytes(rows: set[int], seed: int) -> None:
    ref = SegmentRef("x", 200_000, 1, "", "")
    rows |= set(range(1000, 1000 + seed % 7000))  # a run
    shuffled = list(rows)
    random.Random(seed).shuffle(shuffled)
    part = Part.of(ref, sorted(rows))
    assert Part.of(ref, shuffled).as_json() == part.as_json()
    assert Part.from_json(part.as_json()).as_json() == part.as_json()
    assert part.live == 200_000 - len(rows)


def test_an_exclusion_must_be_a_row() -> None:
    with pytest.raises(ValueError, match="row 5 excluded of 5"):
        Part.of(SegmentRef("x", 5, 1, "", ""), [5])


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"null", b'{"format":1}', b'{"format":2}', b"\xff"])
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"manifest"):
        Manifest.from_bytes(data)
