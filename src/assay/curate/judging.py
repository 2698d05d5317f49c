"""What the stage `judge` asks of whoever can call language models: scores of examples, as columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """What judges said of n examples; arrays of length n. Of several judges, means over those that gave scores.

    `scores`: name → float64, NaN where there is none: `overall`, `difficulty`, and every dimension of the rubric; of
    pairs `preference` (1: the chosen answer won in both orders, 0: the rejected one, 0.5: neither). `exclude`: the
    share of the judges with scores that would exclude it, NaN where there is none. `spread`: greatest less least
    `overall`. `outcome`: "scored" when every judge gave scores, else the commonest reason why one did not; "" where
    nobody was asked (a dry run). `reason`: the same in words, "" for what was scored. `steering`: attempts to steer
    the judge that the screen saw, in words, or "". `summary`: what a person should know of the whole.
    """

    scores: Mapping[str, Floats]
    exclude: Floats
    spread: Floats
    outcome: npt.NDArray[np.object_]
    reason: npt.NDArray[np.object_]
    steering: npt.NDArray[np.object_]
    summary: Mapping[str, Any]


class Judge(Protocol):
    """Judges examples; the registry's, which remembers what was said of them."""

    @property
    def lineage(self) -> Mapping[str, str]:
        """Digests of the rubric and of every judge."""
        ...

    @property
    def scores(self) -> Sequence[str]:
        """Names of all scores that it gives."""
        ...

    def judge(
        self, ids: Sequence[bytes], payloads: Callable[[Sequence[int]], list[dict[str, Any]]]
    ) -> Judged:
        """What is said of these examples; `payloads` fetches those at some positions. Raises BudgetReached and others
        when the calls cannot go on."""
        ...
