"""What providers ask of files for fine-tuning, as data: one row a rule, with where it is written.

Read on 2026-11-21:

- OpenAI: developers.openai.com/api/docs/guides/supervised-fine-tuning (10 examples), …/direct-preference-optimization
  (form of a pair, text only), …/vision-fine-tuning (images); the schemas FineTuneChatRequestInput,
  FineTunePreferenceRequestInput and ChatCompletionTool of the API description 2.3.0 (roles, keys, names, weights); the
  reference of POST /v1/files (512 MB); the cookbook "Data preparation and analysis for chat model fine-tuning"
  (2023-08-22; keys of messages, missing content). New organisations have not been let in since 2026-05-07; others
  (Azure, Together, Fireworks) take the same files, some with other numbers.
- Anthropic, on Amazon Bedrock: docs.aws.amazon.com/bedrock/latest/userguide/model-customization-prepare.html
  ("Anthropic Claude 3 Haiku": 32 to 10,000 records, 1,000 for validation, 32,000 tokens, 10 GB and 1 GB) and
  Anthropic's cookbook finetuning/finetuning_on_bedrock.ipynb (system apart, two messages at least, roles alternate, no
  further keys). The model came to its end on Bedrock on 2026-09-10; the form stays that of the Messages API.

Token counts are estimates, since nobody's tokenizer is here: what seems too long is a warning and refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

PROVIDERS: Final = ("openai", "anthropic")
VALIDATION: Final = frozenset({"test", "validation", "valid", "val", "dev", "eval"})
"""Splits of these names are files for validation, all others for training."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers of a provider. Bytes are in powers of ten."""

    name: str
    least: int
    most: int | None
    most_validation: int | None
    most_total: int | None
    bytes: int
    bytes_validation: int
    tokens: int
    images: int = 0
    image_bytes: int = 0
    with_images: int = 0
    tools: int = 0


