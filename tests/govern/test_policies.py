"""Policies in force: gates at commit, at release and for training; waivers; what a refused commit leaves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from assay.errors import (
    BadInput,
    Conflict,
    Forbidden,
    GateFailed,
    InvalidPolicy,
    NotFound,
    Revoked,
    UsageError,
)
from assay.govern.facts import write_facts
from assay.govern.gate import read_gate, write_gate
from assay.govern.policy import parse_policy
from assay.kernels.ids import as_ids
from assay.registry.governing.gating import commit_version
from assay.registry.review.results import Given
from assay.registry.review.samples import Drawing
from assay.store.commit import Draft
from assay.store.objects import Objects

from .conftest import ticket

CARD = "我的身份证号码是11010519491231002X，手机13812345678。"


@pytest.fixture
def desk(registry, write):
    """Makes the next version of `desk` out of tickets."""

    def make(numbers=range(40), actor=registry, extra=(), **options):
        rows = [ticket(n) for n in numbers] + list(extra)
        return actor.import_("desk", [write("t.jsonl", rows)], **options)

    return make


def test_every_problem_of_a_policy_is_told_at_once(registry, tmp_path):
    bad = tmp_path / "p.yaml"
    bad.write_text(
        "ruls: 1\napprovals: 0\nrules:\n- pi: {}\n- pii: {mx: 1, commit: sometimes}\n- size: {min: a}\n- size\n- 3\n",
        "utf-8",
    )
    with pytest.raises(InvalidPolicy) as caught:
        registry.policies.set(bad)
    message = caught.value.message
    for part in (
        "approvals: ",
        "ruls: unknown; did you mean rules?",
        "rules[0].pi: no such rule; did you mean pii?",
        "rules[1].pii.mx: unknown; did you mean max?",
        "rules[1].pii.commit: ",
        "rules[2].size.min",
        "rules[4]",
    ):
        assert part in message, part
    assert registry.log() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [pii, pii]", "pii: named twice"),
        ("approvals: 2\napprovers: [ann]", "2 are asked for and 1 may give them"),
        ("approvers: [ann, ann]", "named twice"),
        ("approvers: ['']", "an approver is a name"),
        ("[1]", "a policy is a map"),
        ("rules: [pii: [1]]", "parameters must be a map"),
        ("rules: 3", "rules"),
        ("pii: {}\npii: {}", "written twice"),
        ("format: 2", "format"),
        ("!!python/object/apply:os.system [ls]", "not YAML that can be read"),
    ],
)
def test_what_is_no_policy_is_refused(registry, tmp_path, text, said):
    path = tmp_path / "p.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidPolicy, match=said):
        registry.policies.read(path)


def test_a_file_that_is_not_there_or_too_large(registry, tmp_path):
    with pytest.raises(NotFound, match="no policy at"):
        registry.policies.read(tmp_path / "none.yaml")
    big = tmp_path / "big.yaml"
    big.write_bytes(b"# " + b"x" * 1_000_001)
    with pytest.raises(BadInput, match="too large"):
        registry.policies.read(big)


def test_equal_policies_have_equal_digests_whatever_is_spelled_out():
    short = parse_policy({"rules": ["pii"]})
    long = parse_policy(
        {"approvals": 1, "approvers": [], "rules": [{"pii": {"max": 0, "commit": "warn", "types": []}}]}
    )
    assert short.digest == long.digest and parse_policy(short.as_json()) == short
    assert parse_policy({"rules": [{"pii": {"commit": False}}]}).rules[0].commit == "off"
    assert parse_policy({"rules": [{"pii": {"max": 1}}]}).digest != short.digest


def test_a_refused_commit_leaves_nothing_and_says_everything(registry, desk):
    desk()
    registry.policies.set({"rules": [{"pii": {"commit": "refuse"}}, {"size": {"min": 100}}]})
    before = registry.log()
    with pytest.raises(GateFailed, match="pii_found: cn_id_card 1, cn_mobile 1") as caught:
        desk(range(45), extra=[{"input": "如何联系你们？", "output": CARD}])
    assert registry.log() == before and registry.version("desk").name == "desk@v1"
    (pii,) = [one for one in caught.value.gate["findings"] if one["code"] == "pii_found"]
    assert pii["severity"] == "error" and len(pii["ids"]) == pii["count"] == 1
    assert caught.value.gate["version"] == "desk@v2"
    assert registry.verify().ok
    registry.gc(dry_run=False, grace_seconds=0)
    assert len(registry.version("desk")) == 40
    with pytest.raises(NotFound):
        registry.example(pii["ids"][0])


def test_what_only_warns_is_in_the_result_and_in_the_log(registry, desk):
    registry.policies.set({"rules": ["pii", {"size": {"min": 100}}]})
    result = desk(extra=[{"input": "如何联系你们？", "output": CARD}])
    assert result.version == "desk@v1" and result.gate.passed
    assert [(one.code, one.status) for one in result.gate.findings] == [
        ("pii_found", "warned"),
        ("too_small", "warned"),
    ]
    assert result.as_json()["gate"]["result"] == "passed"
    operation = registry.version("desk").operation
    recorded = registry.policies.recorded(operation)
    assert recorded.as_json() == result.gate.as_json() and operation.body["gate"] == "passed"
    assert registry.gc(dry_run=True, grace_seconds=0).orphans == ()
    assert registry.verify().ok


def test_without_a_policy_nothing_is_asked(registry, desk):
    result = desk()
    assert result.gate is None and "gate" not in result.as_json()
    assert "findings" not in registry.version("desk").operation.body
    gate = registry.policies.check("desk")
    assert (gate.policy, gate.result, gate.passed) == (None, "none", True)
    assert registry.policies.show() is None


def test_each_moment_has_its_own_rules(registry, desk):
    desk()
    registry.policies.set(
        {"rules": [{"size": {"min": 100, "release": "warn"}}, {"pii": {"train": "off", "release": "off"}}]}
    )
    at = {moment: registry.policies.check("desk", moment) for moment in ("commit", "release", "train")}
    assert {moment: gate.passed for moment, gate in at.items()} == {
        "commit": True,
        "release": True,
        "train": False,
    }
    assert [one.code for one in at["train"].outcomes] == ["too_small"]


def test_who_is_about_to_train_is_told(registry, desk, ben):
    desk()
    registry.policies.set({"rules": [{"size": {"min": 100}}]})
    with pytest.raises(GateFailed, match="desk@v1 is not trained on: it breaks 1 rule"):
        registry.policies.require("desk")
    registry.policies.set({"rules": [{"size": {"min": 10}}]})
    assert registry.policies.require("desk").result == "passed"
    ben.releases.revoke("desk", "bad")
    with pytest.raises(Revoked):
        registry.policies.require("desk")


def test_a_dataset_may_have_a_policy_of_its_own(registry, desk):
    desk()
    registry.policies.set({"rules": [{"size": {"min": 100}}]})
    registry.policies.set({"rules": [{"size": {"min": 10}}]}, "desk", reason="it is small")
    assert registry.policies.check("desk").passed
    assert (
        registry.policies.show("desk").enacted.number == 1
        and registry.policies.show().policy.rules[0].min == 100
    )
    assert registry.said(registry.log()[-1]) == "it is small"
    with pytest.raises(NotFound):
        registry.policies.set({"rules": []}, "dsk")


def test_a_trial_writes_nothing(registry, desk, ben):
    desk()
    before = registry.log()
    assert not registry.policies.test({"rules": [{"size": {"min": 100}}]}, "desk").passed
    assert registry.policies.set({"rules": []}, dry_run=True) is None
    registry.policies.set({"rules": [{"size": {"min": 100}}]})
    ben.policies.waive("desk", "too_small", until="2026-12-01", reason="x", dry_run=True)
    ben.releases.approve("desk", dry_run=True)
    ben.releases.revoke("desk", "x", dry_run=True)
    assert len(registry.log()) == len(before) + 1


def test_a_waiver_lets_a_finding_pass_until_its_last_day(registry, ben, desk, clock):
    desk()
    registry.policies.set({"rules": [{"size": {"min": 100}}]})
    ben.policies.waive("desk", "too_small", until="2026-12-01", reason="只是试用")
    gate = registry.policies.check("desk")
    assert gate.passed and gate.result == "waived"
    assert gate.findings[0].waiver == {"until": "2026-12-01", "by": "ben"}
    assert registry.said(registry.log()[-1]) == "只是试用"
    clock.now = datetime(2026, 12, 2, tzinfo=UTC)
    assert not registry.policies.check("desk").passed
    assert registry.at("2026-11-30").policies.check("desk").passed
    desk(range(41), add=False)
    assert registry.policies.check("desk@v2").result == "failed", "a waiver is of one version"


def test_waivers_that_are_refused(registry, ben, desk):
    desk()
    with pytest.raises(UsageError, match="no policy is in force"):
        ben.policies.waive("desk", "too_small", until="2026-12-01", reason="x")
    registry.policies.set({"rules": [{"size": {"min": 100}}]})
    with pytest.raises(Forbidden, match="the author of a change cannot waive its findings"):
        registry.policies.waive("desk", "too_small", until="2026-12-01", reason="x")
    with pytest.raises(UsageError, match="no rule in force has the code 'pii_found'"):
        ben.policies.waive("desk", "pii_found", until="2026-12-01", reason="x")
    with pytest.raises(UsageError, match="is past"):
        ben.policies.waive("desk", "too_small", until="2026-11-20", reason="x")
    for until in ("tomorrow", "2026-12-01T10:00Z", ""):
        with pytest.raises(UsageError, match="is not a day"):
            ben.policies.waive("desk", "too_small", until=until, reason="x")
    with pytest.raises(UsageError, match="needs a reason"):
        ben.policies.waive("desk", "too_small", until="2026-12-01", reason=" ")
    assert [one.action for one in registry.log()] == ["commit", "policy"]


def test_a_result_survives_with_all_its_ids(registry, desk):
    registry.policies.set({"rules": [{"licences": {"allowed": ["MIT"]}}]})
    gate = desk(range(90)).gate
    objects = Objects(registry.store.storage)
    again = read_gate(objects, write_gate(objects, gate))
    assert again.as_json() == gate.as_json() and len(again.outcomes[1].ids) == 90


def test_what_was_measured_for_one_gate_is_remembered_for_the_next(registry, desk, monkeypatch):
    desk()
    registry.policies.set({"rules": ["pii"]})
    registry.policies.check("desk")
    monkeypatch.setattr("assay.stages.pii.Pii.measure", None)
    assert registry.policies.check("desk").passed


def test_the_gate_sees_the_parent(registry, desk):
    desk()
    registry.policies.set({"rules": [{"schema": {"commit": "refuse"}}, "drift"]})
    with pytest.raises(GateFailed, match="field_missing"):
        registry.import_("desk", [_labelled(registry)])
    assert desk(range(60), add=True).version == "desk@v2"


def _labelled(registry):
    path = registry.root.parent / "texts.jsonl"
    path.write_text('{"text": "只有文本"}\n{"text": "only text"}\n', "utf-8")
    return str(path)


def test_reviews_count_what_was_found_fit(registry, ben, desk):
    desk(range(4))
    registry.policies.set({"rules": [{"reviews": {"min_share": 0.5}}]})
    ids = sorted(one.name for one in registry.version("desk"))
    registry.reviews.create("q", "desk", Drawing("all"))
    ben.reviews.give("q", [Given(ids[0], "accept"), Given(ids[1], "reject")])
    assert registry.policies.check("desk").outcomes[0].value == 0.25
    ben.reviews.give("q", [Given(ids[2], "accept")])
    assert registry.policies.check("desk").passed


def test_what_a_review_decided_goes_through_the_gate(registry, ben, desk):
    desk(range(4))
    registry.policies.set({"rules": [{"size": {"min": 4, "commit": "refuse"}}]})
    ids = sorted(one.name for one in registry.version("desk"))
    registry.reviews.create("q", "desk", Drawing("all"))
    ben.reviews.give("q", [Given(ids[0], "reject")])
    with pytest.raises(GateFailed, match="too_small: 3 examples"):
        ben.reviews.apply("q")
    assert registry.version("desk").name == "desk@v1"


def test_facts_are_fields(registry, desk):
    desk(range(4))
    registry.policies.set({"rules": [{"imbalance": {"max_ratio": {"fact.topic": 2}}}]})
    ids = sorted(one.id for one in registry.version("desk"))
    stored = write_facts(registry.store.objects, as_ids(ids), ["topic"] * 4, ["网络", "打印", "网络", "网络"])
    assert registry.policies.check("desk").findings[0].message == "nothing states fact.topic"
    registry.act("fact", "desk", {"facts": stored})
    assert registry.policies.check("desk").findings[0].message == "fact.topic: 2 groups, 3 to 1"


def test_a_policy_that_changes_during_a_release_is_a_conflict(registry, ben, desk, monkeypatch):
    desk()
    registry.policies.set({"rules": [{"size": {"min": 10}}]})
    ben.releases.approve("desk")
    real = type(registry.policies).gate

    def meanwhile(self, found, moment):
        gate = real(self, found, moment)
        ben.policies.set({"rules": [{"size": {"min": 100}}]})
        return gate

    monkeypatch.setattr(type(registry.policies), "gate", meanwhile)
    with pytest.raises(Conflict, match="the policy of desk changed"):
        registry.releases.release("desk")
    assert "release" not in [one.action for one in registry.log()]


def test_a_remedy_is_not_held_up(registry, desk):
    """What takes examples away goes through the same door, and is neither refused nor slowed down."""
    desk()
    registry.policies.set({"rules": [{"size": {"min": 100, "commit": "refuse"}}]})
    head = registry.head_of("desk")
    ids = registry.store.split_ids(head, "train").view("V32")
    draft = Draft("desk", head, {"train": ids[:-1]}, action="disable")
    made, gate = commit_version(registry, draft)
    assert (made.number, made.rows, gate) == (2, 39, None)
    with pytest.raises(GateFailed):
        commit_version(registry, Draft("desk", made, {"train": ids[:-2]}, action="merge"))
    assert not registry.policies.check("desk").passed
