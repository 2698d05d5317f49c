"""Vectors of how a text is written: the floor under every embedding model, with no model at all.

Character n-grams (3 to 5; 1 and 2 as well where all of it is Han, kana or Hangul, whose words are that short) are
hashed, weighted 1 + ln(count), and projected to 256 dimensions by a sparse random matrix of signs, four to a
column, which the hash itself draws (Weinberger et al., "Feature Hashing", ICML 2009; Kane and Nelson, "Sparser
Johnson–Lindenstrauss Transforms", J. ACM 2014). Lexical: texts are near when they share letters, not meaning.

All sums are of integers, so that a vector does not depend on the batch, the machine or the linear algebra library.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from assay.kernels.normalise import fold_width
from assay.kernels.sketch import mix

DIMENSIONS: Final = 256
SCHEME: Final = "assay lexical vectors 1: grams 3-5, cjk 1-2, 1+ln tf in 64ths, 4 signs to 256"
"""Changes when any vector changes; the digest of the lexical embedder is that of this sentence."""

U64 = npt.NDArray[np.uint64]

_SEED = np.uint64(0x8CB92BA72F3D8DD7)
_SIGNS = np.uint64(0x2545F4914F6CDD1D)
_M1 = np.uint64(0x9E3779B97F4A7C15)
_S29, _S32 = np.uint64(29), np.uint64(32)
_LOW32 = np.uint64(0xFFFFFFFF)
_LONGEST = 5
_SHORTEST = 3
_SLOTS = 4
_WIDTH = DIMENSIONS // _SLOTS
_BLOCK_TEXTS = 256
_BLOCK_CHARACTERS = 200_000
_WEIGHTS = np.array([0.0, *(round(64 * (1 + math.log(tf))) for tf in range(1, 4096))])


def lexical_vectors(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """float32[len(texts), 256]: unit rows; all zero for a text of white space only."""
    out = np.zeros((len(texts), DIMENSIONS), np.float32)
    at = 0
    for block in _blocks(texts):
        sums = _sums(block)
        norm = np.sqrt((sums * sums).sum(axis=1, keepdims=True))  # integers: each row by itself, no BLAS
        np.divide(sums, norm, out=sums, where=norm > 0)
        out[at : at + len(block)] = sums
        at += len(block)
    return out


def _blocks(texts: Sequence[str]) -> Iterator[list[str]]:
    """The folded texts, some at a time, a space on either side so that ends of words are grams too."""
    block: list[str] = []
    held = 0
    for text in texts:
        folded = fold_width(text)
        block.append(f" {folded} " if folded else "")
        held += len(folded)
        if len(block) == _BLOCK_TEXTS or held >= _BLOCK_CHARACTERS:
            yield block
            block, held = [], 0
    if block:
        yield block


def _sums(block: list[str]) -> npt.NDArray[np.float64]:
    """Integers, as float64[len(block), 256]: each text's signed and weighted grams, added up."""
    points = np.frombuffer("".join(block).encode("utf-32-le", "surrogatepass"), np.uint32)
    lengths = np.fromiter(map(len, block), np.int64, len(block))
    owner = np.repeat(np.arange(len(block), dtype=np.uint64), lengths)
    keys = np.concatenate([np.empty(0, np.uint64), *_grams(points, owner)])
    keys.sort()
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.empty(0, int)
    counts = np.diff(np.append(first, len(keys)))
    weights = _WEIGHTS[np.minimum(counts, len(_WEIGHTS) - 1)]
    gram = keys[first]
    drawn = mix((gram & _LOW32) ^ _SIGNS)
    row = (gram >> _S32).astype(np.int64) * DIMENSIONS
    sums = np.zeros(len(block) * DIMENSIONS)
    for slot in range(_SLOTS):
        bits = (drawn >> np.uint64(8 * slot + 16)).astype(np.int64)
        place = row + slot * _WIDTH + (bits & (_WIDTH - 1))
        signed = np.where(bits & _WIDTH, weights, -weights)
        sums += np.bincount(place, signed, len(sums))
    return sums.reshape(len(block), DIMENSIONS)


def _grams(points: npt.NDArray[np.uint32], owner: U64) -> Iterator[U64]:
    """For each length of gram: text number (32 bits) and hash of the gram (32 bits), one an occurrence."""
    wide = points.astype(np.uint64)
    dense = _dense(points)
    short = bool(dense.any())
    hashes = np.full(len(points), _SEED)
    for n in range(1, _LONGEST + 1):
        windows = len(points) - n + 1
        if windows <= 0:
            return
        hashes = hashes[:windows] ^ wide[n - 1 :]
        hashes *= _M1
        hashes ^= hashes >> _S29
        inside = owner[:windows] == owner[n - 1 :]
        if n < _SHORTEST:
            if not short:
                continue
            inside &= dense[:windows] & dense[n - 1 :]
        yield (owner[:windows][inside] << _S32) | (mix(hashes[inside]) >> _S32)


def _dense(points: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Which characters are Han, kana or Hangul."""
    return (
        ((points >= 0x2E80) & (points <= 0x9FFF) & ~((points >= 0x3000) & (points <= 0x3020)))
        | ((points >= 0xAC00) & (points <= 0xD7AF))
        | ((points >= 0xF900) & (points <= 0xFAFF))
        | ((points >= 0x20000) & (points <= 0x3FFFF))
    )
