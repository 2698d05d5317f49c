"""The index says what the log says, whatever happens to its file."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from assay.errors import UsageError
from assay.store.index import blocks
from assay.store.index.index import Index
from assay.store.index.sqlite import SqliteIndex
from assay.store.index.words import Query, tokens
from assay.store.memory import MemoryStorage
from assay.testing.index import IndexSuite, check, history
from tests.store.drafts import Registry, id_of


@pytest.fixture
def registry() -> Registry:
    return Registry(MemoryStorage())


class TestSqliteIndex(IndexSuite):
    def make(self, folder: Path) -> Index:
        return SqliteIndex(folder / "deep" / "index.sqlite")


def test_in_memory(registry: Registry) -> None:
    history(registry)
    index = SqliteIndex(":memory:")
    index.sync(registry.objects, registry.log)
    check(index, registry)
    index.rebuild()
    check(index, registry)
    index.close()


@pytest.mark.parametrize("spoil", ["garbage", "empty", "foreign", "truncated", "zeros", "flips"])
def test_a_spoilt_file_is_built_again(registry: Registry, tmp_path: Path, spoil: str) -> None:
    history(registry)
    path = tmp_path / "index.sqlite"
    index = SqliteIndex(path)
    index.sync(registry.objects, registry.log)
    index.search("x")
    index.close()
    data = bytearray(path.read_bytes())
    if spoil == "foreign":
        path.unlink()
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE theirs (x)")
        db.close()
    elif spoil == "flips":
        rng = random.Random(3)
        for _ in range(40):
            at = rng.randrange(100, len(data))
            data[at] = 0xFF
        path.write_bytes(data)
    else:
        made = {"garbage": b"not a database" * 99, "empty": b"", "truncated": data[:5000]}
        path.write_bytes(made.get(spoil, data[:4096] + bytes(len(data) - 4096)))
    again = SqliteIndex(path)
    again.sync(registry.objects, registry.log)
    if spoil == "flips":  # SQLite has no checksums: a flip may go unseen, but it never ends in an odd error
        again.rebuild()
    check(again, registry)
    again.close()


def test_a_beginning_that_two_ids_share(registry: Registry) -> None:
    registry.commit("a", None, {"train": ["x"]})
    index = SqliteIndex(":memory:")
    index.sync(registry.objects, registry.log)
    db = index._connect()
    twin = id_of("x")[:20] + bytes(12)
    db.execute(
        "INSERT INTO lists SELECT 99, kind, 'another', about, seq, 0 FROM lists WHERE kind = 'segment'"
    )
    blocks.write(db, 99, 32, twin)
    with pytest.raises(UsageError) as caught:
        index.locate(id_of("x").hex()[:10])
    assert twin.hex() in caught.value.hint and id_of("x").hex() in caught.value.hint
    index.close()


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("模型", "大模型很好", True),
        ("型", "模型", True),
        ("模好", "模型好", False),
        ("大 好", "大模型很好", True),
        ("gpt模型", "用GPT模型吧", True),
        ("log", "the logs", False),
        ("LOG", "the log.", True),
        ('"the log"', "see the log", True),
        ('"log the"', "see the log", False),
        ("x_y", "a x_y b", True),
    ],
)
def test_what_matches(query: str, text: str, found: bool) -> None:
    assert Query.parse(query).matches(text) is found


def test_chinese_is_cut_into_pairs() -> None:
    assert tokens("用GPT大模型, ok") == "用 gpt 大模 模型 型 ok"
