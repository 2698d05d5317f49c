"""A version of a registry as rules see it: `assay.govern.view.View`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from assay.curate.batch import Batch
from assay.curate.chunk import BASE
from assay.curate.plan import make_plan
from assay.curate.reading import Read
from assay.curate.stage import Columns, RowStage
from assay.curate.stored import STORED_COLUMNS, StoredChunk, read_stored
from assay.curate.values import content_digest, measured
from assay.errors import InvalidRecipe
from assay.govern.facts import facts
from assay.govern.review_share import fit
from assay.govern.reviews import reviews
from assay.govern.view import Examples, Measured, Stored
from assay.kernels.ids import IdArray, id_list, ids_of, sorted_ids
from assay.model.recipe import Recipe, StageSpec
from assay.model.version import Manifest
from assay.registry.curating.guarding import RegistryResources, bound
from assay.store.evalsets import frozen_sets
from assay.store.members import part_tables

if TYPE_CHECKING:
    from assay.registry import Registry

BATCH_ROWS = 5_000


@dataclass(frozen=True)
class RegistryView:
    """One version. Rows are verified as they are read; what stages measure is remembered in `cache/values`."""

    registry: Registry
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.manifest.ref

    @property
    def counts(self) -> Mapping[str, int]:
        return dict(self.manifest.counts)

    @property
    def parent(self) -> RegistryView | None:
        parents = self.manifest.parents
        if not parents:
            return None
        return RegistryView(self.registry, self.registry.store.objects.manifest(parents[0]))

    @property
    def curation(self) -> Mapping[str, Any] | None:
        return self.registry.store.curation(self.manifest)

    @property
    def eval_sets(self) -> Sequence[str]:
        return tuple(frozen_sets(self.registry.store.log.entries()))

    def stored(self, columns: Sequence[str]) -> Iterator[Stored]:
        wanted = list(dict.fromkeys(["id", *columns]))
        for split, table in self.registry.store.live_tables(self.manifest, wanted):
            yield Stored(split, ids_of(table["id"]), table)

    def examples(self) -> Iterator[Examples]:
        for split, table in self._chunks(STORED_COLUMNS):
            yield Examples(split, ids_of(table["id"]), _batch(table))

    def measured(self, stage: str, params: Mapping[str, Any]) -> Iterator[Measured]:
        plan = make_plan(Recipe(stages=(StageSpec(kind=stage, params=dict(params)),)))
        (found,) = bound(RegistryResources(self.registry, unasked=True), plan).stages
        if not isinstance(found, RowStage):
            raise InvalidRecipe(f"{stage} looks at all rows at once", "a rule measures with row stages")
        for split, table in self._chunks(STORED_COLUMNS):
            ids = ids_of(table["id"])
            # By the rows' own fields too, for what a stage measures may depend on them. Nothing is decoded before it
            # is known that it has to be.
            content = content_digest(Read(table, Batch(()), ids.view("S32"), ()))
            values, _ = measured(found, partial(_measure, found, table), content, self.registry.values)
            yield Measured(split, ids, values, found.checks(values))

    def facts(self, key: str) -> Mapping[bytes, str]:
        store = self.registry.store
        found = facts(store.objects, store.log.entries(), self.manifest.dataset).of_key(key)
        return dict(zip(id_list(found.ids), found.spelled.to_pylist(), strict=True))

    def reviewed(self, auto: bool = True) -> IdArray:
        store = self.registry.store
        people, programs = fit(reviews(store.objects, store.log.entries()), self.manifest.dataset)
        return sorted_ids([*id_list(people), *id_list(programs)]) if auto else people

    def _chunks(self, columns: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
        """The rows, none beyond a segment in a chunk, so that what was measured in one holds in later versions."""
        for split in sorted(self.manifest.splits):
            for part in self.manifest.splits[split]:
                waiting: list[pa.Table] = []
                for table in part_tables(self.registry.store.objects, part, columns):
                    waiting.append(table)
                    if sum(map(len, waiting)) >= BATCH_ROWS:
                        yield split, pa.concat_tables(waiting)
                        waiting = []
                if waiting:
                    yield split, pa.concat_tables(waiting)


def _batch(table: pa.Table) -> Batch:
    return read_stored(StoredChunk(BASE, table)).batch


def _measure(stage: RowStage, table: pa.Table) -> Columns:
    return stage.measure(_batch(table))
