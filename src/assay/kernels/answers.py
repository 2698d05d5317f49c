"""The last thing that the model is to learn to say: what an ending, a refusal or a placeholder is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.model.example import flat_text


def final_answer(payload: Mapping[str, Any], output: str) -> str:
    """The last assistant turn of a conversation, the chosen side's last turn of a pair; else `output`.

    `output` is the payload's output view (`assay.model.example.views`), which joins all assistant turns.
    """
    turns = payload.get("messages", payload.get("chosen", payload.get("completion")))
    if isinstance(turns, list) and len(turns) > 1:
        for turn in reversed(turns):
            if isinstance(turn, Mapping) and turn.get("role") == "assistant":
                return flat_text([turn])
    return output
