"""A linear model of texts: hashed character n-grams and logistic regression, in NumPy alone.

No library, no randomness, no language: characters work for Chinese as for English. A model is a small JSON file
that a person can check and a program cannot run code from:

    {"format": "assay.linear-text.v1", "least": 1, "most": 3, "bits": 16, "bias": -0.5, "weights": "<base64>"}

`weights` are 2**bits little-endian float32 numbers. Features: the distinct n-grams of `least` to `most` characters
of the folded text (`assay.kernels.normalise.fold_width`), each in one bucket of 2**bits, every bucket once, scaled
to length 1. The score is the logistic function of bias + sum.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from assay.kernels.normalise import fold_width

FORMAT: Final = "assay.linear-text.v1"
_STEP: Final = np.uint64(0x100000001B3)
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, eq=False)
class LinearText:
    """A trained model; `weights` is float32[2**bits]."""

    least: int
    most: int
    bits: int
    bias: float
    weights: npt.NDArray[np.float32]

    def probability(self, text: str) -> float:
        """How likely the text belongs to class 1, from 0 to 1. Depends on the text alone."""
        found = buckets(text, self.least, self.most, self.bits)
        if not len(found):
            return _logistic(self.bias)
        return _logistic(self.bias + float(self.weights[found].sum(dtype=np.float64)) / math.sqrt(len(found)))

    def to_json(self) -> bytes:
        """The model as a file: the same bytes for the same model, on any machine."""
        packed = base64.b64encode(self.weights.astype("<f4").tobytes()).decode()
        fields = {
            "format": FORMAT,
            "least": self.least,
            "most": self.most,
            "bits": self.bits,
            "bias": self.bias,
        }
        return orjson.dumps({**fields, "weights": packed})

    @property
    def digest(self) -> str:
        """SHA-256 of `to_json`, as "sha256:…"."""
        return f"sha256:{hashlib.sha256(self.to_json()).hexdigest()}"


def from_json(data: bytes) -> LinearText:
    """The model in a file. Raises ValueError saying what is wrong with it."""
    document: Any = orjson.loads(data)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"it does not say that it is of the format {FORMAT}")
    least, most, bits, bias = (_number(document, name) for name in ("least", "most", "bits", "bias"))
    if not (least.is_integer() and most.is_integer() and bits.is_integer()):
        raise ValueError("least, most and bits must be whole numbers")
    if not (1 <= least <= most <= 8 and 8 <= bits <= 24):
        raise ValueError("n-grams have 1 to 8 characters, and bits are 8 to 24")
    packed = base64.b64decode(str(document.get("weights")), validate=True)
    if len(packed) != 4 << int(bits):
        raise ValueError(f"weights must be {1 << int(bits)} numbers of four bytes")
    weights = np.frombuffer(packed, "<f4").astype(np.float32)
    if not np.isfinite(weights).all():
        raise ValueError("weights must be finite")
    return LinearText(int(least), int(most), int(bits), bias, weights)


def _number(document: dict[str, Any], name: str) -> float:
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number")
    return float(value)


def buckets(text: str, least: int, most: int, bits: int) -> npt.NDArray[np.int64]:
    """The distinct buckets, in rising order, of a text's n-grams of `least` to `most` characters."""
    folded = fold_width(text).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(folded, "<u4").astype(np.uint64)
    shift = np.uint64(64 - bits)
    found = []
    grams = np.zeros(len(points), np.uint64)
    for n in range(1, min(most, len(points)) + 1):
        grams = grams[: len(points) - n + 1] * _STEP + points[n - 1 :] + np.uint64(n)
        if n >= least:
            mixed = (grams ^ (grams >> np.uint64(29))) * _MIX
            found.append((mixed ^ (mixed >> np.uint64(32))) * _MIX >> shift)
    return np.unique(np.concatenate(found)).astype(np.int64) if found else np.empty(0, np.int64)


def train(
    texts: Sequence[str],
    labels: Sequence[int],
    *,
    least: int = 1,
    most: int = 3,
    bits: int = 16,
    l2: float = 1e-4,
) -> LinearText:
    """The model that minimises mean logistic loss + l2/2·|weights|², by 200 accelerated gradient steps.

    `labels` are 0 or 1. Deterministic: the same texts in the same order give the same model. Raises ValueError
    without at least one text of each label.
    """
    if len(texts) != len(labels) or set(labels) != {0, 1}:
        raise ValueError("training needs one label, 0 or 1, for each text, and texts of both")
    rows = [buckets(text, least, most, bits) for text in texts]
    sizes = np.array([len(row) for row in rows])
    index, owner = np.concatenate(rows), np.repeat(np.arange(len(rows)), sizes)
    scale = 1.0 / np.sqrt(np.maximum(sizes, 1))
    target = np.array(labels, np.float64)
    weights, bias = np.zeros(1 << bits), 0.0
    before, bias_before = weights, bias
    for step in range(1, _STEPS + 1):
        push = (step - 1) / (step + 2)
        ahead, bias_ahead = weights + push * (weights - before), bias + push * (bias - bias_before)
        sums = np.bincount(owner, ahead[index], len(rows)) * scale + bias_ahead
        error = (1.0 / (1.0 + np.exp(-sums)) - target) / len(rows)
        slope = np.bincount(index, (error * scale)[owner], len(weights)) + l2 * ahead
        before, bias_before = weights, bias
        weights, bias = ahead - _RATE * slope, bias_ahead - _RATE * float(error.sum())
    return LinearText(least, most, bits, float(bias), weights.astype(np.float32))


_STEPS: Final = 200
_RATE: Final = 2.0
"""One over the Lipschitz constant of the gradient: ¼ · (1 + 1) for rows of length 1 and a bias."""


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))
