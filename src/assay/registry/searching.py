"""search: the words of a query in the texts of one version, or of every dataset's newest one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from assay.errors import UsageError
from assay.kernels.ids import as_ids, find
from assay.model.example import views
from assay.registry.results import Hit
from assay.store.members import rows_of, split_ids

if TYPE_CHECKING:
    from assay.registry import Registry


def search(registry: Registry, query: str, ref: str | None, limit: int) -> list[Hit]:
    """At most `limit` examples that hold every word of `query`. Raises UsageError for an empty query."""
    if not query.strip():
        raise UsageError("an empty query finds nothing", "name a word, or a few")
    if limit < 1:
        raise UsageError(f"a limit of {limit} finds nothing", "ask for at least 1")
    refs = [ref] if ref is not None else sorted(registry.store.versions())
    hits: list[Hit] = []
    for name in refs:
        hits += _search_one(registry, query, name, limit - len(hits))
        if len(hits) >= limit:
            break
    return hits


def _search_one(registry: Registry, query: str, ref: str, limit: int) -> list[Hit]:
    version = registry.version(ref)
    objects = registry.store.objects
    ids = {split: split_ids(objects, version.manifest, split) for split in version.counts}

    def split_of(example: bytes) -> str | None:
        wanted = as_ids([example])
        return next((split for split, known in ids.items() if int(find(known, wanted)[0]) >= 0), None)

    segments = {
        part.segment.object for split in version.counts for part in version.manifest.splits.get(split, ())
    }
    found = registry.index().search(
        query, member=lambda example: split_of(example) is not None, segments=segments, limit=limit
    )
    if not found:
        return []
    table = rows_of(objects, [(f.segment, f.ordinal) for f in found], ["id", "payload", "source", "record"])
    hits = []
    for row in table.to_pylist():
        view = views(orjson.loads(row["payload"]))
        split = split_of(bytes(row["id"]))
        assert split is not None
        hits.append(
            Hit(
                bytes(row["id"]).hex(),
                split,
                version.manifest.ref,
                view.input,
                view.output,
                row["source"],
                row["record"],
            )
        )
    return hits
