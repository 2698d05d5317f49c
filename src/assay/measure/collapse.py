"""Model collapse, measured: what a version is made of, and how much its outputs differ, whatever its size.

Models that learn from models lose the tails of what people write first (Shumailov et al., Nature 631, 2024; Dohmatob
et al., arXiv:2402.07043); where the originals stay, they do not (Gerstgrasser et al., arXiv:2404.01413). Figures of
diversity fall as a set grows, so every version is measured on as many rows and as many units: those with the smallest
ids, which is a fair draw because an id is a digest (rarefaction: Sanders 1968; distinct-n: Li et al. 2016).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from assay.measure.diversity import OPENING
from assay.measure.exchange import Change, Deal, Ints, change, distinct, share_lost

Floats = npt.NDArray[np.float32]

ROWS: Final = 500
"""Rows of a draw, at most."""
ROW_UNITS: Final = 200
"""Units of one output that count: the first ones."""
NEEDED: Final = 100
"""Rows with fewer than this are not measured: too few to tell."""
PAIRED: Final = 96
"""Rows of a draw that are compared each with each."""
RARE: Final = 2
"""A word is rare that stands in at most so many rows of a draw."""


@dataclass(frozen=True, slots=True)
class Text:
    """One output as codes of a `Lexicon`: its units, the pairs of neighbours, and its first units."""

    id: bytes
    words: Ints
    pairs: Ints
    opening: int


class Lexicon:
    """Gives words and openings their codes; texts of one lexicon can be compared."""

    def __init__(self) -> None:
        self._words: dict[str, int] = {}
        self._openings: dict[tuple[int, ...], int] = {}

    def text(self, id: bytes, words: Sequence[str]) -> Text | None:
        """The text of an output in units of lower case; None of one without a unit."""
        codes = [self._words.setdefault(word, len(self._words)) for word in words[:ROW_UNITS]]
        if not codes:
            return None
        begins = self._openings.setdefault(tuple(codes[:OPENING]), len(self._openings))
        held = np.array(codes, dtype=np.int64)
        return Text(id, held, held[:-1] << 32 | held[1:], begins)


@dataclass(frozen=True, slots=True)
class Composition:
    """How many examples there are of each origin and at each synthetic depth; `synthetic`: written by models."""

    examples: int
    synthetic: int
    origins: Mapping[str, int]
    depths: Mapping[int, int]

    @property
    def mean_depth(self) -> float:
        return (
            sum(depth * rows for depth, rows in self.depths.items()) / self.examples if self.examples else 0.0
        )

    @property
    def depth_error(self) -> float:
        """The standard error of the mean depth."""
        if self.examples < 2:
            return math.inf
        mean = self.mean_depth
        squares = sum(rows * (depth - mean) ** 2 for depth, rows in self.depths.items())
        return math.sqrt(squares / (self.examples - 1) / self.examples)

    @property
    def synthetic_share(self) -> float:
        return self.synthetic / self.examples if self.examples else 0.0

    def as_json(self) -> dict[str, Any]:
        whole = max(1, self.examples)
        return {
            "examples": self.examples, "synthetic": self.synthetic,
            "origins": {name: round(rows / whole, 6) for name, rows in self.origins.items()},
            "depth": {"mean": round(self.mean_depth, 6), "max": max(self.depths, default=0),
                      "shares": {str(d): round(rows / whole, 6) for d, rows in sorted(self.depths.items())}},
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """How much the outputs of a draw differ.

    `vocabulary`: different words among the units that were drawn; `distinct_1`, `distinct_2`: different words and pairs
    over all; `alike`: mean Jaccard similarity of the word pairs of two outputs; `openings`: as many equally frequent
    first three units would be as hard to foretell (the exponential of their entropy).
    """

    vocabulary: int
    distinct_1: float
    distinct_2: float
    alike: float
    openings: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """Figures of several draws, all from `rows` rows; `units` words and `pairs` pairs of each count."""

    rows: int = 0
    units: int = 0
    pairs: int = 0
    figures: Sequence[Figures | None] = field(default=())


def drawn(draws: Sequence[Sequence[Text]]) -> Drawn:
    """The figures of each draw, on equally many rows and units; None of a draw with fewer than `NEEDED` rows."""
    enough = [draw for draw in draws if len(draw) >= NEEDED]
    if not enough:
        return Drawn(figures=[None] * len(draws))
    rows = min(map(len, enough))
    units = min(sum(len(text.words) for text in draw[:rows]) for draw in enough)
    pairs = min(sum(len(text.pairs) for text in draw[:rows]) for draw in enough)
    found = [_figures(draw[:rows], units, pairs) if len(draw) >= NEEDED else None for draw in draws]
    return Drawn(rows, units, pairs, found)


def _figures(texts: Sequence[Text], units: int, pairs: int) -> Figures:
    pool, whole = Pool(texts), np.arange(len(texts))
    words = distinct(pool.words, whole, units, pool.kinds_of_words)
    doubled = distinct(pool.pairs, whole, pairs, pool.kinds_of_pairs)
    compared = Pool(texts[:PAIRED])
    return Figures(
        words, words / units, doubled / pairs if pairs else 1.0,
        compared.alike(np.arange(len(compared.pairs))), pool.openings(whole),
    )  # fmt: skip


class Pool:
    """Texts, in the order of their ids, as arrays that subsets of them can be measured with quickly."""

    def __init__(self, texts: Sequence[Text]) -> None:
        self.words, self.kinds_of_words = _dense([text.words for text in texts])
        self.pairs, self.kinds_of_pairs = _dense([text.pairs for text in texts])
        self._single = [np.unique(words) for words in self.words]
        self._begun = np.array([text.opening for text in texts], dtype=np.int64)
        self._likeness: Floats | None = None

    def distinct_pairs(self, deal: Deal) -> tuple[float, float]:
        """distinct-2 of both sides, on as many pairs."""
        a, b = deal.sides()
        size = min(_size(self.pairs, a), _size(self.pairs, b))
        found = (distinct(self.pairs, side, size, self.kinds_of_pairs) for side in (a, b))
        one, other = (count / size if size else math.nan for count in found)
        return one, other

    def openings(self, rows: Ints) -> float:
        """The effective number of openings (Hill number of order 1)."""
        _, counts = np.unique(self._begun[rows], return_counts=True)
        shares = np.sort(counts) / len(rows)  # so that the sum hangs on the counts alone, to the last bit
        return float(np.exp(-(shares * np.log(shares)).sum()))

    def alike(self, rows: Ints) -> float:
        """The mean Jaccard similarity of the word pairs of every two rows; 0 of one row. For small pools: memory grows
        with rows times pairs."""
        n = len(rows)
        if self._likeness is None:
            self._likeness = _likeness(self.pairs, self.kinds_of_pairs)
        among = self._likeness[np.ix_(rows, rows)]
        return float((among.sum() - np.trace(among)) / (n * (n - 1))) if n > 1 else 0.0

    def rare_kept(self, deal: Deal) -> float:
        """The share of the first side's rare words that the second has too, or that rows of both hold."""
        size = min(_size(self.words, deal.first), _size(self.words, deal.second))
        counts = np.zeros(self.kinds_of_words, dtype=np.int64)
        for side, most in ((deal.both, None), (deal.first, size)):
            counts += self._rows_with(side, most)
        rare = (counts > 0) & (counts <= RARE)
        there = self._rows_with(deal.both, None) + self._rows_with(deal.second, size) > 0
        whole = int(np.count_nonzero(rare))
        return int(np.count_nonzero(rare & there)) / whole if whole else math.nan

    def _rows_with(self, rows: Ints, size: int | None) -> Ints:
        """How many of the rows, up to `size` units, hold each word."""
        if size is not None:
            ends = np.cumsum([len(self.words[row]) for row in rows.tolist()])
            rows = rows[: int(np.searchsorted(ends, size, side="right"))]
        if not len(rows):
            return np.zeros(self.kinds_of_words, dtype=np.int64)
        every = np.concatenate([self._single[row] for row in rows.tolist()])
        return np.bincount(every, minlength=self.kinds_of_words)


