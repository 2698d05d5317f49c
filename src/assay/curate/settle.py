"""Every row's fate, from the columns that were gathered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.curate.choose import Chosen, Pool, run_selectors, with_twins
from assay.curate.evaluate import join_failures
from assay.curate.gather import Gathered
from assay.curate.plan import Plan
from assay.curate.resolve import find_twins, rank_rows
from assay.curate.split import Standing, assign, join_groups
from assay.curate.stage import Memory, Payloads, no_payloads
from assay.kernels.ids import first_of_each
from assay.kernels.texts import AnyTexts

KEPT = -1
IDENTICAL = -2

NearGroups = Callable[[Sequence[int]], npt.NDArray[np.int64]]
"""Rows → labels of the groups of near-duplicates among them."""


@dataclass(frozen=True)
class Settled:
    """One fate a row; all arrays have length n.

    `same`: the first row with the same id (itself, for the first). `stage`: `KEPT`, `IDENTICAL`, or the
    position in the recipe of the stage that rejected it. `failure`: index into `Gathered.failures` of the
    check that did, −1 when it was no check. `twin`: the kept row in whose stead it went, −1 without.
    `duplicate`: position of the set stage under which it is a duplicate, −1 without. `foreign`: row → (id, ref)
    of a twin in another version, for rows that are the first with their id. `split`: "" unless kept.
    """

    same: npt.NDArray[np.int64]
    stage: npt.NDArray[np.int64]
    failure: npt.NDArray[np.int64]
    twin: npt.NDArray[np.int64]
    duplicate: npt.NDArray[np.int64]
    similarity: npt.NDArray[np.float64]
    split: npt.NDArray[np.str_]
    chosen: Chosen | None = None
    foreign: Mapping[int, tuple[bytes, str]] = field(default_factory=dict)

    @property
    def kept(self) -> npt.NDArray[np.int64]:
        """The kept rows, base rows among them."""
        return np.flatnonzero(self.stage == KEPT)


def settle(  # noqa: PLR0913
    gathered: Gathered,
    plan: Plan,
    texts: AnyTexts,
    *,
    standing: Standing,
    eval_sources: frozenset[int],
    user_keys: npt.NDArray[np.int64],
    near_groups: NearGroups,
    allocate: Callable[..., npt.NDArray[Any]] = np.empty,
    memories: Mapping[int, Memory] | None = None,
    payloads: Payloads = no_payloads,
    placed: Mapping[int, str] | None = None,
) -> tuple[Gathered, Settled]:
    """Decide on all rows. What is given back of `gathered` has the selectors' findings among its failures.

    `standing`: where the rows' ids stand in the parent version. `eval_sources`: sources whose rows are the test
    split. `user_keys`: int64[n], equal where the user's own key is equal, −1 without one. `payloads`: for selectors.
    `placed`: source → the split where all its rows stand, wherever they stood before.
    """
    n = len(gathered)
    same, unique = _first_of_each(gathered)
    from_eval = np.isin(gathered.source, np.array(sorted(eval_sources), np.int32))
    eligible = gathered.passes[unique]
    rank = rank_rows(
        [
            ~eligible,
            ~gathered.pinned[unique],
            ~from_eval[unique],
            standing.code[unique] < 0,
            -gathered.length[unique],
            _place_by_id(gathered)[unique],
        ]
    )
    found = find_twins(
        plan.set_stages,
        [gathered.keys[position] for position, _ in plan.set_stages],
        rank,
        eligible,
        gathered.pinned[unique],
        texts,
        unique,
        _tiers(gathered, from_eval, standing)[unique],
        allocate,
        None if memories is None else [memories[position] for position, _ in plan.set_stages],
    )
    duplicate, twin = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    similarity = np.full(n, np.nan)
    duplicate[unique] = found.stage
    twin[unique] = np.where(found.twin >= 0, unique[found.twin], -1)
    similarity[unique] = found.similarity
    gathered, chosen = _choose(gathered, plan, texts, unique, rank, duplicate, twin, payloads)
    failure = _first_failure(gathered)
    if chosen is not None:
        explained = chosen.twin >= 0
        twin[explained], similarity[explained] = chosen.twin[explained], np.nan

    never = len(plan.stages)
    by_check = np.where(failure >= 0, _stage_of(gathered, failure), never)
    by_twin = np.where(duplicate >= 0, duplicate, never)
    gone = np.isin(by_check, [position for position, _ in plan.selectors])
    twin[gone & (duplicate >= 0)] = -1
    stage = np.where(gone, by_check, np.minimum(by_check, by_twin))
    stage[stage == never] = KEPT
    stage, failure, twin, duplicate = stage[same], failure[same], twin[same], duplicate[same]
    similarity = similarity[same]
    again = (same != np.arange(n)) & (stage == KEPT)
    stage[again], twin[again], similarity[again] = IDENTICAL, same[again], 1.0
    failure[(by_check[same] > by_twin[same]) & ~gone[same]] = -1

    split = np.full(n, "", dtype=object)
    kept = np.flatnonzero(stage == KEPT)
    split[kept] = _splits(gathered, plan, kept, from_eval, standing, user_keys, near_groups, placed or {})
    foreign = {int(unique[row]): named for row, named in found.foreign.items()}
    settled = Settled(same, stage, failure, twin, duplicate, similarity, split, chosen, foreign)
    return gathered, settled


def _choose(  # noqa: PLR0913
    gathered: Gathered,
    plan: Plan,
    texts: AnyTexts,
    unique: npt.NDArray[np.int64],
    rank: npt.NDArray[np.int64],
    duplicate: npt.NDArray[np.int64],
    twin: npt.NDArray[np.int64],
    payloads: Payloads,
) -> tuple[Gathered, Chosen | None]:
    """Run the selectors on what is left; their removals are failures like any other."""
    if not plan.selectors:
        return gathered, None
    left = unique[gathered.passes[unique] & (duplicate[unique] < 0)]
    ranks = np.full(len(gathered), len(gathered), np.int64)
    ranks[unique] = rank
    pool = Pool(left, ranks, gathered.ids, gathered.pinned, texts.fetched(left), payloads)
    chosen = run_selectors(plan.selectors, [gathered.keys[position] for position, _ in plan.selectors], pool)
    rejected = chosen.failures.take(np.flatnonzero(~chosen.failures.flag))
    _, first = np.unique(rejected.row, return_index=True)
    rejected = rejected.take(first)
    # A duplicate is rejected because its twin stays; where the twin was not chosen, both go for that.
    along = unique[np.isin(twin[unique], rejected.row) & (duplicate[unique] >= 0) & gathered.passes[unique]]
    joined = join_failures([gathered.failures, chosen.failures, with_twins(rejected, twin[along], along)])
    return replace(gathered, failures=joined.take(np.lexsort((joined.stage, joined.row)))), chosen


def _first_of_each(gathered: Gathered) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For each row the first row with its id; and those first rows, in reading order."""
    first = first_of_each(np.ascontiguousarray(gathered.ids).view("V32"), gathered.by_id)
    return first, np.flatnonzero(first == np.arange(len(first)))


