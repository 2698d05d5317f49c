"""init --governance: the team's documents, filled with what this registry is set to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.curate.plan import GROUP
from assay.errors import UsageError
from assay.govern.rulebook import (
    DOCUMENTS,
    DatasetSettings,
    EvalSetting,
    PolicySetting,
    Settings,
    frequent,
    rulebook,
)
from assay.registry.exploring.row_facts import look_through
from assay.registry.export.hub import write_text
from assay.registry.governing.describing import card_column
from assay.registry.timing import spell_time
from assay.store import layout
from assay.store.evalsets import frozen_sets
from assay.store.heads import Line
from assay.store.refs import refs

if TYPE_CHECKING:
    from assay.registry import Registry

FOLDER = "governance"
"""Where the documents go when no folder is named."""
POLICY = "policy"


def write_rulebook(registry: Registry, folder: Path, dry_run: bool = False) -> list[str]:
    """Write the four documents; their paths. Raises UsageError when one exists."""
    paths = free_paths(folder)
    if not dry_run:
        for path, text in zip(paths, rulebook(settings(registry)).values(), strict=True):
            write_text(path, text)
    return [str(path) for path in paths]


def free_paths(folder: Path) -> list[Path]:
    """Where the documents go. Raises UsageError when one is there: people have written in it."""
    paths = [folder / name for name in DOCUMENTS]
    there = [str(path) for path in paths if path.exists()]
    if there or (folder.exists() and not folder.is_dir()):
        what = there[0] if there else str(folder)
        raise UsageError(f"{what} exists", "name another folder; what people wrote is not written over")
    return paths


def settings(registry: Registry) -> Settings:
    """What the registry is set to; one pass over the newest version of every dataset."""
    entries = registry.store.log.entries()
    here = layout.open(registry.store.storage)
    datasets = [_dataset(registry, name, line) for name, line in sorted(registry.store.lines().items())]
    used = {kind for one in datasets for kind in one.stages}
    return Settings(
        registry=here.id,
        format=here.format,
        date=spell_time(registry.clock())[:10],
        actors=frequent(entry.actor for entry in entries),
        datasets=datasets,
        evalsets=[
            EvalSetting(one.name, one.items, one.digest, one.operation.time)
            for one in frozen_sets(entries).values()
        ],
        policies=list(_policies(registry)),
        codes={
            point.name: dict(point.load().codes) for point in entry_points(group=GROUP) if point.name in used
        },
    )


def _dataset(registry: Registry, name: str, line: Line) -> DatasetSettings:
    version = registry.version(name)
    recipe: Mapping[str, Any] = version.recipe or {}
    looked = look_through(registry, version)
    return DatasetSettings(
        name=name,
        version=version.manifest.ref,
        versions=len(line.versions),
        rows=version.counts,
        kinds=looked.kinds,
        stages={kind: params or {} for entry in recipe.get("stages", ()) for kind, params in entry.items()},
        split=recipe.get("split") or {},
        columns=[card_column(column) for column in looked.columns],
        provenance=looked.tallies,
        branches=sorted(line.heads),
        tags=sorted(refs(registry.store.log.entries(), name).tags),
    )


def _policies(registry: Registry) -> Iterator[PolicySetting]:
    """The newest policy of each dataset and of the registry; none that cannot be read."""
    newest = {}
    for entry in registry.store.log.entries():
        if entry.action == POLICY and isinstance(entry.body.get(POLICY), str):
            newest[entry.dataset or ""] = entry
    for _, entry in sorted(newest.items()):
        said = registry.store.objects.get_json(entry.body[POLICY])
        if isinstance(said, dict):
            yield PolicySetting(entry.dataset, entry.time, entry.actor, said)
