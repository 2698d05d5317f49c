from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from assay.govern.rule import Rule, Verdict
from assay.govern.view import View


class Size(Rule):
    """The version, and splits of it, have at least so many examples.

    ```yaml
    - size: {min: 500, splits: {test: 100}}
    ```
    """

    kind: ClassVar[str] = "size"
    codes: ClassVar[Mapping[str, str]] = {
        "too_small": "the version has too few examples",
        "split_too_small": "a split has too few examples",
    }

    min: int = Field(default=1, ge=0, description="examples in all splits")
    splits: dict[str, int] = Field(default_factory=dict, description="examples in a split, by its name")

    def judge(self, view: View) -> Sequence[Verdict]:
        total = sum(view.counts.values())
        verdicts = [Verdict("too_small", total >= self.min, total, self.min, f"{total:,} examples")]
        short = {
            name: view.counts.get(name, 0)
            for name, least in sorted(self.splits.items())
            if view.counts.get(name, 0) < least
        }
        if short:
            said = ", ".join(f"{name} has {n:,} of {self.splits[name]:,}" for name, n in short.items())
            worst = min(short, key=lambda name: (short[name] / self.splits[name], name))
            verdicts.append(Verdict("split_too_small", False, short[worst], self.splits[worst], said))
        elif self.splits:
            name = min(self.splits, key=lambda name: (view.counts.get(name, 0) / max(1, self.splits[name]), name))
            said = f"{name} has {view.counts.get(name, 0):,}"
            verdicts.append(
                Verdict("split_too_small", True, view.counts.get(name, 0), self.splits[name], said)
            )
        return verdicts
