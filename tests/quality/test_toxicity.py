"""What the lexical screen and a linear model find on labelled Chinese comments, and the screen's false alarms."""

from __future__ import annotations

import numpy as np
import pytest

from assay.kernels.linear_text import train
from assay.kernels.toxic_lexicon import listed, terms
from tests.quality.corpora import alpaca, alpaca_zh, cold_dev

pytestmark = pytest.mark.shared_data


def scores(texts):
    weight = [term.weight for term in terms()]
    return np.array([sum(weight[k] for k in listed(text)) for text in texts])


def precision_and_recall(found, truth):
    right = (found & truth).sum()
    return right / found.sum(), right / truth.sum()


def test_the_screen_on_cold(shared_data):
    texts, labels = cold_dev(shared_data)
    score, truth = scores(texts), np.array(labels) == 1
    for most, precision, recall in ((0, 0.904, 0.270), (1, 0.888, 0.119), (2, 0.881, 0.041)):
        found = precision_and_recall(score > most, truth)
        print(
            f"score > {most}: {(score > most).sum()} found, precision {found[0]:.3f}, recall {found[1]:.3f}"
        )
        assert found == pytest.approx((precision, recall), abs=0.005)


def test_a_linear_model_on_cold(shared_data):
    """Five folds, every fifth comment in each; trained on four, measured on the fifth."""
    texts, labels = cold_dev(shared_data)
    truth, likely = np.array(labels) == 1, np.zeros(len(texts))
    for fold in range(5):
        known = [k for k in range(len(texts)) if k % 5 != fold]
        model = train([texts[k] for k in known], [labels[k] for k in known], most=2, bits=16, l2=3e-5)
        likely[fold::5] = [model.probability(text) for text in texts[fold::5]]
    for least, precision, recall in ((0.5, 0.87, 0.86), (0.8, 0.95, 0.59)):
        found = precision_and_recall(likely > least, truth)
        print(
            f"probability > {least}: {(likely > least).sum()}, precision {found[0]:.3f}, recall {found[1]:.3f}"
        )
        assert found == pytest.approx((precision, recall), abs=0.01)


@pytest.mark.parametrize(("corpus", "rows", "found"), [(alpaca, 52_002, 7), (alpaca_zh, 17_476, 0)])
def test_false_alarms_of_the_screen(shared_data, corpus, rows, found):
    score = scores([row["output"] for row in corpus(shared_data)])
    print(f"{corpus.__name__}: {(score > 1).sum()} of {len(score)}")
    assert (len(score), (score > 1).sum()) == (rows, found)
