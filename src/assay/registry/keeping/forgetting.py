"""forget: an example's text is destroyed wherever the registry holds it; hashes, proofs and the log stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.errors import Conflict, NotFound, UsageError
from assay.govern.runs import runs
from assay.kernels.ids import IdArray, contains, id_list
from assay.model.operation import Operation
from assay.registry.acting import act, noted
from assay.registry.derived import drop_derived
from assay.registry.indexing import drop_indexes
from assay.registry.keeping.erasing import Survey, survey, versions_holding
from assay.store.erased import FORGET, erased, stands_in
from assay.store.idsets import ids_body
from assay.store.objects import object_key
from assay.store.standing import spelled

if TYPE_CHECKING:
    from assay.registry import Registry

_ATTEMPTS = 8

LEFT = (
    "the ids (hashes of the texts) and what names them: who knows a text, or can guess it, can tell that it was here",
    "texts that differ by a character are other examples, with ids of their own: `assay search` finds them",
    "frozen eval sets, source files, uploads, what agents sent and waits on a server, exported files, backups, "
    "old versions in a bucket that keeps them, and models that learned from the versions named",
)
"""What forgetting does not reach, in words."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `forget` did. `holding`: id → the versions of which it is a member; `runs` that learned from one of them;
    `rewritten`: objects that were replaced, by kind; `remains`: places that quote the examples and were left.
    `edits`: examples that they were edited from or into, which were not forgotten.

    `operation` is None on a dry run. `leftovers`: unfinished files of other work, which may hold anything.
    """

    holding: Mapping[str, Sequence[str]]
    runs: Sequence[Mapping[str, Any]]
    exports: Sequence[Mapping[str, Any]]
    rewritten: Mapping[str, int]
    edits: Sequence[str]
    loose: int
    remains: Sequence[Mapping[str, str]]
    leftovers: int
    operation: int | None
    time: str | None

    @property
    def versions(self) -> list[str]:
        """Every version that held one of them, in order."""
        return list(dict.fromkeys(one for listed in self.holding.values() for one in listed))

    def as_json(self) -> dict[str, Any]:
        return {
            "examples": [{"id": one, "versions": list(held)} for one, held in self.holding.items()],
            "versions": self.versions,
            "runs": [dict(run) for run in self.runs],
            "exports": [dict(one) for one in self.exports],
            "rewritten": dict(self.rewritten),
            "edits": list(self.edits),
            "orphans_deleted": self.loose,
            "remains": [dict(one) for one in self.remains],
            "leftovers": self.leftovers,
            "operation": self.operation,
            "time": self.time,
            "not_reached": list(LEFT),
        }


class _MovedOn(Exception):
    """Something was written since the registry was looked through."""


def forget(registry: Registry, ids: IdArray, reason: str, dry_run: bool) -> Receipt:
    """Destroy the examples' texts in all versions of all datasets. Raises NotFound, UsageError, Conflict, Damaged.

    The operation is in the log before anything is deleted; what a crash leaves undone `finish` does.
    """
    if not reason.strip():
        raise UsageError("no reason was given", "say why with --reason: it is kept beside the log")
    if not dry_run:
        finish(registry)
    for _ in range(_ATTEMPTS):
        try:
            return _attempt(registry, ids, reason, dry_run)
        except _MovedOn:
            continue
    raise Conflict("the registry changes faster than it can be looked through", "run the command again")


def _attempt(registry: Registry, ids: IdArray, reason: str, dry_run: bool) -> Receipt:
    store = registry.store
    entries = store.log.entries()
    before = erased(store.objects, entries).ids
    ids = ids[~contains(before, ids)]
    if not len(ids):
        raise UsageError("all of these examples were forgotten already", "`assay log` says when and by whom")
    found = survey(registry, entries, ids, write=not dry_run)
    lost = ids[~contains(found.found, ids)]
    if len(lost):
        raise NotFound(
            f"{len(lost)} of these examples are nowhere in the registry: {spelled(lost)}",
            "copy the id from `assay head`, `why` or `search`",
        )
    if found.quotes.within(reason):
        raise UsageError("the reason quotes the example", "say it in other words: the reason is kept")
    holding = versions_holding(registry, found.held)
    if dry_run:
        return _receipt(registry, ids, found, holding, None)
    replaced = store.objects.put_json(found.replaced)
    body = ids_body(store.objects, ids) | {"replaced": replaced} | noted(registry, reason)

    def check(now: Sequence[Operation]) -> None:
        if len(now) != len(entries):
            raise _MovedOn

    done = act(registry, FORGET, None, body, check)
    _delete(registry, (object_key(name) for name in found.loose))
    finish(registry)
    return _receipt(registry, ids, found, holding, done)


def finish(registry: Registry) -> list[str]:
    """Delete what operations say was replaced and is still there; the keys. What is derived goes first, so that
    whatever an interruption leaves is found again here. Does nothing when there is nothing to do."""
    store = registry.store
    old = stands_in(store.objects, store.everything())
    left = [object_key(name) for name in sorted(old) if store.storage.stat(object_key(name)) is not None]
    if not left:
        return []
    drop_derived(registry)
    drop_indexes(registry)
    _delete(registry, left)
    return left


def _delete(registry: Registry, keys: Iterable[str]) -> None:
    for key in keys:
        registry.store.storage.delete(key)
    registry.store.objects.forget_cache()


def _receipt(
    registry: Registry,
    ids: IdArray,
    found: Survey,
    holding: Mapping[bytes, list[str]],
    done: Operation | None,
) -> Receipt:
    versions = {one for listed in holding.values() for one in listed}
    entries = registry.store.log.entries()
    learned = [run for run in runs(entries) if f"{run.dataset}@v{run.version}" in versions]
    exports = [
        e for e in entries if e.action == "export" and f"{e.dataset}@v{e.body.get('version')}" in versions
    ]
    return Receipt(
        {one.hex(): holding.get(one, []) for one in id_list(ids)},
        [{"run": r.name, "version": f"{r.dataset}@v{r.version}", "split": r.split} for r in learned],
        [{"operation": e.seq, "time": e.time, "actor": e.actor} for e in exports],
        dict(sorted(found.kinds.items())),
        sorted(one.hex() for one in found.edits),
        len(found.loose),
        found.remains,
        sum(1 for _ in registry.store.storage.leftovers()),
        done.seq if done else None,
        done.time if done else None,
    )
