"""Temporal leakage: rows from after the day up to which a model may know."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field, field_validator

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns, RowStage
from assay.kernels.dates import latest_year, unix_seconds


def _spelled(value: Any) -> Any:
    """YAML reads a bare date as a date: spell it again."""
    return value.isoformat() if isinstance(value, date | datetime) else value


When = Annotated[str, BeforeValidator(_spelled)]
"""A day or an instant in ISO 8601."""


class Temporal(RowStage):
    """Rejects (or flags) rows dated after `cutoff` or before `start`, and undated ones if told so.

    `column` names the field of the record with its date. `cutoff` and `start` are ISO 8601; a day means the whole
    day in UTC, so rows of both days are allowed. `mentions: true` also looks for years after the cutoff's in the
    text.
    """

    kind: ClassVar[str] = "temporal"
    version: ClassVar[int] = 1
    measured_by: ClassVar[tuple[str, ...]] = ("column", "mentions")
    codes: ClassVar[dict[str, str]] = {
        "after_cutoff": "the record is dated after the cutoff",
        "before_start": "the record is dated before the start",
        "no_date": "the record has no date that can be read",
        "mentions_future": "the text speaks of a year after the cutoff",
    }

    column: str = Field(min_length=1)
    cutoff: When | None = None
    start: When | None = None
    undated: Literal["keep", "reject"] = "keep"
    mentions: bool = False

    @field_validator("cutoff", "start")
    @classmethod
    def _is_a_time(cls, value: str | None) -> str | None:
        if value is not None and math.isnan(unix_seconds(value)):
            raise ValueError(f"{value!r} is no date of ISO 8601, such as 2024-06-30")
        return value

    def measure(self, batch: Batch) -> Columns:
        """`dated`: bool[n]; `time`: float64[n], Unix seconds, else 0; `year`: int64[n], the latest mentioned, or 0."""
        time = np.fromiter(map(unix_seconds, batch.column(self.column)), np.float64, len(batch))
        return {
            "dated": ~np.isnan(time),
            "time": np.nan_to_num(time),
            "year": np.fromiter(map(latest_year, batch.texts), np.int64, len(batch))
            if self.mentions
            else np.zeros(len(batch), np.int64),
        }

    def checks(self, values: Columns) -> list[Check]:
        time = np.where(values["dated"], values["time"].astype(np.float64), np.nan)
        found = []
        if self.cutoff is not None:
            end = last_instant(self.cutoff)
            found.append(Check("after_cutoff", time > end, time, end, _dates(time, time > end)))
        if self.start is not None:
            first = unix_seconds(self.start)
            found.append(Check("before_start", time < first, time, first, _dates(time, time < first)))
        undated = np.isnan(time) & (self.undated == "reject")
        found.append(Check("no_date", undated, time, None))
        if self.mentions and self.cutoff is not None:
            year, last = values["year"].astype(np.float64), float(self.cutoff[:4])
            found.append(Check("mentions_future", year > last, np.where(year > 0, year, np.nan), last))
        return found


def last_instant(when: str) -> float:
    """Unix seconds of the last whole second of a day, month or year; of an instant, itself."""
    begins = unix_seconds(when)
    text = when.strip()
    if len(text) == 4:
        return unix_seconds(f"{int(text) + 1:04}") - 1
    if len(text) == 7:
        year, month = int(text[:4]), int(text[5:])
        return unix_seconds(f"{year + month // 12:04}-{month % 12 + 1:02}") - 1
    return begins + timedelta(days=1).total_seconds() - 1 if len(text) in (8, 10) else begins


def _dates(time: np.typing.NDArray[np.float64], failed: np.typing.NDArray[np.bool_]) -> dict[int, str]:
    return {int(row): f"dated {np.datetime64(int(time[row]), 's')}Z" for row in np.flatnonzero(failed)}
