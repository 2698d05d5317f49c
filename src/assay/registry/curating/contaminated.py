"""Which versions hold eval items. Versions share segments, so every segment is looked through once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import orjson

from assay.curate.batch import Batch
from assay.model.version import Manifest, SegmentRef
from assay.registry.curating.freeze_results import ContaminatedExample, ContaminatedVersion
from assay.registry.results import Progress
from assay.stages.decontaminate import Decontaminate
from assay.store.segments import read_groups

if TYPE_CHECKING:
    from assay.registry import Registry, Tell

EVAL_SPLIT = "test"
"""Nobody trains on it: an eval item may stand there."""

Hits = Mapping[int, ContaminatedExample]


def contaminated_versions(
    registry: Registry, stage: Decontaminate, examples: int, tell: Tell | None
) -> tuple[int, tuple[ContaminatedVersion, ...]]:
    """How many versions there are, and those with rows outside `test` that hold an item, oldest first."""
    manifests = list(registry.all_versions())
    segments = {part.segment for m in manifests for split in _trained(m) for part in m.splits[split]}
    total, done = sum(ref.rows for ref in segments), 0
    hits: dict[SegmentRef, Hits] = {}
    for ref in sorted(segments, key=lambda ref: ref.object):
        hits[ref] = _look_through(registry, stage, ref)
        done += ref.rows
        if tell is not None:
            tell(Progress("looking for eval items", done, total, "rows"))
    found = (_finding(manifest, hits, examples) for manifest in manifests)
    return len(manifests), tuple(one for one in found if one is not None)


def _trained(manifest: Manifest) -> list[str]:
    return [split for split in manifest.splits if split != EVAL_SPLIT]


def _look_through(registry: Registry, stage: Decontaminate, ref: SegmentRef) -> Hits:
    """Ordinal → finding, of the rows that the stage would reject. Splits are filled in by versions."""
    hits: dict[int, ContaminatedExample] = {}
    start = 0
    for table in read_groups(registry.store.objects, ref, ["id", "payload"]):
        batch = Batch([orjson.loads(text) for text in table.column("payload").to_pylist()])
        values = stage.measure(batch)
        score, item = values["score"].astype(np.float64), values["item"].astype(np.int64)
        for row in np.flatnonzero(score >= stage.threshold).tolist():
            hits[start + row] = ContaminatedExample(
                table.column("id")[row].as_py().hex(),
                "",
                int(item[row]) + 1,
                float(score[row]),
                str(values["matched"][row]),
            )
        start += table.num_rows
    return hits


def _finding(
    manifest: Manifest, hits: Mapping[SegmentRef, Hits], examples: int
) -> ContaminatedVersion | None:
    found = [
        (split, hit)
        for split in _trained(manifest)
        for part in manifest.splits[split]
        for ordinal, hit in hits[part.segment].items()
        if ordinal not in part.excluded
    ]
    if not found:
        return None
    worst = sorted(found, key=lambda pair: (-pair[1].score, pair[1].id))[:examples]
    counts = {split: sum(one == split for one, _ in found) for split in sorted({one for one, _ in found})}
    shown = tuple(ContaminatedExample(h.id, split, h.item, h.score, h.matched) for split, h in worst)
    return ContaminatedVersion(manifest.ref, counts, shown)
