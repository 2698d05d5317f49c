"""Conformance suite for selectors: subclass it, say how to make the stage and a batch, and pytest does the rest.

class TestMySelector(SelectorSuite):
    def stage(self): return MySelector(cap=3)
    def payloads(self): return [{"text": "…"}, …]
    def fields(self): return [{"category": "…"}, …]      # optional
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from assay.curate.batch import Batch
from assay.curate.stage import Removals, Rows, Selector
from assay.model.canonical import canonical_json
from assay.model.example import example_id


def rows_of(
    stage: Selector,
    payloads: Sequence[dict[str, Any]],
    fields: Sequence[Mapping[str, Any]] = (),
    rank: Sequence[int] | None = None,
) -> Rows:
    """What the engine would hand to `stage` for these records; all are eligible. `rank` is by id without one."""
    batch = Batch(list(payloads), list(fields))
    ids = np.array([example_id(canonical_json(payload)) for payload in payloads], "S32")
    by_id = np.empty(len(ids), np.int64)
    by_id[np.argsort(ids, kind="stable")] = np.arange(len(ids))
    texts = batch.texts
    return Rows(
        stage.keys(batch),
        by_id if rank is None else np.asarray(rank, np.int64),
        np.ones(len(ids), np.bool_),
        lambda some: [texts[k] for k in some],
        ids,
    )


class SelectorSuite:
    """What every selector owes: declared codes, each row once, twins that stay, whatever the order of rows."""

    def stage(self) -> Selector:
        raise NotImplementedError

    def payloads(self) -> list[dict[str, Any]]:
        """Different ones."""
        raise NotImplementedError

    def fields(self) -> list[dict[str, Any]]:
        return []

    def _rows(self) -> Rows:
        return rows_of(self.stage(), self.payloads(), self.fields())

    def test_keys_do_not_depend_on_the_batch(self) -> None:
        payloads, fields = self.payloads(), self.fields()
        together = self.stage().keys(Batch(payloads, fields))
        for row, payload in enumerate(payloads):
            alone = self.stage().keys(Batch([payload], fields[row : row + 1]))
            assert alone.keys() == together.keys()
            for name, column in alone.items():
                assert column.dtype == together[name].dtype
                assert np.array_equal(
                    column, together[name][row : row + 1], equal_nan=column.dtype.kind == "f"
                )

    def test_what_goes_is_explained(self) -> None:
        rows = self._rows()
        found = self.stage().select(rows)
        m = len(found.row)
        assert m == len(found.code) == len(found.value) == len(found.threshold) == len(found.twin)
        assert len(set(found.row.tolist())) == m
        gone = set(found.row.tolist())
        assert all(0 <= code < len(self.stage().codes) for code in found.code)
        assert all(twin == -1 or (0 <= twin < len(rows) and twin not in gone) for twin in found.twin.tolist())
        assert all(0 <= position < m for position in found.notes)
        assert found.flagged is None or (len(found.flagged) == m and found.flagged.dtype == np.bool_)
        assert found.weights is None or (len(found.weights) == len(rows) and (found.weights >= 0).all())
        json.dumps(dict(found.summary), allow_nan=False)

    def test_order_does_not_matter(self) -> None:
        rows = self._rows()
        turned = np.random.default_rng(5).permutation(len(rows))
        again = Rows(
            {name: column[turned] for name, column in rows.keys.items()},
            rows.rank[turned],
            rows.eligible[turned],
            lambda some: rows.texts([int(turned[k]) for k in some]),
            rows.ids[turned],
        )
        assert _told(self.stage().select(rows), np.arange(len(rows))) == _told(
            self.stage().select(again), turned
        )

    def test_nothing_at_all_is_fine(self) -> None:
        assert len(self.stage().select(rows_of(self.stage(), [])).row) == 0

    def test_it_can_be_written_down_and_read_again(self) -> None:
        stage = self.stage()
        spelled = {
            k: tuple(v) if isinstance(v, list) else v
            for k, v in stage.model_dump(mode="json", exclude_none=True).items()
        }
        assert type(stage).model_validate(spelled) == stage


def _told(found: Removals, names: Any) -> Any:
    """The findings with rows named as they were at first; NaN as text, so that it equals itself."""
    lines = {
        int(names[row]): (
            int(code),
            repr(float(value)),
            repr(float(bound)),
            int(names[twin]) if twin >= 0 else -1,
        )
        for row, code, value, bound, twin in zip(
            found.row, found.code, found.value, found.threshold, found.twin, strict=True
        )
    }
    notes = {int(names[found.row[position]]): note for position, note in found.notes.items()}
    weights = None
    if found.weights is not None:
        weights = {int(name): float(weight) for name, weight in zip(names, found.weights, strict=True)}
    return lines, notes, weights, json.dumps(dict(found.summary), sort_keys=True)
