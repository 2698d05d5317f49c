"""Which script a text is mostly written in. It names a script, not a language: Latin may be English or Vietnamese."""

from __future__ import annotations

from typing import Final

import numpy as np

_RANGES: Final = (
    (0x41, 0x5A, "latin"),
    (0x61, 0x7A, "latin"),
    (0xC0, 0x24F, "latin"),
    (0x370, 0x3FF, "greek"),
    (0x400, 0x52F, "cyrillic"),
    (0x590, 0x5FF, "hebrew"),
    (0x600, 0x6FF, "arabic"),
    (0x750, 0x77F, "arabic"),
    (0x900, 0x97F, "devanagari"),
    (0xE00, 0xE7F, "thai"),
    (0x1100, 0x11FF, "hangul"),
    (0x1E00, 0x1EFF, "latin"),
    (0x3040, 0x30FF, "kana"),
    (0x3400, 0x4DBF, "han"),
    (0x4E00, 0x9FFF, "han"),
    (0xAC00, 0xD7AF, "hangul"),
    (0xF900, 0xFAFF, "han"),
    (0x20000, 0x3FFFF, "han"),
)
_NAMES: Final = tuple(dict.fromkeys(name for _, _, name in _RANGES))
_EDGES: Final = np.array([edge for low, high, _ in _RANGES for edge in (low, high + 1)], np.uint32)
_OF_GAP: Final = np.array(
    [0] + [code for _, _, name in _RANGES for code in (_NAMES.index(name) + 1, 0)], np.int64
)
_LOOKED_AT: Final = 2_000
_KANA_SHARE: Final = 0.1
"""Japanese prose has far more kana than this beside its Han characters; Chinese has none."""


def dominant_script(text: str) -> str:
    """The script with the most letters in the first 2,000 characters; `other` when there is no known letter.

    A letter of Latin or another alphabet counts for a third: a Han character, a kana or a syllable of hangul
    carries about as much as three of them. Han with at least a tenth of kana is `japanese`.
    """
    head = text[:_LOOKED_AT]
    if head.isascii():
        return "latin" if any(map(str.isalpha, head)) else "other"
    points = np.frombuffer(head.encode("utf-32-le", "surrogatepass"), np.uint32)
    counts = np.bincount(_OF_GAP[np.searchsorted(_EDGES, points, "right")], minlength=len(_NAMES) + 1)
    found = {name: int(count) for name, count in zip(_NAMES, counts[1:], strict=True)}
    kana, han = found.pop("kana"), found.pop("han")
    if kana > _KANA_SHARE * (kana + han):
        found["japanese"] = kana + han
    else:
        found["han"] = kana + han
    whole = {"han", "japanese", "hangul"}
    weighed = {name: count * (3 if name in whole else 1) for name, count in found.items()}
    best = min(weighed, key=lambda name: (-weighed[name], name))
    return best if weighed[best] else "other"
