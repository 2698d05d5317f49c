"""Answers of people: every key known, every problem told at once, nothing else let in."""

import pytest

from assay.errors import BadInput
from assay.govern.card import CARD_KEYS
from assay.govern.croissant import CROISSANT_KEYS
from assay.govern.filling import MAX_BYTES, MAX_CHARS, QUESTIONS, Fill, read_fill


def test_texts_lists_groups_and_dates():
    fill = read_fill(
        "license: CC-BY-4.0\nintended_uses: [回答邮件, mail]\nsummary:\neu: {placed_on_market: 2026-11-21}\n".encode(),
        "f.yaml",
    )
    assert fill.text("license") == "CC-BY-4.0"
    assert fill.all("intended_uses") == ("回答邮件", "mail")
    assert fill.text("eu.placed_on_market") == "2026-11-21"
    assert fill.open(("license", "summary", "biases")) == ("summary", "biases")


def test_every_problem_is_told_with_the_nearest_key():
    with pytest.raises(BadInput) as caught:
        read_fill(b"licence: x\nsummary: [a, b]\neu: {providr: y}\nbiases: {a: b}\n", "f.yaml")
    said = str(caught.value)
    assert "licence: unknown; did you mean license?" in said
    assert "eu.providr: unknown; did you mean eu.provider?" in said
    assert "summary: must be a text" in said and "biases: must be a text or a list of texts" in said
    assert "docs/cards.md" in caught.value.hint


@pytest.mark.parametrize(
    "data",
    [
        b"[1, 2]",
        b"license: !!python/object/apply:os.system [ls]",
        b"license: [",
        b"\xff\xfe\x00",
        b"x" * (MAX_BYTES + 1),
        f"summary: {'x' * (MAX_CHARS + 1)}".encode(),
        b"[" * 20_000,
    ],
)
def test_what_is_no_answers_is_refused(data):
    with pytest.raises(BadInput) as caught:
        read_fill(data, "f.yaml")
    assert "f.yaml" in caught.value.message and caught.value.hint


def test_an_empty_file_answers_nothing():
    assert read_fill(b"", "f.yaml") == Fill()


def test_every_key_that_papers_use_is_a_question():
    assert set(CARD_KEYS) | set(CROISSANT_KEYS) <= set(QUESTIONS)
