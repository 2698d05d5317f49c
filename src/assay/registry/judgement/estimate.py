"""Before any call: what a panel would cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from assay.judge.judge import Judge, requests
from assay.judge.judgement import SCORED
from assay.kernels.ids import as_ids
from assay.llm.budget import Estimate
from assay.llm.client import Request
from assay.registry.judgement.evidence import judgements_in, judges_of, judging_operations, known
from assay.registry.judgement.panel import Panel
from assay.registry.judgement.running import CHUNK, Payloads, fences
from assay.registry.language_models import Calls, LanguageModels, ModelName
from assay.registry.results import Progress

if TYPE_CHECKING:
    from assay.registry import Registry

LIKELY_OUTPUT: Final = 220
"""Tokens of an answer where no earlier one by the same judge tells better: a paragraph of reasons and the scores."""
_FETCHED: Final = 500


@dataclass(frozen=True, slots=True)
class JudgeOutlook:
    """One judge: judgements that stand in the `log`, and the calls for the rest."""

    judge: Judge
    log: int
    estimate: Estimate

    def as_json(self) -> dict[str, Any]:
        found = self.estimate
        return {
            "model": self.judge.model,
            "digest": self.judge.digest,
            "params": dict(self.judge.params),
            "draws": self.judge.draws,
            "judged_before": self.log,
            "calls": found.calls,
            "remembered": found.known,
            "input_tokens": found.input_tokens,
            "output_tokens": found.output_tokens,
            "likely": _dollars(found.likely),
            "worst": _dollars(found.worst),
            "unpriced": list(found.unpriced),
        }


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a panel would take for some examples. Money in US dollars, None where a model has no price."""

    rubric: str
    examples: int
    judges: tuple[JudgeOutlook, ...]
    budget: Decimal | None
    prices_as_of: str

    @property
    def calls(self) -> int:
        return sum(one.estimate.calls for one in self.judges)

    @property
    def likely(self) -> Decimal | None:
        return _sum([one.estimate.likely for one in self.judges])

    @property
    def worst(self) -> Decimal | None:
        return _sum([one.estimate.worst for one in self.judges])

    def as_json(self) -> dict[str, Any]:
        return {
            "rubric": self.rubric,
            "examples": self.examples,
            "judges": [one.as_json() for one in self.judges],
            "calls": self.calls,
            "likely": _dollars(self.likely),
            "worst": _dollars(self.worst),
            "budget": _dollars(self.budget),
            "prices_as_of": self.prices_as_of,
        }


def outlook(
    registry: Registry,
    panel: Panel,
    models: LanguageModels,
    ids: Sequence[bytes],
    payloads: Payloads,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Outlook:
    """What judging examples (sorted ids) would take. Asks nobody and needs no key.

    Raises UsageError for a request that is longer than any price is known for.
    """
    calls, done = Calls(registry, models), 0
    counts = dict.fromkeys(panel.digests, 0)
    found: list[JudgeOutlook] = []
    for judge in panel.judges:

        def asked(judge: Judge = judge) -> Iterator[Request]:
            nonlocal done
            fence = fences(calls, judge)
            for id, payload in _open(registry, panel, judge, ids, payloads, counts):
                done += 1
                tell(Progress("reckoning", done, len(ids) * len(panel.judges), "examples"))
                yield from requests(judge, id, payload, fence(id))

        name = ModelName.parse(judge.model)
        told = calls.estimate(name, asked(), _likely_output(registry, judge))
        found.append(JudgeOutlook(judge, counts[judge.digest], told))
    return Outlook(panel.rubric.name, len(ids), tuple(found), models.budget, models.prices.as_of)


def _open(
    registry: Registry,
    panel: Panel,
    judge: Judge,
    ids: Sequence[bytes],
    payloads: Payloads,
    counts: dict[str, int],
) -> Iterator[tuple[bytes, Mapping[str, Any]]]:
    """The examples that a judge would be asked about; counts those that it need not be."""
    store = registry.store
    for begin in range(0, len(ids), CHUNK):
        some = ids[begin : begin + CHUNK]
        stands = known(store.objects, store.log.entries(), [judge.digest], as_ids(some)).stands[judge.digest]
        counts[judge.digest] += len(stands)
        rows = [begin + k for k, one in enumerate(some) if one not in stands]
        for start in range(0, len(rows), _FETCHED):
            here = rows[start : start + _FETCHED]
            yield from zip((ids[k] for k in here), payloads(here), strict=True)


def _likely_output(registry: Registry, judge: Judge) -> int:
    """Tokens of an answer: the mean of those that the judge gave last, or a guess."""
    store = registry.store
    newest = None
    for operation in judging_operations(store.log.entries()):
        newest = operation if judge.digest in judges_of(operation) else newest
    if newest is None:
        return LIKELY_OUTPUT
    rows = judgements_in(store.objects, newest, whole=False).select(["judge", "outcome", "output_tokens"])
    calls = judge.draws * (2 if judge.rubric.mode == "pairs" else 1)
    told = [
        row["output_tokens"] / calls
        for row in rows.to_pylist()
        if row["judge"] == judge.digest and row["outcome"] == SCORED and row["output_tokens"] is not None
    ]
    return round(sum(told) / len(told)) if told else LIKELY_OUTPUT


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    return None if None in amounts else sum((one for one in amounts if one is not None), Decimal(0))


def _dollars(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
