"""What we export is read by the tools of others: Hugging Face datasets, and mlcroissant."""

import importlib.util
import json
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
import yaml

from assay.errors import UsageError
from assay.govern.filling import QUESTIONS
from tests.govern import papers

SKIPPED = "{} is not installed: pip install --group interop"


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    return papers.make(tmp_path_factory.mktemp("hub"))


@pytest.fixture(scope="module")
def exported(registry, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "数据"
    result = registry.export("helpdesk@v2", str(folder), format="hf")
    return folder, result


def run(tool, code, *words):
    """JSON that a program prints which uses a tool of others; in a process of its own, since they warn."""
    if importlib.util.find_spec(tool) is None:
        pytest.skip(SKIPPED.format(tool))
    done = subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


LOAD = """
import datasets, json, sys
datasets.disable_progress_bars()
found = datasets.load_dataset(sys.argv[1], cache_dir=sys.argv[2])
print(json.dumps({split: list(rows) for split, rows in found.items()}))
"""


def clean(payload):
    """A payload without keys whose value is null, as it was read."""
    if isinstance(payload, dict):
        return {key: clean(value) for key, value in payload.items() if value is not None}
    return payload


def test_datasets_loads_the_splits_of_the_card_and_every_payload(registry, exported, tmp_path):
    folder, _ = exported
    found = run("datasets", LOAD, folder, tmp_path)
    version = registry.version("helpdesk@v2")
    assert {split: len(rows) for split, rows in found.items()} == dict(version.counts)
    given = {example.name: example for example in version}
    for split, rows in found.items():
        for row in rows:
            example = given.pop(row["id"])
            assert example.split == split
            assert [clean(message) for message in row["messages"]] == [
                clean(m) for m in example.payload["messages"]
            ]
            assert row["tools"] == example.payload.get("tools")
    assert not given


CROISSANT = """
import json, logging, sys
import mlcroissant as mlc
logging.disable(logging.CRITICAL)
dataset = mlc.Dataset(jsonld=sys.argv[1] + "/croissant.json")
issues = dataset.metadata.ctx.issues
rows = [{"id": r["examples/id"].decode(), "split": r["examples/split"].decode(),
         "content": [m["examples/messages/content"] and m["examples/messages/content"].decode()
                     for m in r["examples/messages"]]}
        for r in dataset.records("examples")]
print(json.dumps({"errors": sorted(issues.errors), "warnings": sorted(issues.warnings), "rows": rows}))
"""


def test_mlcroissant_validates_and_iterates_every_record(registry, exported):
    found = run("mlcroissant", CROISSANT, exported[0])
    assert found["errors"] == []
    # A licence, a citation and a day of publication are no facts: they are a person's to say, or a release's.
    missing = [warning.rpartition('Property "')[2].partition('"')[0] for warning in found["warnings"]]
    assert sorted(name.rpartition("/")[2] for name in missing) == ["citeAs", "datePublished", "license"]
    given = {example.name: example for example in registry.version("helpdesk@v2")}
    assert len(found["rows"]) == len(given)
    for row in found["rows"]:
        example = given[row["id"]]
        assert row["split"] == example.split
        assert row["content"] == [message.get("content") for message in example.payload["messages"]]


def test_answers_and_a_release_leave_no_warning(registry, tmp_path):
    later = papers.make(tmp_path)
    later.act("release", "helpdesk", {"version": 2, "fingerprint": later.version("helpdesk@v2").fingerprint})
    fill = tmp_path / "fill.yaml"
    fill.write_text(
        yaml.safe_dump({key: f"{key} <x> 说" for key in QUESTIONS if "." not in key}, allow_unicode=True),
        "utf-8",
    )
    later.export("helpdesk@v2", str(tmp_path / "out"), format="hf", fill=str(fill))
    found = run("mlcroissant", CROISSANT, tmp_path / "out")
    assert (found["errors"], found["warnings"]) == ([], [])


def test_digests_in_croissant_are_those_of_the_files(exported):
    import hashlib

    folder, _ = exported
    value = json.loads((folder / "croissant.json").read_text("utf-8"))
    listed = [one for one in value["distribution"] if one["@type"] == "cr:FileObject"]
    assert {one["contentUrl"] for one in listed} == {f"data/{path.name}" for path in folder.glob("data/*")}
    for one in listed:
        assert hashlib.sha256((folder / one["contentUrl"]).read_bytes()).hexdigest() == one["sha256"]


def test_provenance_is_prov_o(registry, exported):
    value = json.loads((exported[0] / "croissant.json").read_text("utf-8"))
    facts = registry.papers.facts("helpdesk@v2")
    derived = {one["@id"] for one in value["prov:wasDerivedFrom"]}
    assert {f"urn:sha256:{source.sha256}" for source in facts.sources} < derived
    assert f"urn:assay:{facts.registry}:helpdesk:v1" in derived
    activity = value["prov:wasGeneratedBy"]
    assert activity["@type"] == "prov:Activity" and activity["prov:endedAtTime"]["@value"] == facts.made
    assert "mira" in [agent["name"] for agent in activity["prov:wasAssociatedWith"]]
    assert "lab/model-5" in [agent["name"] for agent in value["prov:wasAttributedTo"]]
    assert value["conformsTo"][0] == "http://mlcommons.org/croissant/1.1"
    assert value["rai:dataCollectionTimeFrame"] == ["2025-01-01", "2025-07-31"]
    assert "rai:dataBiases" not in value


def test_the_card_alone_is_the_one_in_the_folder(registry, exported):
    folder, _ = exported
    assert registry.papers.card("helpdesk@v2").text == (folder / "README.md").read_text("utf-8")
    assert registry.papers.card("helpdesk@v2", "croissant").text == (folder / "croissant.json").read_text(
        "utf-8"
    )
    assert not list((registry.root / "tmp").glob("croissant-*"))


def test_parquet_holds_json_text_for_what_is_free_in_form(exported):
    folder, _ = exported
    rows = [row for path in sorted(folder.glob("data/*")) for row in pq.read_table(path).to_pylist()]
    calls = [m["tool_calls"] for row in rows for m in row["messages"] if m["tool_calls"]]
    assert len(calls) == 20
    arguments = [json.loads(call)[0]["function"]["arguments"] for call in calls]
    assert {"key1": 1} in arguments and all(len(one) in (1, 2) for one in arguments)


def test_again_gives_the_same_bytes_and_other_shards_are_refused(registry, exported, tmp_path):
    folder, result = exported
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert registry.export("helpdesk@v2", str(folder), format="hf").files == result.files
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train-00000-of-00002.parquet").write_bytes(b"")
    with pytest.raises(UsageError, match="not of this export"):
        registry.export("helpdesk@v2", str(tmp_path), format="hf")


def test_a_dry_run_writes_nothing(registry, tmp_path):
    result = registry.export("helpdesk@v2", str(tmp_path / "x"), format="hf", dry_run=True)
    assert sum(result.files.values()) == 83 and not (tmp_path / "x").exists()
    with pytest.raises(UsageError, match="only --format hf"):
        registry.export("helpdesk@v2", str(tmp_path / "x"), fill="f.yaml")


def test_an_older_datasets_loads_what_has_no_free_fields(registry, tmp_path):
    """A version without tool calls uses only types that every release of datasets knows."""
    registry.export("helpdesk@v1", str(tmp_path), format="hf")
    header = yaml.safe_load((tmp_path / "README.md").read_text("utf-8").split("---\n")[1])
    assert "json" not in json.dumps(header["dataset_info"]["features"])
