"""Conformance suites for stages: subclass one, say how to make the stage and a batch, and pytest does the rest.

class TestMyStage(RowStageSuite):
    def stage(self): return MyStage(limit=3)
    def payloads(self): return [{"text": "…"}, …]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from assay.curate.batch import Batch
from assay.curate.stage import Columns, Duplicates, Rows, RowStage, SetStage


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
