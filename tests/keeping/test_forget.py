"""Forget: the text is nowhere any more, everything that was proved still holds, and it does not come back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.errors import AssayError, Conflict, NotFound, UsageError
from assay.model.fingerprint import prove, split_digest
from assay.registry import Registry
from assay.registry.keeping import forgetting
from assay.store.objects import Objects, object_key
from tests.keeping.bytes_of import files_with
from tests.registry.conftest import ticket

Write = Callable[[str, list[dict[str, Any]]], str]

NAME, ENGLISH, CHINESE = (
    "Wilhelmina Ostrowska",
    "Her broken zeppelin-quaffle flugel no. 4711",
    "她的银杏木马桶盖坏了三次",
)
PRIVATE = {
    "input": f"{NAME} says: {ENGLISH}, {CHINESE}. What should she do about all this today?",
    "output": f"Tell {NAME} to send the zeppelin-quaffle flugel back; {CHINESE}请退货。",
    "customer": NAME,
    "id": "ostrowska-77",
}
SECRETS = (NAME, ENGLISH, CHINESE, "ostrowska", "银杏木马桶盖", "zeppelin-quaffle")
RECIPE = """stages:
  - exact_dedup: {}
  - near_dedup: {threshold: 0.8}
  - pii: {}
  - length: {min_input: 3}
split: {test: 0.2, seed: 42}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    return str(path)


