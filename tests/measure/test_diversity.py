"""Words, pairs, openings, forms and sameness, against counts made by hand."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.measure.distinct import Distinct, Vocabulary
from assay.measure.diversity import similarity
from assay.measure.forms import FormCount, forms_of
from assay.measure.sample import SmallestIds


def test_words_and_pairs_of_two_rows():
    words = Vocabulary()
    words.add([["the", "cat", "the", "cat"], ["cat", "the"]])
    # Pairs: the-cat, cat-the, the-cat | cat-the. Nothing spans the two rows.
    assert (words.words, words.pairs) == (6, 4)
    assert words.distinct() == (2, 2)
    assert words.exact == (True, True)


def test_empty_rows_do_not_join_their_neighbours():
    words = Vocabulary()
    words.add([[], ["a"], [], [], ["b", "c"], []])
    assert (words.words, words.pairs, words.distinct()) == (3, 1, (3, 1))
    words.add([[], []])
    words.add([])
    assert (words.words, words.pairs) == (3, 1)


def test_chinese_counts_by_character():
    words = Vocabulary()
    words.add([list("重启路由器"), list("重启电脑")])
    assert words.words == 9
    assert words.distinct() == (7, 6)  # 重启 is the only pair that comes twice


@given(st.lists(st.lists(st.sampled_from("abcde\ud800"), max_size=6), max_size=12))
def test_counts_are_those_of_plain_sets(rows):
    words = Vocabulary()
    for row in rows:
        words.add([row])
    together = Vocabulary()
    together.add(rows[::-1])
    pairs = {(a, b) for row in rows for a, b in pairwise(row)}
    assert words.distinct() == together.distinct() == (len({w for row in rows for w in row}), len(pairs))


def test_an_estimate_is_within_its_error():
    rng = np.random.default_rng(5)
    hashes = rng.integers(0, 2**64, 400_000, dtype=np.uint64)
    distinct = Distinct(kept=4_096)
    for part in np.array_split(np.concatenate([hashes, hashes[::3]]), 37):
        distinct.add(part)
    assert not distinct.exact
    assert math.isclose(distinct.count(), 400_000, rel_tol=5 / 64)  # five standard errors of 1/sqrt(4096)


def test_similarity_by_hand():
    a, b, c = (frozenset((w,) for w in text.split()) for text in ("x y z", "x y w", "q"))
    assert similarity([a, b]) == 0.5  # two of four
    assert similarity([a, b, c]) == pytest.approx(0.5 / 3)
    assert similarity([a]) is None
    assert similarity([a, frozenset()]) is None


@given(st.lists(st.binary(min_size=4, max_size=4), unique=True, max_size=400), st.integers(1, 9))
def test_the_sample_is_the_smallest_ids_in_any_order(ids, size):
    sample = SmallestIds(size)
    for id in ids:
        sample.put(id, id)
    assert [id for id, _ in sample.drawn()] == sorted(ids)[:size]


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("Plain words, nothing else.", []),
        ("- one\n- two", ["list"]),
        ("First:\n1. do this\n2. do that", ["list"]),
        ("步骤:\n一、重启\n二、登录", ["list"]),
        ("1、打开设置\n2、点击账户", ["list"]),
        ("- only one item", []),
        ("3.5 litres\n4.5 litres", []),
        ("-5 degrees\n-6 degrees", []),
        ("Run:\n```sh\nls\n```", ["code"]),
        ('{"a": [1, 2]}', ["json"]),
        (" [1, 2]\n", ["json"]),
        ("{not json}", []),
        ("[see note]", []),
        ("# Title\ntext", ["heading"]),
        ("#hashtag", []),
        ("**bold** words", ["markdown"]),
        ("a | b\n--|--\n1 | 2", ["markdown"]),
        ("[link](page)", ["markdown"]),
        ("", []),
        ("\ud800 {", []),
        ('{"a": "\ud800"}', []),
    ],
)
def test_forms(text, forms):
    assert forms_of(text) == forms


def test_the_largest_form_and_plain_outputs():
    count = FormCount()
    count.add(["- a\n- b", "- c\n- **d**", "plain", "# T\n\n- a\n- b"])
    found = count.result()
    assert (found.outputs, found.plain) == (4, 1)
    assert found.largest == ("list", 0.75)
    assert FormCount().result().largest == ("", 0.0)
