"""Review through the registry: queues drawn, verdicts given at once, versions made, gold sets frozen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import assay
from assay.errors import BadInput, Conflict, NotFound, UsageError
from assay.model.example import Example
from assay.registry import Registry
from assay.registry.governing.annotating import annotate
from assay.registry.review.edit_pairs import pair
from assay.registry.review.edited import checked_edit
from assay.registry.review.gold import create_gold, freeze_gold
from assay.registry.review.results import Given, Rules
from assay.registry.review.samples import Drawing, quotas

from .conftest import ticket

TOPICS = ("refund", "printer", "账单")


def rows(n: int) -> list[dict[str, Any]]:
    out = [ticket(k, topic=TOPICS[k % 3], meta={"team": "support"}) for k in range(n)]
    for k in range(0, n, 4):
        out[k]["input"] = f"订单 {k * 7919} 什么时候到？ {out[k]['input'][-60:]}"
    return out


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows(60)))
    assay.init(tmp_path / "r", actor="mira").import_("desk", [str(tmp_path / "a.jsonl")])
    return tmp_path / "r"


def as_(root: Path, actor: str) -> Registry:
    return assay.open(root, actor=actor)


def edited(example: Example, more: str = " 谢谢。") -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(json.dumps(example.payload))
    payload["messages"][-1]["content"] += more
    return payload


def give(root: Path, actor: str, queue: str, id_: str, verdict: str, **more: Any) -> None:
    as_(root, actor).reviews.give(queue, [Given(id_, verdict, **more)])


# -- drawing ----------------------------------------------------------------------------------------------------------


def test_the_same_drawing_draws_the_same_and_another_seed_does_not(root: Path) -> None:
    reviews = as_(root, "mira").reviews
    one, same, other, more = (
        reviews.create(f"q{k}", "desk", Drawing("random", n, seed)).queue.ids
        for k, (n, seed) in enumerate([(20, 1), (20, 1), (20, 2), (30, 1)])
    )
    assert one == same != other and one < more and len(one) == 20


def test_strata_are_fields_facts_and_splits(root: Path) -> None:
    registry = as_(root, "mira")
    made = registry.reviews.create("by-topic", "desk", Drawing("stratified", 9, by="topic"))
    assert sorted(made.queue.strata.values()) == sorted(TOPICS * 3)
    assert registry.reviews.create("default", "desk", Drawing("stratified", 9)).queue.by == "topic"
    nested = registry.reviews.create("nested", "desk", Drawing("stratified", 5, by="meta.team"))
    assert set(nested.queue.strata.values()) == {"support"}
    some = [e.name for e in registry.version("desk").head(6)]
    annotate(registry, "desk", as_ids_of(some), {"tone": "rude"}, False)
    tone = registry.reviews.create("tone", "desk", Drawing("stratified", 20, by="tone"))
    assert sorted(set(tone.queue.strata.values())) == ["", "rude"]
    chosen = registry.reviews.create("where", "desk", Drawing(where="tone = 'rude'"))
    assert {i.hex() for i in chosen.queue.ids} == set(some)
    with pytest.raises(UsageError, match="states its colour"):
        registry.reviews.create("x", "desk", Drawing("stratified", 5, by="colour"))


def as_ids_of(names: list[str]) -> Any:
    from assay.kernels.ids import sorted_ids

    return sorted_ids(bytes.fromhex(one) for one in names)


@given(
    st.dictionaries(st.text("abc账单", min_size=1, max_size=3), st.integers(1, 200), min_size=1),
    st.integers(1, 300),
)
@settings(deadline=None, max_examples=150)
def test_quotas_are_shares_with_one_of_each_where_there_is_room(sizes: dict[str, int], n: int) -> None:
    quota = quotas(sizes, n)
    total = sum(sizes.values())
    assert sum(quota.values()) == min(n, total)
    assert all(0 <= quota[s] <= sizes[s] for s in sizes)
    if n >= len(sizes):
        assert all(quota[s] >= 1 for s in sizes)
    else:
        assert all(quota[s] <= 1 for s in sizes)


def test_an_edge_is_what_just_passes_and_just_fails(root: Path, tmp_path: Path) -> None:
    texts = [
        {"input": f"Question {k} 问题 {k * 7919}?", "output": " ".join(f"w{k}x{j}" for j in range(k))}
        for k in range(1, 30)
    ]
    (tmp_path / "b.jsonl").write_text("".join(json.dumps(r) + "\n" for r in texts))
    registry = as_(root, "mira")
    recipe = tmp_path / "r.yaml"
    recipe.write_text("stages:\n  - length: {min_output: 10, min_input: 1, max_output: 5000}\n")
    registry.curate("edges", [str(tmp_path / "b.jsonl")], recipe=str(recipe))
    made = registry.reviews.create("e", "edges", Drawing("edge", 40, stage="length"))
    fate = {len(registry.example(i.hex()).output.split()): f for i, f in made.queue.strata.items()}
    assert fate[9] == "fails" and fate[10] == "passes" and made.queue.by == "fate"
    few = registry.reviews.create("few", "edges", Drawing("edge", 2, stage="length"))
    assert len(few.queue.ids) == 2
    for stage, match in ((None, "of a stage's threshold"), ("toxicity", "has no stage")):
        with pytest.raises(UsageError, match=match):
            registry.reviews.create("x", "edges", Drawing("edge", 2, stage=stage))
    rejected = next(i for i, f in made.queue.strata.items() if f == "fails")
    give(root, "ann", "e", rejected.hex(), "accept")
    assert as_(root, "mira").reviews.apply("e").outside == 1


def test_disagreement_is_where_two_scores_are_furthest_apart(root: Path) -> None:
    registry = as_(root, "mira")
    examples = registry.version("desk").head(5)
    for k, e in enumerate(examples):
        annotate(registry, "desk", as_ids_of([e.name]), {"judge_a": 5.0, "judge_b": float(5 - k)}, False)
    made = registry.reviews.create("d", "desk", Drawing("disagreement", 2, between=("judge_a", "judge_b")))
    assert {i.hex() for i in made.queue.ids} == {e.name for e in examples[3:]}
    with pytest.raises(NotFound, match="has the fact 'judge_c'"):
        registry.reviews.create("x", "desk", Drawing("disagreement", 2, between=("judge_a", "judge_c")))


def test_a_queue_is_refused_with_what_is_wrong(root: Path) -> None:
    registry = as_(root, "mira")
    registry.reviews.create("q", "desk", Drawing("random", 3))
    for name, drawing, rules, error, match in (
        ("q", Drawing("random", 3), Rules(), Conflict, "a queue 'q' already"),
        ("../q", Drawing(), Rules(), UsageError, "cannot name a queue"),
        ("a", Drawing("odd", 3), Rules(), UsageError, "no sample"),
        ("a", Drawing("random", 0), Rules(), UsageError, "0 examples"),
        ("a", Drawing(), Rules(reviewers=3), UsageError, "3 reviewers"),
        ("a", Drawing(), Rules(min_agreement=1.5), UsageError, "1.5"),
        ("a", Drawing(), Rules(auto=("\x1b",)), UsageError, "auto-reviewer"),
        ("a", Drawing(), Rules(gold=5), NotFound, "0 answers are known"),
        ("a", Drawing(reviewed_by="nobody"), Rules(), NotFound, "reviewed nothing"),
    ):
        with pytest.raises(error, match=match):
            registry.reviews.create(name, "desk", drawing, rules)
    before = len(registry.log())
    assert registry.reviews.create("dry", "desk", Drawing("random", 7), dry_run=True).states["open"] == 7
    assert len(registry.log()) == before
    with pytest.raises(UsageError, match="past"):
        registry.at("2099-01-01").reviews.create("z", "desk", Drawing("random", 3))


# -- judging ----------------------------------------------------------------------------------------------------------


def test_two_people_judge_blind_and_a_third_decides(root: Path) -> None:
    as_(root, "mira").reviews.create("q", "desk", Drawing("random", 6), Rules(reviewers=2), note="礼貌吗？")
    for who in ("ann", "bob"):
        reviews = as_(root, who).reviews
        for k in range(6):
            shown = reviews.next("q")
            assert shown is not None and shown.left == 6 - k and not shown.said
            if k == 2:
                reviews.give(
                    "q",
                    [Given(shown.example.name, "edit", payload=edited(shown.example, who), comment="更好")],
                )
            else:
                reviews.give("q", [Given(shown.example.name[:10], "accept")])
        assert reviews.next("q") is None
    status = as_(root, "mira").reviews.status("q")
    assert status.note == "礼貌吗？" and status.states["in conflict"] in (1, 2)
    for who in ("ann", "bob"):
        assert as_(root, who).reviews.next("q", conflicts=True) is None
    cat = as_(root, "cat").reviews
    while (shown := cat.next("q", conflicts=True)) is not None:
        edits = [verdict for verdict, _ in shown.said if verdict.edited]
        assert {comment for _, comment in shown.said} >= {"更好"}
        cat.adjudicate("q", [Given(shown.example.name, "edit" if len(edits) == 1 else "reject")])
    assert as_(root, "mira").reviews.status("q").states["decided"] == 6
    text = b"".join(p.read_bytes() for p in (root / "log").iterdir())
    assert "更好".encode() not in text and "礼貌".encode() not in text and b'"accept"' not in text


def test_rules_are_kept_at_the_door(root: Path) -> None:
    as_(root, "mira").reviews.create("q", "desk", Drawing("random", 4))
    ann, bob = as_(root, "ann").reviews, as_(root, "bob").reviews
    first = ann.next("q")
    assert first is not None
    one = first.example
    ann.give("q", [Given(one.name, "accept")])
    with pytest.raises(Conflict, match="judged by ann"):
        bob.give("q", [Given(one.name, "reject")])
    ann.give("q", [Given(one.name, "reject")])
    assert ann.show("q", one.name[:12]).said[0][0].verdict == "reject"
    before = len(as_(root, "x").log())
    for given_, match in (
        ([Given("0" * 64, "accept")], "not in the queue"),
        ([Given(one.name, "maybe")], "no verdict"),
        ([Given(one.name, "edit")], "no payload"),
        ([Given(one.name, "edit", payload=dict(one.payload))], "changes nothing"),
        ([Given(one.name, "accept", payload=edited(one))], "not edited"),
        ([Given(one.name, "edit", payload={"text": "x"})], "of kind text"),
        ([Given(one.name, "edit", payload={**edited(one), "score": 1})], "more than a payload"),
        ([Given(one.name, "edit", payload={"messages": "x"})], "is no payload"),
        ([Given(one.name, "accept"), Given(one.name[:8], "reject")], "two verdicts"),
        ([Given(one.name, "accept", tags={"a": "x\n"})], "no value"),
        ([], "0 verdicts"),
    ):
        with pytest.raises(UsageError, match=match):
            ann.give("q", given_)
    with pytest.raises(Conflict, match="not in conflict"):
        bob.adjudicate("q", [Given(one.name, "accept")])
    assert ann.give("q", [Given(one.name, "accept")], dry_run=True) is None
    assert len(as_(root, "x").log()) == before


def test_an_example_that_is_gone_does_not_hold_up_the_queue(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = as_(root, "ann")
    registry.reviews.create("q", "desk", Drawing("random", 3))
    first = registry.reviews.next("q")
    assert first is not None
    found = Registry.example

    def example(self: Registry, id: str) -> Example:
        if first.example.name == id:
            raise NotFound("it was erased")
        return found(self, id)

    monkeypatch.setattr(Registry, "example", example)
    second = registry.reviews.next("q")
    assert second is not None and second.example.id != first.example.id and second.left == 2


def test_counts_of_hidden_verdicts_say_no_more_than_that(root: Path) -> None:
    as_(root, "mira").reviews.create("q", "desk", Drawing("random", 2), Rules(reviewers=2))
    shown = as_(root, "ann").reviews.next("q")
    assert shown is not None
    give(root, "ann", "q", shown.example.name, "reject")
    assert as_(root, "bob").reviews.status("q").verdicts == {"ann": {"hidden": 1}}
    assert as_(root, "ann").reviews.status("q").verdicts == {"ann": {"reject": 1}}
    assert dict(as_(root, "bob").reviews.agreement("q").reviewers[0].verdicts) == {}


WORKER = """
import json, sys
import assay
from assay.errors import Conflict
from assay.registry.review.results import Given
root, who, turns = sys.argv[1:]
done = []
for _ in range(int(turns)):
    reviews = assay.open(root, actor=who).reviews
    shown = reviews.next("q")
    if shown is None:
        break
    try:
        reviews.give("q", [Given(shown.example.name, "reject" if shown.example.id[0] % 2 else "accept", comment=who)])
        done.append(shown.example.name)
    except Conflict:
        pass
