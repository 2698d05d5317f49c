"""OpenLineage events in a file: what they say, and that a tracker keeps its promises there."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from assay.errors import StorageFailure
from assay.testing.trackers import FINGERPRINT, RECEIPT, TrackerSuite
from assay.track.openlineage.events import Made, Source, making_events, training_event, training_id
from assay.track.openlineage.tracker import OpenLineage

MADE = Made(
    "helpdesk", 2, FINGERPRINT, "ab.json", "curate", "2026-11-01T00:00:00.250Z", 4, {"test": 2, "train": 10}, 4_096, 3,
    [Source("tickets.jsonl", "sha256:" + "1" * 64, 900), Source("s3://bucket/客服.jsonl")],
    [("helpdesk@v1", "sha256:" + "2" * 64)],
)  # fmt: skip


class TestSuite(TrackerSuite):
    @pytest.fixture(autouse=True)
    def _place(self, tmp_path):
        self.path = tmp_path / "events.jsonl"

    def tracker(self):
        return OpenLineage(str(self.path))

    def broken(self):
        return OpenLineage(str(self.path.parent / "nowhere" / "events.jsonl"))

    def found(self):
        """The newest event of each run and type, as a server would keep them."""
        lines = self.path.read_text("utf-8").splitlines() if self.path.exists() else []
        return {(e["run"]["runId"], e["eventType"]): e for e in map(json.loads, lines)}


def test_a_run_starts_and_ends_under_one_id_with_the_version_as_its_input():
    over = replace(RECEIPT, state="finished", ended="2026-11-01T01:00:00Z", metrics={"loss": 1.0})
    begun, ended, failed = map(training_event, (RECEIPT, over, replace(over, state="failed")))
    assert [e["eventType"] for e in (begun, ended, failed)] == ["START", "COMPLETE", "FAIL"]
    assert {e["run"]["runId"] for e in (begun, ended, failed)} == {training_id(RECEIPT)}
    assert (begun["eventTime"], ended["eventTime"]) == (RECEIPT.started, over.ended)
    assert training_id(RECEIPT) != training_id(replace(RECEIPT, started="2026-11-02T00:00:00Z"))

    (learned,) = ended["inputs"]
    assert (learned["namespace"], learned["name"]) == ("assay", "helpdesk")
    assert learned["facets"]["version"]["datasetVersion"] == "v2"
    assert learned["facets"]["symlinks"]["identifiers"][0]["name"] == "helpdesk@v2"
    assert learned["facets"]["assay_version"]["fingerprint"] == FINGERPRINT
    assert learned["inputFacets"]["dataQualityMetrics"]["rowCount"] == 12
    assert learned["inputFacets"]["subset"]["inputCondition"]["right"]["value"] == "train"
    facet = ended["run"]["facets"]["assay_receipt"]
    assert {
        "run": "run-1",
        "checkpoint": RECEIPT.checkpoint,
        "metrics": {"loss": 1.0},
    }.items() <= facet.items()
    assert facet["_schemaURL"] == "urn:assay:schema:receipt:1" and facet["_producer"].startswith(
        "urn:assay:producer:"
    )


def test_what_made_a_version_has_sources_and_parents_in_and_the_version_with_its_figures_out():
    start, complete = making_events(MADE, "ours")
    assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
    assert start["run"] == complete["run"] and not start["outputs"]
    assert complete["job"]["name"] == "curate.helpdesk"
    places = [(one["namespace"], one["name"]) for one in complete["inputs"]]
    assert places == [("file", "tickets.jsonl"), ("s3://bucket", "客服.jsonl"), ("ours", "helpdesk")]
    assert complete["inputs"][0]["facets"]["version"]["datasetVersion"] == "sha256:" + "1" * 64
    assert complete["inputs"][2]["facets"]["version"]["datasetVersion"] == "v1"
    (out,) = complete["outputs"]
    figures = {key: out["outputFacets"]["outputStatistics"][key] for key in ("rowCount", "size", "fileCount")}
    assert figures == {"rowCount": 12, "size": 4_096, "fileCount": 3}
    assert out["facets"]["assay_version"]["splits"] == {"test": 2, "train": 10}
    assert out["facets"]["lifecycleStateChange"]["lifecycleStateChange"] == "OVERWRITE"
    first = making_events(replace(MADE, number=1))[1]["outputs"][0]
    assert first["facets"]["lifecycleStateChange"]["lifecycleStateChange"] == "CREATE"


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    place = tmp_path / "nowhere" / "events.jsonl"
    with pytest.raises(StorageFailure, match=r"events cannot be written to .*nowhere"):
        OpenLineage(str(place)).begin(RECEIPT)
