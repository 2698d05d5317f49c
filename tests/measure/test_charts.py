"""Charts: geometry that says what the numbers say, titles for those who do not see, twins for all."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from assay.measure.charts.bars import bars, clip
from assay.measure.charts.figure import compact, steps
from assay.measure.charts.funnel import Step, funnel
from assay.measure.charts.grouped import grouped, points
from assay.measure.charts.heat import heat
from assay.measure.charts.histogram import histogram
from assay.measure.charts.lines import ecdf, fill, months
from assay.measure.distribution import Share
from assay.measure.lengths import Bin
from assay.measure.shares import percent

HOSTILE = '<script>alert("1")</script>\u202e&amp;'

BINS = [Bin(0, 9, 5), Bin(10, 19, 10), Bin(20, None, 1)]

FIGURES = {
    "histogram": histogram("h", HOSTILE, HOSTILE, BINS, HOSTILE, (12, HOSTILE)),
    "bars": bars("b", "Topics", "", [(HOSTILE, 30), ("b", 10), ("c", 0)], 40, (HOSTILE, "rows")),
    "ecdf": ecdf("e", "Lengths", "", [("inputs", range(1, 101)), (HOSTILE, [0] * 50 + [2_000] * 50)]),
    "months": months("m", "Time", "", [Share("2024-12", 3), Share("2025-02", 5)]),
    "funnel": funnel("f", "Funnel", "", 100, [Step(HOSTILE, 20, 80, HOSTILE), Step("quiet", 0, 80), Step("c", 1, 79)]),
    "nothing": bars("n", "None", "", [], 0, ("a", "b")),
    "grouped": grouped("p", "Languages", "", [(HOSTILE, 90, 80), ("中文", 0, 20)], ("desk@v1", HOSTILE), HOSTILE),
    "no pairs": grouped("q", "None", "", [], ("a", "b"), "value"),
    "heat": heat("t", "Over versions", "", ["v1", HOSTILE], [(HOSTILE, [0.9, 0.5]), ("b", [0.1, float("nan")])], "c"),
    "no heat": heat("u", "None", "", [], [], "value"),
    "no bins": histogram("o", "None", "", [], "units"),
    "all went": funnel("g", "Funnel", "", 5, [Step("all", 5, 0)]),
}  # fmt: skip


def svg(page):
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", page, re.DOTALL)[0])


@pytest.mark.parametrize("name", FIGURES)
def test_every_chart_has_title_description_role_and_table(name):
    picture = svg(FIGURES[name])
    assert picture.get("role") == "img"
    words = {part.get("id"): part.text for part in picture if part.tag in ("title", "desc")}
    assert list(words) == picture.get("aria-labelledby").split()
    assert all(words.values())
    assert "<details" in FIGURES[name] and "<table" in FIGURES[name]


@pytest.mark.parametrize("name", FIGURES)
def test_no_mark_leaves_the_picture_and_no_paint_is_inline(name):
    picture = svg(FIGURES[name])
    width, height = (float(v) for v in picture.get("viewBox").split()[2:])
    for part in picture.iter():
        assert "style" not in part.attrib and "fill" not in part.attrib
        if part.tag == "rect":
            x, y, w, h = (float(part.get(key)) for key in ("x", "y", "width", "height"))
            assert 0 <= x <= x + w <= width + 0.2 and -0.2 <= y <= y + h <= height + 0.2


@pytest.mark.parametrize("name", FIGURES)
def test_hostile_labels_are_text(name):
    assert "<script" not in FIGURES[name]
    assert "\u202e" not in FIGURES[name]


def test_bars_are_as_long_as_their_counts():
    wide = [
        float(part.get("width")) for part in svg(FIGURES["bars"]).iter("rect") if part.get("class") == "kept"
    ]
    assert wide[0] == pytest.approx(3 * wide[1], abs=0.2)
    assert wide[2] == 0


def test_histogram_bars_are_as_tall_as_their_counts():
    tall = [float(part.get("height")) for part in svg(FIGURES["histogram"]).iter("rect")]
    assert tall[1] == pytest.approx(2 * tall[0], abs=0.2)
    assert tall[1] == pytest.approx(10 * tall[2], rel=0.02)


def test_the_funnel_steps_down_to_what_was_kept():
    kinds = {}
    for part in svg(FIGURES["funnel"]).iter("rect"):
        kinds.setdefault(part.get("class"), []).append(float(part.get("height")))
    read, kept = kinds["kept"]
    assert kept / read == pytest.approx(0.79, abs=0.01)
    assert kinds["rej"][0] / read == pytest.approx(0.20, abs=0.01)
    assert len(kinds["rej"]) == 2  # what took nothing is in the table only
    assert ">quiet<" in FIGURES["funnel"]


def test_months_between_are_there_without_rows():
    assert fill([Share("2024-12", 3), Share("2025-02", 5)]) == [
        ("2024-12", 3),
        ("2025-01", 0),
        ("2025-02", 5),
    ]
    assert fill([]) == []
    assert len(fill([Share("1001-01", 1), Share("2999-12", 1)])) == 2


def test_ticks_are_round_and_reach_the_top():
    assert [steps(top) for top in (0, 1, 3, 7, 99)] == [
        [0, 1],
        [0, 1],
        [0, 1, 2, 3],
        [0, 2, 4, 6, 8],
        [0, 50, 100],
    ]
    for top in (13, 450, 12_345, 9_999_999):
        ticks = steps(top)
        assert ticks[-1] >= top and len(ticks) <= 6


def test_numbers_in_words():
    assert [compact(v) for v in (0, 950, 1_500, 12_000, 1_500_000)] == ["0", "950", "1,500", "12k", "1.5M"]
    assert [percent(*v) for v in ((1, 3), (1, 10**6), (999_999, 10**6), (0, 5), (5, 5), (1, 0))] == [
        "33.3 %", "0.1 %", "99.9 %", "0.0 %", "100.0 %", "–",
    ]  # fmt: skip
    assert [clip("重启路由器", 6), clip("plain", 6), clip("longer than", 6)] == [
        "重启路…",
        "plain",
        "longer…",
    ]


def test_pairs_are_shares_of_each_side():
    page = FIGURES["grouped"]
    assert "100.0 % → 80.0 %" in page and "0.0 % → 20.0 %" in page
    assert "+20.0 points" in page and "−20.0 points" in page
    assert points(0.5, 0.5) == "0.0 points"


def test_the_shade_of_a_cell_follows_its_share_and_its_words_say_it():
    picture = svg(FIGURES["heat"])
    kinds = [part.get("class") for part in picture.iter() if part.tag == "rect"]
    assert kinds == ["h5", "h3", "h1", "bg"]
    assert "90.0 %" in FIGURES["heat"] and "–" in FIGURES["heat"]
