"""Disable and enable: one operation each, sticky, and old versions stay as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import BadInput, Conflict, NotFound, UsageError
from assay.kernels.ids import as_ids, id_list
from assay.registry import Registry
from assay.registry.keeping import standing
from assay.registry.meant import ids_in_file
from assay.store.commit import Draft, commit
from assay.store.memory import MemoryStorage
from assay.store.standing import disabled, place_before
from tests.registry.conftest import ticket
from tests.store.drafts import TIME, id_of
from tests.store.drafts import Registry as Bare

Write = Callable[[str, list[dict[str, Any]]], str]


def _members(registry: Registry, ref: str) -> dict[str, set[str]]:
    version = registry.version(ref)
    return {split: {e.name for e in version.split(split)} for split in version.counts}


def _gone(registry: Registry) -> set[bytes]:
    return set(id_list(disabled(registry.store.objects, registry.log(), "d")))


def test_a_disabled_example_leaves_comes_not_back_and_returns_to_its_split(
    registry: Registry, write: Write
) -> None:
    source = write(
        "a.jsonl",
        [ticket(n) for n in range(60)] + [{"input": "请问怎么退货？", "output": "请在订单页申请退货。"}],
    )
    v1 = registry.curate("d", [source])
    was = _members(registry, "d@v1")
    chosen = sorted(was["test"])[:2] + sorted(was["train"])[:3]
    done = registry.keeping.disable("d", chosen, "written by a bad generator")
    assert (done.version, done.count, done.changed) == ("d@v2", 5, 5)
    assert [o.action for o in registry.log("d")] == ["commit", "disable"]
    assert registry.said(registry.log()[-1]) == "written by a bad generator"
    assert "bad generator" not in str(registry.log()[-1].body)
    assert _members(registry, "d@v1") == was
    left = {split: ids - set(chosen) for split, ids in was.items()}
    assert _members(registry, "d@v2") == left
    assert registry.diff_json("d@v1", "d@v2")["disabled"] == 5

    again = registry.curate("d", [source])
    stage = {s.stage: s for s in again.stages}["disabled"]
    assert (stage.rejected, dict(stage.codes)) == (5, {"disabled": 5})
    assert again.read == again.kept + again.rejected + again.malformed == v1.read
    assert _members(registry, "d@v3") == left
    more = write("b.jsonl", [ticket(n) for n in range(60, 70)])
    added = registry.curate("d", [source, more], add=True)
    assert {s.stage: s.rejected for s in added.stages}["disabled"] == 5
    assert not {i for ids in _members(registry, "d").values() for i in ids} & set(chosen)
    ledger = {d: registry.why("d@v3", source, d) for d in range(1, 62)}
    assert {d.example_id for d in ledger.values() if d.code == "disabled"} == set(chosen)

    back = registry.keeping.enable("d", chosen[1:], "looked at them again")
    assert (back.version, back.changed) == ("d@v5", 4)
    now = _members(registry, "d")
    assert chosen[1] in now["test"] and set(chosen[2:]) <= now["train"]
    assert _gone(registry) == {bytes.fromhex(chosen[0])}
    assert registry.verify().findings == []


def test_what_stands_nowhere_makes_no_version_and_is_barred_all_the_same(
    registry: Registry, write: Write
) -> None:
    registry.curate("d", [write("a.jsonl", [ticket(n) for n in range(20)])])
    other = write("b.jsonl", [ticket(77)])
    registry.curate("other", [other])
    name = next(iter(registry.version("other"))).name
    done = registry.keeping.disable("d", [name], "not for this one")
    assert (done.version, done.changed) == (None, 0)
    assert registry.curate("d", [other], add=True).kept == 0
    assert len(registry.version("other")) == 1
    assert registry.keeping.enable("d", [name], "fine").version is None
    assert registry.curate("d", [other], add=True).kept == 1


def test_what_was_forgotten_meanwhile_does_not_come_back(registry: Registry, write: Write) -> None:
    registry.curate("d", [write("a.jsonl", [ticket(n) for n in range(20)])])
    one, two = (e.name for e in registry.version("d").head(2))
    registry.keeping.disable("d", [one, two], "bad")
    registry.keeping.forget([one], "asked to")
    alone = registry.keeping.enable("d", [one], "good again")
    assert (alone.count, alone.changed, alone.version) == (1, 0, None)
    back = registry.keeping.enable("d", [two], "good again")
    assert (back.changed, back.version) == (1, "d@v3")
    assert one not in {e.name for e in registry.version("d")}


def test_what_changes_nothing_is_refused(registry: Registry, write: Write) -> None:
    registry.curate("d", [write("a.jsonl", [ticket(n) for n in range(20)])])
    one, two = (e.name for e in registry.version("d").head(2))
    dry = registry.keeping.disable("d", [one], "why not", dry_run=True)
    assert (dry.changed, dry.version, len(registry.log())) == (1, None, 1)
    with pytest.raises(UsageError, match="none of the 1 examples named is disabled"):
        registry.keeping.enable("d", [one], "x")
    with pytest.raises(UsageError, match="no reason"):
        registry.keeping.disable("d", [one], " ")
    with pytest.raises(UsageError, match="no example was named"):
        registry.keeping.disable("d", [], "x")
    with pytest.raises(UsageError, match="not an example id"):
        registry.keeping.disable("d", ["../../x"], "x")
    with pytest.raises(NotFound, match="no dataset 'e'"):
        registry.keeping.disable("e", [one], "x")
    registry.keeping.disable("d", [one[:12]], "x")
    with pytest.raises(UsageError, match="already"):
        registry.keeping.disable("d", [one], "x")
    assert registry.keeping.disable("d", [one, two], "x").count == 1
    assert registry.keeping.enable("d", [one[:12]], "x").changed == 1


def test_ids_come_from_a_file(tmp_path: Any) -> None:
    path = tmp_path / "ids.txt"
    path.write_text("# bad ones\n\n" + "ab" * 32 + "\n")
    assert ids_in_file(str(path)) == ["ab" * 32]
    path.write_text("ab" * 32 + "\nnonsense\n")
    with pytest.raises(BadInput, match=r":2 is not an example id"):
        ids_in_file(str(path))
    with pytest.raises(NotFound, match="no file"):
        ids_in_file(str(tmp_path / "none"))


def test_a_commit_that_was_overtaken_by_a_disable_is_refused() -> None:
    bare = Bare(MemoryStorage())
    v1 = bare.commit("d", None, {"train": ["a"]})
    draft = bare.draft("d", v1, {"train": ["a", "b"]})
    facade = Registry(bare.storage, None, "ann")
    facade.keeping.disable("d", [id_of("b").hex()], "no")
    with pytest.raises(Conflict, match="disabled or forgotten while"):
        commit(bare.objects, bare.log, draft, actor="x", time=TIME)


ACTS = st.lists(st.tuples(st.booleans(), st.sets(st.integers(0, 7), min_size=1)), max_size=8)


@settings(max_examples=25)
@given(ACTS)
def test_the_fold_is_what_a_plain_model_says(acts: list[tuple[bool, set[int]]]) -> None:
    bare = Bare(MemoryStorage())
    texts = [f"text {n} 文" for n in range(8)]
    v1 = bare.commit("d", None, {"train": texts[:5], "test": texts[5:7]})
    facade = Registry(bare.storage, None, "ann")
    off: set[int] = set()
    for enabling, chosen in acts:
        ids = [id_of(texts[n]).hex() for n in chosen]
        meant = chosen & off if enabling else chosen - off
        act = facade.keeping.enable if enabling else facade.keeping.disable
        if not meant:
            with pytest.raises(UsageError):
                act("d", ids, "because")
            continue
        act("d", ids, "because")
        off = off - meant if enabling else off | meant
        held = {
            s: {e.payload["text"] for e in facade.version("d").split(s)} for s in facade.version("d").counts
        }
        wanted = {
            "train": {texts[n] for n in range(5) if n not in off},
            "test": {texts[n] for n in (5, 6) if n not in off},
        }
        assert held == {split: found for split, found in wanted.items() if found}
        assert _gone(facade) == {id_of(texts[n]) for n in off}
    assert facade.version("d@v1").fingerprint == v1.fingerprint
    assert facade.verify().damage == []
    everything = as_ids(sorted(map(id_of, texts)))
    place = place_before(facade.store.objects, facade.log(), "d", everything)
    assert {n for n in off if n < 5} <= {
        n
        for n in range(8)
        for one in id_list(place.splits.get("train", as_ids([])))
        if one == id_of(texts[n])
    }


def test_rollback_and_branches_leave_disabled_examples_out() -> None:
    bare = Bare(MemoryStorage())
    v1 = bare.commit("d", None, {"train": ["a", "b", "c"]})
    facade = Registry(bare.storage, None, "ann")
    facade.keeping.disable("d", [id_of("b").hex()], "no")
    from assay.store.members import all_ids
    from assay.store.rollback import rollback

    head = facade.version("d").manifest
    draft = rollback(head, v1, all_ids(bare.objects, v1), "back")
    made = commit(bare.objects, bare.log, draft, actor="x", time=TIME)
    assert bare.held(made) == {"train": {id_of("a"), id_of("c")}}
    assert isinstance(draft, Draft) and not facade.verify().damage


def test_a_dataset_that_never_rests_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = Bare(MemoryStorage())
    bare.commit("d", None, {"train": ["a", "b"]})
    facade = Registry(bare.storage, None, "ann")
    body = standing.ids_body
    count = 0

    def moves(*given: Any) -> Any:
        nonlocal count
        count += 1
        if count < 3 or always:
            bare.commit("d", facade.head_of("d"), {"train": [*kept, f"c{count}"]})
        return body(*given)

    monkeypatch.setattr(standing, "ids_body", moves)
    always, kept = False, ["a", "b"]
    assert facade.keeping.disable("d", [id_of("a").hex()], "x").version == "d@v4"
    always, kept = True, ["b"]
    with pytest.raises(Conflict, match="changes faster"):
        facade.keeping.disable("d", [id_of("b").hex()], "x")
    assert not facade.verify().damage


def test_rollback_and_merge_leave_out_what_is_barred(registry: Registry, write: Write) -> None:
    registry.curate("d", [write("a.jsonl", [ticket(n) for n in range(20)])])
    registry.refs.branch("d", "try", "d@v1")
    registry.curate("d", [write("b.jsonl", [ticket(n) for n in range(20, 30)])], add=True, branch="try")
    fresh = sorted({e.name for e in registry.version("d@v2")} - {e.name for e in registry.version("d@v1")})
    old = [e.name for e in registry.version("d@v1").head(2)]
    registry.keeping.disable("d", [fresh[0], old[0]], "no")
    registry.keeping.forget([fresh[1], old[1]], "asked")
    registry.refs.merge("d", "try")
    now = {e.name for e in registry.version("d")}
    assert not now & {*fresh[:2], *old} and set(fresh[2:]) <= now
    registry.refs.rollback("d", "d@v1", "back")
    assert not {e.name for e in registry.version("d")} & set(old)
    assert registry.version("d").erased == 0 and registry.verify().findings == []
