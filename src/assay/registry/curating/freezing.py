"""freeze: an eval set for good, and what of it stands in the versions that there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.curate.stage import EvalSet
from assay.errors import UsageError
from assay.formats.questions import read_questions
from assay.model.operation import Operation
from assay.model.ref import check_name
from assay.registry.curating.contaminated import contaminated_versions
from assay.registry.curating.freeze_results import EvalSetSummary, FreezeResult
from assay.registry.curating.injecting import self_test
from assay.registry.timing import spell_time
from assay.stages.decontaminate import Decontaminate
from assay.store.evalsets import ACTION, Frozen, digest_of, frozen_sets, write_items
from assay.store.reach import names_in

if TYPE_CHECKING:
    from assay.registry import Registry, Tell


@dataclass(frozen=True, slots=True)
class FreezeRequest:
    """What a freeze was asked to do. `examples`: how many rows a version's finding shows; `queue`: the gold queue that
    the items come from."""

    name: str
    sources: Sequence[str]
    shape: str | None = None
    container: str | None = None
    dry_run: bool = False
    self_test: bool = False
    examples: int = 5
    queue: str | None = None


class _Already(Exception):
    """Somebody froze the same items under this name a moment ago."""


def freeze(registry: Registry, request: FreezeRequest, tell: Tell | None) -> FreezeResult:
    """Freeze the items and look for them in every version.

    The same items again change nothing. Raises BadInput for a source with an item that cannot be read, UsageError
    when the name is taken by other items: a frozen set never changes.
    """
    if not request.sources:
        raise UsageError("no source was named", "name at least one file")
    items = [
        item
        for source in request.sources
        for item in read_questions(source, container=request.container, shape=request.shape)
    ]
    return freeze_items(registry, request, items, tell)


def freeze_items(
    registry: Registry, request: FreezeRequest, items: Sequence[tuple[str, str]], tell: Tell | None
) -> FreezeResult:
    """`freeze` of items that were read already."""
    check_name(request.name, "eval set")
    if list(names_in(request.name)):
        raise UsageError("an eval set cannot be named like an object", "give it a name that people can say")
    if not items:
        raise UsageError(f"{', '.join(request.sources)}: no items", "an eval set has at least one")
    digest = digest_of(items)
    status = "unchanged" if _settled(registry, request.name, digest) else "dry_run"
    if status == "dry_run" and not request.dry_run:
        status = _append(registry, request, digest, items)
    stage = Decontaminate().guarding([EvalSet(request.name, digest, items)])
    checked, findings = contaminated_versions(registry, stage, request.examples, tell)
    tested = self_test(registry, stage, items) if request.self_test else None
    return FreezeResult(request.name, digest, len(items), status, checked, findings, tested)


def _settled(registry: Registry, name: str, digest: str) -> bool:
    """Whether these items are frozen under this name. Raises UsageError when others are."""
    there = frozen_sets(registry.store.log.entries()).get(name)
    if there is not None and there.digest != digest:
        raise UsageError(
            f"{name} is frozen with other items ({there.items:,}, {there.digest[:19]}…): a frozen set never changes",
            f"freeze these under another name, such as {name}-v2",
        )
    return there is not None


def _append(registry: Registry, request: FreezeRequest, digest: str, items: Sequence[tuple[str, str]]) -> str:
    store, name = registry.store, request.name
    stored = write_items(store.objects, items)
    body: dict[str, Any] = {"name": name, "digest": digest, "items": len(items), "object": stored}
    if request.queue is not None:
        body["queue"] = request.queue

    def build(seq: int, prev: str | None) -> Operation:
        if _settled(registry, name, digest):
            raise _Already
        return Operation(seq, prev, spell_time(registry.clock()), registry.actor, ACTION, None, body)

    try:
        store.log.append(build)
    except _Already:
        return "unchanged"
    return "frozen"


def summaries(registry: Registry) -> list[EvalSetSummary]:
    """The frozen sets, by name."""
    return [_summary(one) for one in frozen_sets(registry.store.log.entries()).values()]


def _summary(one: Frozen) -> EvalSetSummary:
    return EvalSetSummary(one.name, one.digest, one.items, one.operation.time, one.operation.actor)