LIMITS: Final[Mapping[str, Limits]] = {
    "openai": Limits(
        "OpenAI", 10, None, None, None, 512_000_000, 512_000_000, 65_536,
        images=10, image_bytes=10_000_000, with_images=50_000, tools=128,
    ),
    "anthropic": Limits(
        "Anthropic on Bedrock", 32, 10_000, 1_000, 10_000, 10_000_000_000, 1_000_000_000, 32_000,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """`level`: error refuses, warning is told. `of`: example or file."""

    code: str
    level: str
    of: str
    says: str
    todo: str
    providers: tuple[str, ...] = PROVIDERS


_OPENAI, _ANTHROPIC = ("openai",), ("anthropic",)
_RULES: Final = (
    Rule("not_a_conversation", "error", "example", "it is neither a conversation nor a pair of answers",
         "make prompts and answers of plain text, or leave it out"),
    Rule("label", "error", "example", "a completion with a label has no form there",
         "keep the good completions only, without their labels"),
    Rule("preference", "error", "example", "it takes no pairs of answers", "export with openai", _ANTHROPIC),
    Rule("mixed_kinds", "error", "file", "conversations and pairs in one file: each method has a file of its own",
         "choose one kind with --where", _OPENAI),
    Rule("no_messages", "error", "example", "there is no message", "leave it out"),
    Rule("unknown_role", "error", "example", "a role that is not known there", "map the role, or leave the turn out"),
    Rule("unknown_key", "error", "example", "a message has a key that is not known there", "remove the key"),
    Rule("no_content", "error", "example", "a message without content", "fill it, or leave the turn out"),
    Rule("not_text", "error", "example", "content in parts that are no text", "leave the parts out", _ANTHROPIC),
    Rule("bad_part", "error", "example", "a part of content that is neither text nor an image",
         "leave the part out", _OPENAI),
    Rule("last_not_assistant", "error", "example", "the last message is not the assistant's",
         "cut the conversation after its last answer"),
    Rule("first_not_user", "error", "example", "the first message is not the user's", "begin with a question",
         _ANTHROPIC),
    Rule("roles_alternate", "error", "example", "user and assistant do not alternate", "join turns of one speaker",
         _ANTHROPIC),
    Rule("system_not_first", "error", "example", "a system message after the first message",
         "put what it says into the first one", _ANTHROPIC),
    Rule("system_late", "warning", "example", "a system message after the first message",
         "put what it says into the first one", _OPENAI),
    Rule("tools", "error", "example", "tools and their calls have no place there", "leave it out", _ANTHROPIC),
    Rule("bad_weight", "error", "example", "`weight` is 0 or 1, on the assistant's messages only",
         "set 0 or 1, or remove it", _OPENAI),
    Rule("bad_name", "error", "example", "a name of more than 64 characters, or with spaces or one of < | \\ / >",
         "shorten the name to letters, digits, _ and -", _OPENAI),
    Rule("bad_tool", "error", "example",
         "a tool is {type: function, function: {name, parameters}}, its name 1 to 64 of a-z A-Z 0-9 _ -",
         "write the tool in that form", _OPENAI),
    Rule("too_many_tools", "error", "example", "more than 128 tools", "leave out the tools that are not called",
         _OPENAI),
    Rule("bad_tool_call", "error", "example",
         "a call is {id, type: function, function: {name, arguments}}, its arguments a text of JSON",
         "give every call an id and the form", _OPENAI),
    Rule("unknown_tool", "error", "example", "a call of a tool that the example does not list", "list the tool",
         _OPENAI),
    Rule("unanswered_call", "error", "example", "a call without a tool's answer before the next turn",
         "put the tool's answer after the call", _OPENAI),
    Rule("stray_answer", "error", "example", "a tool's answer to no call before it", "give it the id of its call",
         _OPENAI),
    Rule("not_one_answer", "error", "example", "each side of a pair is one message of the assistant",
         "cut each side to one answer", _OPENAI),
    Rule("pair_with_images", "error", "example", "pairs are text only", "leave it out", _OPENAI),
    Rule("image_of_assistant", "error", "example", "an image outside of the user's messages", "leave the image out",
         _OPENAI),
    Rule("bad_image", "error", "example", "an image that is no http(s) URL and no data URL of JPEG, PNG or WEBP",
         "convert the image", _OPENAI),
    Rule("image_too_large", "error", "example", "an image of more than 10 MB", "make it smaller", _OPENAI),
    Rule("too_many_images", "error", "example", "more than 10 images", "leave images out", _OPENAI),
    Rule("maybe_too_long", "warning", "example", "more tokens than are trained on, by an estimate",
         "count with the provider's tokenizer; what is over is cut off or refused"),
    Rule("too_few", "error", "file", "fewer examples than a file for training needs", "add examples"),
    Rule("too_many", "error", "file", "more examples than a file may have", "choose some with --where"),
    Rule("too_many_in_all", "error", "file", "more examples in all files together than may be",
         "choose some with --where", _ANTHROPIC),
    Rule("too_many_with_images", "error", "file", "more than 50,000 examples with images", "choose some with --where",
         _OPENAI),
    Rule("file_too_large", "error", "file", "the file has more bytes than may be uploaded", "choose some with --where"),
)  # fmt: skip

RULES: Final[Mapping[str, Rule]] = {rule.code: rule for rule in _RULES}


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that is broken. `example`: the id, None for a file; `where`: the place in the record, or figures."""

    rule: Rule
    split: str
    example: str | None
    where: str

    def as_json(self) -> dict[str, Any]:
        said = {
            "code": self.rule.code,
            "level": self.rule.level,
            "split": self.split,
            "example": self.example,
        }
        return said | {"where": self.where, "says": self.rule.says, "todo": self.rule.todo}


Found = Iterator[tuple[str, str]]
"""Broken rules of one record: code, where."""


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has: four ASCII characters each, or one other character. An estimate, with no
    tokenizer behind it."""
    ascii_only = sum(map(str.isascii, text)) if not text.isascii() else len(text)
    return ascii_only // 4 + len(text) - ascii_only
