"""A recipe: which stages a curation runs, in which order, and how it splits. What it means, never how fast.

stages:
  - exact_dedup: {}
  - near_dedup: {threshold: 0.8}
  - length: {min_input: 3, max_output: 2048}
split: {test: 0.1, seed: 42}
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from assay.model.canonical import canonical_json

TRAIN = "train"


class SplitSpec(BaseModel):
    """Shares of the examples that go to named splits; the rest is `train`.

    `test`, `validation` and any further name: a share from 0 to below 1. `seed` moves all groups.
    `stratify`: a field within each of whose values the shares hold. `by: time`: the newest examples, by the date
    in `column` (default `created`), are the test. `group`: a field whose equal values never straddle splits.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=False)
    __pydantic_extra__: dict[str, float]

    seed: int = 0
    test: float = Field(default=0.0, ge=0.0, lt=1.0)
    stratify: str | None = Field(default=None, min_length=1)
    group: str | None = Field(default=None, min_length=1)
    by: Literal["time"] | None = None
    column: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _shares_leave_a_rest(self) -> SplitSpec:
        shares = self.shares
        for name, share in shares.items():
            if not name.isidentifier() or name == TRAIN:
                raise ValueError(f"{name!r} cannot name a split here; train is what the others leave")
            if not 0.0 <= share < 1.0:
                raise ValueError(f"the share of {name} is {share}; it must be from 0 to below 1")
        if sum(shares.values()) >= 1.0:
            raise ValueError(f"the shares add up to {sum(shares.values()):g}; nothing is left for train")
        return self

    @model_validator(mode="after")
    def _one_way_to_draw(self) -> SplitSpec:
        if self.by == "time" and self.stratify is not None:
            raise ValueError(
                "by: time and stratify contradict each other: time alone decides, or it does not"
            )
        if self.column is not None and self.by != "time":
            raise ValueError("column names the date of by: time; there is no by: time here")
        return self

    @property
    def shares(self) -> dict[str, float]:
        """Split name → share, by name; splits with no share are left out."""
        given = {"test": self.test, **(self.__pydantic_extra__ or {})}
        return {name: given[name] for name in sorted(given) if given[name]}

    @property
    def fields(self) -> dict[str, str]:
        """What the split must know of every record: purpose (`strata`, `group`, `date`) → name of the field."""
        wanted = {
            "strata": self.stratify,
            "group": self.group,
            "date": (self.column or "created") if self.by == "time" else None,
        }
        return {purpose: name for purpose, name in wanted.items() if name is not None}

    def as_json(self) -> dict[str, Any]:
        """As it would be written in YAML. What was not asked for is absent, so that digests of old recipes hold."""
        asked = {name: getattr(self, name) for name in ("stratify", "group", "by", "column")}
        given = {name: value for name, value in asked.items() if value is not None}
        return {**self.shares, "seed": self.seed, **given}


class StageSpec(BaseModel):
    """One entry of a recipe: which stage, and the parameters that were given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    params: dict[str, Any]


class Recipe(BaseModel):
    """The stages in the order written, and the split (None: everything is train)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stages: tuple[StageSpec, ...]
    split: SplitSpec | None = None

    @field_validator("stages", mode="before")
    @classmethod
    def _one_key_maps(cls, value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            raise ValueError("stages is a list of one-key maps, such as `- near_dedup: {threshold: 0.8}`")
        specs = []
        for position, entry in enumerate(value):
            if isinstance(entry, str):
                entry = {entry: {}}
            if isinstance(entry, StageSpec):
                specs.append(entry)
                continue
            if not isinstance(entry, Mapping) or len(entry) != 1:
                raise ValueError(f"entry {position + 1} must be a map with one key, the stage's name")
            ((kind, params),) = entry.items()
            if params is not None and not isinstance(params, Mapping):
                raise ValueError(f"entry {position + 1} ({kind}): parameters must be a map")
            specs.append(StageSpec(kind=str(kind), params=dict(params or {})))
        return tuple(specs)

    def as_json(self) -> dict[str, Any]:
        """The recipe as it would be written in YAML."""
        out: dict[str, Any] = {"stages": [{s.kind: s.params} for s in self.stages]}
        if self.split is not None:
            out["split"] = self.split.as_json()
        return out

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON: equal recipes have equal digests."""
        return "sha256:" + hashlib.sha256(canonical_json(self.as_json())).hexdigest()