print(json.dumps(done))
"""


@pytest.mark.parametrize("reviewers", [1, 2])
def test_people_in_processes_of_their_own_lose_nothing(root: Path, reviewers: int) -> None:
    as_(root, "mira").reviews.create("q", "desk", Drawing("random", 12), Rules(reviewers=reviewers))
    people = ("ann", "bob", "cat")
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(root), who, "20"], stdout=subprocess.PIPE, text=True
        )
        for who in people
    ]
    told = {who: json.loads(p.communicate()[0]) for who, p in zip(people, started, strict=True)}
    found = as_(root, "mira").reviews.fold()
    judged = found.named("q")
    assert not found.refused
    for who in people:
        assert sorted(told[who]) == sorted(
            i.hex() for i in judged.queue.ids if who in judged.case(i).verdicts
        )
    assert sum(map(len, told.values())) == 12 * reviewers
    assert all(judged.state(i) == "decided" for i in judged.queue.ids)
    assert not as_(root, "mira").verify().damage


# -- what follows -----------------------------------------------------------------------------------------------------


def test_decisions_make_the_next_version_in_one_operation(root: Path, tmp_path: Path) -> None:
    mira = as_(root, "mira")
    mira.reviews.create("q", "desk", Drawing("random", 5))
    examples = [mira.example(i.hex()) for i in sorted(mira.reviews.fold().named("q").queue.ids)]
    keep, gone, old, other, left = examples
    give(root, "ann", "q", keep.name, "accept")
    give(root, "ann", "q", gone.name, "reject")
    give(root, "ann", "q", old.name, "edit", payload=edited(old))
    longer = {
        "messages": [
            *edited(other)["messages"],
            {"role": "user", "content": "再来"},
            {"role": "assistant", "content": "好"},
        ]
    }
    give(root, "bob", "q", other.name, "edit", payload=longer)
    dry = mira.reviews.apply("q", dry_run=True)
    assert (dry.version, dry.rejected, dry.edited, dry.accepted, dry.undecided) == (None, 1, 2, 1, 1)
    done = as_(root, "mira").reviews.apply("q", reason="第一轮")
    assert done.version == "desk@v2"
    registry = as_(root, "x")
    diff = registry.diff("desk@v1", "desk@v2")
    assert ([c.id for c in diff.removed], len(diff.edited), diff.added) == ([gone.id], 2, ())
    new = {e.provenance.get("derived_from"): e for e in registry.version("desk@v2")}
    made = new[json.dumps([old.name])]
    assert made.output.endswith("谢谢。") and made.provenance["record"] == old.provenance["record"]
    assert registry.example(old.name).payload == old.payload, "the original is kept"
    registry.export("desk@v2", str(tmp_path / "out"))
    written = [
        json.loads(line) for line in (tmp_path / "out" / "train.jsonl").read_text("utf-8").splitlines()
    ]
    assert len(written) == 59
    assert any(r.get("output", "").endswith("谢谢。") and r.get("topic") in TOPICS for r in written)
    assert any(len(r.get("messages", ())) == 4 and r.get("topic") in TOPICS for r in written), (
        "another shape carries it"
    )
    last = registry.log()[-1]
    assert set(last.body["left"]["ids"]) == {gone.name, old.name, other.name} and last.body["count"] == 4
    assert (last.action, last.body["queue"], registry.said(last)) == ("apply", "q", "第一轮")
    assert registry.trace(made.name).versions[0].first == 2 and not registry.verify().damage
    with pytest.raises(UsageError, match="decided nothing"):
        as_(root, "mira").reviews.apply("q")
    with pytest.raises(Conflict, match="in a version already"):
        give(root, "ann", "q", gone.name, "accept")
    assert registry.reviews.status("q").applied == 4 and left.name


def test_a_version_made_meanwhile_keeps_its_changes(root: Path, tmp_path: Path) -> None:
    mira = as_(root, "mira")
    mira.reviews.create("q", "desk", Drawing("random", 2))
    ids = [i.hex() for i in sorted(mira.reviews.fold().named("q").queue.ids)]
    give(root, "ann", "q", ids[0], "reject")
    (tmp_path / "b.jsonl").write_text(json.dumps(ticket(9_999)) + "\n")
    mira.import_("desk", [str(tmp_path / "b.jsonl")], add=True)
    assert mira.reviews.apply("q").version == "desk@v3"
    assert len(as_(root, "x").version("desk")) == 60
    give(root, "ann", "q", ids[1], "accept")
    same = mira.reviews.apply("q")
    assert (same.version, same.accepted) == (None, 1), "nothing to change makes no version"


def test_edits_in_a_chain_and_in_a_circle_end_where_they_should(root: Path) -> None:
    mira = as_(root, "mira")
    a, b, c = mira.version("desk").head(3)
    mira.reviews.create("q", "desk", Drawing(ids=(a.name, b.name, c.name)))
    give(root, "ann", "q", a.name, "edit", payload=dict(b.payload))
    give(root, "bob", "q", b.name, "edit", payload=dict(a.payload))
    give(root, "bob", "q", c.name, "edit", payload=dict(a.payload))
    mira.reviews.apply("q", reason="swap")
    held = {e.id for e in as_(root, "x").version("desk")}
    assert c.id not in held and a.id in held and b.id in held
    assert not as_(root, "x").verify().damage


def test_an_edit_that_holds_a_frozen_item_stays_out(root: Path, tmp_path: Path) -> None:
    question = "What is the exact melting point of the legendary metal orichalcum at sea level pressure?"
    (tmp_path / "eval.jsonl").write_text(
        json.dumps({"question": question, "answer": "It melts at nine hundred."}) + "\n"
    )
    mira = as_(root, "mira")
    mira.freeze("exam", [str(tmp_path / "eval.jsonl")])
    mira.reviews.create("q", "desk:train", Drawing("random", 2))
    one, two = (mira.example(i.hex()) for i in sorted(mira.reviews.fold().named("q").queue.ids))
    payload = edited(one)
    payload["messages"][0]["content"] = question
    give(root, "ann", "q", one.name, "edit", payload=payload)
    give(root, "ann", "q", two.name, "reject")
    done = mira.reviews.apply("q")
    assert done.contaminated == (one.name,) and (done.edited, done.rejected) == (0, 1)
    assert one.id in {e.id for e in as_(root, "x").version("desk")}


def test_an_edit_into_what_is_disabled_stays_out(root: Path, tmp_path: Path) -> None:
    mira = as_(root, "mira")
    mira.reviews.create("q", "desk", Drawing("random", 2))
    one, two = (mira.example(i.hex()) for i in sorted(mira.reviews.fold().named("q").queue.ids))
    give(root, "ann", "q", one.name, "edit", payload=edited(one))
    give(root, "ann", "q", two.name, "reject")
    barred_id = checked_edit(one, edited(one)).hex()
    (tmp_path / "bad.jsonl").write_text(json.dumps(edited(one)) + "\n", encoding="utf-8")
    mira.import_("desk", [str(tmp_path / "bad.jsonl")], add=True)
    mira.keeping.disable("desk", [barred_id], "不好")
    done = mira.reviews.apply("q")
    assert done.barred == (one.name,) and (done.edited, done.rejected, done.version) == (0, 1, "desk@v4")


def test_edits_are_exported_as_preference_pairs(root: Path, tmp_path: Path) -> None:
    mira = as_(root, "mira")
    mira.reviews.create("q", "desk", Drawing("random", 2))
    one, two = (mira.example(i.hex()) for i in sorted(mira.reviews.fold().named("q").queue.ids))
    give(root, "ann", "q", one.name, "edit", payload=edited(one))
    other = edited(two)
    other["messages"][0]["content"] += " 另外？"
    give(root, "ann", "q", two.name, "edit", payload=other)
    mira.reviews.apply("q")
    out = mira.export("desk@v2", str(tmp_path / "pairs"), format="edits")
    (record,) = [
        json.loads(line) for line in (tmp_path / "pairs" / "edits.jsonl").read_text("utf-8").splitlines()
    ]
    assert list(out.files.values()) == [1], "an edit of the question is no pair"
    assert (
        record["chosen"][0]["content"] == one.output + " 谢谢。"
        and record["rejected"][0]["content"] == one.output
    )
    assert (record["edited_by"], record["original_id"]) == ("ann", one.name)
    for id_ in (one.name, record["id"]):
        ((queue, verdict),) = mira.reviews.about(bytes.fromhex(id_))
        assert (queue, verdict.actor, verdict.verdict) == ("q", "ann", "edit")
        (chapter,) = [one for one in mira.trace(id_).chapters if one.name == "reviews"]
        assert {"edited_to": record["id"]}.items() <= chapter.rows[
            0
        ].items() or "edited_from" in chapter.rows[0]
    assert mira.export("desk@v1", str(tmp_path / "p1"), format="edits", dry_run=True).files == {
        str(tmp_path / "p1" / "edits.jsonl"): 0
    }
    taken = mira.import_("pairs", [str(tmp_path / "pairs" / "edits.jsonl")])
    assert taken.kept == 1 and mira.version("pairs").head(1)[0].kind == "preference"


def test_a_pair_needs_one_question() -> None:
    def talk(*texts: str) -> Example:
        roles = ("user", "assistant") * len(texts)
        return Example.of(
            {"messages": [{"role": r, "content": t} for r, t in zip(roles, texts, strict=False)]}
        )

    middle = pair(talk("q", "bad", "q2", "a2"), talk("q", "good", "q2", "a2"))
    assert middle is not None and (middle["chosen"][0]["content"], len(middle["prompt"])) == ("good", 1)
    assert pair(talk("q", "a"), talk("Q", "a")) is None
    text = {"prompt": "p", "completion": "c"}
    made = pair(Example.of(text), Example.of(text | {"completion": "好"}))
    assert made == {"prompt": "p", "chosen": "好", "rejected": "c"}
    assert pair(Example.of({"text": "a"}), Example.of({"text": "b"})) is None


def test_an_edit_is_a_payload_of_its_kind() -> None:
    for payload in ({"text": "甲"}, {"text": "a", "label": 1}, {"prompt": "p", "completion": "c"}):
        one = Example.of(payload)
        assert checked_edit(one, payload) == one.id
    with pytest.raises(UsageError, match="null or empty"):
        checked_edit(Example.of({"text": "a"}), {"text": "b", "label": None})


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_queue_goes_out_and_comes_back_with_verdicts(root: Path, tmp_path: Path) -> None:
    mira, ann, file = as_(root, "mira"), as_(root, "ann"), tmp_path / "q.jsonl"
    mira.reviews.create("q", "desk", Drawing("random", 20), Rules(reviewers=2))
    assert ann.reviews.export("q", str(file)) == 20
    out = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert all(r["verdict"] == "" and r["said"] == [] for r in out) and "gold" not in json.dumps(out)
    for k, row in enumerate(out):
        row["verdict"] = ["accept", "reject", "skip", "edit", ""][k % 5]
        if row["verdict"] == "edit":
            row["payload"]["messages"][-1]["content"] = "重写"
        row["tags"], row["score"] = {"语气": "好"}, 4
    file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in out), "utf-8")
    assert ann.reviews.import_("q", str(file), dry_run=True)["accept"] == 4
    before = len(mira.log())
    counts = ann.reviews.import_("q", str(file))
    assert counts == {"accept": 4, "reject": 4, "edit": 4, "skip": 4, "unchanged": 0, "without_verdict": 4}
    assert len(as_(root, "x").log()) == before + 1, "one operation"
    assert as_(root, "ann").reviews.import_("q", str(file))["unchanged"] == 16
    assert as_(root, "bob").reviews.export("q", str(tmp_path / "b.jsonl")) == 20
    assert '"ann"' not in (tmp_path / "b.jsonl").read_text("utf-8"), "blind"


def test_a_file_with_one_bad_row_gives_nothing(root: Path, tmp_path: Path) -> None:
    mira, file = as_(root, "mira"), tmp_path / "q.jsonl"
    mira.reviews.create("q", "desk", Drawing("random", 3))
    mira.reviews.export("q", str(file))
    good = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    good[0]["verdict"] = "accept"
    before = len(mira.log())
    changed = json.loads(json.dumps(good[1]))
    changed["payload"]["messages"][0]["content"] = "x"
    bad = [
        "[1]", "{", '{"verdict":"accept"}', json.dumps(changed), json.dumps(good[1] | {"verdict": "ok"}),
        json.dumps(good[1] | {"verdict": "edit"}), json.dumps(good[1] | {"verdict": "accept", "score": "5"}),
    ]  # fmt: skip
    for line in bad:
        file.write_text(json.dumps(good[0]) + "\n" + line + "\n", "utf-8")
        with pytest.raises(BadInput, match="line 2"):
            mira.reviews.import_("q", str(file))
    assert len(mira.log()) == before
    with pytest.raises(NotFound, match="no file"):
        mira.reviews.import_("q", str(tmp_path / "none"))


# -- gold -------------------------------------------------------------------------------------------------------------


def test_a_gold_set_is_judged_frozen_guards_and_measures(root: Path, tmp_path: Path) -> None:
    mira = as_(root, "mira")
    create_gold(mira, "exam", "desk", Drawing("stratified", 12), Rules(reviewers=2))
    with pytest.raises(UsageError, match="nothing of exam"):
        freeze_gold(mira, "exam")
    ids = [i.hex() for i in sorted(mira.reviews.fold().named("exam").queue.ids)]
    for who in ("ann", "bob"):
        as_(root, who).reviews.give(
            "exam", [Given(i, "reject" if k < 4 else "accept") for k, i in enumerate(ids[:10])]
        )
    one = mira.example(ids[10])
    for who in ("ann", "bob"):
        give(root, who, "exam", ids[10], "edit", payload=edited(one))
    status = as_(root, "mira").reviews.gold("exam")
    assert sum(fit for _, _, fit in status.coverage.values()) == 7 and set(status.coverage) == set(TOPICS)
    assert status.agreement.overall["percent"].value == 1.0 and status.frozen is None
    assert freeze_gold(mira, "exam", dry_run=True).status == "dry_run"
    frozen = freeze_gold(mira, "exam")
    assert (frozen.status, frozen.items) == ("frozen", 7)
    assert {v.version for v in frozen.findings} <= {"desk@v1"} and frozen.findings, (
        "they stand in the version they are of"
    )
    assert as_(root, "mira").reviews.gold("exam").frozen == 7
    again = mira.curate("desk2", [str(tmp_path / "a.jsonl")])
    assert next(s.codes for s in again.stages if s.stage == "decontaminate"), (
        "they are kept out of training rows"
    )
    with pytest.raises(UsageError, match="frozen eval set already"):
        create_gold(mira, "exam", "desk")
    rest = tuple(e.name for e in mira.version("desk") if e.name not in ids)[:8]
    made = mira.reviews.create("next", "desk", Drawing(ids=rest), Rules(gold=6))
    assert len(made.queue.ids) == 14 and sorted(made.queue.gold.values()).count("accept") in (1, 2, 3)
    dee = as_(root, "dee").reviews
    while (shown := dee.next("next")) is not None:
        assert not {"gold", "answer"} & shown.as_json().keys()
        busy = dee.agreement("next").reviewers
        assert all(r.gold is None for r in busy), "not told while one may still judge"
        dee.give("next", [Given(shown.example.name, "accept")])
    figures = as_(root, "mira").reviews.agreement("next").reviewers[0].gold
    assert (
        figures is not None
        and figures.n == 6
        and figures.value == list(made.queue.gold.values()).count("accept") / 6
    )
    done = as_(root, "mira").reviews.apply("next", dry_run=True)
    assert done.accepted == 8, "known answers decide nothing"


def test_a_queue_is_no_gold_set(root: Path) -> None:
    mira = as_(root, "mira")
    mira.reviews.create("q", "desk", Drawing("random", 2))
    with pytest.raises(UsageError, match="no gold set"):
        mira.reviews.gold("q")


# -- reviewers --------------------------------------------------------------------------------------------------------


def test_the_blast_radius_of_a_reviewer_and_the_queue_that_mends_it(root: Path) -> None:
    mira = as_(root, "mira")
    mira.reviews.create("q", "desk", Drawing("random", 6))
    ids = [i.hex() for i in sorted(mira.reviews.fold().named("q").queue.ids)]
    for i in ids[:3]:
        give(root, "ann", "q", i, "accept")
    give(root, "ann", "q", ids[3], "edit", payload=edited(mira.example(ids[3])))
    mira.reviews.apply("q")
    mira.runs.link("desk@v2", "run-1")
    found = as_(root, "mira").radius("reviewer", "ann")
    assert [(v.ref, v.examples) for v in found.versions] == [("desk@v1", 4), ("desk@v2", 4)]
    assert found.examples == 5 and [r.name for r in found.runs] == ["run-1"]
    assert found.fixes[0][:6] == ("review", "create", "again-desk", "desk", "--reviewed-by", "ann")
    assert found.fixes[1][:2] == ("revoke", "desk@v2")
    again = as_(root, "bob").reviews.create("again-desk", "desk", Drawing(reviewed_by="ann"))
    assert len(again.queue.ids) == 4
    with pytest.raises(NotFound, match="'an' reviewed nothing") as caught:
        mira.radius("reviewer", "an")
    assert "ann" in caught.value.hint


def test_reviews_are_as_of_a_day(root: Path) -> None:
    mira = as_(root, "mira")
    mira.reviews.create("q", "desk", Drawing("random", 2))
    assert mira.at("2000-01-01").reviews.queues() == [] and len(mira.reviews.queues("desk")) == 1
    assert orjson.dumps([one.as_json() for one in mira.reviews.queues()])
