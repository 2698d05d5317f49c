"""A commit that is interrupted at any call, or by death, leaves the old version or the new one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.errors import AssayError
from assay.model.version import Manifest
from assay.store import gc, heads
from assay.store.local import LocalStorage
from assay.store.verify import verify
from assay.testing.faults import Crash, FaultyCalls
from tests.store.drafts import Registry, id_of

WORKER = str(Path(__file__).with_name("worker.py"))
LONG_AFTER = 4e9


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("first") / "registry"
    Registry(LocalStorage(root)).commit("a", None, {"train": ["x", "y"]})
    return root


def second_commit(root: Path, calls: FaultyCalls) -> None:
    registry = Registry(LocalStorage(root, calls), create=False)
    registry.commit("a", newest(registry), {"train": ["y", "z"], "test": ["x"]}, commutes=True)


def newest(registry: Registry) -> Manifest:
    found = heads.head(registry.log.entries(), "a")
    assert found is not None
    return registry.objects.manifest(found.manifest)


def check(root: Path, states: list[dict[str, set[bytes]]]) -> int:
    """The registry opens at one of the states, is sound, and gc leaves nothing loose; which state."""
    storage = LocalStorage(root)
    assert verify(storage).damage == []
    registry = Registry(storage, create=False)
    state = states.index(registry.held(newest(registry)))
    gc.sweep(storage, gc.plan(storage, LONG_AFTER))
    assert verify(storage).findings == []
    return state


OLD = {"train": {id_of("x"), id_of("y")}}
NEW = {"train": {id_of("y"), id_of("z")}, "test": {id_of("x")}}


@pytest.mark.parametrize("fault", ["error", "dead", "crash", "short"])
def test_every_call_of_a_commit_may_fail(first: Path, tmp_path: Path, fault: str) -> None:
    calls = FaultyCalls()
    shutil.copytree(first, tmp_path / "count")
    second_commit(tmp_path / "count", calls)
    assert check(tmp_path / "count", [OLD, NEW]) == 1
    seen = set()
    for at in range(1, calls.count + 1):
        root = tmp_path / str(at)
        shutil.copytree(first, root)
        failed = False
        try:
            second_commit(root, FaultyCalls(at, fault))  # type: ignore[arg-type]
        except (AssayError, Crash):
            failed = True
        state = check(root, [OLD, NEW])
        assert failed or state == 1  # what returned is there
        assert not (failed and fault == "short")
        seen.add(state)
    assert seen == ({1} if fault == "short" else {0, 1})


def kill_and_check(root: Path, rounds: int, delay: float) -> None:
    """Kill a committing process at some moment, `rounds` times; what it told of must be there."""
    Registry(LocalStorage(root)).commit("a", None, {"train": ["start"]})
    for number in range(rounds):
        who = f"w{number}"
        with subprocess.Popen(
            [sys.executable, WORKER, "commits", str(root), who, "1000", "a"],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            told = [process.stdout.readline()]
            time.sleep(delay * (number % 7) / 7)
            os.kill(process.pid, signal.SIGKILL)
            told += process.stdout.read().splitlines()
        storage = LocalStorage(root)
        held = Registry(storage, create=False)
        members = held.held(newest(held))["train"]
        assert {id_of(f"{who} wrote {int(n)}") for n in told if n.strip()} <= members
        assert verify(storage, fast=number % 10 != 0).damage == []
    storage = LocalStorage(root)
    gc.sweep(storage, gc.plan(storage, LONG_AFTER))
    assert verify(storage).findings == []


def test_killed_processes_leave_whole_versions(tmp_path: Path) -> None:
    kill_and_check(tmp_path, 4, 0.1)


@pytest.mark.soak
def test_many_killed_processes_leave_whole_versions(tmp_path: Path) -> None:
    kill_and_check(tmp_path, 200, 0.15)


def test_gc_leaves_what_is_young_and_what_was_written_again(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    registry = Registry(storage)
    registry.commit("a", None, {"train": ["x"]})
    orphan = registry.objects.put_json({"nobody": "names me"})
    again = registry.objects.put_json({"written": "twice"})
    key = f"objects/{orphan[:2]}/{orphan}"
    now = time.time()
    early = gc.plan(storage, now)
    assert (early.orphans, early.young) == ((), 2)
    for name in (orphan, again):
        os.utime(tmp_path / f"objects/{name[:2]}/{name}", (now - 7200, now - 7200))
    plan = gc.plan(storage, now)
    assert sorted(s.key for s in plan.orphans) == sorted([key, f"objects/{again[:2]}/{again}"])
    assert plan.bytes == sum(s.bytes for s in plan.orphans)
    registry.objects.put_json({"written": "twice"})  # a commit in the making uses it
    assert gc.sweep(storage, plan) == 1
    assert storage.stat(key) is None
    assert registry.objects.get_json(again) == {"written": "twice"}


def test_gc_keeps_what_curations_name(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    registry = Registry(storage)
    leaf = registry.objects.put_bytes(b"ledger", "bin")
    middle = registry.objects.put_json({"deep": [{"ledger": leaf}]})
    curation = registry.objects.put_json({"recipe": middle})
    registry.commit("a", None, {"train": ["x"]}, curation=curation)
    loose = registry.objects.put_bytes(b"loose", "bin")
    plan = gc.plan(storage, LONG_AFTER)
    assert [s.key for s in plan.orphans] == [f"objects/{loose[:2]}/{loose}"]
