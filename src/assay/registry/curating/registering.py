"""registry.register, and `import` of folders: a dataset as it is, held against the version before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from assay.curate.plan import Plan
from assay.errors import SchemaChanged, UsageError
from assay.measure.fields import Difference, Fields, differences
from assay.model.recipe import Recipe, SplitSpec
from assay.model.version import Manifest
from assay.registry.curating.curation import Kept, Request, run_curation
from assay.registry.curating.dataset_sources import HUB, DatasetSources, dataset_sources
from assay.registry.curating.recipes import load_plan
from assay.registry.curating.scratch import scratch_folder
from assay.registry.kept_json import KeptJson
from assay.registry.results import CurationResult, Progress
from assay.store.heads import MAIN

if TYPE_CHECKING:
    from assay.registry import Registry

SEED: Final = 42
SHOWN: Final = 10
"""Differences that the message of an error names; all of them are in its `differences`."""
PREVIEW: Final = 3
"""Examples of each split that an answer shows when it is not told how many."""


@dataclass(frozen=True)
class Registration:
    """What registering a dataset did: all that `CurationResult` has, and what a person looks at first."""

    curation: CurationResult
    changes: tuple[Difference, ...]
    """What differs in fields and kinds from the version before; empty for the first."""
    preview: Mapping[str, tuple[Mapping[str, Any], ...]]
    """Split → payloads of its first examples; those of `test` are the samples to try a formatter on."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "curation":
            raise AttributeError(name)
        return getattr(self.curation, name)

    def as_json(self) -> dict[str, Any]:
        return self.curation.as_json() | {
            "schema_changes": [change.as_json() for change in self.changes],
            "preview": {split: [dict(one) for one in rows] for split, rows in self.preview.items()},
        }


@dataclass
class _Looked:
    """Sees what is kept before anything is written, and refuses it when it is built otherwise than before."""

    before: Callable[[], Fields | None]
    allowed: bool
    shown: int
    changes: tuple[Difference, ...] = ()
    preview: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __call__(self, kept: Kept) -> Mapping[str, Any]:
        self.preview.clear()
        before, found = self.before(), Fields()
        for split, table in kept.tables(["payload", "extra"]):
            for payload, extra in zip(
                *(table.column(c).to_pylist() for c in ("payload", "extra")), strict=True
            ):
                told = orjson.loads(payload)
                found.add(told, orjson.loads(extra) if extra else {})
                first = self.preview.setdefault(split, [])
                if len(first) < self.shown:
                    first.append(told)
        self.changes = () if before is None else tuple(differences(before, found))
        if self.changes and not self.allowed:
            raise _refused(self.changes)
        changes = [change.as_json() for change in self.changes]
        return {"fields": found.as_json(), **({"schema_changes": changes} if changes else {})}


def register(  # noqa: PLR0913 - the options of the method, by keyword
    registry: Registry,
    name: str,
    what: Any,
    *,
    test: float | None = None,
    eval_sources: Sequence[str] = (),
    message: str = "",
    provenance: Mapping[str, str] | None = None,
    allow_schema_change: bool = False,
    branch: str = MAIN,
    preview: int = PREVIEW,
    dry_run: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Registration:
    """See `Registry.register`."""
    registry.check_writable()
    with scratch_folder(registry, "register") as scratch:
        found = dataset_sources(what, scratch)
        looked = _Looked(lambda: _before(registry, name, branch), allow_schema_change, preview)
        request = Request(
            name,
            found.paths,
            _plan(found, test),
            (*found.eval_paths, *eval_sources),
            message=message,
            shape=found.shape,
            provenance=provenance or {},
            branch=branch,
            dry_run=dry_run,
            uris=found.uris,
            splits=found.splits,
            examine=looked,
            body={"schema_change": "allowed"} if allow_schema_change else {},
        )
        result = run_curation(registry, request, progress)
    shown = {split: tuple(rows) for split, rows in looked.preview.items()}
    return Registration(result, looked.changes, shown)


def import_sources(
    registry: Registry, request: Request, progress: Callable[[Progress], None] | None
) -> CurationResult:
    """`import`: as `curate`, but folders and `hf:ORG/NAME` may be among the sources, and keep their splits."""
    if not any(map(_holds_a_dataset, request.sources)):
        return run_curation(registry, request, progress)
    with scratch_folder(registry, "register") as scratch:
        plain, found = [], DatasetSources()
        for number, source in enumerate(request.sources):
            if not _holds_a_dataset(source):
                plain.append(source)
                continue
            (here := scratch / str(number)).mkdir()
            one = dataset_sources(source, here)
            found.paths += one.paths
            found.eval_paths += one.eval_paths
            found.splits |= one.splits
            found.uris |= one.uris
        found.ordered()
        asked = replace(
            request,
            sources=(*found.paths, *plain),
            eval_sources=(*found.eval_paths, *request.eval_sources),
            uris={**found.uris, **request.uris},
            splits=found.splits,
        )
        return run_curation(registry, asked, progress)


def _holds_a_dataset(source: str) -> bool:
    return source.startswith(HUB) or Path(source).is_dir()


def _plan(found: DatasetSources, test: float | None) -> Plan:
    """The plan of `import`, with a share for test where one is asked for."""
    plan = load_plan("import")
    if test is None:
        return plan
    if found.eval_paths or len({*found.splits.values()}) > 1:
        raise UsageError(
            f"the splits are given: {', '.join(sorted({*found.splits.values()}))}",
            "leave test= out, or join them",
        )
    if not 0.0 < test < 1.0:
        raise UsageError(f"test={test} is no share", "between 0 and 1, such as 0.1")
    found.splits.clear()
    return load_plan(
        Recipe(stages=plan.recipe.stages, split=SplitSpec.model_validate({"test": test, "seed": SEED}))
    )


def kept_fields(registry: Registry) -> KeptJson:
    """Where the fields of versions are kept."""
    return KeptJson(registry, "fields", 200)


def _before(registry: Registry, name: str, branch: str) -> Fields | None:
    """The fields of the branch's newest version; None where there is none."""
    manifest = registry.head_of(name, branch)
    return None if manifest is None else fields_of(registry, manifest)


def fields_of(registry: Registry, manifest: Manifest) -> Fields:
    """The fields that a version was registered with; of any other, those of its examples: one pass over its rows, kept
    in the cache.

    They differ where rows came again with other fields beside the same payload: an example keeps those that it had.
    """
    told = (registry.store.curation(manifest) or {}).get("fields")
    if told is not None:
        return Fields.from_json(told)
    kept = kept_fields(registry)
    told = kept.get(manifest.name)
    if told is not None:
        return Fields.from_json(told)
    found = Fields()
    for _, table in registry.store.live_tables(manifest, ["payload", "extra"]):
        for payload, extra in zip(*(table.column(c).to_pylist() for c in ("payload", "extra")), strict=True):
            found.add(orjson.loads(payload), orjson.loads(extra) if extra else {})
    kept.put(found.as_json(), manifest.name)
    return found


def _refused(changes: Sequence[Difference]) -> SchemaChanged:
    said = "; ".join(map(str, changes[:SHOWN]))
    more = f"; and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    return SchemaChanged(
        f"the rows are built otherwise than those of the version before: {said}{more}",
        "mend them, or register with allow_schema_change=True, which the log will say",
        [change.as_json() for change in changes],
    )
