"""Rubrics: by what a judge judges, as a document with a digest.

    format: 1
    id: quality
    mode: scores
    instructions: You judge answers of an assistant.
    dimensions:
      accuracy:
        description: Whether what it says is true.
        weight: 2
        anchors: {1: It is wrong., 5: All of it is true.}

`docs/rubrics.md` explains every field.
"""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from importlib import resources
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from assay.curate.plan import describe_problems, document
from assay.errors import NotFound
from assay.judge.verdict import NO_REASON, TAKEN, Verdict, shape_of
from assay.llm.answers import schema_of
from assay.model.canonical import canonical_json

FORMAT: Final = 1
BUILT_IN: Final = ("preference", "quality")
"""Rubrics that come with assay."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_LONG: Final = 20_000
_SHORT: Final = 2_000


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _whole_keys(value: Any) -> Any:
    """JSON has no whole numbers as keys, YAML has."""
    if not isinstance(value, dict):
        return value
    return {
        int(key) if isinstance(key, str) and re.fullmatch(r"\d{1,3}", key) else key: v
        for key, v in value.items()
    }


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name: small letters, digits and _, a letter first, at most 32")
    return name


Name = Annotated[str, BeforeValidator(lambda name: _name(name) if isinstance(name, str) else name)]
Words = Annotated[str, Field(min_length=1, max_length=_SHORT)]
Text = Annotated[str, Field(max_length=_LONG)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Scale(_Strict):
    """The whole numbers that a score may be; `most` is best."""

    least: int = Field(default=1, ge=0, le=100)
    most: int = Field(default=5, ge=1, le=100)

    @model_validator(mode="after")
    def _goes_up(self) -> Self:
        if self.least >= self.most:
            raise ValueError("`least` is not below `most`")
        return self


class Dimension(_Strict):
    """One thing that is scored; of pairs, that is weighed. `anchors`: what a score stands for, in words."""

    description: Words
    weight: float = Field(default=1.0, gt=0, le=1_000, allow_inf_nan=False)
    anchors: Annotated[dict[int, Words], BeforeValidator(_whole_keys)] = Field(default_factory=dict)


class Exclude(_Strict):
    """When an example is to be left out whatever its scores, and the names of the reasons."""

    rule: Words
    reasons: Annotated[tuple[Name, ...], BeforeValidator(_as_tuple), Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if len(set(self.reasons)) < len(self.reasons) or NO_REASON in self.reasons:
            raise ValueError(f"reasons differ, and none of them is {NO_REASON!r}")
        return self


class Turn(_Strict):
    """One turn of a worked example."""

    role: Literal["system", "user", "assistant"]
    content: Text


class Worked(_Strict):
    """A worked example: `turns`, or of pairs `prompt`, `first` and `second`; and the verdict that is right."""

    turns: Annotated[tuple[Turn, ...], BeforeValidator(_as_tuple), Field(max_length=20)] = ()
    prompt: Text | None = None
    first: Text | None = None
    second: Text | None = None
    verdict: dict[str, Any]


class Rubric(_Strict):
    """By what a judge judges. `digest` is over all that shapes a prompt or a result."""

    format: int = Field(default=FORMAT, ge=1, le=FORMAT)
    id: Name
    description: str = Field(default="", max_length=_SHORT)
    mode: Literal["scores", "pairs"] = "scores"
    instructions: str = Field(min_length=1, max_length=_LONG)
    scale: Scale = Field(default_factory=Scale)
    dimensions: dict[Name, Dimension] = Field(min_length=1, max_length=12)
    overall: Literal["asked", "weighted"] = "asked"
    difficulty: bool = False
    exclude: Exclude | None = None
    examples: Annotated[tuple[Worked, ...], BeforeValidator(_as_tuple), Field(max_length=8)] = ()

    @classmethod
    def of(cls, value: Any, where: str = "the rubric") -> Self:
        """The rubric that a YAML or JSON value says. Raises UsageError with every problem at once."""
        return document(cls, value, "rubric", where, "docs/rubrics.md")

    @field_validator("dimensions")
    @classmethod
    def _by_name(cls, dimensions: dict[str, Dimension]) -> dict[str, Dimension]:
        """Asked in the order of their names, so that the order in which a document is written shapes no prompt."""
        return dict(sorted(dimensions.items()))

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        wrong = [f"`{name}` is no name for a dimension" for name in self.dimensions if name in TAKEN]
        for name, one in self.dimensions.items():
            off = sorted(score for score in one.anchors if not self.scale.least <= score <= self.scale.most)
            wrong += [f"{name}: anchor {score} is not on the scale" for score in off]
        if self.mode == "pairs":
            wrong += self._not_of_pairs()
        if wrong:
            raise ValueError("; ".join(wrong))
        wrong = [
            f"examples.{k}: {said}"
            for k, worked in enumerate(self.examples)
            if (said := self._fault_of(worked)) is not None
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _not_of_pairs(self) -> list[str]:
        said = {
            "anchors": any(one.anchors for one in self.dimensions.values()),
            "scale": self.scale != Scale(),
            "overall": self.overall != "asked",
            "difficulty": self.difficulty,
            "exclude": self.exclude is not None,
        }
        return [f"`{name}` is for scores, and pairs have none" for name, there in said.items() if there]

    def _fault_of(self, worked: Worked) -> str | None:
        """What is wrong with a worked example, or None."""
        pair = (worked.prompt, worked.first, worked.second)
        if self.mode == "pairs" and (worked.turns or None in pair):
            return "give `prompt`, `first` and `second`"
        answered = any(turn.role == "assistant" for turn in worked.turns)
        if self.mode == "scores" and (pair != (None, None, None) or not answered):
            return "give `turns`, one of them the assistant's"
        try:
            self.shape.model_validate(worked.verdict)
        except ValidationError as error:
            return " and ".join(describe_problems(error, "verdict", self.shape))
        return None

    def as_json(self) -> dict[str, Any]:
        """The rubric as a JSON value, which `of` reads again."""
        told: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        return told

    @cached_property
    def shape(self) -> type[Verdict]:
        """What a judge has to answer."""
        return shape_of(self)

    @cached_property
    def verdict_schema(self) -> dict[str, Any]:
        """The JSON schema of `shape`, as requests carry it."""
        return schema_of(self.shape)

    @cached_property
    def digest(self) -> str:
        """ "sha256:…" over the canonical JSON of all but the description."""
        told = {name: value for name, value in self.as_json().items() if name != "description"}
        return "sha256:" + hashlib.sha256(canonical_json(told)).hexdigest()

    @property
    def name(self) -> str:
        """How people name this very rubric: `quality@1f3a5c7e9b2d`."""
        return f"{self.id}@{self.digest[7:19]}"


def builtin_rubric(name: str) -> Rubric:
    """A rubric that comes with assay, one of `BUILT_IN`. Raises NotFound."""
    if name not in BUILT_IN:
        raise NotFound(
            f"there is no rubric {name[:80]!r}", f"there are {', '.join(BUILT_IN)}; or name a YAML file"
        )
    data = resources.files("assay.judge").joinpath("rubrics", f"{name}.yaml").read_bytes()
    return Rubric.of(yaml.safe_load(data), f"{name}.yaml")
