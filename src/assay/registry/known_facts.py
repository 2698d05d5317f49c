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
    import numpy as np

    from assay.govern.facts import facts_in, may_state
    from assay.kernels.ids import as_ids, ids_of

    wanted, known = as_ids([example])[0], dict[tuple[str, str], dict[str, Any]]()
    for one in stated:
        assert one.dataset is not None
        if not may_state(registry.store.objects, one, example):
            continue
        table = facts_in(registry.store.objects, one)
        for at in np.flatnonzero(ids_of(table["id"]) == wanted).tolist():
            (row,) = table.slice(at, 1).to_pylist()
            value = row["value"] if row["number"] is None else row["number"]
            known.pop((one.dataset, row["key"]), None)
            if value is not None:
                said = {"dataset": one.dataset, "key": row["key"], "value": value}
                known[one.dataset, row["key"]] = said | {"actor": one.actor, "time": one.time}
    return Section("facts", "Facts", tuple(known[at] for at in sorted(known)))
