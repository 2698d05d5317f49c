"""Fast Similarity Sketching of character shingles, in NumPy: the reference for every other implementation.

Dahlgaard, Knudsen and Thorup, "Fast Similarity Sketching", FOCS 2017 (arXiv:1704.04370): in round t every
shingle is hashed to one of 128 bins (in rounds from 128 on, all go to bin t − 128); a bin keeps its smallest
(round, hash). Rounds go on until no bin is empty, one or two for texts of usual length. Two sketches
agree in each bin with probability J, the Jaccard similarity of the two sets of shingles.

All arithmetic is on unsigned 64-bit integers, so that a compiled kernel can repeat it bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

HASH_SCHEME: Final = 2
"""Changes when any sketch changes; stored beside keys that outlive a process."""

VALUES: Final = 128

U64 = npt.NDArray[np.uint64]

_M1 = np.uint64(0x9E3779B97F4A7C15)
_M2 = np.uint64(0xD6E8FEB86659FD93)
_SEED = np.uint64(0xA0761D6478BD642F)
_S32, _S29, _S57 = np.uint64(32), np.uint64(29), np.uint64(57)
_LOW32 = np.uint64(0xFFFFFFFF)
_EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
_PAD = "\U0010ffff"
_BLOCK = 256
"""Texts sketched at a time: small enough that the arrays stay in the cache."""


def mix(x: U64) -> U64:
    """A bijection of 64 bits in which every input bit moves every output bit."""
    x = x * _M1
    x ^= x >> _S32
    x *= _M2
    x ^= x >> _S29
    return x


def shingle_hashes(texts: Sequence[str], n: int) -> tuple[U64, npt.NDArray[np.int64]]:
    """Hashes of all n-character shingles of each text, and how many each has (repeats counted).

    A text shorter than n is one shingle. Characters are code points.
    """
    padded = [text if len(text) >= n else text.ljust(n, _PAD) for text in texts]
    points = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    lengths = np.fromiter(map(len, padded), np.int64, len(padded))
    total = len(points) - n + 1
    if total <= 0:
        return np.empty(0, np.uint64), np.zeros(len(texts), np.int64)
    hashes = np.full(total, _SEED)
    for k in range(n):
        hashes ^= points[k : k + total]
        hashes *= _M1
        hashes ^= hashes >> _S29
    counts = lengths - n + 1
    starts = np.cumsum(lengths) - lengths
    inside = np.ones(total, np.bool_)
    for gap in range(1, n):
        inside[(starts + counts + gap - 1)[:-1]] = False
    return hashes[inside], counts


def sketches(texts: Sequence[str], n: int) -> U64:
    """uint64[len(texts), 128]: the sketch of each text's set of n-character shingles."""
    out = np.empty((len(texts), VALUES), np.uint64)
    for start in range(0, len(texts), _BLOCK):
        out[start : start + _BLOCK] = _sketch_block(texts[start : start + _BLOCK], n)
    return out


def _sketch_block(texts: Sequence[str], n: int) -> U64:
    hashes, counts = shingle_hashes(texts, n)
    rows = np.arange(len(texts))
    owner = np.repeat(rows, counts)
    filled = np.full(len(texts) * VALUES, _EMPTY)
    for turn in range(2 * VALUES):
        mixed = mix(hashes + np.uint64((turn + 1) * 0x632BE59BD9B4E019 & 0xFFFFFFFFFFFFFFFF))
        values = (mixed & _LOW32) | np.uint64(turn << 32)
        if turn < VALUES:
            bins = (mixed >> _S57).astype(np.int64)
        else:
            bins = np.full(len(hashes), turn - VALUES, np.int64)
        np.minimum.at(filled, owner * VALUES + bins, values)
        open_rows = (filled.reshape(-1, VALUES) == _EMPTY).any(axis=1)
        if not open_rows.any():
            break
        stay = open_rows[owner]
        hashes, owner = hashes[stay], owner[stay]
    return filled.reshape(-1, VALUES)


def bands_for(threshold: float) -> tuple[int, int]:
    """(bands, values in each) with which a pair at `threshold` shares a band with probability above 0.9998.

    A pair of similarity s does with probability 1 − (1 − sʳ)ᵇ: at 0.8, 25 bands of 5 give 0.99995.
    """
    for bands, width in ((25, 5), (32, 4), (42, 3)):
        if 1.0 - (1.0 - threshold**width) ** bands > 0.9998:
            return bands, width
    return 64, 2


def band_keys(sketch: U64, threshold: float) -> npt.NDArray[np.uint32]:
    """uint32[n, bands] from uint64[n, 128]: rows that agree on a whole band of values share its key.

    Of a million rows a few hundred in a band share a key by chance; they are compared and found to differ.
    """
    bands, width = bands_for(threshold)
    keys = np.empty((len(sketch), bands), np.uint32)
    for band in range(bands):
        key = np.full(len(sketch), np.uint64((band + 1) * 0x8EBC6AF09C88C6E3 & 0xFFFFFFFFFFFFFFFF))
        for k in range(width):
            key = mix(key ^ sketch[:, band * width + k])
        keys[:, band] = key >> np.uint64(32)
    return keys


def short_sketch(sketch: U64) -> npt.NDArray[np.uint8]:
    """uint8[n, 128]: one byte of each value, enough to estimate a similarity before the texts are fetched."""
    return (sketch & np.uint64(0xFF)).astype(np.uint8)
