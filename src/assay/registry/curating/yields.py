"""What became of each source's records: counts from the ledger."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from assay.curate.ledger_reading import open_ledger

if TYPE_CHECKING:
    from assay.model.version import Manifest
    from assay.registry import Registry


def yields(registry: Registry, manifest: Manifest) -> list[dict[str, Any]]:
    """{"uri", "read", "kept", "rejected", "malformed"} by source in the order read; [] where no curation made it.

    One pass over two columns of the ledger, row group by row group.
    """
    made = registry.store.curation(manifest)
    if made is None:
        return []
    ledger = open_ledger(registry.store.objects.buffer(made["ledger"]))
    counts: dict[str, Counter[str]] = {one["uri"]: Counter() for one in made["sources"]}
    for group in range(ledger.metadata.num_row_groups):
        table = ledger.read_row_group(group, columns=["source", "outcome"])
        for row in table.group_by(["source", "outcome"]).aggregate([([], "count_all")]).to_pylist():
            counts.setdefault(row["source"], Counter())[row["outcome"]] += row["count_all"]
    return [
        {"uri": uri, "read": held.total(), **{name: held[name] for name in ("kept", "rejected", "malformed")}}
        for uri, held in counts.items()
    ]
