"""Units of length that mean the same in every script."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from assay.kernels import native
from assay.kernels.characters import CJK_PUNCTUATION_RANGES, CJK_RANGES, character_class
from assay.kernels.texts import Texts

CJK = character_class(CJK_RANGES)
"""Han and kana, as a regular expression's character class. Hangul is written with spaces and counts by words."""

_UNIT = re.compile(f"[{CJK}]|[^\\s{CJK}{character_class(CJK_PUNCTUATION_RANGES)}]+")


def units(text: str) -> list[str]:
    """The words of scripts with spaces, and every Han or kana character by itself, in order."""
    return text.split() if text.isascii() else _UNIT.findall(text)


def count_units(text: str) -> int:
    """How many `units` a text has."""
    return len(units(text))


def counts_of_units(texts: Texts) -> npt.NDArray[np.int64]:
    """int64[n]: `count_units` of each text."""
    if native.available():
        return native.count_units(texts)
    return np.fromiter(map(count_units, texts), np.int64, len(texts))


def counts_of_characters(texts: Texts) -> npt.NDArray[np.int64]:
    """int64[n], in code points."""
    if native.available():
        return native.count_points(texts)
    return np.fromiter(map(len, texts), np.int64, len(texts))
