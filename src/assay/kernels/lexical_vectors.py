"""Small vectors of what a text is written with: hashed character n-grams under a random projection.

Lexical: texts with the same words and phrases are near each other, a paraphrase in other words is not.
Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009 (the buckets); Achlioptas,
"Database-friendly random projections", PODS 2001 (the signs).

All sums are of integers that float32 holds exactly, so that the vectors are the same on every machine,
whatever the batch and whatever the BLAS library.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from assay.kernels.normalise import fold
from assay.kernels.sketch import mix, shingle_hashes

DIMENSIONS: Final = 128
_BUCKETS: Final = 2_048
_READ: Final = 8_000
"""Characters of a text that count; what comes later is not looked at."""
_BLOCK: Final = 128
_IDEOGRAPHS_FROM: Final = 0x2E80

I8 = npt.NDArray[np.int8]
_F32 = npt.NDArray[np.float32]


def _signs() -> _F32:
    seeds = np.arange(1, _BUCKETS * DIMENSIONS // 64 + 1, dtype=np.uint64)
    bits = np.unpackbits(mix(mix(seeds)).view(np.uint8)).reshape(_BUCKETS, DIMENSIONS)
    return bits.astype(np.float32) * 2 - 1


_SIGNS: Final = _signs()
_DAMPED: Final = np.rint(4 * (1 + np.log(np.maximum(np.arange(_READ + 1), 1)))).astype(np.float32)
_DAMPED[0] = 0


def lexical_vectors(texts: Sequence[str]) -> I8:
    """int8[len(texts), 128]: the cosine of two rows says how alike two texts are written.

    Features are the 4-character shingles of alphabets and the pairs with a Han or kana character, after lower
    case and white-space folding, in the first 8,000 characters; counts are damped by a logarithm. An empty
    text is the zero vector. Two texts without a shingle in common have a cosine of 0 ± 0.09.
    """
    out = np.zeros((len(texts), DIMENSIONS), np.int8)
    for start in range(0, len(texts), _BLOCK):
        block = [fold(text[:_READ]) for text in texts[start : start + _BLOCK]]
        damped = _DAMPED[np.minimum(_bucket_counts(block), _READ)]
        out[start : start + len(block)] = quantised((damped @ _SIGNS).astype(np.float64))
    return out


def quantised(vectors: npt.NDArray[np.float64]) -> I8:
    """int8 of the same shape: each row scaled so that its greatest component is ±127, zero rows left at zero."""
    most = np.abs(vectors).max(axis=1, keepdims=True, initial=0.0)
    scaled: I8 = np.rint(vectors * (127.0 / np.where(most > 0, most, 1.0))).astype(np.int8)
    return scaled


def _bucket_counts(texts: list[str]) -> npt.NDArray[np.int64]:
    """int64[n, buckets]: shingles of each folded text, by bucket."""
    counts = np.zeros(len(texts) * _BUCKETS, np.int64)
    for width, ideographs in ((4, False), (2, True)):
        # A text shorter than a shingle would be padded by the kernel; a space before and behind makes it one.
        chosen = [k for k, text in enumerate(texts) if text and (ideographs <= (not text.isascii()))]
        if not chosen:
            continue
        spaced = [f" {texts[k]} ".ljust(width) for k in chosen]
        hashes, sizes = shingle_hashes(spaced, width)
        of_kind = _with_ideograph(spaced, width, sizes) == ideographs
        owner = np.repeat(np.array(chosen, np.int64), sizes)[of_kind]
        bucket = (mix(hashes[of_kind]) & np.uint64(_BUCKETS - 1)).astype(np.int64)
        counts += np.bincount(owner * _BUCKETS + bucket, minlength=len(counts))
    return counts.reshape(-1, _BUCKETS)


def _with_ideograph(texts: list[str], width: int, sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """bool[shingles]: one of the shingle's characters is Han, kana or beyond."""
    wide = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32) >= _IDEOGRAPHS_FROM
    total = len(wide) - width + 1
    marks = wide[:total].copy()
    for k in range(1, width):
        marks |= wide[k : k + total]
    starts = np.cumsum(sizes + width - 1) - (sizes + width - 1)
    inside = np.ones(total, np.bool_)
    for gap in range(width - 1):
        inside[(starts + sizes + gap)[:-1]] = False
    return marks[inside]
