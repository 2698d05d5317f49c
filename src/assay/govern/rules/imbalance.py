from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from assay.govern.fields import MOST_VALUES, labels_of
from assay.govern.rule import Rule, Verdict
from assay.govern.view import View


class Imbalance(Rule):
    """The largest group of a field has at most so many times the examples of the smallest.

    A field is one of the record (`category`, `meta.topic`), of the payload (`label`), or a provenance column
    (`origin`, `generator`). Examples that state nothing in it are not counted. A field with more than 10,000
    different values is no category, and breaks the rule. The finding names no ids: a group is not wrong, it is too
    large or too small.

    ```yaml
    - imbalance: {max_ratio: {category: 10, label: 3}}
    ```
    """

    kind: ClassVar[str] = "imbalance"
    codes: ClassVar[Mapping[str, str]] = {"imbalanced": "groups differ too much in size"}

    max_ratio: dict[str, float] = Field(
        min_length=1, description="largest over smallest that is allowed, by field"
    )

    def judge(self, view: View) -> Sequence[Verdict]:
        counts: dict[str, Counter[str]] = {name: Counter() for name in self.max_ratio}
        labels = {name: labels_of(view, name) for name in self.max_ratio}
        for rows in view.examples():
            for name, counter in counts.items():
                if len(counter) <= MOST_VALUES:
                    counter.update(value for value in labels[name](rows) if value is not None)
        judged = sorted(
            ((_ratio(counter) / self.max_ratio[name], name) for name, counter in counts.items()), reverse=True
        )
        worst = judged[0][1]
        broken = [name for excess, name in judged if excess > 1.0]
        said = "; ".join(_spelled(name, counts[name]) for name in broken or [worst])
        ratio = _ratio(counts[worst])
        value = None if ratio == float("inf") else ratio
        return [Verdict("imbalanced", not broken, value, self.max_ratio[worst], said, "number")]


def _ratio(counter: Counter[str]) -> float:
    if not counter or len(counter) > MOST_VALUES:
        return float("inf")
    return max(counter.values()) / min(counter.values())


def _spelled(name: str, counter: Counter[str]) -> str:
    if len(counter) > MOST_VALUES:
        return f"{name} has more than {MOST_VALUES:,} values"
    if not counter:
        return f"nothing states {name}"
    most, least = max(counter.values()), min(counter.values())
    return f"{name}: {len(counter):,} groups, {most:,} to {least:,}"
