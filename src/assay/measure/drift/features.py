"""What is compared, and from which effect on a change matters: one table, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["category", "number", "style"]
ALPHA: Final = 0.05
"""How often chance may call something drifted, over all features of one comparison together."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`least`: an effect that matters. `tells`: rows that could not show so large an effect are too few to call steady.
    `effect` names the measure, `reason` says why these numbers."""

    effect: str
    least: float
    tells: float
    reason: str


LIMITS: Final[dict[Kind, Limit]] = {
    "category": Limit(
        "Jensen–Shannon divergence in bits, less what chance adds", 0.002, 0.02,
        "0.002 bits are a value that was not there and has 0.4 % of the rows, or one of 10 % that gains 3.5 points; a "
        "person who looks at the shares would not notice less. 0.02 bits are 4 %, and 11 points.",
    ),
    "number": Limit(
        "Kolmogorov–Smirnov distance", 0.02, 0.10,
        "At least 2 % of the rows would have to have other values for the two to agree. A version that is not told "
        "from another with a distance of 10 % is not known to be steady.",
    ),
    "style": Limit(
        "relative change of the mean over blocks", 0.05, 0.25,
        "Halves of one set differ by less than 2 % (docs/drift.md); a twentieth of all different words or answers is "
        "the first change that a reader sees.",
    ),
}  # fmt: skip

TITLES: Final = {
    "kind": "kind", "origin": "origin", "source": "source", "generator": "generator", "licence": "licence",
    "language": "language", "split": "split", "opening": "opening of the output", "input": "length of the input",
    "output": "length of the output", "turns": "turns", "distinct_1": "distinct words", "distinct_2": "distinct pairs",
    "similarity": "likeness of outputs", "vendi": "Vendi score",
}  # fmt: skip
UNITS: Final = {"input": "units", "output": "units", "turns": "turns"}


def title(name: str) -> str:
    """What people call a feature; a field of the records is called what they call it."""
    return TITLES.get(name, name)
