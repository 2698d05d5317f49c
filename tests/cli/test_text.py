"""Hostile text cannot act on a terminal, and nothing is wider than it was asked to be."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from assay.cli.render.text import block, clip, counted, plural, safe_text, short

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates and unassigned code points too
BIDI = [chr(c) for c in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\x00b\x08c\x7f", r"a\x00b\x08c\x7f"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),
        ("\u2066x\u2069", r"\u2066x\u2069"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("hi\U000e0041", r"hi\U000e0041"),
        ("\ud800", r"\ud800"),
        ("a\r\nb\nc\td", "a↵ b↵ c d"),
        ("[bold]not markup[/bold]", "[bold]not markup[/bold]"),
    ],
)
def test_hostile_characters_are_spelled_out(hostile: str, shown: str) -> None:
    assert safe_text(hostile) == shown


def test_text_people_write_is_left_alone() -> None:
    for text in ("如何重置密码?", "naïve café", "👩\u200d💻 ok", "می\u200cخواهم", "❤\ufe0f", "Ω ≈ 3 → 4"):
        assert safe_text(text) == text


def test_lines_may_stay_lines() -> None:
    assert safe_text("a\r\nb\u2028c\n", lines=True) == "a\nb\nc\n"


def test_piles_of_marks_are_cut() -> None:
    assert len(safe_text("z" + "\u0301" * 500)) < 10


@settings(deadline=None, max_examples=200)
@given(ANY_TEXT, st.booleans())
def test_nothing_that_acts_survives(text: str, lines: bool) -> None:
    shown = safe_text(text, lines=lines)
    controls = [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert [c for c in controls if not (lines and c == "\n")] == []
    assert not set(shown) & set(BIDI)
    shown.encode("utf-8")


@settings(deadline=None, max_examples=200)
@given(ANY_TEXT, st.integers(1, 40))
def test_a_clip_is_never_wider_than_asked(text: str, cells: int) -> None:
    shown = clip(text, cells)
    assert cell_len(shown) <= cells
    assert "\n" not in shown


def test_a_clip_says_that_it_cut() -> None:
    assert clip("abcdef", 6) == "abcdef"
    assert clip("abcdefg", 6) == "abcde…"
    assert clip("密码密码密码", 6) == "密码…"


def test_a_block_says_how_much_is_missing() -> None:
    assert block("x" * 10, limit=4).plain == "xxxx … 6 more characters"
    assert block("密" * 10, limit=4).plain == "密密 … 8 more characters"
    assert block("").plain == "(empty)"


def test_small_words() -> None:
    assert short("sha256:" + "ab" * 32) == "abababababab"
    assert plural(1, "record") == "1 record"
    assert plural(12000, "record") == "12,000 records"
    assert counted({"test": 1, "train": 2000}) == "train 2,000 · test 1"
