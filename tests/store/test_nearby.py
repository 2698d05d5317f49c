"""A folder of this machine before a far storage: the promises of a storage, and what is kept of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from assay.errors import NotFound
from assay.model.operation import Operation, digest
from assay.store import nearby_log
from assay.store.log import Log, log_key
from assay.store.memory import MemoryStorage
from assay.store.nearby import AT_ONCE, NearbyStorage, straight
from assay.store.nearby_log import NearbyLog
from assay.store.objects import Objects, object_key
from assay.store.storage import Storage, clock_of
from assay.testing.storage import StorageSuite


class TestNearby(StorageSuite):
    def make(self, folder: Path) -> Storage:
        return NearbyStorage(MemoryStorage(), folder)


class Counted(MemoryStorage):
    """Knows how many keys were read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def get(self, key: str) -> bytes:
        self.read.append(key)
        return super().get(key)


def entries(
    storage: Storage, first: int, last: int, prev: str | None = None, who: str = "mira"
) -> str | None:
    """Entries `first` to `last` of a log; the digest of the newest."""
    for seq in range(first, last + 1):
        data = Operation(seq, prev, "2026-11-21T00:00:00Z", who, "note").as_bytes()
        storage.put(log_key(seq), data)
        prev = digest(data)
    return prev


def test_a_long_log_is_fetched_once_and_many_at_a_time(tmp_path):
    far = Counted()
    prev = entries(far, 1, 3 * AT_ONCE)
    assert len(Log(NearbyStorage(far, tmp_path)).entries()) == 3 * AT_ONCE
    assert sorted(far.read) == sorted(log_key(n) for n in range(1, 3 * AT_ONCE + 2))
    entries(far, 3 * AT_ONCE + 1, 3 * AT_ONCE + 2, prev)
    far.read.clear()
    assert len(Log(NearbyStorage(far, tmp_path)).entries()) == 3 * AT_ONCE + 2
    assert far.read == [log_key(3 * AT_ONCE + n) for n in (1, 2, 3)]


def test_another_history_is_read_from_where_it_lies(tmp_path):
    far = MemoryStorage()
    first = entries(far, 1, 5)
    entries(far, 6, 2 * AT_ONCE, first)
    assert len(Log(NearbyStorage(far, tmp_path)).entries()) == 2 * AT_ONCE
    for seq in range(6, 2 * AT_ONCE + 1):
        far.delete(log_key(seq))
    for last in (5, 7, AT_ONCE, 2 * AT_ONCE, 3 * AT_ONCE):
        for seq in range(6, last + 1):
            far.delete(log_key(seq))
        entries(far, 6, last, first, "zoe")
        found = Log(NearbyStorage(far, tmp_path)).entries()
        assert [op.actor for op in found] == ["mira"] * 5 + ["zoe"] * (last - 5)


def test_a_damaged_entry_is_not_kept(tmp_path):
    far = MemoryStorage()
    entries(far, 1, 3)
    sound = far.get(log_key(2))
    far.put(log_key(2), sound.replace(b"mira", b"mora"))
    storage = NearbyStorage(far, tmp_path)
    with pytest.raises(Exception, match="damaged"):
        Log(storage).entries()
    far.put(log_key(2), sound)
    assert len(Log(storage).entries()) == len(Log(NearbyStorage(far, tmp_path)).entries()) == 3


def test_a_file_that_says_most_things_twice_is_written_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(nearby_log, "_SLACK", 3)
    path = tmp_path / "log"
    for _ in range(4):
        one = NearbyLog(path)
        one._held = {}  # a process that began before the others wrote
        for number in range(5):
            one.add(log_key(number), b"{%d}" % number)
    before = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"log/00000009.json torn")
    assert NearbyLog(path).get(log_key(4)) == b"{4}" and NearbyLog(path).get(log_key(9)) is None
    assert path.stat().st_size < before
    assert NearbyLog(path).get(log_key(0)) == b"{0}"


def test_objects_show_as_files_that_are_verified(tmp_path):
    far = Counted()
    storage = NearbyStorage(far, tmp_path / "near")
    name = Objects(far).put_bytes(b"text", "bin")
    path = storage.path_of(object_key(name))
    assert path.read_bytes() == b"text"
    path.write_bytes(b"tExt")
    assert NearbyStorage(far, tmp_path / "near").path_of(object_key(name)).read_bytes() == b"text"
    far.put(object_key(name), b"else")
    with pytest.raises(NotFound):
        NearbyStorage(far, tmp_path / "other").path_of(object_key(name))
    assert straight(storage).get(object_key(name)) == b"else"
    assert straight(far) is far and clock_of(storage) is None


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    far = MemoryStorage()
    entries(far, 1, 3)
    storage = NearbyStorage(far, tmp_path / "file" / "x")
    name = Objects(storage).put_bytes(b"text", "bin")
    assert name.startswith(hashlib.sha256(b"text").hexdigest())
    assert Objects(storage).get(name) == b"text" and len(Log(storage).entries()) == 3
