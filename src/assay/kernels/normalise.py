"""Folding: what two texts must share to count as the same words."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Lower case, white space folded to single spaces: the form in which near-duplicates are compared.

    No Unicode normalisation, so that anybody can recompute a similarity with two lines of any language.
    """
    return " ".join(text.lower().split())


def fold_width(text: str) -> str:
    """`fold` after NFKC: full-width and compatibility forms count as the plain ones, as exact duplicates want."""
    return fold(text if text.isascii() else unicodedata.normalize("NFKC", text))
