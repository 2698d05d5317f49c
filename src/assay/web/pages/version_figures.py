"""The measured part of a version's page: verdicts and the shape of its rows, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel

_MOST: Final = 12


class Yield(BaseModel):
    """What became of a source's records."""

    uri: str
    read: int
    kept: int
    rejected: int
    malformed: int


class Check(BaseModel):
    """A health check: value, healthy range, verdict (healthy, watch, warning, unknown), why it matters, what to do."""

    name: str
    title: str
    value: float | None
    shown: str
    range: str
    verdict: str
    why: str
    advice: str


class Share(BaseModel):
    """How many rows have a value."""

    value: str
    count: int


class Shares(BaseModel):
    """The commonest values of a field; `other` rows have another, `missing` have none. `of`: all rows."""

    name: str
    rows: list[Share]
    other: int
    missing: int
    of: int

    @property
    def top(self) -> int:
        """The largest count, which is drawn full."""
        return max((one.count for one in self.rows), default=1)


class Bin(BaseModel):
    """So many rows from `low` to `high` (None: and above)."""

    low: float
    high: float | None
    count: int


class Spread(BaseModel):
    """How a number spreads."""

    name: str
    count: int
    mean: float
    median: float | None
    p90: float | None
    bins: list[Bin]


class Figures(BaseModel):
    """What statistics say of a version."""

    checks: list[Check]
    rows: int
    synthetic: int
    generators: int
    languages: Shares
    language_by: str
    spreads: list[Spread]
    shares: list[Shares]
    openings: list[Share]

    def verdicts(self, *kinds: str) -> int:
        """How many checks came to one of these."""
        return sum(check.verdict in kinds for check in self.checks)


def figures_of(told: Mapping[str, Any]) -> Figures:
    """Kept statistics as a page shows them."""
    profile = told["profile"]
    rows = profile["rows"]
    kinds = [{"value": name, "count": count} for name, count in profile["kinds"]]
    shares = [
        _shares(one["field"], one["top"], one["stated"], one["missing"], rows) for one in profile["topics"]
    ]
    shares.append(_shares("kind", kinds, rows, 0, rows))
    told_of = (_told(name, profile[name], rows) for name in ("origins", "sources", "generators"))
    shares.extend(found for found in told_of if found is not None)
    languages = profile["languages"]
    order = {"warning": 0, "watch": 1, "healthy": 2}
    checks = [Check(**one) for one in told["health"]]
    return Figures(
        checks=sorted(checks, key=lambda one: order.get(one.verdict, 3)),
        rows=rows, synthetic=profile["synthetic"], generators=len(profile["generators"]),
        languages=_shares("language", languages["top"], languages["stated"], languages["missing"], rows),
        language_by=profile["language_by"], spreads=_spreads(profile), shares=shares,
        openings=[Share(**one) for one in profile["diversity"]["openings"][:6]],
    )  # fmt: skip


def _told(name: str, found: Any, rows: int) -> Shares | None:
    """Origins as a distribution; sources and generators as lists; None where there is no more than one."""
    if name == "origins":
        stated = found["stated"]
        return _shares("origin", found["top"], stated, found["missing"], rows) if stated else None
    if len(found) < (2 if name == "sources" else 1):
        return None
    top = [{"value": _tail(one["name"]), "count": one["rows"]} for one in found]
    stated = sum(one["rows"] for one in found)
    return _shares(name.removesuffix("s"), top, stated, rows - stated, rows)


def _tail(name: str) -> str:
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2] or name


def _shares(name: str, top: Sequence[Mapping[str, Any]], stated: int, missing: int, of: int) -> Shares:
    shown = [Share(value=str(one["value"]), count=one["count"]) for one in top[:_MOST]]
    return Shares(
        name=name, rows=shown, other=stated - sum(one.count for one in shown), missing=missing, of=of
    )


def _spreads(profile: Mapping[str, Any]) -> list[Spread]:
    out = []
    for name in ("output", "input"):
        if (one := profile[name]) is not None:
            bins = [Bin(**b) for b in one["bins"]]
            out.append(
                Spread(
                    name=name,
                    count=one["count"],
                    mean=one["mean"],
                    median=one["p50"],
                    p90=one["p90"],
                    bins=bins,
                )
            )
    if (scores := profile["scores"]) is not None:
        bins = [Bin(**b) for b in scores["bins"]]
        out.append(
            Spread(
                name=scores["field"],
                count=scores["count"],
                mean=scores["mean"],
                median=None,
                p90=None,
                bins=bins,
            )
        )
    return out
