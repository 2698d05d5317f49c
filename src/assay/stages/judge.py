"""Judges: language models that score what is left by a rubric, and thresholds on what they said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, PrivateAttr, field_validator

from assay.curate.batch import Batch
from assay.curate.judging import Judge as Judges
from assay.curate.judging import Judged
from assay.curate.stage import Columns, Removals, Resources, Rows, Selector
from assay.errors import UsageError

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_MAJORITY = 0.5


class Judge(Selector):
    """Asks language models for scores by a rubric, and holds the scores against bounds.

    Judged is what the selectors before it left, and nothing that stands already (`curate --add`). What a judge said is
    a fact with its evidence in the registry's log, so that another bound asks nobody again.
    """

    kind = "judge"
    cheap = True
    codes: ClassVar[Mapping[str, str]] = {
        "excluded": "the rubric says that such an example is to be left out",
        "low_score": "the judge's overall score is below min_overall",
        "low_dimension": "one of the judge's scores is below its least in min_scores",
        "preference_disputed": "the judge did not prefer the chosen answer as often as min_preference asks",
        "judges_disagree": "the judges' overall scores lie further apart than max_spread",
        "steers_the_judge": "the text seems to speak to the judge",
        "unscored": "no judge's answer could be used, or not every judge's",
    }
    rubric: str = Field(default="quality", min_length=1)
    models: tuple[str, ...] = Field(min_length=1, max_length=8)
    """PROVIDER/MODEL, each a judge."""

    max_tokens: int = Field(default=1024, ge=1)
    temperature: Annotated[float, Field(ge=0, le=2)] | Literal["default"] = 0.0
    """`default`: the model's own, for models that refuse another."""

    draws: int = Field(default=1, ge=1, le=16)
    min_overall: float = 3.5
    """0: any score will do."""

    min_scores: dict[str, float] = Field(default_factory=dict)
    exclude: bool = True
    max_spread: float | None = Field(default=None, ge=0)
    min_preference: float = Field(default=0.5, ge=0, le=1)
    """Of pairs. 0: the judge may prefer either answer."""

    unscored: Literal["flag", "reject"] = "flag"
    steering: Literal["flag", "reject", "ignore"] = "flag"

    _judge: Judges | None = PrivateAttr(default=None)

    @field_validator("models")
    @classmethod
    def _each_once(cls, models: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(models)) < len(models):
            raise ValueError("a model is named twice; `draws` asks one several times")
        return models

    @property
    def params(self) -> dict[str, Any]:
        """What goes to the server beside the messages."""
        warm = None if self.temperature == "default" else self.temperature
        return {"max_tokens": self.max_tokens, "temperature": warm}

    def bind(self, resources: Resources) -> Self:
        """With judges to ask. Raises UsageError for a score that the rubric does not have."""
        judge = resources.judge(self.rubric, self.models, self.params, self.draws)
        lost = sorted(self.min_scores.keys() - set(judge.scores))
        if lost:
            raise UsageError(
                f"judge: min_scores: the rubric {self.rubric} has no score {lost[0]!r}",
                f"there are: {', '.join(judge.scores)}",
            )
        bound = self.model_copy()
        bound._judge = judge
        return bound

    @property
    def lineage(self) -> Mapping[str, str]:
        return {} if self._judge is None else self._judge.lineage

    def keys(self, batch: Batch) -> Columns:
        """None: payloads of what is left are fetched when they are judged."""
        return {}

    def select(self, rows: Rows) -> Removals:
        """Which rows go or are flagged, each under the first of the codes that holds; rejections before flags."""
        if self._judge is None:
            raise UsageError("the stage judge has nobody to ask", "bind it to a registry first")
        at = np.flatnonzero(~rows.pinned) if len(rows.pinned) else np.arange(len(rows))
        ids = [bytes(one).ljust(32, b"\0") for one in rows.ids[at]]
        by_id = sorted(range(len(ids)), key=ids.__getitem__)
        at = at[np.array(by_id, np.int64)]

        def payloads(some: Sequence[int]) -> list[dict[str, Any]]:
            return rows.payloads([int(at[k]) for k in some])

        judged = self._judge.judge([ids[k] for k in by_id], payloads)
        return self._removals(at, judged)

    def _removals(self, at: npt.NDArray[np.int64], judged: Judged) -> Removals:
        names = list(self.codes)
        code = np.full(len(at), -1, np.int16)
        flagged = np.zeros(len(at), np.bool_)
        value, bound = np.full(len(at), np.nan), np.full(len(at), np.nan)
        notes: dict[int, str] = {}
        findings = self._findings(judged)
        # What rejects comes before what flags: a row has one code, and it must tell why the row went.
        for flags in (False, True):
            for name, (holds, found, least, said, flag) in findings.items():
                if flag is not flags:
                    continue
                new = np.flatnonzero(holds & (code < 0))
                code[new], flagged[new] = names.index(name), flag
                value[new], bound[new] = found[new], least[new]
                notes |= {k: said[k] for k in new.tolist() if said[k]}
        if self.steering != "ignore":
            for k in np.flatnonzero((code >= 0) & (code != names.index("steers_the_judge"))).tolist():
                parts = (
                    notes.get(k, ""),
                    f"speaks to the judge: {said}" if (said := judged.steering[k]) else "",
                )
                notes |= {k: "; ".join(part for part in parts if part)} if any(parts) else {}
        hit = np.flatnonzero(code >= 0)
        place = {int(k): number for number, k in enumerate(hit)}
        counts = {name: int((code == number).sum()) for number, name in enumerate(names)}
        return Removals(
            at[hit],
            code[hit],
            value[hit],
            bound[hit],
            np.full(len(hit), -1, np.int64),
            {place[k]: note for k, note in notes.items()},
            summary={**judged.summary, "found": {name: n for name, n in counts.items() if n}},
            flagged=flagged[hit] | (self.action == "flag"),
        )

    def _findings(self, judged: Judged) -> dict[str, tuple[Bools, Floats, Floats, Sequence[str], bool]]:
        """Code → which rows it holds for, the value, the bound, the note, and whether it only flags."""
        n, flag = len(judged.exclude), self.action == "flag"
        none, quiet = np.full(n, np.nan), [""] * n
        found: dict[str, tuple[Bools, Floats, Floats, Sequence[str], bool]] = {}
        if self.exclude:
            majority = np.full(n, _MAJORITY)
            found["excluded"] = (judged.exclude >= _MAJORITY, judged.exclude, majority, quiet, flag)
        overall = judged.scores.get("overall", none)
        least = np.full(n, self.min_overall)
        found["low_score"] = (overall < least, overall, least, quiet, flag)
        if self.min_scores:
            found["low_dimension"] = (*_lowest(self.min_scores, judged), flag)
        preference, least = judged.scores.get("preference", none), np.full(n, self.min_preference)
        found["preference_disputed"] = (preference < least, preference, least, quiet, flag)
        if self.max_spread is not None:
            most = np.full(n, self.max_spread)
            found["judges_disagree"] = (judged.spread > most, judged.spread, most, quiet, flag)
        if self.steering != "ignore":
            speaks = np.array([bool(said) for said in judged.steering], np.bool_)
            only = flag or self.steering == "flag"
            found["steers_the_judge"] = (speaks, none, none, judged.steering.tolist(), only)
        asked = np.array([said not in ("", "scored") for said in judged.outcome], np.bool_)
        found["unscored"] = (asked, none, none, judged.reason.tolist(), flag or self.unscored == "flag")
        return found


def _lowest(least: Mapping[str, float], judged: Judged) -> tuple[Bools, Floats, Floats, Sequence[str]]:
    """Where any score is below its least: the one that misses it by most, by name where two miss it alike."""
    n = len(judged.exclude)
    worst, value, bound = np.zeros(n), np.full(n, np.nan), np.full(n, np.nan)
    said = [""] * n
    for name, floor in sorted(least.items()):
        score = judged.scores[name]
        for k in np.flatnonzero(floor - score > worst).tolist():
            worst[k], value[k], bound[k], said[k] = floor - score[k], score[k], floor, name
    return worst > 0, value, bound, said
