"""The linear text model: what it learns, that it is the same everywhere, and what files it refuses."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.kernels.linear_text import buckets, from_json, train

WARM = ["a sunny day", "sunny and bright", "a bright warm day", "阳光明媚", "今天阳光很好"]
COLD = ["a rainy night", "rain and cold", "a cold wet night", "阴雨连绵", "今天下雨很冷"]
MODEL = train(WARM + COLD, [1] * 5 + [0] * 5, bits=12)


def test_it_learns():
    assert all(MODEL.probability(text) > 0.5 for text in WARM)
    assert all(MODEL.probability(text) < 0.5 for text in COLD)
    assert MODEL.probability("sunny") > 0.5 > MODEL.probability("下雨")


def test_training_gives_the_same_model_again():
    assert train(WARM + COLD, [1] * 5 + [0] * 5, bits=12).digest == MODEL.digest
    assert train(WARM + COLD, [0] * 5 + [1] * 5, bits=12).digest != MODEL.digest


def test_the_gradient_is_nought_where_training_ends():
    """At the minimum the mean error is nought, because the bias is not held back."""
    errors = [MODEL.probability(t) - 1 for t in WARM] + [MODEL.probability(t) for t in COLD]
    assert abs(sum(errors) / len(errors)) < 1e-3


@given(st.text(max_size=100))
def test_a_file_keeps_the_model(text):
    again = from_json(MODEL.to_json())
    assert again.probability(text) == MODEL.probability(text)
    assert 0.0 <= MODEL.probability(text) <= 1.0
    assert again.digest == MODEL.digest


@given(st.text(max_size=60), st.integers(1, 3), st.integers(8, 20))
def test_buckets_are_distinct_and_in_range(text, most, bits):
    found = buckets(text, 1, most, bits).tolist()
    assert found == sorted(set(found)) and all(0 <= k < 1 << bits for k in found)
    assert set(buckets(text, 1, 1, bits).tolist()) <= set(found)


def test_buckets_are_frozen():
    """A changed hash would make every stored model speak nonsense."""
    assert buckets("ab", 1, 2, 16).tolist() == FROZEN_AB
    assert buckets("你好", 2, 2, 16).tolist() == FROZEN_HAN
    assert buckets("ＡＢ", 1, 2, 16).tolist() == FROZEN_AB
    assert buckets("", 1, 3, 16).tolist() == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": "pickle"}, "format"),
        ({"bits": 13}, "numbers of four bytes"),
        ({"bits": 40}, "bits are 8 to 24"),
        ({"least": 0}, "1 to 8"),
        ({"most": "3"}, "most must be a number"),
        ({"most": 2.5}, "whole numbers"),
        ({"bias": None}, "bias"),
        ({"weights": "%%%"}, "."),
        ({"weights": "AAAA"}, "numbers of four bytes"),
    ],
)
def test_files_that_are_no_model(change, says):
    document = {**orjson.loads(MODEL.to_json()), **change}
    with pytest.raises(ValueError, match=says):
        from_json(orjson.dumps(document))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\x80\x04", b"null"])
def test_bytes_that_are_no_model(data):
    with pytest.raises(ValueError):
        from_json(data)


@pytest.mark.parametrize(
    ("texts", "labels"), [([], []), (["a"], [1]), (["a", "b"], [1]), (["a", "b"], [1, 2])]
)
def test_training_needs_both_labels(texts, labels):
    with pytest.raises(ValueError, match="one label"):
        train(texts, labels)


FROZEN_AB = [1130, 27108, 54031]
FROZEN_HAN = [50311]
