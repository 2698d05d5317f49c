"""Whether one draw of texts differs from another by more than chance: rows are exchanged at random between them.

A permutation test (Fisher 1935; Phipson and Smyth 2010 for p of finitely many): rows that both draws hold stay, the
others are dealt out anew. What moved counts as real when it is worse than all of `DRAWS` such deals, which rows of one
and the same kind reach with a probability of 1 / (DRAWS + 1) = 0.25 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

DRAWS: Final = 399


@dataclass(frozen=True, slots=True)
class Change:
    """A figure `before` and `after`, how much worse it `moved`, and the worst that `chance` moved it.

    For a measured figure `moved` and `chance` are in the unit that the caller's `worse` gives. `rows`: of each draw.
    """

    before: float
    after: float
    moved: float
    chance: float
    rows: int

    def as_json(self) -> dict[str, Any]:
        names = ("before", "after", "moved", "chance")
        return {name: round(getattr(self, name), 6) for name in names} | {"rows": self.rows}


@dataclass(frozen=True, slots=True)
class Deal:
    """Positions of rows in a pool: those that both sides hold, and those of one side only."""

    both: Ints
    first: Ints
    second: Ints

    def sides(self) -> tuple[Ints, Ints]:
        """All rows of each side, in the pool's order."""
        return np.sort(np.concatenate([self.both, self.first])), np.sort(
            np.concatenate([self.both, self.second])
        )

    def again(self, draws: int = DRAWS, seed: int = 0) -> Iterator[Deal]:
        """The same rows dealt out at random, each side as large as it was."""
        pool, size = np.concatenate([self.first, self.second]), len(self.first)
        chance = np.random.default_rng(seed)
        for _ in range(draws):
            dealt = chance.permutation(pool)
            yield Deal(self.both, np.sort(dealt[:size]), np.sort(dealt[size:]))


def change(
    deal: Deal, figures: Callable[[Deal], tuple[float, float]], worse: Callable[[float, float], float]
) -> Change:
    """What a figure of the first side and of the second says, against the same of random deals."""
    before, after = figures(deal)
    rows = len(deal.both) + len(deal.second)
    if not len(deal.first) and not len(deal.second):
        return Change(before, after, worse(before, after), 0.0, rows)
    chance = max(worse(*figures(other)) for other in deal.again())
    return Change(before, after, worse(before, after), chance, rows)


def share_lost(deal: Deal, kept: Callable[[Deal], float]) -> Change:
    """The same for a share that even rows of one kind keep in part: `before` is what random deals keep on average."""
    now, rows = kept(deal), len(deal.both) + len(deal.second)
    if not len(deal.first):
        return Change(1.0, now, 1.0 - now, 0.0, rows)
    dealt = [kept(other) for other in deal.again()]
    usual = sum(dealt) / len(dealt)
    if not usual > 0:
        return Change(usual, now, float("nan"), float("nan"), rows)
    return Change(usual, now, 1.0 - now / usual, 1.0 - min(dealt) / usual, rows)


def distinct(parts: Sequence[Ints], rows: Ints, size: int, kinds: int) -> int:
    """How many of `kinds` different things there are among the first `size` of the rows' parts."""
    seen = np.zeros(kinds, dtype=bool)
    seen[head(parts, rows, size)] = True
    return int(np.count_nonzero(seen))


def head(parts: Sequence[Ints], rows: Ints, size: int) -> Ints:
    """The first `size` things of the rows' parts, one row after the other."""
    if not len(rows):
        return np.empty(0, dtype=np.int64)
    return np.concatenate([parts[row] for row in rows.tolist()])[:size]
