"""export: a version, or the ledger that made it, as files that other tools read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from assay.curate.ledger_reading import decisions, open_ledger
from assay.errors import UsageError
from assay.formats.article import write_article
from assay.formats.export import as_lines, write_lines, write_rows
from assay.formats.json_text import spell
from assay.formats.shapes import shape_names
from assay.kernels.ids import IdArray, contains, id_list
from assay.model.version import SegmentRef
from assay.registry.export.gx import export_gx
from assay.registry.export.options import Asked, folder_of
from assay.registry.export.rows import Task, split_rows
from assay.registry.export.tables import export_table
from assay.registry.export.training import export_training
from assay.registry.export.tuning import export_tuning
from assay.registry.export.webdataset import export_webdataset
from assay.registry.querying.querying import matching
from assay.registry.results import ExportResult
from assay.registry.review.edit_pairs import pairs
from assay.registry.version import Version
from assay.store.segments import read_ids

if TYPE_CHECKING:
    from assay.registry import Registry

FOLDERS: Mapping[str, Callable[[Task], ExportResult]] = {
    "trl": export_training,
    "webdataset": export_webdataset,
    "openai": export_tuning,
    "anthropic": export_tuning,
    "delta": export_table,
    "lance": export_table,
    "iceberg": export_table,
    "gx": export_gx,
}
"""Formats that lay out a folder in a way of their own."""


def export(registry: Registry, ref: str, directory: str, asked: Asked) -> ExportResult:
    """Write a version to `directory`: one file a split, the article layout, the ledger, or a folder for `datasets`.

    `asked.where` leaves out the examples for which the expression does not hold.

    `asked.format`: `source` (every row in the shape and with all the fields it came with), a shape's name, `article`,
    `ledger`, `edits` (what reviews edited, as preference pairs), one of `FOLDERS` (models must be allowed to learn from
    what goes to `trl`), or `hf`, whose card takes answers from the YAML file `fill`. Raises UsageError;
    NotExpressible, naming the example, before any file takes its name; Revoked, NotForTraining.
    """
    asked.check()
    folder, format, dry_run = folder_of(directory), asked.format, asked.dry_run
    if format == "trl":
        version = registry.runs.admit(ref, force=asked.force, reason=asked.reason)
    else:
        version = registry.version(ref, force=asked.force)
        if not dry_run and format != "ledger":
            version.admit()
    if format == "hf":
        return _export_hub(registry, ref, folder, asked.fill, dry_run)
    if format == "ledger":
        return _export_ledger(registry, version, folder, dry_run)
    among = None if asked.where is None else matching(registry, version.name, asked.where)
    if format == "edits":
        return _export_edits(registry, version, folder, dry_run, among)
    counts = dict(version.counts) if among is None else _counts(registry, version, among)
    if format in FOLDERS:
        return FOLDERS[format](Task(registry, version, folder, among, counts, asked))
    if format == "article":
        return _export_article(version, folder, dry_run, among, counts)
    shape = None if format == "source" else format
    files: dict[str, int] = {}
    for split, count in counts.items():
        path = folder / f"{split}.{asked.container}"
        if not dry_run:
            folder.mkdir(parents=True, exist_ok=True)
            count = write_rows(path, split_rows(version, split, among), shape, asked.container)
        files[str(path)] = count
    return ExportResult(version.name, format, files, version.erased)


def stream(
    registry: Registry, ref: str, format: str, where: str | None = None, force: bool = False
) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The JSONL files that `export` would write, each a name and its lines, for who keeps them elsewhere:
    nothing lies in files or in memory. Raises UsageError for a format that is no JSONL, NotFound, Revoked;
    NotExpressible on the way."""
    version = registry.version(ref, force=force)
    known = ("source", "ledger", "edits", *shape_names())
    if format not in known:
        raise UsageError(f"no format {format!r} that can be streamed", f"one of: {', '.join(known)}")
    Asked(format, where=where).check()
    if format == "ledger":
        curation = registry.store.curation(version.manifest)
        if curation is None:
            raise UsageError(
                f"{version.name} was not made by a curation and has no ledger", "export it as source"
            )
        return iter([("ledger.jsonl", _spelled(_ledger_rows(registry, curation)))])
    version.admit()
    among = None if where is None else matching(registry, ref, where)
    if format == "edits":
        return iter([("edits.jsonl", _spelled(pairs(registry, version, among)))])
    counts = version.counts if among is None else _counts(registry, version, among)
    shape = None if format == "source" else format
    return ((f"{split}.jsonl", as_lines(split_rows(version, split, among), shape)) for split in counts)


