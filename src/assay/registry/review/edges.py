"""The examples nearest to a stage's threshold, kept and rejected alike: where a look tells most about the threshold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from assay.curate.plan import make_plan, parse_recipe
from assay.curate.stage import RowStage
from assay.curate.stored import STORED_COLUMNS, StoredChunk, read_stored
from assay.curate.values import content_digest, measured
from assay.errors import NotFound, UsageError
from assay.kernels.ids import id_list, ids_of, sorted_ids
from assay.model.recipe import Recipe
from assay.registry.curating.guarding import RegistryResources, bound
from assay.registry.review.samples import Drawing, Drawn
from assay.registry.version import Version

if TYPE_CHECKING:
    from assay.registry import Registry

FATE: Final = "fate"
"""The strata of these samples: `passes`, `fails`."""
_PER_SIDE: Final = 50
_ROWS: Final = 8_000


def nearest(registry: Registry, version: Version, drawing: Drawing) -> Drawn:
    """Half of them just pass a check of the stage and half just fail it: by distance from its threshold, over all that
    the version holds or its curation rejected.

    A stage with several checks gives each the same number. Raises UsageError for a version that no curation made, and
    for a stage that is not in its recipe, judges more than a row, or has no threshold.
    """
    stage = _stage(registry, version, drawing.stage)
    per_side = _PER_SIDE if drawing.n is None else max(1, (drawing.n + 1) // 2)
    found: dict[tuple[str, bool], list[tuple[float, bytes]]] = {}
    for table in _tables(registry, version):
        read = read_stored(StoredChunk(0, table))
        batch = read.batch
        values, _ = measured(stage, lambda: stage.measure(batch), content_digest(read), registry.values)  # noqa: B023
        ids = id_list(ids_of(table["id"]))
        for check in stage.checks(values):
            if check.threshold is None:
                continue
            distance = np.abs(check.value.astype(np.float64) - check.threshold)
            for failed in (False, True):
                at = np.flatnonzero((check.failed == failed) & np.isfinite(distance))
                near = at[np.argsort(distance[at], kind="stable")][:per_side]
                held = found.setdefault((check.code, failed), [])
                held += [(float(distance[row]), ids[row]) for row in near.tolist()]
                found[check.code, failed] = sorted(set(held))[:per_side]
    if not found:
        raise UsageError(f"{stage.kind} has no threshold that examples could be near", "name another stage")
    fate = _take_turns(found, 2 * per_side if drawing.n is None else drawing.n)
    if not fate:
        raise NotFound(f"no example has a value of {stage.kind}", "name another stage")
    return Drawn(sorted_ids(fate), FATE, fate)


def _take_turns(found: dict[tuple[str, bool], list[tuple[float, bytes]]], n: int) -> dict[bytes, str]:
    """The nearest of every check and side in turn, until there are `n`."""
    lists = [(failed, [id_ for _, id_ in held]) for (_, failed), held in sorted(found.items())]
    fate: dict[bytes, str] = {}
    for place in range(max(len(ids) for _, ids in lists)):
        for failed, ids in lists:
            if place < len(ids) and len(fate) < n:
                fate.setdefault(ids[place], "fails" if failed else "passes")
    return fate


def _stage(registry: Registry, version: Version, kind: str | None) -> RowStage:
    if kind is None:
        raise UsageError("an edge is that of a stage's threshold", "name it: --stage length")
    curation = registry.store.curation(version.manifest)
    if curation is None:
        raise UsageError(f"{version.name} was not made by a curation", "name a version that `curate` made")
    recipe = parse_recipe(curation["recipe"])
    specs = tuple(spec for spec in recipe.stages if spec.kind == kind)
    if not specs:
        kinds = ", ".join(spec.kind for spec in recipe.stages)
        raise UsageError(f"the recipe of {version.name} has no stage {kind!r}", f"its stages: {kinds}")
    stage = bound(
        RegistryResources(registry, unasked=True), make_plan(Recipe(stages=specs, split=None))
    ).stages[0]
    if not isinstance(stage, RowStage):
        raise UsageError(
            f"{kind} compares examples with each other, and has no values of single ones",
            "`assay sweep` shows the examples at its edges; queue them with --id",
        )
    return stage


def _tables(registry: Registry, version: Version) -> Iterator[pa.Table]:
    """All rows of the version, and those that its curation rejected."""
    columns = list(STORED_COLUMNS)
    for split, table in registry.store.live_tables(version.manifest, columns):
        if split in version.counts:
            yield table
    for ref in registry.store.rejected_segments(version.manifest):
        table = registry.store.segment(ref, columns)
        for start in range(0, len(table), _ROWS):
            yield table.slice(start, _ROWS)
