"""A diff shows each changed word once, and the same with and without colour."""

import re
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.cli.render.diff import by_split, row, split_counts, summary
from assay.cli.render.words import words
from assay.model.diff import Change, Diff

Paint = Callable[..., str]

A, B = "sha256:" + "ab" * 32, "sha256:" + "cd" * 32
ONE, TWO = b"\x01" * 32, b"\x02" * 32


def test_the_summary(paint: Paint) -> None:
    counts = {"added": 1200, "removed": 3, "edited": 4, "moved": 0}
    assert paint(summary("helpdesk@v1", "helpdesk@v2", counts, (A, B))) == (
        "helpdesk@v1 → helpdesk@v2\n"
        "  +1,200 added   −3 removed   ~4 edited   →0 moved\n"
        "  fingerprints abababababab → cdcdcdcdcdcd"
    )
    assert paint(summary("a@v1", "a@v2", {}, (A, A))).endswith("the same content")


def test_the_table_by_split(paint: Paint) -> None:
    diff = Diff(
        added=(Change(ONE, split="train"),),
        removed=(Change(TWO, old_split="test"),),
        moved=(Change(ONE, "train", "test"),),
    )
    assert paint(by_split(split_counts(diff), {"test": 2, "train": 8}, {"train": 10})) == (
        "  split  before  added  removed  edited  moved  after\n"
        "  test        2      0        1       0      0      0\n"
        "  train       8      1        0       0      1     10"
    )


def test_words_that_changed() -> None:
    assert words("reset my old password", "change my password").plain == (
        "[-reset-]{+change+} my[- old-] password"
    )
    assert words("点击登录页上的", "点击登录页面上的").plain == "点击登录页{+面+}上的"
    assert words("same", "same").plain == "same"


def test_long_equal_runs_are_folded() -> None:
    shown = words("start " + "word " * 100 + "end", "begin " + "word " * 100 + "stop").plain
    assert shown.startswith("[-start-]{+begin+} word")
    assert shown.endswith("[-end-]{+stop+}")
    assert "…" in shown
    assert len(shown) < 200
    assert words("same " * 100 + "old", "same " * 100 + "new").plain == "… " + "same " * 6 + "[-old-]{+new+}"


def test_long_texts_are_clipped_and_it_says_so() -> None:
    shown = words("a " * 5_000, "b " * 6_000).plain
    assert shown.endswith("texts of 10,000 and 12,000 characters")
    assert len(shown) < 5_000


def test_rows(paint: Paint) -> None:
    change = {"op": "added", "id": ONE.hex(), "split": "train", "input": "问题 \x1b[31m", "output": "x" * 200}
    assert paint(row(change)) == (
        "+ 010101010101  train\n    input  问题 \\x1b[31m\n    output " + "x" * 64 + "…"
    )
    edited = {
        "op": "edited", "id": ONE.hex(), "old_id": TWO.hex(), "split": "train", "old_split": "test",
        "input": "same", "old_input": "same", "output": "new words", "old_output": "old words",
    }  # fmt: skip
    assert paint(row(edited)) == (
        "~ 020202020202 → 010101010101  test → train\n    input  same\n    output\n    [-old-]{+new+} words"
    )


SMALL = st.text("ab \n密", max_size=30)


@settings(deadline=None, max_examples=200)
@given(SMALL, SMALL)
def test_both_texts_can_be_read_back(old: str, new: str) -> None:
    shown = words(old, new).plain
    if "…" in shown:
        return
    flat = {name: text.replace("\n", "↵ ") for name, text in (("old", old), ("new", new))}
    assert re.sub(r"\{\+.*?\+\}", "", shown).replace("[-", "").replace("-]", "") == flat["old"]
    assert re.sub(r"\[-.*?-\]", "", shown).replace("{+", "").replace("+}", "") == flat["new"]