@pytest.fixture
def source(tmp_path: Path) -> str:
    """Tickets, the private one among them, twice; and a line of it that is cut off in the middle."""
    rows = [json.dumps(ticket(n), ensure_ascii=False) for n in range(40)]
    private = json.dumps(PRIVATE, ensure_ascii=False)
    rows[7:7] = [private, json.dumps(PRIVATE), private[: len(private) // 2]]
    path = tmp_path / "tickets.jsonl"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


def _private_id(registry: Registry) -> str:
    return registry.search("zeppelin", None)[0].id


def _root(registry: Registry) -> Path:
    assert registry.root is not None
    return registry.root


def _ids(registry: Registry, ref: str) -> dict[str, list[bytes]]:
    manifest = registry.version(ref).manifest
    raw = {s: registry.store.split_ids(manifest, s).tobytes() for s in manifest.splits}
    return {s: [data[k : k + 32] for k in range(0, len(data), 32)] for s, data in raw.items()}


def test_the_text_is_gone_and_everything_else_holds(
    registry: Registry, source: str, recipe: str, write: Write
) -> None:
    v1 = registry.curate("d", [source], recipe=recipe)
    registry.curate("d", [write("more.jsonl", [ticket(n) for n in range(40, 50)])], recipe=recipe, add=True)
    registry.curate("other", [source], recipe="import")
    gone = _private_id(registry)
    registry.keeping.disable("other", [gone], f"complaint of {NAME}, {ENGLISH}")
    registry.runs.link("d@v1", "run-1")
    before = {
        ref: (registry.version(ref).fingerprint, _ids(registry, ref)) for ref in ("d@v1", "d@v2", "other@v1")
    }
    assert len(files_with(_root(registry), *SECRETS)) >= 6

    dry = registry.keeping.forget([gone], "asked for erasure", dry_run=True)
    assert (dry.operation, dry.versions) == (None, ["d@v1", "d@v2", "other@v1"])
    assert len(files_with(_root(registry), *SECRETS)) >= 6

    receipt = registry.keeping.forget([gone[:16]], "asked for erasure")
    assert receipt.versions == dry.versions and [run["run"] for run in receipt.runs] == ["run-1"]
    assert dict(receipt.rewritten) == dict(dry.rewritten)
    assert receipt.rewritten["note"] == 1 and receipt.rewritten["ledger"] == 2 and not receipt.remains
    assert files_with(_root(registry), *SECRETS) == set()

    fresh = assay.open(_root(registry))
    assert fresh.verify().findings == []
    for ref, (fingerprint, ids) in before.items():
        assert fresh.version(ref).fingerprint == fingerprint and _ids(fresh, ref) == ids
        for split, members in ids.items():
            proof = prove(members, bytes.fromhex(gone))
            assert proof.holds(split_digest(members))
            assert proof.present == (bytes.fromhex(gone) in ids[split])
    assert sum(len(list(fresh.version("d@v1").split(s))) for s in v1.splits) == len(fresh.version("d@v1")) - 1
    assert fresh.version("d@v1").erased == 1
    with pytest.raises(NotFound, match="was forgotten"):
        fresh.example(gone)
    left = fresh.trace(gone)
    assert left.forgotten and left.payload == {} and left.readings and left.versions
    assert fresh.search("zeppelin") == []
    assert len(fresh.search("refund")) >= 1
    assert fresh.why("d@v1", source, 8).example_id == gone
    assert fresh.gc(dry_run=False, grace_seconds=0).orphans == ()
    assert files_with(_root(registry), *SECRETS) == set()


def test_it_does_not_come_back(
    registry: Registry, source: str, recipe: str, write: Write, tmp_path: Path
) -> None:
    first = registry.curate("d", [source], recipe=recipe)
    gone = _private_id(registry)
    registry.keeping.forget([gone], "asked for erasure")
    for add, workers in ((False, 1), (True, 2)):
        again = registry.curate("d", [source], recipe=recipe, add=add, workers=workers)
        assert again.read == again.kept + again.rejected + again.malformed == first.read
        stage = {s.stage: s for s in again.stages}["forgotten"]
        assert (stage.rejected, dict(stage.codes)) == (2, {"forgotten": 2})
        decision = registry.why("d", source, 8)
        assert (decision.outcome, decision.code, decision.message) == (
            "rejected",
            "forgotten",
            f"example {gone}",
        )
        assert bytes.fromhex(gone) not in {i for ids in _ids(registry, "d").values() for i in ids}
        assert files_with(_root(registry), *SECRETS) - _excerpts(registry) == set()
        assert registry.verify().findings == []
    assert "wrapped" not in registry.version("d").message
    added = registry.curate("d", [write("b.jsonl", [ticket(99)])], add=True)
    assert added.kept == 1 and registry.verify().findings == []
    assert gone not in registry.diff("d@v1", "d").counts


def _excerpts(registry: Registry) -> set[str]:
    """Ledgers: a line that is cut off is no record, has no id, and its beginning is evidence."""
    made = (registry.store.curation(m) for m in registry.all_versions())
    return {object_key(one["ledger"]) for one in made if one}


def test_exports_leave_it_out_and_say_so(registry: Registry, source: str, tmp_path: Path) -> None:
    registry.curate("d", [source], recipe="import")
    gone = _private_id(registry)
    count = len(registry.version("d"))
    registry.keeping.forget([gone], "asked for erasure")
    for form in ("source", "alpaca", "article"):
        done = registry.export("d@v1", str(tmp_path / form), format=form)
        assert done.forgotten == 1 and done.as_json()["forgotten"] == 1
        assert sum(done.files.values()) in (count - 1, count)
        assert all("Ostrowska" not in p.read_text() for p in (tmp_path / form).rglob("*.jsonl"))
    assert registry.version("d").to_arrow().num_rows == count - 1
    assert registry.stats("d").as_json()["rows"] in (count - 1, count)
    assert list(registry.diff_rows("d@v1", "d@v1")) == []


@pytest.mark.parametrize("at", range(1, 7))
def test_what_an_interruption_leaves_is_finished(
    registry: Registry, source: str, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    registry.curate("d", [source], recipe="import")
    gone = _private_id(registry)
    calls = 0
    delete = type(registry.store.storage).delete

    def dies(self: Any, key: str) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise RuntimeError("the machine stops here")
        delete(self, key)

    with monkeypatch.context() as patched:
        patched.setattr(type(registry.store.storage), "delete", dies)
        try:
            registry.keeping.forget([gone], "asked for erasure")
        except RuntimeError:
            assert calls == at
    fresh = assay.open(_root(registry))
    if calls >= at:
        assert "forgotten" in {f.code for f in fresh.verify().damage}
        if at % 2:
            with pytest.raises(UsageError, match="already"):
                fresh.keeping.forget([gone], "again")
        else:
            fresh.gc(dry_run=False)
    assert fresh.verify().damage == []
    assert files_with(_root(registry), *SECRETS) == set()


def test_several_in_turn_and_rows_that_were_rejected(
    registry: Registry, source: str, recipe: str, tmp_path: Path
) -> None:
    registry.curate("d", [source], recipe=recipe)
    almost = dict(PRIVATE, input=PRIVATE["input"] + " Please.")
    path = tmp_path / "twin.jsonl"
    path.write_text(
        json.dumps(almost, ensure_ascii=False) + "\n" + json.dumps(PRIVATE | {"customer": "x"}) + "\n"
    )
    registry.curate("d", [str(path)], recipe=recipe, add=True)
    twin = registry.why("d", str(path), 1)
    assert twin.code == "near_duplicate" and twin.twin is not None
    registry.keeping.forget([twin.twin.id], "one")
    assert files_with(_root(registry), NAME) != set(), "a variant is another example"
    registry.keeping.forget([twin.example_id or ""], "two")
    assert files_with(_root(registry), *SECRETS) == set()
    assert assay.open(_root(registry)).verify().findings == []
    others = [e.name for e in registry.version("d").head(3)]
    registry.keeping.forget(others, "three")
    assert registry.verify().findings == [] and registry.version("d").erased == 4


def test_what_is_refused(registry: Registry, source: str) -> None:
    registry.curate("d", [source], recipe="import")
    gone = _private_id(registry)
    with pytest.raises(UsageError, match="no reason"):
        registry.keeping.forget([gone], "")
    with pytest.raises(UsageError, match="quotes the example"):
        registry.keeping.forget([gone], f"because of {ENGLISH}")
    with pytest.raises(NotFound, match="nowhere in the registry"):
        registry.keeping.forget(["ab" * 32], "x")
    assert len(registry.log()) == 1
    registry.keeping.forget([gone], "x")
    with pytest.raises(UsageError, match="already"):
        registry.keeping.forget([gone], "x")


def test_eval_sets_stay_and_are_named(registry: Registry, source: str, tmp_path: Path) -> None:
    registry.curate("d", [source], recipe="import")
    gone = _private_id(registry)
    path = tmp_path / "eval.jsonl"
    path.write_text(
        json.dumps({"input": PRIVATE["input"], "output": PRIVATE["output"]}, ensure_ascii=False) + "\n"
    )
    registry.freeze("exam", [str(path)])
    receipt = registry.keeping.forget([gone], "x")
    assert [one["where"] for one in receipt.remains] == ["frozen eval set exam"]
    assert registry.verify().findings == []


def test_a_curation_that_read_it_before_is_refused(registry: Registry, source: str, tmp_path: Path) -> None:
    registry.curate("d", [source], recipe="import")
    gone = _private_id(registry)
    second = assay.open(_root(registry))
    done = False

    def tell(progress: Any) -> None:
        nonlocal done
        if progress.phase == "writing" and not done:
            done = True
            second.keeping.forget([gone], "meanwhile")

    with pytest.raises(Conflict, match="forgotten while its record was read"):
        registry.curate("e", [source], recipe="import", progress=tell)
    assert done
    registry.gc(dry_run=False, grace_seconds=-1)
    assert files_with(_root(registry), *SECRETS) == set()


def test_a_text_that_spells_names_of_objects_does_no_harm(registry: Registry, write: Write) -> None:
    source = write("a.jsonl", [ticket(n) for n in range(20)])
    registry.curate("d", [source])
    made = registry.store.curation(registry.version("d").manifest)
    assert made is not None
    hostile = {
        "input": f"{made['ledger']} {made['segments'][0]['object']} {source}?",
        "output": "decided by exact",
    }
    registry.curate("d", [write("b.jsonl", [hostile])], recipe="import", add=True)
    gone = registry.why("d", "b.jsonl", 1).example_id
    assert gone is not None
    registry.keeping.forget([gone], "x")
    assert registry.verify().findings == []
    assert registry.why("d@v1", source, 3).outcome == "kept"


def test_the_index_that_knew_the_words_is_gone(registry: Registry, source: str) -> None:
    registry.curate("d", [source], recipe="import")
    gone = _private_id(registry)
    other = assay.open(_root(registry))
    other.search("zeppelin")
    path = _root(registry) / "index" / "index.sqlite"
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM words_data").fetchone()[0] > 0
    registry.keeping.forget([gone], "x")
    assert not path.exists()
    assert other.search("zeppelin") == []
    assert files_with(_root(registry), *SECRETS) == set()


def test_readers_at_work_go_on(registry: Registry, source: str) -> None:
    registry.curate("d", [source], recipe="import")
    gone = _private_id(registry)
    reader = assay.open(_root(registry))
    objects = Objects(reader.store.storage, cache_bytes=0)
    manifest = reader.version("d").manifest
    ref = next(iter(manifest.splits.values()))[0].segment
    rows = iter(reader.version("d"))
    next(rows)
    registry.keeping.forget([gone], "x")
    registry.gc(dry_run=False, grace_seconds=-1)
    assert sum(1 for _ in rows) >= 39
    assert objects.buffer(ref.object).size > 0
    with pytest.raises(AssayError):
        objects.buffer("ab" * 32 + ".parquet")


def test_a_registry_that_never_rests_is_told_of(
    registry: Registry, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.curate("d", [source], recipe="import")
    gone = _private_id(registry)
    busy = assay.open(_root(registry))
    look = forgetting.survey

    def looks(*given: Any, **more: Any) -> Any:
        busy.act("tag", "d", {"name": f"t{len(busy.log())}", "version": 1})
        return look(*given, **more)

    monkeypatch.setattr(forgetting, "survey", looks)
    with pytest.raises(Conflict, match="changes faster"):
        registry.keeping.forget([gone], "x")
    assert {o.action for o in registry.log()} == {"commit", "tag"}
    with pytest.raises(UsageError, match="the past"):
        registry.at("2030-01-01").keeping.forget([gone], "x")


def test_the_receipt_names_what_it_was_edited_into(registry: Registry, write: Write) -> None:
    first = ticket(3, id="a-1")
    registry.curate("d", [write("a.jsonl", [ticket(1), first])], recipe="import")
    old = registry.why("d", "a.jsonl", 2).example_id or ""
    registry.curate(
        "d", [write("a.jsonl", [ticket(1), first | {"output": "Something else."}])], recipe="import"
    )
    new = registry.why("d", "a.jsonl", 2).example_id or ""
    assert registry.diff("d@v1", "d@v2").counts["edited"] == 1
    assert registry.keeping.forget([old], "asked", dry_run=True).edits == [new]
    assert registry.keeping.forget([old, new], "asked").edits == []
    assert registry.verify().findings == []
