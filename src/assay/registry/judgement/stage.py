"""What the stage `judge` is given of a registry: judges whose judgements are kept in the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.curate.judging import Judged
from assay.judge.judgement import NOT_APPLICABLE, SCORED, Judgement
from assay.judge.panel import Combined
from assay.llm.answers import CODES
from assay.registry.judgement.panel import Panel
from assay.registry.judgement.running import Judging, Told

if TYPE_CHECKING:
    from assay.registry import Registry, Tell
    from assay.registry.language_models import LanguageModels

_WORDS: Mapping[str, str] = {
    **{str(code): words for code, words in CODES.items()},
    NOT_APPLICABLE: "the rubric cannot judge such an example",
}


@dataclass(frozen=True)
class RegistryJudge:
    """`assay.curate.judging.Judge` of one registry. `unasked`: nobody is called, and what the log does not have counts
    as not judged; with `models` its cost is reckoned."""

    registry: Registry
    dataset: str | None
    panel: Panel
    models: LanguageModels | None
    unasked: bool
    tell: Tell | None

    @property
    def lineage(self) -> Mapping[str, str]:
        """Digests of the rubric and of every judge."""
        return self.panel.lineage

    @property
    def scores(self) -> Sequence[str]:
        """Names of all scores that the judges give."""
        return self.panel.scores

    def judge(
        self, ids: Sequence[bytes], payloads: Callable[[Sequence[int]], list[dict[str, Any]]]
    ) -> Judged:
        """What is said of these examples, sorted by id. Raises BudgetReached, CallsFailed."""
        columns = _Columns(len(ids), self.panel)
        asked = None if self.unasked else self.models
        judging = Judging(
            self.registry, self.dataset or "", self.panel, asked, self.tell or (lambda _: None), columns.hear
        )
        summary: dict[str, Any] = {
            "rubric": self.panel.rubric.name,
            "judges": list(self.panel.names.values()),
        }
        if self.unasked and self.models is not None:
            from assay.registry.judgement.estimate import outlook

            found = outlook(self.registry, self.panel, self.models, ids, payloads)
            summary["estimate"] = found.as_json()
        judging.run(ids, payloads)
        return columns.judged(summary | judging.tally.as_json())


class _Columns:
    """What is said of n examples, as it comes in, in columns."""

    def __init__(self, n: int, panel: Panel) -> None:
        self._at = 0
        self._scores = {name: np.full(n, np.nan) for name in panel.scores}
        self._exclude, self._spread = np.full(n, np.nan), np.full(n, np.nan)
        self._outcome, self._reason, self._steering = (np.full(n, "", np.object_) for _ in range(3))
        self._all = len(panel.judges)

    def hear(self, id: bytes, whole: Combined, said: Told) -> None:
        at, self._at = self._at, self._at + 1
        if len(said) < self._all and whole.outcome == SCORED:
            return  # somebody was not asked: it counts as not judged
        for name, score in whole.scores.items():
            if name in self._scores:
                self._scores[name][at] = score
        self._exclude[at] = np.nan if whole.exclude is None else whole.exclude
        self._spread[at] = np.nan if whole.spread is None else whole.spread
        self._outcome[at] = whole.outcome
        self._reason[at] = "" if whole.outcome == SCORED else _reason(whole.outcome, said.values())
        self._steering[at] = ", ".join(kind.replace("_", " ") for kind in whole.steering)

    def judged(self, summary: Mapping[str, Any]) -> Judged:
        return Judged(
            self._scores, self._exclude, self._spread, self._outcome, self._reason, self._steering, summary
        )


def _reason(outcome: str, said: Any) -> str:
    """ "refused: the model or the server declined to answer (stop reason: refusal)"."""
    one: Judgement = next(one for one in said if one.outcome == outcome)
    words = _WORDS.get(outcome, "")
    return f"{outcome}: {words}" + (f" ({one.detail[:200]})" if one.detail else "")
