"""Versions against a model of plain sets; rebases, conflicts, drafts that do not hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from assay.errors import Conflict, UsageError
from assay.kernels.ids import as_ids
from assay.model.diff import Diff
from assay.model.fingerprint import fingerprint
from assay.model.version import Manifest
from assay.store import heads
from assay.store.commit import Draft, commit
from assay.store.diff import _by_content, diff
from assay.store.local import LocalStorage
from assay.store.members import all_ids, live_tables, locate, tables_by_id, tables_in_source_order
from assay.store.memory import MemoryStorage
from assay.store.rollback import rollback
from assay.store.segments import check_rows
from assay.store.verify import verify
from tests.store.drafts import TIME, Registry, id_of

SPLITS = ("train", "test", "val")
State = dict[str, frozenset[str]]


class Versions(RuleBasedStateMachine):
    """Random histories of two datasets: every version, and every pair of versions, against dicts of sets."""

    @initialize()
    def begin(self) -> None:
        self.registry = Registry(MemoryStorage())
        self.history: list[tuple[Manifest, dict[str, str]]] = []
        self.count = 0

    def head(self, name: str) -> tuple[Manifest | None, dict[str, str]]:
        line = [(m, s) for m, s in self.history if m.dataset == name]
        return line[-1] if line else (None, {})

    def commit(self, name: str, after: dict[str, str], edits: dict[str, str]) -> None:
        base, _ = self.head(name)
        splits = {s: [t for t, where in after.items() if where == s] for s in SPLITS}
        links = {id_of(a): id_of(b) for a, b in edits.items()}
        made = self.registry.commit(name, base, splits, edits=links)
        self.history.append((made, after))

    @rule(
        name=st.sampled_from(["a", "b"]),
        add=st.dictionaries(st.integers(0, 40), st.sampled_from(SPLITS), max_size=6),
        drop=st.sets(st.integers(0, 40), max_size=4),
        move=st.dictionaries(st.integers(0, 40), st.sampled_from(SPLITS), max_size=4),
        edit=st.sets(st.integers(0, 40), max_size=2),
    )
    def change(
        self, name: str, add: dict[int, str], drop: set[int], move: dict[int, str], edit: set[int]
    ) -> None:
        _, before = self.head(name)
        after = dict(before)
        for number, split in add.items():  # adds what is not there, also what was once removed
            after.setdefault(f"text {number}", split)
        for number, split in move.items():
            if f"text {number}" in after:
                after[f"text {number}"] = split
        for number in drop:
            after.pop(f"text {number}", None)
        edits = {}
        for number in edit:
            old = f"text {number}"
            if old in after and old in before:
                self.count += 1
                edits[old] = f"edited {self.count}"
                after[edits[old]] = after.pop(old)
        self.commit(name, after, edits)

    @rule(data=st.data())
    def go_back(self, data: st.DataObject) -> None:
        if not self.history:
            return
        to, state = data.draw(st.sampled_from(self.history))
        base, _ = self.head(to.dataset)
        assert base is not None
        draft = rollback(base, to, all_ids(self.registry.objects, to), "back")
        made = commit(self.registry.objects, self.registry.log, draft, actor="x", time=TIME)
        self.history.append((made, state))
        assert made.fingerprint == to.fingerprint

    @invariant()
    def the_newest_version_is_the_model(self) -> None:
        if not self.history:
            return
        manifest, state = self.history[-1]
        expected = {s: {id_of(t) for t, where in state.items() if where == s} for s in SPLITS}
        expected = {s: ids for s, ids in expected.items() if ids}
        objects = self.registry.objects
        assert self.registry.held(manifest) == expected
        assert manifest.counts == {s: len(ids) for s, ids in expected.items()}
        assert manifest.fingerprint == fingerprint({s: sorted(ids) for s, ids in expected.items()})
        for text, split in list(state.items())[:3]:
            found = locate(objects, manifest, id_of(text))
            assert found is not None and found[0] == split
        assert locate(objects, manifest, id_of("never there")) is None
        rows = [(split, bytes(i)) for split, t in live_tables(objects, manifest) for i in t["id"].to_pylist()]
        assert sorted(rows) == sorted((s, i) for s, ids in expected.items() for i in ids)

    @invariant()
    def the_difference_of_any_two_versions_is_the_models(self) -> None:
        if not self.history:
            return
        last, state = self.history[-1]
        for other, was in self.history[-6:]:
            found = diff(self.registry.objects, other, last)
            check_diff(found, was, state)
            assert diff(self.registry.objects, last, other) == found.inverse()
            assert found.inverse().inverse() == found
            by_content = _by_content(self.registry.objects, other, last)
            assert by_content.states() == found.states()

    def teardown(self) -> None:
        if hasattr(self, "registry"):
            assert verify(self.registry.storage).damage == []


def check_diff(found: Diff, was: dict[str, str], now: dict[str, str]) -> None:
    before = {id_of(t): s for t, s in was.items()}
    after = {id_of(t): s for t, s in now.items()}
    expected = {
        i: (before.get(i), after.get(i))
        for i in before.keys() | after.keys()
        if before.get(i) != after.get(i)
    }
    assert found.states() == expected
    assert bool(found) == bool(expected)


TestVersions = Versions.TestCase
TestVersions.settings = settings(deadline=None, max_examples=25, stateful_step_count=12)


@pytest.fixture
def registry() -> Registry:
    return Registry(MemoryStorage())


def test_an_empty_version(registry: Registry) -> None:
    one = registry.commit("a", None, {"train": []})
    assert (one.rows, dict(one.splits), one.change) == (0, {}, None)
    two = registry.commit("a", one, {"train": ["x"]})
    three = registry.commit("a", two, {})
    assert three.fingerprint == one.fingerprint
    assert verify(registry.storage).ok


def test_versions_share_segments(registry: Registry) -> None:
    texts = [f"text {n}" for n in range(300)]
    one = registry.commit("a", None, {"train": texts})
    two = registry.commit("a", one, {"train": texts[10:], "test": texts[:5]})
    segments = {p.segment for parts in one.splits.values() for p in parts}
    assert {p.segment for parts in two.splits.values() for p in parts} == segments
    three = registry.commit("a", two, {"train": ["other"]})
    assert segments.isdisjoint(p.segment for parts in three.splits.values() for p in parts)


def test_edits_are_followed_along_the_line(registry: Registry) -> None:
    one = registry.commit("a", None, {"train": ["old", "same"]})
    two = registry.commit("a", one, {"test": ["mid"], "train": ["same"]}, edits={id_of("old"): id_of("mid")})
    three = registry.commit("a", two, {"train": ["new", "same"]}, edits={id_of("mid"): id_of("new")})
    found = diff(registry.objects, one, three)
    assert found.counts == {"added": 0, "removed": 0, "edited": 1, "moved": 0}
    change = found.edited[0]
    assert (change.old_id, change.id, change.old_split, change.split) == (
        id_of("old"), id_of("new"), "train", "train",
    )  # fmt: skip


def test_unrelated_versions_pair_edits_by_key(registry: Registry) -> None:
    one = registry.commit("a", None, {"train": ["old", "x"]}, rows={"keys": {"old": "7", "x": "8"}})
    two = registry.commit("b", None, {"train": ["new", "y"]}, rows={"keys": {"new": "7", "y": "9"}})
    found = diff(registry.objects, one, two)
    assert [(c.old_id, c.id) for c in found.edited] == [(id_of("old"), id_of("new"))]
    assert found.counts == {"added": 1, "removed": 1, "edited": 1, "moved": 0}


def test_disjoint_changes_are_both_applied(registry: Registry) -> None:
    one = registry.commit("a", None, {"train": ["x", "y", "z"]})
    mine = registry.draft("a", one, {"train": ["x", "y", "z", "mine"]}, commutes=True)
    registry.commit("a", one, {"train": ["x", "z"], "test": ["y"]})
    made = commit(registry.objects, registry.log, mine, actor="me", time=TIME)
    assert made.number == 3
    assert registry.held(made) == {
        "train": {id_of("x"), id_of("z"), id_of("mine")}, "test": {id_of("y")},
    }  # fmt: skip
    assert verify(registry.storage).ok


def test_two_first_versions_can_both_be_applied(registry: Registry) -> None:
    mine = registry.draft("a", None, {"train": ["mine"]}, commutes=True)
    registry.commit("a", None, {"train": ["theirs"]})
    made = commit(registry.objects, registry.log, mine, actor="me", time=TIME)
    assert registry.held(made) == {"train": {id_of("mine"), id_of("theirs")}}


def test_a_collision_names_versions_and_examples(registry: Registry) -> None:
    one = registry.commit("a", None, {"train": ["x", "y"]})
    mine = registry.draft("a", one, {"train": ["y"], "test": ["x"]}, commutes=True)
    registry.commit("a", one, {"train": ["y"]})
    with pytest.raises(Conflict) as caught:
        commit(registry.objects, registry.log, mine, actor="me", time=TIME)
    for part in ("a moved on from a@v1 to a@v2", id_of("x").hex()):
        assert part in caught.value.message
    assert len(registry.log.entries()) == 2


def test_what_does_not_commute_conflicts(registry: Registry) -> None:
    one = registry.commit("a", None, {"train": ["x"]})
    mine = registry.draft("a", one, {"train": ["x", "mine"]})
    registry.commit("a", one, {"train": ["x", "theirs"]})
    with pytest.raises(Conflict):
        commit(registry.objects, registry.log, mine, actor="me", time=TIME)


def test_a_race_is_lost_and_then_won(registry: Registry) -> None:
    """Somebody appends to the log between our look and our write."""
    one = registry.commit("a", None, {"train": ["x"]})
    mine = registry.draft("a", one, {"train": ["x", "mine"]}, commutes=True)
    other = Registry(registry.storage, create=False)
    storage = registry.storage
    real, done = storage.put_if_absent, []

    def raced(key: str, data: bytes) -> bool:
        if not done:
            done.append(key)
            other.commit("b", None, {"train": ["elsewhere"]})
        return real(key, data)

    storage.put_if_absent = raced  # type: ignore[method-assign]
    made = commit(registry.objects, registry.log, mine, actor="me", time=TIME)
    assert (made.number, [e.seq for e in registry.log.entries()]) == (2, [1, 2, 3])


@pytest.mark.parametrize("splits", [
    {"train": sorted([id_of("x"), id_of("y")], reverse=True)},
    {"train": [id_of("x")], "test": [id_of("x")]},
    {"train": [id_of("in no segment")]},
    {"bad/name": [id_of("x")]},
])  # fmt: skip
def test_a_draft_must_hold_together(registry: Registry, splits: dict[str, list[bytes]]) -> None:
    segments = registry.segments(["x", "y"])
    draft = Draft("a", None, {s: as_ids(ids) for s, ids in splits.items()}, segments)
    with pytest.raises(UsageError):
        commit(registry.objects, registry.log, draft, actor="me", time=TIME)
    assert registry.log.entries() == []


def test_rows_come_in_the_order_asked_for(registry: Registry) -> None:
    texts = [f"text {n}" for n in range(5000)]
    one = registry.commit("a", None, {"train": texts[:3000]}, rows={"source": "b.jsonl"})
    two = registry.commit("a", one, {"train": texts[7:]}, rows={"source": "a.jsonl"})
    tables = list(tables_in_source_order(registry.objects, two, "train", rows=700))
    assert [t.num_rows for t in tables[:-1]] == [700] * (len(tables) - 1)
    found = [(r["source"], r["record"], r["payload"]) for t in tables for r in t.to_pylist()]
    assert found == sorted(found, key=lambda r: r[:2])
    assert [p for _, _, p in found] == [f'{{"text":"{t}"}}' for t in texts[3000:] + texts[7:3000]]
    by_id = [
        i
        for t in tables_by_id(registry.objects, two, "train", ["id", "payload"])
        for i in t["id"].to_pylist()
    ]
    assert by_id == sorted(id_of(t) for t in texts[7:])
    for table in tables:
        check_rows(table)


def test_many_processes_lose_no_commit(tmp_path: Path) -> None:
    registry = Registry(LocalStorage(tmp_path))
    worker = str(Path(__file__).with_name("worker.py"))
    running = [
        subprocess.Popen(
            [sys.executable, worker, "commits", str(tmp_path), f"w{n}", "3", "ab"[n % 2]],
            stdout=subprocess.PIPE,
        )
        for n in range(4)
    ]
    for process in running:
        process.communicate(timeout=120)
        assert process.returncode == 0
    lines = heads.versions(registry.log.entries())
    for dataset, writers in (("a", ("w0", "w2")), ("b", ("w1", "w3"))):
        newest = registry.objects.manifest(lines[dataset][-1].manifest)
        assert newest.number == 6
        expected = {id_of(f"{w} wrote {n}") for w in writers for n in range(3)}
        assert registry.held(newest) == {"train": expected}
    assert verify(registry.storage).ok
