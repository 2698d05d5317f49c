"""Clusters against what people said the texts are about: questions in English, comments and prose in Chinese."""

from __future__ import annotations

import csv
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from assay.kernels.cosine import quantise
from assay.kernels.ids import as_ids
from assay.kernels.lexical import lexical_vectors
from assay.measure.map.fitting import SAMPLE, fit
from assay.measure.map.terms import common, terms
from tests.quality.corpora import alpaca_zh, text

pytestmark = pytest.mark.shared_data


def adjusted_rand(a: np.ndarray, b: np.ndarray) -> float:
    """The adjusted Rand index (Hubert and Arabie 1985): 0 by chance, 1 for the same groups."""
    table = np.zeros((int(a.max()) + 1, int(b.max()) + 1))
    np.add.at(table, (a, b), 1)

    def pairs(counts: np.ndarray) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both, one, other = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    expected = one * other / (len(a) * (len(a) - 1) / 2)
    return (both - expected) / ((one + other) / 2 - expected)


def clustered(texts: list[str], labels: list[str], k: int) -> tuple[float, float, list[tuple[str, ...]]]:
    """The adjusted Rand index, the share of points whose nearest five on the map are mostly of their label, names."""
    digests = [sha256(one.encode("utf-8", "surrogatepass")).digest() for one in texts]
    order = sorted(range(len(texts)), key=digests.__getitem__)
    vectors = quantise(lexical_vectors([texts[i] for i in order]))
    ids, truth = (
        as_ids([digests[i] for i in order]),
        np.unique([labels[i] for i in order], return_inverse=True)[1],
    )
    learnt = fit(vectors[:SAMPLE], "tsne", k, 7)
    x, y, found = learnt.place(vectors, ids)
    some = found.cluster < 250
    among = common([texts[i] for i in order])
    names = [
        terms([texts[order[r]] for r in np.flatnonzero(found.cluster == c)], among) for c in range(min(k, 12))
    ]
    return adjusted_rand(found.cluster[some], truth[some]), on_the_map(x, y, truth), names


def on_the_map(x: np.ndarray, y: np.ndarray, truth: np.ndarray) -> float:
    """The share of 1,000 points of whose ten nearest on the map at least half have their label."""
    places = np.stack([x, y], axis=1).astype(np.float64)
    good = 0
    for row in range(0, len(x), max(1, len(x) // 1_000)):
        apart = np.square(places - places[row]).sum(axis=1)
        apart[row] = np.inf
        good += bool((truth[np.argpartition(apart, 10)[:10]] == truth[row]).mean() >= 0.5)
    return good / len(range(0, len(x), max(1, len(x) // 1_000)))


def test_intents_of_customers(shared_data: Path) -> None:
    rows = list(
        csv.DictReader(text(shared_data / "support_intents" / "banking77_train.csv.zst").splitlines())
    )
    index, near, names = clustered([row["text"] for row in rows], [row["category"] for row in rows], 77)
    print(f"\nbanking77, {len(rows):,} rows, 77 clusters: adjusted Rand {index:.3f}; map {near:.1%}; {names}")
    assert index > 0.18
    assert all(names)


def test_topics_of_chinese_comments(shared_data: Path) -> None:
    rows = list(csv.DictReader(text(shared_data / "safety_zh" / "cold_dev.csv.zst").splitlines()))
    index, near, names = clustered([row["TEXT"] for row in rows], [row["topic"] for row in rows], 12)
    print(
        f"\nCOLD, {len(rows):,} rows, 3 topics in 12 clusters: adjusted Rand {index:.3f}; map {near:.1%}; {names}"
    )
    assert near > 0.5


def test_chinese_names_hold_no_half_words(shared_data: Path) -> None:
    records = alpaca_zh(shared_data)
    texts = [f"{one['instruction']}\n{one['output'][:400]}" for one in records]
    _, _, names = clustered(texts, ["x"] * len(texts), 12)
    print(f"\nChinese Alpaca: {names}")
    spoken = {term for name in names for term in name}
    assert not spoken & {"工智", "智能的", "人工智", "义词", "候变", "器学", "学习的"}
    assert any(len(term) >= 4 and not term.isascii() for term in spoken) and all(names)
