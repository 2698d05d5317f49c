"""What a run of judges comes to, counted as it goes on, in memory that grows with numbers and not with texts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from assay.judge.judgement import SCORED, Judgement
from assay.kernels.rank_correlation import spearman


@dataclass
class Spent:
    """What calls took: `calls` that were made, `remembered` answers that were there; tokens of calls that were made."""

    calls: int = 0
    remembered: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass
class Tally:
    """Of n examples: `outcomes` and `steering` by judgement, `scores` by name, of the panel's means; `values`: each
    judge's main score by example, NaN without. `judged` judgements are new, `reused` stood in the log."""

    judges: tuple[str, ...]
    examples: int = 0
    judged: int = 0
    reused: int = 0
    unasked: int = 0
    mended: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    steering: Counter[str] = field(default_factory=Counter)
    excluded: int = 0
    scores: dict[str, Counter[float]] = field(default_factory=dict)
    values: dict[str, list[float]] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)
    dollars: Decimal = Decimal(0)

    def add(self, said: Mapping[str, Judgement], scores: Mapping[str, float], exclude: float | None) -> None:
        """One example: what each judge (by digest) said of it, and what the panel makes of that."""
        self.examples += 1
        for judge in self.judges:
            one = said.get(judge)
            self.unasked += one is None
            value = math.nan
            if one is not None:
                self.outcomes[one.outcome] += 1
                self.mended += one.mended
                if one.outcome == SCORED:
                    value = one.scores.get("overall", one.scores.get("preference", math.nan))
            self.values.setdefault(judge, []).append(value)
        self.steering.update({kind for one in said.values() for kind in one.steering})
        self.excluded += exclude is not None and exclude >= 0.5
        for name, score in scores.items():
            if score == score:
                self.scores.setdefault(name, Counter())[round(score, 6)] += 1

    @property
    def steered(self) -> int:
        """Judgements of texts that seem to speak to the judge, counted by kind."""
        return sum(self.steering.values())

    def agreement(self) -> list[dict[str, Any]]:
        """For each two judges: how often their main scores are equal and within one, their mean difference, and
        Spearman's rho; over the examples that both scored."""
        found = []
        for k, first in enumerate(self.judges):
            for second in self.judges[k + 1 :]:
                a, b = np.array(self.values.get(first, [])), np.array(self.values.get(second, []))
                both = ~(np.isnan(a) | np.isnan(b)) if len(a) else np.zeros(0, np.bool_)
                a, b = a[both], b[both]
                told: dict[str, Any] = {"judges": [first, second], "examples": len(a)}
                if len(a):
                    apart = np.abs(a - b)
                    told |= {
                        "same": float((apart < 1e-9).mean()),
                        "within_one": float((apart <= 1).mean()),
                        "difference": float((a - b).mean()),
                        "spearman": None if (rho := spearman(a, b)) != rho else rho,
                    }
                found.append(told)
        return found

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "examples": self.examples,
            "judgements": {"new": self.judged, "reused": self.reused, "not_asked": self.unasked},
            "outcomes": dict(self.outcomes.most_common()),
            "mended": self.mended,
            "scores": {name: _distribution(found) for name, found in sorted(self.scores.items())},
            "excluded": self.excluded,
            "agreement": self.agreement(),
            "steering": dict(sorted(self.steering.items())),
            "calls": self.spent.as_json(),
            "dollars": f"{self.dollars:f}",
        }


def _distribution(found: Counter[float]) -> dict[str, Any]:
    count = sum(found.values())
    return {
        "count": count,
        "mean": round(math.fsum(value * n for value, n in found.items()) / count, 4),
        "histogram": {f"{value:g}": n for value, n in bands(found).items()},
    }


def bands(found: Mapping[float, int]) -> dict[float, int]:
    """Counts by whole score, or by half where there are means: a score counts for the one that it is nearest to."""
    step = 1.0 if all(value == int(value) for value in found) else 0.5
    out: Counter[float] = Counter()
    for value, count in found.items():
        out[math.floor(value / step + 0.5) * step] += count
    return dict(sorted(out.items()))


def main_score(names: Iterable[str]) -> str:
    """What a rubric's judgement comes down to: `overall`, of pairs `preference`."""
    return "preference" if "preference" in set(names) else "overall"
