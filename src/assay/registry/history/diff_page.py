"""A page of a diff: what differs by kind, and some of the rows with their texts, by id."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.errors import UsageError
from assay.kernels.ids import as_ids, contains, ids_of
from assay.model.diff import Change, Diff
from assay.registry.history.comparing import texts_of
from assay.registry.version import Version
from assay.registry.warm import warm_of
from assay.store.change import change_table
from assay.store.diff import diff
from assay.store.standing import disabled

if TYPE_CHECKING:
    from assay.registry import Registry

Kind = Literal["added", "removed", "edited", "moved", "disabled"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
MOST: Final = 100
_OPS: Final = ("added", "removed", "edited", "moved")
_LOOKED_AT: Final[tuple[Kind, ...]] = ("edited", "added", "removed", "moved", "disabled")


@dataclass(frozen=True, slots=True)
class DiffRows:
    """Counts by kind (`disabled` are not counted as removed again) and `rows` of one kind, by id, after an id.

    `more`: the id to go on after, None at the end. A row is as in `diff --rows`.
    """

    counts: Mapping[Kind, int]
    kind: Kind
    rows: Sequence[Mapping[str, Any]]
    more: str | None


def diff_rows(
    registry: Registry, old: Version, new: Version, kind: Kind | None, after: str, limit: int
) -> DiffRows:
    """Some rows of what leads from `old` to `new`; without a kind, of the first that has any. Raises UsageError, and
    Revoked where the rows of either may not be had."""
    old.admit()
    new.admit()
    step = _one_step(registry, old, new, kind, after, limit) or _steps(registry, old, new, kind, after, limit)
    if step is not None:
        return step
    found = diff(registry.store.objects, old.manifest, new.manifest)
    by_kind = _by_kind(registry, new, found)
    counts = {name: len(changes) for name, changes in by_kind.items()}
    chosen = kind or _first(counts)
    changes = by_kind[chosen]
    start = bisect_right(changes, _id(after), key=lambda change: change.id) if after else 0
    part = changes[start : start + min(limit, MOST)]
    op: str = "removed" if chosen == "disabled" else chosen
    rows = list(texts_of(registry, old.manifest, new.manifest, [(op, change) for change in part]))
    more = part[-1].id.hex() if part and start + len(part) < len(changes) else None
    return DiffRows(counts, chosen, rows, more)


def _one_step(
    registry: Registry, old: Version, new: Version, kind: Kind | None, after: str, limit: int
) -> DiffRows | None:
    """The same where `new` was made from `old`: its change object has the answer, sorted, and is not spelled out."""
    objects, made = registry.store.objects, new.manifest
    if made.change is None or not made.parents or not objects.manifest(made.parents[0]).is_same(old.manifest):
        return None
    table = change_table(objects, made.change)
    ids, ops = ids_of(table["id"]), table["op"].combine_chunks()
    rows = {name: np.flatnonzero(pc.equal(ops, name).to_numpy(zero_copy_only=False)) for name in _OPS}
    rows["disabled"] = rows["removed"][:0]
    out = disabled(objects, registry.store.log.entries()[: new.operation.seq], made.dataset)
    if len(out) and len(rows["removed"]):
        hit = contains(out, np.ascontiguousarray(ids[rows["removed"]]))
        rows["disabled"], rows["removed"] = rows["removed"][hit], rows["removed"][~hit]
    counts: dict[Kind, int] = {name: len(rows[name]) for name in KINDS}
    chosen = kind or _first(counts)
    here = rows[chosen]
    start = bisect_right(range(len(here)), _id(after), key=lambda k: bytes(ids[here[k]])) if after else 0
    part = here[start : start + min(limit, MOST)]
    changes = [
        Change(one["id"], one["split"], one["old_split"], one["old_id"])
        for one in table.take(pa.array(part)).to_pylist()
    ]
    op: str = "removed" if chosen == "disabled" else chosen
    shown = list(texts_of(registry, old.manifest, made, [(op, change) for change in changes]))
    more = changes[-1].id.hex() if changes and start + len(part) < len(here) else None
    return DiffRows(counts, chosen, shown, more)


def _steps(
    registry: Registry, old: Version, new: Version, kind: Kind | None, after: str, limit: int
) -> DiffRows | None:
    """The same where `new` was made from `old` in several steps."""
    objects, made = registry.store.objects, new.manifest
    found = warm_of(registry).net(old.manifest, made)
    if found is None:
        return None
    rows = {name: found.rows(name) for name in _OPS}
    rows["disabled"] = rows["removed"][:0]
    out = disabled(objects, registry.store.log.entries()[: new.operation.seq], made.dataset)
    if len(out) and len(rows["removed"]):
        hit = contains(out, np.ascontiguousarray(found.ids[rows["removed"]]))
        rows["disabled"], rows["removed"] = rows["removed"][hit], rows["removed"][~hit]
    counts: dict[Kind, int] = {name: len(rows[name]) for name in KINDS}
    chosen = kind or _first(counts)
    here = rows[chosen]
    start = (
        bisect_right(range(len(here)), _id(after), key=lambda k: bytes(found.ids[here[k]])) if after else 0
    )
    part = here[start : start + min(limit, MOST)].tolist()
    op: str = "removed" if chosen == "disabled" else chosen
    changes = list(found.changes(part))
    shown = list(texts_of(registry, old.manifest, made, [(op, change) for change in changes]))
    more = changes[-1].id.hex() if changes and start + len(part) < len(here) else None
    return DiffRows(counts, chosen, shown, more)


def _first(counts: Mapping[Kind, int]) -> Kind:
    for kind in _LOOKED_AT:
        if counts[kind]:
            return kind
    return "edited"


def _by_kind(registry: Registry, new: Version, found: Diff) -> dict[Kind, Sequence[Change]]:
    gone: Sequence[Change] = ()
    removed: Sequence[Change] = found.removed
    if removed:
        store = registry.store
        out = disabled(store.objects, store.log.entries()[: new.operation.seq], new.manifest.dataset)
        if len(out):
            hit = contains(out, as_ids(change.id for change in removed)).tolist()
            gone = [change for change, here in zip(removed, hit, strict=True) if here]
            removed = [change for change, here in zip(removed, hit, strict=True) if not here]
    return {
        "added": found.added, "removed": removed, "edited": found.edited, "moved": found.moved, "disabled": gone,
    }  # fmt: skip


def _id(spelled: str) -> bytes:
    try:
        found = bytes.fromhex(spelled)
    except ValueError:
        found = b""
    if len(found) != 32:
        raise UsageError(f"{spelled[:80]!r} is not an example id", "go back to the first page")
    return found
