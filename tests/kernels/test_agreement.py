"""Coefficients of agreement against published worked examples."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.kernels.agreement import (
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    pairwise_agreement,
)

N = None
# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", sections C to E: four observers, twelve units.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
]
UNITS = list(zip(*OBSERVERS, strict=True))

# Fleiss (1971) as worked on Wikipedia, "Fleiss' kappa": fourteen raters, ten subjects, five categories.
SUBJECTS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip

# Gwet (2014), "Handbook of Inter-Rater Reliability", in R's irrCAC 1.0: cont3x3abstractors.
ABSTRACTORS = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]


def from_table(table):
    return [(i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)]


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_krippendorffs_own_example(level, alpha):
    assert krippendorff_alpha(UNITS, level) == pytest.approx(alpha, abs=5e-4)


def test_fleiss_example():
    items = [[k for k, count in enumerate(row) for _ in range(count)] for row in SUBJECTS]
    assert fleiss_kappa(items) == pytest.approx(0.210, abs=5e-4)


def test_cohen_example():
    """Fifty grant proposals, two readers: Wikipedia, "Cohen's kappa", the first worked example."""
    assert cohen_kappa(*zip(*from_table([[20, 5], [10, 15]]), strict=True)) == pytest.approx(0.4)


def test_gwets_abstractors():
    pairs = from_table(ABSTRACTORS)
    assert cohen_kappa(*zip(*pairs, strict=True)) == pytest.approx(0.7964094, abs=1e-7)
    assert gwet_ac1(pairs) == pytest.approx(0.8493305, abs=1e-7)
    assert krippendorff_alpha(pairs) == pytest.approx(0.7972585, abs=1e-7)


def test_gwets_missing_ratings():
    """cac.raw4raters of irrCAC, which is Krippendorff's table: AC1 0.77544."""
    assert gwet_ac1(UNITS) == pytest.approx(0.77544, abs=1e-5)


def test_the_paradox_of_kappa():
    pairs = from_table([[118, 5], [2, 0]])
    assert cohen_kappa(*zip(*pairs, strict=True)) < 0
    assert gwet_ac1(pairs) > 0.94


@pytest.mark.parametrize("items", [[], [[]], [["a"]], [["a", None]], [[None, None]]])
def test_nothing_to_compare_is_not_a_number(items):
    for coefficient in (fleiss_kappa, gwet_ac1, krippendorff_alpha):
        assert math.isnan(coefficient(items))
    assert math.isnan(cohen_kappa([], [])) and math.isnan(cohen_kappa(["a"], [None]))


def test_unequal_numbers_are_refused():
    with pytest.raises(ValueError, match="same number"):
        fleiss_kappa([["a", "b"], ["a", "a", "b"]])
    with pytest.raises(ValueError, match="argument"):
        cohen_kappa(["a"], [])


ITEMS = st.lists(st.lists(st.sampled_from([1, 2, 3]), min_size=3, max_size=3), min_size=1, max_size=12)


@given(ITEMS)
def test_order_of_items_and_annotators_does_not_matter(items):
    turned = [item[::-1] for item in items[::-1]]
    for coefficient in (fleiss_kappa, gwet_ac1, krippendorff_alpha):
        assert coefficient(items) == pytest.approx(coefficient(turned), nan_ok=True)


@given(ITEMS)
def test_full_agreement_is_one_and_nothing_is_more(items):
    agreed = [[item[0]] * 3 for item in items]
    for coefficient in (fleiss_kappa, gwet_ac1, krippendorff_alpha):
        assert coefficient(agreed) == pytest.approx(1.0) or math.isnan(coefficient(agreed))
        assert not coefficient(items) > 1 + 1e-9


@pytest.mark.parametrize(
    ("labels", "share"), [(["a", "a"], 1), (["a", "b"], 0), (["a", "a", "b"], 1 / 3), (["a", None, "a"], 1)]
)
def test_pairwise(labels, share):
    assert pairwise_agreement(labels) == pytest.approx(share)
    assert math.isnan(pairwise_agreement(["a", None]))
