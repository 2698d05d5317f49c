"""What is kept of judging: forgetting reaches it, the folder of answers is bounded, storage gives back what it took."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import BudgetReached, Damaged, NotFound
from assay.judge.judgement import Judgement
from assay.kernels.ids import as_ids
from assay.model.operation import Operation
from assay.registry.judgement import answers
from assay.registry.judgement.evidence import about, judgement_of, judgements_in, known, write_judgements
from assay.store.memory import MemoryStorage
from assay.store.objects import Objects
from assay.testing.llm_server import LlmServer

from ..keeping.bytes_of import files_with
from .judged import BENCH, KEY, models, recipe, tickets, verdict

NAME = "Wilhelmina Ostrowska 银杏木马桶盖坏了三次"
PRIVATE = {
    "input": f"number 3 {NAME} wants to know where her parcel went and who signed for it yesterday?",
    "output": f"Dear {NAME}, your parcel lies at the station in the second street since Monday morning.",
}


def quoting(call):
    """A judge that quotes what it judges."""
    return verdict(4, reasoning=f"{NAME} was answered well." if NAME in call.prompt else "Good.")


@pytest.fixture
def judged(registry, write):
    """A version with one private example, all of it judged."""
    registry.import_("helpdesk", [write("a.jsonl", [*tickets(5), PRIVATE])])
    with LlmServer(quoting, key=KEY) as server:
        registry.judges.run("helpdesk", BENCH, models(server))
    return registry


def private_id(registry):
    return next(one.name for one in registry.version("helpdesk") if NAME in str(one.payload))


def test_forgetting_blanks_what_judges_said_and_empties_the_answers(judged):
    assert list((judged.root / "cache" / "answers").rglob("*.answer"))
    assert files_with(judged.root, NAME)
    from assay.registry.querying.choosing import chosen

    private = private_id(judged)
    receipt = judged.keeping.forget(chosen(judged, "helpdesk", ids=[private]), "asked for it")
    assert receipt.rewritten["table"] >= 2
    assert files_with(judged.root, NAME) == set()
    assert not list((judged.root / "cache" / "answers").rglob("*.answer"))
    assert not judged.verify().damage
    left = judged.query(
        "select outcome, scores, reasoning from judgements where reasoning is null"
    ).to_pylist()
    assert len(left) <= 1 and all(row["scores"] is None for row in left)
    with LlmServer(quoting, key=KEY) as server:
        done = judged.judges.run("helpdesk", BENCH, models(server))
        assert done.tally.examples == done.tally.reused == 5 and not server.exchanges


def test_what_was_judged_and_never_written_can_be_forgotten(registry, write, tmp_path):
    source = write("a.jsonl", [PRIVATE, *tickets(5)])
    with LlmServer(quoting, key=KEY) as server, pytest.raises(BudgetReached):
        registry.curate(
            "helpdesk", [source], recipe=recipe(tmp_path), models=models(server, budget=0.024, most=1)
        )
    assert registry.datasets() == []
    entries = registry.store.log.entries()
    (held,) = {one["judgements"] for one in (entry.body for entry in entries)}
    rows = judgements_in(registry.store.objects, entries[-1]).to_pylist()
    assert held and 0 < len(rows) < 6
    registry.keeping.forget(as_ids([row["id"] for row in rows]), "asked for it")
    after = judgements_in(Objects(registry.store.storage), replaced(registry, entries[-1]))
    assert {one for row in after.to_pylist() for one in (row["reasoning"], row["raw"], row["scores"])} == {
        None
    }
    with pytest.raises(NotFound):
        registry.keeping.forget(as_ids([b"\0" * 32]), "no such")


def replaced(registry, operation):
    """The operation with the object that stands in for its judgements."""
    from assay.store.erased import stands_in

    gone = stands_in(registry.store.objects, registry.store.log.entries())
    body = dict(operation.body) | {"judgements": gone[operation.body["judgements"]]}
    return replace(operation, body=body)


def test_a_forget_while_judging_leaves_nothing_behind(registry, write, monkeypatch):
    from assay.registry.judgement import recording as judge_recording
    from assay.registry.querying.choosing import chosen

    registry.import_("helpdesk", [write("a.jsonl", [*tickets(3), PRIVATE])])
    private = chosen(registry, "helpdesk", ids=[private_id(registry)])
    written = judge_recording.write_judgements
    done = []

    def meanwhile(objects, new):
        name = written(objects, new)
        if not done:
            done.append(registry.keeping.forget(private, "asked for it"))
        return name

    monkeypatch.setattr(judge_recording, "write_judgements", meanwhile)
    with LlmServer(quoting, key=KEY) as server:
        registry.judges.run("helpdesk", BENCH, models(server))
    assert done and registry.query("select * from judgements").num_rows == 3
    registry.gc(dry_run=False, grace_seconds=0)
    answers.empty(registry)
    assert files_with(registry.root, NAME) == set()


def aged(folder, name, seconds, size=10):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (seconds, seconds))


def test_the_oldest_answers_go_and_those_of_a_run_that_goes_on_stay(tmp_path):
    for k in range(5):
        aged(tmp_path, f"a{k}/a{k}.answer", 1_000 + k)
    aged(tmp_path, "fence.salt", 0)
    assert answers.trim(tmp_path, 2_000, limit=30) == 20
    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["a2.answer", "a3.answer", "a4.answer"]
    aged(tmp_path, "ff.run", 1_003)
    assert answers.trim(tmp_path, 2_000, limit=0) == 10
    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["a3.answer", "a4.answer"]
    assert answers.trim(tmp_path, 1_004 + answers.ABANDONED, limit=0) == 20
    assert (tmp_path / "fence.salt").exists() and not list(tmp_path.glob("*.run"))


def test_a_run_that_stops_leaves_its_mark_until_it_has_come_to_its_end(judged):
    folder = answers.folder_of(judged)
    assert list(folder.glob("*.run")) == []
    with pytest.raises(RuntimeError), answers.run_of(judged, "ab"):
        raise RuntimeError
    assert [path.name for path in folder.glob("*.run")] == ["ab.run"]
    with answers.run_of(judged, "ab"):
        pass
    assert list(folder.glob("*.run")) == []


def test_doctor_and_gc_know_the_folder(judged):
    folder = answers.folder_of(judged)
    (folder / answers.SALT).write_bytes(b"short")
    aged(folder, "ab/x.part", 1_000)
    assert [one.code for one in judged.keeping.doctor(dry_run=True).ailments] == ["answers"]
    found = judged.keeping.doctor()
    assert found.well and not (folder / answers.SALT).exists()
    with LlmServer(quoting, key=KEY) as server:
        judged.judges.run("helpdesk", BENCH, models(server))
        assert not server.exchanges
    judged.gc(dry_run=False)
    assert not list(folder.glob("*/*.part")) and list(folder.glob("*/*.answer"))


words = st.text(max_size=20).map(lambda text: text.encode("utf-8", "ignore").decode())
judgements = st.builds(
    Judgement,
    id=st.binary(min_size=32, max_size=32),
    judge=st.sampled_from(["sha256:a", "sha256:b"]),
    outcome=st.sampled_from(["scored", "refused", "not_applicable"]),
    detail=words,
    scores=st.dictionaries(words, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    exclude=st.none() | st.booleans(),
    reasoning=st.none() | words,
    raw=st.lists(words, max_size=2).map(tuple),
    prompt=words,
    request_ids=st.lists(words, max_size=2).map(tuple),
    input_tokens=st.none() | st.integers(0, 10**9),
    price=st.none() | st.decimals(0, 1000, places=9),
    mended=st.booleans(),
    steering=st.lists(words, max_size=2).map(tuple),
)


TIME = "2026-11-21T00:00:00Z"


def said_by(objects, *lists):
    body = {"judges": [{"digest": "sha256:a", "model": "p/a"}, {"digest": "sha256:b", "model": "p/b"}]}
    return [
        Operation(k, None, TIME, "mira", "fact", "d", body | {"judgements": write_judgements(objects, one)})
        for k, one in enumerate(lists, 1)
    ]


def plain(one):
    return repr(replace(one, scores=dict(sorted(one.scores.items()))))


@settings(max_examples=40)
@given(st.lists(judgements, max_size=5))
def test_what_is_written_is_read_again(given):
    objects = Objects(MemoryStorage())
    (operation,) = said_by(objects, given)
    told = [judgement_of(row) for row in judgements_in(objects, operation).to_pylist()]
    assert sorted(map(plain, told)) == sorted(map(plain, given))


@settings(max_examples=40)
@given(st.lists(st.lists(judgements, max_size=4), max_size=3))
def test_the_last_judgement_with_scores_stands(given):
    objects = Objects(MemoryStorage())
    entries = said_by(objects, *given)
    ids = as_ids(sorted({one.id for some in given for one in some}))
    stands = {}
    for some in given:
        for one in sorted(some, key=lambda one: (one.id, one.judge)):
            if one.outcome != "refused":
                stands[one.id, one.judge] = one
    found = known(objects, entries, ["sha256:a"], ids)
    assert {id: one.outcome for id, one in found.stands["sha256:a"].items()} == {
        id: one.outcome for (id, judge), one in stands.items() if judge == "sha256:a"
    }
    for some in given:
        for one in some:
            assert one.id in {told.id for _, told in about(objects, entries, one.id)}


def test_what_is_no_judgements_is_damage():
    objects = Objects(MemoryStorage())
    (operation,) = said_by(objects, [])
    other = replace(operation, body=dict(operation.body) | {"judgements": objects.put_bytes(b"x", "parquet")})
    with pytest.raises(Damaged):
        judgements_in(objects, other)
    with pytest.raises(Damaged):
        list(
            known(
                objects,
                [replace(operation, body={"judgements": operation.body["judgements"]})],
                ["a"],
                as_ids([]),
            ).stands
        )


def test_money_is_exact():
    objects = Objects(MemoryStorage())
    one = Judgement(b"x" * 32, "sha256:a", "scored", price=Decimal("0.000000123456789"))
    (operation,) = said_by(objects, [one])
    (row,) = judgements_in(objects, operation).to_pylist()
    assert judgement_of(row).price == one.price
    assert row["price"] == "0.000000123456789"
