"""Folding: what two texts must share to count as the same words."""

from __future__ import annotations

import unicodedata

import numpy as np
import numpy.typing as npt

from assay.kernels import native
from assay.kernels.characters import lower
from assay.kernels.texts import Texts

U64 = npt.NDArray[np.uint64]
_ASCII_PROBE = 4_096
_MASK = 0xFFFFFFFFFFFFFFFF


def fold(text: str) -> str:
    """Lower case, white space folded to single spaces: the form in which near-duplicates are compared.

    No Unicode normalisation, so that anybody can recompute a similarity with two lines of any language.
    """
    return " ".join(lower(text).split())


def fold_width(text: str) -> str:
    """`fold` after NFKC: full-width and compatibility forms count as the plain ones, as exact duplicates want."""
    return fold(text if text.isascii() else unicodedata.normalize("NFKC", text))


def fold_digests(texts: Texts) -> U64:
    """uint64[n, 2]: a digest of each folded text, for grouping what is then compared; zeros for an empty one.

    It is no cryptographic digest: somebody who wants to can make two texts that share it.
    """
    if native.available():
        return native.fold_digests(texts)
    return np.array([_digest(fold(text)) for text in texts], np.uint64).reshape(-1, 2)


def fold_width_digests(texts: Texts) -> U64:
    """`fold_digests` of what `fold_width` compares."""
    if not native.available():
        return np.array([_digest(fold_width(text)) for text in texts], np.uint64).reshape(-1, 2)
    if bytes(texts.data[:_ASCII_PROBE]).isascii() and bytes(texts.data).isascii():
        return native.fold_digests(texts)
    found, entangled = native.fold_width_digests(texts)
    rows = np.flatnonzero(entangled)
    if len(rows):
        found[rows] = native.fold_digests(
            Texts.of([unicodedata.normalize("NFKC", texts[row]) for row in rows.tolist()])
        )
    return found


def _mix(x: int) -> int:
    x = x * 0x9E3779B97F4A7C15 & _MASK
    x ^= x >> 32
    x = x * 0xD6E8FEB86659FD93 & _MASK
    return x ^ x >> 29


def _digest(folded: str) -> tuple[int, int]:
    if not folded:
        return 0, 0
    a, b = 0x243F6A8885A308D3 ^ len(folded), 0x13198A2E03707344
    for point in map(ord, folded):
        a = (a ^ point) * 0x9E3779B97F4A7C15 & _MASK
        a ^= a >> 32
        b = (b + point) * 0xD6E8FEB86659FD93 & _MASK
        b ^= b >> 29
    return _mix(a ^ b >> 7), _mix((b + a) & _MASK)
