"""Every rule against a version that keeps it and one that breaks it, in English and Chinese."""

from __future__ import annotations

import inspect
from importlib.metadata import entry_points

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.govern.policy import parse_policy, rule_classes
from assay.govern.rule import Rule
from assay.govern.rules.generators import matches
from assay.kernels.ids import id_list
from assay.kernels.stability import noise, stability_index
from assay.testing.policies import MemoryView, Row, RuleSuite

ZH = "请问如何重置打印机的网络设置，每天早上都会断开连接"


def chat(n, output=None, **fields):
    return Row(
        {
            "messages": [
                {
                    "role": "user",
                    "content": f"My printer number {n} jams on floor {n * 7919 % 101}, what now?",
                },
                {
                    "role": "assistant",
                    "content": output or f"Open flap {n * 31 % 97} and pull the sheet {n}.",
                },
            ]
        },
        fields,
    )


def chinese(n, output=None, **fields):
    asked = f"{ZH}（编号{n}，楼层{n * 7919 % 101}）"
    said = output or f"请打开第{n * 31 % 97}号盖板，慢慢取出第{n}张纸。"
    return Row(
        {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]}, fields
    )


def view(*rows, test=(), **more):
    return MemoryView({"train": list(rows), "test": list(test)}, **more)


def both(n=8, **fields):
    return [*(chat(k, **fields) for k in range(n)), *(chinese(k, **fields) for k in range(n))]


QUIZ = {"quiz": [("In which bay did the grain ship Corvina lie at anchor in that long spring?", "Selm Bay")]}
QUIZ_ZH = {"测验": [("一列火车从甲站开往乙站，途中停靠三次，每次停十分钟，请问全程共需多少时间？", "五小时")]}
CARD = "我的手机号是13812345678，身份证号码11010519491231002X，请尽快回电。"

