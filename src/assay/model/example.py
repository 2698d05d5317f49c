"""An example: what one training row teaches, in one of four kinds, under an id that is its content.

    kind         payload
    messages     {"messages": [{"role", "content", …}, …], "tools"?: […]}
    preference   {"prompt", "chosen", "rejected", "tools"?}       text or a list of messages each
    completion   {"prompt", "completion", "label"?}               text or a list of messages each
    text         {"text", "label"?}

The id is SHA-256 over a domain tag and the canonical JSON of the payload alone. Text is taken as it is:
nothing is normalised. Provenance, tags, scores and reviews are facts about the id and never change it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from assay.model.canonical import canonical_json

DOMAIN: Final = b"assay.example.v1\n"
KINDS: Final = ("messages", "preference", "completion", "text")


def example_id(payload: bytes) -> bytes:
    """The 32-byte id of an example, given the canonical JSON of its payload."""
    return hashlib.sha256(DOMAIN + payload).digest()


def kind_of(payload: Mapping[str, Any]) -> str:
    """Which of `KINDS` a payload is. Raises ValueError when it is none."""
    if "messages" in payload:
        return "messages"
    if "chosen" in payload:
        return "preference"
    if "completion" in payload:
        return "completion"
    if "text" in payload:
        return "text"
    raise ValueError(f"a payload needs messages, chosen, completion or text; this one has {sorted(payload)}")


@dataclass(frozen=True, slots=True)
class Views:
    """The two texts of an example that checks look at.

    `input` is what the model is given, `output` what it is to learn to say; turns are joined by a line
    feed. `text` is everything in reading order.
    """

    input: str
    output: str
    text: str


def views(payload: Mapping[str, Any]) -> Views:
    """What the model reads and what it learns to say.

    messages: output = the assistant's turns, input = all others. preference: output = the chosen answer
    (text holds both). completion: prompt and completion. text: the text is the output, or the input when
    there is a label, which then is the output.
    """
    if "messages" in payload:
        messages = payload["messages"]
        spoken = [(m.get("role"), _content(m)) for m in messages]
        return Views(
            "\n".join(t for role, t in spoken if role != "assistant"),
            "\n".join(t for role, t in spoken if role == "assistant"),
            "\n".join(t for _, t in spoken),
        )
    if "chosen" in payload:
        prompt, chosen, rejected = (flat_text(payload.get(f)) for f in ("prompt", "chosen", "rejected"))
        return Views(prompt, chosen, f"{prompt}\n{chosen}\n{rejected}")
    if "completion" in payload:
        prompt, completion = flat_text(payload.get("prompt")), flat_text(payload["completion"])
        return Views(prompt, completion, f"{prompt}\n{completion}")
    text = flat_text(payload.get("text"))
    if "label" in payload:
        label = payload["label"]
        answer = label if isinstance(label, str) else orjson.dumps(label).decode()
        return Views(text, answer, text)
    return Views("", text, text)


def flat_text(value: Any) -> str:
    """The words of a payload field: a text as it is, messages joined by line feeds."""
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        return "\n".join(_content(m) for m in value if isinstance(m, Mapping))
    return ""


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        text = content
    elif isinstance(content, list):
        text = "\n".join(p["text"] for p in content if isinstance(p, dict) and isinstance(p.get("text"), str))
    else:
        text = ""
    calls = message.get("tool_calls")
    if not calls:
        return text
    spelled = canonical_json(calls).decode()
    return f"{text}\n{spelled}" if text else spelled


@dataclass(frozen=True, slots=True)
class Example:
    """One training row and where it came from.

    `id` is 32 bytes; `payload` is the decoded JSON; `provenance` holds the columns of
    `assay.model.provenance.COLUMNS` that are known; `split` is the split it stands in, when it was read
    from a version.
    """

    id: bytes
    kind: str
    payload: Mapping[str, Any]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    split: str | None = None

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Example:
        """The example that teaches `payload`. Raises ValueError when JSON cannot carry it."""
        return cls(example_id(canonical_json(payload)), kind_of(payload), payload)

    @property
    def name(self) -> str:
        """The id as people and commands write it: 64 hexadecimal digits."""
        return self.id.hex()

    @property
    def input(self) -> str:
        return views(self.payload).input

    @property
    def output(self) -> str:
        return views(self.payload).output
