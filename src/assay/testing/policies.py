"""What every rule of a policy must do, and a version in memory to hold it against.

Subclass `RuleSuite` in your tests and give it a rule, a version that keeps it and one that breaks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import ValidationError

from assay.curate.batch import Batch
from assay.curate.judging import Judge
from assay.curate.plan import make_plan
from assay.curate.stage import EvalSet, RowStage
from assay.govern.rule import Rule, Verdict
from assay.govern.view import Examples, Measured, Stored
from assay.kernels.ids import IdArray, as_ids, id_list, is_increasing, sorted_ids
from assay.model.canonical import canonical_json
from assay.model.example import example_id, kind_of
from assay.model.provenance import COLUMNS
from assay.model.recipe import Recipe, StageSpec

_BATCH = 3


@dataclass(frozen=True)
class Row:
    """An example: its payload, and the fields of its record, provenance among them."""

    payload: Mapping[str, Any]
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> bytes:
        return example_id(canonical_json(self.payload))


@dataclass(frozen=True)
class MemoryView:
    """`assay.govern.view.View` over rows in memory: split → rows. Batches are small, so that none is all there is."""

    splits: Mapping[str, Sequence[Row]]
    parent: MemoryView | None = None
    frozen: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    seen: Sequence[bytes] = ()
    seen_by_programs: Sequence[bytes] = ()
    curation: Mapping[str, Any] | None = None
    stated: Mapping[str, Mapping[bytes, str]] = field(default_factory=dict)
    name: str = "memory@v1"

    @property
    def counts(self) -> Mapping[str, int]:
        return {split: len(rows) for split, rows in self.splits.items() if rows}

    @property
    def eval_sets(self) -> Sequence[str]:
        return tuple(sorted(self.frozen))

    def stored(self, columns: Sequence[str]) -> Iterator[Stored]:
        for split, rows in self._parts():
            held: dict[str, list[Any]] = {
                name: [row.fields.get(name) for row in rows] for name in (*COLUMNS, "source", "record")
            }
            held["kind"] = [kind_of(row.payload) for row in rows]
            yield Stored(split, _ids(rows), pa.table({name: held[name] for name in columns}))

    def examples(self) -> Iterator[Examples]:
        for split, rows in self._parts():
            yield Examples(split, _ids(rows), _batch(rows))

    def measured(self, stage: str, params: Mapping[str, Any]) -> Iterator[Measured]:
        (found,) = make_plan(Recipe(stages=(StageSpec(kind=stage, params=dict(params)),))).stages
        bound = found.bind(_Resources(self.frozen))
        assert isinstance(bound, RowStage)
        for split, rows in self._parts():
            values = bound.measure(_batch(rows))
            yield Measured(split, _ids(rows), values, bound.checks(values))

    def facts(self, key: str) -> Mapping[bytes, str]:
        return self.stated.get(key, {})

    def reviewed(self, auto: bool = True) -> IdArray:
        return sorted_ids([*self.seen, *self.seen_by_programs] if auto else self.seen)

    def _parts(self) -> Iterator[tuple[str, Sequence[Row]]]:
        for split in sorted(self.splits):
            for start in range(0, len(self.splits[split]), _BATCH):
                yield split, self.splits[split][start : start + _BATCH]


@dataclass(frozen=True)
class _Resources:
    frozen: Mapping[str, Sequence[tuple[str, str]]]

    def eval_sets(self) -> Sequence[EvalSet]:
        return [EvalSet(name, f"sha256:{name}", list(items)) for name, items in sorted(self.frozen.items())]

    def payloads(self, ref: str) -> Iterator[Sequence[tuple[bytes, dict[str, Any]]]]:
        raise LookupError(ref)

    def judge(self, rubric: str, models: Sequence[str], params: Mapping[str, Any], draws: int) -> Judge:
        raise LookupError(rubric)


def _ids(rows: Sequence[Row]) -> IdArray:
    return as_ids([row.id for row in rows])


def _batch(rows: Sequence[Row]) -> Batch:
    return Batch([dict(row.payload) for row in rows], [row.fields for row in rows])


class RuleSuite:
    """The promises of a rule. Override `rule`, `keeps` and `breaks`."""

    def rule(self) -> Rule:
        raise NotImplementedError

    def keeps(self) -> MemoryView:
        """A version that the rule has nothing against."""
        raise NotImplementedError

    def breaks(self) -> MemoryView:
        """A version that breaks the rule."""
        raise NotImplementedError

    def test_it_tells_the_two_apart(self) -> None:
        assert all(verdict.ok for verdict in self.rule().judge(self.keeps()))
        assert not all(verdict.ok for verdict in self.rule().judge(self.breaks()))

    def test_every_code_is_explained_and_given_once(self) -> None:
        rule = self.rule()
        assert rule.kind and rule.__doc__ and all(rule.codes.values())
        for view in (self.keeps(), self.breaks()):
            given = [verdict.code for verdict in rule.judge(view)]
            assert given and set(given) <= set(rule.codes) and len(set(given)) == len(given)

    def test_ids_are_examples_of_the_version(self) -> None:
        view = self.breaks()
        every = {row.id for rows in view.splits.values() for row in rows}
        for verdict in self.rule().judge(view):
            assert is_increasing(verdict.ids) and set(id_list(verdict.ids)) <= every

    def test_the_order_of_rows_changes_nothing(self) -> None:
        view = self.breaks()
        turned = MemoryView(
            {split: list(rows)[::-1] for split, rows in view.splits.items()},
            view.parent, view.frozen, view.seen, view.seen_by_programs, view.curation, view.stated, view.name,
        )  # fmt: skip
        rule = self.rule()
        told = [list(map(_comparable, rule.judge(one))) for one in (view, view, turned)]
        assert told[0] == told[1] == told[2]

    def test_unknown_parameters_are_refused_and_known_ones_survive(self) -> None:
        rule = self.rule()
        try:
            type(rule).model_validate({**rule.model_dump(), "no_such_parameter": 1})
        except ValidationError:
            pass
        else:
            raise AssertionError("an unknown parameter was taken")
        assert type(rule).model_validate(rule.model_dump()) == rule


def _comparable(verdict: Verdict) -> tuple[Any, ...]:
    ids = np.ascontiguousarray(verdict.ids).tobytes()
    return verdict.code, verdict.ok, verdict.value, verdict.limit, verdict.message, verdict.unit, ids
