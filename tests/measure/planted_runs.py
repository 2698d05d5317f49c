"""Runs on two versions with a known difference: items of very different difficulty, seeds that shift a whole run."""

from __future__ import annotations

import numpy as np

SPREADS = {"small": 0.05, "middle": 0.15, "large": 0.5}
"""How far a seed shifts a run, on the scale on which items differ by more than 1.5."""
OWN, LEFT_OVER = 0.5, 0.5
"""How far a version shifts an item beyond its effect, and what neither run nor item explains."""


def planted(rng, kind, runs, items, spread, effect):
    """Scores of runs × items of either side: 0 or 1 (`binary`), or any number (`number`)."""
    items_differ = 1.5 * rng.standard_t(3, items)
    sides = []
    for side, number in enumerate(runs):
        shift = effect * side + rng.normal(0, OWN, items)
        scores = items_differ + shift + rng.normal(0, SPREADS[spread], (number, 1))
        scores = scores + rng.normal(0, LEFT_OVER, (number, items))
        if kind == "binary":
            scores = (rng.random(scores.shape) < _chance(scores)).astype(np.float32)
        sides.append(scores)
    return sides


def truth(kind, spread, effect):
    """The difference that was planted, of all items and all seeds: of chances, by drawing two million."""
    if kind == "number" or not effect:
        return effect
    rng = np.random.default_rng(7)
    whole = 1.5 * rng.standard_t(3, 2_000_000)
    whole += rng.normal(0, np.sqrt(OWN**2 + LEFT_OVER**2 + SPREADS[spread] ** 2), len(whole))
    return float((_chance(whole + effect) - _chance(whole)).mean())


def _chance(scores):
    return 1 / (1 + np.exp(-np.clip(scores, -50, 50)))
