"""Quotas: whole numbers that add up, near the shares in every field and every cell."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import UsageError
from assay.generate.quotas import quotas, rounded

values = st.dictionaries(st.sampled_from("abcdefg退款物流"), st.floats(0.01, 100), min_size=1, max_size=6)


@given(st.integers(1, 5_000), st.lists(values, min_size=1, max_size=3))
def test_counts_add_up_and_every_field_has_its_shares(total: int, given: list[dict[str, float]]) -> None:
    shares = {f"field {k}": one for k, one in enumerate(given)}
    found = quotas(total, shares)
    assert found.total == total and all(count > 0 for count in found.counts.values())
    for field, asked in shares.items():
        whole = sum(asked.values())
        for value, count in found.of(field).items():
            assert abs(count - total * asked[value] / whole) < 1 + 1e-6


@given(st.integers(0, 10_000), values)
def test_rounding_takes_the_floor_or_the_ceiling(total: int, given: dict[str, float]) -> None:
    whole = sum(given.values())
    shares = [share / whole for share in given.values()]
    found = rounded(total, shares)
    assert sum(found) == total
    for count, share in zip(found, shares, strict=True):
        assert math.floor(total * share - 1e-6) <= count <= math.ceil(total * share + 1e-6)


def test_two_thousand_by_topic_and_language() -> None:
    found = quotas(
        2_000, {"topic": {"退款": 0.5, "delivery": 0.3, "login": 0.2}, "language": {"zh": 0.25, "en": 0.75}}
    )
    assert found.of("topic") == {"退款": 1000, "delivery": 600, "login": 400}
    assert found.of("language") == {"zh": 500, "en": 1500}
    assert found.counts["退款", "zh"] == 250
    assert found.left({("退款", "zh"): 250, ("退款", "en"): 700}) == {
        ("退款", "en"): 50, ("delivery", "zh"): 150, ("delivery", "en"): 450,
        ("login", "zh"): 100, ("login", "en"): 300,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("total", "shares", "said"),
    [
        (0, {"a": {"x": 1.0}}, "0 examples"),
        (5, {"a": {}}, "names no value"),
        (5, {"a": {"x": 0.0}}, "share of a=x"),
        (5, {"a": {"x": math.nan}}, "share of a=x"),
        (5, {k: {str(n): 1.0 for n in range(30)} for k in "abc"}, "27,000 cells"),
    ],
)
def test_quotas_that_make_no_sense_are_refused(
    total: int, shares: dict[str, dict[str, float]], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        quotas(total, shares)
    assert said in caught.value.message and caught.value.hint
