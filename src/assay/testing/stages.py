"""Conformance suites for stages: subclass one, say how to make the stage and a batch, and pytest does the rest.

class TestMyStage(RowStageSuite):
    def stage(self): return MyStage(limit=3)
    def payloads(self): return [{"text": "…"}, …]
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from assay.curate.batch import Batch
from assay.curate.stage import Columns, Duplicates, Removals, Rows, RowStage, Selector, SetStage
from assay.model.canonical import canonical_json


class RowStageSuite:
    """What every row stage owes: pure, row by row, and honest about its codes."""

    def stage(self) -> RowStage:
        raise NotImplementedError

    def payloads(self) -> list[dict[str, Any]]:
        raise NotImplementedError

    def test_it_gives_one_value_a_row(self) -> None:
        payloads = self.payloads()
        for column in self.stage().measure(Batch(payloads)).values():
            assert len(column) == len(payloads)

    def test_its_codes_are_declared(self) -> None:
        checks = self.stage().checks(self.stage().measure(Batch(self.payloads())))
        assert checks
        for check in checks:
            assert check.code in self.stage().codes
            assert len(check.failed) == len(check.value) == len(self.payloads())

    def test_a_row_does_not_depend_on_its_neighbours(self) -> None:
        payloads = self.payloads()
        together = self.stage().measure(Batch(payloads))
        for row, payload in enumerate(payloads):
            alone = self.stage().measure(Batch([payload]))
            for name, column in together.items():
                assert np.array_equal(alone[name], column[row : row + 1])

    def test_an_empty_batch_is_fine(self) -> None:
        for column in self.stage().measure(Batch([])).values():
            assert len(column) == 0

    def test_it_can_be_written_down_and_read_again(self) -> None:
        stage = self.stage()
        spelled = {
            k: tuple(v) if isinstance(v, list) else v for k, v in stage.model_dump(mode="json").items()
        }
        assert type(stage).model_validate(spelled) == stage


class SetStageSuite:
    """What every deduplicator owes: proven twins that stay, whatever the order of rows."""

    def stage(self) -> SetStage:
        raise NotImplementedError

    def payloads(self) -> list[dict[str, Any]]:
        raise NotImplementedError

    def decide(self, payloads: Sequence[dict[str, Any]], rank: Any, eligible: Any) -> Duplicates:
        """Run the stage over payloads with these ranks and eligible rows."""
        stage = self.stage()
        texts = Batch(list(payloads)).texts
        rows = Rows(
            self.keys(payloads),
            np.asarray(rank, np.int64),
            np.asarray(eligible, np.bool_),
            lambda some: [texts[k] for k in some],
        )
        return stage.decide(rows)

    def keys(self, payloads: Sequence[dict[str, Any]]) -> Columns:
        return self.stage().keys(Batch(list(payloads)))

    def test_keys_do_not_depend_on_the_batch(self) -> None:
        payloads = self.payloads()
        together = self.keys(payloads)
        for row, payload in enumerate(payloads):
            for name, column in self.keys([payload]).items():
                assert np.array_equal(column, together[name][row : row + 1])

    def test_twins_stay_and_are_proven(self) -> None:
        payloads = self.payloads()
        texts = Batch(payloads).texts
        eligible = np.arange(len(payloads)) % 3 != 1
        found = self.decide(payloads, np.arange(len(payloads)), eligible)
        gone = set(found.row.tolist())
        for row, twin, similarity in zip(found.row, found.twin, found.similarity, strict=True):
            assert int(twin) not in gone and eligible[twin]
            assert self.stage().similarity(texts[row], texts[twin]) == similarity >= self.stage().floor

    def test_order_does_not_matter(self) -> None:
        payloads = self.payloads()
        n = len(payloads)
        forward = self.decide(payloads, np.arange(n), np.ones(n))
        backward = self.decide(payloads[::-1], np.arange(n)[::-1], np.ones(n))
        assert {(int(r), int(t)) for r, t in zip(forward.row, forward.twin, strict=True)} == {
            (n - 1 - int(r), n - 1 - int(t)) for r, t in zip(backward.row, backward.twin, strict=True)
        }

    def test_nothing_at_all_is_fine(self) -> None:
        assert len(self.decide([], [], []).row) == 0


class SelectorSuite:
    """What every selector owes: the same answer in any order, each row once, explained by rows that stay.

    The payloads must all be different, and the stage must find something among them.
    """

    def stage(self) -> Selector:
        raise NotImplementedError

    def payloads(self) -> list[dict[str, Any]]:
        raise NotImplementedError

    def rows(self, payloads: Sequence[dict[str, Any]]) -> Rows:
        """Payloads as the engine hands them over: ranked by id, all of them eligible."""
        batch = Batch(list(payloads))
        digests = [hashlib.sha256(canonical_json(payload)).digest() for payload in payloads]
        assert len(set(digests)) == len(payloads), "the suite wants payloads that differ"
        rank = np.empty(len(digests), np.int64)
        rank[np.array(sorted(range(len(digests)), key=digests.__getitem__), np.int64)] = np.arange(
            len(digests)
        )
        return Rows(
            self.stage().keys(batch),
            rank,
            np.ones(len(digests), np.bool_),
            lambda some: [batch.texts[k] for k in some],
            np.array(digests, "S32"),
        )

    def told(
        self, payloads: Sequence[dict[str, Any]]
    ) -> tuple[set[tuple[Any, ...]], dict[bytes, float], Any]:
        """What the stage says of payloads, in words that no order of rows can change."""
        rows = self.rows(payloads)
        found = self.stage().select(rows)
        names = [canonical_json(payload) for payload in payloads]
        entries = {
            (
                names[row],
                int(found.code[k]),
                repr(float(found.value[k])),
                repr(float(found.threshold[k])),
                names[found.twin[k]] if found.twin[k] >= 0 else None,
                found.notes.get(k),
            )
            for k, row in enumerate(found.row.tolist())
        }
        weights = {} if found.weights is None else dict(zip(names, found.weights.tolist(), strict=True))
        return entries, weights, found.summary

    def select(self) -> Removals:
        return self.stage().select(self.rows(self.payloads()))

    def test_it_finds_something(self) -> None:
        found = self.select()
        assert len(found.row) or found.weights is not None

    def test_keys_do_not_depend_on_the_batch(self) -> None:
        payloads = self.payloads()
        together = self.stage().keys(Batch(payloads))
        for row, payload in enumerate(payloads):
            for name, column in self.stage().keys(Batch([payload])).items():
                assert np.array_equal(column, together[name][row : row + 1])

    def test_each_row_goes_at_most_once(self) -> None:
        found = self.select()
        assert len(set(found.row.tolist())) == len(found.row)
        assert all(0 <= row < len(self.payloads()) for row in found.row.tolist())
        columns = (found.code, found.value, found.threshold, found.twin)
        assert all(len(column) == len(found.row) for column in columns)
        assert all(0 <= k < len(found.row) for k in found.notes)
        if found.weights is not None:
            assert len(found.weights) == len(self.payloads())
            assert np.isfinite(found.weights).all() and (found.weights >= 0).all()

    def test_its_codes_are_declared(self) -> None:
        assert all(0 <= code < len(self.stage().codes) for code in self.select().code.tolist())

    def test_twins_stay(self) -> None:
        found = self.select()
        gone = set(found.row.tolist())
        for twin in found.twin.tolist():
            assert twin == -1 or (0 <= twin < len(self.payloads()) and twin not in gone)

    def test_order_does_not_matter(self) -> None:
        payloads = self.payloads()
        expected = self.told(payloads)
        assert self.told(payloads[::-1]) == expected
        shuffled = [payloads[k] for k in np.random.default_rng(7).permutation(len(payloads))]
        assert self.told(shuffled) == expected

    def test_it_is_pure(self) -> None:
        rows = self.rows(self.payloads())
        before = {name: column.copy() for name, column in rows.keys.items()}
        first, second = self.stage().select(rows), self.stage().select(rows)
        assert all(np.array_equal(column, before[name]) for name, column in rows.keys.items())
        for name in ("row", "code", "value", "threshold", "twin"):
            one, other = getattr(first, name), getattr(second, name)
            assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f")

    def test_nothing_at_all_is_fine(self) -> None:
        assert all(len(column) == 0 for column in self.stage().keys(Batch([])).values())
        assert len(self.stage().select(self.rows([])).row) == 0

    def test_it_can_be_written_down_and_read_again(self) -> None:
        stage = self.stage()
        spelled = {
            k: tuple(v) if isinstance(v, list) else v for k, v in stage.model_dump(mode="json").items()
        }
        assert type(stage).model_validate(spelled) == stage
