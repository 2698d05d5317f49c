"""The facts that a recipe looks at, as fields of the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.curate.fact_fields import PREFIX, FactFields, fact_keys
from assay.curate.plan import Plan
from assay.errors import UsageError
from assay.govern.facts import facts

if TYPE_CHECKING:
    from assay.registry import Registry


def fact_fields(registry: Registry, dataset: str, plan: Plan) -> FactFields | None:
    """What the plan's `fact.KEY` fields hold for a dataset; None when it has no such field.

    Raises UsageError, naming the keys in use, for a key that no example has.
    """
    keys = fact_keys(plan)
    if not keys:
        return None
    held = facts(registry.store.objects, registry.store.log.entries(), dataset)
    lost = [key for key in keys if key not in held.keys]
    if lost:
        known = ", ".join(PREFIX + key for key in held.keys) or "none; `assay fact` states some"
        raise UsageError(
            f"{PREFIX}{lost[0]}: no example of {dataset} has this fact", f"facts in use: {known}"
        )
    found = {}
    for key in keys:
        mine = held.of_key(key)
        values = zip(mine.value.to_pylist(), mine.number.tolist(), strict=True)
        found[key] = (mine.ids, tuple(number if text is None else text for text, number in values))
    return FactFields(found)
