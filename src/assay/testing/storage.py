"""What every storage owes: a conformance suite to subclass in the tests of a `Storage`."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from assay.errors import NotFound, UsageError
from assay.store.storage import Storage


class StorageSuite:
    """Subclass it as `TestMyStorage` and override `make` to give an empty storage; pytest does the rest."""

    def make(self, folder: Path) -> Storage:
        """An empty storage; `folder` is an empty folder of this test's own."""
        raise NotImplementedError

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Storage:
        folder = tmp_path / "storage"
        folder.mkdir()
        return self.make(folder)

    def test_is_a_storage(self, storage: Storage) -> None:
        assert isinstance(storage, Storage)

    @pytest.mark.parametrize("data", [b"", b"\x00", "数据".encode(), bytes(range(256)) * 40_000])
    def test_gives_back_what_was_put(self, storage: Storage, data: bytes) -> None:
        storage.put("objects/ab/one.json", data)
        assert storage.get("objects/ab/one.json") == data
        stat = storage.stat("objects/ab/one.json")
        assert stat is not None and (stat.key, stat.bytes) == ("objects/ab/one.json", len(data))

    def test_put_again_is_harmless(self, storage: Storage) -> None:
        storage.put("a", b"x")
        storage.put("a", b"x")
        assert storage.get("a") == b"x"
        assert [s.key for s in storage.list("")] == ["a"]

    def test_put_file_leaves_the_file(self, storage: Storage, tmp_path: Path) -> None:
        path = tmp_path / "big.bin"
        path.write_bytes(b"0123456789" * 1_000_000)
        storage.put_file("objects/big", path)
        assert storage.get("objects/big") == path.read_bytes()

    def test_put_if_absent_never_rewrites(self, storage: Storage) -> None:
        assert storage.put_if_absent("log/1.json", b"first") is True
        assert storage.put_if_absent("log/1.json", b"second") is False
        assert storage.get("log/1.json") == b"first"

    def test_one_of_many_threads_wins(self, storage: Storage) -> None:
        for number in range(20):
            won: list[int] = []
            start = threading.Barrier(4)

            def write(who: int, key: str, start: threading.Barrier, won: list[int]) -> None:
                start.wait()
                if storage.put_if_absent(key, b"%d" % who):
                    won.append(who)

            key = f"log/{number}"
            threads = [threading.Thread(target=write, args=(w, key, start, won)) for w in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(won) == 1
            assert storage.get(key) == b"%d" % won[0]

    def test_a_missing_key(self, storage: Storage) -> None:
        with pytest.raises(NotFound):
            storage.get("objects/none")
        assert storage.stat("objects/none") is None
        storage.delete("objects/none")

    def test_lists_in_order_by_prefix(self, storage: Storage) -> None:
        keys = ["log/00000001.json", "log/00000002.json", "objects/a-b/x", "objects/a/x", "objects/ab", "z"]
        for key in reversed(keys):
            storage.put(key, key.encode())
        assert [s.key for s in storage.list("")] == sorted(keys)
        assert [s.key for s in storage.list("log/")] == keys[:2]
        assert [s.key for s in storage.list("objects/a")] == sorted(keys[2:5])
        assert [s.key for s in storage.list("nothing/")] == []
        assert [s.bytes for s in storage.list("z")] == [1]

    def test_delete(self, storage: Storage) -> None:
        storage.put("objects/ab/x", b"1")
        storage.delete("objects/ab/x")
        assert storage.stat("objects/ab/x") is None
        assert list(storage.list("")) == []
        assert storage.put_if_absent("objects/ab/x", b"2") is True

    def test_leaves_nothing_behind(self, storage: Storage) -> None:
        storage.put("a/b", b"1")
        storage.put_if_absent("a/c", b"1")
        storage.put_if_absent("a/c", b"2")
        assert list(storage.leftovers()) == []

    @pytest.mark.parametrize(
        "key",
        ["", "/", "/etc/passwd", "..", "../x", "a/../b", "a//b", "a/", ".hidden", "a\\b", "a\x00b", "a\nb"],
    )
    def test_refuses_keys_that_leave_the_folder(self, storage: Storage, key: str) -> None:
        for act in (storage.get, storage.stat, storage.delete):
            with pytest.raises(UsageError):
                act(key)
        with pytest.raises(UsageError):
            storage.put(key, b"x")
        with pytest.raises(UsageError):
            storage.put_if_absent(key, b"x")
