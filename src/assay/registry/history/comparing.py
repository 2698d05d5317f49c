"""diff as people and programs read it: counts, fingerprints, and the rows with their texts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import orjson

from assay.kernels.ids import as_ids, contains
from assay.model.diff import Change, Diff
from assay.model.example import views
from assay.model.version import Manifest
from assay.registry.version import Version
from assay.store.diff import diff
from assay.store.members import locate, rows_of
from assay.store.standing import disabled

if TYPE_CHECKING:
    from assay.registry import Registry

_AT_A_TIME = 1_000
_FEW = 200


def disabled_among(registry: Registry, new: Version, found: Diff) -> int:
    """How many of the removed examples were disabled when the newer version was made."""
    store = registry.store
    before = store.log.entries()[: new.operation.seq]
    gone = disabled(store.objects, before, new.manifest.dataset)
    return int(contains(gone, as_ids(change.id for change in found.removed)).sum()) if len(gone) else 0


def as_json(registry: Registry, a: str, b: str, with_rows: bool) -> dict[str, Any]:
    """The answer of `diff --json`."""
    old, new = registry.version(a), registry.version(b)
    found = diff(registry.store.objects, old.manifest, new.manifest)
    answer: dict[str, Any] = {
        "a": old.name,
        "b": new.name,
        **found.counts,
        "disabled": disabled_among(registry, new, found),
        "fingerprints": [old.fingerprint, new.fingerprint],
        "splits": {
            name: [old.manifest.counts.get(name, 0), new.manifest.counts.get(name, 0)]
            for name in sorted({*old.manifest.counts, *new.manifest.counts})
        },
    }
    if with_rows:
        answer["rows"] = list(rows(registry, a, b, None))
    return answer


def rows(registry: Registry, a: str, b: str, limit: int | None) -> Iterator[dict[str, Any]]:
    """Every example that differs, with its input and output, edits first."""
    old, new = registry.version(a).manifest, registry.version(b).manifest
    found = diff(registry.store.objects, old, new)
    listed = islice(
        chain(
            (("edited", c) for c in found.edited),
            (("added", c) for c in found.added),
            (("removed", c) for c in found.removed),
            (("moved", c) for c in found.moved),
        ),
        limit,
    )
    while part := list(islice(listed, _AT_A_TIME)):
        yield from texts_of(registry, old, new, part)


def texts_of(
    registry: Registry, old: Manifest, new: Manifest, changes: list[tuple[str, Change]]
) -> Iterator[dict[str, Any]]:
    """(kind, change) as rows with their texts."""
    after = _texts(registry, new, [c.id for op, c in changes if op != "removed"])
    before = _texts(registry, old, [c.id for op, c in changes if op == "removed"])
    replaced = _texts(registry, old, [c.old_id for _, c in changes if c.old_id is not None])
    for op, change in changes:
        text_in, text_out = (before if op == "removed" else after)[change.id]
        row: dict[str, Any] = {"op": op, "id": change.id.hex(), "split": change.split}
        if change.old_split is not None:
            row["old_split"] = change.old_split
        row |= {"input": text_in, "output": text_out}
        if change.old_id is not None:
            old_in, old_out = replaced[change.old_id]
            row |= {"old_id": change.old_id.hex(), "old_input": old_in, "old_output": old_out}
        yield row


def _texts(registry: Registry, manifest: Manifest, ids: list[bytes]) -> dict[bytes, tuple[str, str]]:
    objects = registry.store.objects
    places = []
    for example in ids:
        at = locate(objects, manifest, example)
        assert at is not None, "the diff names an example that its version does not hold"
        places.append(at[1:])
    if not places:
        return {}
    if len(places) <= _FEW:  # no need to read and hash whole segments
        from assay.registry.warm import warm_of

        table = warm_of(registry).glimpse.rows(places)
    else:
        table = rows_of(objects, places, ["id", "payload"])
    out = {}
    for row in table.to_pylist():
        view = views(orjson.loads(row["payload"]))
        out[bytes(row["id"])] = (view.input, view.output)
    return out
