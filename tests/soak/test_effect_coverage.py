"""What the intervals of `compare` cover, over the grid of docs/effect.md, and what a bootstrap of such runs covers."""

from itertools import product

import numpy as np
import pytest

from assay.measure.effect.bootstrap import bootstrap
from assay.measure.effect.estimate import difference
from tests.measure.planted_runs import planted, truth

pytestmark = pytest.mark.soak
EXPERIMENTS = 4_000
"""Standard error of a share of 95 %: 0.34 points."""
GRID = list(
    product(("binary", "number"), (2, 3, 5, 8), (30, 200, 1_000), ("small", "middle", "large"), (0.0, 0.4))
)


def test_intervals_cover_93_to_97_percent_all_over_the_grid():
    told = {}
    for place, (kind, runs, items, spread, effect) in enumerate(GRID):
        rng, real, held = np.random.default_rng([35, place]), truth(kind, spread, effect), 0
        for _ in range(EXPERIMENTS):
            found = difference(*planted(rng, kind, (runs, runs), items, spread, effect))
            held += found.low <= real <= found.high
        told[kind, runs, items, spread, effect] = held / EXPERIMENTS
    print(f"\n{EXPERIMENTS:,} experiments a cell; coverage in percent")
    print(
        "seeds items   "
        + "  ".join(f"{k} {s} {e:g}" for k in ("bin", "num") for s in ("sm", "mid", "lg") for e in (0, 0.4))
    )
    for runs, items in product((2, 3, 5, 8), (30, 200, 1_000)):
        cells = [
            told[k, runs, items, s, e]
            for k in ("binary", "number")
            for s in ("small", "middle", "large")
            for e in (0.0, 0.4)
        ]
        print(f"{runs:5} {items:5}   " + "  ".join(f"{100 * share:8.1f}" for share in cells))
    outside = {cell: share for cell, share in told.items() if not 0.93 <= share <= 0.97}
    print(
        f"least {min(told.values()):.3f}, most {max(told.values()):.3f}, mean {np.mean(list(told.values())):.4f}"
    )
    assert outside == {}


def test_a_bootstrap_covers_less_evenly():
    print("\n500 experiments of 600 draws; coverage in percent: interval by t, percentile, BCa, bootstrap-t")
    worst = np.ones(4)
    for kind, runs, items, spread in product(
        ("binary", "number"), (2, 3, 5, 8), (30, 200), ("small", "large")
    ):
        rng, real = np.random.default_rng([36, runs, items]), truth(kind, spread, 0.4)
        held = np.zeros(4)
        for _ in range(500):
            before, after = planted(rng, kind, (runs, runs), items, spread, 0.4)
            found, drawn = difference(before, after), bootstrap(before, after, rng, 600)
            ends = ((found.low, found.high), drawn.percentile, drawn.bca, drawn.t)
            held += [low <= real <= high for low, high in ends]
        worst = np.minimum(worst, held / 500)
        print(
            f"{kind:6} {runs} runs {items:4} items {spread:5}  "
            + "  ".join(f"{share / 5:5.1f}" for share in held)
        )
    assert worst[0] >= 0.92 and worst[1:].max() < worst[0]
