"""How much a text repeats itself."""

from __future__ import annotations

from itertools import pairwise

from assay.kernels.counting import units


def repeated_bigrams(text: str) -> tuple[float, int]:
    """The share of pairs of neighbouring units that occurred before (0 to 1), and the number of units.

    Units are words, or single Han and kana characters. After the repetition rules of Gopher (Rae et al. 2021,
    arXiv:2112.11446, table A1), on pairs.
    """
    found = units(text.lower())
    pairs = len(found) - 1
    if pairs < 1:
        return 0.0, len(found)
    distinct = len(set(pairwise(found)))
    return 1.0 - distinct / pairs, len(found)
