"""What is carried from a version to the next one: keys of all its examples, so that only what is added is measured."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assay.curate.fact_fields import fact_keys
from assay.curate.gather import Gathered
from assay.curate.parts import Forgotten, Kept, Values, keep_part, part_of
from assay.curate.plan import Plan
from assay.curate.settle import Settled
from assay.curate.stage import Columns
from assay.model.canonical import canonical_json

Ids = npt.NDArray[np.bytes_]

_MOST_PARTS = 16
"""Parts that a version's keys may lie in; where it takes more they are written as one."""


@dataclass(frozen=True)
class Carried:
    """The n examples of a version, in the order of the parts that hold their keys: `rows[k]` of `parts[k]`.
    `keys[position]` as the set stage there made them; `inputs`, `length` as in `Evaluated`."""

    ids: Ids
    keys: Mapping[int, Columns]
    inputs: npt.NDArray[np.uint64]
    length: npt.NDArray[np.int64]
    parts: Sequence[str]
    rows: Sequence[npt.NDArray[np.int64]]


def may_carry(plan: Plan) -> bool:
    """Whether keys are all that a later curation needs of a row: no selector, no field that a split or a score looks
    at, no fact (it may be another by then), and near-duplicates kept together by their removal."""
    if plan.selectors or fact_keys(plan) or any(stage.score is not None for _, stage in plan.set_stages):
        return False
    return plan.split is None or (not plan.split.fields and plan.has("near_dedup"))


def carry(
    values: Values, plan: Plan, gathered: Gathered, settled: Settled, base: Carried | None, part: str | None
) -> None:
    """Remember where the keys of everything that was kept are. `base`: what was carried to this curation, whose rows
    are the first of those gathered. `part`: where the keys of all that was gathered are, if somewhere."""
    if not may_carry(plan) or not plan.set_stages:
        return
    kept = settled.kept
    kept = np.sort(kept[settled.same[kept] == kept])
    if base is not None and len(base.parts) >= _MOST_PARTS:
        base = None
    first = 0 if base is None else len(base.ids)
    new = slice(first, len(gathered))
    more = {"ids": gathered.ids[new], "inputs": gathered.inputs[new], "length": gathered.length[new]}
    keys = gathered.keys
    if first:
        keys = {
            p: {name: column[new] for name, column in keys[p].items()} if first < len(gathered) else {}
            for p, _ in plan.set_stages
        }
    parts = list(base.parts) if base is not None else []
    columns: list[tuple[str, npt.NDArray[np.generic]]] = []
    if base is not None:
        ends = np.cumsum([len(rows) for rows in base.rows])
        columns += [
            (
                str(k),
                rows[kept[(kept >= end - len(rows)) & (kept < end)] - (end - len(rows))].astype(np.int32),
            )
            for k, (rows, end) in enumerate(zip(base.rows, ends.tolist(), strict=True))
        ]
    if (kept >= first).any():
        if part is None or first:
            part = keep_part(values, plan, part_of(gathered.ids[new], keys), keys, more)
        parts.append(part)
        columns.append((str(len(columns)), (kept[kept >= first] - first).astype(np.int32)))
    names = np.frombuffer(bytes.fromhex("".join(parts)), np.uint8)
    stays = np.zeros(len(gathered), np.bool_)
    stays[kept] = True
    ordered = gathered.ids[gathered.by_id[stays[gathered.by_id]]]
    values.write(_name(plan, ordered), iter([("parts", names), *columns]))


def carried(values: Values | None, plan: Plan, ids: Ids) -> Carried | None:
    """What is remembered of a version whose sorted ids are given, for this plan; None where nothing is."""
    if values is None or not len(ids) or not may_carry(plan) or not plan.set_stages:
        return None
    found = values.get(_name(plan, ids))
    if found is None:
        return None
    spelled = found["parts"].tobytes().hex()
    parts = [spelled[k : k + 64] for k in range(0, len(spelled), 64)]
    rows = [found[str(k)].astype(np.int64) for k in range(len(parts))]
    try:
        more = Kept(values, None, parts, rows)
        keys = {position: dict(Kept(values, stage, parts, rows)) for position, stage in plan.set_stages}
        return Carried(
            more["ids"].astype("S32", copy=False), keys, more["inputs"], more["length"], parts, rows
        )
    except Forgotten:
        return None


def _name(plan: Plan, ids: Ids) -> str:
    told = [[p, s.kind, s.version, dict(s.measured), dict(s.lineage), s.score] for p, s in plan.set_stages]
    digest = hashlib.sha256(b"assay.carried.v2\n" + canonical_json(told))
    digest.update(np.ascontiguousarray(ids).view(np.uint8).data)
    return digest.hexdigest()
