"""Approve, release, revoke; rows of a revoked version; two processes at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

import assay
from assay.errors import Forbidden, GateFailed, NotFound, Revoked, UsageError

from .conftest import ticket


@pytest.fixture
def desk(registry, write):
    registry.import_("desk", [write("t.jsonl", [ticket(n) for n in range(20)])])
    return registry


def test_the_whole_way(desk, ben):
    with pytest.raises(Forbidden, match=r"desk@v1 is not approved: 0 of 1 approvals"):
        desk.releases.release("desk")
    with pytest.raises(Forbidden, match=r"ann made desk@v1 \(commit, operation 1\): the author of a change"):
        desk.releases.approve("desk")
    done = ben.releases.approve("desk", "看过了")
    assert done.as_json()["approved"]["actor"] == "ben" and done.operation.body.keys() == {
        "version",
        "fingerprint",
        "note",
    }
    assert ben.said(done.operation) == "看过了"
    released = desk.releases.release("desk")
    assert released.operation.body["gate"] == "none" and desk.releases.of("desk").released == 1
    revoked = ben.releases.revoke("desk@v1", "a bad generator")
    assert revoked.standing.revoked.actor == "ben" and desk.releases.of("desk").released is None
    with pytest.raises(Forbidden, match="is revoked already"):
        desk.releases.revoke("desk@v1", "again")
    assert desk.verify().ok


def test_a_release_passes_the_gate_or_a_waiver(desk, ben):
    desk.policies.set({"rules": [{"size": {"min": 100}}]})
    ben.releases.approve("desk")
    with pytest.raises(GateFailed, match="too_small: 20 examples") as caught:
        desk.releases.release("desk")
    assert "assay waive" in caught.value.hint
    ben.policies.waive("desk", "too_small", until="2026-12-01", reason="a pilot")
    done = desk.releases.release("desk", "erste")
    assert done.operation.body["gate"] == "waived"
    assert desk.policies.recorded(done.operation).as_json() == done.gate.as_json()


def test_two_approvals_of_those_who_may(desk, ben, clock):
    desk.policies.set({"approvals": 2, "approvers": ["ben", "陈静"]})
    assert ben.releases.approve("desk").as_json()["approved"] is None
    with pytest.raises(Forbidden, match="ben approved desk@v1 already"):
        ben.releases.approve("desk")
    with pytest.raises(Forbidden, match="dan is not among the approvers of the policy: ben, 陈静"):
        assay.open(desk.root, actor="dan").releases.approve("desk")
    with pytest.raises(Forbidden, match="1 of 2 approvals"):
        desk.releases.release("desk")
    chen = assay.open(desk.root, actor="陈静", clock=clock)
    assert chen.releases.approve("desk").standing.approved.actor == "陈静"
    assert desk.releases.release("desk").standing.released is not None


def test_a_revoked_version_gives_out_no_rows_unless_forced_and_the_log_says_so(desk, ben, tmp_path):
    ben.releases.revoke("desk", "Daten ohne Einwilligung")
    version = desk.version("desk")
    assert len(version) == 20 and version.counts == {"train": 20}
    for load in (lambda: list(version), version.to_arrow, version.head, lambda: list(version.split("train")),
                 lambda: desk.export("desk", str(tmp_path / "out")),
                 lambda: desk.export("desk", str(tmp_path / "out"), format="article"),
                 lambda: desk.export("desk", str(tmp_path / "out"), format="hf")):  # fmt: skip
        with pytest.raises(
            Revoked, match="desk@v1 was revoked on 2026-11-21 by ben: Daten ohne Einwilligung"
        ):
            load()
    assert not (tmp_path / "out").exists()
    assert "desk" in desk.papers.card("desk").text, "what is said of it can still be read"
    forced = desk.version("desk", force=True)
    assert desk.log()[-1].action == "revoke", "nothing was loaded yet"
    assert len(list(forced)) == 20 and len(forced.to_arrow()) == 20
    load = desk.log()[-1]
    assert (load.action, load.actor, load.body["version"], load.body["forced"]) == ("load", "ann", 1, True)
    assert [one.action for one in desk.log()].count("load") == 1
    desk.export("desk", str(tmp_path / "out"), force=True)
    desk.export("desk", str(tmp_path / "hub"), format="hf", force=True)
    assert [one.action for one in desk.log()].count("load") == 3
    desk.export("desk", str(tmp_path / "dry"), dry_run=True)
    desk.export("desk", str(tmp_path / "ledger"), format="ledger")
    assert [one.action for one in desk.log()].count("load") == 3


def test_forcing_a_version_that_is_not_revoked_is_not_logged(desk):
    list(desk.version("desk", force=True))
    assert [one.action for one in desk.log()] == ["commit"]


def test_the_past_does_not_load_what_was_revoked_since(desk, ben, clock):
    clock.now = clock.now.replace(day=25)
    ben.releases.revoke("desk", "bad")
    past = desk.at("2026-11-22")
    assert past.releases.standing("desk").revoked is None, "as of then"
    with pytest.raises(Revoked):
        list(past.version("desk"))
    with pytest.raises(UsageError, match="the past"):
        list(past.version("desk", force=True))


def test_the_hint_names_what_is_released(desk, ben, write):
    ben.releases.approve("desk@v1")
    desk.releases.release("desk@v1")
    desk.import_("desk", [write("u.jsonl", [ticket(n) for n in range(9)])])
    ben.releases.revoke("desk@v2", "bad")
    with pytest.raises(Revoked) as caught:
        list(desk.version("desk@v2"))
    assert caught.value.hint.startswith("use desk@v1, or ")


def test_reasons_are_asked_for(desk, ben):
    with pytest.raises(UsageError, match="needs a reason"):
        ben.releases.revoke("desk", "  ")


def test_what_was_approved_on_that_day(desk, ben, clock):
    clock.now = clock.now.replace(day=24)
    ben.releases.approve("desk")
    assert desk.at("2026-11-23").releases.of("desk").approved is None
    assert desk.at("2026-11-24").releases.of("desk").approved == 1


def test_an_approval_that_somebody_wrote_by_hand_does_not_count_and_is_listed(desk):
    body = {"version": 1, "fingerprint": desk.version("desk").fingerprint}
    desk.act("approve", "desk", body)
    found = desk.releases.of("desk")
    assert found.approved is None and found.refused[0].operation.seq == 2
    assert "the author of a change cannot approve it" in found.refused[0].reason


RACE = """
import sys, assay
from assay.errors import AssayError
registry = assay.open(sys.argv[1], actor=sys.argv[2])
for n in range(int(sys.argv[4])):
    try:
        if sys.argv[3] == "curate":
            registry.import_("desk", [sys.argv[5]], message=str(n))
        else:
            registry.releases.approve("desk")
            print("approved")
    except AssayError as error:
        print(type(error).__name__)
