"""What lexical methods can and cannot see of paraphrases: the Microsoft Research Paraphrase Corpus.

Its pairs were chosen for sharing words, those that mean different things too: the hard case for any lexical method.
Set ASSAY_TEST_MODEL to the folder of an embedding model to measure that model beside them.
"""

from __future__ import annotations

import io
import os

import numpy as np
import pyarrow as pa
import pytest

from assay.kernels.cosine import cosines, quantise
from assay.kernels.embedding import load_embedder
from assay.kernels.jaccard import similarity

pytestmark = pytest.mark.shared_data

LEXICAL = {
    0.5: (0.749, 0.872),
    0.7: (0.871, 0.498),
    0.8: (0.943, 0.228),
    0.85: (0.967, 0.097),
    0.9: (0.986, 0.018),
}
JACCARD = {
    0.3: (0.762, 0.810),
    0.5: (0.884, 0.449),
    0.6: (0.928, 0.236),
    0.7: (0.966, 0.073),
    0.8: (1.0, 0.010),
}


@pytest.fixture
def pairs(shared_data):
    """(texts, texts, bool: judged to mean the same) of both parts."""
    folder = shared_data / "near_dup"
    rows = []
    for part in ("train", "test"):
        packed = (folder / f"msr_paraphrase_{part}.txt.zst").read_bytes()
        text = pa.input_stream(io.BytesIO(packed), compression="zstd").read().decode("utf-8-sig")
        rows += [line.split("\t") for line in text.splitlines()[1:]]
    assert len(rows) == 5_801
    return [r[3] for r in rows], [r[4] for r in rows], np.array([r[0] == "1" for r in rows])


def table(name, scores, same, thresholds):
    """Threshold → (precision, recall), printed as the documentation has it."""
    print(f"\n{name}: area under the curve {area(scores, same):.3f}")
    out = {}
    for threshold in thresholds:
        found = scores >= threshold
        hits = int((found & same).sum())
        out[threshold] = (hits / max(1, int(found.sum())), hits / int(same.sum()))
        print(f"| {threshold} | {int(found.sum())} | {out[threshold][0]:.3f} | {out[threshold][1]:.3f} |")
    return out


def area(scores, same):
    """The chance that a pair judged the same scores above one that is not; ties count half."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n = int(same.sum())
    return float((rank[same].sum() - n * (n + 1) / 2) / (n * (len(same) - n)))


def embedded(embedder, a, b):
    return cosines(quantise(embedder.encode(a)), quantise(embedder.encode(b)))


def test_the_lexical_floor(pairs):
    a, b, same = pairs
    scores = embedded(load_embedder(None), a, b)
    found = table("lexical vectors", scores, same, LEXICAL)
    assert area(scores, same) == pytest.approx(0.748, abs=0.003)
    for threshold, stated in LEXICAL.items():
        assert found[threshold] == pytest.approx(stated, abs=0.003)


def test_shingles(pairs):
    a, b, same = pairs
    scores = np.array([similarity(x, y, 5) for x, y in zip(a, b, strict=True)])
    found = table("Jaccard of 5-character shingles", scores, same, JACCARD)
    assert area(scores, same) == pytest.approx(0.740, abs=0.003)
    for threshold, stated in JACCARD.items():
        assert found[threshold] == pytest.approx(stated, abs=0.003)


def test_a_model_of_yours_sees_more_than_letters(pairs):
    folder = os.environ.get("ASSAY_TEST_MODEL")
    if not folder:
        pytest.skip("no embedding model to measure; set ASSAY_TEST_MODEL to its folder")
    a, b, same = pairs
    scores = embedded(load_embedder(folder), a, b)
    table(folder, scores, same, [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95])
    assert area(scores, same) > area(embedded(load_embedder(None), a, b), same)
