"""Charts of pages: well-formed, escaped, without inline style, true to their values."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from assay.measure.charts.columns import columns, marked
from assay.measure.charts.gauge import BANDS, gauge
from assay.measure.charts.ribbon import MOST as DROPS
from assay.measure.charts.ribbon import Drop, ribbon
from assay.measure.charts.timeline import MOST as DOTS
from assay.measure.charts.timeline import Dot, timeline

HOSTILE = "<script>x</script>\" ' \u202e"


def parsed(svg: str) -> ElementTree.Element:
    assert "\u202e" not in svg
    assert "<script" not in svg
    assert "style=" not in svg
    return ElementTree.fromstring(svg)


def drop(k: int, entered: int, rejected: int) -> Drop:
    return Drop(f"{HOSTILE}{k}", entered, rejected, f"/x?{HOSTILE}", HOSTILE)


@pytest.mark.parametrize("count", [0, 1, 5, 40])
def test_a_ribbon_leads_from_each_drop_to_its_rows(count: int) -> None:
    left, drops = 1_000, []
    for k in range(count):
        drops.append(drop(k, left, k + 1))
        left -= k + 1
    picture = parsed(ribbon(HOSTILE, HOSTILE, drops, {"train": left, "test": 0}, "in"))
    links = picture.findall("a")
    assert len(links) == min(count, DROPS)
    assert all(one.findtext("title") for one in links)


def test_a_ribbon_of_nothing_is_a_picture() -> None:
    parsed(ribbon("t", "s", [Drop("a", 0, 0, "", "")], {}, "in"))
    parsed(ribbon("t", "s", [Drop("a", 3, 3, "", "")], {"train": 0}, "in"))


def test_a_gauge_marks_what_is_outside_with_a_diamond() -> None:
    for name, band in BANDS.items():
        inside = parsed(gauge(name, (band.low + band.high) / 2, healthy=True))
        outside = parsed(gauge(name, 1e12, healthy=False))
        assert inside.find("rect[@class='m']") is not None
        assert outside.find("path[@class='mo']") is not None
        assert 0 <= band.at(band.low) <= band.at(band.high) <= 1
    assert gauge("size", None, healthy=True) == ""
    assert gauge("unheard of", 1.0, healthy=True) == ""
    assert gauge("size", float("nan"), healthy=True) == ""


def test_columns_are_as_many_as_bins() -> None:
    bins = [(f"{HOSTILE}{k}", k) for k in range(20)]
    picture = parsed(columns(HOSTILE, HOSTILE, bins, marked([float(k) for k in range(20)])))
    assert len(picture.findall("rect")) == 20
    parsed(columns("t", "s", [], []))


@pytest.mark.parametrize("count", [1, 2, 7, 60])
def test_a_timeline_keeps_versions_apart_and_shows_the_newest(count: int) -> None:
    days = [f"2026-{1 + k // 8:02d}-{1 + k % 8:02d}" for k in range(count)]
    dots = [
        Dot(k + 1, "main" if k % 3 else HOSTILE, (k,), day, k * 10, "/d", k == 0, k == 1)
        for k, day in enumerate(days)
    ]
    picture = parsed(timeline(HOSTILE, HOSTILE, dots, "Rows"))
    links = picture.findall("a")
    assert len(links) == min(count, DOTS)
    xs = [
        float(c.attrib["cx"]) for link in links for c in link.findall("circle") if c.attrib["class"] != "halo"
    ]
    assert xs == sorted(xs)
    assert len(set(xs)) == len(xs)
