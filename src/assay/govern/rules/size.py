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
        said = f"{total:,} example{'' if total == 1 else 's'}"
        verdicts = [Verdict("too_small", total >= self.min, total, self.min, said, bound="least")]
        if self.splits:
            held = {name: view.counts.get(name, 0) for name in sorted(self.splits)}
            worst = min(held, key=lambda name: (held[name] / max(1, self.splits[name]), name))
            short = [name for name, count in held.items() if count < self.splits[name]]
            said = ", ".join(
                f"{name} has {held[name]:,} of {self.splits[name]:,}" for name in short or [worst]
            )
            verdicts.append(
                Verdict("split_too_small", not short, held[worst], self.splits[worst], said, bound="least")
            )
        return verdicts
