"""Balance: not too much of one kind, or the mix that production has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, Self

import numpy as np
from pydantic import Field, PrivateAttr, model_validator

from assay.curate.batch import Batch
from assay.curate.stage import Columns, Removals, Resources, Rows, Selector
from assay.errors import UsageError
from assay.kernels.counting import count_units
from assay.kernels.grouping import Grouping, grouping
from assay.kernels.lexical_vectors import DIMENSIONS, lexical_vectors
from assay.kernels.mixture import caps_for_mix, caps_for_share, shares
from assay.kernels.order import by_id, drawn, numbers
from assay.kernels.script import dominant_script
from assay.model.canonical import canonical_json
from assay.model.dates import month_of, seconds_of
from assay.model.label import LABEL_BYTES, label_of
from assay.stages.balance_report import Outcome, outcome_summary, share_digest

_FROM_PAYLOAD: Final = ("length", "language_script", "cluster")
_DAY: Final = 86_400.0


class Balance(Selector):
    """Removes or weighs rows so that groups have the sizes that are wanted.

    Groups are the values of a field (`by`), or of `length`, `month`, `year`, `language_script` or `cluster`.
    `cap` bounds every group; `target` and `like` ask for a mix. Within a group the worst rows go first.
    Nothing is ever copied: oversampling is a weight.
    """

    kind: ClassVar[str] = "balance"
    version: ClassVar[int] = 1
    codes: ClassVar[dict[str, str]] = {
        "over_cap": "its group has more rows than a group may have",
        "over_target": "its group has more rows than the wanted mix has room for",
    }

    by: str = Field(min_length=1)
    cap: int | float | None = Field(default=None, gt=0)
    target: Literal["even"] | dict[str, float] | None = None
    like: str | dict[str, float] | None = None
    how: Literal["remove", "weigh", "both"] = "remove"
    keep_at_least: float = Field(default=0.0, ge=0.0, le=1.0)
    max_weight: float = Field(default=4.0, ge=1.0)
    half_life_days: float | None = Field(default=None, gt=0)
    column: str = "created"
    score: str | None = None
    choose: Literal["best", "random"] = "best"
    bins: int = Field(default=5, ge=2, le=100)
    edges: tuple[int, ...] = ()
    k: int = Field(default=20, ge=2, le=1_000)
    seed: int = Field(default=0, ge=0)

    _reference: Mapping[str, Any] | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _one_wish(self) -> Self:
        wishes = [name for name in ("cap", "target", "like") if getattr(self, name) is not None]
        if len(wishes) > 1:
            raise ValueError(f"{' and '.join(wishes)} ask for different things; give one of them")
        if not wishes and self.half_life_days is None:
            raise ValueError("give cap, target, like or half_life_days; there is nothing to balance without")
        if isinstance(self.cap, float) and self.cap >= 1 and not self.cap.is_integer():
            raise ValueError(f"cap {self.cap} is neither a number of rows nor a share below 1")
        if list(self.edges) != sorted(set(self.edges)) or any(edge <= 0 for edge in self.edges):
            raise ValueError("edges must be positive and grow")
        for name in ("target", "like"):
            mix = getattr(self, name)
            if isinstance(mix, Mapping):
                _check_mix(name, mix)
        return self

    def bind(self, resources: Resources) -> Self:
        """With the mix of the version that `like` names. Raises UsageError when its rows do not show it."""
        if not isinstance(self.like, str):
            return self
        if self.by not in _FROM_PAYLOAD:
            raise UsageError(
                f"balance: like: {self.like} needs the field {self.by!r} of that version, which is not at hand",
                "write the shares down, as in like: {refunds: 0.3, delivery: 0.7}, or balance by "
                + ", ".join(_FROM_PAYLOAD),
            )
        parts = [
            self.keys(Batch([payload for _, payload in batch])) for batch in resources.payloads(self.like)
        ]
        names = list(parts[0]) if parts else []
        joined = {name: np.concatenate([part[name] for part in parts]) for name in names}
        if not names or not len(joined[names[0]]):
            raise UsageError(f"balance: {self.like} has no examples whose mix could be had")
        bound = self.model_copy()
        bound._reference = joined
        return bound

    @property
    def lineage(self) -> Mapping[str, str]:
        return {} if self._reference is None else {"like": share_digest(self._reference)}

    def keys(self, batch: Batch) -> Columns:
        """`group` S64, `units` int64 or `vector` int8[n, 128]; `score` and `date` float64 when they are asked for."""
        n = len(batch)
        columns: dict[str, Any] = {}
        if self.by == "length":
            columns["units"] = np.fromiter(map(count_units, batch.outputs), np.int64, n)
        elif self.by == "cluster":
            columns["vector"] = lexical_vectors(batch.texts).reshape(n, DIMENSIONS)
        else:
            columns["group"] = np.array([name.encode() for name in self._names(batch)], f"S{LABEL_BYTES}")
        if self.score is not None:
            columns["score"] = numbers(batch.column(self.score))
        if self.half_life_days is not None:
            columns["date"] = np.fromiter(map(seconds_of, batch.column(self.column)), np.float64, n)
        return columns

    def _names(self, batch: Batch) -> list[str]:
        if self.by == "language_script":
            return [dominant_script(text) for text in batch.texts]
        if self.by in ("month", "year"):
            months = [month_of(seconds_of(value)) for value in batch.column(self.column)]
            return [month[:4] for month in months] if self.by == "year" else months
        return [label_of(value) for value in batch.column(self.by)]

    def select(self, rows: Rows) -> Removals:
        n = len(rows)
        order = by_id(rows.ids, rows.rank)
        order = order[rows.eligible[order]]
        keys = {name: column[order] for name, column in rows.keys.items()}
        groups = self._groups(keys)
        counts = np.bincount(groups.of_row, minlength=len(groups.names)).astype(np.int64)
        wanted, absent = self._wanted(groups, counts)
        caps, reachable = self._caps(counts, wanted)

        best = self._best_first(keys, rows.rank[order], rows.ids[order] if len(rows.ids) else None)
        place = _place_in_group(groups.of_row[best], len(counts))
        goes = best[place >= caps[groups.of_row[best]]]
        goes = goes[np.argsort(order[goes], kind="stable")]
        group = groups.of_row[goes]

        kept = np.minimum(counts, caps)
        factor = self._factors(kept, wanted)
        weights = None
        if factor is not None or "date" in keys:
            stay = np.ones(len(order), np.bool_)
            if self.action == "reject":
                stay[goes] = False
            weights = self._weights(n, order, stay, groups.of_row, factor, keys.get("date"))
        outcome = Outcome(groups.names, counts, kept, caps, wanted, factor, absent, reachable)
        code = 0 if self.cap is not None else 1
        return Removals(
            order[goes],
            np.full(len(goes), code, np.int16),
            counts[group].astype(np.float64),
            caps[group].astype(np.float64),
            np.full(len(goes), -1, np.int64),
            {position: groups.names[g] for position, g in enumerate(group.tolist())},
            weights,
            {"by": self.by, **outcome_summary(outcome, _named(groups.typical, rows.ids, order))},
        )

    def _groups(self, keys: Columns) -> Grouping:
        missing = f"(no {self.column if self.by in ('month', 'year') else self.by})"
        return grouping(keys, missing=missing, bins=self.bins, edges=self.edges, k=self.k, seed=self.seed)

    def _wanted(self, groups: Grouping, counts: Any) -> tuple[Any, dict[str, float]]:
        """float64[g], shares that add up to 1, or None; and what is wanted of groups that are not there."""
        if self.target == "even":
            return shares(np.ones(len(counts))), {}
        mix = self.target if self.target is not None else self.like
        if mix is None:
            return None, {}
        if isinstance(mix, str):
            if self._reference is None:
                raise UsageError(
                    f"balance: like: {mix} was not looked up", "bind the stage to a registry first"
                )
            mix = groups.mix_of(self._reference)
        else:
            mix = _merged(mix, whole=self.like is not None)
        position = {name: k for k, name in enumerate(groups.names)}
        wanted = np.zeros(len(counts))
        for name, share in mix.items():
            if name in position:
                wanted[position[name]] = share
        absent = {name: share for name, share in sorted(mix.items()) if name not in position and share > 0}
        rest = 1.0 - sum(mix.values())
        if rest > 1e-9:
            others = np.array([name not in mix for name in groups.names])
            wanted += rest * shares(np.where(others, counts, 0))
        return shares(wanted), absent

    def _caps(self, counts: Any, wanted: Any) -> tuple[Any, bool]:
        if self.cap is not None:
            if self.cap >= 1:
                return np.full(len(counts), int(self.cap), np.int64), True
            most, reachable = caps_for_share(counts, float(self.cap))
            return np.full(len(counts), most, np.int64), reachable
        if wanted is None or self.how == "weigh":
            return counts.copy(), True
        return caps_for_mix(counts, wanted, self.keep_at_least), True

    def _best_first(self, keys: Columns, rank: Any, ids: Any) -> Any:
        """Positions, best first. They are in order of id already, so that a stable sort settles ties by id."""
        sort_keys = [rank]
        if self.choose == "random" and ids is not None:
            sort_keys = [drawn(ids, self.seed)]
        if "score" in keys:
            score = keys["score"].astype(np.float64)
            sort_keys.append(-np.where(np.isnan(score), -np.inf, score))
        return np.lexsort(sort_keys)

    def _factors(self, kept: Any, wanted: Any) -> Any:
        """float64[g]: how often a row of each group should be drawn for the wanted mix, at most `max_weight`."""
        if wanted is None or self.how == "remove":
            return None
        factor = np.where(kept > 0, wanted * kept.sum() / np.maximum(kept, 1), 0.0)
        return np.minimum(factor, self.max_weight)

    def _weights(self, n: int, order: Any, stay: Any, of_row: Any, factor: Any, date: Any) -> Any:
        """float64[n] with mean 1 over the rows that stay, 0 for all others."""
        weight = factor[of_row] if factor is not None else np.ones(len(order))
        if date is not None:
            weight = weight * _recency(date, float(self.half_life_days or 1) * _DAY)
        weight = np.where(stay, weight, 0.0)
        total = weight.sum()
        if total > 0:
            weight = weight * (int(stay.sum()) / total)
        out = np.zeros(n)
        out[order] = weight
        return out


def _named(typical: Mapping[str, int], ids: Any, order: Any) -> dict[str, str]:
    """Group → the id of its typical row, as people write it."""
    if not len(ids):
        return {}
    # NumPy drops trailing zero bytes of an element; an id has 32.
    return {name: bytes(ids[order[row]]).ljust(32, b"\0").hex() for name, row in typical.items()}


def _recency(date: Any, half_life: float) -> Any:
    """Half for every half-life before the newest row; an undated row weighs as much as the dated ones on average."""
    dated = ~np.isnan(date)
    if not dated.any():
        return np.ones(len(date))
    weight = np.exp2((np.where(dated, date, 0.0) - date[dated].max()) / half_life)
    return np.where(dated, weight, weight[dated].mean())


def _place_in_group(groups: Any, count: int) -> Any:
    """int64[n]: how many rows of the same group stand before each."""
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups, minlength=count)
    place = np.empty(len(groups), np.int64)
    place[order] = np.arange(len(groups)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return place


def _check_mix(name: str, mix: Mapping[str, float]) -> None:
    if not mix or any(not 0 <= share < float("inf") for share in mix.values()) or sum(mix.values()) <= 0:
        raise ValueError(f"{name} needs shares, at least one of them above 0")
    if name == "target" and sum(mix.values()) > 1 + 1e-9:
        raise ValueError(f"the shares of target add up to {sum(mix.values()):g}; they may add up to 1")
    if len(canonical_json(dict(mix))) > 1 << 20:
        raise ValueError(f"{name} is longer than a mebibyte")


def _merged(mix: Mapping[str, float], *, whole: bool) -> dict[str, float]:
    """By label; scaled to 1 when it describes everything (`like` may hold counts)."""
    scale = sum(mix.values()) if whole else 1.0
    out: dict[str, float] = {}
    for name, share in mix.items():
        out[label_of(name)] = out.get(label_of(name), 0.0) + share / scale
    return out
