"""Whether preferences in a set of pairs are, in part, preferences for length."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class LengthBias:
    """What lengths say about a set of preference pairs.

    `pairs`: how many; `ties`: how many of them have two equal lengths. `longer_chosen`: share of the pairs without
    ties in which the longer answer was chosen, 0.5 where length plays no role. `correlation`: Pearson's r over all
    answers between log(1 + length) and being chosen (1 or 0), the point-biserial correlation; 0 where it plays no
    role. Both are NaN when there is nothing to compute them from.
    """

    pairs: int
    ties: int
    longer_chosen: float
    correlation: float


def length_bias(pairs: Iterable[tuple[int, int]]) -> LengthBias:
    """The length bias of pairs (length of the chosen answer, length of the rejected one), in any one unit."""
    lengths = np.array([*pairs], np.float64).reshape(-1, 2)
    chosen, rejected = lengths[:, 0], lengths[:, 1]
    n, ties = len(lengths), int((chosen == rejected).sum())
    share = float((chosen > rejected).sum() / (n - ties)) if n > ties else float("nan")
    logs = np.log1p(np.concatenate([chosen, rejected]))
    spread = float(logs.std()) if n else 0.0
    correlation = float((logs[:n].mean() - logs[n:].mean()) / (2 * spread)) if spread > 0 else float("nan")
    return LengthBias(n, ties, share, correlation)