CASES = {
    "licences": (
        {"allowed": ["MIT", "cc-by-4.0"]},
        view(*both(licence="MIT"), chat(90, licence=" CC-BY-4.0 ")),
        view(*both(licence="MIT"), chat(90, licence="GPL-3.0"), chinese(91)),
        {"licence_not_allowed": 1, "licence_unstated": 1},
    ),
    "pii": (
        {},
        view(*both(), chat(90, "Write to [EMAIL] please.")),
        view(*both(), chinese(90, CARD), chat(91, "Write to mira.kovac@helpdesk-mail.com at once.")),
        {"pii_found": 2},
    ),
    "duplicates": (
        {"max_rate": 0.0},
        view(*both()),
        view(*both(), chat(90, "清空队列" * 30), chat(90, "清空队列" * 30 + "。"), test=[chinese(3), chinese(5)][:0]),
        {"too_many_duplicates": 1},
    ),
    "contamination": (
        {},
        view(*both(), test=[chat(90, QUIZ["quiz"][0][0])], frozen=QUIZ | QUIZ_ZH),
        view(*both(), chat(90, QUIZ["quiz"][0][0]), chinese(91, QUIZ_ZH["测验"][0][0]), frozen=QUIZ | QUIZ_ZH),
        {"contaminated": 2},
    ),
    "reviews": (
        {"min_share": 0.5, "splits": ["train"]},
        view(chat(1), chinese(2), test=[chat(3)], seen=[chinese(2).id]),
        view(chat(1), chinese(2), test=[chat(3)], seen=[chat(3).id]),
        {"too_few_reviewed": 0},
    ),
    "synthetic_share": (
        {"max": 0.5},
        view(chat(1, origin="human"), chinese(2, origin="synthetic"), chat(3)),
        view(chat(1, depth=1), chinese(2, origin="synthetic"), chat(3, generator="acme/m"), chat(4)),
        {"too_synthetic": 3},
    ),
    "synthetic_depth": (
        {"max": 1},
        view(chat(1, depth=0), chinese(2, depth=1), chat(3, origin="synthetic")),
        view(chat(1, depth=2), chinese(2, depth=3), chat(3, depth=1)),
        {"too_deep": 2},
    ),
    "size": (
        {"min": 3, "splits": {"test": 1}},
        view(chat(1), chinese(2), test=[chat(3)]),
        view(chat(1), chinese(2)),
        {"too_small": 0, "split_too_small": 0},
    ),
    "imbalance": (
        {"max_ratio": {"meta.topic": 2, "category": 3.0}},
        view(*(chat(k, category="网络", meta={"topic": "a"}) for k in range(3)), chat(9, category="打印")),
        view(*(chat(k, category="网络", meta={"topic": "a"}) for k in range(4)), chat(9, category="打印")),
        {"imbalanced": 0},
    ),
    "provenance": (
        {"required": ["source", "licence"], "synthetic": ["generator"]},
        view(*both(source="a.jsonl", licence="MIT"), chat(90, source="乙", licence="MIT", depth=1, generator="g")),
        view(*both(source="a.jsonl", licence="MIT"), chinese(90, source="乙", licence="MIT", depth=1), chat(91)),
        {"provenance_missing": 2},
    ),
    "schema": (
        {"closed": True},
        view(*both(category="a"), parent=view(*both(3, category="b"))),
        view(
            chat(1, category=3), chinese(2), chat(3, category="c", new=1), Row({"text": "只有文本"}, {"category": "d"}),
            Row({"messages": [{"role": "tool", "content": "x"}]}, {"category": "e"}),
            parent=view(*both(3, category="b")),
        ),
        {"kind_new": 1, "role_new": 1, "field_missing": 2, "type_new": 1, "field_new": 2},
    ),
    "drift": (
        {"field": "category"},
        view(*both(60, category="a"), parent=view(*both(55, category="a"))),
        view(
            *(chat(k, "Please " * 40 + str(k), category="b") for k in range(60)), parent=view(*both(60, category="a"))
        ),
        {"drift_output": 0, "drift_language": 0, "drift_label": 0, "drift_input": 0},
    ),
    "generators": (
        {
            "purpose": "assistant",
            "terms": [
                {"generator": "Acme/*-big", "not_for": ["assistant"]},
                {"generator": "own/*", "not_for": ["none"]},
            ],
            "known": True,
        },
        view(*both(), chat(90, generator="own/小模型")),
        view(*both(), chat(90, generator="acme/m-BIG"), chinese(91, generator="别家/大模型")),
        {"generator_not_allowed": 1, "generator_unknown": 1},
    ),
}  # fmt: skip


def rule_of(kind, params):
    (rule,) = parse_policy({"rules": [{kind: params}]}).rules
    return rule


def suite(kind):
    params, good, bad, _ = CASES[kind]

    class Suite(RuleSuite):
        def rule(self) -> Rule:
            return rule_of(kind, params)

        def keeps(self) -> MemoryView:
            return good

        def breaks(self) -> MemoryView:
            return bad

    return Suite()


PROMISES = [name for name, _ in inspect.getmembers(RuleSuite, inspect.isfunction) if name.startswith("test_")]


@pytest.mark.parametrize("promise", PROMISES)
@pytest.mark.parametrize("kind", CASES)
def test_every_rule_keeps_the_promises(kind, promise):
    getattr(suite(kind), promise)()


@pytest.mark.parametrize("kind", CASES)
def test_what_is_broken_is_named_with_all_ids(kind):
    params, _, bad, expected = CASES[kind]
    broken = {v.code: len(v.ids) for v in rule_of(kind, params).judge(bad) if not v.ok}
    assert broken == expected


def test_no_rule_is_forgotten_and_all_come_through_the_same_door():
    points = {point.name: point.load() for point in entry_points(group="assay.policies")}
    assert set(points) == set(CASES) == set(rule_classes())
    assert all(rule.kind == name and rule.codes and rule.__doc__ for name, rule in points.items())
    built_in = {cls for cls in Rule.__subclasses__() if cls.__module__.startswith("assay.")}
    assert built_in == set(points.values())
    codes = [code for rule in points.values() for code in rule.codes]
    assert len(set(codes)) == len(codes), "a waiver names a code, so no two rules share one"