def _size(parts: Sequence[Ints], rows: Ints) -> int:
    return sum(len(parts[row]) for row in rows.tolist())


def _dense(parts: Sequence[Ints]) -> tuple[list[Ints], int]:
    """The same parts with codes from 0 without gaps, and how many codes there are."""
    if not parts:
        return [], 0
    known, codes = np.unique(np.concatenate(parts), return_inverse=True)
    return np.split(codes.astype(np.int64), np.cumsum([len(part) for part in parts])[:-1]), len(known)


def _likeness(parts: Sequence[Ints], kinds: int) -> Floats:
    """Jaccard similarity of every two parts as sets; of two empty ones 0."""
    held = np.zeros((len(parts), kinds), dtype=np.float32)
    for row, part in enumerate(parts):
        held[row, part] = 1.0
    shared = held @ held.T
    sizes = held.sum(1)
    whole = sizes[:, None] + sizes[None, :] - shared
    return np.asarray(np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0))


def pooled(first: Sequence[Text], second: Sequence[Text], held: frozenset[bytes]) -> tuple[list[Text], Deal]:
    """Two draws as one pool by id; `held`: the ids of the first that belong to both sides."""
    texts = {text.id: text for text in chain(first, second)}
    ids = sorted(texts)
    ones, others = {text.id for text in first}, {text.id for text in second}
    both = held & ones

    def at(wanted: Iterable[bytes]) -> Ints:
        chosen = set(wanted)
        return np.array([k for k, id in enumerate(ids) if id in chosen], dtype=np.int64)

    deal = Deal(at(both), at(ones - both), at(others - both))
    return [texts[id] for id in ids], deal


