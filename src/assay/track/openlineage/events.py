"""OpenLineage run events (spec 2-0-2) of curations and training runs, as plain JSON values. Pure.

A dataset is named without its version: that is the node of the lineage graph. The version stands in the facet
`version`, and in `symlinks` as `helpdesk@v2`, because Marquez does not keep the version of an input.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from math import isfinite
from typing import Any, Final, Literal
from uuid import NAMESPACE_URL, uuid5

from assay.model.provenance import COLUMNS
from assay.track.receipt import Receipt
from assay.track.told import told

EventType = Literal["START", "COMPLETE", "FAIL"]
Json = dict[str, Any]

NAMESPACE: Final = "assay"
PRODUCER: Final = f"urn:assay:producer:{version('assay-data')}"
SPEC: Final = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
RECEIPT_SCHEMA: Final = "urn:assay:schema:receipt:1"
VERSION_SCHEMA: Final = "urn:assay:schema:version:1"
"""What our own facets hold is written in docs/guides/trackers.md; the names change when it does."""
_FACETS: Final = "https://openlineage.io/spec/facets"
_ENDS: Final[Mapping[str, EventType]] = {"finished": "COMPLETE", "failed": "FAIL"}

_COLUMNS: Final = (
    ("id", "binary(32)"), ("kind", "string"), ("payload", "json"), ("source", "string"), ("record", "int64"),
    *((name, "int32" if name == "depth" else "string") for name in COLUMNS),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """A file that a curation read. `digest`: "sha256:…" or none known."""

    uri: str
    digest: str | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A version and how it came about: by which `action` (curate, merge, …), when, from what.

    `digest` is its manifest's: another version, another digest. `entry`: the log's entry that made it. `bytes` and
    `files` are those of the segments that it lies in, which it may share with others.
    """

    dataset: str
    number: int
    fingerprint: str
    digest: str
    action: str
    time: str
    entry: int
    splits: Mapping[str, int]
    bytes: int
    files: int
    sources: Sequence[Source] = field(default_factory=tuple)
    parents: Sequence[tuple[str, str]] = field(default_factory=tuple)
    """The versions that its examples came from, as ref and fingerprint."""

    @property
    def version(self) -> str:
        """`helpdesk@v2`."""
        return f"{self.dataset}@v{self.number}"


def run_id(kind: str, name: str, namespace: str = NAMESPACE) -> str:
    """The UUID (version 5) of a run: the same run has the same id whoever asks, and whenever."""
    return str(uuid5(NAMESPACE_URL, f"assay:{kind}:{namespace}:{name}"))


def training_id(receipt: Receipt, namespace: str = NAMESPACE) -> str:
    """The UUID of a training run, by its name and the moment it began."""
    return run_id("train", f"{receipt.run}:{receipt.started}", namespace)


def training_event(receipt: Receipt, namespace: str = NAMESPACE) -> Json:
    """What a receipt says now: START while the run is under way, then COMPLETE or FAIL, with the version as input."""
    kind = _ENDS.get(receipt.state, "START")
    dataset, _, number = receipt.version.partition("@")
    job = _job(namespace, f"train.{dataset}", "TRAINING")
    facets = {
        "assay_receipt": _facet(RECEIPT_SCHEMA) | told(receipt) | {"metrics": _metrics(receipt)},
    }
    quality = {"rowCount": receipt.rows, "columnMetrics": {}}
    of_input: Json = {
        "dataQualityMetrics": _standard("1-0-3", "DataQualityMetricsInputDatasetFacet") | quality,
    }
    if receipt.split:
        of_input["subset"] = _subset(receipt.split)
    learned = _dataset(namespace, dataset, number, receipt.fingerprint) | {"inputFacets": of_input}
    run = {"runId": training_id(receipt, namespace), "facets": facets}
    moment = receipt.started if kind == "START" else receipt.ended or receipt.started
    return _event(kind, moment, run, job, [learned], [])


