"""How much a text repeats itself."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from assay.kernels import native
from assay.kernels.characters import lower
from assay.kernels.counting import units
from assay.kernels.texts import Texts


def repeated_bigrams(text: str) -> tuple[float, int]:
    """The share of pairs of neighbouring units that occurred before (0 to 1), and the number of units.

    Units are words, or single Han and kana characters. After the repetition rules of Gopher (Rae et al. 2021,
    arXiv:2112.11446, table A1), on pairs.
    """
    found = units(lower(text))
    pairs = len(found) - 1
    if pairs < 1:
        return 0.0, len(found)
    distinct = len(set(pairwise(found)))
    return 1.0 - distinct / pairs, len(found)


def repetitions(texts: Texts) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """float64[n] and int64[n]: `repeated_bigrams` of each text. The compiled kernel tells pairs apart by 64 bits."""
    if native.available():
        return native.repeated_bigrams(texts)
    found = [repeated_bigrams(text) for text in texts]
    return np.array([r for r, _ in found], np.float64), np.array([u for _, u in found], np.int64)
