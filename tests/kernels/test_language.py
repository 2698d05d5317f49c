"""The compiled kernel tells languages as the reference does, value for value, and asks it only where it must."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assay.kernels import little_words, native
from assay.kernels.characters import POINTS
from assay.kernels.language import CODE, MIN_LETTERS, SURE, UNKNOWN, language_of, languages_of
from assay.kernels.language_tables import packed, tables, unpacked
from assay.kernels.texts import Texts

WORDS = sorted({
    word for name in little_words.SCRIPTS for kind in little_words.weights(name)[1:] for word in kind
})  # fmt: skip
CODE_LINES = [
    "def total(rows):", "    return x", "x = f(1);", "// 中文",
    "# 结果", "* one", "SELECT a FROM b", "if (a) {", "}",
    "for all of them.", "return to me (please)。", "a b = c", "a b c d = e", "f(x)",
    "(x)", "the end)", "a == b", "::", "x:(",
    "class: one", "let x be 3;", "—",
]  # fmt: skip
ODD = [
    "’", "'", "-", "don’t", "İ", "ΑΣ ", "ẞ",
    "e\u0301", "\u0301", "\u0316\u0301", "\u0301\u0316", "é\u0316", "\u0340", "´", "\u0958",
    "ﬁ", "…", "½", "²", "Ａ", "＇", "ŉ", "ｶﾞ",
    "ﷺ", "\u0654", "\u064b", "\u0651\u064e", "한", "\u1112\u1161\u11ab", "\U000e0067", "𠀀",
    "😀", "\x00", "\x1c", "\x85", "\u2028", "\u3000", "\xa0",
    "\r\n", "\t", "@", "a@b.de", "https://x.y/der", "www.die", "x.com", "_",
    "1", "٣", "の", "ー", "漢字", "中文", "あい", "ß", "ñ", "·", "Ⅷ", "ª", "\ud800",
]  # fmt: skip
FENCES = ["```", "~~~", "````", "``", "`", "~", "```py\n"]
pieces = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(WORDS).map(str.upper),
    st.sampled_from(["the", "und", "и", "في", "不", "。"]),
    st.sampled_from(ODD),
    st.sampled_from(FENCES),
    st.sampled_from(CODE_LINES).map(lambda line: f"\n{line}\n"),
    st.text(max_size=3),
)
joints = st.sampled_from([" ", "", "\n", " ' ", "-"])
texts = st.tuples(joints, st.lists(pieces, max_size=60), st.sampled_from([1, 1, 1, 40])).map(
    lambda drawn: drawn[0].join(drawn[1]) * drawn[2]
)
OPENED = native.open_language(tables(UNKNOWN, CODE, MIN_LETTERS, SURE))


def assert_the_same(given_texts):
    held = Texts.of(given_texts)
    assert native.available(), "the tests need the compiled kernel"
    language, confidence = languages_of(held)
    with native.reference_only():
        by_reference = languages_of(held)
    for row in np.flatnonzero((language != by_reference[0]) | (confidence != by_reference[1])):
        reference = unpacked(int(by_reference[0][row])), by_reference[1][row]
        pytest.fail(
            f"{given_texts[row]!r}: {unpacked(int(language[row]))}, {confidence[row]}, not {reference}"
        )


@given(st.lists(texts, max_size=8))
@example([""])
@example(
    [" " * 2_395 + "the of and to", " " * 2_401 + "the of", "\n" * 2_398 + "```", "x" * 2_397 + "``` the"]
)
@example(["```a```\nthe of and to~~~b", "~~~```~~~```the of and", "```" * 800, "the and of to ```"])
@settings(max_examples=400)
def test_any_text_has_the_same_language(given_texts):
    assert_the_same(given_texts)


@given(st.lists(st.text(max_size=80), max_size=8))
def test_so_has_text_of_any_characters(given_texts):
    assert_the_same(given_texts)


@pytest.mark.parametrize(
    "around", ["der{}die und{} das", "the {}a{}é of{}", "и{} в'{}не", "x = 1{}the of and to"], ids=str
)
def test_every_character_is_the_same_character(around):
    """Alone, twice, before and behind letters, marks and lines: what the tables say of each is what Python says."""
    assert_the_same(
        [around.replace("{}", chr(point)) for point in (*range(POINTS), 0x2F800, 0xE0067, 0x10FFFF)]
    )


def test_marks_in_any_order_are_the_same():
    marks = [
        chr(point)
        for point in (0x300, 0x301, 0x316, 0x321, 0x327, 0x338, 0x345, 0x5B0, 0x64B, 0x654, 0xB4, 0x34F)
    ]
    assert_the_same([f"der {x}{a}{b}{c}die" for x in "eéễ" for a in marks for b in marks for c in marks])


def test_the_reference_is_asked_only_where_characters_hang_on_each_other():
    plain = [
        "Ich weiß nicht, was soll es bedeuten…",
        "你好，今天怎么样？",
        "İstanbul’da ½ ™ ﬁ ﷺ",
        "```\nx\n```",
        "😀 the of and",
    ]
    tangled = ["cafe\u0301 et de la", "the of and to 𠀀"]
    state = native.languages(OPENED, Texts.of(plain + tangled))[2]
    assert (state == 2).tolist() == [False] * len(plain) + [True] * len(tangled)


@given(st.lists(texts, max_size=5))
def test_a_detector_is_asked_for_the_same_rows(given_texts):
    asked = []

    def detector(text):
        asked.append(text)
        return "la", 0.9

    expected = [language_of(text, detector) for text in given_texts]
    wanted, asked[:] = list(asked), []
    language, confidence = languages_of(Texts.of(given_texts), detector)
    assert [(unpacked(int(k)), c) for k, c in zip(language, confidence, strict=True)] == expected
    assert asked == wanted


@given(st.lists(st.text(st.characters(), max_size=30), max_size=6), st.integers(0, 9))
def test_heads_keep_what_they_must(given_texts, points):
    heads = Texts.of(given_texts).heads(points)
    assert [head[:points] for head in heads] == [text[:points] for text in given_texts]
    assert all(text.startswith(head) for head, text in zip(heads, given_texts, strict=True))
    assert (heads.sizes <= 4 * points).all()


def test_tables_that_do_not_hold_together_are_refused():
    good = tables(UNKNOWN, CODE, MIN_LETTERS, SURE)
    with pytest.raises(ValueError):
        native.open_language(good[:-1])
    for place in range(len(good)):
        if place != 9:  # a list of no marks is a list
            with pytest.raises(ValueError):
                native.open_language((*good[:place], good[place][:0], *good[place + 1 :]))
    for place, wrong in (
        (0, 1 << 26 | 0x1FFFFF),
        (2, 200),
        (5, 3),
        (6, -1),
        (9, -1),
        (10, 99),
        (12, 1 << 31),
        (13, -1),
    ):
        table = good[place].copy()
        table.flat[0] = wrong
        with pytest.raises(ValueError):
            native.open_language((*good[:place], table, *good[place + 1 :]))


def test_nonsense_is_refused():
    held = Texts.of(["abc", "def"])
    with pytest.raises(ValueError):
        native.languages(OPENED, Texts(held.data, held.start, held.end + 10))
    with pytest.raises(ValueError):
        native.languages(object(), held)


@pytest.mark.parametrize("name", [*sorted(little_words.LANGUAGES), UNKNOWN, CODE])
def test_codes_survive_packing(name):
    assert unpacked(packed(name)) == name
