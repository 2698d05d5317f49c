"""Templates: versioned by their digest, with variables that are declared, filled by nothing but replacement.

    id: ticket-answer
    system: You answer tickets of a help desk.
    user: |
      Write a {{tone}} answer in {{language}} to this ticket:
      {{ticket}}
    variables:
      tone: {values: [kind, short]}
      language: {values: [English, 中文]}
      ticket: {}

`{{name}}` is replaced by a value and by nothing else: there are no expressions, no loops, and a value that looks like a
variable stays as it is. A variable with `values` takes one of them; any other takes any text.

A template may say what the model is to answer with, as fields of a JSON object, and what example is made of it:

    fields:
      question: what the customer asks
      answer: what the help desk says
    example:
      - {role: user, content: "{{question}}"}
      - {role: assistant, content: "{{answer}}"}

Without `fields` the answer is plain text, called `output`; without `example` the example is the prompt of the user and
that output.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from assay.curate.plan import document
from assay.errors import UsageError
from assay.model.canonical import canonical_json
from assay.model.ref import check_name

FORMAT: Final = 1
LONGEST_VALUE: Final = 100_000
"""Characters of one value."""
OUTPUT: Final = "output"
"""What a plain answer is called."""
SEEDS: Final = "seeds"
SEED_VARIABLES: Final = (SEEDS, "seed_input", "seed_output")
"""Variables that stand for examples of a version: several as numbered demonstrations, or the two texts of one."""
MOST_FIELDS: Final = 32

_LONGEST_WORDS: Final = 2_000
_VARIABLE: Final = re.compile(r"\{\{\s*(\w{1,64})\s*\}\}")
_NAME: Final = re.compile(r"[^\W\d]\w{0,63}")


class Variable(BaseModel):
    """What may stand for a variable: one of `values`, or any text where there are none."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    description: str = Field(default="", max_length=500)
    values: tuple[str, ...] = Field(default=(), max_length=10_000)

    @field_validator("values", mode="before")
    @classmethod
    def _as_tuple(cls, values: Any) -> Any:
        return tuple(values) if isinstance(values, list) else values

    @field_validator("values")
    @classmethod
    def _differ(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(values)) < len(values):
            raise ValueError("a value is named twice")
        return values


