"""Every row that holds some words, and no other: what the index says is what a look at all texts says."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assay.errors import NotFound, UsageError
from assay.model.version import SegmentRef
from assay.store.index import exact
from assay.store.index.sqlite import SqliteIndex
from assay.store.index.words import Query, fold, is_odd, is_plain, tokens
from assay.store.memory import MemoryStorage
from tests.store import drafts

ODD = "\U00031350"  # a Han character of Unicode 15: SQLite's tokeniser knows Unicode 6.1
# Letters that are cased, joined, of one another's scripts, newer than the tokeniser, signs, and CJK punctuation.
PIECES = [*"abAéßὖ退款用卡・ーア1  .-_", '"', ODD, "𞤀", "가"]
TEXTS = st.lists(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=10).map("".join), min_size=1, max_size=8
)
TERMS = st.lists(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join).filter(lambda t: t.strip()),
    min_size=1,
    max_size=2,
)


def held(texts):
    """An index over one version of some texts, and its segment."""
    made = drafts.Registry(MemoryStorage())
    manifest = made.commit("a", None, {"train": sorted(set(texts))})
    index = SqliteIndex(":memory:")
    index.sync(made.objects, made.log)
    (part,) = manifest.splits["train"]
    return index, part.segment


def ordered(texts):
    """The texts as the segment has them: by id."""
    return sorted(set(texts), key=drafts.id_of)


@settings(deadline=None, max_examples=120)
@given(TEXTS, TERMS)
@example(["・", "ア・イ", "イ"], ["・"])
@example(["・", "ア・イ", "イ"], ["ア・イ"])
def test_the_rows_are_those_whose_text_matches(texts, terms):
    index, segment = held(texts)
    query = Query(tuple(fold(term).strip() for term in terms))
    rows = index.holding([segment], query)[segment.object].tolist()
    assert rows == [row for row, text in enumerate(ordered(texts)) if query.matches(text)]


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.sampled_from(["退款", "a", "ab", "退", "退款用", "用卡", "アー", "1", "ア"]))
def test_plain_terms_are_found_without_reading(texts, term):
    """So that counting the rows of a frequent word costs no look at their texts."""
    index, segment = held(texts)
    query = Query((term,))
    assert is_plain(term)
    expected = [row for row, text in enumerate(ordered(texts)) if query.matches(text)]
    odd = sum(is_odd(text) for text in texts)
    read = []
    original = exact._matching
    exact._matching = lambda objects, ref, rows, q: read.append(len(rows)) or original(objects, ref, rows, q)
    try:
        assert index.holding([segment], query)[segment.object].tolist() == expected
    finally:
        exact._matching = original
    assert sum(read) <= odd


def test_the_tokeniser_at_hand_takes_every_letter_as_one_that_is_not_odd():
    """What `is_plain` rests on: no letter or digit is dropped, none becomes an ASCII one, but those that are odd."""
    db = sqlite3.connect(":memory:")
    db.execute(
        "CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='unicode61 remove_diacritics 0')"
    )
    db.execute("CREATE VIRTUAL TABLE found USING fts5vocab(words, 'instance')")
    letters = [chr(p) for p in range(0x80, 0x30000) if chr(p).isalnum()]
    db.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", ((ord(c), tokens(c)) for c in letters))
    said = {}
    for term, row in db.execute("SELECT term, doc FROM found"):
        said.setdefault(row, []).append(term)
    for char in letters:
        terms = said.get(ord(char), [])
        assert terms or is_odd(char), hex(ord(char))
        assert is_odd(char) or {t for t in terms if t.isascii()} <= {*tokens(char).split()}, hex(ord(char))
        if is_plain(fold(char)) and not is_odd(char):
            assert terms == [fold(char)], hex(ord(char))


def test_what_is_plain():
    assert is_plain("退款") and is_plain("refund2") and is_plain("アー")
    for term in ("two words", "don't", "é", "iphone手机", "ア・イ", ODD * 2, "_a", ""):
        assert not is_plain(term), term
    assert is_odd("a𞤢") and not is_odd("退款 a é")


def test_too_much_to_read_is_refused(monkeypatch):
    index, segment = held(["a-b", "b-a", "a b"])
    monkeypatch.setattr(exact, "MOST_READ", 1)
    with pytest.raises(UsageError, match="would have to be read"):
        index.holding([segment], Query(("a-b", "a")))
    assert len(index.holding([segment], Query(("a", "b")))[segment.object]) == 3


def test_a_segment_that_the_index_does_not_know():
    index, segment = held(["a"])
    other = SegmentRef("0" * 64 + ".parquet", 1, 1, segment.min_id, segment.max_id)
    with pytest.raises(NotFound, match="knows no segment"):
        index.holding([other], Query(("a",)))


def test_edited_ids(tmp_path):
    index, _ = held(["a"])
    assert not len(index.edited("a"))
