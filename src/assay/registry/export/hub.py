"""export --format hf: shards, the card as README.md, and croissant.json, all written from the same facts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import UsageError
from assay.formats.export import whole_file
from assay.formats.hub import HubRow, shard_names, write_shards
from assay.govern.card import card_markdown
from assay.govern.croissant import ExportedFile, croissant
from assay.govern.filling import Fill
from assay.model.version import Manifest
from assay.registry.exploring.row_facts import hub_rows
from assay.registry.governing.describing import Described, describe
from assay.registry.results import ExportResult
from assay.registry.version import Version
from assay.store.segments import check_rows

if TYPE_CHECKING:
    from assay.registry import Registry

BATCH_ROWS = 5_000
"""Rows that are decoded at once; a row group has as many."""

README, CROISSANT = "README.md", "croissant.json"


def export_hub(registry: Registry, ref: str, folder: Path, fill: Fill, dry_run: bool) -> ExportResult:
    """Write a version as a folder for `datasets.load_dataset`. Rows of the two papers count as 0.

    Raises UsageError when the folder holds shards that are not of this export: they would be read with it.
    """
    described = describe(registry, ref)
    planned = _planned(described)
    names = {name: rows for shards in planned.values() for name, rows in shards.items()}
    strange = sorted(path.name for path in folder.glob("data/*.parquet") if f"data/{path.name}" not in names)
    if strange:
        raise UsageError(
            f"{folder / 'data'} holds {strange[0]}, which is not of this export and would be read with it",
            "name an empty folder",
        )
    if not dry_run:
        files = write_data(described, folder)
        text = card_markdown(described.facts, fill)
        write_text(folder / CROISSANT, croissant_text(described, fill, files))
        write_text(folder / README, text)
    written = {str(folder / name): rows for name, rows in names.items()}
    written |= {str(folder / README): 0, str(folder / CROISSANT): 0}
    return ExportResult(described.facts.version, "hf", written)


def write_data(described: Described, folder: Path) -> list[ExportedFile]:
    """Write the shards of all splits under `folder`; what was written."""
    files = []
    for split, names in _planned(described).items():
        shards = write_shards(folder, names, batches(described.version, split), described.columns, split)
        files += [ExportedFile(one.path, split, one.rows, one.bytes, one.sha256) for one in shards]
    assert sum(file.rows for file in files) == described.facts.rows
    return files


def croissant_text(described: Described, fill: Fill, files: list[ExportedFile]) -> str:
    """The JSON-LD as it lies in the folder."""
    return json.dumps(croissant(described.facts, fill, files), ensure_ascii=False, indent=2) + "\n"


def write_text(path: Path, text: str) -> None:
    """All of it or nothing, in UTF-8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(text.encode("utf-8"))


def _planned(described: Described) -> dict[str, dict[str, int]]:
    manifest = described.version.manifest
    return {
        split.name: shard_names(split.files, split.rows, stored_bytes(manifest, split.name))
        for split in described.facts.splits
    }


def stored_bytes(manifest: Manifest, split: str) -> int:
    """About what the rows of a split take in the registry."""
    parts = manifest.splits.get(split, ())
    return sum(part.segment.bytes * part.live // max(1, part.segment.rows) for part in parts)


def batches(version: Version, split: str) -> Iterator[list[HubRow]]:
    """The rows of a split in source order, `BATCH_ROWS` at a time. Raises Revoked."""
    for table in version.tables(split):
        check_rows(table)
        for start in range(0, len(table), BATCH_ROWS):
            yield list(hub_rows(table.slice(start, BATCH_ROWS)))
