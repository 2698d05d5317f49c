"""Branches, tags, aliases, merge, rollback and blame through the registry, and the registry as of a day."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime

import pytest

import assay
from assay.errors import BadInput, Conflict, MergeConflict, NotFound, UsageError
from assay.registry.history.merging import read_resolutions
from tests.registry.conftest import ticket

RECIPE = "import"


class Clock:
    """Days of November 2026, one an act unless it stands."""

    def __init__(self):
        self.day = 1

    def __call__(self):
        return datetime(2026, 11, self.day, 12, tzinfo=UTC)


@pytest.fixture
def registry(tmp_path):
    return assay.init(tmp_path / "registry", actor="mira", clock=Clock())


def rows(n, edited=(), word="edited"):
    return [
        ticket(k, id=str(k)) | ({"output": f"{word} answer 答案 {k}"} if k in edited else {})
        for k in range(n)
    ]


@pytest.fixture
def forked(registry, write):
    """help: v1 on main (day 1); v2 on try edits 3 and 4 (day 3); v3 on main edits 3 otherwise and adds (day 4)."""
    registry.curate("help", [write("a.jsonl", rows(12))], recipe=RECIPE)
    registry.clock.day = 2
    registry.refs.branch("help", "try")
    registry.clock.day, registry.actor = 3, "bo"
    registry.curate(
        "help", [write("b.jsonl", rows(12, (3, 4)))], recipe=RECIPE, branch="try", message="better"
    )
    registry.clock.day, registry.actor = 4, "cy"
    registry.curate("help", [write("c.jsonl", rows(14, (3,), "other"))], recipe=RECIPE)
    registry.clock.day = 5
    return registry


def held(registry, ref):
    return {example.id for example in registry.version(ref)}


def test_branches_and_refs(forked):
    assert [(b.name, b.start, b.head, b.versions) for b in forked.refs.branches("help")] == [
        ("main", 1, 3, 2),
        ("try", 1, 2, 1),
    ]
    names = ("help", "help@main", "help@latest", "help@try", "help@try:train")
    assert [forked.version(ref).manifest.number for ref in names] == [3, 3, 3, 2, 2]
    with pytest.raises(NotFound, match="no branch 'new'"):
        forked.curate("help", ["b.jsonl"], branch="new")
    with pytest.raises(NotFound, match="no branch"):
        forked.curate("fresh", ["b.jsonl"], branch="try")


@pytest.mark.parametrize(
    "name", ["main", "latest", "approved", "prod", "v2", "2026-11-01", "a/b", "try", "good"]
)
def test_names_that_cannot_be_given(forked, name):
    forked.refs.tag("help", "good")
    before = len(forked.log())
    with pytest.raises(UsageError):
        forked.refs.branch("help", name)
    if name != "good":
        with pytest.raises(UsageError):
            forked.refs.tag("help", name)
    assert len(forked.log()) == before


def test_a_tag_moves_only_when_told(forked):
    forked.refs.tag("help@v1", "good")
    with pytest.raises(UsageError, match="names help@v1"):
        forked.refs.tag("help@try", "good")
    with pytest.raises(UsageError, match="already"):
        forked.refs.tag("help@good", "good", move=True)
    forked.refs.tag("help@try", "good", move=True, dry_run=True)
    assert forked.version("help@good").manifest.number == 1
    forked.refs.tag("help@try", "good", move=True)
    assert forked.log()[-1].body == {"name": "good", "version": 2, "moved": True}
    assert [(t.name, t.version, t.actor) for t in forked.refs.tags("help")] == [("good", 2, "cy")]
    assert forked.at("2026-11-04").refs.tags("help") == []
    with pytest.raises(NotFound):
        forked.refs.tags("nothing")


def test_a_merge_takes_both_and_names_what_contradicts(forked):
    with pytest.raises(MergeConflict) as caught:
        forked.refs.merge("help", "try")
    (conflict,) = caught.value.conflicts
    assert conflict["what"] == "edited_both" and conflict["id"] in caught.value.message
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.conflicts == caught.value.conflicts and again.exit_code == 3
    planned = forked.refs.merge("help", "try", take="theirs", dry_run=True)
    assert planned.version is None and len(forked.log()) == 4
    done = forked.refs.merge("help", "try", resolve={conflict["id"][:12]: "theirs"}, message="both")
    assert done.version == "help@v4" and done.counts == planned.counts
    assert dict(done.counts) == {"added": 0, "removed": 0, "edited": 2, "moved": 0}
    texts = [e.output for e in forked.version("help@v4")]
    assert len(texts) == 14
    assert sum("edited answer" in t for t in texts) == 2 and not any("other answer" in t for t in texts)
    v4 = forked.version("help@v4").manifest
    assert v4.parents == (forked.version("help@v3").manifest.name, forked.version("help@v2").manifest.name)
    assert forked.refs.merge("help", "try").version is None
    assert forked.verify().ok
    kept = forked.refs.merge("help", "main", into="try")  # everything of main came from there or is new
    assert held(forked, "help@try") == held(forked, "help") and kept.base == "help@v2"


def test_a_merge_gives_way_when_its_branch_moved(forked, write, monkeypatch):
    from assay.registry.history import merging

    plain = merging.three_way

    def meanwhile(*diffs):
        forked.curate("help", [write("d.jsonl", rows(3))], recipe=RECIPE)
        return plain(*diffs)

    monkeypatch.setattr(merging, "three_way", meanwhile)
    with pytest.raises(Conflict, match="moved on"):
        forked.refs.merge("help", "try", take="ours")


def test_resolutions_are_read_line_by_line(tmp_path, forked):
    file = tmp_path / "decisions.jsonl"
    file.write_text('{"id": "AB12cd", "take": "ours", "what": "x"}\n\n{"id": "ff", "take": "theirs"}\n')
    assert read_resolutions(file) == {"ab12cd": "ours", "ff": "theirs"}
    for bad in ('{"id": "ab"', '["ab"]', '{"id": "ab", "take": "mine"}', '{"id": 3, "take": "ours"}'):
        file.write_text(f'{{"id": "ab", "take": "ours"}}\n{bad}\n')
        with pytest.raises(BadInput, match="line 2"):
            read_resolutions(file)
    file.write_text('{"id": "ab", "take": "ours"}\n{"id": "ab", "take": "theirs"}\n')
    with pytest.raises(BadInput, match="twice"):
        read_resolutions(file)
    with pytest.raises(NotFound):
        read_resolutions(tmp_path / "none")
    for wrong in ("0" * 12, "zz"):
        with pytest.raises(UsageError, match="of this merge"):
            forked.refs.merge("help", "try", resolve={wrong: "ours"})
    with pytest.raises(NotFound, match="no branch 'x'"):
        forked.refs.merge("help", "x")


def test_a_rollback_is_a_new_version_with_its_reason(forked):
    with pytest.raises(UsageError, match="reason"):
        forked.refs.rollback("help", "v1", "  ")
    with pytest.raises(UsageError, match="holds what"):
        forked.refs.rollback("help", "help@v3", "again")
    with pytest.raises(UsageError, match="no version of help"):
        forked.refs.rollback("help", "other@v1", "x")
    assert forked.refs.rollback("help", "2026-11-01", "坏了", dry_run=True).version is None
    before = len(forked.log())
    done = forked.refs.rollback("help", "2026-11-01", "坏了")
    assert (done.version, done.to, done.kept_out) == ("help@v4", "help@v1", 0)
    assert forked.version("help").fingerprint == forked.version("help@v1").fingerprint
    operation = forked.log()[-1]
    assert (len(forked.log()), operation.action, operation.body["to"]) == (before + 1, "rollback", 1)
    assert "坏了" not in str(operation.body) and forked.said(operation) == "坏了"
    assert forked.verify().ok


def test_what_is_disabled_stays_out_of_rollbacks_and_merges(forked, monkeypatch):
    from assay.registry.history import merging

    gone = min(held(forked, "help@v1") - held(forked, "help@v3"))
    forked.keeping.disable("help", [gone.hex()], "坏")
    done = forked.refs.rollback("help", "v1", "back")
    assert done.kept_out == 1
    assert held(forked, "help") == held(forked, "help@v1") - {gone}
    assert forked.refs.merge("help", "main", into="try", take="theirs").version == "help@v5"
    assert gone not in held(forked, "help@try")

    plain, other = merging.change_between, min(held(forked, "help@v2") - held(forked, "help"))

    def meanwhile(*given):
        assay.open(forked.root).keeping.disable("help", [other.hex()], "坏")
        return plain(*given)

    monkeypatch.setattr(merging, "change_between", meanwhile)
    with pytest.raises(Conflict, match="1 examples of help were disabled"):
        forked.refs.rollback("help", "v2", "again")


def test_blame_goes_through_merges_to_who_brought_it(forked):
    (edited,) = [e for e in forked.version("help@v2") if e.output == "edited answer 答案 3"]
    forked.actor = "ann"
    forked.refs.merge("help", "try", take="theirs", message="bo is right")
    found = forked.refs.blame("help", edited.name[:16])
    assert (found.version, found.brought.version, found.brought.actor) == ("help@v4", "help@v2", "bo")
    assert (found.brought.how, found.brought.said, found.brought.branch) == ("edited", "better", "try")
    assert [(a.how, a.actor, a.said) for a in found.since] == [("merged", "ann", "bo is right")]
    assert found.source.endswith("b.jsonl") and found.record == 4
    assert found.curation["records"][0]["record"] == 4
    assert found.curation["object"] == forked.version("help@v2").manifest.curation
    (old,) = found.descent
    assert old["actor"] == "bo" and bytes.fromhex(old["id"]) in held(forked, "help@v1")
    with pytest.raises(NotFound, match="does not hold"):
        forked.refs.blame("help@v3", edited.name)
    untouched = min(held(forked, "help@v1") & held(forked, "help@v4"))
    plain = forked.refs.blame("help", untouched.hex())
    assert (plain.brought.how, plain.brought.actor, plain.since, plain.descent) == ("added", "mira", (), ())


def test_trace_tells_edits_branches_and_decisions(forked, monkeypatch):
    from assay.registry.results import Section
    from assay.registry.trace import chapters

    (old,) = [e for e in forked.version("help@v1") if e.provenance["record"] == 4]
    found = forked.trace(old.name)
    assert [(v.branch, v.first, v.last) for v in found.versions] == [("main", 1, 1)]
    assert [(e["direction"], e["version"], e["actor"]) for e in found.edits] == [
        ("to", 2, "bo"),
        ("to", 3, "cy"),
    ]
    assert [(r["version"], r["record"], r["split"]) for r in found.readings] == [(1, 4, "train")]
    assert found.chapters == ()
    forked.runs.link("help@v1:train", "first-model")
    forked.runs.link("help@v2", "second-model")
    (runs,) = forked.trace(old.name).chapters
    assert [(row["run"], row["version"]) for row in runs.rows] == [("first-model", "help@v1")]
    monkeypatch.setattr(
        chapters, "CHAPTERS", ("tests.registry.test_refs:chapter", "tests.registry.test_refs:empty")
    )
    told = forked.trace(old.name)
    assert told.chapters == (Section("facts", "Facts", ({"id": old.name},)),)
    assert told.as_json()["chapters"] == {"facts": [{"id": old.name}]}


def chapter(registry, example):
    from assay.registry.results import Section

    return Section("facts", "Facts", ({"id": example.hex()},))


def empty(registry, example):
    return None


def test_every_answer_is_as_of_a_day(forked):
    then = forked.at("2026-11-03")
    assert [d.latest for d in then.datasets()] == [1] and then.version("help@try").manifest.number == 2
    (new,) = [e for e in forked.version("help@v3") if e.output == "other answer 答案 3"]
    with pytest.raises(NotFound):
        then.example(new.name)
    (old,) = [e for e in forked.version("help@v1") if e.provenance["record"] == 4]
    assert [(v.first, v.last) for v in then.trace(old.name).versions] == [(1, None)]
    assert [v.last for v in forked.trace(old.name).versions] == [1]
    assert len(then.search("答案")) == 0 and len(then.search("答案", "help@try")) == 2
    first = forked.at("2026-11-01")
    assert [b.name for b in first.refs.branches("help")] == ["main"]


def test_the_past_is_only_read(forked, write):
    then, objects = forked.at("2026-11-03"), len(list(forked.store.storage.list("objects/")))
    source = write("z.jsonl", rows(2))
    for act in (
        lambda: then.curate("help", [source]),
        lambda: then.import_("help", [source]),
        lambda: then.freeze("gold", [source]),
        lambda: then.refs.branch("help", "b2"),
        lambda: then.refs.tag("help", "t"),
        lambda: then.refs.merge("help", "try", take="ours"),
        lambda: then.refs.rollback("help@v1", "v1", "x"),
        lambda: then.runs.link("help", "run"),
        lambda: then.gc(),
        lambda: then.verify(),
    ):
        with pytest.raises(UsageError):
            act()
    assert len(list(forked.store.storage.list("objects/"))) == objects


def test_approved_and_prod_are_names(forked):
    for ref in ("help@approved", "help@prod"):
        with pytest.raises(NotFound):
            forked.version(ref)
    zoe = assay.open(forked.root, actor="zoe", clock=forked.clock)
    zoe.releases.approve("help@v1")
    forked.clock.day = 6
    zoe.releases.approve("help@v3")
    forked.releases.release("help@v1")
    assert forked.version("help@approved").manifest.number == 3
    assert forked.at("2026-11-05").version("help@approved").manifest.number == 1
    assert forked.version("help@prod:train").manifest.number == 1
    with pytest.raises(NotFound):
        forked.at("2026-11-05").version("help@prod")


def test_refused_approvals_do_not_count(forked):
    forked.act("approve", "help", {"version": 3, "fingerprint": forked.version("help@v3").fingerprint})
    with pytest.raises(NotFound):
        forked.version("help@approved")


def test_the_index_is_built_when_a_version_is_made(forked):
    folder = forked.root / "index" / "index.sqlite"
    assert folder.exists()
    told = []
    assert forked.index(told.append).sync(forked.store.objects, forked.store.log) == 0
    assert told == []
    fresh = assay.open(forked.root)
    folder.unlink()
    fresh.index(told.append)
    assert [(p.phase, p.done, p.total) for p in told] == [("indexing", n, 3) for n in range(3)]


def test_json_of_every_answer_is_json(forked):
    refs = forked.refs
    answers = [*refs.branches("help"), refs.tag("help", "t"), *refs.tags("help")]
    answers += [refs.merge("help", "try", take="ours"), refs.rollback("help", "v1", "x")]
    answers.append(refs.blame("help", min(held(forked, "help")).hex()))
    for answer in answers:
        assert json.loads(json.dumps(answer.as_json())) == answer.as_json()
