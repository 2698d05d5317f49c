"""Word grams, the index over eval items, and the items that are put into training data to test it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.kernels import wordgrams
from assay.kernels.contamination import index_items
from assay.kernels.injection import KINDS, injections
from assay.kernels.wordgrams import grams_of, tokens_of, windows

LONG = (
    "A bakery sells rye loaves for four dollars and seeded rolls for ninety cents each; "
    "on Friday Ondine bought three loaves and a dozen rolls. How much change did she get from forty dollars?",
    "She paid 3 * 4 + 12 * 0.9 = 22.80, so she got 17.20 back.",
)
CHINESE = ("小林每天骑车上班，单程要走七公里半，每周工作五天，请问他四周一共骑了多少公里？", "600")
ITEMS = [
    LONG,
    CHINESE,
    ("What is the boiling point of gallium?", "2,400 °C"),
    ("Ready?", "yes"),
    ("会下雨吗", "不会"),
]

TEXT = st.text(st.sampled_from("aB é,.\n中文字１２Ⅷ\U00020000😀\ud800ß"), max_size=40)


def best(text, items=ITEMS):
    index = index_items(items, 4, 5)
    tokens = tokens_of([text])
    found = index.best([text], tokens, grams_of(tokens, 4, 5))
    return int(found.item[0]), float(found.score[0]), index.evidence(text, int(found.item[0]))


def spans(text):
    tokens = tokens_of([text])
    return [text[a:b] for a, b in zip(tokens.start.tolist(), tokens.end.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" ,;\n", []),
        ("Don't panic: 42!", ["Don", "t", "panic", "42"]),
        ("用Python写3行", ["用", "Python", "写", "3", "行"]),
        ("カタカナ", ["カ", "タ", "カ", "ナ"]),
        ("한국어 단어", ["한국어", "단어"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("𠀀a", ["𠀀", "a"]),
        ("\ud800x", ["x"]),
    ],
)
def test_tokens(text, expected):
    assert spans(text) == expected


@pytest.mark.parametrize(
    ("a", "b"), [("HELLO there", "hello, There!"), ("１２３ ＡＢ", "123 ab"), ("ΣΊΣΥΦΟΣ", "σίσυφοσ")]
)
def test_case_width_and_punctuation_do_not_count(a, b):
    assert tokens_of([a]).hash.tolist() == tokens_of([b]).hash.tolist()


@given(st.lists(TEXT, max_size=6))
def test_a_text_has_the_same_tokens_in_any_company(texts):
    together = tokens_of(texts)
    for k, text in enumerate(texts):
        alone = tokens_of([text])
        at = together.text == k
        for name in ("hash", "cjk", "start", "end"):
            assert np.array_equal(getattr(together, name)[at], getattr(alone, name))


@given(TEXT)
def test_a_huge_text_is_cut_between_words(text):
    whole = spans(text * 3)
    held = wordgrams._BLOCK
    try:
        wordgrams._BLOCK = 16
        cut = spans(text * 3)
    finally:
        wordgrams._BLOCK = held
    assert cut == whole or any(len(word) > 8 for word in whole)


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20), st.integers(1, 9))
def test_windows_tell_runs_apart(hashes, size):
    found = windows(np.array(hashes, np.uint64), size)
    runs = {}
    for k in range(len(hashes) - size + 1):
        assert runs.setdefault(int(found[k]), hashes[k : k + size]) == hashes[k : k + size]


def test_grams_stay_within_their_text():
    tokens = tokens_of(["one two three", "four five", "一二三四五六"])
    grams = grams_of(tokens, 3, 5)
    assert tokens.text[grams.first].tolist() == [0, 2, 2]
    assert grams.size.tolist() == [3, 5, 5]


@pytest.mark.parametrize("item", range(len(ITEMS)))
def test_an_item_is_found_in_its_own_words(item):
    text = f"{ITEMS[item][0]}\n{ITEMS[item][1]}"
    assert best(text)[:2] == (item, 1.0)
    assert best(ITEMS[item][0])[:2] == (item, 1.0)


def test_what_is_matched_is_shown_as_the_text_has_it():
    text = f"Homework:\n{LONG[0].upper()} Show your work."
    item, score, matched = best(text)
    assert (item, score) == (0, 1.0)
    assert matched == LONG[0].upper().rstrip("?")
    assert best(f"题目如下。{CHINESE[0]}请写出过程。")[2] == CHINESE[0].rstrip("？")


def test_an_answer_alone_counts_for_its_share():
    assert 0.2 < best(LONG[1])[1] < 1.0


def test_another_question_of_the_same_form_is_another_question():
    assert best("What is the boiling point of nitrogen?")[1] < 0.35
    assert best("What is the boiling point of gallium in kelvin?")[0] == 2


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("ready", 3),
        ("READY?\nyes", 3),
        ("Are you there?\nReady?\nno", 3),
        ("Are you ready?", -1),
        ("ready, steady, go", -1),
        ("会下雨吗？", 4),
        ("明天会下雨吗", -1),
        ("yes", -1),
    ],
)
def test_a_short_question_is_found_as_a_whole_line_only(text, item):
    assert best(text)[0] == item


def test_what_all_items_say_weighs_next_to_nothing():
    frame = (
        "Read the following passage with great care and then answer the question that is asked about it below"
    )
    fruits = ["apple", "banana", "cherry", "damson", "elderberry", "fig", "grape", "hazel"]
    items = [(f"{frame}: {fruit} {' '.join(fruits[k:])}", "") for k, fruit in enumerate(fruits)]
    assert best(frame, items)[1] < 0.35
    assert best(items[5][0], items)[:2] == (5, 1.0)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=4), st.lists(TEXT, max_size=4))
def test_any_items_and_any_texts(items, texts):
    index = index_items(items, 2, 3)
    tokens = tokens_of(texts)
    found = index.best(texts, tokens, grams_of(tokens, 2, 3))
    assert ((found.score >= 0) & (found.score <= 1)).all()
    for text, item, score in zip(texts, found.item.tolist(), found.score.tolist(), strict=True):
        assert (item >= 0) == (score > 0)
        if item >= 0:
            matched = index.evidence(text, item)
            assert matched and matched in text


@pytest.mark.parametrize("kind", KINDS)
def test_injected_items_are_the_same_for_the_same_seed(kind):
    made = injections(kind, ITEMS, ["a row of one's own"], 7)
    assert made == injections(kind, ITEMS, ["a row of one's own"], 7)
    assert len(made) == len(ITEMS)


def test_kinds_of_injection():
    items, hosts = [LONG], ["before and after"]
    assert injections("wrapped", items, hosts, 0)[0].startswith("before")
    assert LONG[0] in injections("wrapped", items, hosts, 0)[0]
    assert ";" not in injections("no_punctuation", items, hosts, 0)[0]
    dropped = injections("words_dropped", items * 20, [], 0)
    kept = sum(len(spans(text)) for text in dropped) / (20 * len(spans(LONG[0])))
    assert 0.85 < kept < 0.95
