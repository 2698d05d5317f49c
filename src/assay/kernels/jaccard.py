"""Exact Jaccard similarity of texts as sets of character shingles."""

from __future__ import annotations

from assay.kernels.normalise import fold


def shingles(folded: str, n: int) -> set[str]:
    """The set of n-character shingles of a folded text; a text shorter than n is one shingle."""
    if len(folded) < n:
        return {folded}
    return {folded[k : k + n] for k in range(len(folded) - n + 1)}


def jaccard(a: set[str], b: set[str]) -> float:
    """|a ∩ b| / |a ∪ b|."""
    common = len(a & b)
    return common / (len(a) + len(b) - common)


def similarity(a: str, b: str, n: int) -> float:
    """The Jaccard similarity of two texts, folded (`assay.kernels.normalise.fold`)."""
    return jaccard(shingles(fold(a), n), shingles(fold(b), n))
