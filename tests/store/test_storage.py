"""Both storages keep the promises of the protocol; the local one also when the operating system fails."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from assay.errors import AssayError, StorageFailure
from assay.store.local import LocalStorage
from assay.store.memory import MemoryStorage
from assay.store.storage import Storage
from assay.testing.faults import Crash, FaultyCalls
from assay.testing.storage import StorageSuite


class TestLocal(StorageSuite):
    def make(self, folder: Path) -> Storage:
        return LocalStorage(folder / "made" / "by" / "it")


class TestMemory(StorageSuite):
    def make(self, folder: Path) -> Storage:
        return MemoryStorage()


def calls_of(folder: Path) -> list[str]:
    calls = FaultyCalls()
    write_three(LocalStorage(folder / "count", calls), folder)
    return calls.names


def write_three(storage: LocalStorage, folder: Path) -> None:
    storage.put("objects/ab/one", b"x" * 1000)
    (folder / "file").write_bytes(b"y" * 1000)
    storage.put_file("objects/cd/two", folder / "file")
    assert storage.put_if_absent("log/1", b"z" * 1000) is True


WHOLE = {"objects/ab/one": b"x" * 1000, "objects/cd/two": b"y" * 1000, "log/1": b"z" * 1000}


@pytest.mark.parametrize("fault", ["error", "dead", "crash"])
def test_every_call_may_fail_and_nothing_is_ever_half_written(tmp_path: Path, fault: str) -> None:
    total = len(calls_of(tmp_path))
    failed = 0
    for at in range(1, total + 1):
        root = tmp_path / f"{fault}{at}"
        try:
            write_three(LocalStorage(root, FaultyCalls(at, fault, errno.ENOSPC)), tmp_path)  # type: ignore[arg-type]
        except StorageFailure as error:
            assert str(root) in error.message and "full" in error.hint
            failed += 1
        except Crash:
            failed += 1
        storage = LocalStorage(root)
        for stat in storage.list(""):
            assert storage.get(stat.key) == WHOLE[stat.key]
        write_three_again(storage, tmp_path)
        for stat in list(storage.leftovers()):
            storage.delete(stat.key)
        assert {s.key for s in storage.list("")} == set(WHOLE)
        assert list(storage.leftovers()) == []
    # Only removing the temporary name after a link may fail without a word: the write itself is done.
    assert failed >= total - 1


def write_three_again(storage: LocalStorage, folder: Path) -> None:
    storage.put("objects/ab/one", b"x" * 1000)
    storage.put_file("objects/cd/two", folder / "file")
    storage.put_if_absent("log/1", b"z" * 1000)


def test_short_writes_are_continued(tmp_path: Path) -> None:
    names = calls_of(tmp_path)
    for at in range(1, len(names) + 1):
        calls = FaultyCalls(at, "short")
        storage = LocalStorage(tmp_path / f"short{at}", calls)
        write_three(storage, tmp_path)
        count = calls.count
        assert {s.key: storage.get(s.key) for s in storage.list("")} == WHOLE
        assert count == len(names) + (names[at - 1] == "write")


def test_a_name_is_given_after_its_bytes_are_synced_and_its_folder_is_synced_after(tmp_path: Path) -> None:
    names = calls_of(tmp_path)
    for give in ("replace", "link"):
        for at in (i for i, n in enumerate(names) if n == give):
            before = names[:at]
            last_write = len(before) - 1 - before[::-1].index("write")
            assert "fsync" in before[last_write:]
            assert names[at + 1] == "fsync_dir"
    for at in (i for i, n in enumerate(names) if n == "mkdir"):
        assert names[at + 1] == "fsync_dir"


def test_reading_may_fail(tmp_path: Path) -> None:
    LocalStorage(tmp_path).put("a", b"x")
    with pytest.raises(StorageFailure, match="cannot read"):
        LocalStorage(tmp_path, FaultyCalls(1)).get("a")


def test_another_process_may_remove_folders(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "r")
    storage.put("objects/ab/one", b"x")
    storage.delete("objects/ab/one")
    (tmp_path / "r" / "objects" / "ab").rmdir()
    storage.put("objects/ab/one", b"x")
    assert storage.get("objects/ab/one") == b"x"


def test_temporary_files_are_not_keys(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    with pytest.raises(AssayError):
        storage.put("tmp/x", b"x")
    (tmp_path / "tmp" / "curate-1").mkdir(parents=True)
    (tmp_path / "tmp" / "curate-1" / "rows.arrow").write_bytes(b"left")
    assert [s.key for s in storage.list("")] == []
    assert [s.key for s in storage.leftovers()] == ["tmp/curate-1/rows.arrow"]
    storage.delete("tmp/curate-1/rows.arrow")
    assert not (tmp_path / "tmp" / "curate-1").exists()


def test_exactly_one_of_many_processes_wins(tmp_path: Path) -> None:
    worker = str(Path(__file__).with_name("worker.py"))
    running = [
        subprocess.Popen(
            [sys.executable, worker, "put", str(tmp_path), f"w{n}", "60"], stdout=subprocess.PIPE, text=True
        )
        for n in range(4)
    ]
    won: dict[int, str] = {}
    for number, process in enumerate(running):
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        for key in map(int, out.split()):
            assert key not in won
            won[key] = f"w{number}"
    assert sorted(won) == list(range(60))
    storage = LocalStorage(tmp_path)
    assert all(storage.get(f"log/{key}") == who.encode() for key, who in won.items())
