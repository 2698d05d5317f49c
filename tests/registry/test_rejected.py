"""The ledger page by page says what the exported ledger says; and a rejected record that is taken back stands again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import assay
from assay.curate.ledger_reading import decisions, open_ledger
from assay.errors import Conflict, GateFailed, NotFound, UsageError
from assay.measure.facets.keyset import Page
from assay.registry.curating.restoring import RESTORE

from .conftest import ticket

QUESTION = (
    "How many apprentices signed the second petition against the new harbour toll in the spring of that year?"
)
LEAKED = {"input": f"Quiz night! {QUESTION.upper()}", "output": "I do not know, sorry about that."}
RECIPE = {
    "stages": [{"exact_dedup": {}}, {"near_dedup": {"threshold": 0.8}}, {"length": {"min_output": 4}}],
    "split": {"test": 0.2, "seed": 1},
}


def rows():
    made = [ticket(n) for n in range(40)]
    made[3]["output"] = "Fine."
    made[5]["output"] = "好"
    made[7] = {"input": "请问怎么申请退款？", "output": "好的"}
    return [*made, made[0], {**made[1], "output": made[1]["output"] + " "}, {"nothing": 1}]


def near(n):
    """Nearly ticket n."""
    made = ticket(n)
    return {**made, "output": made["output"] + " Thanks again."}


@pytest.fixture
def desk(registry, write):
    recipe = assay.Recipe.model_validate(RECIPE)
    registry.curate(
        "desk", [write("a.jsonl", rows()), write("b.jsonl", [near(n) for n in range(2, 9)])], recipe=recipe
    )
    return registry


def ledger(registry, ref="desk"):
    """All decisions but those to keep, as the ledger has them."""
    made = registry.store.curation(registry.version(ref).manifest)
    table = open_ledger(registry.store.objects.buffer(made["ledger"])).read()
    return [decision for decision, _ in decisions(table) if decision.outcome != "kept"]


def place(one):
    return one.source, one.record


def test_rows_are_those_of_the_ledger(desk):
    answer = desk.looking.rejected("desk", page=Page(1_000))
    meant = ledger(desk)
    assert (answer.total, answer.rejected, answer.read) == (len(meant), len(meant), 50)
    assert [place(one) for one in answer.rows] == [place(one) for one in meant]
    for row, one in zip(answer.rows, meant, strict=True):
        assert (row.outcome, row.stage, row.code) == (one.outcome, one.stage, one.code)
        assert (row.value, row.threshold) == (one.value, one.threshold)
        twin = one.twin
        assert (row.twin_id, row.similarity) == ((twin.id, twin.similarity) if twin else (None, None))
        assert row.text or row.message
        if row.id is not None:
            assert row.text.split("\n")[0] == desk.example(row.id).input
    assert {one.stage for one in answer.rows} >= {"read", "identical", "exact_dedup", "near_dedup", "length"}
    assert json.dumps(answer.as_json())


@pytest.mark.parametrize(
    "sort", ["record", "-record", "value", "-value", "similarity", "-similarity", "sample"]
)
def test_pages_visit_every_record_once_forwards_and_backwards(desk, sort):
    whole = [place(one) for one in desk.looking.rejected("desk", page=Page(1_000, sort), seed=3).rows]
    assert sorted(whole) == sorted(map(place, ledger(desk)))
    for limit in (1, 3, 100):
        page, seen, answers = Page(limit, sort), [], []
        while True:
            answers.append(desk.looking.rejected("desk", page=page, seed=3))
            seen += [place(one) for one in answers[-1].rows]
            if answers[-1].next is None:
                break
            page = Page(limit, sort, after=answers[-1].next)
        assert seen == whole
        back, answer = [place(one) for one in answers[-1].rows], answers[-1]
        while answer.previous is not None:
            answer = desk.looking.rejected("desk", page=Page(limit, sort, before=answer.previous), seed=3)
            back = [place(one) for one in answer.rows] + back
        assert back == whole


def test_orders_and_samples(desk):
    def ordered(sort, seed=0):
        return desk.looking.rejected("desk", page=Page(1_000, sort), seed=seed).rows

    values = [one.value for one in ordered("-value")]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=True) and values[len(known) :] == [None] * (
        len(values) - len(known)
    )
    assert ordered("sample", 1) == ordered("sample", 1) != ordered("sample", 2)
    with pytest.raises(UsageError, match="not sorted by"):
        ordered("code")
    key = desk.looking.rejected("desk", page=Page(2, "sample"), seed=1).next
    with pytest.raises(UsageError, match="no key"):
        desk.looking.rejected("desk", page=Page(2, "sample", after=key), seed=2)


WORDS = ["退款", "Fine", "nothing", "Thanks again", "case", "好"]


def test_choosing_and_counting_say_what_a_loop_says(desk):
    everything = desk.looking.rejected("desk", page=Page(1_000)).rows
    stages = sorted({one.stage for one in everything})
    codes = sorted({one.code for one in everything})
    sources = sorted({one.source for one in everything})

    @settings(deadline=None, max_examples=40)
    @given(
        st.lists(st.sampled_from(stages), max_size=2),
        st.lists(st.sampled_from(codes), max_size=2),
        st.lists(st.sampled_from(sources), max_size=1),
        st.sampled_from(["", *(f'"{word}"' for word in WORDS), *(f'-"{word}"' for word in WORDS)]),
    )
    def check(stage, code, source, text):
        answer = desk.looking.rejected(
            "desk", stage=stage, code=code, source=source, text=text, page=Page(1_000)
        )
        word = text.strip('-"').casefold()

        def chosen(one, but=None):
            said = word in one.text.casefold() if word else True
            return (
                said != (text[:1] == "-" and bool(word))
                and (but == "stage" or not stage or one.stage in stage)
                and (but == "code" or not code or one.code in code)
                and (but == "source" or not source or one.source in source)
            )

        assert [place(one) for one in answer.rows] == [place(one) for one in everything if chosen(one)]
        for facet in answer.facets:
            for one in facet.values:
                among = [row for row in everything if chosen(row, facet.field)]
                assert one.rows == sum(getattr(row, facet.field) == one.value for row in among)

    check()


def test_what_there_is_not(desk, registry):
    with pytest.raises(UsageError, match="with the stage 'pii'") as caught:
        desk.looking.rejected("desk", stage=["pii"])
    assert "near_dedup" in caught.value.hint
    with pytest.raises(UsageError, match="searched by words alone"):
        desk.looking.rejected("desk", text="lang:zh")
    with pytest.raises(NotFound):
        desk.looking.rejected("nothing")


def test_a_version_without_a_curation_has_no_ledger():
    from assay.registry import Registry
    from assay.store.memory import MemoryStorage
    from tests.store import drafts

    storage = MemoryStorage()
    drafts.Registry(storage).commit("a", None, {"train": ["one"]})
    bare = Registry(storage, None, "mira")
    with pytest.raises(NotFound, match="no curation led to a@v1"):
        bare.looking.rejected("a")
    assert bare.looking.explore("a").total == 1


def test_the_ledger_of_the_nearest_curation(desk, write):
    desk.keeping.disable("desk", [desk.version("desk").head(1)[0].name], "wrong")
    assert desk.looking.rejected("desk").version == "desk@v1"
    desk.import_("desk", [write("c.jsonl", [ticket(80), ticket(80)])], add=True)
    assert [place(one)[1] for one in desk.looking.rejected("desk").rows] == [2]


# restore


def rejected(registry, stage, text=""):
    return desk_row(registry, stage, text)[0]


def desk_row(registry, stage, text=""):
    return [
        (one.source, one.record)
        for one in registry.looking.rejected("desk", stage=[stage], text=text, page=Page(100)).rows
    ]


def test_a_restored_record_stands_in_the_next_version_with_its_provenance(desk):
    before = desk.version("desk")
    members = {example.name for example in before}
    row = next(one for one in desk.looking.rejected("desk", stage=["near_dedup"]).rows)
    done = desk.looking.restore("desk", [(row.source, row.record)], "it says something else")
    assert (done.version, [one.id for one in done.records]) == ("desk@v2", [row.id])
    now = desk.version("desk")
    assert {example.name for example in now} == members | {row.id}
    assert {example.name for example in desk.version("desk@v1")} == members
    back = next(example for example in now if example.name == row.id)
    assert (back.provenance["source"], back.provenance["record"]) == (row.source, row.record)
    twin = next(example for example in now if example.name == row.twin_id)
    assert back.split == twin.split == done.records[0].split
    last = desk.log("desk")[-1]
    assert last.action == RESTORE and desk.said(last) == "it says something else"
    assert "something else" not in str(last.body) and last.seq == done.operation
    assert desk.why("desk", row.source, row.record).outcome == "rejected"  # the ledger stays what it is
    assert desk.verify().ok
    assert desk.refs.blame("desk", row.id).brought.action == RESTORE
    assert desk.trace(row.id).versions[0].first == 2
    assert desk.looking.explore("desk", "", Page(1_000)).total == len(members) + 1
    with pytest.raises(UsageError, match=r"stands in desk@v2"):
        desk.looking.restore("desk", [(row.source, row.record)], "again")


def test_several_at_once_a_split_and_a_dry_run(desk):
    records = desk_row(desk, "length")
    planned = desk.looking.restore("desk", records, "short is fine", split="test", dry_run=True)
    assert planned.version is None and len(desk.log("desk")) == 1
    done = desk.looking.restore("desk", records, "short is fine", split="test")
    assert {one.split for one in done.records} == {"test"} and len(done.records) == len(records)
    assert [one.id for one in done.records] == [one.id for one in planned.records]
    assert desk.version("desk").counts["test"] == desk.version("desk@v1").counts["test"] + len(records)
    assert len(desk.diff("desk@v1", "desk@v2").added) == len(records)


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (("a.jsonl", 1), "was kept"),
        (("a.jsonl", 43), "malformed"),
        (("a.jsonl", 41), "stands in desk@v1"),
    ],
)
def test_what_cannot_be_restored(desk, record, says):
    with pytest.raises(UsageError, match=says) as caught:
        desk.looking.restore("desk", [(*record,)], "please")
    assert caught.value.hint
    assert len(desk.log("desk")) == 1


def test_all_or_none_and_a_reason(desk):
    good = rejected(desk, "near_dedup")
    with pytest.raises(UsageError, match="was kept"):
        desk.looking.restore("desk", [good, ("a.jsonl", 1)], "please")
    with pytest.raises(UsageError, match="no reason"):
        desk.looking.restore("desk", [good], "  ")
    with pytest.raises(UsageError, match="records to restore"):
        desk.looking.restore("desk", [], "please")
    with pytest.raises(NotFound, match="no record 999"):
        desk.looking.restore("desk", [("a.jsonl", 999)], "please")
    with pytest.raises(UsageError, match="past"):
        desk.at("2099-01-01").looking.restore("desk", [good], "please")
    assert len(desk.log("desk")) == 1


def test_disabled_and_forgotten_ones_stay_away(desk, write):
    one, other = desk_row(desk, "near_dedup")[:2]
    first = desk.looking.restore("desk", [one], "please").records[0]
    desk.keeping.disable("desk", [first.id], "no")
    with pytest.raises(UsageError, match="is disabled") as caught:
        desk.looking.restore("desk", [one], "please")
    assert "assay enable desk --id" in caught.value.hint
    row = next(r for r in desk.looking.rejected("desk", page=Page(100)).rows if (r.source, r.record) == other)
    desk.keeping.forget([row.id], "asked to")
    with pytest.raises(UsageError, match="was forgotten"):
        desk.looking.restore("desk", [other], "please")
    again = next(
        r for r in desk.looking.rejected("desk", page=Page(100)).rows if (r.source, r.record) == other
    )
    assert again.text == ""


def test_a_row_with_an_eval_item_stays_out_of_training_rows(desk, write):
    recipe = assay.Recipe.model_validate(RECIPE)
    desk.freeze(
        "quiz",
        [write("quiz.jsonl", [{"question": QUESTION, "answer": "Forty-one of them, and two masters."}])],
    )
    desk.curate("quizzed", [write("c.jsonl", [ticket(n) for n in range(20)] + [LEAKED])], recipe=recipe)
    (record,) = [
        (one.source, one.record) for one in desk.looking.rejected("quizzed", stage=["decontaminate"]).rows
    ]
    with pytest.raises(UsageError, match="frozen eval set") as caught:
        desk.looking.restore("quizzed", [record], "please", split="train")
    assert "--split test" in caught.value.hint
    assert desk.looking.restore("quizzed", [record], "please", split="test").version == "quizzed@v2"


def test_a_policy_that_tolerates_some_lets_the_gate_decide(desk, write):
    recipe = assay.Recipe.model_validate(RECIPE)
    desk.freeze(
        "quiz",
        [write("quiz.jsonl", [{"question": QUESTION, "answer": "Forty-one of them, and two masters."}])],
    )
    desk.curate("quizzed", [write("c.jsonl", [ticket(n) for n in range(20)] + [LEAKED])], recipe=recipe)
    (row,) = desk.looking.rejected("quizzed", stage=["decontaminate"]).rows
    for rate, passes in ((0.001, False), (0.5, True)):
        desk.policies.set({"rules": [{"contamination": {"max_rate": rate, "commit": "refuse"}}]})
        if passes:
            assert desk.looking.restore("quizzed", [(row.source, row.record)], "ok", split="train").version
        else:
            with pytest.raises(GateFailed):
                desk.looking.restore("quizzed", [(row.source, row.record)], "ok", split="train")


def test_whoever_comes_second_with_the_same_record_conflicts(desk, monkeypatch):
    record = rejected(desk, "near_dedup")
    from assay.registry.curating import restoring

    real = restoring.commit_version

    def late(registry, draft):
        monkeypatch.setattr(restoring, "commit_version", real)
        desk.looking.restore("desk", [record], "first")
        return real(registry, draft)

    monkeypatch.setattr(restoring, "commit_version", late)
    with pytest.raises(Conflict):
        desk.looking.restore("desk", [record], "second")


def test_others_do_not_conflict(desk, monkeypatch):
    one, other = desk_row(desk, "near_dedup")[:2]
    from assay.registry.curating import restoring

    real = restoring.commit_version

    def late(registry, draft):
        monkeypatch.setattr(restoring, "commit_version", real)
        desk.looking.restore("desk", [one], "first")
        return real(registry, draft)

    monkeypatch.setattr(restoring, "commit_version", late)
    assert desk.looking.restore("desk", [other], "second").version == "desk@v3"


def test_a_later_addition_keeps_what_was_restored(desk, write):
    record = rejected(desk, "near_dedup")
    back = desk.looking.restore("desk", [record], "please").records[0].id
    desk.curate(
        "desk", [write("c.jsonl", [ticket(90)])], recipe=assay.Recipe.model_validate(RECIPE), add=True
    )
    assert back in {example.name for example in desk.version("desk")}
    assert desk.verify().ok


def test_equal_ledgers_of_two_versions_are_not_taken_for_one_another(tmp_path):
    registry = assay.init(tmp_path / "registry", actor="mira")
    for text in ("first", "second"):
        lines = [json.dumps({"input": f"{text} question", "output": "yes"})] * 2
        (tmp_path / "a.jsonl").write_text("\n".join(lines))
        registry.curate("x", [str(tmp_path / "a.jsonl")], recipe="import")
    told = [registry.looking.rejected(f"x@v{n}") for n in (1, 2)]
    assert [one.version for one in told] == ["x@v1", "x@v2"]
    assert [one.rows[0].text.split()[0] for one in told] == ["first", "second"]
