"""How much the outputs differ: words, openings, and the sameness of what one generator writes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final

from assay.measure.distinct import Vocabulary
from assay.measure.distribution import Share
from assay.measure.rows import Rows
from assay.measure.sample import SmallestIds

OPENING: Final = 3
"""Units that make an opening: three words, or three Chinese characters."""
OPENINGS: Final = 50_000
"""Rows whose openings are compared; of more rows, those with the smallest ids."""
SHOWN: Final = 12
PAIRED: Final = 48
"""Outputs of one generator that are compared, each with each."""
PAIRED_UNITS: Final = 200
GENERATORS: Final = 200
"""With more generators than this, no similarity is measured."""
UNNAMED: Final = "(not named)"
_SIGNS: Final = ".,;:!?\"'()[]*_#"


@dataclass(frozen=True, slots=True)
class Diversity:
    """`distinct_1` and `distinct_2`: different words, or pairs of neighbours, over all (Li et al. 2016).

    `exact` says of words and of pairs whether they were counted; else the figure is an estimate within
    about 1 %. `openings` are the most
    frequent first three units among `compared` outputs. `similarity` is the mean Jaccard similarity of the
    word pairs of two outputs, over a sample; None with fewer than two outputs.
    """

    vocabulary: int
    words: int
    distinct_1: float | None
    distinct_2: float | None
    exact: tuple[bool, bool]
    compared: int
    openings: tuple[Share, ...]
    similarity: float | None


@dataclass(frozen=True, slots=True)
class Generator:
    """What one generator wrote: `rows`, how long on average, how many of the compared begin alike, how similar."""

    name: str
    rows: int
    mean_output: float
    compared: int
    opening: Share | None
    similarity: float | None

    @property
    def opening_share(self) -> float:
        """The share of its compared outputs that begin with its most frequent opening."""
        return self.opening.count / self.compared if self.opening and self.compared else 0.0


class DiversityCount:
    """Measures diversity of outputs, of all and of each generator."""

    def __init__(self) -> None:
        self._vocabulary = Vocabulary()
        self._openings: SmallestIds[tuple[str, str | None]] = SmallestIds(OPENINGS)
        self._all: SmallestIds[frozenset[tuple[str, ...]]] = SmallestIds(PAIRED)
        self._each: dict[str, SmallestIds[frozenset[tuple[str, ...]]]] = {}
        self._written: dict[str, list[int]] = {}
        self._crowded = False

    def add(self, rows: Rows) -> None:
        self._vocabulary.add(rows.words)
        origins, generators = rows.columns["origin"], rows.columns["generator"]
        for k, id in enumerate(rows.ids):
            words = rows.words[k]
            by = (generators[k] or UNNAMED) if is_synthetic(origins[k], generators[k]) else None
            if self._openings.wants(id):
                self._openings.put(id, (opening_of(words), by))
            if self._all.wants(id):
                self._all.put(id, _pairs(words))
            if by is not None and not self._crowded:
                self._note(id, by, words)

    def _note(self, id: bytes, by: str, words: list[str]) -> None:
        if by not in self._each:
            if len(self._each) == GENERATORS:
                self._crowded = True
                self._each.clear()
                return
            self._each[by] = SmallestIds(PAIRED)
            self._written[by] = [0, 0]
        held = self._written[by]
        held[0] += 1
        held[1] += len(words)
        if self._each[by].wants(id):
            self._each[by].put(id, _pairs(words))

    def result(self) -> Diversity:
        known = self._vocabulary
        words, pairs = known.distinct()
        compared = [opening for _, (opening, _) in self._openings.drawn() if opening]
        return Diversity(
            words,
            known.words,
            words / known.words if known.words else None,
            pairs / known.pairs if known.pairs else None,
            known.exact,
            len(compared),
            _top(compared, SHOWN),
            similarity([bag for _, bag in self._all.drawn()]),
        )

    def generators(self) -> tuple[Generator, ...]:
        """The busiest first; none when there are more than `GENERATORS`."""
        if self._crowded:
            return ()
        openings = defaultdict(list)
        for _, (opening, by) in self._openings.drawn():
            if by is not None and opening:
                openings[by].append(opening)
        out = []
        for name, (rows, units) in sorted(self._written.items(), key=lambda item: (-item[1][0], item[0])):
            begun = openings[name]
            bags = [bag for _, bag in self._each[name].drawn()]
            top = _top(begun, 1)
            alike = similarity(bags)
            out.append(Generator(name, rows, units / rows, len(begun), top[0] if top else None, alike))
        return tuple(out)


def is_synthetic(origin: str | None, generator: str | None) -> bool:
    """Whether a row says that a model wrote it; one that names a generator and no origin does."""
    return origin == "synthetic" or (origin is None and bool(generator))


def _top(values: Iterable[str], shown: int) -> tuple[Share, ...]:
    ordered = sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Share(value, count) for value, count in ordered[:shown])


def opening_of(words: list[str]) -> str:
    """The first units without the signs that stick to them, so that "thanks!" and "thanks," open alike."""
    return " ".join(word.strip(_SIGNS) or word for word in words[:OPENING])[:120]


def _pairs(words: list[str]) -> frozenset[tuple[str, ...]]:
    head = words[:PAIRED_UNITS]
    return frozenset(pairwise(head)) if len(head) > 1 else frozenset((word,) for word in head)


def similarity(bags: Sequence[frozenset[tuple[str, ...]]]) -> float | None:
    """The mean Jaccard similarity of every two of the bags that are not empty; None with fewer than two."""
    filled = [bag for bag in bags if bag]
    found = [
        shared / (len(a) + len(b) - shared) for a, b in combinations(filled, 2) for shared in (len(a & b),)
    ]
    return sum(found) / len(found) if found else None
