"""TRL's dataset types: an example as the row that a trainer of TRL reads (trl 1.16, `data_utils`, "Dataset
formats").

    language-modeling     messages | text                             SFTTrainer
    prompt-completion     prompt, completion                          SFTTrainer
    prompt-only           prompt                                      GRPOTrainer, RLOOTrainer
    preference            prompt, chosen, rejected                    DPOTrainer, RewardTrainer
    unpaired-preference   prompt, completion, label (true or false)   KTOTrainer

Each with `tools` beside it, as JSON text. A field is text ("standard") or a list of messages ("conversational"),
and so are all fields of a row. TRL renames the keys of messages and leaves values of roles as they are, so they are
mapped here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any, Final

from assay.errors import NotExpressible, UsageError
from assay.formats.json_text import spell
from assay.formats.shapes.chats import SHAREGPT_ROLES

LANGUAGE: Final = "language-modeling"
COMPLETION: Final = "prompt-completion"
PROMPT: Final = "prompt-only"
PREFERENCE: Final = "preference"
UNPAIRED: Final = "unpaired-preference"
TYPES: Final = (LANGUAGE, COMPLETION, PROMPT, PREFERENCE, UNPAIRED)

ROLES: Final = SHAREGPT_ROLES | {"developer": "system", "ai": "assistant", "ipython": "tool"}
"""What others call the four roles that chat templates know."""

Row = dict[str, Any]
Payload = Mapping[str, Any]


def type_for(kinds: Set[str], labelled: bool) -> str:
    """The type that serves examples of these kinds; `labelled`: completions have labels. Raises UsageError."""
    if kinds <= {"messages"} or kinds <= {"text"}:
        return LANGUAGE
    if kinds == {"preference"}:
        return PREFERENCE
    if kinds == {"completion"}:
        return UNPAIRED if labelled else COMPLETION
    listed = ", ".join(sorted(kinds))
    raise UsageError(
        f"no one type of TRL's serves examples of the kinds {listed}",
        f"choose one with --as: {', '.join(TYPES)}",
    )


def trl_rows(payload: Payload, type_: str) -> list[Row]:
    """The rows that an example is: one, or two where a pair of answers becomes unpaired. Raises NotExpressible."""
    rows = _WRITERS[type_](payload)
    tools = payload.get("tools")
    return [row | {"tools": spell(tools).decode()} for row in rows] if tools else rows


def is_conversational(row: Row) -> bool:
    """Whether a row's texts are lists of messages."""
    return any(isinstance(row.get(field), list) for field in ("messages", "prompt", "chosen", "completion"))


def _language(payload: Payload) -> list[Row]:
    if "messages" in payload:
        return [{"messages": _messages(payload["messages"])}]
    if "chosen" in payload:
        raise NotExpressible(f"{LANGUAGE} has one answer, and this is a pair", f"--as {PREFERENCE}")
    if "label" in payload:
        raise NotExpressible(f"{LANGUAGE} has no place for a label", f"--as {UNPAIRED}, or another format")
    if "completion" in payload:
        prompt, completion = _alike(payload["prompt"], payload["completion"])
        if isinstance(prompt, str):
            raise NotExpressible("a prompt and its completion are no one text", f"--as {COMPLETION}")
        return [{"messages": prompt + completion}]
    return [{"text": payload["text"]}]


def _completion(payload: Payload) -> list[Row]:
    if "label" in payload:
        raise NotExpressible(f"{COMPLETION} has no place for a label", f"--as {UNPAIRED}")
    prompt, answer = _asked(payload)
    if answer is None:
        raise NotExpressible(
            "the last turn is not the assistant's: there is no completion", f"--as {LANGUAGE}"
        )
    return [{"prompt": prompt, "completion": answer}]


def _prompt(payload: Payload) -> list[Row]:
    return [{"prompt": _asked(payload)[0]}]


def _preference(payload: Payload) -> list[Row]:
    if "chosen" not in payload:
        raise NotExpressible(f"{PREFERENCE} has two answers, and this has one", f"--as {COMPLETION}")
    prompt, chosen, rejected = _alike(payload.get("prompt") or "", payload["chosen"], payload["rejected"])
    if not payload.get("prompt"):
        prompt, chosen, rejected = _explicit(chosen, rejected)
    if isinstance(prompt, list):
        _answered(chosen)
        _answered(rejected)
    return [{"prompt": _ready(prompt), "chosen": chosen, "rejected": rejected}]


