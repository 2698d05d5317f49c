"""Every rule that a provider publishes refuses what breaks it, and nothing else."""

import base64
import json

import pytest

from assay.formats.export import ExportRow
from assay.formats.shapes import shape_named
from assay.formats.tuning import anthropic, openai
from assay.formats.tuning.rules import PROVIDERS, RULES, estimated_tokens

FORMS = {"openai": openai, "anthropic": anthropic}


def turn(role, content="话", **more):
    return {"role": role, "content": content, **more}


def call(n="c1", name="f", arguments='{"x": 1}', **more):
    return {"id": n, "type": "function", "function": {"name": name, "arguments": arguments}, **more}


def image(data=b"x", kind="png"):
    return {
        "type": "image_url",
        "image_url": {"url": f"data:image/{kind};base64,{base64.b64encode(data).decode()}"},
    }


USER, ANSWER = turn("user"), turn("assistant")
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}


def chat(*messages, **more):
    return {"messages": list(messages), **more}


def calling(*calls, answers=("c1",), tools=(TOOL,)):
    said = [turn("tool", tool_call_id=one) for one in answers]
    return chat(USER, {"role": "assistant", "tool_calls": list(calls)}, *said, ANSWER, tools=list(tools))


def broken(provider, payload, extra=None):
    form = FORMS[provider]
    record = form.render(ExportRow(payload, extra or {}, None, "payload", {}, b"\0" * 32))
    return [record[0]] if isinstance(record, tuple) else sorted({code for code, _ in form.check(record)})


PAIR = {"prompt": "q", "chosen": "a", "rejected": "b"}
OPENAI = [
    ({"text": "t"}, ["not_a_conversation"]),
    ({"prompt": "q", "completion": "a", "label": True}, ["label"]),
    (chat(), ["no_messages"]),
    (chat(USER, turn("critic"), ANSWER), ["unknown_role"]),
    (chat(USER, turn(["x"]), ANSWER), ["unknown_role"]),
    (chat(USER, turn("assistant", thinking="…")), ["unknown_key"]),
    (chat(turn("user", ""), ANSWER), ["no_content"]),
    (chat(USER, {"role": "assistant"}), ["no_content"]),
    (chat(turn("user", [{"type": "input_audio"}]), ANSWER), ["bad_part"]),
    (chat(turn("user", ["text"]), ANSWER), ["bad_part"]),
    (chat(USER), ["last_not_assistant"]),
    (chat(USER, turn("system"), ANSWER), ["system_late"]),
    (chat(USER, turn("assistant", weight=2)), ["bad_weight"]),
    (chat(USER, turn("assistant", weight=True)), ["bad_weight"]),
    (chat(turn("user", name="a b"), ANSWER), ["bad_name"]),
    (chat(turn("user", name="x" * 65), ANSWER), ["bad_name"]),
    (chat(USER, ANSWER, tools=[{"name": "f"}]), ["bad_tool"]),
    (chat(USER, ANSWER, tools=[{"type": "function", "function": {"name": "a.b"}}]), ["bad_tool"]),
    (chat(USER, ANSWER, tools=[TOOL] * 129), ["too_many_tools"]),
    (calling(call(arguments="{")), ["bad_tool_call", "stray_answer"]),
    (
        calling({"type": "function", "function": {"name": "f", "arguments": "{}"}}, answers=()),
        ["bad_tool_call"],
    ),
    (calling(call(name="g")), ["unknown_tool"]),
    (calling(call(), answers=()), ["unanswered_call"]),
    (calling(call(), answers=("c1", "c2")), ["stray_answer"]),
    ({**PAIR, "chosen": [ANSWER, ANSWER]}, ["not_one_answer"]),
    ({**PAIR, "rejected": [USER]}, ["not_one_answer"]),
    ({**PAIR, "prompt": [turn("user", [image()])]}, ["pair_with_images"]),
    (chat(USER, turn("assistant", [image()])), ["image_of_assistant"]),
    (chat(turn("user", [image(kind="tiff")]), ANSWER), ["bad_image"]),
    (chat(turn("user", [{"type": "image_url", "image_url": "x"}]), ANSWER), ["bad_image"]),
    (chat(turn("user", [image(bytes(10_000_001))]), ANSWER), ["image_too_large"]),
    (chat(turn("user", [image()] * 11), ANSWER), ["too_many_images"]),
    (chat(turn("user", "长" * 70_000), ANSWER), ["maybe_too_long"]),
]
ANTHROPIC = [
    ({"text": "t"}, ["not_a_conversation"]),
    (PAIR, ["preference"]),
    ({"prompt": "q", "completion": "a", "label": False}, ["label"]),
    (chat(USER, ANSWER, tools=[TOOL]), ["tools"]),
    (chat(USER, turn("tool"), ANSWER), ["tools"]),
    (chat(), ["no_messages"]),
    (chat(turn("system")), ["no_messages"]),
    (chat(ANSWER), ["first_not_user"]),
    (chat(USER), ["last_not_assistant"]),
    (chat(USER, USER, ANSWER), ["roles_alternate"]),
    (chat(USER, turn("system"), ANSWER), ["system_not_first"]),
    (chat(USER, turn("critic"), ANSWER), ["unknown_role"]),
    (chat(USER, turn("assistant", weight=1)), ["unknown_key"]),
    (chat(turn("user", ""), ANSWER), ["no_content"]),
    (chat(turn("user", [image()]), ANSWER), ["not_text"]),
    (chat(turn("user", "长" * 33_000), ANSWER), ["maybe_too_long"]),
]


