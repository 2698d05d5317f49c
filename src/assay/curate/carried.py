"""What is carried from a version to the next one: keys of all its examples, so that only what is added is measured."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from assay.curate.chunk import BASE
from assay.curate.fact_fields import fact_keys
from assay.curate.gather import Gathered
from assay.curate.plan import Plan
from assay.curate.settle import Settled
from assay.kernels.ids import order
from assay.model.canonical import canonical_json

Ids = npt.NDArray[np.bytes_]


class CarriedValues(Protocol):
    """Columns by name, one column at a time: a version's keys are large."""

    def get(self, name: str) -> dict[str, npt.NDArray[np.generic]] | None:
        """The columns under a name, or None."""
        ...

    def write(self, name: str, columns: Iterator[tuple[str, npt.NDArray[np.generic]]]) -> None:
        """Keep columns under a name."""
        ...


@dataclass(frozen=True)
class Carried:
    """The n examples of a version, sorted by id. `keys[position]` as the set stage there made them; `inputs`,
    `length` as in `Evaluated`."""

    ids: Ids
    keys: Mapping[int, dict[str, npt.NDArray[Any]]]
    inputs: npt.NDArray[np.uint64]
    length: npt.NDArray[np.int64]


def may_carry(plan: Plan) -> bool:
    """Whether keys are all that a later curation needs of a row: no selector, no field that a split looks at, no
    fact (it may be another by then), and near-duplicates kept together by their removal."""
    split = plan.split
    if plan.selectors or fact_keys(plan):
        return False
    return not (split is not None and (split.fields or not plan.has("near_dedup")))


def carry(values: CarriedValues, plan: Plan, gathered: Gathered, settled: Settled) -> None:
    """Remember the keys of everything that was kept."""
    if not may_carry(plan) or not plan.set_stages:
        return
    rows = settled.kept
    rows = rows[settled.same[rows] == rows]
    rows = rows[order(np.ascontiguousarray(gathered.ids[rows]).view("V32"))]

    def columns() -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
        yield "inputs", gathered.inputs[rows]
        yield "length", gathered.length[rows]
        for position, _ in plan.set_stages:
            for name, column in gathered.keys[position].items():
                yield f"{position}.{name}", column[rows]

    values.write(_name(plan, gathered.ids[rows]), columns())


def carried(values: CarriedValues | None, plan: Plan, ids: Ids) -> Carried | None:
    """What is remembered of a version whose sorted ids are given, for this plan; None where nothing is."""
    if values is None or not len(ids) or not may_carry(plan) or not plan.set_stages:
        return None
    found = values.get(_name(plan, ids))
    if found is None:
        return None
    keys: dict[int, dict[str, npt.NDArray[Any]]] = {position: {} for position, _ in plan.set_stages}
    for name, column in found.items():
        position, dot, key = name.partition(".")
        if dot:
            keys[int(position)][key] = column
    return Carried(ids, keys, found["inputs"].astype(np.uint64), found["length"].astype(np.int64))


def _name(plan: Plan, ids: Ids) -> str:
    told = [[p, s.kind, s.version, dict(s.measured), dict(s.lineage), s.score] for p, s in plan.set_stages]
    digest = hashlib.sha256(b"assay.carried.v1\n" + canonical_json(told))
    digest.update(np.ascontiguousarray(ids).tobytes())
    return digest.hexdigest()


def wanted(plan: Plan, gathered: Gathered) -> npt.NDArray[np.int64]:
    """The base rows whose texts the decision may look at: those that share a key with a row that is new."""
    pinned = gathered.source == BASE
    want = np.zeros(len(gathered), np.bool_)
    for position, stage in plan.set_stages:
        want |= stage.wanted(gathered.keys[position], pinned)
    return np.flatnonzero(want & pinned)