def _even(first: Sequence[Text], second: Sequence[Text], most: int = ROWS) -> tuple[list[Text], Deal]:
    """As many rows of both draws, as a pool; rows that stand in both belong to both."""
    rows = min(len(first), len(second), most)
    first, second = first[:rows], second[:rows]
    return pooled(first, second, frozenset(text.id for text in second))


def fall_of_distinct(first: Sequence[Text], second: Sequence[Text]) -> Change:
    """By what share distinct-2 fell from the first draw to the second."""
    texts, deal = _even(first, second)
    return change(deal, Pool(texts).distinct_pairs, lost)


def fall_of_openings(first: Sequence[Text], second: Sequence[Text]) -> Change:
    """By what share the effective number of openings fell."""
    texts, deal = _even(first, second)
    pool = Pool(texts)

    def figures(dealt: Deal) -> tuple[float, float]:
        a, b = dealt.sides()
        return pool.openings(a), pool.openings(b)

    return change(deal, figures, lost)


def rise_of_alike(first: Sequence[Text], second: Sequence[Text]) -> Change:
    """By how much the mean similarity of two outputs rose (0 to 1)."""
    texts, deal = _even(first, second, PAIRED)
    pool = Pool(texts)

    def figures(dealt: Deal) -> tuple[float, float]:
        a, b = dealt.sides()
        return pool.alike(a), pool.alike(b)

    return change(deal, figures, lambda before, after: after - before)


def loss_of_rare(first: Sequence[Text], second: Sequence[Text], held: frozenset[bytes]) -> Change:
    """By what share fewer of the first draw's rare words were kept than chance would keep.

    `held`: ids of the first draw that the second's version still holds: their words are not lost.
    """
    rows = min(len(first), len(second))
    texts, deal = pooled(first[:rows], second[:rows], held)
    return share_lost(deal, Pool(texts).rare_kept)


def lost(before: float, after: float) -> float:
    """The share that went."""
    return 1.0 - after / before if before > 0 else math.nan


def composition(origins: Mapping[str, int], depths: Mapping[int, int], synthetic: int) -> Composition:
    """Of counts; origins and depths without an example are left out."""
    kept = {name: rows for name, rows in origins.items() if rows}
    return Composition(sum(kept.values()), synthetic, kept, dict(sorted(Counter(dict(depths)).items())))
