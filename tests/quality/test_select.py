"""select and balance on 10,003 real questions of 77 known intents, made uneven (beside the licensed data)."""

from __future__ import annotations

import csv
import io
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from assay.kernels.mixture import evenness, shares
from assay.stages.balance import Balance
from assay.stages.select import Select
from assay.testing.selectors import rows_of

pytestmark = pytest.mark.shared_data


@pytest.fixture
def uneven(shared_data):
    """Questions and their intents; the intent that comes k-th by name has 150 ÷ (1 + k/3) rows, 3 at least."""
    with pa.input_stream(
        shared_data / "support_intents" / "banking77_train.csv.zst", compression="zstd"
    ) as file:
        read = [(row["text"], row["category"]) for row in csv.DictReader(io.StringIO(file.read().decode()))]
    seen, order = Counter(), {name: k for k, name in enumerate(sorted({category for _, category in read}))}
    kept = []
    for text, category in dict(read).items():
        seen[category] += 1
        if seen[category] <= max(3, round(150 / (1 + order[category] / 3))):
            kept.append((text, category))
    return [text for text, _ in kept], [category for _, category in kept]


def covered(intents, rows):
    return len({intents[row] for row in rows})


def test_intents_covered_by_few_rows(uneven):
    texts, intents = uneven
    print(f"\n{len(texts)} questions, {len(set(intents))} intents, sizes {sorted(Counter(intents).values())}")
    payloads = [{"text": text} for text in texts]
    found = {}
    for n in (77, 154, 308):
        draws = [
            covered(intents, np.random.default_rng(seed).choice(len(texts), n, replace=False))
            for seed in range(200)
        ]
        for method in ("k_center", "facility_location"):
            stage = Select(n=n, method=method)
            gone = stage.select(rows_of(stage, payloads)).row
            found[n, method] = covered(intents, np.setdiff1d(np.arange(len(texts)), gone))
        found[n, "random"] = float(np.mean(draws))
        found[n, "most of 200 random draws"] = max(draws)
    for key, value in found.items():
        print(*key, value)
    for n, least, by_chance in ((77, 43, 39), (154, 59, 55), (308, 74, 69)):
        assert abs(found[n, "random"] - by_chance) < 2
        assert found[n, "k_center"] >= least > by_chance
    # Facility location serves the many: with one row an intent it finds no more of the rare ones than chance does.
    assert found[77, "facility_location"] < found[77, "k_center"]
    assert found[154, "facility_location"] >= 57 and found[308, "facility_location"] >= 72


def test_clusters_even_out_intents_nobody_named(uneven):
    texts, intents = uneven
    stage = Balance(by="cluster", target="even", k=77, keep_at_least=0.5)
    gone = stage.select(rows_of(stage, [{"text": text} for text in texts])).row
    names = sorted(set(intents))

    def even(rows):
        counts = Counter(intents[row] for row in rows)
        return evenness(shares(np.array([counts[name] for name in names])))

    kept = np.setdiff1d(np.arange(len(texts)), gone)
    chance = [even(np.random.default_rng(s).choice(len(texts), len(kept), replace=False)) for s in range(50)]
    print(
        f"\n{len(kept)} of {len(texts)} rows: evenness {even(range(len(texts))):.3f} before, {even(kept):.3f} after,"
    )
    print(f"{np.mean(chance):.3f} when as many rows stay by chance, {np.max(chance):.3f} at most of 50 draws")
    assert even(kept) > max(chance)
    assert abs(even(kept) - 0.911) < 0.01 and abs(np.mean(chance) - 0.890) < 0.01
