"""What the compiled kernel is told about languages: the lists of `scripts`, `source_code` and `little_words` as arrays.

native/language.h has the layout; the lists themselves stand in the modules named above and nowhere else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from assay.kernels import little_words, scripts, source_code
from assay.kernels.characters import POINTS, table

Array = npt.NDArray[Any]

_POINT: Final = 0x1FFFFF
_LETTER: Final = 1 << 24
_SPACE: Final = 1 << 25
_EXPANDS: Final = 1 << 26
_ENTANGLED: Final = 1 << 27
_MARK: Final = 1 << 28
_BREAK: Final = 1 << 29

_MEDIAL_JAMO: Final = range(0x1161, 0x1176)
_FINAL_JAMO: Final = range(0x11A8, 0x11C3)


def packed(name: str) -> int:
    """A code of at most four ASCII letters as an integer: its bytes, the first one highest."""
    return int.from_bytes(name.encode("ascii"))


def unpacked(number: int) -> str:
    """The code that `packed` made into this integer."""
    return number.to_bytes(4).lstrip(b"\0").decode("ascii")


def tables(unknown: str, code: str, min_letters: float, sure: float) -> tuple[Array, ...]:
    """All tables in the order of native/language.h, C-contiguous. `unknown`, `code`: what stands for no language and
    for source code; `min_letters`, `sure`: see `assay.kernels.language`."""
    by_point, weights = scripts.tables()
    vocabularies = sorted(little_words.SCRIPTS)
    certain = [scripts.language_of_script(name) for name in scripts.SCRIPTS]
    limits = (
        source_code.WINDOW, scripts.LIMIT, little_words.LIMIT,
        scripts.SCRIPTS.index("Han"), scripts.SCRIPTS.index("Kana"), packed(unknown), packed(code),
    )  # fmt: skip
    numbers = (
        min_letters, sure, source_code.MIN_SYMBOLS, source_code.CODE_LINES, scripts.KANA_SHARE, scripts.LONE_KANA_SHARE,
    )  # fmt: skip
    return (
        *_points(),
        by_point,
        weights,
        np.array([packed(name or "") for name in certain], np.uint32),
        np.array([vocabularies.index(s) if s in vocabularies else -1 for s in scripts.SCRIPTS], np.int32),
        *_vocabularies(vocabularies),
        _strings((*source_code.LISTS, little_words.ADDRESSES)),
        np.array(limits, np.int64),
        np.array(numbers, np.float64),
    )


def _points() -> tuple[Array, Array]:
    """What each character becomes, NFKC and lower case, and the list of expansions."""
    spelled = "".join(map(chr, range(POINTS)))
    letters = np.zeros(POINTS, np.uint32)
    for run in re.finditer(f"{little_words.LETTERS}+", spelled):
        letters[run.start() : run.end()] = _LETTER
    points = table() & np.uint32(_POINT)
    points |= letters[points]
    apart = {char: found for char in spelled if (found := unicodedata.decomposition(char))}
    seconds = _seconds(apart.values())
    alone = {char for char in spelled if unicodedata.combining(char)} | {"İ"}
    expansions: list[int] = []
    for char in sorted({*apart, *alone, *map(chr, seconds)}):
        points[ord(char)] = _entry(char, seconds, letters, expansions)
    points[ord("’")] = ord("'")
    for char in filter(str.isspace, spelled):
        points[ord(char)] |= _SPACE | (_BREAK if len(f"a{char}b".splitlines()) > 1 else 0)
    return points, np.array([*expansions, 0], np.uint32)


def _seconds(decompositions: Iterable[str]) -> frozenset[int]:
    """Characters that some other character before them may swallow: é is e and such a one."""
    pairs = map(str.split, decompositions)
    marks = {int(pair[1], 16) for pair in pairs if len(pair) == 2 and not pair[0].startswith("<")}
    return frozenset(marks).union(_MEDIAL_JAMO, _FINAL_JAMO)


def _entry(char: str, seconds: frozenset[int], letters: Array, expansions: list[int]) -> int:
    apart, became = unicodedata.normalize("NFKD", char), unicodedata.normalize("NFKC", char)
    combines = unicodedata.combining(apart[0]) > 0
    if ord(apart[0]) in seconds or ord(became[0]) in seconds or (combines and len(apart) > 1):
        return _ENTANGLED
    mark = _MARK if unicodedata.combining(became[-1]) else 0
    lowered = [ord(c) for c in became.replace("’", "'").lower()]
    if max(lowered) >= POINTS:
        return _ENTANGLED
    found = [point | int(letters[point]) for point in lowered]
    if len(found) == 1:
        return found[0] | mark
    expansions += [len(found), *found]
    return _EXPANDS | mark | (len(expansions) - len(found) - 1)


def _vocabularies(names: Sequence[str]) -> tuple[Array, ...]:
    """language_end, languages, spelled, marks, holders, amounts."""
    languages: list[int] = []
    ends: list[int] = []
    spelled: list[int] = []
    marks: list[tuple[int, ...]] = []
    holders: list[int] = []
    amounts: list[list[float]] = []
    for number, name in enumerate(names):
        of, words, letters = little_words.weights(name)
        languages += map(packed, of)
        ends.append(len(languages))
        for is_letter, weights in enumerate((words, letters)):
            for mark, shares in sorted(weights.items()):
                marks.append((number, is_letter, len(spelled), len(mark), len(holders), len(shares)))
                spelled += map(ord, mark)
                holders += [language for language, _ in shares]
                for _, weight in shares:
                    times = range(1, little_words.MOST_TIMES + 1)
                    amounts.append([weight * little_words.worth(k) if is_letter else weight for k in times])
    return (
        np.array(ends, np.int32),
        np.array(languages, np.uint32),
        np.array(spelled, np.uint32),
        np.array(marks, np.int32),
        np.array(holders, np.int32),
        np.array(amounts, np.float64),
    )


def _strings(lists: Sequence[Sequence[str]]) -> Array:
    found: list[int] = []
    for strings in lists:
        found.append(len(strings))
        for string in strings:
            found += [len(string), *map(ord, string)]
    return np.array(found, np.uint32)
