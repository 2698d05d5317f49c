"""temporal: rows from after the cutoff, before the start, and without a date."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.curate.batch import Batch
from assay.kernels.dates import latest_year, unix_seconds
from assay.stages.temporal import Temporal, last_instant
from assay.testing.stages import RowStageSuite

DAY = datetime(2024, 6, 30, tzinfo=UTC).timestamp()


class TestTemporal(RowStageSuite):
    def stage(self):
        return Temporal(column="date", cutoff="2024-06-30", start="2020", undated="reject", mentions=True)

    def payloads(self):
        return [
            {"text": "in 2031"},
            {"text": "二〇三一"},
            {"text": ""},
            {"prompt": "2031年", "completion": "c"},
        ]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2024-06-30", DAY),
        (" 2024-06-30T00:00:00Z ", DAY),
        ("2024-06-30T08:00:00+08:00", DAY),
        ("2024-06-30 00:00:00.000", DAY),
        ("20240630", DAY),
        (20240630, DAY),
        ("2024-06", datetime(2024, 6, 1, tzinfo=UTC).timestamp()),
        ("2024", datetime(2024, 1, 1, tzinfo=UTC).timestamp()),
        (int(DAY), DAY),
        (DAY, DAY),
        (str(int(DAY)), DAY),
        (int(DAY) * 1_000, DAY),
        (int(DAY) * 10**6, DAY),
        (int(DAY) * 10**9, DAY),
        (0, 0.0),
    ],
)
def test_dates_that_are_read(value, seconds):
    assert unix_seconds(value) == seconds


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "yesterday",
        "2024-13-01",
        "30/06/2024",
        [],
        {},
        math.inf,
        math.nan,
        10**30,
        "9" * 500,
        "昨天",
    ],
)
def test_what_is_no_date(value):
    assert math.isnan(unix_seconds(value))


@given(st.one_of(st.text(max_size=40), st.integers(), st.floats(), st.none(), st.lists(st.integers())))
def test_nothing_in_a_field_is_an_error(value):
    assert isinstance(unix_seconds(value), float)


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)))
def test_iso_round_trips(moment):
    aware = moment.replace(tzinfo=UTC)
    assert unix_seconds(aware.isoformat()) == unix_seconds(moment.isoformat()) == aware.timestamp()


def verdicts(fields, text="t", **parameters):
    stage = Temporal(column="date", **parameters)
    batch = Batch([{"text": text}] * len(fields), [{} if f is None else {"date": f} for f in fields])
    return {c.code: c.failed.tolist() for c in stage.checks(stage.measure(batch)) if c.failed.any()}


def test_days_are_whole_and_allowed():
    dates = ["2024-06-30T23:59:59Z", "2024-07-01", "2024-06-30", None, "2023-12-31T23:59:59Z", "2024-01-01"]
    found = verdicts(dates, cutoff="2024-06-30", start="2024-01-01")
    assert found == {
        "after_cutoff": [False, True, False, False, False, False],
        "before_start": [False, False, False, False, True, False],
    }


def test_undated_rows():
    assert verdicts([None, "soon", "2024-06-30"], undated="reject") == {"no_date": [True, True, False]}
    assert verdicts([None, "soon"]) == {}
    stage = Temporal(column="date", undated="reject")
    assert [c.code for c in stage.checks(stage.measure(Batch([{"text": "t"}]))) if c.failed[0]] == ["no_date"]


def test_evidence_names_the_date():
    stage = Temporal(column="date", cutoff="2024-06-30")
    batch = Batch([{"text": "t"}], [{"date": "2024-07-01T12:00:00Z"}])
    assert stage.checks(stage.measure(batch))[0].notes == {0: "dated 2024-07-01T12:00:00Z"}


@pytest.mark.parametrize(
    ("when", "end"),
    [
        ("2024", "2024-12-31T23:59:59"),
        ("2024-02", "2024-02-29T23:59:59"),
        ("2024-12", "2024-12-31T23:59:59"),
        ("2024-06-30", "2024-06-30T23:59:59"),
        ("2024-06-30T12:00:00Z", "2024-06-30T12:00:00"),
    ],
)
def test_the_last_instant(when, end):
    assert last_instant(when) == unix_seconds(end)


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("", 0),
        ("It will open in 2031.", 2031),
        ("In March 2031, or since 2019?", 2031),
        ("on May 5, 2031", 2031),
        ("2031-05-06", 2031),
        ("一共2031年", 2031),
        ("将于2031年5月开放", 2031),
        ("2031 calories, 2,031 m, $2031", 0),
        ("of 2031.5 or in 20311", 0),
        ("in 2031%", 0),
        ("Model 2031", 0),
    ],
)
def test_years_that_are_mentioned(text, year):
    assert latest_year(text) == year


def test_mentions_are_looked_for_on_demand():
    assert verdicts(["2024-01-01"], "by 2031", cutoff="2024-06-30") == {}
    assert verdicts(["2024-01-01"], "by 2031", cutoff="2024-06-30", mentions=True) == {
        "mentions_future": [True]
    }
    assert verdicts(["2024-01-01"], "到2024年", cutoff="2024-06-30", mentions=True) == {}


def test_parameters():
    assert Temporal(column="d", cutoff=date(2024, 6, 30)).cutoff == "2024-06-30"
    for wrong in ("soon", "", "2024-06-31"):
        with pytest.raises(ValidationError, match="ISO 8601"):
            Temporal(column="d", cutoff=wrong)


@pytest.mark.parametrize("piece", ["1", "2031", "in ", "a 1, ", "年", "2031年"])
def test_long_texts_are_no_trap(piece):
    assert latest_year(piece * 50_000) in (0, 2031)
