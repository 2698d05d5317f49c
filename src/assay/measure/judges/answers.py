"""Generators by how their answers fared, and answers that one generator gave to many questions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from assay.kernels.agreement_intervals import Estimate
from assay.kernels.rank_correlation import bootstrap
from assay.measure.judges.checks import DEGENERATE, REPEATED, WinRate
from assay.measure.judges.values import Check, Side

UNNAMED = "–"


@dataclass(frozen=True, slots=True)
class Fared:
    """One judged answer to the question `key`: `won` is its share of the win, or its score."""

    key: str
    side: Side
    won: float


def win_rates(fared: Iterable[Fared], seed: int = 0) -> tuple[WinRate, ...]:
    """One a generator, the best first; answers without a generator stand together."""
    found = []
    for name, rows in _by_generator(fared).items():
        lengths = [row.side.length for row in rows if row.side.length is not None]
        texts = _questions(rows)
        found.append(
            WinRate(
                name, mean_of([row.won for row in rows], seed), sum(lengths) / len(lengths) if lengths else None,
                len(rows), max((count for count in texts.values() if count > 1), default=0),
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-one.rate.value, one.generator)))


def mean_of(values: Sequence[float], seed: int = 0) -> Estimate:
    """The mean with its bootstrap interval."""
    held = np.array(values, np.float64)
    return bootstrap(lambda rows: float(held[rows].mean()), len(held), seed)


def degenerate(fared: Sequence[Fared], seed: int = 0) -> Check:
    """The wins of a generator's text that answers at least half of its questions, and at least `REPEATED` of them.

    Of several such generators the one that wins most is shown. `won` must be a share of 0 to 1.
    """
    if not any(row.side.digest for row in fared):
        return DEGENERATE.missing("the rows hold no texts of answers")
    found: list[tuple[float, str, Estimate]] = []
    for name, rows in _by_generator(fared).items():
        texts = _questions(rows)
        digest, count = texts.most_common(1)[0] if texts else ("", 0)
        if count >= REPEATED and 2 * count >= len({row.key for row in rows}):
            rate = mean_of([row.won for row in rows if row.side.digest == digest], seed)
            found.append((rate.value, name, rate))
    if not found:
        n = len(fared)
        return DEGENERATE.check(
            Estimate(0.0, 0.0, 0.0, n), "no generator answers half of its questions with one text"
        )
    _, name, rate = max(found, key=lambda one: one[:2])
    return DEGENERATE.check(rate, f"{name}: one text for {rate.n:,} questions")


def _by_generator(fared: Iterable[Fared]) -> dict[str, list[Fared]]:
    found: dict[str, list[Fared]] = defaultdict(list)
    for row in fared:
        found[row.side.generator or UNNAMED].append(row)
    return found


def _questions(rows: Iterable[Fared]) -> Counter[str]:
    """digest of a text → how many different questions it answers."""
    return Counter(digest for digest, _ in {(row.side.digest, row.key) for row in rows if row.side.digest})
