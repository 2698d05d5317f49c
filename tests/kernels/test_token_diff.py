"""What a diff of tokens promises: it spells both texts, whatever they are, at a bounded cost."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.kernels.token_diff import COST, LONGEST, token_diff, tokens

WORD = st.sampled_from(["the", "refund", " ", "退", "款", "[EMAIL]", ".", "\n", "x1", "été", "か"])
TEXT = st.lists(WORD, max_size=40).map("".join) | st.text(max_size=60)


def spelled(old: str, new: str) -> tuple[str, str]:
    parts = token_diff(old, new)
    assert all(text for _, text in parts)
    return "".join(t for k, t in parts if k != "ins"), "".join(t for k, t in parts if k != "del")


@settings(deadline=None, max_examples=300)
@given(TEXT, TEXT)
def test_it_spells_both_texts(old: str, new: str) -> None:
    assert spelled(old, new) == (old, new)


@settings(deadline=None, max_examples=60)
@given(TEXT)
def test_the_tokens_are_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from("abcdefgh"), max_size=60), st.lists(st.sampled_from("abcdefgh"), max_size=60))
def test_sides_of_any_length_are_compared(a: list[str], b: list[str]) -> None:
    assert spelled(" ".join(a), " ".join(b)) == (" ".join(a), " ".join(b))


def test_words_and_han_characters_are_compared_one_by_one() -> None:
    assert token_diff("It should arrive soon.", "It takes 3 days.") == [
        ("same", "It "), ("del", "should arrive soon"), ("ins", "takes 3 days"), ("same", ".")
    ]  # fmt: skip
    assert token_diff("退款大概到账", "退款三天到账") == [
        ("same", "退款"), ("del", "大概"), ("ins", "三天"), ("same", "到账")
    ]  # fmt: skip
    assert token_diff("mail ann@x.org now", "mail [EMAIL] now")[-2:] == [("ins", "[EMAIL]"), ("same", " now")]


def test_texts_that_share_next_to_nothing_are_replaced_whole() -> None:
    assert token_diff("one two three", "四五六") == [("del", "one two three"), ("ins", "四五六")]
    assert token_diff("", "x") == [("ins", "x")]
    assert token_diff("", "") == []


def test_a_long_text_is_compared_up_to_a_bound() -> None:
    long = " ".join(f"w{k % 97}" for k in range(4 * LONGEST))
    other = " ".join(f"w{k % 89}" for k in range(4 * LONGEST))
    assert len(tokens(long)) == LONGEST + 1
    assert len(tokens(long)) > COST
    assert spelled(long, other) == (long, other)
