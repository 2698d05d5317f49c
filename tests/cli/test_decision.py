"""`why` tells one story, with its evidence, whatever the texts hold."""

from collections.abc import Callable

import pytest

from assay.cli.render.decision import Evidence, decision, share, story
from assay.model.decision import Decision, Failure, Twin
from assay.model.example import Example

Paint = Callable[..., str]

OWN = Example.of(
    {
        "prompt": "How do I reset \x1b[31mmy password?",
        "completion": "Click [red]here[/red]\u202e.",
        "label": True,
    }
)
TWIN = Example.of({"prompt": "如何重置密码?", "completion": "点击“忘记密码”。", "label": True})
SRC = "data/tickets.jsonl"


def test_a_near_duplicate(paint: Paint) -> None:
    found = Decision(
        SRC, 17, "rejected", "near_dedup", "near_duplicate", 0.8712, 0.8,
        Twin("ab" * 32, "data/more.jsonl", 4, 0.8712),
        (Failure("length", "output_too_short", 1, 3), Failure("repetition", "repeated_ngrams", 0.31, 0.15)),
        OWN.name,
    )  # fmt: skip
    assert (
        paint(decision(found, Evidence(OWN, TWIN)))
        == f"""\
record 17 of data/tickets.jsonl was rejected by near_dedup: 0.87 ≥ 0.80, like
record 4 of data/more.jsonl, which was kept

  code     near_duplicate
  example  {OWN.name[:12]}
  twin     abababababab, record 4 of data/more.jsonl

It also fails
  stage       code              value  bound
  length      output too short      1      3
  repetition  repeated ngrams    0.31   0.15

This record
  input   How do I reset \\x1b[31mmy password?
  output  Click [red]here[/red]\\u202e.

Its twin, which was kept
  input   如何重置密码?
  output  点击“忘记密码”。"""
    )


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            Decision(SRC, 20, "rejected", "length", "output_too_short", 1, 3),
            "record 20 of data/tickets.jsonl was rejected by length: output too short (1 < 3)",
        ),
        (
            Decision(SRC, 20, "rejected", "format", "roles_do_not_alternate"),
            "record 20 of data/tickets.jsonl was rejected by format: roles do not alternate",
        ),
        (
            Decision(SRC, 21, "kept", example_id="cd" * 32, split="train"),
            "record 21 of data/tickets.jsonl was kept as example cdcdcdcdcdcd, in train",
        ),
        (
            Decision(SRC, 2, "rejected", "identical", "identical", twin=Twin("ab" * 32, SRC, 1, 1.0)),
            "record 2 of data/tickets.jsonl was rejected by identical: 1.00, the same text as record 1, "
            "which was kept",
        ),
        (
            Decision(SRC, 3, "malformed", code="not_json", message="unexpected end\x1b"),
            "record 3 of data/tickets.jsonl is malformed: not json (unexpected end\\x1b)",
        ),
    ],
)
def test_the_sentence(found: Decision, sentence: str) -> None:
    assert story(found).plain == sentence


def test_malformed_bytes_are_shown_with_their_place(paint: Paint) -> None:
    found = Decision(
        SRC, 18, "malformed", code="not_json", message="no end", offset=1_234_567, length=80,
        excerpt=b'{"a": "\xff\x1b[2J \xe4\xb8\xad',
    )  # fmt: skip
    shown = paint(decision(found, Evidence()))
    assert "byte 1,234,567, 80 bytes long" in shown
    assert r'{"a": "\xff\x1b[2J 中' in shown


def test_flags_of_a_kept_record(paint: Paint) -> None:
    shown = paint(decision(Decision(SRC, 1, "kept", also=(Failure("pii", "email", 2, None),)), Evidence()))
    assert "Flagged, and kept all the same" in shown


def test_a_share_is_not_rounded_up_to_one() -> None:
    assert [share(v) for v in (0.8, 0.999, 1.0)] == ["0.80", "0.9990", "1.00"]
