from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from assay.govern.fields import MOST_VALUES, labels_of
from assay.govern.rule import Rule, Verdict
from assay.govern.view import View
from assay.kernels.stability import noise, stability_index, tenths


class Drift(Rule):
    """Lengths, languages and labels are spread as they are in the parent version.

    Each is compared by the population stability index, PSI = Σ (p − q) · ln(p / q) over bins. Below 0.1 little has
    changed, from 0.25 on much has (Siddiqi, *Credit Risk Scorecards*, 2006). Lengths (units of input and of output:
    words, and Han or kana characters) are put into the tenths of the parent's rows; languages are those of the
    output, by the stage [`language`](../stages/language.md); labels are the values of `field` (`category`,
    `meta.topic`, `fact.topic`). A PSI that chance would pass once in a thousand times with so few rows breaks
    nothing (Yurdakul and Naranjo, 2020), and the message says so. A first version passes; a field that nothing
    states does not. The finding names no ids: no single example drifts.

    ```yaml
    - drift: {max: 0.25, field: category}
    ```
    """

    kind: ClassVar[str] = "drift"
    codes: ClassVar[Mapping[str, str]] = {
        "drift_input": "the lengths of inputs moved",
        "drift_output": "the lengths of outputs moved",
        "drift_language": "the mix of languages moved",
        "drift_label": "the mix of labels moved",
    }

    max: float = Field(default=0.25, gt=0.0, description="the largest index that is still stable")
    field: str | None = Field(default=None, min_length=1, description="whose values are the labels")
    languages: bool = Field(default=True, description="whether languages are compared")

    def judge(self, view: View) -> Sequence[Verdict]:
        if view.parent is None:
            return [Verdict(c, True, None, self.max, "the first version", "number") for c in self._asked()]
        found = []
        earlier, later = _lengths(view.parent), _lengths(view)
        for side in ("input", "output"):
            before, now = earlier[side], later[side]
            edges = tenths(*np.unique(before, return_counts=True))
            moved = f"median {_median(before)} → {_median(now)}"
            found.append(self._verdict(f"drift_{side}", _binned(now, edges), _binned(before, edges), moved))
        if self.languages:
            found.append(self._by_group("drift_language", _languages(view), _languages(view.parent)))
        if self.field is not None:
            found.append(self._by_group("drift_label", self._labels(view), self._labels(view.parent)))
        return found

    def _asked(self) -> list[str]:
        left_out = {"drift_language"} if not self.languages else set()
        left_out |= {"drift_label"} if self.field is None else set()
        return [code for code in self.codes if code not in left_out]

    def _labels(self, view: View) -> Counter[Hashable]:
        counts: Counter[Hashable] = Counter()
        labels = labels_of(view, self.field or "")
        for rows in view.examples():
            counts.update("" if value is None else value for value in labels(rows))
            if len(counts) > MOST_VALUES:
                break
        return counts

    def _by_group(self, code: str, now: Counter[Hashable], before: Counter[Hashable]) -> Verdict:
        if max(len(now), len(before)) > MOST_VALUES:
            said = f"{self.field} has more than {MOST_VALUES:,} values"
            return Verdict(code, False, None, self.max, said, "number")
        if {*now, *before} == {""}:
            return Verdict(code, False, None, self.max, f"nothing states {self.field}", "number")
        n, m = max(1, now.total()), max(1, before.total())
        most = max(
            sorted({*now, *before}, key=repr),
            key=lambda name: abs(now[name] / n - before[name] / m),
            default="",
        )
        name = str(most) if len(str(most)) <= 24 else str(most)[:23] + "…"
        said = f"{name or '(none)'} {before[most] / m:.1%} → {now[most] / n:.1%}"
        return self._verdict(code, now, before, said)

    def _verdict(
        self, code: str, now: Mapping[Hashable, int], before: Mapping[Hashable, int], said: str
    ) -> Verdict:
        index, chance = stability_index(now, before), noise(now, before)
        ok = index <= self.max or index <= chance
        said += f"; below {chance:.2f} it is chance" if index > self.max and ok else ""
        return Verdict(code, ok, index, self.max, said, "number")


def _lengths(view: View) -> dict[str, np.ndarray]:
    """Units of `input` and of `output`: int64, one an example."""
    parts: dict[str, list[np.ndarray]] = {"input": [], "output": []}
    for rows in view.measured("length", {}):
        for side, held in parts.items():
            held.append(rows.values[side].astype(np.int64))
    return {side: np.concatenate([np.empty(0, np.int64), *held]) for side, held in parts.items()}


def _languages(view: View) -> Counter[Hashable]:
    counts: Counter[Hashable] = Counter()
    for code in _codes(view):
        names, numbers = np.unique(code, return_counts=True)
        for name, number in zip(names.tolist(), numbers.tolist(), strict=True):
            # The stage packs a code's letters into an integer, the first one highest.
            counts[int(name).to_bytes(4).lstrip(b"\0").decode("ascii")] += int(number)
    return counts


def _codes(view: View) -> Iterator[np.ndarray]:
    for rows in view.measured("language", {}):
        yield rows.values["language"].astype(np.uint32)


def _binned(lengths: np.ndarray, edges: np.ndarray) -> Counter[Hashable]:
    return Counter(np.searchsorted(edges, lengths, side="left").tolist())


def _median(lengths: np.ndarray) -> str:
    return f"{int(np.median(lengths)):,}" if len(lengths) else "–"
