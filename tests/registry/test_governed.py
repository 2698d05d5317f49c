"""Any sequence of acts, against a plain model in memory: the same answers always, whatever order they come in.

The model is sets and dictionaries; it shares nothing with the registry but the ids of examples.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import assay
from assay.errors import AssayError
from assay.model.canonical import canonical_json
from assay.model.example import example_id
from assay.registry import Registry
from assay.store.index.sqlite import SqliteIndex

TEXTS = [
    f"The {k}th rule of the house: {'丙乙甲'[k % 3]} {k * 7919:x} stays at {k * 104729 % 977}."
    for k in range(14)
]
IDS = [example_id(canonical_json({"text": text})) for text in TEXTS]
ACTORS = ("ann", "bob", "王芳")
some = st.sets(st.integers(0, len(TEXTS) - 1), min_size=1, max_size=5)
actors = st.sampled_from(ACTORS)


@dataclass
class Made:
    """A version as the model has it: who holds it, who made it, after which versions."""

    branch: str
    members: frozenset[bytes]
    actor: str
    before: int | None
    beside: int | None = None
    """The version merged in, or brought back."""
    brought_back: bool = False
    approved: bool = False
    revoked: bool = False


@dataclass
class Model:
    made: list[Made] = field(default_factory=list)
    heads: dict[str, int] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)
    disabled: set[bytes] = field(default_factory=set)
    taken_out: set[bytes] = field(default_factory=set)
    """Disabled examples that a `disable` took out of a version: `enable` brings these back."""
    forgotten: set[bytes] = field(default_factory=set)

    def version(self, number: int) -> Made:
        return self.made[number - 1]

    def head(self, branch: str = "main") -> frozenset[bytes]:
        return self.version(self.heads[branch]).members

    def commit(self, branch: str, members: set[bytes], actor: str, **more: Any) -> int:
        """What is forgotten is in no new version; what is disabled may stay, but not come in."""
        stands = self.head(branch) if branch in self.heads else frozenset()
        coming = {one for one in members if one not in stands and one in self.disabled}
        kept = frozenset(members - coming - self.forgotten)
        self.made.append(Made(branch, kept, actor, self.heads.get(branch), **more))
        self.heads[branch] = len(self.made)
        return len(self.made)

    def line(self, number: int | None) -> list[int]:
        """A version and all that led to it, through merges as well."""
        out: list[int] = []
        waiting = [number]
        while waiting:
            at = waiting.pop()
            if at is not None and at not in out:
                out.append(at)
                one = self.version(at)
                waiting += [one.before, None if one.brought_back else one.beside]
        return out

    def is_revoked(self, number: int) -> bool:
        one = self.version(number)
        return one.revoked or (one.brought_back and one.beside is not None and self.is_revoked(one.beside))

    def authors(self, number: int) -> set[str]:
        found, seen, waiting = set(), {number}, [number]
        while waiting:
            one = self.version(waiting.pop())
            found.add(one.actor)
            for before in (one.before, one.beside):
                if before is None or before in seen:
                    continue
                if self.version(before).approved and not self.is_revoked(before):
                    continue
                seen.add(before)
                waiting.append(before)
        return found


class Governed(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="governed-"))
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        assay.init(self.folder / "r", actor="ann", clock=self.tick)
        self.model = Model()
        self.fingerprints: dict[int, str] = {}
        self.files = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def as_(self, actor: str) -> Registry:
        return assay.open(self.folder / "r", actor=actor, clock=self.tick)

    def write(self, which: set[int]) -> str:
        self.files += 1
        path = self.folder / f"{self.files}.jsonl"
        lines = (json.dumps({"text": TEXTS[k]}, ensure_ascii=False) + "\n" for k in sorted(which))
        path.write_text("".join(lines), encoding="utf-8")
        return str(path)

    def branch_of(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.model.heads)))

    def number(self, data: st.DataObject) -> int:
        return data.draw(st.integers(1, len(self.model.made)))

    def refuses(self, act: Any, *words: Any, **named: Any) -> None:
        try:
            act(*words, **named)
        except AssayError as error:
            assert error.message and error.hint is not None
            return
        raise AssertionError(f"{act.__qualname__}{words} was not refused")

    # Versions

    @initialize(which=some, actor=actors)
    def first(self, which: set[int], actor: str) -> None:
        self.as_(actor).import_("d", [self.write(which)])
        self.model.commit("main", {IDS[k] for k in which}, actor)

    @rule(which=some, actor=actors, data=st.data())
    def add(self, which: set[int], actor: str, data: st.DataObject) -> None:
        branch = self.branch_of(data)
        result = self.as_(actor).import_("d", [self.write(which)], add=True, branch=branch)
        members = set(self.model.head(branch)) | {IDS[k] for k in which}
        number = self.model.commit(branch, members, actor)
        assert result.version == f"d@v{number}"
        assert result.read == len(which) == result.kept + result.rejected

    @rule(which=some, actor=actors)
    def replace(self, which: set[int], actor: str) -> None:
        if not {IDS[k] for k in which} - self.model.disabled - self.model.forgotten:
            return
        self.as_(actor).import_("d", [self.write(which)])
        coming = {IDS[k] for k in which} - self.model.disabled - self.model.forgotten
        self.model.commit("main", coming, actor)

    @rule(name=st.sampled_from(["try", "实验"]), actor=actors, data=st.data())
    def branch(self, name: str, actor: str, data: st.DataObject) -> None:
        start = self.number(data)
        if name in self.model.heads:
            self.refuses(self.as_(actor).refs.branch, "d", name, f"v{start}")
        else:
            self.as_(actor).refs.branch("d", name, f"v{start}")
            self.model.heads[name] = start

    @rule(name=st.sampled_from(["good", "bad"]), actor=actors, data=st.data())
    def tag(self, name: str, actor: str, data: st.DataObject) -> None:
        number = self.number(data)
        if self.model.tags.get(name) == number:
            self.refuses(self.as_(actor).refs.tag, f"d@v{number}", name, move=True)
            return
        self.as_(actor).refs.tag(f"d@v{number}", name, move=True)
        self.model.tags[name] = number

    @precondition(lambda self: len(self.model.heads) > 1)
    @rule(actor=actors, data=st.data())
    def merge(self, actor: str, data: st.DataObject) -> None:
        model = self.model
        branch = data.draw(st.sampled_from(sorted(set(model.heads) - {"main"})))
        ours, theirs = model.heads["main"], model.heads[branch]
        result = self.as_(actor).refs.merge("d", branch)
        if theirs in model.line(ours):
            assert result.version is None
            return
        common = max(set(model.line(ours)) & set(model.line(theirs)))
        base, mine, other = (set(model.version(n).members) for n in (common, ours, theirs))
        merged = (mine | (other - base)) - (base - other)
        # What is disabled does not come in by a merge, and what was forgotten is in no new version.
        assert result.version == f"d@v{model.commit('main', merged, actor, beside=theirs)}"

    @rule(actor=actors, data=st.data())
    def rollback(self, actor: str, data: st.DataObject) -> None:
        model, number = self.model, self.number(data)
        to, head = set(model.version(number).members), set(model.head())
        after = to - model.forgotten - (model.disabled - head)
        if after == head:
            self.refuses(self.as_(actor).refs.rollback, "d", f"v{number}", "it was better")
            return
        self.as_(actor).refs.rollback("d", f"v{number}", "it was better")
        model.commit("main", to, actor, beside=number, brought_back=True)

    # What may stand

    @rule(which=some, actor=actors)
    def disable(self, which: set[int], actor: str) -> None:
        model = self.model
        known = set().union(*(one.members for one in model.made))
        ids = {IDS[k] for k in which} & known
        if not ids - model.disabled:
            if ids:
                self.refuses(self.as_(actor).keeping.disable, "d", sorted(i.hex() for i in ids), "bad")
            return
        head = set(model.head())
        result = self.as_(actor).keeping.disable("d", sorted(i.hex() for i in ids), "bad")
        new = ids - model.disabled
        model.disabled |= new
        model.taken_out |= new & head
        if new & head:
            assert result.version == f"d@v{model.commit('main', head - new, actor)}"
        else:
            assert result.version is None

    @precondition(lambda self: self.model.disabled)
    @rule(actor=actors, data=st.data())
    def enable(self, actor: str, data: st.DataObject) -> None:
        model = self.model
        ids = data.draw(st.sets(st.sampled_from(sorted(model.disabled)), min_size=1))
        result = self.as_(actor).keeping.enable("d", sorted(i.hex() for i in ids), "good again")
        head = set(model.head())
        model.disabled -= ids
        back = (ids & model.taken_out) - head - model.forgotten
        assert result.changed == len(back)
        if back:
            assert result.version == f"d@v{model.commit('main', head | back, actor)}"
        else:
            assert result.version is None

    @rule(k=st.integers(0, len(TEXTS) - 1), actor=actors)
    def forget(self, k: int, actor: str) -> None:
        model = self.model
        known = set().union(*(one.members for one in model.made))
        if IDS[k] not in known:
            return
        if IDS[k] in model.forgotten:
            self.refuses(self.as_(actor).keeping.forget, [IDS[k].hex()], "asked to")
            return
        held = {f"d@v{n}" for n, one in enumerate(model.made, 1) if IDS[k] in one.members}
        receipt = self.as_(actor).keeping.forget([IDS[k].hex()], "asked to")
        assert set(receipt.versions) == held
        model.forgotten.add(IDS[k])
        text = TEXTS[k].encode()
        for path in (self.folder / "r").rglob("*"):
            assert not path.is_file() or text not in path.read_bytes()

    # Approval

    @rule(actor=actors, data=st.data())
    def approve(self, actor: str, data: st.DataObject) -> None:
        model, number = self.model, self.number(data)
        one = model.version(number)
        said = self.as_(actor).releases
        if (
            model.is_revoked(number)
            or actor in model.authors(number)
            or actor in {a.actor for a in said.standing(f"d@v{number}").approvals}
        ):
            self.refuses(said.approve, f"d@v{number}")
        else:
            said.approve(f"d@v{number}")
            one.approved = True

    @rule(actor=actors, data=st.data())
    def revoke(self, actor: str, data: st.DataObject) -> None:
        number = self.number(data)
        if self.model.is_revoked(number):
            self.refuses(self.as_(actor).releases.revoke, f"d@v{number}", "wrong")
        else:
            self.as_(actor).releases.revoke(f"d@v{number}", "wrong")
            self.model.version(number).revoked = True

    # Upkeep, which changes nothing

    @rule()
    def collect(self) -> None:
        self.as_("ann").gc(dry_run=False, grace_seconds=0)

    @rule()
    def compact(self) -> None:
        self.as_("ann").keeping.compact("d")

    # What must hold

    @invariant()
    def every_version_is_as_the_model_has_it(self) -> None:
        registry, model = self.as_("ann"), self.model
        line = registry.store.lines().get("d")
        assert len(line.versions if line else ()) == len(model.made)
        if line is None:
            return
        assert line.heads == model.heads
        for number, one in enumerate(model.made, 1):
            manifest = registry.store.objects.manifest(line.versions[number - 1].manifest)
            held = {bytes(i) for split in manifest.splits for i in registry.store.split_ids(manifest, split)}
            assert held == one.members, f"v{number}"
            assert self.fingerprints.setdefault(number, manifest.fingerprint) == manifest.fingerprint
            assert registry.releases.standing(f"d@v{number}").authors == model.authors(number)
        for name, number in model.tags.items():
            assert registry.version(f"d@{name}").manifest.number == number
        approved = [n for n, one in enumerate(model.made, 1) if one.approved and not model.is_revoked(n)]
        assert registry.releases.of("d").approved == (max(approved) if approved else None)

    @invariant()
    def the_index_that_was_kept_is_the_index_rebuilt(self) -> None:
        registry, model = self.as_("ann"), self.model
        if not model.made:
            return
        kept, fresh = registry.index(), SqliteIndex(":memory:")
        fresh.sync(registry.store.objects, registry.store.log)
        for one in IDS:
            assert kept.versions_of(one) == fresh.versions_of(one)
            on_main = {n for n in model.line(model.heads["main"]) if one in model.version(n).members}
            assert bool(kept.versions_of(one)) >= bool(on_main)

    @invariant()
    def nothing_is_damaged(self) -> None:
        report = self.as_("ann").verify(fast=True)
        assert not report.damage, report.damage


Governed.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestGoverned = Governed.TestCase
