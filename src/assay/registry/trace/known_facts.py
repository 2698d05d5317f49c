"""The facts about one example, for its trace: read at the cost of the ids that facts were stated about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.registry.results import Section

if TYPE_CHECKING:
    from assay.registry import Registry


def chapter(registry: Registry, example: bytes) -> Section | None:
    """What the datasets' facts say of the example now, each with who said so and when. Raises Damaged."""
    stated = [one for one in registry.store.log.entries() if one.action == "fact" and one.dataset is not None]
    if not stated:
        return None
    from assay.govern.facts import facts_about

    known = dict[tuple[str, str], dict[str, Any]]()
    for one in stated:
        assert one.dataset is not None
        for row in facts_about(registry.store.objects, one, example).to_pylist():
            value = row["value"] if row["number"] is None else row["number"]
            known.pop((one.dataset, row["key"]), None)
            if value is not None:
                said = {"dataset": one.dataset, "key": row["key"], "value": value}
                known[one.dataset, row["key"]] = said | {"actor": one.actor, "time": one.time}
    return Section("facts", "Facts", tuple(known[at] for at in sorted(known)))
