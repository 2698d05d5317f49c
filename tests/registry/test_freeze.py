"""freeze: an eval set for good, what it finds in versions, and what no curation lets in any more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import assay
from assay.errors import BadInput, NotFound, UsageError
from assay.registry.curating.guarding import RegistryResources

from .conftest import ticket

QUESTION = (
    "How many apprentices signed the second petition against the new harbour toll in the spring of that year?"
)
CHINESE = "一列火车从甲站开往乙站，途中停靠三次，每次停十分钟，请问全程一共需要多少时间？"
ITEMS = [
    {"question": QUESTION, "answer": "Forty-one of them, and two masters."},
    {"question": CHINESE, "answer": "五小时"},
    {"question": "Ready?", "answer": "yes"},
]


@pytest.fixture
def rows():
    leaked = [
        {"input": f"Quiz night! {QUESTION.upper()}", "output": "I do not know, sorry about that."},
        {"input": CHINESE, "output": "我不知道这个问题的答案是什么。"},
        {"input": "Ready?", "output": "Let us begin with the first chapter."},
    ]
    return [*(ticket(n) for n in range(40)), *leaked]


def freeze(registry, write, **options):
    return registry.freeze("quiz", [write("quiz.jsonl", ITEMS)], **options)


def test_a_frozen_set_guards_every_later_curation(registry, write, rows):
    frozen = freeze(registry, write)
    assert (frozen.status, frozen.items, frozen.findings) == ("frozen", 3, ())
    path = write("t.jsonl", rows)
    result = registry.curate("helpdesk", [path])
    guard = result.stages[-1]
    assert (guard.stage, guard.rejected, dict(guard.codes)) == ("decontaminate", 3, {"contaminated": 3})
    why = registry.why("helpdesk", path, 41)
    assert (why.stage, why.code, why.value, why.threshold) == ("decontaminate", "contaminated", 1.0, 0.35)
    assert why.message == f"quiz item 1: «{QUESTION.upper().rstrip('?')}»"
    assert registry.why("helpdesk", path, 42).message == f"quiz item 2: «{CHINESE.rstrip('？')}»"
    assert registry.why("helpdesk", path, 43).message == "quiz item 3: «Ready?»"
    version = registry.version("helpdesk")
    assert "decontaminate" in version.recipe["stages"][-1]
    curation = registry.store.curation(version.manifest)
    assert curation["lineage"] == {"decontaminate": {"set:quiz": frozen.digest}}
    assert registry.verify().ok


def test_workers_are_given_the_sets_too(registry, write, rows):
    freeze(registry, write)
    # Preference pairs are no flat shape: they are read in processes and not in threads.
    pairs = [{"prompt": row["input"], "chosen": row["output"], "rejected": "No."} for row in rows]
    one = registry.curate("one", [write("p.jsonl", pairs)], recipe="preference", workers=1)
    two = registry.curate("two", [write("p.jsonl", pairs)], recipe="preference", workers=2, batch_rows=9)
    assert one.stages[-1].rejected == 3
    assert (one.fingerprint, one.stages[-1]) == (two.fingerprint, two.stages[-1])
    assert (
        registry.curate("three", [write("t.jsonl", rows)], workers=2, batch_rows=9).stages[-1].rejected == 3
    )


def test_freezing_reports_what_stands_in_versions_already(registry, write, rows):
    registry.curate("clean", [write("c.jsonl", rows[:20])], recipe=assay.Recipe(stages=[]))
    registry.curate("helpdesk", [write("t.jsonl", rows)], recipe=assay.Recipe(stages=[]))
    registry.curate("helpdesk", [write("u.jsonl", rows[:-2])], recipe=assay.Recipe(stages=[]))
    found = freeze(registry, write)
    assert found.versions_checked == 3
    assert {one.version: dict(one.rows) for one in found.findings} == {
        "helpdesk@v1": {"train": 3},
        "helpdesk@v2": {"train": 1},
    }
    (example,) = found.findings[1].examples
    assert (example.item, example.split, example.score) == (1, "train", 1.0)
    assert example.matched == QUESTION.upper().rstrip("?")
    assert QUESTION.upper() in registry.example(example.id).input


def test_an_eval_row_is_never_the_one_that_goes(registry, write, rows):
    freeze(registry, write)
    evals = [{"input": item["question"], "output": item["answer"]} for item in ITEMS]
    result = registry.curate("helpdesk", [write("t.jsonl", rows)], eval_sources=[write("e.jsonl", evals)])
    assert result.splits == {"test": 3, "train": 40}
    assert freeze(registry, write).findings == ()


def test_frozen_again_and_frozen_otherwise(registry, write):
    first = freeze(registry, write)
    entries = len(registry.log())
    again = freeze(registry, write)
    assert (again.status, again.digest, len(registry.log())) == ("unchanged", first.digest, entries)
    with pytest.raises(UsageError, match="never changes") as refused:
        registry.freeze("quiz", [write("other.jsonl", ITEMS[:2])])
    assert "quiz-v2" in refused.value.hint
    registry.freeze("quiz-v2", [write("other.jsonl", ITEMS[:2])])
    assert [(one.name, one.items) for one in registry.eval_sets()] == [("quiz", 3), ("quiz-v2", 2)]


def test_a_dry_run_writes_nothing(registry, write, rows):
    registry.curate("helpdesk", [write("t.jsonl", rows)], recipe=assay.Recipe(stages=[]))
    files = sorted(registry.root.rglob("*"))
    found = freeze(registry, write, dry_run=True)
    assert (found.status, len(found.findings)) == ("dry_run", 1)
    assert sorted(registry.root.rglob("*")) == files
    assert registry.eval_sets() == []


def test_a_frozen_set_outlives_gc_and_is_verified(registry, write, rows):
    freeze(registry, write)
    registry.curate("helpdesk", [write("t.jsonl", rows)])
    assert registry.gc(dry_run=False, grace_seconds=0.0).orphans == ()
    stored = (
        registry.root / "objects" / registry.log()[0].body["object"][:2] / registry.log()[0].body["object"]
    )
    data = bytearray(stored.read_bytes())
    data[len(data) // 2] ^= 1
    stored.chmod(0o644)
    stored.write_bytes(data)
    assert {finding.code for finding in registry.verify().damage} >= {"hash"}


def test_what_was_frozen_is_what_is_read(registry, write):
    freeze(registry, write)
    body = registry.log()[0].body
    registry.freeze("other", [write("other.jsonl", ITEMS[:1])])
    stored = registry.log()[1].body["object"]
    entry = json.loads((registry.root / "log" / "00000001.json").read_text())
    assert entry["object"] == body["object"] != stored

    from assay.model.operation import Operation
    from assay.store.evalsets import frozen_sets, read_items

    forged = Operation(1, None, "t", "a", "freeze", None, {**body, "object": stored})
    with pytest.raises(assay.errors.Damaged, match="does not hold the items"):
        read_items(registry.store.objects, frozen_sets([forged])["quiz"])


def test_pairs_in_a_table_without_a_header(registry, tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text(f'{CHINESE}\t5\n{QUESTION}\tsaid "41"\n', encoding="utf-8")
    assert registry.freeze("pairs", [str(path)]).items == 2
    assert RegistryResources(registry).eval_sets()[0].items == [(CHINESE, "5"), (QUESTION, 'said "41"')]
    path.write_text(f"{CHINESE}\t5\nno tab\n", encoding="utf-8")
    with pytest.raises(BadInput, match="record 2 of"):
        registry.freeze("broken", [str(path)])


def test_a_set_with_a_gap_is_no_set(registry, tmp_path, write):
    path = tmp_path / "broken.jsonl"
    path.write_text(json.dumps(ITEMS[0]) + "\n{broken\n", encoding="utf-8")
    with pytest.raises(BadInput, match="record 2 of"):
        registry.freeze("broken", [str(path)])
    with pytest.raises(BadInput, match="no question"):
        registry.freeze("blank", [write("blank.jsonl", [{"question": " ", "answer": ""}])])
    with pytest.raises(NotFound):
        registry.freeze("nothing", [str(tmp_path / "nothing.jsonl")])
    assert registry.log() == []


def test_a_recipe_that_only_flags_gets_a_guard_that_flags(registry, write, rows):
    freeze(registry, write)
    result = registry.import_("raw", [write("t.jsonl", rows)])
    assert result.kept == 43
    assert dict(result.stages[-1].flagged) == {"contaminated": 3}


def test_a_recipe_that_decontaminates_is_taken_at_its_word(registry, write, rows):
    freeze(registry, write)
    registry.freeze(
        "none",
        [write("n.jsonl", [{"question": "Nothing of this is anywhere in those rows at all.", "answer": ""}])],
    )
    recipe = assay.Recipe(stages=[{"decontaminate": {"sets": ["none"]}}])
    assert registry.curate("helpdesk", [write("t.jsonl", rows)], recipe=recipe).kept == 43
    with pytest.raises(NotFound, match="no frozen eval set"):
        registry.curate(
            "x", [write("t.jsonl", rows)], recipe=assay.Recipe(stages=[{"decontaminate": {"sets": ["y"]}}])
        )


def test_the_self_test_says_how_much_is_found(registry, write, rows):
    registry.curate("helpdesk", [write("t.jsonl", rows[:40])])
    tested = freeze(registry, write, self_test=True).self_test
    assert (tested.own_rows > 30, tested.false_alarms) == (True, 0)
    by_kind = {kind.kind: kind for kind in tested.kinds}
    assert by_kind["verbatim"].recall == by_kind["verbatim"].precision == 1.0
    assert by_kind["wrapped"].found == 2  # "Ready?" in the middle of a sentence is no question any more


def test_two_who_freeze_at_once(registry, write, monkeypatch):
    """The other one gets in between looking and writing."""
    from assay.registry.curating import freezing

    put = freezing.write_items

    def slow(objects, items):
        monkeypatch.setattr(freezing, "write_items", put)
        other = assay.open(registry.root)
        other.freeze("quiz", [write("mine.jsonl", ITEMS)])
        return put(objects, items)

    monkeypatch.setattr(freezing, "write_items", slow)
    assert freeze(registry, write).status == "unchanged"
    assert len(registry.log()) == 1


def test_the_digest_is_the_one_that_the_format_page_shows():
    from assay.store.evalsets import digest_of

    page = (Path(__file__).parents[2] / "docs" / "format.md").read_text("utf-8")
    assert f"`{digest_of([('2+2?', '4')])}`" in page


def test_what_was_measured_before_is_not_remembered_past_a_freeze(registry, write, rows):
    path = write("t.jsonl", rows)
    recipe = assay.Recipe(stages=["decontaminate"])
    assert registry.curate("helpdesk", [path], recipe=recipe).kept == 43
    freeze(registry, write)
    assert registry.curate("helpdesk", [path], recipe=recipe).kept == 40
    again = registry.curate("helpdesk", [path], recipe=recipe)
    assert again.kept == 40
    assert registry.why("helpdesk", path, 42).message == f"quiz item 2: «{CHINESE.rstrip('？')}»"


def test_rows_that_stand_in_the_version_stay_when_others_are_added(registry, write, rows):
    registry.curate("helpdesk", [write("t.jsonl", rows)], recipe=assay.Recipe(stages=[]))
    freeze(registry, write)
    more = [ticket(99), {"input": f"Tell me. {QUESTION}", "output": "I would rather not say."}]
    added = registry.curate("helpdesk", [write("u.jsonl", more)], add=True)
    assert (added.kept, added.rejected) == (1, 1)
    assert [dict(one.rows) for one in freeze(registry, write).findings] == [{"train": 3}, {"train": 3}]


def test_a_name_that_would_be_taken_for_a_reference_is_refused(registry, write):
    with pytest.raises(UsageError, match="named like an object"):
        registry.freeze("a" * 64 + ".json", [write("quiz.jsonl", ITEMS)])


def test_stages_are_given_the_examples_of_a_version(registry, write, rows):
    registry.curate("helpdesk", [write("t.jsonl", rows)])
    resources = RegistryResources(registry)
    version = registry.version("helpdesk")
    for ref, count in (("helpdesk", version.manifest.rows), ("helpdesk@v1:test", version.counts["test"])):
        given = [pair for batch in resources.payloads(ref) for pair in batch]
        assert len(given) == count
        assert all(registry.example(example.hex()).payload == payload for example, payload in given[:3])
    with pytest.raises(NotFound):
        list(resources.payloads("nothing"))
