"""How a version leaves a registry: as files, or as a `datasets.DatasetDict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from assay.registry.parts import Parts

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

    from assay.registry import Registry
    from assay.registry.results import ExportResult


class HandingOut(Parts):
    """The methods of `Registry` that give versions to others."""

    def export(  # noqa: PLR0913 - the options of the command, by keyword
        self,
        ref: str,
        directory: str,
        *,
        format: str = "source",
        container: str = "jsonl",
        where: str | None = None,
        fill: str | None = None,
        dry_run: bool = False,
        force: bool = False,
        reason: str = "",
        as_type: str | None = None,
        skip_invalid: bool = False,
    ) -> ExportResult:
        """Write a version, or what `where` holds for: source, a shape, article, ledger, edits, webdataset, a table; hf
        with `fill`; trl with `as_type`; openai or anthropic, with `skip_invalid` without what breaks their rules.
        `force`: see `version`; for trl see `runs.admit`."""
        from assay.registry.export.exporting import export
        from assay.registry.export.options import Asked

        asked = Asked(format, container, where, fill, as_type, skip_invalid, dry_run, force, reason)
        return export(cast("Registry", self), ref, directory, asked)

    def load(
        self, ref: str, *, force: bool = False, reason: str = "", folder: str | Path | None = None
    ) -> DatasetDict | Dataset:
        """A version as a `datasets.DatasetDict`, one split of it (`helpdesk@v2:train`) as a `Dataset`, memory-mapped.

        Rows stand in source order in columns as trainers want them: `messages` with their turns, `tools` and calls as
        they were. Its files are made once, in bounded memory, under `cache/hf/`, or in `folder` where the registry is
        none. Raises NotFound, MissingExtra; Revoked, NotForTraining unless `force`d with a `reason`, which the log has.
        """
        from assay.registry.export.as_datasets import load

        return load(cast("Registry", self), ref, force, reason, None if folder is None else Path(folder))
