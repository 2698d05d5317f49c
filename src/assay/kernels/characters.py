"""What every character is, in one table that the compiled kernel and the Python reference share."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

CJK_RANGES: Final = (
    (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x3029), (0x3031, 0x3035), (0x3040, 0x30FF), (0x31F0, 0x31FF),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x20000, 0x3FFFF),
)  # fmt: skip
"""Han and kana. Hangul is written with spaces and counts by words."""

CJK_PUNCTUATION_RANGES: Final = (
    (0x3000, 0x3004), (0x3008, 0x3020), (0x3030, 0x3030), (0xFF00, 0xFF0F), (0xFF1A, 0xFF20), (0xFF3B, 0xFF40),
    (0xFF5B, 0xFF65),
)  # fmt: skip

POINTS: Final = 0x20000
_CLASS_SHIFT: Final = 24
_SPACE, _CJK, _CJK_PUNCTUATION = 1, 2, 3
_SIGMA: Final = 0x3A3
_DOTTED_I: Final = 0x130


def character_class(ranges: tuple[tuple[int, int], ...]) -> str:
    """Ranges as the inside of a regular expression's character class."""
    return "".join(f"{chr(low)}-{chr(high)}" for low, high in ranges)


def lower(text: str) -> str:
    """`str.lower`, but that a capital sigma is σ wherever it stands: what a letter is does not hang on its place."""
    return text.replace("Σ", "σ").lower() if not text.isascii() else text.lower()


@lru_cache(maxsize=1)
def table() -> npt.NDArray[np.uint32]:
    """uint32[0x20000]: the lower-case code point in bits 0–20, the class in bits 24–25 (white space 1, Han and
    kana 2, their punctuation 3, all else 0). U+0130, whose lower case is two characters, stands for itself."""
    alone = np.arange(POINTS, dtype=np.uint32)
    odd = ((alone >= 0xD800) & (alone < 0xE000)) | (alone == _DOTTED_I) | (alone == _SIGMA)
    spelled = "".join(map(chr, alone[~odd].tolist())).lower()
    points = alone.copy()
    points[~odd] = np.frombuffer(spelled.encode("utf-32-le"), np.uint32)
    points[_SIGMA] = 0x3C3
    kinds = np.zeros(POINTS, np.uint32)
    for ranges, kind in ((CJK_PUNCTUATION_RANGES, _CJK_PUNCTUATION), (CJK_RANGES, _CJK)):
        for low, high in ranges:
            kinds[low : high + 1] = kind
    kinds[[k for k in range(0x3001) if chr(k).isspace()]] = _SPACE
    found: npt.NDArray[np.uint32] = points | (kinds << np.uint32(_CLASS_SHIFT))
    found.flags.writeable = False
    return found


_EXPANDS: Final = 1 << 26
_ENTANGLED: Final = 1 << 27
_IDENTITY_BLOCKS: Final = ((0x3400, 0xA000), (0xAC00, 0xD7A4), (0xE000, 0xF900), (0x17000, 0x18D00))
"""Han, Hangul syllables, private use, Tangut: NFKC leaves each of these characters as it is."""


@lru_cache(maxsize=1)
def width_table() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """`table` after NFKC, character by character, and the list of expansions; see `text.h`.

    A character that may combine with its neighbours (marks, Hangul letters, or what becomes one of these) is
    entangled: a text that holds one is normalised as a whole.
    """
    plain = table()
    found = plain.copy()
    expansions: list[int] = []
    for low, high in pairwise((0x80, *(edge for block in _IDENTITY_BLOCKS for edge in block), POINTS)):
        if (low, high) in _IDENTITY_BLOCKS:
            continue
        for point in range(low, high):
            spelled = chr(point)
            if unicodedata.category(spelled)[0] == "M" or 0x1100 <= point < 0x1200:
                found[point] = _ENTANGLED
            elif unicodedata.decomposition(spelled):
                found[point] = _width_entry(spelled, plain, expansions)
    found[_DOTTED_I] = _ENTANGLED
    found.flags.writeable = False
    return found, np.array([*expansions, 0], np.uint32)


def _width_entry(spelled: str, plain: npt.NDArray[np.uint32], expansions: list[int]) -> int:
    became = unicodedata.normalize("NFKC", spelled)
    tangled = any(unicodedata.category(c)[0] == "M" or 0x1100 <= ord(c) < 0x1200 for c in became)
    folded = lower(became)
    if len(became) == 1 and not tangled and ord(became) < POINTS:
        return int(plain[ord(became)])
    if tangled or any(c.isspace() for c in folded):
        return _ENTANGLED
    expansions += [len(folded), *map(ord, folded)]
    return _EXPANDS | (len(expansions) - len(folded) - 1)