def test_a_first_version_has_nothing_to_differ_from():
    assert all(v.ok for v in rule_of("schema", {}).judge(view(*both())))
    assert all(v.ok for v in rule_of("drift", {"field": "category"}).judge(view(*both())))
    bad = [v for v in rule_of("schema", {"kinds": ["text"]}).judge(view(chat(1))) if not v.ok]
    assert [v.code for v in bad] == ["kind_new"]


def test_small_numbers_do_not_drift_by_chance():
    now, before = ([chat(k, category=c) for k, c in enumerate(names)] for names in ("ab", "aab"))
    verdicts = rule_of("drift", {"max": 0.01, "field": "category"}).judge(view(*now, parent=view(*before)))
    assert all(v.ok for v in verdicts) and "it is chance" in verdicts[-1].message


def test_a_field_that_nothing_states_is_not_passed_over():
    (verdict,) = rule_of("imbalance", {"max_ratio": {"nope": 2}}).judge(view(*both()))
    assert not verdict.ok and verdict.message == "nothing states nope"
    found = rule_of("drift", {"field": "nope"}).judge(view(*both(), parent=view(*both())))
    assert [v.code for v in found if not v.ok] == ["drift_label"]


def test_a_fact_is_a_field_too():
    rows = both(3)
    topics = {"topic": {row.id: "网络" if k else "打印" for k, row in enumerate(rows)}}
    (verdict,) = rule_of("imbalance", {"max_ratio": {"fact.topic": 4}}).judge(view(*rows, stated=topics))
    assert (verdict.ok, verdict.value, verdict.message) == (False, 5.0, "fact.topic: 2 groups, 5 to 1")


def test_programs_count_as_reviewers_unless_the_policy_says_otherwise():
    held = view(chat(1), chinese(2), seen_by_programs=[chat(1).id])
    for auto in (True, False):
        (verdict,) = rule_of("reviews", {"min_share": 0.5, "auto": auto}).judge(held)
        assert verdict.ok is auto


def test_without_frozen_sets_the_message_says_that_nothing_was_looked_for():
    (verdict,) = rule_of("contamination", {}).judge(view(*both()))
    assert verdict.ok and "nothing to look for" in verdict.message


def test_the_duplicate_that_stays_is_the_one_with_the_smaller_id():
    params, _, bad, _ = CASES["duplicates"]
    (verdict,) = rule_of("duplicates", params).judge(bad)
    pair = sorted(row.id for row in bad.splits["train"][-2:])
    assert id_list(verdict.ids) == [pair[1]]


def test_no_message_holds_a_line_of_an_example():
    for kind, (params, _, bad, _) in CASES.items():
        for verdict in rule_of(kind, params).judge(bad):
            assert (
                "\n" not in verdict.message
                and "13812345678" not in verdict.message
                and "Corvina" not in verdict.message
            )


texts = st.text(alphabet="ab/*é大", max_size=12)


@given(texts, texts)
def test_patterns_of_generators_are_what_a_glob_is(pattern, text):
    def slow(p, t):
        if not p:
            return not t
        if p[0] == "*":
            return slow(p[1:], t) or (bool(t) and slow(p, t[1:]))
        return bool(t) and p[0] == t[0] and slow(p[1:], t[1:])

    assert matches(pattern, text) == slow(pattern.casefold(), text.casefold())


counts = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 500), min_size=1)


@given(counts, counts)
def test_the_stability_index_is_symmetric_and_zero_for_the_same(a, b):
    assert stability_index(a, b) >= 0
    assert stability_index(a, b) == pytest.approx(stability_index(b, a))
    assert stability_index(a, a) == 0 and noise(a, b) >= 0


def test_the_stability_index_has_the_value_of_the_book():
    # Two bins, 50/50 against 60/40: 0.1·ln(1.2) + (−0.1)·ln(0.8) = 0.04055
    assert stability_index({"x": 600_000, "y": 400_000}, {"x": 500_000, "y": 500_000}) == pytest.approx(
        0.04055, abs=1e-4
    )