def _unpaired(payload: Payload) -> list[Row]:
    if "chosen" in payload:
        (row,) = _preference(payload)
        return [
            {"prompt": row["prompt"], "completion": row[field], "label": field == "chosen"}
            for field in ("chosen", "rejected")
        ]
    label = payload.get("label")
    if "completion" not in payload or label not in (True, False, 0, 1) or isinstance(label, float):
        raise NotExpressible(
            f"{UNPAIRED} needs a completion and a label of true or false", "tidy the labels first"
        )
    prompt, completion = _alike(payload["prompt"], payload["completion"])
    return [{"prompt": _ready(prompt), "completion": completion, "label": bool(label)}]


_WRITERS: Final[dict[str, Callable[[Payload], list[Row]]]] = {
    LANGUAGE: _language, COMPLETION: _completion, PROMPT: _prompt, PREFERENCE: _preference, UNPAIRED: _unpaired,
}  # fmt: skip


def _asked(payload: Payload) -> tuple[Any, Any]:
    """What the model is given, and the answer; None where a conversation does not end with one."""
    if "messages" in payload:
        messages = _messages(payload["messages"])
        if messages[-1]["role"] != "assistant":
            return _ready(messages), None
        return _ready(messages[:-1]), messages[-1:]
    if "chosen" in payload:
        (row,) = _preference(payload)
        return row["prompt"], row["chosen"]
    if "completion" in payload:
        prompt, completion = _alike(payload["prompt"], payload["completion"])
        return _ready(prompt), completion
    raise NotExpressible("plain text has no prompt", f"--as {LANGUAGE}")


def _messages(value: Any) -> list[Row]:
    """Messages whose roles chat templates know. Raises NotExpressible, naming the turn."""
    if not value:
        raise NotExpressible("a conversation without turns", "leave it out: disable it")
    return [_message(turn, message) for turn, message in enumerate(value)]


def _message(turn: int, message: Mapping[str, Any]) -> Row:
    role = ROLES.get(str(message.get("role")))
    if role is None:
        raise NotExpressible(
            f"messages[{turn}].role is none that chat templates know", f"one of: {', '.join(ROLES)}"
        )
    content = message.get("content")
    if content is None and not message.get("tool_calls"):
        raise NotExpressible(f"messages[{turn}] says nothing", "leave it out: disable it")
    if isinstance(content, list) and any(not _is_text(part) for part in content):
        raise NotExpressible(
            f"messages[{turn}] has parts that are no text", "export as `messages` or as `hf`"
        )
    return {**message, "role": role, "content": content}


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)


def _alike(prompt: Any, *answers: Any) -> tuple[Any, ...]:
    """Prompt and answers all as text, or all as messages where one of them is."""
    if all(isinstance(value, str) for value in (prompt, *answers)):
        return (prompt, *answers)
    if isinstance(prompt, str):
        prompt = [{"role": "user", "content": prompt}] if prompt else []
    said = [[{"role": "assistant", "content": one}] if isinstance(one, str) else one for one in answers]
    return (_messages(prompt) if prompt else [], *(_messages(one) for one in said))


def _explicit(chosen: Any, rejected: Any) -> tuple[Any, Any, Any]:
    """The turns that both answers begin with as the prompt, and the rest of each. Raises NotExpressible."""
    if isinstance(chosen, list):
        shared = 0
        while shared < min(len(chosen), len(rejected)) and chosen[shared] == rejected[shared]:
            shared += 1
        if 0 < shared < min(len(chosen), len(rejected)):
            return chosen[:shared], chosen[shared:], rejected[shared:]
    raise NotExpressible("the pair has no prompt", "say what both answers answer: the field `prompt`")


def _ready(prompt: Any) -> Any:
    """The prompt, if a model can be asked to go on. Raises NotExpressible."""
    if prompt in ("", []):
        raise NotExpressible("there is no prompt before the answer", f"--as {LANGUAGE}")
    if isinstance(prompt, list) and prompt[-1]["role"] == "system":
        raise NotExpressible("the prompt ends with the system's turn", f"--as {LANGUAGE}")
    return prompt


def _answered(answer: list[Row]) -> None:
    if not answer or answer[-1]["role"] != "assistant":
        raise NotExpressible(
            "an answer does not end with the assistant's turn", "export as `preference` or as `source`"
        )
