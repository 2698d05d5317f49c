"""What sets the outputs of one generator apart from those of the others: length, forms, openings, words.

Each generator is held against all the others together, as many outputs of each. A form's share is tested by χ² of a
table of four fields, lengths by Kolmogorov and Smirnov's test, an opening by Fisher's exact test; a habit is told when
its p, times the number of tests (of all generators; of openings, times all that are common enough), is below 0.05.
Words are ranked by log-odds with an informative Dirichlet prior (`terms.py`), told from `SURE` standard deviations on.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from assay.kernels.counting import units
from assay.measure.diversity import OPENING, opening_of
from assay.measure.drift.chance import chi_square_tail, kolmogorov_tail
from assay.measure.drift.features import ALPHA
from assay.measure.forms import FORMS, forms_of
from assay.measure.map.terms import Common, common, terms

WORDS: Final = 6
OPENINGS: Final = 3
SURE: Final = 4.0
"""Standard deviations: of some thousand words, chance brings none so far."""
FEWEST: Final = 3
"""Outputs that an opening must begin."""
_EXPECTED: Final = 5.0
_BEGINNING: Final = 200


@dataclass(frozen=True, slots=True)
class Habit:
    """A form: the share of the generator's outputs that show it, and of the others'. `p` is corrected."""

    form: str
    own: float
    others: float
    p: float

    @property
    def told(self) -> bool:
        return self.p < ALPHA


@dataclass(frozen=True, slots=True)
class Opening:
    """How outputs begin: the share of the generator's that do, and of the others'."""

    text: str
    own: float
    others: float


@dataclass(frozen=True, slots=True)
class Habits:
    """Of one generator. `length`, `length_others`: median units of an output; `length_p` is corrected. `forms`: all of
    them; `openings` and `terms`: those that set it apart, the strongest first."""

    generator: str
    length: float
    length_others: float
    length_p: float
    forms: tuple[Habit, ...]
    openings: tuple[Opening, ...]
    terms: tuple[str, ...]

    @property
    def length_told(self) -> bool:
        return self.length_p < ALPHA

    @property
    def apart(self) -> bool:
        """Whether anything sets it apart."""
        return bool(self.length_told or self.openings or self.terms or any(one.told for one in self.forms))

    def as_json(self) -> dict[str, Any]:
        return {
            "length": self.length, "length_others": self.length_others, "length_p": self.length_p,
            "forms": [
                {"form": f.form, "own": round(f.own, 4), "others": round(f.others, 4), "p": f.p} for f in self.forms
            ],
            "openings": [
                {"text": o.text, "own": round(o.own, 4), "others": round(o.others, 4)} for o in self.openings
            ],
            "terms": list(self.terms),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Read:
    """What is looked at of a generator's outputs."""

    texts: Sequence[str]
    lengths: npt.NDArray[np.int64]
    forms: Counter[str]
    openings: Counter[str]


def habits(drawn: Sequence[tuple[str, Sequence[str]]]) -> tuple[Habits, ...]:
    """The habits of each of some generators, from (name, outputs); the order is kept. Of one alone there are none: it
    has no others to be held against."""
    read = [(name, _read(outputs)) for name, outputs in drawn if outputs]
    if len(read) < 2:
        return ()
    words = common([text for _, one in read for text in one.texts])
    every = Counter[str]()
    for _, one in read:
        every.update(one.openings)
    common_enough = sum(count >= FEWEST for count in every.values())
    tests = len(read) * (len(FORMS) + 1)
    return tuple(
        _of(
            name,
            one,
            [other for k, (_, other) in enumerate(read) if k != j],
            (words, every),
            (tests, len(read) * common_enough),
        )
        for j, (name, one) in enumerate(read)
    )


def _read(outputs: Sequence[str]) -> _Read:
    split = [units(output) for output in outputs]
    forms, openings = Counter[str](), Counter[str]()
    for output in outputs:
        forms.update(forms_of(output))
    for output in outputs:
        if begins := opening_of(units(output[:_BEGINNING].lower())[:OPENING]):
            openings[begins] += 1
    return _Read(outputs, np.sort(np.array([len(one) for one in split], np.int64)), forms, openings)


def _of(
    name: str, one: _Read, others: Sequence[_Read], among: tuple[Common, Counter[str]], tests: tuple[int, int]
) -> Habits:
    lengths = np.sort(np.concatenate([other.lengths for other in others]))
    n, m = len(one.lengths), len(lengths)
    p = min(1.0, tests[0] * kolmogorov_tail(_distance(one.lengths, lengths), 1 / n + 1 / m))
    forms = []
    for form in FORMS:
        here, there = one.forms[form], sum(other.forms[form] for other in others)
        forms.append(Habit(form, here / n, there / m, min(1.0, tests[0] * _table_of_four(here, n, there, m))))
    words, every = among
    return Habits(
        name, float(np.median(one.lengths)), float(np.median(lengths)), p, tuple(forms),
        _openings(one, n, m, every, tests[1]), terms(one.texts, words, WORDS, SURE),
    )  # fmt: skip


def _openings(one: _Read, n: int, m: int, every: Counter[str], tests: int) -> tuple[Opening, ...]:
    """Those that the generator's outputs have more often than chance gives them."""
    found = []
    for text, count in one.openings.items():
        rest = every[text] - count
        if count >= FEWEST and count * m > rest * n and tests * _at_least(count, n, rest, m) < ALPHA:
            found.append((rest / m - count / n, text, count, rest))
    return tuple(Opening(text, count / n, rest / m) for _, text, count, rest in sorted(found)[:OPENINGS])


def _at_least(here: int, n: int, there: int, m: int) -> float:
    """How often so many or more of `here` + `there` fall among n of n + m by chance (Fisher 1922, one side)."""
    drawn = here + there
    whole = _ways(n + m, drawn)
    terms_of = (_ways(n, k) + _ways(m, drawn - k) - whole for k in range(here, min(n, drawn) + 1))
    return min(1.0, math.fsum(math.exp(one) for one in terms_of))


def _ways(n: int, k: int) -> float:
    """The logarithm of how many ways there are to take k of n."""
    return -math.inf if k > n else math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _distance(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> float:
    values = np.union1d(a, b)
    gap = np.searchsorted(a, values, "right") / len(a) - np.searchsorted(b, values, "right") / len(b)
    return float(np.abs(gap).max())


def _table_of_four(here: int, n: int, there: int, m: int) -> float:
    """p of χ² with one degree of freedom; 1 where a field would have too few to be tested."""
    share = (here + there) / (n + m)
    if min(share, 1 - share) * min(n, m) < _EXPECTED:
        return 1.0
    statistic = (here / n - there / m) ** 2 / (share * (1 - share) * (1 / n + 1 / m))
    return chi_square_tail(statistic, 1)
