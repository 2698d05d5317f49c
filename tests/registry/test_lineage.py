"""registry.lineage: what a version was made of and who learned from it, in the log and as events; `assay lineage`."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from assay.cli.main import run
from assay.errors import NotFound
from assay.track.openlineage.events import training_id
from assay.track.receipt import Receipt
from tests.registry.conftest import ticket


@pytest.fixture
def trained(registry, write):
    """helpdesk@v1 with two files and a finished run, @v2 added to it with a run by hand, @v3 a rollback."""
    files = [write(name, [ticket(n) for n in range(*at)]) for name, at in (("a", (0, 9)), ("客", (9, 14)))]
    registry.curate("helpdesk", files)
    version = registry.version("helpdesk@v1:train")
    receipt = Receipt(
        "run-1", "helpdesk@v1", version.fingerprint, len(version), "2026-11-01T00:00:00Z", "train",
        trackers={"mlflow": "0" * 32},
    )  # fmt: skip
    registry.runs.record(receipt)
    receipt = replace(receipt, state="finished", ended="2026-11-01T01:00:00Z", metrics={"loss": 1.5})
    registry.runs.record(receipt)
    registry.curate("helpdesk", [write("b", [ticket(n) for n in range(20, 24)])], add=True)
    registry.runs.link("helpdesk@v2", "by-hand")
    registry.refs.rollback("helpdesk", "helpdesk@v1", "better")
    return receipt


def test_a_curation_is_told_with_its_files_and_the_runs_that_followed(registry, trained):
    found = registry.lineage.of("helpdesk@v1:train")
    assert [source.uri.rpartition("/")[2] for source in found.made.sources] == ["a", "客"]
    assert found.receipts == [trained] and not found.linked and not found.made.parents
    assert found.made.entry == 1 and found.made.splits == registry.version("helpdesk@v1").counts
    events = found.events()
    assert [(e["job"]["name"], e["eventType"]) for e in events] == [
        ("curate.helpdesk", "START"), ("curate.helpdesk", "COMPLETE"),
        ("train.helpdesk", "START"), ("train.helpdesk", "COMPLETE"),
    ]  # fmt: skip
    assert events[3]["run"]["runId"] == training_id(trained)
    assert events[3]["inputs"][0]["name"] == events[1]["outputs"][0]["name"]  # where a graph joins them
    figures = events[1]["outputs"][0]["outputFacets"]["outputStatistics"]
    assert figures["rowCount"] == len(registry.version("helpdesk@v1")) and figures["size"] > 0
    assert events == registry.lineage.of("helpdesk@v1").events()


def test_what_grew_out_of_versions_says_so(registry, trained):
    added, back = registry.lineage.of("helpdesk@v2"), registry.lineage.of("helpdesk@v3")
    assert [ref for ref, _ in added.made.parents] == ["helpdesk@v1"] and len(added.made.sources) == 1
    assert added.linked == ["by-hand"] and len(added.events()) == 2
    assert back.made.action == "rollback" and not back.made.sources
    assert [ref for ref, _ in back.made.parents] == ["helpdesk@v1"]
    # The same examples once more: another version, and another run of a job.
    first = registry.lineage.of("helpdesk@v1")
    assert first.made.fingerprint == back.made.fingerprint
    assert first.events()[0]["run"]["runId"] != back.events()[0]["run"]["runId"]
    with pytest.raises(NotFound):
        registry.lineage.of("helpdesk@v9")


def test_no_text_of_an_example_is_in_an_event(registry, trained):
    said = json.dumps([registry.lineage.of(f"helpdesk@v{n}").events() for n in (1, 2, 3)])
    words = {word for example in registry.version("helpdesk@v2") for word in str(example.payload).split()}
    assert not [word for word in words if len(word) > 8 and word in said]


def test_the_command_writes_lines_shows_and_only_says_in_a_dry_run(registry, trained, tmp_path, capsys):
    words, place = ["--registry", str(registry.root), "lineage", "helpdesk@v1"], tmp_path / "events.jsonl"
    assert run([*words, "--openlineage", str(place), "--dry-run"]) == 0 and not place.exists()
    assert "4 OpenLineage events would go to" in capsys.readouterr().out
    assert run([*words, "--openlineage", str(place)]) == 0
    shown = capsys.readouterr().out
    assert "helpdesk@v1:train  finished" in shown and "mlflow 0000" in shown
    assert run([*words, "--openlineage", "-"]) == 0
    assert capsys.readouterr().out == place.read_text("utf-8")
    assert run([*words, "--json", "--namespace", "ours"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["runs"][0]["trackers"] == {"mlflow": "0" * 32}
    assert answer["events"] == registry.lineage.of("helpdesk@v1").events("ours")
    assert run([*words, "--openlineage", str(tmp_path)]) == 2
    assert "need a place to go" in capsys.readouterr().err
