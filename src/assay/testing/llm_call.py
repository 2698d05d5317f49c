"""What is asked of a made-up language model and what it says, whichever wire protocol carries it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Api = Literal["anthropic", "openai"]
Stop = Literal["end", "length", "refusal"]

ASCII_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Call:
    """One request for an answer, read off either protocol.

    `turns` are (role, text) in order, without the system prompt; `schema` is the JSON schema that the answer was
    asked to follow, `tool` the name of the tool that was demanded, if one was. `digest` is equal for equal
    requests; `attempt` counts from 0 how often this very request came before.
    """

    api: Api
    model: str
    system: str
    turns: tuple[tuple[str, str], ...]
    schema: Mapping[str, Any] | None = None
    tool: str | None = None
    max_tokens: int | None = None
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    digest: str = ""
    attempt: int = 0

    @property
    def prompt(self) -> str:
        """The text of the last turn of the user; empty if there is none."""
        return next((text for role, text in reversed(self.turns) if role == "user"), "")

    @property
    def input_tokens(self) -> int:
        """The size of all that was sent, by the rule of `tokens`."""
        schema = json.dumps(self.schema) if self.schema else ""
        return sum(map(tokens, [self.system, schema, *(text for _, text in self.turns)])) + 4 * len(
            self.turns
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says, and why it stopped: it was done, ran out of tokens, or refused."""

    text: str
    stop: Stop = "end"

    def within(self, limit: int | None) -> Answer:
        """The same answer, cut where `limit` tokens end; one that is cut stopped for its length."""
        if limit is None or tokens(self.text) <= limit:
            return self
        low, high = 0, len(self.text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if tokens(self.text[:middle]) <= limit else (low, middle - 1)
        return Answer(self.text[:low], "length")


Answerer = Callable[[Call], Answer | str | Mapping[str, Any]]
"""Says what the model answers: an `Answer`, its text, or a mapping, which is sent as JSON."""

Identity = Callable[[Call], str]
"""Says which requests are the same: those for which it returns the same text."""


def whole_body(call: Call) -> str:
    """The usual identity: everything that was sent, but for keys, which are no part of a body."""
    return json.dumps([call.api, call.body], sort_keys=True)


def digest(text: str) -> str:
    """SHA-256 in hex; of any text, lone surrogates too."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def tokens(text: str) -> int:
    """An estimate that is the same everywhere: one token for four ASCII characters, and for each other one."""
    plain = sum(character < "\x80" for character in text)
    return -(-plain // ASCII_PER_TOKEN) + len(text) - plain


def as_answer(said: Answer | str | Mapping[str, Any]) -> Answer:
    """What an answerer returned, as an answer."""
    if isinstance(said, Answer):
        return said
    return Answer(said if isinstance(said, str) else json.dumps(said, ensure_ascii=False))