def _tiers(gathered: Gathered, from_eval: npt.NDArray[np.bool_], standing: Standing) -> npt.NDArray[np.int8]:
    """int8[n]: see `Rows.tier`."""
    tier = np.where(standing.code >= 0, 2, 3)
    return np.where(gathered.pinned, 0, np.where(from_eval, 1, tier)).astype(np.int8)


def _place_by_id(gathered: Gathered) -> npt.NDArray[np.int64]:
    """Where each row's id stands among all of them, sorted."""
    place = np.empty(len(gathered), np.int64)
    place[gathered.by_id] = np.arange(len(gathered))
    return place


def _first_failure(gathered: Gathered) -> npt.NDArray[np.int64]:
    first = np.full(len(gathered), -1, np.int64)
    rejecting = np.flatnonzero(~gathered.failures.flag)
    rows, at = np.unique(gathered.failures.row[rejecting], return_index=True)
    first[rows] = rejecting[at]
    return first


def _stage_of(gathered: Gathered, failure: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    if not len(gathered.failures.stage):
        return np.zeros(len(failure), np.int64)
    return gathered.failures.stage[np.maximum(failure, 0)].astype(np.int64)


def _splits(  # noqa: PLR0913
    gathered: Gathered,
    plan: Plan,
    kept: npt.NDArray[np.int64],
    from_eval: npt.NDArray[np.bool_],
    standing: Standing,
    user_keys: npt.NDArray[np.int64],
    near_groups: NearGroups,
    placed: Mapping[int, str],
) -> npt.NDArray[np.object_]:
    ids = gathered.ids[kept]
    here = Standing(standing.code[kept], standing.names)
    if from_eval.any() or placed or plan.split is None or not plan.split.shares:
        split = assign(ids, np.arange(len(ids)), None, here)
        split[from_eval[kept]] = "test"
        for source, name in placed.items():
            split[gathered.source[kept] == source] = name
        return split
    _, by_input = np.unique(gathered.inputs[kept], return_inverse=True)
    relations = [np.where(gathered.inputs[kept] == 0, -1, by_input).astype(np.int64), user_keys[kept]]
    if not plan.has("near_dedup"):
        relations.append(near_groups(kept.tolist()))
    fields = {name: column[kept] for name, column in gathered.split_fields.items()}
    if "group" in fields:
        relations.append(_numbered(fields["group"]))
    return assign(
        ids,
        join_groups(len(ids), relations),
        plan.split,
        here,
        strata=_numbered(fields["strata"]) if "strata" in fields else None,
        dates=fields.get("date"),
    )


def _numbered(labels: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """A number for each label, −1 for the empty one."""
    numbers: dict[str, int] = {"": -1}
    return np.fromiter((numbers.setdefault(v, len(numbers)) for v in labels.tolist()), np.int64, len(labels))
