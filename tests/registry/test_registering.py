"""registry.register: files and folders as they are, held against the version before."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import assay
from assay.errors import NotFound, SchemaChanged, UsageError
from assay.measure.fields import Fields, differences


@pytest.fixture
def registry(tmp_path):
    return assay.init(tmp_path / "registry", actor="mira")


def chat(n, **more):
    turns = [{"role": "user", "content": f"问题 {n}"}, {"role": "assistant", "content": f"answer {n}"}]
    return {"messages": turns, **more}


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def test_a_folder_keeps_its_splits_and_shows_first_examples(registry, tmp_path):
    write(tmp_path / "in" / "train.jsonl", [chat(n) for n in range(9)] + [chat(100)])
    write(tmp_path / "in" / "test.jsonl", [chat(n) for n in range(100, 104)])
    found = registry.register("desk", tmp_path / "in", message="as it came")
    assert (found.version, dict(found.splits)) == ("desk@v1", {"test": 4, "train": 9})
    assert (found.read, found.kept, found.rejected) == (14, 13, 1)  # what stands in test stays out of train
    assert found.preview["test"][0] == chat(100) and len(found.preview["train"]) == 3
    assert found.as_json()["preview"]["train"] == [chat(0), chat(1), chat(2)]
    assert found.as_json()["fingerprint"] == registry.version("desk").fingerprint
    assert not list((registry.root / "tmp").iterdir())
    moved = registry.register("desk", write(tmp_path / "all.jsonl", [chat(n) for n in range(100, 104)]))
    assert dict(moved.splits) == {"test": 4}  # where nobody says the split, an example stays where it stands
    write(tmp_path / "other" / "train.jsonl", [chat(n) for n in range(100, 104)])
    assert dict(registry.register("desk", tmp_path / "other").splits) == {"train": 4}


def test_other_fields_types_and_kinds_are_refused_with_every_difference(registry, tmp_path):
    registry.register("desk", write(tmp_path / "a.jsonl", [chat(n, topic="x", score=n) for n in range(4)]))
    rows = [chat(n, score=str(n), lang="de") for n in range(4)]
    rows[0]["messages"][1]["tool_calls"] = [{"function": {"name": "f"}}]
    before = registry.store.log.head()
    with pytest.raises(SchemaChanged, match="topic is missing") as refused:
        registry.register("desk", write(tmp_path / "b.jsonl", rows))
    assert [(one["what"], one["field"]) for one in refused.value.differences] == [
        ("new", "lang"), ("new", "messages[].tool_calls"), ("type", "score"), ("missing", "topic"),
    ]  # fmt: skip
    assert registry.store.log.head() == before and "allow_schema_change" in refused.value.hint
    with pytest.raises(SchemaChanged, match="kind of example was messages and is text"):
        registry.register("desk", write(tmp_path / "c.jsonl", [{"text": "t"}]), dry_run=True)
    found = registry.register("desk", tmp_path / "b.jsonl", allow_schema_change=True)
    assert found.version == "desk@v2" and len(found.changes) == 4
    assert registry.log("desk")[-1].body["schema_change"] == "allowed"
    told = registry.store.curation(registry.version("desk@v2").manifest)["schema_changes"]
    assert {"what": "type", "field": "score", "before": "number", "after": "text"} in told
    assert registry.register("desk", tmp_path / "b.jsonl").changes == ()


def test_fields_are_compared_by_json_types_and_null_is_none():
    one, two = Fields(), Fields()
    one.add({"messages": [{"role": "user", "content": "a"}]}, {"n": 1, "m": None})
    two.add({"messages": [{"role": "user", "content": ["p"]}]}, {"n": 1.5})
    assert [str(found) for found in differences(one, two)] == ["messages[].content was text and is list"]
    assert Fields.from_json(one.as_json()) == one
    for n in range(2_000):
        one.add({"text": "t"}, {f"field {n}": n})
    assert len(one.types) <= 1_001 and "…" in one.types


def test_a_share_becomes_the_test_split_and_similar_rows_stay_together(registry, tmp_path):
    rows = [chat(n // 2, part=n) for n in range(200)]
    for row in rows[::2]:
        row["messages"][1]["content"] += " again"
    found = registry.register("desk", write(tmp_path / "a.jsonl", rows), test=0.2)
    assert 10 < found.splits["test"] < 90 and sum(found.splits.values()) == 200
    asked = {split: {e.input for e in registry.version(f"desk:{split}")} for split in found.splits}
    assert not asked["test"] & asked["train"]
    write(tmp_path / "in" / "train.jsonl", rows)
    write(tmp_path / "in" / "test.jsonl", rows[:2])
    for share, what in ((0.2, tmp_path / "in"), (1.5, tmp_path / "a.jsonl")):
        with pytest.raises(UsageError):
            registry.register("other", what, test=share)


def test_eval_sources_and_frozen_sets_guard_it(registry, tmp_path):
    held = write(tmp_path / "eval.jsonl", [chat(1)])
    found = registry.register(
        "desk", write(tmp_path / "a.jsonl", [chat(n) for n in range(4)]), eval_sources=[str(held)]
    )
    assert dict(found.splits) == {"test": 1, "train": 3} and found.rejected == 1


def test_rows_of_our_own_export_come_back_with_what_was_known_of_them(registry, tmp_path):
    rows = [
        chat(n, id=f"t-{n}", category="billing", origin="log", license="CC0", created_at="2025-01-02")
        for n in range(5)
    ]
    registry.import_("desk", [str(write(tmp_path / "a.jsonl", rows))])
    registry.export("desk", str(tmp_path / "out"), format="hf")
    found = registry.register("copy", tmp_path / "out")
    assert found.fingerprint == registry.version("desk").fingerprint
    for example in registry.version("copy"):
        known = example.provenance
        assert (known["origin"], known["licence"], known["created"]) == ("log", "CC0", "2025-01-02")
        assert known["key"] == f"t-{example.input.split()[-1]}"
    extras = [
        [table["extra"].to_pylist() for table in registry.version(name).tables("train")]
        for name in ("desk", "copy")
    ]
    assert extras[0] == extras[1] and '"category":"billing"' in extras[0][0][0]
    assert registry.register("desk", tmp_path / "out").changes == ()
    edited = pq.read_table(tmp_path / "out" / "data" / "train-00000-of-00001.parquet").to_pylist()
    old = edited[0]["id"]
    edited[0]["messages"][1]["content"] = "better"
    pq.write_table(pa.Table.from_pylist(edited), tmp_path / "edited.parquet")
    registry.register("copy", tmp_path / "edited.parquet")
    (better,) = [example for example in registry.version("copy") if example.output == "better"]
    assert json.loads(better.provenance["derived_from"]) == [old]


def test_a_split_that_datasets_cannot_name_comes_back_under_its_name(registry, tmp_path):
    write(tmp_path / "in" / "train.jsonl", [chat(1)])
    write(tmp_path / "in" / "dev-集.jsonl", [chat(2)])
    first = registry.register("desk", tmp_path / "in")
    registry.export("desk", str(tmp_path / "out"), format="hf")
    assert (tmp_path / "out" / "data" / "dev_集-00000-of-00001.parquet").exists()
    found = registry.register("copy", tmp_path / "out")
    assert dict(found.splits) == {"dev-集": 1, "train": 1} and found.fingerprint == first.fingerprint


def test_a_dry_run_writes_nothing_and_tells_the_same(registry, tmp_path):
    source = write(tmp_path / "a.jsonl", [chat(n) for n in range(3)])
    dry = registry.register("desk", source, dry_run=True, preview=1)
    assert dry.version is None and registry.datasets() == []
    assert dry.preview == {"train": (chat(0),)}
    assert dry.fingerprint == registry.register("desk", source).fingerprint


def test_what_is_no_dataset_is_said(registry, tmp_path):
    with pytest.raises(NotFound, match="does not exist") as refused:
        registry.register("desk", tmp_path / "none")
    assert "hf:ORG/NAME" in refused.value.hint
    for what in (3, {}, {"train": [1]}):
        with pytest.raises(UsageError):
            registry.register("desk", what)


def test_forgetting_empties_what_was_kept_of_fields(registry, tmp_path):
    source = write(tmp_path / "a.jsonl", [chat(n, **{f"secret {n}": 1}) for n in range(3)])
    registry.import_("desk", [str(source)])
    registry.register("desk", source)
    kept = registry.root / "cache" / "fields"
    assert any(b"secret 2" in path.read_bytes() for path in kept.iterdir())
    registry.keeping.forget([registry.version("desk").head(1)[0].name], reason="asked")
    assert not list(kept.iterdir())
