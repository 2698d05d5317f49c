"""Word n-grams of many texts as 64-bit hashes, in NumPy, wherever the texts are written.

A *token* is a run of letters, digits and marks, or one Han or kana character; case, width and punctuation do not
count. A *gram* is `words` neighbouring tokens, or `characters` of them where the first is Han or kana: five words say
about as much as eight characters. Grams stay within their text and do go across its lines.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from assay.kernels.characters import CJK_RANGES, lower
from assay.kernels.sketch import mix

U64 = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]

_BLOCK = 1 << 16
"""Characters hashed at a time: few enough that the arrays stay in the cache."""
_PLANE = 0x10000
_CJK_FLAG = 1 << 31
_POINT = np.uint32(_CJK_FLAG - 1)
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_SEPARATOR = "\n\x00"
"""Stands behind each text. No token reaches over it, and lone it is no token either."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """All tokens of n texts. `hash`: uint64[t]; `cjk`: bool[t]; `start`, `end`: int64[t], characters within the
    text; `text`: int64[t], which text, increasing."""

    hash: U64
    cjk: npt.NDArray[np.bool_]
    start: Positions
    end: Positions
    text: Positions


@dataclass(frozen=True, slots=True)
class Grams:
    """All grams of some tokens: `hash`: uint64[g]; `first`: int64[g], its first token; `size`: int64[g], tokens."""

    hash: U64
    first: Positions
    size: Positions


def tokens_of(texts: Sequence[str]) -> Tokens:
    """The tokens of each text, in order."""
    parts: list[Tokens] = []
    block: list[tuple[int, int, str]] = []
    held = 0
    for piece in _pieces(texts):
        block.append(piece)
        held += len(piece[2]) + len(_SEPARATOR)
        if held >= _BLOCK:
            parts.append(_tokens(block))
            block, held = [], 0
    if block:
        parts.append(_tokens(block))
    names = ("hash", "cjk", "start", "end", "text")
    kinds = (np.uint64, np.bool_, np.int64, np.int64, np.int64)
    return Tokens(
        *(
            np.concatenate([np.empty(0, kind), *(getattr(part, name) for part in parts)], dtype=kind)
            for name, kind in zip(names, kinds, strict=True)
        )
    )


def _pieces(texts: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """(text, offset, piece): each text whole, a huge one cut where a token ends if it ends anywhere."""
    for k, text in enumerate(texts):
        start = 0
        while len(text) - start > _BLOCK:
            stop = start + _BLOCK
            while stop > start + _BLOCK // 2 and _runs(text[stop - 1]) and _runs(text[stop]):
                stop -= 1
            yield k, start, text[start:stop]
            start = stop
        yield k, start, text[start:] if start else text


def grams_of(tokens: Tokens, words: int, characters: int) -> Grams:
    """All grams, in the order of their first tokens."""
    n = len(tokens.hash)
    size = np.where(tokens.cjk, characters, words).astype(np.int64)
    last = np.arange(n) + size - 1
    whole = last < n
    whole[whole] = tokens.text[last[whole]] == tokens.text[whole]
    hashes = windows(tokens.hash, words)
    if characters != words and tokens.cjk.any():
        hashes = np.where(tokens.cjk, windows(tokens.hash, characters), hashes)
    first = np.flatnonzero(whole)
    return Grams(mix(hashes[first]), first, size[first])


def windows(hashes: U64, size: int) -> U64:
    """uint64[n]: a hash of each run of `size` hashes; of runs that do not fit, anything."""
    n = len(hashes)
    if n < size:
        return np.zeros(n, np.uint64)
    # The run of 2k is made of two runs of k: five takes three steps and eight takes three as well.
    out, length = hashes, 1
    for bit in bin(size)[3:]:
        out = _joined(out, out, length, n)
        length *= 2
        if bit == "1":
            out = _joined(out, hashes, length, n)
            length += 1
    return out


def _joined(left: U64, right: U64, at: int, n: int) -> U64:
    out = left * np.uint64(_power(at))
    out[: n - at] += right[at:]
    return out


@cache
def _power(exponent: int) -> int:
    return pow(0xD6E8FEB86659FD93, exponent, 1 << 64)


def _tokens(pieces: Sequence[tuple[int, int, str]]) -> Tokens:
    joined = _SEPARATOR.join([piece for _, _, piece in pieces]) + _SEPARATOR
    plain = joined.isascii()
    entries = _entries_ascii(joined) if plain else _entries(joined)
    solid = entries != 0
    cjk = None if plain else entries >= _CJK_FLAG
    runs = solid if cjk is None else solid & ~cjk
    joins = np.zeros(len(entries) + 1, np.bool_)  # at k: characters k - 1 and k belong to one token
    np.logical_and(runs[1:], runs[:-1], out=joins[1:-1])
    start = np.flatnonzero(solid & ~joins[:-1])
    end = np.flatnonzero(solid & ~joins[1:]) + 1
    up, down = _powers()
    weighted = (entries & _POINT).astype(np.uint64)
    weighted *= up[: len(weighted)]
    sums = np.zeros(len(entries) + 1, np.uint64)
    np.cumsum(weighted, out=sums[1:])
    hashes = mix((sums[end] - sums[start]) * down[start])
    begins = np.zeros(len(pieces), np.int64)
    np.cumsum([len(piece) + len(_SEPARATOR) for _, _, piece in pieces[:-1]], out=begins[1:])
    of = np.searchsorted(begins, start, "right") - 1
    shift = (np.array([offset for _, offset, _ in pieces], np.int64) - begins)[of]
    text = np.array([number for number, _, _ in pieces], np.int64)[of]
    flags = np.zeros(len(start), np.bool_) if cjk is None else cjk[start]
    return Tokens(hashes, flags, start + shift, end + shift, text)


def _entries_ascii(text: str) -> npt.NDArray[np.uint32]:
    return _table()[np.frombuffer(text.encode("ascii"), np.uint8)]


def _entries(text: str) -> npt.NDArray[np.uint32]:
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    entries = _table()[np.minimum(points, _PLANE - 1)]
    beyond = np.flatnonzero(points >= _PLANE)
    if len(beyond):
        entries[beyond] = [_entry(chr(point)) for point in points[beyond].tolist()]
    return entries


@cache
def _powers() -> tuple[U64, U64]:
    """Powers of the base and of its inverse modulo 2⁶⁴, for the longest block."""
    up, down = (np.full(2 * _BLOCK + 2, base, np.uint64) for base in (_BASE, _INVERSE))
    up[0] = down[0] = 1
    return np.cumprod(up, dtype=np.uint64), np.cumprod(down, dtype=np.uint64)


def _runs(character: str) -> bool:
    return 0 < _entry(character) < _CJK_FLAG


@cache
def _table() -> npt.NDArray[np.uint32]:
    """For each code point of the basic plane its entry."""
    return np.array([_entry(chr(point)) for point in range(_PLANE)], np.uint32)


def _entry(character: str) -> int:
    """0 for what is between tokens; else the code point after NFKC and lower case, with a flag for Han and kana."""
    if not character.isalnum() and unicodedata.category(character)[0] != "M":
        return 0
    plain = lower(unicodedata.normalize("NFKC", character))
    point = ord(plain) if len(plain) == 1 else ord(character)
    return point | _CJK_FLAG if any(low <= point <= high for low, high in CJK_RANGES) else point
