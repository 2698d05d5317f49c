"""Drift: profiles that add up, tests that keep their promise, examples that are the planted ones."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.kernels.stability import tenths
from assay.measure.drift import chance, style
from assay.measure.drift.bins import binned, edges_for, labels, place
from assay.measure.drift.columns import NAMED, Columns, digest_of, opened, packed, read
from assay.measure.drift.compare import compare, jensen_shannon, weights
from assay.measure.drift.examples import causes
from assay.measure.drift.features import LIMITS
from assay.measure.drift.profile import EMPTY, Profile, flat, together
from assay.measure.drift.spread import Spread
from assay.measure.drift.trend import Series, figures, jumps, shares

WORDS = [
    "printer",
    "router",
    "invoice",
    "password",
    "delivery",
    "refund",
    "keyboard",
    "licence",
    "backup",
    "screen",
    "cable",
    "toner",
]
ZH = "打印机需要重新启动才能恢复网络连接请检查电源线和路由器设置然后再试一次"


def row(draw, *, long=1, zh=False, **columns):
    """A made-up row: some words about a machine, or as much in Chinese."""
    words = [draw.choice(WORDS) for _ in range(long * draw.randint(8, 30))]
    said = "".join(draw.choices(ZH, k=len(words))) if zh else " ".join(words)
    payload = {"prompt": f"{draw.choice(WORDS)} {draw.random()}", "completion": said}
    extra = {"category": columns.pop("category", draw.choice("aabbbcccc"))}
    return payload, {"generator": draw.choice(("lab/one", "lab/two")), "extra": extra, **columns}


def columns_of(stored, rows) -> Columns:
    table = stored(rows, also=("licence",))
    table = table.take(by_id(table))
    return read([table.slice(k, 700) for k in range(0, len(table), 700)])


def by_id(table):
    return np.argsort(np.array(table["id"].to_pylist(), "S32"), kind="stable")


def verdicts(shifts):
    return {one.name: one.verdict for one in shifts}


def drift(a: Columns, b: Columns):
    return compare(Profile.of(a), Profile.of(b), Profile.of(a, np.empty(0, np.int64)), (a.drawn, b.drawn))


# --- chance


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (chance.chi_square_tail(3.841459, 1), 0.05), (chance.chi_square_tail(124.3421, 100), 0.05),
        (chance.chi_square_tail(29.58830, 10), 0.001), (chance.chi_square_tail(0.0, 4), 1.0),
        (chance.student_tail(2.042272, 30), 0.05), (chance.student_tail(-3.499483, 7), 0.01),
        (chance.student_tail(12.7062, 1), 0.05), (chance.kolmogorov_tail(1.3581 / 1e4, 1e-8), 0.05),
        (chance.kolmogorov_tail(1.6276 / 1e4, 1e-8), 0.01), (chance.kolmogorov_tail(0.5 / 1e4, 1e-8), 0.9639),
    ],
)  # fmt: skip
def test_tails_are_those_of_the_tables(found, wanted):
    assert found == pytest.approx(wanted, rel=2e-3)


def test_tails_of_nothing_and_of_everything():
    assert chance.chi_square_tail(1e9, 5) == 0 and chance.chi_square_tail(5, 0) == 1
    assert chance.kolmogorov_tail(0.1, 0.0) == 0 and chance.kolmogorov_tail(0.0, 0.0) == 1
    assert chance.student_tail(math.inf, 5) == 0 and chance.student_tail(1.0, 0) == 1


def test_holm_by_hand():
    assert chance.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert chance.holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_never_lowers_and_keeps_the_order(found):
    corrected = chance.holm(found)
    assert all(c >= p and c <= 1 for c, p in zip(corrected, found, strict=True))
    by = sorted(range(len(found)), key=found.__getitem__)
    assert [corrected[k] for k in by] == sorted(corrected)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=200))
def test_tenths_are_quantiles(values):
    wanted = np.unique(np.quantile(values, np.arange(1, 10) / 10))
    assert tenths(*np.unique(values, return_counts=True)) == pytest.approx(wanted)


# --- spreads and profiles

counted = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=30)


def spread(pairs):
    return Spread.counted(np.array([v for v, _ in pairs], float), np.array([n for _, n in pairs], np.int64))


@given(counted, counted)
def test_spreads_add_up_and_come_apart(one, other):
    a, b = spread(one), spread(other)
    both = a + b
    assert both.total == a.total + b.total
    again = both - b
    assert again.values.tolist() == a.values.tolist() and again.counts.tolist() == a.counts.tolist()
    assert both.at(np.arange(10.0)).tolist() == (a.at(np.arange(10.0)) + b.at(np.arange(10.0))).tolist()


def test_taking_out_what_is_not_there_is_refused():
    with pytest.raises(ValueError, match="never in"):
        spread([(1, 2)]) - spread([(1, 3)])


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.sampled_from([0.01, 0.25, 0.5, 0.99, 1.0]))
def test_a_quantile_is_the_nearest_rank(values, share):
    wanted = sorted(values)[max(1, math.ceil(share * len(values))) - 1]
    assert Spread.of(np.array(values)).quantile(share) == wanted


def same(a: Profile, b: Profile):
    assert a.rows == b.rows
    for name in {*a.categories, *b.categories}:
        one, other = a.category(name), b.category(name)
        assert one.values.tolist() == other.values.tolist() and one.counts.tolist() == other.counts.tolist()
    for name in {*a.numbers, *b.numbers}:
        one, other = a.number(name), b.number(name)
        assert one.values.tolist() == other.values.tolist() and one.counts.tolist() == other.counts.tolist()


@pytest.fixture(scope="module")
def some():
    from tests.measure.conftest import table_of

    draw = random.Random(4)
    rows = [row(draw, zh=k % 7 == 0) for k in range(900)]
    rows[5][1]["extra"]["score"] = 4.5
    return columns_of(table_of, rows)


@settings(max_examples=20)
@given(st.data())
def test_a_profile_of_two_sets_is_the_sum_and_the_difference(some, data):
    picked = np.array(data.draw(st.lists(st.booleans(), min_size=some.rows, max_size=some.rows)))
    rows, rest = np.flatnonzero(picked), np.flatnonzero(~picked)
    whole, one, other = Profile.of(some), Profile.of(some, rows), Profile.of(some, rest)
    same(one + other, whole)
    same(whole - other, one)
    same(together([EMPTY, one, other]), whole)


def test_a_profile_says_what_rows_state(some):
    said = Profile.of(some).as_json()
    assert said["rows"] == 900
    assert said["categories"]["language"]["top"]["zh"] >= 100
    assert said["categories"]["category"]["values"] == 3
    assert said["numbers"]["score"] == pytest.approx({"rows": 1, "mean": 4.5} | dict.fromkeys(
        ("p1", "p10", "p25", "p50", "p75", "p90", "p99"), 4.5))  # fmt: skip
    assert said["numbers"]["output"]["p1"] >= 8 and said["numbers"]["turns"]["p50"] == 2


def test_columns_are_kept_whole_or_not_at_all(some):
    held = packed(some)
    again = opened({name: np.array(values) for name, values in held.items()})
    assert again is not None
    same(Profile.of(again), Profile.of(some))
    assert again.drawn.ids.tobytes() == some.drawn.ids.tobytes() and again.drawn.cut == some.drawn.cut
    assert opened({k: v for k, v in held.items() if k != "d.ids"}) is None
    assert opened(held | {"n.output": held["n.output"][:-1]}) is None


def test_erased_rows_do_not_count(stored):
    draw = random.Random(1)
    table = stored([row(draw) for _ in range(50)], also=("licence",))
    payloads = ["{}" if k < 10 else text for k, text in enumerate(table["payload"].to_pylist())]
    at = table.column_names.index("payload")
    columns = read([table.set_column(at, "payload", [payloads])])
    assert Profile.of(columns).rows == 40
    assert columns.drawn.row.tolist() == list(range(10, 50))


def test_many_values_keep_their_counts_and_the_most_frequent_their_names(stored):
    rows = [({"text": f"opening number {k} here"}, {"extra": {"topic": f"t{k % 2500}"}}) for k in range(5000)]
    found = columns_of(stored, rows + rows[:10])
    assert len(found.categories["topic"].digest) == 2501 and len(found.categories["topic"].names) == NAMED
    assert Profile.of(found).category("topic").at(np.array([digest_of("t3")], np.uint64)).tolist() == [3]


def test_hostile_values_are_values(stored):
    odd = ["\ud800", "\x1b[31m", "<b>", "‮", "a" * 5000]
    found = columns_of(
        stored, [({"text": "x"}, {"extra": {"label": v}} if v != "\ud800" else {}) for v in odd]
    )
    assert opened({k: np.array(v) for k, v in packed(found).items()}) is not None
    assert len(Profile.of(found).shares("label")) == 5


# --- bins


@given(st.lists(st.one_of(st.integers(0, 5000), st.floats(-50, 50)), min_size=1, max_size=80))
def test_bins_hold_every_row_once(values):
    found = Spread.of(np.array(values, float))
    edges = edges_for(found)
    assert binned(found, edges).sum() == found.total
    assert len(labels(edges, found.values)) == len(edges) and (np.diff(edges) > 0).all()
    at = place(found.values, edges)
    assert (edges[at] <= found.values + 1e-6 * np.maximum(1, np.abs(found.values))).all()


# --- comparing


def test_when_rows_only_came_it_is_the_test_of_what_came_against_what_was_there():
    n, c = 900, 60
    was, came = np.array([600.0, 300.0]), np.array([20.0, 40.0])
    whole = (was + came) / (n + c)
    gap = whole - was / n
    ours = (gap**2 / whole).sum() / weights(n, n + c, n).variance
    apart = came / c - was / n
    assert ours == pytest.approx((apart**2 / whole).sum() / (1 / n + 1 / c))
    assert weights(500, 400, 0).variance == pytest.approx(1 / 500 + 1 / 400)
    assert weights(500, 500, 500).variance == 0


@given(st.integers(1, 500), st.integers(1, 500), st.data())
def test_sharing_rows_leaves_less_to_chance(n, m, data):
    shared = data.draw(st.integers(0, min(n, m)))
    assert weights(n, m, shared).variance <= weights(n, m, 0).variance + 1e-12


def test_a_version_is_steady_beside_itself(some):
    whole = Profile.of(some)
    shifts = compare(whole, whole, whole, (some.drawn, some.drawn))
    assert {one.verdict for one in shifts} == {"steady"} or verdicts(shifts)["opening"] != "drifted"
    assert all(
        (one.effect == 0 and one.verdict != "drifted" and one.p is None) or one.p == 1 for one in shifts
    )


def test_nothing_against_something_is_not_enough_to_tell(some):
    shifts = compare(EMPTY, Profile.of(some), EMPTY, (style.NONE, some.drawn))
    assert {one.verdict for one in shifts} == {"not enough rows to tell"}


def test_few_rows_are_not_called_steady(stored):
    draw = random.Random(2)
    a, b = (columns_of(stored, [row(draw) for _ in range(60)]) for _ in range(2))
    found = verdicts(drift(a, b))
    assert "drifted" not in found.values()
    assert found["output"] == found["vendi"] == found["opening"] == "not enough rows to tell"


PLANTED = {
    "generator": {"generator": "lab/new"}, "category": {"category": "d"}, "language": {"zh": True},
    "output": {"long": 4},
}  # fmt: skip


@pytest.fixture(scope="module")
def large():
    from tests.measure.conftest import table_of

    draw = random.Random(7)
    rows = [row(draw) for _ in range(4_000)]
    return rows, columns_of(table_of, rows)


@pytest.mark.parametrize(
    ("feature", "apart"), [*((name, True) for name in PLANTED), ("output", False), ("category", False)]
)
def test_a_planted_twentieth_is_found_and_shown(stored, large, feature, apart):
    """In a set apart of 4,000 rows, or as 5 % that are added to the same rows."""
    draw = random.Random(feature)
    a, before = large
    planted = [row(draw, **PLANTED[feature]) for _ in range(210)]
    b = [row(draw) for _ in range(3_790)] if apart else a
    after = columns_of(stored, [*b, *planted])
    old, new = Profile.of(before), Profile.of(after)
    shifts = compare(old, new, EMPTY if apart else old, (before.drawn, after.drawn))
    moved = [one for one in shifts if one.verdict == "drifted"]
    assert feature in {one.name for one in moved}
    ours = by_id(stored([*b, *planted], also=("licence",))) >= len(b)
    came = np.arange(after.rows) if apart else np.flatnonzero(ours)
    held = {n: c.digest[c.code[came]] for n, c in after.categories.items()}
    held |= {n: values[came] for n, values in after.numbers.items()}
    ids = np.frombuffer(np.random.default_rng(1).bytes(32 * len(came)), "V32")
    shift = next(one for one in moved if one.name == feature)
    top = causes(shift, moved, ids, held, True)
    assert len(top) == 20
    assert ours[came][top].mean() >= 0.9
    assert causes(shift, moved, ids, held, True).tolist() == top.tolist()


def test_halves_of_one_set_are_seldom_told_apart(stored):
    """60 splits of 1,000 rows: any feature that drifts is an alarm."""
    draw = random.Random(9)
    found = columns_of(stored, [row(draw, zh=k % 5 == 0) for k in range(1_000)])
    turn = np.random.default_rng(3)
    alarms = 0
    for _ in range(60):
        picked = turn.permutation(found.rows) < found.rows // 2
        one, other = np.flatnonzero(picked), np.flatnonzero(~picked)
        sides = (found.drawn.among(one), found.drawn.among(other))
        shifts = compare(Profile.of(found, one), Profile.of(found, other), EMPTY, sides)
        alarms += any(shift.verdict == "drifted" for shift in shifts)
    assert alarms <= 6  # 3 expected at most; 7 and more once in thirty times


def test_a_change_too_small_to_matter_is_steady_however_sure():
    """A million rows each, half a point more of one value: p below 1e-9, and nobody would notice."""

    def profile(first, second):
        one = Spread.counted(np.array([digest_of("a"), digest_of("b")], np.uint64), np.array([first, second]))
        return Profile(
            first + second, {"label": one}, {}, {"label": {digest_of("a"): "a", digest_of("b"): "b"}}
        )

    (shift,) = compare(profile(500_000, 500_000), profile(505_000, 495_000), EMPTY)
    assert shift.p < 1e-9 and shift.effect < LIMITS["category"].least and shift.verdict == "steady"
    (shift,) = compare(profile(500_000, 500_000), profile(600_000, 400_000), EMPTY)
    assert shift.verdict == "drifted"
    assert shift.figures["psi"] == pytest.approx(0.0405, abs=1e-3)
    assert shift.figures["cramers_v"] == pytest.approx(0.1005, abs=1e-3)


def test_the_same_rows_from_a_renamed_file_drift_by_source_alone():
    a, names = flat("old.jsonl", 400)
    b, more = flat("new.jsonl", 400)
    kind, said = flat("text", 400)
    old = Profile(400, {"source": a, "kind": kind}, {}, {"source": names, "kind": said})
    new = Profile(400, {"source": b, "kind": kind}, {}, {"source": more, "kind": said})
    shifts = compare(old, new, new)  # all 400 ids are in both
    assert verdicts(shifts) == {"kind": "steady", "source": "drifted"}


def test_jensen_shannon_is_a_divergence_in_bits():
    one, other = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert jensen_shannon(one, one) == 0 and jensen_shannon(one, other) == 1
    assert jensen_shannon(np.array([0.9, 0.1]), np.array([0.5, 0.5])) == pytest.approx(0.1468, abs=1e-4)


# --- style


def drawn(vectors, words, ids=None):
    n = len(vectors)
    ids = ids if ids is not None else np.random.default_rng(n).bytes(32 * n)
    return style.Drawn(
        np.frombuffer(ids, "V32"), np.arange(n), np.array(vectors, np.int8), np.array(words, np.uint32), None
    )


def test_the_vendi_score_counts_how_many_rows_there_effectively_are():
    assert style._vendi(np.ones((5, 5))) == pytest.approx(1)
    assert style._vendi(np.eye(5)) == pytest.approx(5)
    two = np.kron(np.eye(2), np.ones((3, 3)))
    assert style._vendi(two) == pytest.approx(2)
    assert style._similarity(two) == pytest.approx(12 / 30)


def test_grams_never_span_rows():
    words = np.array([[1, 2, 0], [3, 0, 0]], np.uint32)
    assert style._grams(words, 1).tolist() == [1, 2, 3]
    assert len(style._grams(words, 2)) == 1


def test_a_draw_of_two_segments_is_fair(some):
    ids = some.drawn.ids
    cut = bytes(ids[299])
    first = some.drawn.among(np.arange(300))
    first = style.Drawn(first.ids, first.row, first.vectors, first.words, cut)
    rest = some.drawn.among(np.arange(300, 900))
    assert len(style.joined([first, rest]).ids) == 300  # beyond the cut nobody knows what else there was
    assert style.joined([]).cut is None


def test_draws_joined_in_steps_are_those_joined_at_once():
    turn = np.random.default_rng(2)

    def made(n):
        found = drawn(np.ones((n, 128)), np.ones((n, 64)), turn.bytes(32 * n))
        by = np.argsort(found.ids.view("S32"), kind="stable")
        return style.Drawn(found.ids[by], found.row, found.vectors, found.words, None)

    parts = [made(900) for _ in range(5)]
    at_once, step = style.joined(parts), style.joined(parts[:3])
    for part in parts[3:]:
        step = style.joined([step, part])
    assert len(step.ids) == style.KEPT and step.ids.tobytes() == at_once.ids.tobytes()
    assert step.cut == bytes(step.ids[-1])


def test_sameness_is_seen(stored):
    draw = random.Random(8)
    a = columns_of(stored, [row(draw) for _ in range(700)])
    b = columns_of(
        stored,
        [({"prompt": str(k), "completion": "Sure, here you are: " + "same " * 9}, {}) for k in range(700)],
    )
    found = {one.name: one for one in drift(a, b)}
    assert found["vendi"].verdict == found["distinct_2"].verdict == "drifted"
    assert found["vendi"].figures["mean_after"] < found["vendi"].figures["mean_before"]


# --- trend


def test_a_jump_is_told_from_the_usual():
    usual = Series("language", "zh", (0.10, 0.11, 0.10, 0.12, 0.11, 0.30, 0.30), "share")
    other = Series("language", "en", tuple(1 - p for p in usual.points), "share")
    (found,) = jumps([usual, other])
    assert (found.feature, found.value, found.at) == ("language", "zh", 5)
    assert found.z > 10


def test_a_new_file_each_time_is_no_jump_and_a_large_one_is():
    def line(last):
        sizes = [1000, 50, 60, 55, last]
        total = np.cumsum(sizes)
        return [
            Series(
                "source",
                f"{k}.jsonl",
                tuple(size / t if t >= total[k] else 0.0 for t in total.tolist()),
                "share",
            )
            for k, size in enumerate(sizes)
        ]

    assert jumps(line(58)) == []
    assert [(j.value, j.at) for j in jumps(line(900))] == [("4.jsonl", 4)]
    assert jumps(s for s in line(900)[:2] for s in [Series("source", s.value, s.points[:2], "share")]) == []


def test_series_of_profiles(some):
    half = Profile.of(some, np.arange(450))
    found = {one.feature: one for one in figures([half, Profile.of(some)])}
    assert found["kind"].points == (1.0, 1.0) and found["output"].says == "median"
    by_value = {one.value: one.points for one in shares([half, Profile.of(some)], "language")}
    assert by_value["zh"][1] == pytest.approx(129 / 900, abs=0.01)
    bins = shares([half, Profile.of(some)], "output")
    assert sum(one.points[0] for one in bins) == pytest.approx(1)
    assert shares([half], "nothing") == [] or math.isnan(shares([half], "nothing")[0].points[0])
