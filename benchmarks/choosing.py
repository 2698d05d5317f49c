"""How long `select` and `balance` by cluster take: python benchmarks/choosing.py [rows] [chosen]

Texts of about 620 characters, half of the words from one of 800 topics of very different sizes. Set
OPENBLAS_NUM_THREADS=1 for the time on one core.
"""

from __future__ import annotations

import hashlib
import random
import resource
import sys
import time

import numpy as np

from assay.curate.batch import Batch
from assay.curate.stage import Rows, Selector
from assay.stages.balance import Balance
from assay.stages.select import Select


def make_texts(rows: int) -> list[str]:
    draw = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(draw.choices(letters, k=draw.randint(2, 9))) for _ in range(20_000)]
    topics = [draw.sample(words, 120) for _ in range(800)]
    return [
        " ".join(
            draw.choices(topics[min(int(draw.paretovariate(0.6)) - 1, 799)], k=45)
            + draw.choices(words[:200], k=50)
        )
        for _ in range(rows)
    ]


def main() -> None:
    rows, chosen = (int(given) for given in [*sys.argv[1:], "200000", "5000"][:2])
    texts = make_texts(rows)
    ids = np.array([hashlib.sha256(str(k).encode()).digest() for k in range(rows)], "S32")
    started = time.perf_counter()
    keys = Select(n=chosen).keys(Batch([{"text": text} for text in texts]))
    print(f"keys               {time.perf_counter() - started:6.1f} s")
    everything = Rows(keys, np.arange(rows), np.ones(rows, np.bool_), lambda _: [], ids)
    stages: dict[str, Selector] = {
        "quality": Select(n=chosen, method="quality", novelty=0.9),
        "k_center": Select(n=chosen, method="k_center"),
        "facility_location": Select(n=chosen),
        "balance by cluster": Balance(by="cluster", cap=0.02, k=100),
    }
    for name, stage in stages.items():
        started = time.perf_counter()
        found = stage.select(everything)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{name:18} {time.perf_counter() - started:6.1f} s, {len(found.row)} go, peak {peak} MB so far")


if __name__ == "__main__":
    main()
