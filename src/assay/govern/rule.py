"""What a rule is: the seam between policies and what they demand.

A rule is a frozen pydantic model: its parameters are the fields, unknown ones are refused. `judge` is a pure function
of a `View`: no clock, no log, no files. A rule is found by its entry point in the group `assay.policies`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from assay.govern.view import View
from assay.kernels.ids import IdArray, as_ids, concat, order

Moment = Literal["commit", "release", "train"]
MOMENTS: tuple[Moment, ...] = ("commit", "release", "train")
"""When a gate is evaluated: as a version is made, as it is released, as a training run asks for it."""

Effect = Literal["refuse", "warn", "off"]
Unit = Literal["count", "share", "number"]
Bound = Literal["most", "least"]


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What a rule says under one of its codes, whether it holds or not.

    `value` was found and is held against `limit` (None where there is none), in `unit`: examples, a share from 0 to
    1, or a plain number; `bound` says whether the limit is the `most` or the `least` that is allowed. `message` says
    it in words, without any text of examples. `ids`: V32, sorted, all examples that offend; none where no single
    example does.
    """

    code: str
    ok: bool
    value: float | None
    limit: float | None
    message: str
    unit: Unit = "count"
    ids: IdArray = field(default_factory=lambda: as_ids([]))
    bound: Bound = "most"


class Rule(BaseModel):
    """One demand on a version. `commit`, `release` and `train` say what a broken rule does at that moment."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: ClassVar[str]
    codes: ClassVar[Mapping[str, str]]
    """Every code that the rule can give, with the sentence that explains it to a person."""

    commit: Effect = Field(default="warn", description="what happens when a version is made")
    release: Effect = Field(default="refuse", description="what happens when it is to be released")
    train: Effect = Field(default="refuse", description="what happens when it is to be trained on")

    @field_validator("commit", "release", "train", mode="before")
    @classmethod
    def _off_is_a_word(cls, value: object) -> object:
        # YAML 1.1 reads a bare `off` as false.
        return "off" if value is False else value

    def effect(self, moment: Moment) -> Effect:
        found: Effect = getattr(self, moment)
        return found

    def judge(self, view: View) -> Sequence[Verdict]:
        """One verdict for each code that was looked at, in the order of `codes`."""
        raise NotImplementedError


def sorted_of(parts: Sequence[IdArray]) -> IdArray:
    """The ids of all parts in one array, sorted. No id stands in two parts."""
    ids = concat(parts)
    found: IdArray = ids[order(ids)]
    return found


def some(values: Sequence[str], shown: int = 3) -> str:
    """ "a, b, c and 4 more": names for a message, each cut to 40 characters."""
    listed = ", ".join(v if len(v) <= 40 else v[:39] + "…" for v in values[:shown])
    rest = len(values) - shown
    return f"{listed} and {rest:,} more" if rest > 0 else listed
