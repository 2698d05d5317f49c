"""Lines of records that somebody kept, taken in as a version: once, however often it is tried."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from assay.errors import UsageError
from assay.model.ref import check_name
from assay.registry.curating.curation import Request, run_curation
from assay.registry.curating.recipes import load_plan
from assay.store.heads import MAIN

if TYPE_CHECKING:
    from assay.model.version import Manifest
    from assay.registry import Registry
    from assay.registry.results import CurationResult


def landed(registry: Registry, name: str, source: str) -> Manifest | None:
    """The version of dataset `name` that has taken in `source`; None where there is none."""
    line = registry.store.lines().get(name)
    for committed in reversed(line.versions if line else ()):
        manifest = registry.store.objects.manifest(committed.manifest)
        curation = registry.store.curation(manifest) or {}
        if any(one["uri"] == source for one in curation.get("sources", ())):
            return manifest
    return None


def land(
    registry: Registry, name: str, lines: Iterable[bytes], source: str, message: str = "", branch: str = MAIN
) -> CurationResult:
    """Add records (lines of JSON as `Lines` makes them) to dataset `name`, under the name `source`: all are kept but
    those that are there already. A process that may have been killed after its commit asks `landed` first. Raises
    GateFailed, Conflict; UsageError for a registry that is no folder."""
    scratch = registry.scratch_root()
    if scratch is None:
        raise UsageError("a registry that is no folder has no place for records that wait", "use `collect`")
    check_name(name)
    scratch.mkdir(parents=True, exist_ok=True)
    path = scratch / f"{registry.entropy(8).hex()}.jsonl"
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.writelines(lines)
        request = Request(
            name,
            [str(path)],
            load_plan("import"),
            add=registry.head_of(name, branch) is not None,
            message=message,
            shape="messages",
            container="jsonl",
            branch=branch,
            uris={str(path): source},
        )
        return run_curation(registry, request, None)
    finally:
        path.unlink(missing_ok=True)
