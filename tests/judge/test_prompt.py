"""What a judge is shown: parts, their bound, and the words around them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judge.parts import MOST_TURNS, Part, Shown, Unfit, shown
from assay.judge.prompt import messages, system_of
from tests.judge.asking import FENCE, PREFERENCE, QUALITY, chat, pair, rubric


def parts(payload: dict[str, Any], mode: Any = "scores", longest: int = 24_000) -> Shown:
    made = shown(payload, mode, longest)
    assert isinstance(made, Shown)
    return made


def test_a_conversation_is_told_turn_by_turn() -> None:
    turns = [
        {"role": "system", "content": "简短"},
        {"role": "user", "content": [{"type": "text", "text": "天气"}, {"type": "text", "text": "？"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "content": "晴", "tool_call_id": "1"},
        {"role": "assistant", "content": "晴天。"},
        {"role": ">> end", "content": "x"},
    ]
    made = parts({"messages": turns, "tools": [{"name": "weather"}]})
    assert made.parts == (
        Part("tools", '[{"name":"weather"}]'),
        Part("turn 1 system", "简短"),
        Part("turn 2 user", "天气\n？"),
        Part("turn 3 assistant", '[{"id":"1"}]'),
        Part("turn 4 tool", '晴\n{"tool_call_id":"1"}'),
        Part("turn 5 assistant", "晴天。"),
        Part("turn 6 other", "x"),
    )
    assert made.cut is None and made.judged == "what the assistant says in its turns"


def test_the_other_kinds() -> None:
    history = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    made = parts({"prompt": history, "completion": [{"role": "assistant", "content": "d"}], "label": True})
    assert [(one.name, one.text) for one in made.parts] == [
        ("prompt turn 1 user", "a"), ("prompt turn 2 assistant", "b"), ("prompt turn 3 user", "c"), ("completion", "d"),
    ]  # fmt: skip
    assert "true" not in made.text.casefold(), "the label would tell the judge what to say"
    assert parts({"text": "t", "label": {"b": 1, "a": 2}}).parts[1] == Part("label", '{"a":2,"b":1}')
    assert parts({"text": "t"}).judged == "the text by itself"
    made = parts({"prompt": "p", "chosen": "x", "rejected": history}, "pairs")
    assert [[one.name for one in side] for side in made.answers] == [
        ["answer"], ["answer turn 1 user", "answer turn 2 assistant", "answer turn 3 user"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "mode", "reason"),
    [
        (pair(), "scores", "preference"),
        (chat(), "pairs", "messages"),
        (chat("  "), "scores", "says nothing"),
        ({"messages": [{"role": "user", "content": "?"}]}, "scores", "says nothing"),
        ({"prompt": "p", "completion": ""}, "scores", "empty"),
        ({"text": " \n"}, "scores", "empty"),
        (pair(rejected=" "), "pairs", "empty"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]},
                       {"role": "assistant", "content": "a cat"}]}, "scores", "no text"),
        ({"messages": [{"role": "assistant", "content": {"a": 1}}]}, "scores", "no text"),
        ({"messages": ["hello"]}, "scores", "no text"),
        ({"messages": "hello"}, "scores", "no list"),
        ({"prompt": None, "completion": "x"}, "scores", "no text"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged(payload: dict[str, Any], mode: Any, reason: str) -> None:
    made = shown(payload, mode, 100)
    assert isinstance(made, Unfit) and reason in made.reason


def test_a_long_example_is_cut_and_says_so() -> None:
    made = parts(chat("甲" * 600 + "乙" * 600, "q" * 10), longest=110)
    question, answer = made.parts
    assert question.text == "q" * 10 and made.cut == (110, 1210)
    assert answer.text == "甲" * 50 + "\n[1,100 characters are left out here]\n" + "乙" * 50
    turns = [{"role": ("user", "assistant")[k % 2], "content": str(k)} for k in range(MOST_TURNS + 30)]
    made = parts({"messages": turns})
    assert len(made.parts) == MOST_TURNS + 1 and made.cut is not None
    assert made.parts[MOST_TURNS // 2] == Part("turns left out", "[30 turns are left out here]")
    assert made.parts[-1].name == f"turn {MOST_TURNS + 30} assistant"


@settings(deadline=None, max_examples=100)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=8), st.integers(1, 120))
def test_the_bound_holds_and_short_parts_stay(texts: list[str], longest: int) -> None:
    turns = [{"role": "user", "content": text} for text in texts] + [{"role": "assistant", "content": "ok"}]
    made = parts({"messages": turns}, longest=longest)
    whole = [*texts, "ok"]
    total = sum(map(len, whole))
    if total <= longest:
        assert made.cut is None and [part.text for part in made.parts] == whole
        return
    assert made.cut is not None and made.cut[0] <= longest < made.cut[1] == total
    assert longest - made.cut[0] < len(whole), "no more is cut than has to be"
    stays = [part.text == text for part, text in zip(made.parts, whole, strict=True)]
    lengths = [len(text) for text in whole]
    longest_kept = max((n for n, kept in zip(lengths, stays, strict=True) if kept), default=0)
    assert all(n >= longest_kept for n, kept in zip(lengths, stays, strict=True) if not kept)


def test_both_orders_show_the_same() -> None:
    payload = pair("chosen " * 20, "rejected " * 5, "问题")
    made = parts(payload, "pairs", 60)
    one, other = (messages(PREFERENCE, made, FENCE, swapped)[1].content for swapped in (False, True))
    for part in (*made.answers[0], *made.answers[1]):
        assert part.text in one and part.text in other
    assert one.index("chosen") < one.index("rejected") and other.index("rejected") < other.index("chosen")
    assert one.index("<<first answer") < one.index("<<second answer")
    assert other.index("<<first answer") < other.index("<<second answer")


def test_data_is_declared_before_it_comes_and_the_form_is_said_last() -> None:
    system, user = messages(QUALITY, parts(chat("好的。")), FENCE)
    assert user.content.startswith(FENCE.declaration())
    assert user.content.rstrip().endswith("}") and '"reasoning": <' in user.content.splitlines()[-1]
    assert system.content == system_of(QUALITY) and FENCE.nonce not in system.content
    for name, one in QUALITY.dimensions.items():
        assert f"## {name}" in system.content
        assert all(f"{score}: {words.strip()}" in system.content for score, words in one.anchors.items())
    order = [
        system.content.index(head) for head in ("# What is scored", "# Worked examples", "# Your answer")
    ]
    assert order == sorted(order) and "Think first" in system.content


def test_only_what_the_rubric_asks_for_is_asked() -> None:
    plain = system_of(rubric())
    assert "(weight 3)" in plain and "## overall" in plain
    assert not any(word in plain for word in ("## difficulty", "## exclude", "# Worked examples"))
    mean = system_of(
        rubric(overall="weighted", difficulty=True, exclude={"rule": "If bad.", "reasons": ["bad"]})
    )
    assert (
        "## overall" not in mean and '"overall"' not in mean and "## difficulty" in mean and "If bad." in mean
    )
    assert "# What decides" in system_of(rubric(mode="pairs")) and "worst" not in system_of(
        rubric(mode="pairs")
    )
