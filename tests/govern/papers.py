"""A registry about which papers are written: conversations, tool calls, generators, hostile texts, an eval set."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import assay

HOSTILE = (
    "</p><script>alert(1)</script> | `x` **b** [l](http://evil.example) "
    "\u202egpj.exe \x1b[31m\n# h\n- l <img src=x>"
)
WORDS = ("router", "printer", "invoice", "password", "delivery", "refund", "keyboard", "licence", "backup",
         "account", "window", "driver")  # fmt: skip


def record(n):
    said = " ".join(f"{WORDS[(n * k + k) % 12]}{(n * 7919 + k * 104_729) % 997}" for k in range(1, 14))
    row = {
        "messages": [
            {
                "role": "user",
                "content": f"Ticket {n}: the {WORDS[n % 12]} of number {n * 31 % 101} fails, what now?",
            },
            {"role": "assistant", "content": f"Please do this and then that: {said}."},
        ],
        "category": WORDS[n % 3],
        "created_at": f"2025-{1 + n % 7:02d}-03",
    }
    if n % 4 == 0:
        row["messages"][0]["content"] = f"第{n}号工单:打印机{n * 7}不能用了,怎么办?"
        row["messages"][1]["content"] = f"请您先重启打印机{n},然后检查第{n * 13}根电源线是否插好,再试一次。"
    if n % 5 == 0:
        row |= {"origin": "synthetic", "generator": "lab/model-5", "depth": 1, "license": "CC-BY-4.0"}
    return row


def call(n):
    """A conversation with a tool call; every call has other arguments."""
    arguments = {f"key{n}": n} if n % 2 else {"city": "西安", "nested": {"deep": [n, None, 1.5]}}
    calls = [{"id": f"c{n}", "type": "function", "function": {"name": "look", "arguments": arguments}}]
    return {
        "messages": [
            {"role": "user", "content": f"What is the state of case {n} {WORDS[n % 12]} {n * 7919 % 9973}?"},
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "tool_call_id": f"c{n}", "content": f"state {n}"},
            {
                "role": "assistant",
                "content": f"It is in state {n}, says the system {WORDS[(n * 5) % 12]}{n}.",
            },
        ],
        "tools": [
            {"type": "function", "function": {"name": "look", "parameters": {f"p{n}": {"type": "string"}}}}
        ],
    }


def hostile(n):
    return {
        "messages": [
            {"role": "user", "content": f"{HOSTILE} number {n} {WORDS[n]}"},
            {"role": "assistant", "content": f"{HOSTILE} and more words {n} {WORDS[n + 1]} {n * 7919}"},
        ],
        "generator": HOSTILE,
    }


RECIPE = """
stages:
  - format: {}
  - exact_dedup: {}
  - pii: {}
  - decontaminate: {}
split: {test: 0.2, seed: 7}
"""


def ticking():
    """A clock that goes a second with every look at it."""
    moments = iter(datetime(2026, 11, 1, 12, tzinfo=UTC) + timedelta(seconds=k) for k in range(10_000))
    return lambda: next(moments)


def make(folder):
    """helpdesk@v1, and v2 with tool calls and hostile rows; the eval set gold, frozen before; a run on v2."""
    registry = assay.init(folder / "registry", actor="mira", clock=ticking())
    gold, one, two = (folder / name for name in ("gold.jsonl", "one.jsonl", "two.jsonl"))
    gold.write_text(
        json.dumps({"question": "Who wrote the red book on the shelf in 1987?", "answer": "Nobody"}) + "\n"
    )
    first = [record(n) for n in range(60)]
    leaked = {"messages": [{"role": "user", "content": "Who wrote the red book on the shelf in 1987?"},
                           {"role": "assistant", "content": "Nobody"}]}  # fmt: skip
    write(one, [*first, first[3], leaked], "{broken\n")
    write(two, [*(call(n) for n in range(1, 21)), *(hostile(n) for n in range(3))])
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE)
    registry.freeze("gold", [str(gold)])
    registry.curate("helpdesk", [str(one)], recipe=str(recipe), message="the first")
    registry.curate("helpdesk", [str(two)], recipe=str(recipe), add=True, message=HOSTILE)
    registry.runs.link("helpdesk@v2", "run-1", {"model": "our/model-1", "base_model": "their/base"})
    return registry


def write(path, rows, more=""):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows) + more, "utf-8")
