"""LLaMA-Factory: rows in its ShareGPT and Alpaca forms, `dataset_info.json`, and a training file.

Field names are those of `data/README.md` and `src/llamafactory/data/{parser,converter}.py` (August 2026). It skips
conversations whose turns do not alternate, with no more than a warning, so what it would skip is refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from assay.errors import NotExpressible
from assay.formats.json_text import spell
from assay.formats.training.trl import COMPLETION, LANGUAGE, PREFERENCE, PROMPT, UNPAIRED, Row

STAGES: Final = {LANGUAGE: "sft", COMPLETION: "sft", PREFERENCE: "dpo", UNPAIRED: "kto"}
_FROM: Final = {"user": "human", "tool": "observation"}


def llama_factory_row(row: Row, type_: str) -> Row:
    """A row of TRL's as LLaMA-Factory reads it. Raises NotExpressible for what it would skip."""
    if type_ == PROMPT:
        raise NotExpressible("LLaMA-Factory learns from no prompts alone", "use TRL")
    if not any(isinstance(row.get(field), list) for field in ("messages", "prompt")):
        return dict(row)
    turns = row["messages"] if type_ == LANGUAGE else row["prompt"] + row.get("completion", [])
    found = _conversation(turns, odd=type_ == PREFERENCE)
    if type_ == PREFERENCE:
        found |= {"chosen": _single(row["chosen"]), "rejected": _single(row["rejected"])}
    if type_ == UNPAIRED:
        found["label"] = row["label"]
    return found | ({"tools": row["tools"]} if "tools" in row else {})


def dataset_entry(file: str, type_: str, conversational: bool, tools: bool) -> dict[str, Any]:
    """What `dataset_info.json` says of a file."""
    if conversational:
        columns = {"messages": "conversations", "system": "system"}
        found: dict[str, Any] = {"file_name": file, "formatting": "sharegpt"}
    elif type_ == LANGUAGE:
        columns, found = {"prompt": "text"}, {"file_name": file}
    else:
        columns, found = {"prompt": "prompt"}, {"file_name": file}
        columns |= {"response": "completion"} if type_ in (COMPLETION, UNPAIRED) else {}
    if type_ == PREFERENCE:
        found["ranking"] = True
        columns |= {"chosen": "chosen", "rejected": "rejected"}
    if type_ == UNPAIRED:
        columns["kto_tag"] = "label"
    return found | {"columns": columns | ({"tools": "tools"} if tools else {})}


def stage_of(type_: str, conversational: bool) -> str:
    """The stage of a training: text alone is pre-training there."""
    return "pt" if type_ == LANGUAGE and not conversational else STAGES[type_]


def train_settings(name: str, splits: list[str], type_: str, conversational: bool) -> dict[str, Any]:
    """The settings of a training, for `llamafactory-cli train`; the model is for the reader to name."""
    found: dict[str, Any] = {
        "model_name_or_path": "NAME-A-MODEL",
        "stage": stage_of(type_, conversational),
        "do_train": True,
        "finetuning_type": "lora",
        "lora_target": "all",
        "dataset_dir": ".",
        "dataset": f"{name}_train",
        "template": "NAME-A-TEMPLATE",
        "cutoff_len": 2048,
        "output_dir": f"saves/{name}",
    }
    if type_ == COMPLETION:
        found["mask_history"] = True
    if "test" in splits:
        found |= {"eval_dataset": f"{name}_test", "eval_strategy": "epoch"}
    return found


def _conversation(turns: list[Row], odd: bool) -> Row:
    """System and conversations, with turns as LLaMA-Factory wants them: asked and answered in turn."""
    system = turns[0]["content"] if turns[0]["role"] == "system" else ""
    said = [_turn(turn) for turn in (turns[1:] if turns[0]["role"] == "system" else turns)]
    for place, turn in enumerate(said):
        asks = turn["from"] in ("human", "observation")
        if asks is not (place % 2 == 0):
            raise NotExpressible(
                "turns do not alternate, and LLaMA-Factory would skip it", "use TRL or Axolotl"
            )
    if len(said) % 2 != odd:
        raise NotExpressible(
            "the last turn is not the assistant's, and LLaMA-Factory would skip it", "use TRL"
        )
    return {"conversations": said, "system": _text(system)}


def _turn(message: Mapping[str, Any]) -> Row:
    calls = message.get("tool_calls")
    if calls:
        if message.get("content"):
            raise NotExpressible(
                "a turn has words and calls; LLaMA-Factory has room for one of them", "use TRL"
            )
        named = [_call(call) for call in calls]
        return {"from": "function_call", "value": spell(named if len(named) > 1 else named[0]).decode()}
    role = message["role"]
    if role == "system":
        raise NotExpressible(
            "a system's turn in the middle; LLaMA-Factory would skip it", "use TRL or Axolotl"
        )
    return {"from": _FROM.get(role, "gpt"), "value": _text(message["content"])}


def _call(call: Any) -> Row:
    """A call by name, its arguments as an object: LLaMA-Factory spells them itself."""
    function = call.get("function", call) if isinstance(call, dict) else {}
    arguments = function.get("arguments", {})
    if isinstance(arguments, str):
        try:
            arguments = orjson.loads(arguments or "{}")
        except orjson.JSONDecodeError:
            raise NotExpressible("the arguments of a call are no JSON", "use TRL") from None
    if not isinstance(function.get("name"), str):
        raise NotExpressible("a call names no function", "use TRL")
    return {"name": function["name"], "arguments": arguments}


def _single(answer: list[Row]) -> Row:
    if len(answer) != 1:
        raise NotExpressible("an answer of several turns; LLaMA-Factory has room for one", "use TRL")
    return _turn(answer[0])


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "\n".join(part["text"] for part in content)
