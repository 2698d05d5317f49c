"""Every threshold, on both sides of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.measure.distribution import Share, Tally
from assay.measure.diversity import Generator
from assay.measure.forms import Forms
from assay.measure.health import Curated, health, worst
from assay.measure.lengths import Lengths
from assay.measure.profile import profile
from assay.measure.scores import ScoreCount

EMPTY = profile([])


def judge(name, changed=None, curated=None):
    (found,) = [check for check in health(changed or EMPTY, curated) if check.name == name]
    return found


def lengths(values):
    found = Lengths()
    found.add(values)
    return found.summary()


@pytest.mark.parametrize(
    ("rows", "filtered", "verdict"),
    [
        (999, True, "warning"), (1_000, True, "healthy"), (500_000, False, "healthy"),
        (500_001, False, "warning"), (500_001, True, "healthy"), (0, True, "warning"),
    ],
)  # fmt: skip
def test_size(rows, filtered, verdict):
    assert judge("size", replace(EMPTY, rows=rows), Curated(rows, {}, filtered)).verdict == verdict


def test_a_large_set_that_no_curation_made_is_not_curated():
    assert judge("size", replace(EMPTY, rows=600_000)).shown == "600,000, not curated"


@pytest.mark.parametrize(
    ("p90", "verdict"), [(199, "healthy"), (200, "watch"), (500, "watch"), (501, "warning")]
)
def test_spread(p90, verdict):
    found = judge("length_spread", replace(EMPTY, length=lengths([10] * 5 + [p90] * 5)))
    assert (found.value, found.verdict) == (p90 / 10, verdict)


@pytest.mark.parametrize(
    ("median", "verdict"),
    [(19, "warning"), (20, "watch"), (49, "watch"), (50, "healthy"), (300, "healthy"), (301, "watch"), (800, "watch"),
     (801, "warning")],
)  # fmt: skip
def test_median(median, verdict):
    assert judge("output_median", replace(EMPTY, output=lengths([median]))).verdict == verdict


@pytest.mark.parametrize(
    ("largest", "verdict"), [(99, "healthy"), (100, "watch"), (500, "watch"), (501, "warning")]
)
def test_imbalance(largest, verdict):
    tally = Tally()
    tally.add(["a"] * largest + ["b"] * 10)
    topic = tally.distribution("topic", largest + 10)
    found = judge("imbalance", replace(EMPTY, topics=(topic,)))
    assert (found.value, found.verdict) == (largest / 10, verdict)


@pytest.mark.parametrize(
    ("low", "verdict"), [(49, "healthy"), (50, "watch"), (200, "watch"), (201, "warning")]
)
def test_low_scores(low, verdict):
    count = ScoreCount("score")
    count.add([2.99] * low + [3.0] * (1_000 - low))
    found = judge("low_scores", replace(EMPTY, scores=count.result()))
    assert (found.value, found.verdict) == (low / 1_000, verdict)


@pytest.mark.parametrize(
    ("rejected", "verdict"),
    [(49, "watch"), (50, "healthy"), (300, "healthy"), (301, "watch"), (600, "watch"), (601, "warning")],
)
def test_dedup_rate(rejected, verdict):
    curated = Curated(1_000, {"identical": 10, "exact_dedup": 20, "near_dedup": rejected - 30}, True)
    found = judge("dedup_rate", curated=curated)
    assert (found.value, found.verdict) == (rejected / 1_000, verdict)


@pytest.mark.parametrize(("lists", "verdict"), [(80, "healthy"), (81, "watch")])
def test_one_form(lists, verdict):
    forms = Forms(100, {"list": lists, "code": 3, "json": 0, "heading": 0, "markdown": 0}, 100 - lists)
    found = judge("one_form", replace(EMPTY, forms=forms))
    assert (found.value, found.verdict) == (lists / 100, verdict)


@pytest.mark.parametrize(
    ("alike", "verdict"), [(9, "healthy"), (10, "watch"), (30, "watch"), (31, "warning")]
)
def test_style_collapse_of_the_worst_generator(alike, verdict):
    fine = Generator("x/fine", 900, 50.0, 900, Share("a b c", 1), 0.1)
    tiny = Generator("x/tiny", 19, 50.0, 19, Share("a b c", 19), 1.0)
    bad = Generator("x/bad", 100, 50.0, 100, Share("i'm sorry to", alike), 0.2)
    found = judge("style_collapse", replace(EMPTY, generators=(fine, bad, tiny)))
    assert (found.value, found.verdict) == (alike / 100, verdict)
    assert "x/bad" in found.shown


def test_what_cannot_be_judged_is_unknown_and_says_why():
    checks = health(EMPTY, None)
    assert {check.name: check.shown for check in checks if check.verdict == "unknown"} == {
        "length_spread": "no rows",
        "output_median": "no rows",
        "imbalance": "no topic field",
        "low_scores": "no field score or quality",
        "dedup_rate": "not made by a curation",
        "one_form": "no rows",
        "style_collapse": "no synthetic rows",
    }
    assert judge("output_median", replace(EMPTY, labelled=3)).shown == "outputs are labels"
    assert judge("dedup_rate", curated=Curated(100, {"identical": 5}, False)).shown == "no deduplication ran"
    count = ScoreCount("score")
    count.add([0.5])
    assert judge("low_scores", replace(EMPTY, scores=count.result())).verdict == "unknown"
    assert judge("style_collapse", replace(EMPTY, synthetic=9)).shown == "too many generators"


def test_a_field_that_no_row_states_or_that_is_no_category():
    assert (
        judge("imbalance", replace(EMPTY, topics=(Tally().distribution("nosuch", 3),))).shown
        == "no row states nosuch"
    )
    ids = Tally(limit=1)
    ids.add(["1", "2"])
    assert (
        judge("imbalance", replace(EMPTY, topics=(ids.distribution("id", 2),))).shown
        == "the field has too many values"
    )


def test_the_worst_of_all():
    checks = health(EMPTY, None)
    assert worst(checks) == "warning"
    assert worst([check for check in checks if check.verdict == "unknown"]) == "unknown"


def test_every_check_says_why_and_what_to_do():
    for check in health(EMPTY, None):
        assert check.why.endswith(".") and check.advice.endswith(".") and check.range
        assert check.as_json().keys() == {"name", "verdict", "value", "shown", "healthy", "why", "advice"}
