"""The language of the search box: what is written is read back, and what is no query is refused with its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import UsageError
from assay.measure.facets.query import LONGEST, Compared, Picked, Query, parse

TEXT = st.text(min_size=1, max_size=12).filter(lambda text: text.strip())
NAMES = st.one_of(st.sampled_from(["lang", "score", "meta.topic", "意图"]), st.text(max_size=6))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)
QUERIES = st.builds(
    Query,
    st.lists(TEXT, max_size=3, unique=True).map(tuple),
    st.lists(TEXT, max_size=2, unique=True).map(tuple),
    st.lists(st.builds(Picked, NAMES, st.text(max_size=8), st.booleans()), max_size=3, unique=True).map(
        tuple
    ),
    st.lists(
        st.builds(Compared, NAMES, st.sampled_from([">=", "<=", ">", "<"]), NUMBERS, st.booleans()),
        max_size=2,
        unique=True,
    ).map(tuple),
)


@settings(deadline=None, max_examples=120)
@given(QUERIES)
def test_what_is_written_is_read_back(query):
    assert parse(query.text) == query


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet='ab:"-<>= \\退\u3000', max_size=30))
def test_any_text_is_a_query_or_an_error_that_says_where(text):
    try:
        query = parse(text)
    except UsageError as error:
        assert "character" in error.message
        assert error.hint
    else:
        assert parse(query.text) == query


def test_the_query_of_the_mock_up():
    query = parse('intent:refund lang:zh 退款 -origin:synthetic score>=4 "exact phrase"')
    assert query.words == ("退款", "exact phrase")
    assert query.picked == (
        Picked("intent", "refund"),
        Picked("lang", "zh"),
        Picked("origin", "synthetic", out=True),
    )
    assert query.compared == (Compared("score", ">=", 4.0),)
    assert [one.at for one in query.picked] == [1, 15, 26]


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ('a "b', 3, "never closed"),
        ("a lang:", 3, "no value"),
        ("score>=x", 1, "no number"),
        ("score>1e999", 1, "no number"),
        ("b -", 3, "behind the minus"),
        ('""', 1, "no word"),
        ('"a"b', 1, "follows the closing quote"),
        ('x:"a"b', 1, "follows the value"),
    ],
)
def test_errors_say_where(text, place, says):
    with pytest.raises(UsageError, match=f"at character {place} of the query: .*{says}"):
        parse(text)


def test_a_query_is_bounded():
    with pytest.raises(UsageError, match="at most 2,000 characters"):
        parse("a" * (LONGEST + 1))
    with pytest.raises(UsageError, match="more than 64 words"):
        parse(" ".join(f"w{n}" for n in range(70)))
