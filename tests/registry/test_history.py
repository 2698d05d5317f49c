"""Random histories with branches, merges and rollbacks against plain dicts; the index says the same as both."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.registry import Registry
from assay.store.ancestry import ancestors, nearest_common
from assay.store.commit import Draft, commit
from assay.store.index.index import Index
from assay.store.index.sqlite import SqliteIndex
from assay.store.memory import MemoryStorage
from assay.store.verify import verify
from tests.store.drafts import TIME, id_of
from tests.store.drafts import Registry as Drafts

TEXTS = [f"例 {n}" for n in range(8)]
Held = dict[bytes, str]

memberships = st.dictionaries(st.sampled_from(TEXTS), st.sampled_from(["train", "test"]), min_size=1)
picks = st.integers(0, 1000)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), picks, memberships, st.booleans()),
        st.tuples(st.just("branch"), picks),
        st.tuples(st.just("merge"), picks, picks, st.sampled_from(["ours", "theirs"])),
        st.tuples(st.just("rollback"), picks, picks),
        st.tuples(st.just("sync")),
    ),
    min_size=4,
    max_size=16,
)


class World:
    """The registry and its model: number → what the version holds, branch → number."""

    def __init__(self) -> None:
        storage = MemoryStorage()
        self.drafts = Drafts(storage)
        self.registry = Registry(storage, None, "ann", lambda: datetime(2026, 11, 21, tzinfo=UTC))
        self.index = SqliteIndex(":memory:")
        self.versions: dict[int, Held] = {}
        self.edits: set[tuple[int, bytes, bytes]] = set()
        self.heads: dict[str, int] = {}

    def do(self, act: tuple[Any, ...]) -> None:
        if act[0] == "sync":
            self.index.sync(self.drafts.objects, self.drafts.log)
        elif act[0] == "commit":
            self.commit(*act[1:])
        elif self.versions:
            getattr(self, act[0])(*act[1:])

    def pick(self, n: int) -> str:
        names = sorted(self.heads)
        return names[n % len(names)]

    def commit(self, n: int, texts: dict[str, str], linked: bool) -> None:
        branch = self.pick(n) if self.heads else "main"
        base = self.registry.head_of("d", branch)
        held = {id_of(text): split for text, split in texts.items()}
        old = self.versions.get(self.heads.get(branch, 0), {})
        gone, came = sorted(old.keys() - held.keys()), sorted(held.keys() - old.keys())
        edits = dict(zip(gone, came, strict=False)) if linked else {}
        splits = {s: [t for t, where in texts.items() if where == s] for s in ("train", "test")}
        draft: Draft = self.drafts.draft("d", base, splits, edits=edits, branch=branch)
        made = commit(self.drafts.objects, self.drafts.log, draft, actor="bo", time=TIME)
        self.edits |= {(made.number, old_id, new) for old_id, new in edits.items()}
        self.versions[made.number], self.heads[branch] = held, made.number

    def branch(self, n: int) -> None:
        name, start = f"b{len(self.heads)}", 1 + n % len(self.versions)
        self.registry.refs.branch("d", name, f"v{start}")
        self.heads[name] = start

    def merge(self, a: int, b: int, take: str) -> None:
        into, branch = self.pick(a), self.pick(b)
        ours, theirs = self.heads[into], self.heads[branch]
        line = self.registry.store.lines()["d"]
        done = self.registry.refs.merge("d", branch, into=into, take=take)  # type: ignore[arg-type]
        if theirs in ancestors(line, ours):
            assert done.version is None
            return
        base = self.versions[nearest_common(line, ours, theirs).number]
        mine, other = self.versions[ours], self.versions[theirs]
        number = len(self.versions) + 1
        assert done.version == f"d@v{number}"
        made = self.held(number)
        decided = {bytes.fromhex(one["id"]) for one in done.decided}
        for i in base.keys() | mine.keys() | other.keys():
            was, one, two, now = base.get(i), mine.get(i), other.get(i), made.get(i)
            assert now in (one, two)
            if not decided:
                assert now == (two if one == was else one)
            if one == two or (was != one != two != was):
                assert now == (one if take == "ours" else two)
        manifest = self.registry.version(f"d@v{number}").manifest
        names = [self.registry.version(f"d@v{n}").manifest.name for n in (ours, theirs)]
        assert list(manifest.parents) == names
        self.versions[number], self.heads[into] = made, number

    def rollback(self, n: int, to: int) -> None:
        branch, target = self.pick(n), 1 + to % len(self.versions)
        if self.versions[self.heads[branch]] == self.versions[target]:
            return
        self.registry.refs.rollback("d", f"v{target}", "坏了", branch=branch)
        number = len(self.versions) + 1
        self.versions[number], self.heads[branch] = self.versions[target], number

    def held(self, number: int) -> Held:
        manifest = self.registry.version(f"d@v{number}").manifest
        found = self.drafts.held(manifest)
        return {i: split for split, ids in found.items() for i in ids}


@given(acts)
@settings(deadline=None, max_examples=150)
def test_any_history_is_what_the_model_says(given: list[tuple[Any, ...]]) -> None:
    world = World()
    for act in given:
        world.do(act)
    assert {n: world.held(n) for n in world.versions} == world.versions
    for branch, number in world.heads.items():
        if branch != "main" or world.versions:
            assert world.registry.version(f"d@{branch}").manifest.number == number
    assert not verify(world.drafts.storage).damage
    _index_agrees(world)


@given(acts)
@settings(deadline=None, max_examples=25)
def test_a_shared_index_says_the_same(postgres: str, given: list[tuple[Any, ...]]) -> None:
    from assay.store.address import Address
    from assay.store.index.postgres import PostgresIndex

    world = World()
    shared = PostgresIndex(Address.parse(postgres), "history")
    for act in given:
        world.do(act)
        shared.sync(world.drafts.objects, world.drafts.log)
    _index_agrees(world, shared)


def _index_agrees(world: World, built: Index | None = None) -> None:
    kept, built = world.index, built or SqliteIndex(":memory:")
    for index in (kept, built):
        index.sync(world.drafts.objects, world.drafts.log)
    line = world.registry.store.lines().get("d")
    for id_ in map(id_of, TEXTS):
        for ask in ("versions_of", "edits_of", "records_of"):
            assert getattr(kept, ask)(id_) == getattr(built, ask)(id_)
        held = {n: splits[id_] for n, splits in world.versions.items() if id_ in splits}
        assert kept.splits_of(id_, "d") == built.splits_of(id_, "d") == held
        assert (kept.locate(id_) is None) == (built.locate(id_) is None) == (not held)
        assert kept.turns_of(id_) == built.turns_of(id_) and kept.locate(id_) == built.locate(id_)
        if line is not None:
            turned = [
                ("d", one.number)
                for one in line.versions
                if world.versions[one.number].get(id_) != world.versions.get(one.before or 0, {}).get(id_)
            ]
            assert kept.turns_of(id_) == built.turns_of(id_) == turned
        spread = {
            one.number: interval.split
            for interval in kept.versions_of(id_)
            for one in (line.versions if line else ())
            if interval.holds(one)
        }
        assert spread == held
        for number, old, new in world.edits:
            if id_ in (old, new):
                found = [(e.number, e.other, e.forth) for e in kept.edits_of(id_)]
                assert (number, new if id_ == old else old, id_ == old) in found
        for number in held:
            blame = world.registry.refs.blame(f"d@v{number}", id_.hex())
            first = int(blame.brought.version.rpartition("@v")[2])
            assert first in held and first <= number
            assert blame.brought.action in ("commit", "merge", "rollback")
    assert np.array_equal(kept.edited("d"), built.edited("d"))
    for words in ("例", "例 3", '"例 5"'):
        assert {h.id for h in kept.search(words, limit=99)} == {h.id for h in built.search(words, limit=99)}
    kept.close()
    built.close()


def test_the_index_answers_as_of_a_moment_and_keeps_following(tmp_path: Any) -> None:
    from assay.store.log_view import LogView

    drafts = Drafts(MemoryStorage())
    first = drafts.draft("d", None, {"train": ["a", "b"]})
    one = commit(drafts.objects, drafts.log, first, actor="bo", time="2026-11-01T10:00:00Z")
    second = drafts.draft("d", one, {"train": ["b", "c"]})
    commit(drafts.objects, drafts.log, second, actor="bo", time="2026-11-02T10:00:00Z")
    index = SqliteIndex(tmp_path / "i.sqlite")
    then = LogView(drafts.storage, "2026-11-01~")
    index.sync(drafts.objects, then)
    assert index.splits_of(id_of("a"), "d") == {1: "train"}
    assert index.versions_of(id_of("a"))[0].last is None and index.locate(id_of("c")) is None
    assert [hit.id for hit in index.search("c")] == []
    assert index.sync(drafts.objects, drafts.log) == 0  # it has followed the whole log already
    assert index.versions_of(id_of("a"))[0].last == 1 and index.locate(id_of("c")) is not None
    assert [hit.id for hit in index.search("c")] == [id_of("c")]
    index.close()
