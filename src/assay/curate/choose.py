"""Selectors: what goes for the good of the whole, once checks and duplicates are settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.curate.evaluate import Failures, join_failures
from assay.curate.stage import Columns, Payloads, Picked, Removals, Rows, Selector, no_payloads
from assay.kernels.texts import Texts

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Chosen:
    """What the selectors did to n rows. `failures`: an entry a row that went (or was flagged); `twin`: int64[n],
    the row that explains why, −1 without; `weights`: float64[n] or None; `summaries`: selector's kind → what
    a person should know."""

    failures: Failures
    twin: Ints
    weights: npt.NDArray[np.float64] | None
    summaries: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Pool:
    """The rows that selectors choose from: all arrays have length n, `rows` says which of them are left. `payloads`
    fetches payloads of some of all n rows."""

    rows: Ints
    rank: Ints
    ids: npt.NDArray[np.bytes_]
    pinned: npt.NDArray[np.bool_]
    texts: Texts
    payloads: Payloads = no_payloads


def run_selectors(selectors: Sequence[tuple[int, Selector]], keys: Sequence[Columns], pool: Pool) -> Chosen:
    """Run the selectors one after the other. A pinned row may not go, whatever a selector says."""
    n = len(pool.rank)
    left = pool.rows
    failures: list[Failures] = []
    twin = np.full(n, -1, np.int64)
    weights: npt.NDArray[np.float64] | None = None
    summaries: dict[str, Mapping[str, Any]] = {}
    for (position, stage), columns in zip(selectors, keys, strict=True):
        found = stage.select(_view(pool, left, columns))
        summaries[stage.kind] = found.summary
        at = left[found.row]
        may_go = np.flatnonzero(~pool.pinned[at])
        flagged = _flagged(stage, found)
        failures.append(_failures(position, found, flagged, at, may_go))
        if found.weights is not None:
            whole = np.zeros(n)
            whole[left] = found.weights
            weights = whole if weights is None else weights * whole
        goes = may_go[~flagged[may_go]]
        named = goes[found.twin[goes] >= 0]
        twin[at[named]] = left[found.twin[named]]
        left = np.setdiff1d(left, at[goes], assume_unique=True)
    stays = np.zeros(n, np.bool_)
    stays[left] = True
    # What explained a removal may have gone itself further down the recipe.
    twin[(twin >= 0) & ~stays[np.maximum(twin, 0)]] = -1
    joined = join_failures(failures)
    return Chosen(joined.take(np.argsort(joined.row, kind="stable")), twin, weights, summaries)


def _view(pool: Pool, left: Ints, columns: Columns) -> Rows:
    rank = np.argsort(np.argsort(pool.rank[left], kind="stable"), kind="stable").astype(np.int64)
    return Rows(
        Picked(columns, left),
        rank,
        np.ones(len(left), np.bool_),
        lambda rows: [pool.texts[int(left[row])] for row in rows],
        pool.ids[left],
        pool.pinned[left],
        payloads=lambda rows: pool.payloads([int(left[row]) for row in rows]),
    )


def _flagged(stage: Selector, found: Removals) -> npt.NDArray[np.bool_]:
    """bool[m]: which of the rows stay, with the finding."""
    if stage.action == "flag" or found.flagged is None:
        return np.full(len(found.row), stage.action == "flag")
    return found.flagged


def _failures(
    position: int, found: Removals, flagged: npt.NDArray[np.bool_], at: Ints, may_go: Ints
) -> Failures:
    note = np.array([found.notes.get(k) for k in may_go.tolist()], np.object_)
    return Failures(
        at[may_go],
        np.full(len(may_go), position, np.int16),
        found.code[may_go].astype(np.int16),
        found.value[may_go].astype(np.float64),
        found.threshold[may_go].astype(np.float64),
        flagged[may_go],
        note,
    )


def with_twins(failures: Failures, twins: Ints, rows: Ints) -> Failures:
    """Entries for rows whose twin went: each goes with it, under the same code, and says so."""
    place = np.searchsorted(failures.row, twins)
    copied = failures.take(place)
    note = np.array(["went together with the example that it nearly equals"] * len(rows), np.object_)
    return Failures(rows, copied.stage, copied.code, copied.value, copied.threshold, copied.flag, note)