def making_events(made: Made, namespace: str = NAMESPACE) -> list[Json]:
    """START and COMPLETE of what made a version: sources in, the version with its figures out.

    Both bear the time of the log's entry: how long it took is not in the log.
    """
    run = {"runId": run_id("version", made.digest, namespace), "facets": {}}
    job = _job(namespace, f"{made.action}.{made.dataset}", "CURATION")
    inputs = [_source(source) for source in made.sources]
    for ref, fingerprint in made.parents:
        dataset, _, number = ref.partition("@")
        inputs.append(_dataset(namespace, dataset, number, fingerprint) | {"inputFacets": {}})
    rows = sum(made.splits.values())
    statistics = {"rowCount": rows, "size": made.bytes, "fileCount": made.files}
    output = _dataset(namespace, made.dataset, f"v{made.number}", made.fingerprint)
    output["facets"]["assay_version"] |= {"splits": dict(made.splits), "logEntry": made.entry}
    output["facets"]["lifecycleStateChange"] = _standard("1-0-1", "LifecycleStateChangeDatasetFacet") | {
        "lifecycleStateChange": "CREATE" if made.number == 1 else "OVERWRITE"
    }
    output["outputFacets"] = {
        "outputStatistics": _standard("1-0-2", "OutputStatisticsOutputDatasetFacet") | statistics
    }
    return [
        _event("START", made.time, run, job, inputs, []),
        _event("COMPLETE", made.time, run, job, inputs, [output]),
    ]


def events_of(made: Made, receipts: Iterable[Receipt], namespace: str = NAMESPACE) -> list[Json]:
    """How a version came about, and the runs that learned from it: each its START and, when over, its end."""
    found = making_events(made, namespace)
    for receipt in receipts:
        found.append(training_event(_begun(receipt), namespace))
        if receipt.state in _ENDS:
            found.append(training_event(receipt, namespace))
    return found


def _metrics(receipt: Receipt) -> dict[str, float | str]:
    """By name; what JSON has no number for, as text: "nan", "inf"."""
    return {name: value if isfinite(value) else str(value) for name, value in receipt.metrics.items()}


def _begun(receipt: Receipt) -> Receipt:
    return replace(receipt, state="started", ended=None, metrics={})


def _event(
    kind: EventType, time: str, run: Json, job: Json, inputs: Sequence[Json], outputs: Sequence[Json]
) -> Json:
    return {
        "eventTime": time,
        "eventType": kind,
        "inputs": list(inputs),
        "job": job,
        "outputs": list(outputs),
        "producer": PRODUCER,
        "run": run,
        "schemaURL": SPEC,
    }


def _facet(schema: str) -> Json:
    return {"_producer": PRODUCER, "_schemaURL": schema}


def _standard(edition: str, name: str, file: str | None = None) -> Json:
    return _facet(f"{_FACETS}/{edition}/{file or name}.json#/$defs/{name}")


def _job(namespace: str, name: str, kind: str) -> Json:
    said = {"processingType": "BATCH", "integration": "ASSAY", "jobType": kind}
    return {
        "namespace": namespace,
        "name": name,
        "facets": {"jobType": _standard("2-0-4", "JobTypeJobFacet") | said},
    }


def _dataset(namespace: str, dataset: str, number: str, fingerprint: str) -> Json:
    alias = {"namespace": namespace, "name": f"{dataset}@{number}", "type": "VERSION"}
    columns = [
        {"name": name, "type": kind, "ordinal_position": place, "fields": []}
        for place, (name, kind) in enumerate(_COLUMNS, 1)
    ]
    facets = {
        "version": _standard("1-0-1", "DatasetVersionDatasetFacet") | {"datasetVersion": number},
        "schema": _standard("1-2-0", "SchemaDatasetFacet") | {"fields": columns},
        "symlinks": _standard("1-0-1", "SymlinksDatasetFacet") | {"identifiers": [alias]},
        "assay_version": _facet(VERSION_SCHEMA) | {"fingerprint": fingerprint},
    }
    return {"namespace": namespace, "name": dataset, "facets": facets}


def _subset(split: str) -> Json:
    said = {
        "type": "compare",
        "comparison": "EQUAL",
        "left": {"type": "field", "field": "split"},
        "right": {"type": "literal", "value": split},
    }
    schema = _standard("1-0-0", "InputSubsetInputDatasetFacet", "BaseSubsetDatasetFacet")
    return schema | {"inputCondition": said}


def _source(source: Source) -> Json:
    """Named as the specification names files: "file" and the path, or scheme and host, and the path."""
    scheme, found, rest = source.uri.partition("://")
    host, _, path = rest.partition("/")
    place, name = (f"{scheme}://{host}", path) if found and path else ("file", source.uri)
    facets: Json = {}
    if source.digest:
        facets["version"] = _standard("1-0-1", "DatasetVersionDatasetFacet") | {
            "datasetVersion": source.digest
        }
    figures = {name: value for name, value in (("size", source.bytes), ("fileCount", 1)) if value is not None}
    statistics = _standard("1-0-0", "InputStatisticsInputDatasetFacet") | figures
    return {
        "namespace": place,
        "name": name,
        "facets": facets,
        "inputFacets": {"inputStatistics": statistics},
    }
