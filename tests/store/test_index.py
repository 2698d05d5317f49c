"""The index says what the log says, whatever happens to its file."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import UsageError
from assay.model.operation import Operation
from assay.store.index import blocks
from assay.store.index.history import Interval
from assay.store.index.sqlite import SqliteIndex
from assay.store.index.words import Query, tokens
from assay.store.memory import MemoryStorage
from tests.store.drafts import TIME, Registry, id_of


@pytest.fixture
def registry() -> Registry:
    return Registry(MemoryStorage())


def history(registry: Registry) -> None:
    one = registry.commit("a", None, {"train": ["x", "y"], "test": ["z"]})
    two = registry.commit("a", one, {"train": ["y", "new"], "test": ["z"]})
    registry.commit("b", None, {"all": ["x"]})
    three = registry.commit("a", two, {"train": ["y", "z"]})
    registry.commit("a", three, {"train": ["x", "y", "z"]})


EXPECTED = {
    "x": [Interval("a", 1, 1, "train"), Interval("a", 4, None, "train"), Interval("b", 1, None, "all")],
    "y": [Interval("a", 1, None, "train")],
    "z": [Interval("a", 1, 2, "test"), Interval("a", 3, None, "train")],
    "new": [Interval("a", 2, 2, "train")],
    "never": [],
}


def check(index: SqliteIndex, registry: Registry) -> None:
    for text, expected in EXPECTED.items():
        assert index.versions_of(id_of(text)) == expected
        found = index.locate(id_of(text).hex()[:12])
        assert (found is not None) == bool(expected)
        if found:
            from assay.store.segments import read_rows

            row = read_rows(registry.objects, found.segment, [found.ordinal])
            assert row["id"].to_pylist() == [id_of(text)] == [found.id]
    assert [h.id for h in index.search("new")] == [id_of("new")]


def test_it_follows_the_log_step_by_step(registry: Registry, tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "deep" / "index.sqlite")
    assert index.sync(registry.objects, registry.log) == 0
    history(registry)
    assert index.sync(registry.objects, registry.log) == 5
    check(index, registry)
    registry.log.append(lambda seq, prev: Operation(seq, prev, TIME, "me", "tag", "a", {"tag": "t"}))
    assert index.sync(registry.objects, registry.log) == 1
    assert index.sync(registry.objects, registry.log) == 0
    index.close()
    again = SqliteIndex(tmp_path / "deep" / "index.sqlite")
    assert again.sync(registry.objects, registry.log) == 0
    check(again, registry)
    again.rebuild()
    check(again, registry)
    again.close()


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


def test_another_history_is_noticed(registry: Registry, tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "i")
    other = Registry(MemoryStorage())
    for n in range(3):
        other.commit(f"d{n}", None, {"train": [f"other {n}"]})
    index.sync(other.objects, other.log)
    history(registry)
    index.sync(registry.objects, registry.log)
    check(index, registry)
    assert index.versions_of(id_of("other 1")) == []
    index.close()


def test_prefixes(registry: Registry) -> None:
    registry.commit("a", None, {"train": ["x"]})
    index = SqliteIndex(":memory:")
    index.sync(registry.objects, registry.log)
    assert (
        index.locate(id_of("x"))
        == index.locate(id_of("x").hex())
        == index.locate(id_of("x").hex()[:6].upper())
    )
    for bad in ("", "abc", "zzzzzzzz", "ab" * 33):
        with pytest.raises(UsageError):
            index.locate(bad)
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


pieces = st.sampled_from(
    [
        "数据",
        "据",
        "版本",
        "本",
        "GPT",
        "gpt-4",
        "log",
        "logs",
        " ",
        "，",
        "_",
        "é",
        "e\u0301",
        "ß",
        "ss",
        "カタ",
        "😀",
        '"',
    ]
)
texts = st.lists(pieces, min_size=1, max_size=7).map("".join)


@given(st.lists(texts, min_size=1, max_size=12, unique=True), texts)
@settings(deadline=None, max_examples=120)
def test_search_finds_exactly_what_matches(held: list[str], wanted: str) -> None:
    registry = Registry(MemoryStorage())
    registry.commit("a", None, {"train": held})
    index = SqliteIndex(":memory:")
    index.sync(registry.objects, registry.log)
    query = Query.parse(wanted)
    if not query.terms:
        with pytest.raises(UsageError):
            index.search(wanted)
        return
    expected = {id_of(t) for t in held if query.matches(t)}
    assert {h.id for h in index.search(wanted, limit=100)} == expected
    assert len(index.search(wanted, limit=1)) == min(1, len(expected))
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


def test_search_within_a_version(registry: Registry) -> None:
    one = registry.commit("a", None, {"train": ["red fox", "red hen"]})
    registry.commit("b", None, {"train": ["red cat"]})
    index = SqliteIndex(":memory:")
    index.sync(registry.objects, registry.log)
    segments = {p.segment.object for parts in one.splits.values() for p in parts}
    assert {h.id for h in index.search("red")} == {id_of(t) for t in ("red fox", "red hen", "red cat")}
    assert {h.id for h in index.search("red", segments=segments)} == {id_of("red fox"), id_of("red hen")}
    only = index.search("red", member=lambda i: i == id_of("red hen"))
    assert [h.id for h in only] == [id_of("red hen")]
    index.close()