def _spelled(records: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    return (spell(record) + b"\n" for record in records)


def _counts(registry: Registry, version: Version, among: IdArray) -> dict[str, int]:
    """How many of some examples each split holds; splits without any are left out."""
    ids = {split: registry.store.split_ids(version.manifest, split).view("V32") for split in version.counts}
    counts = {split: int(contains(known, among).sum()) for split, known in ids.items()}
    return {split: count for split, count in counts.items() if count}


def _export_article(
    version: Version, folder: Path, dry_run: bool, among: IdArray | None, counts: Mapping[str, int]
) -> ExportResult:
    number = version.manifest.number
    files = {str(folder / f"v{number}" / "samples.jsonl"): sum(counts.values())}
    if not dry_run:
        known = None if among is None else {*id_list(among)}
        meant = [e for e in version if known is None or e.id in known]
        generators = sorted({e.provenance["generator"] for e in meant if "generator" in e.provenance})
        templates = sorted(
            {e.provenance["prompt_template"] for e in meant if "prompt_template" in e.provenance}
        )
        kinds = sorted({e.kind for e in meant})
        meta: dict[str, Any] = {
            "version": f"v{number}",
            "date": version.operation.time[:10],
            "generator": ", ".join(generators) or None,
            "task_type": ", ".join(kinds) or None,
            "prompt_template": ", ".join(templates) or None,
            "quality_score_avg": None,
            "counts": dict(counts),
            "fingerprint": version.fingerprint,
        }
        rows = (row for split in counts for row in split_rows(version, split, among))
        write_article(folder, number, rows, meta)
    return ExportResult(version.name, "article", files, version.erased)


def _export_hub(registry: Registry, ref: str, folder: Path, fill: str | None, dry_run: bool) -> ExportResult:
    from assay.registry.export.hub import export_hub
    from assay.registry.governing.papers import load_fill

    return export_hub(registry, ref, folder, load_fill(fill), dry_run)


def _export_edits(
    registry: Registry, version: Version, folder: Path, dry_run: bool, among: IdArray | None
) -> ExportResult:
    path, records = folder / "edits.jsonl", pairs(registry, version, among)
    if dry_run:
        return ExportResult(version.name, "edits", {str(path): sum(1 for _ in records)})
    folder.mkdir(parents=True, exist_ok=True)
    return ExportResult(version.name, "edits", {str(path): write_lines(path, records)})


def _export_ledger(registry: Registry, version: Version, folder: Path, dry_run: bool) -> ExportResult:
    """One decision a record, with the fields of `why` and the source, in source order."""
    curation = registry.store.curation(version.manifest)
    if curation is None:
        raise UsageError(
            f"{version.name} was not made by a curation and has no ledger", "export another version"
        )
    path = folder / "ledger.jsonl"
    count = curation["counts"]["read"]
    if not dry_run:
        folder.mkdir(parents=True, exist_ok=True)
        count = write_lines(path, _ledger_rows(registry, curation))
    return ExportResult(version.name, "ledger", {str(path): count})


def _ledger_rows(registry: Registry, curation: Any) -> Iterator[dict[str, Any]]:
    ids = [read_ids(registry.store.objects, SegmentRef.from_json(ref)) for ref in curation["segments"]]
    ledger = open_ledger(registry.store.objects.buffer(curation["ledger"]))
    for k in range(ledger.metadata.num_row_groups):
        table: pa.Table = ledger.read_row_group(k)
        for decision, address in decisions(table):
            if address is not None:
                decision = replace(decision, example_id=bytes(ids[address[0]][address[1]]).hex())
            yield decision.as_json()