class Turn(BaseModel):
    """One message of the example that is made of an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    role: Literal["system", "user", "assistant"]
    content: str = Field(min_length=1, max_length=LONGEST_VALUE)


class Template(BaseModel):
    """What a model is asked, with what it is to answer, and what example that makes. `digest` names exactly this."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: int = Field(default=FORMAT, ge=1, le=FORMAT)
    id: str
    description: str = Field(default="", max_length=2_000)
    system: str = Field(default="", max_length=LONGEST_VALUE)
    user: str = Field(min_length=1, max_length=LONGEST_VALUE)
    variables: dict[str, Variable] = Field(default_factory=dict)
    fields: dict[str, str] = Field(default_factory=dict, max_length=MOST_FIELDS)
    """What the model answers with, in this order: a field's name → what is to stand in it. None: plain text."""
    example: tuple[Turn, ...] = Field(default=(), max_length=64)

    @classmethod
    def of(cls, value: Any, where: str = "the template") -> Self:
        """The template that a YAML or JSON value says. Raises UsageError with every problem at once."""
        return document(cls, value, "template", where, "docs/generate.md")

    @field_validator("id")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        try:
            return check_name(name, "template")
        except UsageError as error:
            raise ValueError(error.message) from None

    @field_validator("variables", mode="before")
    @classmethod
    def _any_text(cls, variables: Any) -> Any:
        """`ticket:` with nothing behind it is a variable that takes any text."""
        if not isinstance(variables, dict):
            return variables
        return {name: {} if given is None else given for name, given in variables.items()}

    @field_validator("variables")
    @classmethod
    def _have_names(cls, variables: dict[str, Variable]) -> dict[str, Variable]:
        for name in variables:
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} cannot name a variable: letters, digits and _, no digit first")
        return variables

    @field_validator("fields", mode="before")
    @classmethod
    def _in_order(cls, fields: Any) -> Any:
        """Pairs are fields in an order that JSON objects do not keep."""
        if isinstance(fields, list) and all(isinstance(one, list) and len(one) == 2 for one in fields):
            if len({str(name) for name, _ in fields}) < len(fields):
                raise ValueError("a field is named twice")
            return dict(fields)
        return fields

    @field_validator("fields")
    @classmethod
    def _name_fields(cls, fields: dict[str, str]) -> dict[str, str]:
        for name, words in fields.items():
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} cannot name a field: letters, digits and _, no digit first")
            if len(words) > _LONGEST_WORDS:
                raise ValueError(f"{name!r} is described in more than {_LONGEST_WORDS} characters")
        return fields

    @field_validator("example", mode="before")
    @classmethod
    def _turns(cls, turns: Any) -> Any:
        return tuple(turns) if isinstance(turns, list) else turns

    @model_validator(mode="after")
    def _makes_an_example(self) -> Self:
        answered = self.fields.keys() or {OUTPUT}
        if twice := sorted(answered & self.variables.keys()):
            raise ValueError(f"{twice[0]!r} is both a variable and what the model answers")
        if not self.example:
            if self.fields:
                raise ValueError("`fields` without `example`: say which messages are made of them")
            if SEEDS in self.variables:
                raise ValueError("`seeds` without `example`: every example would hold the seeds it was shown")
            return self
        used = {name for turn in self.example for name in _VARIABLE.findall(turn.content)}
        if unknown := sorted(used - self.variables.keys() - answered):
            raise ValueError(f"`example` uses {{{{{unknown[0]}}}}}, which is no variable and no field")
        if idle := sorted(answered - used):
            raise ValueError(f"the model answers with {idle[0]!r}, and `example` never uses it")
        if self.example[-1].role != "assistant":
            raise ValueError("the last message of `example` is the assistant's")
        return self

    @model_validator(mode="after")
    def _declares_what_it_uses(self) -> Self:
        used = set(_VARIABLE.findall(self.system)) | set(_VARIABLE.findall(self.user))
        unknown, idle = sorted(used - self.variables.keys()), sorted(self.variables.keys() - used)
        if unknown:
            raise ValueError(f"the text uses {{{{{unknown[0]}}}}}, which `variables` does not declare")
        if idle:
            raise ValueError(f"the variable {idle[0]!r} is declared and never used")
        return self

    @cached_property
    def digest(self) -> str:
        """ "sha256:…" over the canonical JSON of all that shapes a prompt or an example: descriptions do not, but for
        those of fields, which the model is told."""
        told: dict[str, Any] = {
            "format": self.format,
            "id": self.id,
            "system": self.system,
            "user": self.user,
            "variables": {name: list(one.values) for name, one in self.variables.items()},
        }
        # Told only where they are set, so that templates from before keep their digests.
        if self.fields:
            told["fields"] = [list(one) for one in self.fields.items()]
        if self.example:
            told["example"] = [turn.model_dump() for turn in self.example]
        return "sha256:" + hashlib.sha256(canonical_json(told)).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """The template as a JSON value, as `of` takes it; what is not said is left out."""
        told = self.model_dump(mode="json", exclude_defaults=True)
        if self.fields:
            told["fields"] = [list(one) for one in self.fields.items()]
        return {"format": self.format, "id": self.id, **told}

    @property
    def seed_variables(self) -> list[str]:
        """Those of its variables that stand for examples of a version."""
        return [name for name in SEED_VARIABLES if name in self.variables]

    @property
    def name(self) -> str:
        """What an example says of it: `ticket-answer@1f3a5c7e9b2d`."""
        return f"{self.id}@{self.digest[7:19]}"

    def messages(self, values: Mapping[str, str]) -> list[dict[str, str]]:
        """The messages with every variable replaced, once. Raises UsageError, naming the variable that does not fit."""
        for name in sorted(self.variables.keys() - values.keys()):
            raise UsageError(f"{self.id}: no value for {name!r}", self._hint(name))
        for name in sorted(values.keys() - self.variables.keys()):
            raise UsageError(
                f"{self.id} has no variable {name!r}", f"its variables: {', '.join(self.variables) or 'none'}"
            )
        for name, value in values.items():
            allowed = self.variables[name].values
            if allowed and value not in allowed:
                raise UsageError(f"{self.id}: {name!r} is none of its values", self._hint(name))
            if len(value) > LONGEST_VALUE:
                raise UsageError(
                    f"{self.id}: {name!r} has {len(value):,} characters",
                    f"at most {LONGEST_VALUE:,} are taken",
                )
        spoken = [("system", self.system), ("user", self.user)]
        return [{"role": role, "content": _filled(text, values)} for role, text in spoken if text]

    def example_of(self, values: Mapping[str, str], answer: Mapping[str, str]) -> list[dict[str, str]]:
        """The messages of the example that an answer makes: `answer` has the fields, or `output`."""
        if not self.example:
            asked = _filled(self.user, values)
            return [{"role": "user", "content": asked}, {"role": "assistant", "content": answer[OUTPUT]}]
        known = {**values, **answer}
        return [{"role": turn.role, "content": _filled(turn.content, known)} for turn in self.example]

    def _hint(self, name: str) -> str:
        allowed = self.variables[name].values
        return f"one of: {', '.join(allowed[:10])}" if allowed else "give any text"


def _filled(text: str, values: Mapping[str, str]) -> str:
    """The text with every variable replaced, once."""
    return _VARIABLE.sub(lambda found: values[found.group(1)], text).strip()
