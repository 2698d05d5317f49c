"""What balancing did, for a person: sizes before and after, and the distance from the wanted mix."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from assay.kernels.mixture import evenness, jensen_shannon, shares, total_variation

_LISTED: Final = 50


@dataclass(frozen=True)
class Outcome:
    """Arrays of length g: rows `before` and `after`, the `caps`; `wanted` shares and weight `factor`, or None.

    `absent`: wanted groups that have no row, and their shares. `reachable`: some set satisfies the cap.
    """

    names: list[str]
    before: npt.NDArray[np.int64]
    after: npt.NDArray[np.int64]
    caps: npt.NDArray[np.int64]
    wanted: npt.NDArray[np.float64] | None
    factor: npt.NDArray[np.float64] | None
    absent: Mapping[str, float]
    reachable: bool


def outcome_summary(outcome: Outcome, typical: Mapping[str, str]) -> dict[str, Any]:
    """JSON values only. `typical`: group → id of an example that shows what it is about.

    Groups are listed by size, at most fifty; distances count what is wanted of absent ones.
    """
    before, after = shares(outcome.before), shares(outcome.after)
    summary: dict[str, Any] = {
        "rows": {"before": int(outcome.before.sum()), "after": int(outcome.after.sum())},
        "groups": [_group(outcome, int(g), typical) for g in _by_size(outcome)[:_LISTED]],
        "groups_in_all": len(outcome.names),
        "evenness": {"before": _short(evenness(before)), "after": _short(evenness(after))},
    }
    if not outcome.reachable:
        summary["cap_unreachable"] = "too few groups for any set to satisfy this share"
    if outcome.wanted is not None:
        missing = sum(outcome.absent.values())
        wanted = np.append(outcome.wanted * (1 - missing), missing)
        mixes = {"before": before, "after": after}
        if outcome.factor is not None:
            mixes["weighted"] = shares(outcome.after * outcome.factor)
        padded = {when: np.append(mix, 0.0) for when, mix in mixes.items()}
        summary["total_variation"] = {k: _short(total_variation(mix, wanted)) for k, mix in padded.items()}
        summary["jensen_shannon"] = {k: _short(jensen_shannon(mix, wanted)) for k, mix in padded.items()}
        if outcome.absent:
            summary["absent"] = {name: _short(share) for name, share in outcome.absent.items()}
    return summary


def _by_size(outcome: Outcome) -> npt.NDArray[np.int64]:
    return np.lexsort((np.arange(len(outcome.names)), -outcome.before)).astype(np.int64)


def _group(outcome: Outcome, g: int, typical: Mapping[str, str]) -> dict[str, Any]:
    out: dict[str, Any] = {
        "group": outcome.names[g],
        "before": int(outcome.before[g]),
        "after": int(outcome.after[g]),
    }
    if outcome.names[g] in typical:
        out["typical"] = typical[outcome.names[g]]
    if outcome.wanted is not None:
        out["wanted"] = _short(float(outcome.wanted[g]))
    if outcome.factor is not None:
        out["weight"] = _short(float(outcome.factor[g]))
    return out


def _short(value: float) -> float:
    return round(value, 6)


def share_digest(columns: Mapping[str, npt.NDArray[Any]]) -> str:
    """`sha256:` over columns of reference rows, whatever the order of the rows."""
    digest = hashlib.sha256(b"assay.balance.like.v1\n")
    for name in sorted(columns):
        column = np.ascontiguousarray(columns[name])
        digest.update(f"{name}\n{column.dtype.str}\n{len(column)}\n".encode())
        for raw in sorted(row.tobytes() for row in column):
            digest.update(raw)
    return "sha256:" + digest.hexdigest()
