"""Compact: fewer segments, and nothing else that anybody can tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.registry import Registry
from assay.store.memory import MemoryStorage
from tests.registry.conftest import ticket
from tests.store.drafts import Registry as Bare
from tests.store.drafts import id_of

Write = Callable[[str, list[dict[str, Any]]], str]


def _segments(registry: Registry, ref: str) -> int:
    return len(registry.store.segments(registry.version(ref).manifest))


def test_many_small_segments_become_few(registry: Registry, write: Write) -> None:
    for n in range(6):
        rows = [ticket(k) for k in range(n * 10, n * 10 + 10)]
        registry.curate("d", [write(f"{n}.jsonl", rows)], add=n > 0)
    before = registry.version("d")
    rows, hits = {e.name for e in before}, {h.id for h in registry.search("refund")}
    changes = {n: registry.diff(f"d@v{n}", "d@v6").counts for n in range(1, 7)}
    assert registry.keeping.compact("d", dry_run=True).operation is None
    done = registry.keeping.compact("d")
    assert (done.before, done.after) == (_segments(registry, "d@v5") + len(before.counts), len(before.counts))
    after = registry.version("d")
    assert (after.name, after.fingerprint, after.counts) == (before.name, before.fingerprint, before.counts)
    assert {e.name for e in after} == rows and _segments(registry, "d@v6") == done.after
    assert {n: registry.diff(f"d@v{n}", "d@v6").counts for n in range(1, 7)} == changes
    assert {h.id for h in registry.search("refund")} == hits
    assert registry.why("d", "0.jsonl", 1).outcome == "kept"
    assert registry.verify().findings == [] and registry.gc(dry_run=False, grace_seconds=-1).orphans == ()
    assert registry.keeping.compact("d").operation is None

    registry.curate("d", [write("x.jsonl", [ticket(99)])], add=True)
    assert registry.diff("d@v5", "d@v7").counts["added"] == 11
    registry.keeping.compact("d")
    gone = sorted(rows)[0]
    registry.keeping.forget([gone], "asked for erasure")
    assert registry.verify().findings == []
    assert registry.version("d@v6").erased == registry.version("d").erased == 1


def test_verify_finds_an_equal_manifest_that_is_not(registry: Registry, write: Write) -> None:
    registry.curate("d", [write("a.jsonl", [ticket(n) for n in range(20)])])
    registry.curate("d", [write("b.jsonl", [ticket(n) for n in range(20, 30)])], add=True)
    first, second = (registry.version(f"d@v{n}").manifest for n in (1, 2))
    registry.act("compact", "d", {"version": 2, "equal": first.name, "fingerprint": first.fingerprint})
    assert registry.version("d").manifest == second, "another fingerprint says nothing"
    lie = {**first.as_json(), "number": 2, "fingerprint": second.fingerprint, "counts": dict(second.counts)}
    name = registry.store.objects.put_json(lie)
    registry.act("compact", "d", {"version": 2, "equal": name, "fingerprint": second.fingerprint})
    assert {f.code for f in registry.verify().damage} >= {"fingerprint", "manifest"}


@settings(max_examples=20)
@given(st.lists(st.sets(st.integers(0, 9), min_size=1), min_size=1, max_size=6), st.data())
def test_whatever_was_done_before(steps: list[set[int]], data: st.DataObject) -> None:
    bare = Bare(MemoryStorage())
    facade = Registry(bare.storage, None, "ann")
    model: list[dict[str, set[bytes]]] = []
    for held in steps:
        low, high = {f"t{n}" for n in held if n < 6}, {f"t{n}" for n in held if n >= 6}
        wanted = {s: texts for s, texts in (("train", low), ("test", high)) if texts}
        bare.commit("d", facade.head_of("d"), wanted)
        model.append({s: {id_of(t) for t in texts} for s, texts in wanted.items()})
        if data.draw(st.booleans()):
            facade.keeping.compact("d")
    for number, wanted_ids in enumerate(model, 1):
        version = facade.version(f"d@v{number}")
        assert {s: {e.id for e in version.split(s)} for s in version.counts} == wanted_ids
    assert facade.verify().damage == []
    for a in range(1, len(model) + 1):
        gone = {(i, s) for s, ids in model[a - 1].items() for i in ids}
        now = {(i, s) for s, ids in model[-1].items() for i in ids}
        states = facade.diff(f"d@v{a}", f"d@v{len(model)}").states()
        assert {(i, s) for i, (s, _) in states.items() if s is not None} == gone - now
