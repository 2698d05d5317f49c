"""Random acts of keeping against a plain model: the same answers whatever came before."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from assay.registry import Registry
from assay.store.local import LocalStorage
from tests.keeping.bytes_of import files_with
from tests.store.drafts import Registry as Bare
from tests.store.drafts import id_of

TEXTS = [f"example number {n} says quite something 第{n}个例子说了很多" for n in range(8)]
SOME = st.sets(st.sampled_from(TEXTS), min_size=1, max_size=4)


class Keeping(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.bare = Bare(LocalStorage(self.root))
        self.registry = Registry(LocalStorage(self.root), self.root, "ann")
        self.off: set[str] = set()
        self.forgotten: set[str] = set()
        self.versions: list[tuple[set[str], str]] = []

    def teardown(self) -> None:
        self.folder.cleanup()

    def _add(self, members: set[str]) -> None:
        self.versions.append((members, self.registry.version("d").fingerprint))

    @initialize(texts=SOME)
    def first(self, texts: set[str]) -> None:
        self.commit(texts)

    @rule(texts=SOME)
    def commit(self, texts: set[str]) -> None:
        wanted = texts - self.off - self.forgotten
        self.bare.objects.forget_cache()
        self.bare.commit("d", self.registry.head_of("d"), {"train": sorted(wanted)} if wanted else {})
        self._add(wanted)

    @precondition(lambda self: self.versions)
    @rule(texts=SOME)
    def disable(self, texts: set[str]) -> None:
        if meant := texts - self.off:
            now = self.versions[-1][0]
            self.registry.keeping.disable("d", [id_of(t).hex() for t in meant], "because")
            self.off |= meant
            if now & meant:
                self._add(now - meant - self.forgotten)

    @precondition(lambda self: self.versions and self.off)
    @rule(data=st.data())
    def enable(self, data: st.DataObject) -> None:
        meant = data.draw(st.sets(st.sampled_from(sorted(self.off)), min_size=1))
        before, count = self.versions[-1][0], len(self.registry.log())
        self.registry.keeping.enable("d", [id_of(t).hex() for t in meant], "after all")
        self.off -= meant
        made = self.registry.log()[count].body.get("version")
        if made is not None:
            now = {t for t in TEXTS if id_of(t) in self._ids(made)}
            assert before - self.forgotten <= now <= (before | meant) - self.forgotten
            self._add(now)

    @precondition(lambda self: any(members - self.forgotten for members, _ in self.versions))
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        known = sorted(set().union(*(members for members, _ in self.versions)) - self.forgotten)
        one = data.draw(st.sampled_from(known))
        receipt = self.registry.keeping.forget([id_of(one).hex()], "asked")
        holding = [n for n, (members, _) in enumerate(self.versions, 1) if one in members]
        assert receipt.versions == [f"d@v{n}" for n in holding]
        self.forgotten.add(one)
        assert files_with(self.root, one[8:]) == set()

    @precondition(lambda self: self.versions)
    @rule()
    def compact(self) -> None:
        self.registry.keeping.compact("d")

    @rule()
    def collect(self) -> None:
        self.registry.gc(dry_run=False, grace_seconds=-1)

    def _ids(self, number: int) -> set[bytes]:
        manifest = self.registry.version(f"d@v{number}").manifest
        return {one for ids in self.bare.held(manifest).values() for one in ids}

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        assert self.registry.verify().damage == []
        for number, (members, fingerprint) in enumerate(self.versions, 1):
            version = self.registry.version(f"d@v{number}")
            assert {e.payload["text"] for e in version} == members - self.forgotten
            assert self._ids(number) == {id_of(t) for t in members}
            assert version.fingerprint == fingerprint and version.erased == len(members & self.forgotten)


TestKeeping = Keeping.TestCase
TestKeeping.settings = settings(max_examples=20, stateful_step_count=12, deadline=None)
