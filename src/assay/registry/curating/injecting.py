"""The self-test of `freeze`: what would be found if the items were among the registry's own rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import orjson

from assay.curate.batch import Batch
from assay.kernels.injection import KINDS, injections
from assay.model.example import views
from assay.registry.curating.contaminated import EVAL_SPLIT
from assay.registry.curating.freeze_results import InjectionResult, SelfTest
from assay.stages.decontaminate import Decontaminate
from assay.store.members import live_tables

if TYPE_CHECKING:
    from assay.registry import Registry

ROWS = 1_000
"""At most so many items are injected, and so many own rows looked at."""


def self_test(registry: Registry, stage: Decontaminate, items: Sequence[tuple[str, str]]) -> SelfTest:
    """Inject items in every kind of `assay.kernels.injection` and count what the stage finds.

    Own rows that are taken for items count as false alarms, though they may be true ones that were there
    before: precision is a lower bound.
    """
    own = _own_rows(registry)
    false_alarms = _found(stage, own)
    step = max(1, -(-len(items) // ROWS))
    chosen = list(items[::step])
    kinds = []
    for number, kind in enumerate(KINDS):
        made = injections(kind, chosen, own, number)
        kinds.append(InjectionResult(kind, len(made), _found(stage, made), false_alarms))
    return SelfTest(len(own), false_alarms, tuple(kinds))


def _own_rows(registry: Registry) -> list[str]:
    """Texts of the newest versions: the rows with the smallest ids, which are a fair sample, ids being hashes."""
    best: list[tuple[bytes, str]] = []
    for dataset in sorted(registry.store.versions()):
        manifest = registry.head_of(dataset)
        assert manifest is not None
        for split in manifest.splits:
            if split == EVAL_SPLIT:
                continue
            for _, table in live_tables(registry.store.objects, manifest, ["id", "payload"], split):
                rows = zip(table.column("id").to_pylist(), table.column("payload").to_pylist(), strict=True)
                best = sorted([*best, *rows])[:ROWS]
    return [views(orjson.loads(payload)).text for _, payload in best]


def _found(stage: Decontaminate, texts: Sequence[str]) -> int:
    values = stage.measure(Batch([{"text": text} for text in texts]))
    return int((values["score"].astype(np.float64) >= stage.threshold).sum())
