"""What a run of judges comes to, counted as it goes on, in memory that grows with numbers and not with texts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from assay.judge.judgement import Judgement
from assay.judge.panel import Agreement, Combined, agreement, combine

MAJORITY: Final = 0.5
"""The share of judges that would exclude an example at which it is excluded."""


@dataclass
class Spent:
    """What calls took: `calls` that were made, `batched` answers that came by batches, `remembered` ones that were
    there; tokens of calls that were made."""

    calls: int = 0
    batched: int = 0
    remembered: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass
class Tally:
    """Of n examples: `outcomes` by judgement; `scores` by name, of the panel's means; `steered` examples seem to speak
    to the judge, by kind in `steering`; `excluded` by most of the judges. `judged` judgements are new, `reused` stood
    in the log, `unasked` are in neither. `main` is the score that stands for the whole."""

    judges: tuple[str, ...]
    main: str = "overall"
    examples: int = 0
    judged: int = 0
    reused: int = 0
    unasked: int = 0
    mended: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    steering: Counter[str] = field(default_factory=Counter)
    steered: int = 0
    excluded: int = 0
    scores: dict[str, Counter[float]] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)
    dollars: Decimal = Decimal(0)
    _main: list[Judgement] = field(default_factory=list)

    def add(self, said: Mapping[str, Judgement]) -> Combined:
        """One example: what each judge (by digest) said of it; and what the panel makes of that."""
        whole = combine(said.values())
        self.examples += 1
        for judge in self.judges:
            one = said.get(judge)
            if one is None:
                self.unasked += 1
                continue
            self.outcomes[one.outcome] += 1
            self.mended += one.mended
            if one.scored and len(self.judges) > 1:
                score = {self.main: one.scores[self.main]}
                self._main.append(Judgement(one.id, one.judge, one.outcome, scores=score))
        self.steering.update(whole.steering)
        self.steered += bool(whole.steering)
        self.excluded += whole.exclude is not None and whole.exclude >= MAJORITY
        for name, mean in whole.scores.items():
            self.scores.setdefault(name, Counter())[round(mean, 6)] += 1
        return whole

    def agreement(self) -> Agreement | None:
        """How far the judges agree on their main score; None for one judge."""
        return agreement(self._main, self.main) if len(self.judges) > 1 else None

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "examples": self.examples,
            "judgements": {"new": self.judged, "reused": self.reused, "not_asked": self.unasked},
            "outcomes": dict(self.outcomes.most_common()),
            "mended": self.mended,
            "scores": {name: _distribution(found) for name, found in sorted(self.scores.items())},
            "excluded": self.excluded,
            "agreement": None if (agreed := self.agreement()) is None else agreed.as_json(),
            "steering": {"examples": self.steered, "kinds": dict(sorted(self.steering.items()))},
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
