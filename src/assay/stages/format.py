"""Format: examples that a trainer would choke on, or learn nothing from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns, RowStage
from assay.kernels.glance import CONTROLS, WORDS
from assay.model.example import Views, flat_text, views


class Format(RowStage):
    """Checks what every trainer takes for granted: something asked, something answered, turns in order."""

    kind: ClassVar[str] = "format"
    version: ClassVar[int] = 1
    cheap: ClassVar[bool] = True
    codes: ClassVar[dict[str, str]] = {
        "empty_text": "the text is empty",
        "empty_input": "nothing is asked: the input is empty",
        "empty_output": "nothing is answered: the output is empty",
        "empty_chosen": "the chosen answer is empty",
        "empty_rejected": "the rejected answer is empty",
        "chosen_equals_rejected": "the chosen and the rejected answer are the same",
        "prompts_differ": "the two sides of the pair do not answer the same prompt",
        "no_assistant_turn": "no turn of the assistant: there is nothing to learn",
        "last_turn_not_assistant": "the last turn is not the assistant's",
        "roles_do_not_alternate": "two turns in a row are of the same side, or a system turn comes late",
        "tool_calls_unpaired": "a tool call without its result, or a result without its call",
        "control_characters": "the text holds NUL or other control characters",
    }

    def measure(self, batch: Batch) -> Columns:
        """One bool column of length n for each code."""
        names = list(self.codes)
        found = np.zeros((len(batch), len(names)), np.bool_)
        plain = batch.single_turns
        if plain.any():
            sides = batch.glances
            for code, side in zip(("empty_input", "empty_output"), sides, strict=True):
                found[:, names.index(code)] = plain & (side & WORDS == 0)
            found[:, names.index("control_characters")] = plain & ((sides[0] | sides[1]) & CONTROLS > 0)
        if not plain.all():
            for row in np.flatnonzero(~plain).tolist():
                for code in problems(batch.payloads[row], batch.views[row]):
                    found[row, names.index(code)] = True
        return {name: found[:, k] for k, name in enumerate(names)}

    def checks(self, values: Columns) -> list[Check]:
        return [
            # The value is how many there are, 0 or 1, and none is allowed.
            Check(code, values[code].astype(np.bool_), values[code].astype(np.float64), 0.0)
            for code in self.codes
        ]


def problems(payload: Mapping[str, Any], view: Views | None = None) -> list[str]:
    """The codes of everything that is wrong with a payload's form."""
    view = view or views(payload)
    if "messages" in payload:
        found = _conversation(payload["messages"], view)
    elif "chosen" in payload:
        found = _preference(payload)
    elif "completion" in payload:
        found = _empty(view.input, "empty_input") + _empty(view.output, "empty_output")
    else:
        found = _empty(flat_text(payload.get("text")), "empty_text")
        if "label" in payload:
            found += _empty(view.output, "empty_output")
    return found + (["control_characters"] if _has_controls(view.text) else [])


_CONTROLS = dict.fromkeys([*range(9), 11, *range(14, 27), *range(28, 32), 127])


def _has_controls(text: str) -> bool:
    """Control characters other than tab, line feeds, form feed, carriage return and escape."""
    return not text.isprintable() and any(ord(c) in _CONTROLS for c in text if c < " " or c == "\x7f")


def _empty(text: str, code: str) -> list[str]:
    return [] if text.strip() else [code]


def _conversation(messages: Sequence[Mapping[str, Any]], view: Views) -> list[str]:
    roles = [message.get("role") for message in messages]
    if "assistant" not in roles:
        return ["no_assistant_turn"]
    found = _empty(view.output, "empty_output")
    said = [flat_text([m]) for m in messages if m.get("role") != "system"]
    if not any(text.strip() for text, m in zip(said, messages, strict=False) if m.get("role") != "assistant"):
        found += _empty("\n".join(flat_text([m]) for m in messages if m.get("role") == "user"), "empty_input")
    if roles[-1] != "assistant":
        found.append("last_turn_not_assistant")
    if not _alternates(messages):
        found.append("roles_do_not_alternate")
    if not _tools_pair_up(messages):
        found.append("tool_calls_unpaired")
    return found


def _alternates(messages: Sequence[Mapping[str, Any]]) -> bool:
    """System or developer turns first; then user and assistant by turns, tools between an assistant's two."""
    previous = None
    for message in messages:
        role = message.get("role")
        if role in ("system", "developer"):
            if previous not in (None, "system"):
                return False
            previous = "system"
            continue
        if role in ("tool", "function"):
            if previous not in ("assistant", "tool"):
                return False
            previous = "tool"
            continue
        if role == previous or (role == "assistant" and previous in (None, "system")):
            return False
        if role == "user" and previous == "tool":
            return False
        previous = role
    return True


def _tools_pair_up(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Every call id is answered before the next user turn, every answer has its call; without ids, by count."""
    waiting: list[str | None] = []
    for message in messages:
        role = message.get("role")
        if role in ("tool", "function"):
            call = message.get("tool_call_id")
            if call in waiting:
                waiting.remove(call)
            elif None in waiting and call is None:
                waiting.remove(None)
            else:
                return False
        elif waiting:
            return False
        calls = message.get("tool_calls")
        if role == "assistant" and isinstance(calls, list):
            waiting = [call.get("id") if isinstance(call, Mapping) else None for call in calls]
        elif role == "assistant" and message.get("function_call"):
            waiting = [None]
    # A conversation may end with a call: that is what the model learns to say.
    return not waiting or messages[-1].get("role") == "assistant"


def _preference(payload: Mapping[str, Any]) -> list[str]:
    chosen, rejected = payload["chosen"], payload.get("rejected")
    found = _empty(_last_answer(chosen), "empty_chosen") + _empty(_last_answer(rejected), "empty_rejected")
    if chosen == rejected:
        found.append("chosen_equals_rejected")
    if _has_prompt_of_its_own(chosen) or _has_prompt_of_its_own(rejected):
        found.append("prompts_differ")
    if not flat_text(payload.get("prompt")).strip() and "prompts_differ" not in found:
        found.append("empty_input")
    return found


def _has_prompt_of_its_own(side: Any) -> bool:
    """Whether a side holds more than an answer: a user's turn, or an assistant's turn after another.

    What both sides begin with is the prompt, so whatever else stands before an answer is one side's alone.
    """
    roles = [turn.get("role") for turn in side] if isinstance(side, list) else []
    return "user" in roles or any(a == b == "assistant" for a, b in pairwise(roles))


def _last_answer(side: Any) -> str:
    return flat_text(side[-1:]) if isinstance(side, list) else flat_text(side)
