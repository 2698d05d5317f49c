"""What every index owes: a conformance suite to subclass in the tests of an `Index`."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.errors import NotFound, UsageError
from assay.model.operation import Operation
from assay.model.version import SegmentRef
from assay.store.index.history import Interval
from assay.store.index.index import Index
from assay.store.index.words import Query
from assay.store.log_view import LogView
from assay.store.memory import MemoryStorage
from assay.store.segments import read_rows
from assay.testing.drafts import TIME, Registry, id_of

# Letters that are cased, joined, of one another's scripts, newer than a tokeniser, signs, and CJK punctuation.
_PIECES = [
    *"abAéßὖ退款用卡・ーア1  .-_，'\\&|!:*", '"', "\U00031350", "𞤀", "가", "数据", "据", "GPT", "gpt-4", "logs",
    "e\u0301", "😀",
]  # fmt: skip
texts = st.lists(
    st.lists(st.sampled_from(_PIECES), min_size=1, max_size=10).map("".join),
    min_size=1,
    max_size=8,
    unique=True,
)
terms = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=5).map("".join)
_shared = settings(
    deadline=None,
    max_examples=50,
    suppress_health_check=[
        HealthCheck.differing_executors,
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
    ],
)

EXPECTED = {
    "x": [Interval("a", 1, 1, "train"), Interval("a", 4, None, "train"), Interval("b", 1, None, "all")],
    "y 退款": [Interval("a", 1, None, "train")],
    "z": [Interval("a", 1, 2, "test"), Interval("a", 3, None, "train")],
    "new": [Interval("a", 2, 2, "train")],
    "never": [],
}


def history(registry: Registry) -> None:
    """Five versions of two datasets; `EXPECTED` says what an index makes of them."""
    one = registry.commit("a", None, {"train": ["x", "y 退款"], "test": ["z"]})
    two = registry.commit("a", one, {"train": ["y 退款", "new"], "test": ["z"]})
    registry.commit("b", None, {"all": ["x"]})
    three = registry.commit("a", two, {"train": ["y 退款", "z"]})
    registry.commit("a", three, {"train": ["x", "y 退款", "z"]})


def check(index: Index, registry: Registry) -> None:
    """Hold a synchronised index against `history`."""
    for text, expected in EXPECTED.items():
        assert index.versions_of(id_of(text)) == expected
        found = index.locate(id_of(text).hex()[:12])
        assert (found is not None) == bool(expected)
        if found:
            row = read_rows(registry.objects, found.segment, [found.ordinal])
            assert row["id"].to_pylist() == [id_of(text)] == [found.id]
            assert index.ordinal(found.segment.object, found.id) == found.ordinal
    assert index.splits_of(id_of("z"), "a") == {1: "test", 2: "test", 3: "train", 4: "train"}
    assert [h.id for h in index.search("new")] == [id_of("new")]
    assert [h.id for h in index.search("款")] == [h.id for h in index.search("退款")] == [id_of("y 退款")]


class IndexSuite:
    """Subclass it as `TestMyIndex` and override `make`; pytest does the rest."""

    def make(self, folder: Path) -> Index:
        """An index that keeps what it has by the name of a folder: another one of the same folder finds that."""
        raise NotImplementedError

    @pytest.fixture
    def index(self, tmp_path: Path) -> Iterator[Index]:
        index = self.make(tmp_path)
        yield index
        index.discard()
        index.close()

    @pytest.fixture
    def registry(self) -> Registry:
        return Registry(MemoryStorage())

    def test_is_an_index(self, index: Index) -> None:
        assert isinstance(index, Index)
        with pytest.raises(UsageError, match="not been synchronised"):
            index.locate("0" * 64)
        with pytest.raises(UsageError, match="not been synchronised"):
            index.rebuild()

    def test_it_follows_the_log_step_by_step(self, index: Index, registry: Registry, tmp_path: Path) -> None:
        assert index.sync(registry.objects, registry.log) == 0
        history(registry)
        told: list[tuple[int, int]] = []
        assert index.sync(registry.objects, registry.log, lambda *done: told.append(done)) == 5
        assert told == [(n, 5) for n in range(5)]
        check(index, registry)
        registry.log.append(lambda seq, prev: Operation(seq, prev, TIME, "me", "tag", "a", {"tag": "t"}))
        assert index.sync(registry.objects, registry.log) == 1
        assert index.sync(registry.objects, registry.log) == 0
        again = self.make(tmp_path)
        assert again.sync(registry.objects, registry.log) == 0
        check(again, registry)
        again.rebuild()
        check(again, registry)
        check(index, registry)
        again.discard()
        check(index, registry)
        again.close()

    def test_an_empty_log_and_what_nobody_has(self, index: Index, registry: Registry) -> None:
        assert index.sync(registry.objects, registry.log) == 0
        assert not (
            index.versions_of(id_of("x")) or index.edits_of(id_of("x")) or index.records_of(id_of("x"))
        )
        assert index.search("x") == [] and index.locate("abcdef") is None and not len(index.edited("a"))
        with pytest.raises(NotFound, match="knows no segment"):
            index.ordinal("0" * 64, id_of("x"))
        other = SegmentRef("0" * 64 + ".parquet", 1, 1, "00" * 32, "ff" * 32)
        with pytest.raises(NotFound, match="knows no segment"):
            index.holding([other], Query(("a",)))

    def test_another_history_is_noticed(self, index: Index, registry: Registry) -> None:
        other = Registry(MemoryStorage())
        for n in range(3):
            other.commit(f"d{n}", None, {"train": [f"other {n}"]})
        index.sync(other.objects, other.log)
        index.search("other")
        history(registry)
        index.sync(registry.objects, registry.log)
        check(index, registry)
        assert index.versions_of(id_of("other 1")) == [] == index.search("other")

    def test_what_was_forgotten_leaves_nothing(self, index: Index, registry: Registry) -> None:
        history(registry)
        index.sync(registry.objects, registry.log)
        check(index, registry)
        told: list[tuple[int, int]] = []
        registry.log.append(
            lambda seq, prev: Operation(seq, prev, TIME, "me", "forget", None, {"ids": [], "replaced": {}})
        )
        index.sync(registry.objects, registry.log, lambda *done: told.append(done))
        assert len(told) == 5  # it was built again from the beginning
        registry.log.append(
            lambda seq, prev: Operation(seq, prev, TIME, "me", "disable", None, {"ids": [id_of("x").hex()]})
        )
        assert index.sync(registry.objects, registry.log, lambda *done: told.append(done)) == 1
        assert len(told) == 5
        check(index, registry)

    def test_beginnings_of_ids(self, index: Index, registry: Registry) -> None:
        registry.commit("a", None, {"train": ["x"]})
        index.sync(registry.objects, registry.log)
        whole = index.locate(id_of("x"))
        assert whole == index.locate(id_of("x").hex()) == index.locate(id_of("x").hex()[:6].upper())
        assert index.locate(id_of("x"), rejected=True) is None
        for bad in ("", "abc", "zzzzzzzz", "ab" * 33):
            with pytest.raises(UsageError):
                index.locate(bad)

    def test_edits_are_found_from_both_ends(self, index: Index, registry: Registry) -> None:
        one = registry.commit("a", None, {"train": ["old", "x"]})
        registry.commit("a", one, {"train": ["fresh", "x"]}, edits={id_of("old"): id_of("fresh")})
        index.sync(registry.objects, registry.log)
        (forth,), (back,) = index.edits_of(id_of("old")), index.edits_of(id_of("fresh"))
        assert (forth.number, forth.other, forth.forth) == (2, id_of("fresh"), True)
        assert (back.number, back.other, back.forth) == (2, id_of("old"), False)
        assert [bytes(i) for i in index.edited("a")] == [id_of("fresh")]
        assert index.turns_of(id_of("old")) == [("a", 1), ("a", 2)]

    def test_answers_as_of_a_moment_while_it_follows_the_whole_log(
        self, index: Index, registry: Registry
    ) -> None:
        history(registry)
        index.sync(registry.objects, LogView(registry.storage, "2026-10-31~"))
        assert index.versions_of(id_of("x")) == [] and index.search("x") == []
        assert index.sync(registry.objects, registry.log) == 0
        check(index, registry)

    def test_a_search_looks_where_it_is_told(self, index: Index, registry: Registry) -> None:
        one = registry.commit("a", None, {"train": ["red fox", "red hen"]})
        registry.commit("b", None, {"train": ["red cat", "红 cat"]})
        index.sync(registry.objects, registry.log)
        segments = {p.segment.object for parts in one.splits.values() for p in parts}
        assert index.unsearched(segments) == 2
        assert {h.id for h in index.search("red")} == {id_of(t) for t in ("red fox", "red hen", "red cat")}
        assert {h.id for h in index.search("red", segments=segments)} == {id_of("red fox"), id_of("red hen")}
        only = index.search("red", member=lambda i: i == id_of("red hen"))
        assert [h.id for h in only] == [id_of("red hen")]
        assert [h.id for h in index.search("红")] == [id_of("红 cat")]
        assert len(index.search("red", limit=1)) == 1
        assert index.unsearched(segments) == 0
        with pytest.raises(UsageError, match="nothing to search for"):
            index.search(' "" ')

    @given(texts, terms)
    @_shared
    def test_words_are_found_exactly(self, index: Index, held: list[str], wanted: str) -> None:
        registry = Registry(MemoryStorage())
        manifest = registry.commit("a", None, {"train": held})
        index.sync(registry.objects, registry.log)
        query = Query.parse(wanted)
        if not query.terms:
            with pytest.raises(UsageError):
                index.search(wanted)
            return
        expected = {id_of(t) for t in held if query.matches(t)}
        assert {h.id for h in index.search(wanted, limit=100)} == expected
        assert len(index.search(wanted, limit=1)) == min(1, len(expected))
        (part,) = manifest.splits["train"]
        rows = index.holding([part.segment], query)[part.segment.object].tolist()
        in_order = sorted(held, key=id_of)
        assert rows == [row for row, text in enumerate(in_order) if query.matches(text)]

    def test_long_texts_and_long_words(self, index: Index, registry: Registry) -> None:
        """Beyond what databases keep of a text: of positions, of a word, of bytes."""
        long = "w" * 5_000
        held = [
            "的" * 20_000 + "尽头", "the end " * 300 + "is near", " ".join(f"n{k}" for k in range(20_000)) + " far off",
            f"{long}a", f"{long}b", " ".join(f"{k:0190d}" for k in range(6_000)), "end the",
        ]  # fmt: skip
        manifest = registry.commit("a", None, {"train": held})
        index.sync(registry.objects, registry.log)
        (part,) = manifest.splits["train"]
        for wanted in (
            "尽头", "的的", "的尽头", "尽", '"the end"', '"end is near"', '"far off"', '"off far"', f"{long}a", long,
            f"{5_999:0190d}", "n19999", "end",
        ):  # fmt: skip
            query = Query.parse(wanted)
            expected = {id_of(t) for t in held if query.matches(t)}
            assert {h.id for h in index.search(wanted)} == expected, wanted[:20]
            rows = index.holding([part.segment], query)[part.segment.object].tolist()
            assert rows == [n for n, t in enumerate(sorted(held, key=id_of)) if query.matches(t)], wanted[:20]

    def test_several_at_once(self, registry: Registry, tmp_path: Path) -> None:
        history(registry)
        start, wrong = threading.Barrier(4), list[BaseException]()

        def work(number: int) -> None:
            index = self.make(tmp_path)
            try:
                start.wait()
                for turn in range(3):
                    mine = Registry(registry.storage, create=False)
                    index.sync(mine.objects, mine.log)
                    check(index, mine)
                    if number == turn:
                        index.rebuild()
                        check(index, mine)
            except BaseException as error:
                wrong.append(error)
                traceback.print_exc()
            finally:
                index.close()

        threads: list[Any] = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        left = self.make(tmp_path)
        left.discard()
        left.close()
