"""Small line charts: their range is that of the figures, and noise stays flat."""

import re

import pytest

from assay.measure.charts.multiple import FLOOR, TOP, multiple


def heights(figures):
    names = [(f"v{k}", one) for k, one in enumerate(figures, 1)]
    said = multiple("m", "title", "what it shows", names, [str(one) for one in figures])
    line = re.search(r'points="([^"]*)"', said)
    return [float(point.split(",")[1]) for point in line[1].split()], said


def test_what_hardly_differs_runs_through_the_middle():
    found, said = heights([97.41, 97.38, 97.40])
    assert all(abs(y - (TOP + FLOOR) / 2) < 2 for y in found)
    assert ">97.41</text>" in said and ">97.38</text>" not in said


@pytest.mark.parametrize("figures", [[90.0, 97.0, 93.0], [0.0, 5.0], [-3.0, 3.0]])
def test_what_differs_fills_the_chart(figures):
    found, _ = heights(figures)
    assert (min(found), max(found)) == (TOP, FLOOR)


def test_nothing_but_zeros_is_drawn():
    assert heights([0.0, 0.0])[0] == [(TOP + FLOOR) / 2] * 2
