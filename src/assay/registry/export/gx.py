"""export --format gx: a suite for Great Expectations, the table it holds for, and what our own gate says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from assay.errors import UsageError
from assay.formats.export import BATCH_ROWS, whole_file
from assay.formats.gx import SCHEMA, Observed, flat_row, results, suite
from assay.registry.export.rows import Task
from assay.registry.results import ExportResult

TABLE, SUITE, RESULTS = "examples.parquet", "suite.json", "validation.json"
MOMENT: Final = "release"


def export_gx(task: Task) -> ExportResult:
    """Write `examples.parquet`, `suite.json`, and `validation.json`: the policy in force held against the version, as
    at a release. Rows of the two JSON files count as 0. Raises UsageError with `where`: the gate is about a version."""
    if task.among is not None:
        raise UsageError(
            "--where chooses among examples; these results are about a whole version",
            "make a version of them first",
        )
    files = {str(task.folder / TABLE): sum(task.counts.values())}
    files |= {str(task.folder / name): 0 for name in (SUITE, RESULTS)}
    if not task.asked.dry_run:
        version = task.version
        meta = {"assay.version": version.name, "assay.fingerprint": version.fingerprint}
        gate = task.registry.policies.check(version.manifest.ref, MOMENT)
        task.folder.mkdir(parents=True, exist_ok=True)
        observed = _write_table(task)
        _write(task, SUITE, suite(version.name, observed.expectations(), meta))
        outcomes = [one.as_json() for one in gate.outcomes]
        told = meta | {"assay.policy": gate.policy, "assay.moment": MOMENT}
        _write(task, RESULTS, results(version.name, outcomes, told))
    return ExportResult(task.version.name, "gx", files, task.version.erased)


def _write_table(task: Task) -> Observed:
    observed = Observed()

    def rows() -> Iterator[dict[str, Any]]:
        for split, found in task.splits():
            for row in found:
                flat = flat_row(row, split)
                observed.add(flat)
                yield flat

    source = rows()
    with whole_file(task.folder / TABLE) as file, pq.ParquetWriter(
        file, SCHEMA, compression="zstd", write_page_checksum=True
    ) as writer:  # fmt: skip
        while batch := list(islice(source, BATCH_ROWS)):
            writer.write_batch(pa.RecordBatch.from_pylist(batch, SCHEMA))
    return observed


def _write(task: Task, name: str, value: Any) -> None:
    with whole_file(task.folder / name) as file:
        file.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
