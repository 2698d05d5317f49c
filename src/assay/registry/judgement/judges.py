"""Language models as judges of a version's examples: what it would cost, and the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson

from assay.errors import UsageError
from assay.kernels.ids import IdArray, contains, id_list, order
from assay.kernels.order import drawn
from assay.registry.judgement.estimate import Outlook, outlook
from assay.registry.judgement.panel import Panel, check_callable, panel_of
from assay.registry.judgement.running import Judging
from assay.registry.judgement.tally import Tally
from assay.registry.language_models import LanguageModels
from assay.registry.querying.choosing import members
from assay.registry.querying.querying import matching
from assay.registry.results import Progress
from assay.store.members import live_rows
from assay.store.segments import read_ids, read_rows

if TYPE_CHECKING:
    from assay.judge.rubric import Rubric
    from assay.model.version import SegmentRef
    from assay.registry import Registry

DRAWS: Final = 1


@dataclass(frozen=True, slots=True)
class Bench:
    """Who judges: `rubric` by name, by path, or itself; `models` as PROVIDER/MODEL; `params` go to the server over
    temperature 0 and 1,024 tokens, None leaves one out; `draws`: how often each model is asked of each example."""

    models: Sequence[str]
    rubric: str | Rubric = "quality"
    params: Mapping[str, Any] = field(default_factory=dict)
    draws: int = DRAWS


@dataclass(frozen=True, slots=True)
class JudgeRun:
    """What a run came to. `operations`: the entries of the log that record it."""

    ref: str
    panel: Panel
    tally: Tally
    operations: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "version": self.ref,
            "rubric": {"name": self.panel.rubric.name, "digest": self.panel.rubric.digest},
            "judges": [
                {"digest": one.digest, "model": one.model, "params": dict(one.params), "draws": one.draws}
                for one in self.panel.judges
            ],
            **self.tally.as_json(),
            "operations": list(self.operations),
        }


class Judges:
    """`registry.judges`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def chosen(
        self,
        ref: str,
        *,
        ids: IdArray | None = None,
        where: str | None = None,
        n: int | None = None,
        seed: int = 0,
    ) -> IdArray:
        """The sorted ids (V32) of a version's examples that are meant: all, those given, or those for which an
        expression holds; with `n`, so many of them, drawn by `seed`. Raises NotFound, UsageError."""
        if ids is not None and where is not None:
            raise UsageError("ids and an expression were both given", "name the examples one way")
        found = matching(self._registry, ref, where) if where is not None else ids
        found = members(self._registry, ref) if found is None else found
        if n is None or n >= len(found):
            return found
        some = found[np.argsort(drawn(np.ascontiguousarray(found).view("S32"), seed), kind="stable")[:n]]
        return some[order(some)]

    def estimate(
        self,
        ref: str,
        bench: Bench,
        models: LanguageModels,
        ids: IdArray | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Outlook:
        """What judging a version, or some of its examples, would take. Asks nobody and needs no key."""
        panel, rows = self._panel(bench), _Payloads(self._registry, ref, self._meant(ref, ids))
        return outlook(self._registry, panel, models, rows.ids, rows.take, progress or (lambda _: None))

    def run(
        self,
        ref: str,
        bench: Bench,
        models: LanguageModels,
        ids: IdArray | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> JudgeRun:
        """Judge a version, or some of its examples. What a judge said before stands, and nobody is asked for it again.

        The scores are facts from then on (`quality_overall`, …), with their evidence in the log. Raises NotFound,
        UsageError; BudgetReached and CallsFailed when the calls cannot go on: what was judged is recorded then, as it
        is on KeyboardInterrupt.
        """
        self._registry.check_writable()
        panel, rows = self._panel(bench), _Payloads(self._registry, ref, self._meant(ref, ids))
        check_callable(panel, models)
        version = self._registry.version(ref)
        judging = Judging(
            self._registry, version.manifest.dataset, panel, models, progress or (lambda _: None)
        )
        judging.run(rows.ids, rows.take)
        return JudgeRun(version.name, panel, judging.tally, tuple(judging.operations))

    def _panel(self, bench: Bench) -> Panel:
        return panel_of(bench.rubric, bench.models, bench.params, bench.draws)

    def _meant(self, ref: str, ids: IdArray | None) -> IdArray:
        return members(self._registry, ref) if ids is None else ids


class _Payloads:
    """The payloads of a version's examples, fetched some hundreds at a time; not those whose text was forgotten."""

    def __init__(self, registry: Registry, ref: str, wanted: IdArray) -> None:
        self._objects = registry.store.objects
        version = registry.version(ref)
        parts = [part for split in version.counts for part in version.manifest.splits.get(split, ())]
        self._segments: list[SegmentRef] = [part.segment for part in parts]
        found, at = [], []
        for number, part in enumerate(parts):
            held = read_ids(self._objects, part.segment)
            rows = live_rows(part)
            rows = rows[contains(wanted, held[rows])]
            found += id_list(held[rows])
            at += [(number, row) for row in rows.tolist()]
        from assay.store.erased import erased

        gone = {*id_list(erased(self._objects, registry.store.log.entries()).ids)}
        by_id = sorted(k for k in range(len(found)) if found[k] not in gone)
        by_id.sort(key=found.__getitem__)
        self.ids = [found[k] for k in by_id]
        self._at = [at[k] for k in by_id]

    def take(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """The payloads of some of `ids`, by position."""
        out: dict[int, dict[str, Any]] = {}
        for number in sorted({self._at[row][0] for row in rows}):
            here = [row for row in rows if self._at[row][0] == number]
            ordinals = [self._at[row][1] for row in here]
            table = read_rows(self._objects, self._segments[number], ordinals, ["payload"])
            told = map(orjson.loads, table["payload"].to_pylist())
            out |= dict(zip(here, told, strict=True))
        return [out[row] for row in rows]
