"""Metrics of MLflow's runs: the newest point of a step counts, and what is no number is left out and counted."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import MissingExtra, UsageError
from assay.track.results.mlflow import MOST_RUNS, Metrics, Series, read, series

INF = 1.7976931348623157e308


def test_points_are_ordered_by_step_and_the_later_of_two_counts():
    found = series([(2, 50, 0.5), (1, 10, 3.0), (2, 40, 0.9), (1, 11, 2.0)])
    assert found == Series((1, 2), (2.0, 0.5)) and found.last == 0.5


def test_what_is_no_finite_number_is_left_out_and_counted():
    found = series([(0, 0, float("nan")), (1, 0, INF), (2, 0, -INF), (3, 0, float("inf")), (4, 0, 1.0)])
    assert found == Series((4,), (1.0,), 4)
    assert series([]) == Series((), ()) and series([]).last is None


def test_figures_are_the_newest_values_and_what_the_run_logged_itself_counts():
    found = Metrics(
        "0" * 32, "", {"assay/loss": Series((0,), (9.0,)), "loss": Series((1, 2), (3.0, 2.0)),
                       "assay/acc": Series((0,), (0.5,)), "nan": Series((), (), 1)},
    )  # fmt: skip
    assert found.figures == {"acc": 0.5, "loss": 2.0}


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.floats(-1, 1)), unique_by=lambda p: p[:2]))
def test_the_order_of_points_changes_nothing(points):
    assert series(points) == series(reversed(points))


def test_reading_names_the_extra_and_its_bound(monkeypatch):
    with pytest.raises(UsageError, match=f"more than the {MOST_RUNS:,}"):
        read(["0" * 32] * (MOST_RUNS + 1))
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtra) as caught:
        read(["0" * 32])
    assert "assay-data[mlflow]" in caught.value.hint
