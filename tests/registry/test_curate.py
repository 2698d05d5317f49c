"""curate from end to end: what is kept, what goes, and what can be told about it afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import assay
from assay.errors import BadInput, Conflict, NotFound, UsageError

from .conftest import ticket


def raw_rows():
    rows = [ticket(n) for n in range(60)]
    rows += [
        rows[3],
        {**rows[4], "input": rows[4]["input"].upper()},
    ]  # lines 61 identical, 62 same but for case
    rows += [{"input": "Is it?", "output": ""}]  # 63 empty answer
    rows += [
        {"input": "My card is 4111 1111 1111 1111, why?", "output": "Thank you, we will look into it soon."}
    ]
    return rows


def test_every_record_is_accounted_for(registry, write):
    result = registry.curate("helpdesk", [write("t.jsonl", raw_rows())])
    assert result.read == result.kept + result.rejected + result.malformed == 64
    assert (result.kept, result.rejected, result.malformed) == (60, 4, 0)
    assert sum(result.splits.values()) == 60
    assert result.version == "helpdesk@v1"
    assert sum(stage.rejected for stage in result.stages) == result.rejected


def test_every_rejected_record_says_why(registry, write):
    path = write("t.jsonl", raw_rows())
    registry.curate("helpdesk", [path])
    identical, empty, card = (registry.why("helpdesk", path, n) for n in (61, 63, 64))
    # Of two rows that are the same and as long, the one with the smaller id stays: either may be it.
    case, stays = sorted(
        (registry.why("helpdesk", path, n) for n in (5, 62)), key=lambda d: d.outcome != "rejected"
    )
    assert (identical.stage, identical.code, identical.twin.record) == ("identical", "identical", 4)
    assert (case.stage, case.code) == ("exact_dedup", "exact_duplicate")
    assert (case.twin.record, case.twin.id) == (stays.record, stays.example_id)
    assert (empty.stage, empty.code) == ("format", "empty_output")
    assert (card.stage, card.code, card.value) == ("pii", "pii_bank_card", 1.0)
    kept = registry.why("helpdesk", path, 1)
    assert kept.outcome == "kept"
    assert registry.example(kept.example_id).input == raw_rows()[0]["input"]


def test_malformed_records_name_line_and_bytes(registry, tmp_path):
    path = tmp_path / "t.jsonl"
    good = json.dumps(ticket(1)).encode()
    path.write_bytes(
        good + b"\n{broken\n" + b'{"input": "\xff", "output": "x"}\n' + json.dumps(ticket(2)).encode()
    )
    result = registry.curate("helpdesk", [str(path)])
    assert (result.read, result.kept, result.malformed) == (4, 2, 2)
    broken = registry.why("helpdesk", str(path), 2)
    assert (broken.outcome, broken.offset, broken.excerpt) == ("malformed", len(good) + 1, b"{broken")
    assert registry.why("helpdesk", str(path), 3).code == "invalid_utf8"


def test_a_source_is_found_by_the_end_of_its_path(registry, write):
    path = write("t.jsonl", raw_rows())
    registry.curate("helpdesk", [path])
    assert registry.why("helpdesk", "t.jsonl", 63).code == "empty_output"
    with pytest.raises(NotFound, match="not made from"):
        registry.why("helpdesk", "u.jsonl", 1)
    with pytest.raises(NotFound, match="no record 65"):
        registry.why("helpdesk", "t.jsonl", 65)


def test_adding_keeps_what_was_there(registry, write):
    first, second = (
        write("a.jsonl", [ticket(n) for n in range(30)]),
        write("b.jsonl", [ticket(n) for n in range(25, 40)]),
    )
    v1 = registry.curate("helpdesk", [first])
    v2 = registry.curate("helpdesk", [second], add=True, message="year two")
    assert (v1.kept, v2.read, v2.kept, v2.rejected) == (30, 15, 10, 5)
    assert sum(v2.splits.values()) == 40
    before = {e.id: e.split for e in registry.version("helpdesk@v1")}
    after = {e.id: e.split for e in registry.version("helpdesk@v2")}
    assert before.items() <= after.items()
    assert registry.diff("helpdesk@v1", "helpdesk@v2").counts == {
        "added": 10,
        "removed": 0,
        "edited": 0,
        "moved": 0,
    }
    again = registry.why("helpdesk", second, 1)
    assert (again.code, again.twin.source, again.twin.record) == ("identical", first, 26)
    assert registry.why("helpdesk@v2", first, 1).outcome == "kept"


def test_a_new_file_replaces_and_an_edit_is_seen_by_its_key(registry, write):
    rows = [ticket(n, id=f"T{n}") for n in range(20)]
    registry.curate("helpdesk", [write("a.jsonl", rows)])
    rows[7] = {**rows[7], "output": rows[7]["output"] + " Then call us back, please."}
    registry.curate("helpdesk", [write("b.jsonl", [*rows[:-1], ticket(99, id="T99")])])
    assert registry.diff("helpdesk@v1", "helpdesk@v2").counts == {
        "added": 1,
        "removed": 1,
        "edited": 1,
        "moved": 0,
    }
    edited = next(registry.diff_rows("helpdesk@v1", "helpdesk@v2"))
    assert edited["op"] == "edited" and edited["output"].startswith(edited["old_output"])


def test_eval_sources_are_the_test_split_and_push_training_rows_out(registry, write):
    train, test = (
        write("a.jsonl", [ticket(n) for n in range(20)]),
        write("e.jsonl", [ticket(n) for n in range(15, 25)]),
    )
    result = registry.curate("helpdesk", [train], eval_sources=[test])
    assert result.splits == {"test": 10, "train": 15}
    assert registry.why("helpdesk", train, 16).twin.source == test


def test_a_dry_run_changes_nothing(registry, write, tmp_path):
    path = write("t.jsonl", raw_rows())

    def files():
        """Everything but what was measured, which is remembered for the real run."""
        root = tmp_path / "registry"
        return sorted(p for p in root.rglob("*") if p.is_file() and "cache" not in p.relative_to(root).parts)

    before = files()
    dry = registry.curate("helpdesk", [path], dry_run=True)
    assert files() == before
    real = registry.curate("helpdesk", [path])
    assert dry.version is None and dry.fingerprint == real.fingerprint


def test_trace_tells_the_whole_story(registry, write):
    path = write("t.jsonl", raw_rows())
    registry.curate("helpdesk", [path])
    example = registry.why("helpdesk", path, 4).example_id
    found = registry.trace(example[:12])
    assert [r["record"] for r in found.readings] == [4, 61]
    assert [(v.dataset, v.first, v.last) for v in found.versions] == [("helpdesk", 1, None)]


def test_iterating_gives_examples_in_source_order(registry, write):
    path = write("t.jsonl", [ticket(n) for n in range(30)])
    registry.curate("helpdesk", [path], recipe="default")
    train = registry.version("helpdesk:train")
    records = [e.provenance["record"] for e in train]
    assert records == sorted(records) and len(records) == len(train)
    table = registry.version("helpdesk@v1").to_arrow()
    assert table.num_rows == 30 and set(table.column("split").to_pylist()) <= {"train", "test"}


@pytest.mark.parametrize("format", ["source", "input_output", "messages", "sharegpt", "alpaca"])
def test_exports_can_be_read_again(registry, write, tmp_path, format):
    registry.curate("helpdesk", [write("t.jsonl", [ticket(n, note=n) for n in range(12)])])
    out = registry.export("helpdesk", str(tmp_path / "out"), format=format)
    assert sum(out.files.values()) == 12
    again = registry.import_("again", list(out.files))
    assert again.kept == 12
    assert {e.id for e in registry.version("again")} == {e.id for e in registry.version("helpdesk")}


def test_export_in_the_sources_own_shape_gives_back_every_field(registry, write, tmp_path):
    rows = [ticket(n, note=n, tags=["a", None], big=2**70) for n in range(5)]
    registry.import_("helpdesk", [write("t.jsonl", rows)])
    out = registry.export("helpdesk", str(tmp_path / "out"))
    found = [json.loads(line) for path in out.files for line in Path(path).read_text("utf-8").splitlines()]
    assert found == rows


def test_the_article_layout(registry, write, tmp_path):
    registry.curate("helpdesk", [write("t.jsonl", [ticket(n) for n in range(5)])])
    registry.export("helpdesk", str(tmp_path / "out"), format="article")
    meta = json.loads((tmp_path / "out" / "v1" / "meta.json").read_text())
    lines = (tmp_path / "out" / "v1" / "samples.jsonl").read_text().splitlines()
    assert meta["fingerprint"] == registry.version("helpdesk").fingerprint and len(lines) == 5
    assert meta.keys() >= {
        "version",
        "date",
        "generator",
        "task_type",
        "prompt_template",
        "quality_score_avg",
        "counts",
    }


def test_the_ledger_exports_one_decision_a_record(registry, write, tmp_path):
    path = write("t.jsonl", raw_rows())
    registry.curate("helpdesk", [path])
    registry.export("helpdesk", str(tmp_path / "out"), format="ledger")
    text = (tmp_path / "out" / "ledger.jsonl").read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["record"] for line in lines] == list(range(1, 65))
    assert lines[62] == registry.why("helpdesk", path, 63).as_json()


def test_search_is_exact_in_chinese_and_english(registry, write):
    rows = [ticket(n) for n in range(5)]
    rows += [
        {
            "input": "打印机卡纸怎么办？请告诉我具体步骤",
            "output": "请先关闭电源，打开后盖，取出卡住的纸张，再重新启动。",
        }
    ]
    registry.curate("helpdesk", [write("t.jsonl", rows)])
    assert [h.record for h in registry.search("卡纸")] == [6]
    assert [h.record for h in registry.search("后盖")] == [6]
    assert registry.search("纸卡") == []
    assert 1 in [h.record for h in registry.search("printer")]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda r, t: r.curate("helpdesk", [str(t)]), BadInput),
        (lambda r, t: r.curate("helpdesk", [str(t / "none.jsonl")]), NotFound),
        (lambda r, t: r.curate("help/desk", ["x"]), UsageError),
        (lambda r, t: r.curate("helpdesk", []), UsageError),
        (lambda r, t: r.curate("helpdesk", ["x"], add=True), UsageError),
        (lambda r, t: r.version("nobody"), NotFound),
        (lambda r, t: r.example("abcdef123456"), NotFound),
        (lambda r, t: r.export("nobody", str(t)), NotFound),
        (lambda r, t: assay.open(t), NotFound),
        (lambda r, t: assay.init(t / "registry"), UsageError),
    ],
)
def test_errors_say_what_and_what_to_do(registry, tmp_path, call, error):
    with pytest.raises(error) as caught:
        call(registry, tmp_path)
    assert caught.value.message and caught.value.hint


def test_verify_and_gc_are_clean_afterwards(registry, write):
    registry.curate("helpdesk", [write("t.jsonl", raw_rows())])
    assert list(registry.verify().findings) == []
    assert not registry.gc(grace_seconds=0).orphans


def test_a_recipe_can_be_made_in_python(registry, write):
    recipe = assay.Recipe(stages=[{"length": {"min_output": 100}}], split={"test": 0.5, "seed": 3})
    result = registry.curate("helpdesk", [write("t.jsonl", [ticket(n) for n in range(9)])], recipe=recipe)
    assert result.kept == 0 and result.stages[-1].codes == {"output_too_short": 9}
    assert registry.version("helpdesk").recipe["split"] == {"test": 0.5, "seed": 3}


def test_somebody_who_makes_the_first_version_meanwhile_is_a_conflict(registry, write, monkeypatch):
    mine, theirs = write("mine.jsonl", [ticket(1)]), write("theirs.jsonl", [ticket(2)])
    head_of = registry.head_of

    def meanwhile(*asked):
        found = head_of(*asked)
        if not registry.datasets():
            assay.open(registry.root, actor="bo").import_("desk", [theirs])
        return found

    monkeypatch.setattr(registry, "head_of", meanwhile)
    with pytest.raises(Conflict):
        registry.import_("desk", [mine])