@pytest.mark.parametrize(("payload", "codes"), OPENAI)
def test_openai(payload, codes):
    assert broken("openai", payload) == codes


@pytest.mark.parametrize(("payload", "codes"), ANTHROPIC)
def test_anthropic(payload, codes):
    assert broken("anthropic", payload) == codes


def test_every_rule_about_examples_has_a_case_for_each_of_its_providers():
    for provider, cases in (("openai", OPENAI), ("anthropic", ANTHROPIC)):
        seen = {code for _, codes in cases for code in codes}
        meant = {rule.code for rule in RULES.values() if rule.of == "example" and provider in rule.providers}
        assert seen == meant, provider
    assert all(set(rule.providers) <= set(PROVIDERS) and rule.says and rule.todo for rule in RULES.values())


@pytest.mark.parametrize(
    "payload",
    [
        chat(turn("system"), USER, turn("assistant", weight=0), turn("user", name="m-2"), turn("assistant", weight=1)),
        calling(call("a"), call("b"), answers=("b", "a")),
        calling(call(arguments={"x": 1})),
        chat(USER, {"role": "assistant", "tool_calls": [call()]}, tools=[TOOL]),
        chat(turn("user", [{"type": "text", "text": "?"}, image(), image(kind="webp")]), ANSWER),
        chat(turn("user", [{"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}}]), ANSWER),
        {"prompt": "q", "completion": "a"},
        {**PAIR, "prompt": [turn("system"), USER], "tools": [TOOL]},
    ],
)  # fmt: skip
def test_openai_takes(payload):
    assert broken("openai", payload) == []


def test_forms():
    def form(provider, payload, extra=None):
        return FORMS[provider].render(ExportRow(payload, extra or {}, None, "payload", {}, b"\0" * 32))

    assert form("openai", PAIR) == {
        "input": {"messages": [turn("user", "q")]},
        "preferred_output": [turn("assistant", "a")],
        "non_preferred_output": [turn("assistant", "b")],
    }
    made = form("openai", calling(call(arguments={"城": 1.0})), {"parallel_tool_calls": False, "x": 1})
    assert made["parallel_tool_calls"] is False and "x" not in made
    assert json.loads(made["messages"][1]["tool_calls"][0]["function"]["arguments"]) == {"城": 1.0}
    again = shape_named("openai_preference").parse({
        "input": {"messages": [USER], "tools": [TOOL], "parallel_tool_calls": False},
        "preferred_output": [ANSWER], "non_preferred_output": [turn("assistant", "b")],
    })  # fmt: skip
    row = ExportRow(again.payload, again.extra, again.hint, "openai_preference", {}, b"")
    assert openai.render(row)["input"]["parallel_tool_calls"] is False
    parts = turn("user", [{"type": "text", "text": "q"}])
    assert form("anthropic", chat(turn("system", "s"), parts, ANSWER)) == {
        "system": "s",
        "messages": [turn("user", "q"), ANSWER],
    }
    assert broken("anthropic", chat(turn("system", "s"), parts, ANSWER)) == []
    assert broken("anthropic", {"prompt": "q", "completion": "a"}) == []


def test_tokens_are_estimated_by_script():
    assert (estimated_tokens("a" * 400), estimated_tokens("字" * 100), estimated_tokens("abcd字")) == (
        100,
        100,
        2,
    )
