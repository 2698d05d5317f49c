"""What a curation's stages are given of the registry; and the guard that frozen eval sets put on every curation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from assay.curate.barring import with_barring
from assay.curate.plan import Plan, make_plan
from assay.curate.stage import EvalSet
from assay.model.recipe import Recipe, StageSpec
from assay.model.ref import Ref
from assay.store.erased import erased
from assay.store.evalsets import frozen_sets, read_items
from assay.store.members import live_tables
from assay.store.standing import disabled

if TYPE_CHECKING:
    from assay.registry import Registry, Tell
    from assay.registry.judgement.stage import RegistryJudge
    from assay.registry.language_models import LanguageModels

GUARD = "decontaminate"


@dataclass(frozen=True)
class RegistryResources:
    """`assay.curate.stage.Resources` of one registry, for a curation of `dataset`.

    Judges call what `models` names; they call nobody, and go by what the log holds, without `models` or when `unasked`.
    """

    registry: Registry
    dataset: str | None = None
    models: LanguageModels | None = None
    unasked: bool = False
    tell: Tell | None = None

    def eval_sets(self) -> Sequence[EvalSet]:
        """All frozen eval sets, by name. Raises Damaged."""
        store = self.registry.store
        found = frozen_sets(store.log.entries()).values()
        return [EvalSet(one.name, one.digest, read_items(store.objects, one)) for one in found]

    def payloads(self, ref: str) -> Iterator[Sequence[tuple[bytes, dict[str, Any]]]]:
        """The examples of a version, or of one split of it. Raises NotFound."""
        version = self.registry.version(ref)
        objects = self.registry.store.objects
        for _, table in live_tables(objects, version.manifest, ["id", "payload"], Ref.parse(ref).split):
            ids, payloads = table.column("id").to_pylist(), table.column("payload").to_pylist()
            yield [(example, orjson.loads(text)) for example, text in zip(ids, payloads, strict=True)]

    def judge(
        self, rubric: str, models: Sequence[str], params: Mapping[str, Any], draws: int
    ) -> RegistryJudge:
        """Judges whose judgements are kept in the log. Raises UsageError, NotFound, BadInput."""
        from assay.registry.judgement.panel import check_callable, panel_of
        from assay.registry.judgement.stage import RegistryJudge

        panel = panel_of(rubric, models, params, draws)
        if not self.unasked:
            check_callable(panel, self.models)
        return RegistryJudge(self.registry, self.dataset, panel, self.models, self.unasked, self.tell)


def guarded(resources: RegistryResources, plan: Plan) -> Plan:
    """The plan with all its stages bound, with a last one that looks for frozen eval items, and with first ones for
    what is disabled in the dataset or forgotten.

    A recipe that says itself how to decontaminate is taken at its word. One whose row stages all flag, as
    `import` does, gets a guard that flags.
    """
    registry, dataset = resources.registry, resources.dataset
    assert dataset is not None
    entries = registry.store.log.entries()
    if not plan.has(GUARD) and frozen_sets(entries):
        rows = [stage for _, stage in plan.row_stages]
        action = "flag" if rows and all(stage.action == "flag" for stage in rows) else "reject"
        added = StageSpec(kind=GUARD, params={"action": action})
        plan = make_plan(Recipe(stages=(*plan.recipe.stages, added), split=plan.recipe.split))
    store = registry.store
    gone = disabled(store.objects, entries, dataset)
    return with_barring(bound(resources, plan), gone, erased(store.objects, entries).ids)


def bound(resources: RegistryResources, plan: Plan) -> Plan:
    """The plan with every stage given what it needs beyond its parameters. Raises NotFound, MissingExtra, Damaged."""
    return replace(plan, stages=tuple(stage.bind(resources) for stage in plan.stages))
