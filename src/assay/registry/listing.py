"""list, and the resolution of refs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from assay.errors import NotFound
from assay.govern.approvals import uncounted
from assay.model.operation import Operation
from assay.model.ref import Ref, end_of
from assay.registry.results import DatasetSummary
from assay.store.aliases import GIVEN_BY, alias_version
from assay.store.heads import MAIN, Committed, Line
from assay.store.notes import read_note
from assay.store.refs import refs

if TYPE_CHECKING:
    from assay.registry import Registry


def summaries(registry: Registry) -> list[DatasetSummary]:
    """One summary a dataset, by name."""
    out = []
    for name, line in sorted(registry.store.lines().items()):
        newest = line.head() or line.versions[-1]
        manifest = registry.store.objects.manifest(newest.manifest)
        out.append(
            DatasetSummary(
                name,
                newest.number,
                len(line.versions),
                dict(manifest.counts),
                manifest.fingerprint,
                newest.operation.time,
                newest.operation.actor,
            )
        )
    return out


def resolve(registry: Registry, ref: Ref) -> Committed:
    """The version that a ref names. Raises NotFound, saying what there is."""
    datasets = registry.store.lines()
    line = datasets.get(ref.dataset)
    if line is None:
        raise NotFound(f"no dataset {ref.dataset!r}", _known(datasets))
    found = _named(registry, ref, line)
    if not found and ref.kind == "name" and ref.value in GIVEN_BY:
        raise NotFound(
            f"no version of {ref.dataset} is {'released' if ref.value == 'prod' else ref.value}",
            f"`assay log {ref.dataset}` says what was, and what was revoked",
        )
    if not found:
        first, last = line.versions[0], line.versions[-1]
        raise NotFound(
            f"no version {str(ref)!r}",
            f"{ref.dataset} has v1 to v{last.number}, from {first.operation.time[:10]} to "
            f"{last.operation.time[:10]}; `assay log {ref.dataset}` lists them",
        )
    return found[0]


def _known(datasets: Iterable[str]) -> str:
    names = ", ".join(sorted(datasets)) or "none yet; `assay curate NAME FILE` makes one"
    return f"datasets here: {names}"


def _named(registry: Registry, ref: Ref, line: Line) -> list[Committed]:
    """The version that a ref names, or none."""
    value = ref.value or ""
    if ref.kind == "number":
        return [c for c in line.versions if c.number == ref.number]
    if ref.kind == "fingerprint":
        made = [c for c in line.versions if str(c.operation.body.get("fingerprint", "")).startswith(value)]
        return made[-1:]
    if ref.kind == "time":
        return [c for c in line.on() if c.operation.time <= end_of(value)][-1:]
    if ref.kind == "name" and value in GIVEN_BY:
        entries = registry.store.log.entries()
        given = alias_version(entries, ref.dataset, value, uncounted(entries, ref.dataset))
        return [c for c in line.versions if c.number == given]
    if ref.kind == "name" and value not in (*line.heads, "latest"):
        tag = refs(registry.store.log.entries(), ref.dataset).tags.get(value)
        return [c for c in line.versions if tag is not None and c.number == tag.version]
    head = line.head(MAIN if ref.kind == "latest" or value == "latest" else value)
    return [] if head is None else [head]


def said(registry: Registry, operation: Operation) -> str:
    """What the actor said of an operation: the note it names, or the message of the version it made."""
    body, objects = operation.body, registry.store.objects
    if isinstance(note := body.get("note"), str):
        return read_note(objects, note) or ""
    if isinstance(manifest := body.get("manifest"), str):
        return objects.manifest(manifest).message
    return str(body.get("message", ""))


def operations(registry: Registry, dataset: str | None) -> list[Operation]:
    """The operations so far, oldest first; with `dataset`, those that concern it. Raises NotFound."""
    entries = registry.store.log.entries()
    found = [entry for entry in entries if dataset is None or entry.dataset == dataset]
    if dataset is not None and not found:
        raise NotFound(f"no dataset {dataset!r}", _known(registry.store.versions()))
    return found
