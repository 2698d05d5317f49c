"""The longest shared run of units, against the definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.kernels.lcs import lcs_length, shared_run


def by_definition(a, b):
    return max(
        (k for i in range(len(a)) for k in range(1, len(a) - i + 1) if a[i : i + k] in windows(b, k)),
        default=0,
    )


def windows(b, k):
    return [b[i : i + k] for i in range(len(b) - k + 1)]


@pytest.mark.parametrize("function", [lcs_length, shared_run])
@pytest.mark.parametrize(
    ("a", "b", "length"),
    [
        ("", "", 0),
        ("a", "", 0),
        ("a", "b", 0),
        ("a", "a", 1),
        ("the cat sat on the mat", "a cat sat on my mat", 3),
        ("one two three", "three one two three four", 3),
        ("x y", "y x", 1),
        ("a a a a", "a a", 2),
    ],
)
def test_examples(function, a, b, length):
    assert function(a.split(), b.split()) == length


def test_han_characters_are_units():
    assert lcs_length(list("请重启路由器"), list("先重启路由器再试")) == 5


@given(st.lists(st.sampled_from("abc"), max_size=14), st.lists(st.sampled_from("abc"), max_size=14))
def test_both_follow_the_definition(a, b):
    assert lcs_length(a, b) == lcs_length(b, a) == shared_run(a, b) == by_definition(a, b)


def test_long_texts_of_one_word_are_no_trap():
    assert lcs_length(["a"] * 20_000, ["a"] * 30_000) == 20_000
    assert shared_run(["a", "b"] * 20_000, ["a", "b"] * 10_000) == 20_000


def test_many_runs_that_come_to_nothing_are_no_trap():
    """Every pair of the second stands in the first, and no three do."""
    first = [unit for k in range(15_000) for unit in (f"a{k}", f"b{k}", "|", f"b{k}", f"c{k}", "|")]
    second = [unit for k in range(15_000) for unit in (f"a{k}", f"b{k}", f"c{k}", "-")]
    assert shared_run(first, second) == lcs_length(first, second) == 2