"""


def test_two_processes_at_once_let_no_author_approve(desk, write):
    """ann and ben both commit and both approve, all at the same time: nobody's own change is ever approved."""
    path = write("more.jsonl", [ticket(n) for n in range(30)])
    jobs = [("ann", "curate"), ("ann", "approve"), ("ben", "curate"), ("ben", "approve")]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(desk.root), actor, what, "3" if what == "curate" else "12", path],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for actor, what in jobs
    ]  # fmt: skip
    said = []
    for process in running:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        said += out.split()
    assert set(said) <= {"approved", "Forbidden", "Conflict"}
    found = desk.releases.of("desk")
    approvals = [one for one in desk.log() if one.action == "approve"]
    assert said.count("approved") == len(approvals) and not found.refused
    made = {one.body["version"]: one.actor for one in desk.log() if "manifest" in one.body}
    assert all(made[one.body["version"]] != one.actor for one in approvals)
    assert desk.verify().ok


def test_approved_and_prod_are_what_counts(desk, ben, clock):
    desk.policies.set({"approvals": 2})
    ben.releases.approve("desk")
    with pytest.raises(NotFound):
        desk.version("desk@approved")
    assay.open(desk.root, actor="陈静", clock=clock).releases.approve("desk")
    desk.releases.release("desk@approved")
    assert desk.version("desk@approved").name == desk.version("desk@prod").name == "desk@v1"
    ben.releases.revoke("desk@prod", "bad")
    for alias in ("approved", "prod"):
        with pytest.raises(NotFound):
            desk.version(f"desk@{alias}")


def test_a_merge_goes_through_the_gate_and_a_rollback_brings_a_revocation_back(desk, ben, write):
    desk.refs.branch("desk", "try", "v1")
    desk.import_("desk", [write("u.jsonl", [ticket(n) for n in range(40, 49)])], add=True, branch="try")
    desk.policies.set({"rules": [{"size": {"min": 100, "commit": "refuse"}}]})
    with pytest.raises(GateFailed, match="desk@v3 is not made"):
        desk.refs.merge("desk", "try")
    desk.policies.set({"rules": [{"size": {"min": 5}}]})
    desk.refs.merge("desk", "try")
    assert desk.version("desk").operation.body["gate"] == "passed"
    ben.releases.revoke("desk@v1", "bad")
    desk.refs.rollback("desk", "v1", "by mistake")
    with pytest.raises(Revoked, match="desk@v4 was revoked"):
        list(desk.version("desk"))
