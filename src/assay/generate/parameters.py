"""With which model and which parameters each candidate is asked for: fixed, in turn, or drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

from assay.errors import UsageError
from assay.generate.drawing import Draws

MAX_TOKENS: Final = 1_024
"""Most tokens of an answer, where nobody said."""
_MOST_TURNS: Final = 1_000
_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Between:
    """A number from `low` to `high`, drawn for each candidate: whole where both are, else to four decimals."""

    low: int | float
    high: int | float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise UsageError(
                f"{self.low}..{self.high} is no range", "write LOW..HIGH, such as --sample top_p=0.8..1.0"
            )

    def drawn(self, draws: Draws, name: str) -> int | float:
        """One number of the range."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return self.low + draws.below(self.high - self.low + 1, "sample", name)
        return round(self.low + (self.high - self.low) * draws.share("sample", name), _DIGITS)


@dataclass(frozen=True, slots=True)
class Parameters:
    """`fixed`: for every call; `sweeps`: name → values that are used in turn, all of them with each other; `samples`:
    name → range to draw from. `max_tokens` is 1,024 where nothing says otherwise.

    Raises UsageError for a parameter that is said twice, a sweep without values, or more than 1,000 in turn.
    """

    fixed: Mapping[str, Any] = field(default_factory=dict)
    sweeps: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    samples: Mapping[str, Between] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [*self.fixed, *self.sweeps, *self.samples]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(
                    f"the parameter {name!r} is said twice", "say it as --param, --sweep or --sample"
                )
        for name, values in self.sweeps.items():
            if not values:
                raise UsageError(f"the sweep of {name!r} has no value", "write --sweep NAME=A,B,C")
        if math.prod(map(len, self.sweeps.values())) > _MOST_TURNS:
            raise UsageError("these sweeps have too many values together", f"at most {_MOST_TURNS:,}")

    @property
    def turns(self) -> list[dict[str, Any]]:
        """What is used in turn: every value of every sweep with every value of the others."""
        return [dict(zip(self.sweeps, values, strict=True)) for values in product(*self.sweeps.values())]

    def of(self, turn: Mapping[str, Any], draws: Draws) -> dict[str, Any]:
        """The parameters of one call."""
        drawn = {name: one.drawn(draws, name) for name, one in self.samples.items()}
        return {"max_tokens": MAX_TOKENS, **self.fixed, **turn, **drawn}

    def as_json(self) -> dict[str, Any]:
        """As JSON values; what is not used is left out."""
        told = {
            "fixed": {"max_tokens": MAX_TOKENS, **self.fixed} if not self._limit_varies else dict(self.fixed),
            "sweeps": {name: list(values) for name, values in self.sweeps.items()},
            "samples": {name: [one.low, one.high] for name, one in self.samples.items()},
        }
        return {name: value for name, value in told.items() if value}

    @property
    def _limit_varies(self) -> bool:
        return "max_tokens" in self.sweeps or "max_tokens" in self.samples
