"""Rows per second of semantic_dedup without a model: making vectors, and searching among them.

    python benchmarks/semantic_dedup.py [rows] [exact|index]

The texts are made up: sentences of 600 characters in English and Chinese, one in ten a copy with words exchanged.
"""

from __future__ import annotations

import random
import sys
import time

import numpy as np

from assay.curate.batch import Batch
from assay.curate.stage import Rows
from assay.stages.semantic_dedup import SemanticDedup

HAN = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后"


def made_up(count: int) -> list[str]:
    chance = random.Random(11)
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randrange(2, 9))) for _ in range(8_000)]
    words += ["".join(chance.choices(HAN, k=2)) for _ in range(4_000)]
    texts: list[str] = []
    for _ in range(count):
        if texts and chance.random() < 0.1:
            picked = chance.choice(texts).split(" ")
            for _ in range(5):
                picked[chance.randrange(len(picked))] = chance.choice(words)
        else:
            picked = chance.choices(words, k=110)
        texts.append(" ".join(picked))
    return texts


def main(count: int = 50_000, how: str = "exact") -> None:
    texts = made_up(count)
    stage = SemanticDedup(threshold=0.85, exact_up_to=10**9 if how == "exact" else 0)
    started = time.perf_counter()
    parts = [
        stage.keys(Batch([{"text": text} for text in texts[k : k + 1_000]])) for k in range(0, count, 1_000)
    ]
    encoded = time.perf_counter() - started
    keys = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    rows = Rows(keys, np.arange(count), np.ones(count, np.bool_), lambda some: [texts[k] for k in some])
    started = time.perf_counter()
    found = stage.decide(rows)
    searched = time.perf_counter() - started
    mean = sum(map(len, texts)) / count
    print(f"{count:,} texts of {mean:.0f} characters, {len(found.row):,} go")
    print(f"vectors: {count / encoded:,.0f} rows/s on one core")
    print(f"search ({how}): {searched:.1f} s, {count / searched:,.0f} rows/s")


if __name__ == "__main__":
    main(*(int(a) if a.isdigit() else a for a in sys.argv[1:]))  # type: ignore[arg-type]
