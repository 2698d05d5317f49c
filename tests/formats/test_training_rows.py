"""Rows for trainers: TRL's types, what LLaMA-Factory reads of them, and settings pinned to a version."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import NotExpressible, UsageError
from assay.formats.training.llama_factory import dataset_entry, llama_factory_row, stage_of
from assay.formats.training.snippets import Pinned, axolotl, trl_program
from assay.formats.training.trl import TYPES, is_conversational, trl_rows, type_for


def user(text: str = "怎么退款？") -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str = "请填写表格。") -> dict[str, Any]:
    return {"role": "assistant", "content": text}


SYSTEM = {"role": "system", "content": "You help."}
CALL = {"id": "c1", "type": "function", "function": {"name": "refund", "arguments": {"order": 7}}}
TOOLS = [{"type": "function", "function": {"name": "refund", "parameters": {"type": "object"}}}]
CALLING = [
    SYSTEM, user(), {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": "ok"}, assistant(),
]  # fmt: skip
PAIR = {"prompt": [user()], "chosen": [assistant("a")], "rejected": [assistant("b")]}


@pytest.mark.parametrize(
    ("kinds", "labelled", "type_"),
    [
        ({"messages"}, False, "language-modeling"),
        ({"text"}, False, "language-modeling"),
        ({"preference"}, False, "preference"),
        ({"completion"}, False, "prompt-completion"),
        ({"completion"}, True, "unpaired-preference"),
    ],
)
def test_the_kind_of_examples_chooses_the_type(kinds: set[str], labelled: bool, type_: str) -> None:
    assert type_for(kinds, labelled) == type_
    with pytest.raises(UsageError, match="no one type"):
        type_for(kinds | {"messages", "preference"}, labelled)


@pytest.mark.parametrize(
    ("payload", "type_", "rows"),
    [
        ({"messages": [user(), assistant()]}, "language-modeling", [{"messages": [user(), assistant()]}]),
        ({"text": "今天"}, "language-modeling", [{"text": "今天"}]),
        ({"prompt": [user()], "completion": [assistant()]}, "language-modeling", [{"messages": [user(), assistant()]}]),
        ({"messages": [SYSTEM, user(), assistant()]}, "prompt-completion",
         [{"prompt": [SYSTEM, user()], "completion": [assistant()]}]),
        ({"prompt": "a", "completion": "b"}, "prompt-completion", [{"prompt": "a", "completion": "b"}]),
        ({"messages": [user(), assistant()]}, "prompt-only", [{"prompt": [user()]}]),
        ({"messages": [user()]}, "prompt-only", [{"prompt": [user()]}]),
        (PAIR, "preference", [PAIR]),
        (PAIR, "prompt-completion", [{"prompt": [user()], "completion": [assistant("a")]}]),
        ({"prompt": "q", "chosen": [assistant("a")], "rejected": "b"}, "preference",
         [{"prompt": [user("q")], "chosen": [assistant("a")], "rejected": [assistant("b")]}]),
        ({"prompt": "", "chosen": [user(), assistant("a")], "rejected": [user(), assistant("b")]}, "preference",
         [PAIR]),
        (PAIR, "unpaired-preference",
         [{"prompt": [user()], "completion": [assistant("a")], "label": True},
          {"prompt": [user()], "completion": [assistant("b")], "label": False}]),
        ({"prompt": "a", "completion": "b", "label": 1}, "unpaired-preference",
         [{"prompt": "a", "completion": "b", "label": True}]),
    ],
)  # fmt: skip
def test_an_example_is_written_as_a_trainer_reads_it(payload: Any, type_: str, rows: Any) -> None:
    assert trl_rows(payload, type_) == rows


@pytest.mark.parametrize(
    ("payload", "type_", "why"),
    [
        (PAIR, "language-modeling", "this is a pair"),
        ({"text": "a", "label": "x"}, "language-modeling", "no place for a label"),
        ({"prompt": "a", "completion": "b"}, "language-modeling", "no one text"),
        ({"prompt": "a", "completion": "b", "label": True}, "prompt-completion", "no place for a label"),
        ({"prompt": "a", "completion": "b", "label": "good"}, "unpaired-preference", "true or false"),
        ({"prompt": "a", "completion": "b", "label": 1.0}, "unpaired-preference", "true or false"),
        ({"messages": [user()]}, "prompt-completion", "no completion"),
        ({"messages": [assistant()]}, "prompt-only", "no prompt"),
        ({"messages": [SYSTEM, assistant()]}, "prompt-completion", "system's turn"),
        ({"text": "a"}, "prompt-only", "no prompt"),
        ({"text": "a"}, "preference", "two answers"),
        ({"prompt": "", "chosen": "a", "rejected": "b"}, "preference", "no prompt"),
        (
            {"prompt": [user()], "chosen": [user()], "rejected": [assistant()]},
            "preference",
            "assistant's turn",
        ),
        ({"messages": [{"role": "narrator", "content": "x"}]}, "language-modeling", r"messages\[0\]\.role"),
        ({"messages": [{"role": "user"}]}, "language-modeling", "says nothing"),
        ({"messages": [user([{"type": "image"}])]}, "language-modeling", "no text"),
        ({"messages": []}, "language-modeling", "without turns"),
    ],
)
def test_what_cannot_be_said_is_refused_with_a_way_out(payload: Any, type_: str, why: str) -> None:
    with pytest.raises(NotExpressible, match=why) as refused:
        trl_rows(payload, type_)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("role", "known"),
    [
        ("human", "user"),
        ("gpt", "assistant"),
        ("observation", "tool"),
        ("developer", "system"),
        ("model", "assistant"),
    ],
)
def test_values_of_roles_are_those_of_chat_templates(role: str, known: str) -> None:
    (row,) = trl_rows(
        {"messages": [user(), {"role": role, "content": "x", "name": "n"}]}, "language-modeling"
    )
    assert row["messages"][1] == {"role": known, "content": "x", "name": "n"}


_content = (
    st.text(max_size=5) | st.none() | st.lists(st.dictionaries(st.text(max_size=4), st.text(max_size=3)))
)
_turns = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system", "tool", "gpt", "x"]), "content": _content},
        optional={"tool_calls": st.lists(st.just(CALL) | st.text(max_size=2), max_size=2)},
    ),
    max_size=4,
)
_said = st.text(max_size=4) | _turns
_payloads = (
    st.fixed_dictionaries({"messages": _turns}, optional={"tools": st.just(TOOLS)})
    | st.fixed_dictionaries(
        {"prompt": _said, "completion": _said}, optional={"label": st.booleans() | st.text()}
    )
    | st.fixed_dictionaries({"prompt": _said, "chosen": _said, "rejected": _said})
    | st.fixed_dictionaries({"text": st.text(max_size=5)})
)


@given(_payloads, st.sampled_from(TYPES))
def test_every_example_is_written_whole_or_refused(payload: Any, type_: str) -> None:
    columns = {
        "language-modeling": ({"messages"}, {"text"}),
        "prompt-completion": ({"prompt", "completion"},),
        "prompt-only": ({"prompt"},),
        "preference": ({"prompt", "chosen", "rejected"},),
        "unpaired-preference": ({"prompt", "completion", "label"},),
    }
    try:
        rows = trl_rows(payload, type_)
    except NotExpressible:
        return
    for row in rows:
        assert row.keys() - {"tools"} in columns[type_]
        lists = [isinstance(value, list) for name, value in row.items() if name not in ("label", "tools")]
        assert set(lists) == {is_conversational(row)}
        roles = {m["role"] for value in row.values() if isinstance(value, list) for m in value}
        assert roles <= {"user", "assistant", "system", "tool"}
        try:
            found = llama_factory_row(row, type_)
        except NotExpressible:
            continue
        for place, turn in enumerate(found.get("conversations", [])):
            assert (turn["from"] in ("human", "observation")) is (place % 2 == 0)


def test_calls_of_tools_reach_both() -> None:
    (row,) = trl_rows({"messages": CALLING, "tools": TOOLS}, "language-modeling")
    assert row["messages"][2]["tool_calls"] == [CALL]
    assert json.loads(row["tools"]) == TOOLS
    found = llama_factory_row(row, "language-modeling")
    assert [turn["from"] for turn in found["conversations"]] == [
        "human",
        "function_call",
        "observation",
        "gpt",
    ]
    assert json.loads(found["conversations"][1]["value"]) == {"name": "refund", "arguments": {"order": 7}}
    assert (found["system"], json.loads(found["tools"])) == ("You help.", TOOLS)


@pytest.mark.parametrize(
    "turns",
    [
        [user(), user(), assistant()],
        [user(), assistant(), user()],
        [user(), SYSTEM, assistant()],
        [assistant()],
    ],
)
def test_what_llama_factory_would_skip_is_refused(turns: list[Any]) -> None:
    with pytest.raises(NotExpressible):
        llama_factory_row({"messages": turns}, "language-modeling")


def test_what_llama_factory_must_know_of_each_type() -> None:
    chat = llama_factory_row(PAIR, "preference")
    assert chat == {
        "conversations": [{"from": "human", "value": "怎么退款？"}],
        "system": "",
        "chosen": {"from": "gpt", "value": "a"},
        "rejected": {"from": "gpt", "value": "b"},
    }
    entry = dataset_entry("train.jsonl", "preference", True, False)
    assert entry["ranking"] is True and set(entry["columns"].values()) == chat.keys()
    plain = dataset_entry("train.jsonl", "unpaired-preference", False, False)
    assert plain["columns"] == {"prompt": "prompt", "response": "completion", "kto_tag": "label"}
    stages = [
        stage_of(type_, chat) for type_, chat in (("language-modeling", True), ("language-modeling", False))
    ]
    assert stages == ["sft", "pt"]


@pytest.mark.parametrize("chat", [True, False])
@pytest.mark.parametrize("type_", TYPES)
def test_settings_are_pinned_and_a_program_is_python(type_: str, chat: bool) -> None:
    pinned = Pinned("服务台@v2", "sha256:" + "ab" * 32, type_, chat, False, {"train": 1200, "test": 30})
    program = trl_program(pinned)
    tree = ast.parse(program)
    assert any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)
    settings = axolotl(pinned)
    for text in [program, *([settings] if settings else [])]:
        assert "服务台@v2" in text and pinned.fingerprint in text and "train 1,200" in text
    if settings is not None:
        read = yaml.safe_load(settings)
        assert (
            read["datasets"][0]["path"] == "train.jsonl" and read["test_datasets"][0]["path"] == "test.jsonl"
        )
    assert (settings is None) == ((type_, chat) in NOT_AXOLOTL)


NOT_AXOLOTL = {
    ("prompt-completion", True), ("unpaired-preference", True), ("prompt-only", True), ("prompt-only", False),
}  # fmt: skip
