"""sweep: what another threshold would have kept, from what is stored; nothing is written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.curate.evaluate import Evaluator
from assay.curate.gather import Gathered, gather
from assay.curate.plan import Plan, make_plan, parse_recipe
from assay.curate.settle import KEPT, Settled, settle
from assay.curate.split import Standing
from assay.curate.spool import Spool
from assay.curate.stored import STORED_COLUMNS, StoredChunk
from assay.engines.local import LocalEngine
from assay.errors import UsageError
from assay.model.recipe import Recipe, StageSpec
from assay.model.version import SegmentRef
from assay.registry.curating.fact_fields import fact_fields
from assay.registry.curating.funnel import funnel
from assay.registry.curating.guarding import RegistryResources, bound
from assay.registry.curating.kept_sweeps import keep_sweep
from assay.registry.results import FunnelStage, Progress
from assay.store.members import shown

if TYPE_CHECKING:
    from assay.registry import Registry

MOST_VALUES = 50
_CHUNK_ROWS = 8_000


@dataclass(frozen=True, slots=True)
class Edge:
    """An example whose fate changes between two neighbouring values. `kept_at` and `rejected_at` are these."""

    id: str
    text: str
    kept_at: float
    rejected_at: float
    code: str
    value: float | None
    twin: str | None

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Point:
    """What one value of the parameter keeps."""

    value: float
    kept: int
    rejected: int
    stages: tuple[FunnelStage, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "kept": self.kept,
            "rejected": self.rejected,
            "stages": [stage.as_json() for stage in self.stages],
        }


@dataclass(frozen=True, slots=True)
class Sweep:
    """A parameter's values, in order, with what each keeps of `rows` stored examples; and examples at the edges.

    `current` is the value that the version was made with, None where it was made without the stage.
    """

    version: str
    stage: str
    parameter: str
    current: float | None
    rows: int
    points: tuple[Point, ...]
    edges: tuple[Edge, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "stage": self.stage,
            "parameter": self.parameter,
            "current": self.current,
            "rows": self.rows,
            "points": [point.as_json() for point in self.points],
            "edges": [edge.as_json() for edge in self.edges],
        }


def parse_range(spelled: str) -> list[float]:
    """The values of LOW:HIGH:STEP (both ends belong to it) or of a list A,B,C. Raises UsageError."""
    parts = spelled.split(":")
    try:
        if len(parts) == 3:
            low, high, step = map(float, parts)
            if step <= 0 or high < low:
                raise ValueError
            count = int((high - low) / step + 1e-9) + 1
            values = [round(low + k * step, 10) for k in range(min(count, MOST_VALUES + 1))]
        else:
            values = sorted({float(part) for part in spelled.split(",")})
    except ValueError:
        raise UsageError(f"{spelled!r} is no range", "write 0.7:0.95:0.05, or 0.7,0.8,0.9") from None
    if len(values) > MOST_VALUES:
        raise UsageError(f"{spelled!r} has more than {MOST_VALUES} values", "take a larger step")
    return values


def sweep(
    registry: Registry,
    ref: str,
    stage: str,
    parameter: str,
    values: Sequence[float],
    samples: int,
    progress: Callable[[Progress], None] | None,
) -> Sweep:
    """Decide again over everything that the version's curation read, once for each value. Raises UsageError."""
    version = registry.version(ref)
    made = registry.store.curation(version.manifest)
    if made is None:
        raise UsageError(f"{version.name} was not made by a curation", "sweep a version that `curate` made")
    recipe = parse_recipe(made["recipe"])
    segments = [SegmentRef.from_json(one) for one in made["segments"]]
    tell = progress or (lambda _: None)
    plans = [_plan(recipe, stage, parameter, value) for value in values]
    points: list[Point] = []
    edges: list[Edge] = []
    before: tuple[Gathered, Settled] | None = None
    with tempfile.TemporaryDirectory(prefix="sweep-", dir=_scratch(registry)) as folder:
        for position, (value, plan) in enumerate(zip(values, plans, strict=True)):
            tell(Progress(f"{stage}.{parameter} = {value:g}", position, len(values), "values"))
            with Spool(Path(folder) / f"rows-{position}.arrow") as spool:
                gathered, settled = _decide(registry, version.manifest.dataset, plan, segments, spool)
                stages, _ = funnel(gathered, settled, plan)
                kept = int((settled.stage == KEPT).sum())
                points.append(Point(value, kept, len(gathered) - kept, stages))
                if before is not None:
                    pair = (before, (gathered, settled), values[position - 1], value, plan)
                    edges += _edges(*pair, spool, samples)
                before = gathered, settled
    current = next((spec.params.get(parameter) for spec in recipe.stages if spec.kind == stage), None)
    rows = points[0].kept + points[0].rejected
    found = Sweep(version.name, stage, parameter, current, rows, tuple(points), tuple(edges))
    keep_sweep(registry, version.manifest, found, samples)
    return found


def _plan(recipe: Recipe, stage: str, parameter: str, value: float) -> Plan:
    """The recipe with another value; the stage is added at the end where there was none."""
    number: float | int = int(value) if float(value).is_integer() else value
    specs = [
        StageSpec(kind=spec.kind, params={**spec.params, parameter: number}) if spec.kind == stage else spec
        for spec in recipe.stages
    ]
    if all(spec.kind != stage for spec in specs):
        specs.append(StageSpec(kind=stage, params={parameter: number}))
    return make_plan(Recipe(stages=tuple(specs), split=None))


def _scratch(registry: Registry) -> Path | None:
    parent = registry.scratch_root()
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    return parent


def _decide(
    registry: Registry, dataset: str, plan: Plan, segments: Sequence[SegmentRef], spool: Spool
) -> tuple[Gathered, Settled]:
    def chunks() -> Iterator[StoredChunk]:
        for position, ref in enumerate(segments):
            table = shown(registry.store.segment(ref, STORED_COLUMNS))
            for start in range(0, len(table), _CHUNK_ROWS):
                yield StoredChunk(position, table.slice(start, _CHUNK_ROWS))

    facts = fact_fields(registry, dataset, plan)
    evaluator = Evaluator(
        bound(RegistryResources(registry, dataset, unasked=True), plan), {}, registry.values, facts=facts
    )
    gathered = gather(chunks(), evaluator, LocalEngine(2, threads=True), spool, lambda _: None)
    spool.seal()
    n = len(gathered)
    return settle(
        gathered, evaluator.plan, spool.all_texts, standing=Standing.nowhere(n), eval_sources=frozenset(),
        user_keys=np.full(n, -1, np.int64), near_groups=lambda rows: np.arange(len(rows)),
    )  # fmt: skip


def _edges(
    before: tuple[Gathered, Settled],
    after: tuple[Gathered, Settled],
    low: float,
    high: float,
    plan: Plan,
    spool: Spool,
    samples: int,
) -> list[Edge]:
    """Some examples that one of two neighbouring values keeps and the other does not, by id."""
    found = []
    for (kept, rejected), (kept_at, rejected_at) in (
        ((after, before), (high, low)),
        ((before, after), (low, high)),
    ):
        gathered, settled = rejected
        changed = np.flatnonzero((kept[1].stage == KEPT) & (settled.stage != KEPT))
        by_id = changed[np.argsort(gathered.ids[changed], kind="stable")][:samples]
        for row, text in zip(by_id.tolist(), spool.texts(by_id.tolist()), strict=True):
            code, value = _reason(gathered, settled, plan, row)
            twin = int(settled.twin[row])
            twin_id = bytes(gathered.ids[twin]).ljust(32, b"\0").hex() if twin >= 0 else None
            example = bytes(gathered.ids[row]).ljust(32, b"\0").hex()
            found.append(Edge(example, text, kept_at, rejected_at, code, value, twin_id))
    return found


def _reason(gathered: Gathered, settled: Settled, plan: Plan, row: int) -> tuple[str, float | None]:
    failure = int(settled.failure[row])
    if failure >= 0:
        stage = plan.stages[int(gathered.failures.stage[failure])]
        return list(stage.codes)[int(gathered.failures.code[failure])], float(
            gathered.failures.value[failure]
        )
    made_by: Any = plan.stages[int(settled.duplicate[row])]
    return made_by.code, float(settled.similarity[row])
