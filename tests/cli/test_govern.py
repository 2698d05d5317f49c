"""policy, check, waive, approve, release, revoke: exit codes, JSON, and what a person sees in 80 columns."""

from __future__ import annotations

import json

import pytest
from rich.cells import cell_len

POLICY = """\
approvals: 1
rules:
  - pii: {commit: off}
  - licences: {allowed: [MIT]}
  - size: {min: 10, splits: {train: 5}, release: warn}
  - duplicates: {max_rate: 0.5}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch, assay_run):
    monkeypatch.chdir(tmp_path)
    rows = [
        {"input": f"第{n}号抽屉卡住了 {n * 37 % 101}", "output": f"Oil rail {n * 53 % 97}, {n}."}
        for n in range(8)
    ]
    rows.append(
        {"input": "Whom do I call?", "output": "我的手机是13812345678，随时可以打。", "licence": "GPL-3.0"}
    )
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "p.yaml").write_text(POLICY, "utf-8")
    assert assay_run("init").code == 0
    assert assay_run("import", "desk", "t.jsonl", "--workers", "1", "--actor", "ann").code == 0
    return tmp_path


def narrow(call):
    assert max(map(cell_len, call.out.split("\n"))) <= 80, call.out
    return call


def test_the_way_of_a_version(folder, assay_run):
    assert assay_run("check", "desk", "--json").json["policy"] is None
    made = assay_run("policy", "set", "p.yaml", "--reason", "start", "--json")
    assert made.code == 0 and made.json["number"] == 1 and made.json["dataset"] is None
    shown = narrow(assay_run("policy", "show"))
    assert "pii" in shown.out and "allowed MIT" in shown.out and "off" in shown.out
    check = narrow(assay_run("check", "desk"))
    assert check.code == 1
    for part in (
        "✗",
        "pii_found",
        "licence_unstated",
        "≤ 0",
        "warns",
        "too_small",
        "≥ 10",
        "✓",
        "✗ fails 3 rules",
    ):
        assert part in check.out, part
    document = assay_run("check", "desk", "--json")
    assert document.code == 1 and document.json["result"] == "failed"
    found = {one["code"]: one for one in document.json["findings"]}
    assert found["pii_found"]["count"] == 1 and len(found["licence_unstated"]["ids"]) == 8
    ids = assay_run("check", "desk", "--ids", "licence_unstated")
    assert ids.code == 1 and ids.out.split() == found["licence_unstated"]["ids"]
    as_json = assay_run("check", "desk", "--ids", "pii_found", "--json").json
    assert as_json["ids"] == found["pii_found"]["ids"] and as_json["version"] == "desk@v1"
    assert assay_run("check", "desk", "--ids", "nope").code == 2

    own = assay_run("approve", "desk", "--actor", "ann", "--json")
    assert own.code == 2 and own.json["error"]["code"] == "forbidden"
    assert assay_run("approve", "desk", "--actor", "ben", "--dry-run").out.startswith(
        "may be approved: desk@v1"
    )
    approved = assay_run("approve", "desk", "--actor", "ben", "--note", "好", "--json")
    assert approved.code == 0 and approved.json["approved"]["actor"] == "ben"
    refused = assay_run("release", "desk", "--json")
    assert refused.code == 1 and refused.json["error"]["code"] == "gate_failed"
    assert {one["code"] for one in refused.json["gate"]["findings"]} == set(found)
    for code in ("pii_found", "licence_unstated", "licence_not_allowed"):
        words = ("waive", "desk", code, "--until", "2099-12-31", "--reason", "a pilot", "--actor", "ben")
        assert assay_run(*words, "--dry-run").out.startswith(f"would waive {code}")
        assert assay_run(*words).out.startswith(f"waived {code} of desk@v1")
    waived = narrow(assay_run("check", "desk"))
    assert waived.code == 0 and "✓ passes   1 warned · 3 waived" in waived.out
    assert "waived by ben up to 2099-12-31" in " ".join(waived.out.split())
    released = narrow(assay_run("release", "desk", "--actor", "ann"))
    assert released.code == 0 and released.out.startswith("released desk@v1")
    card = narrow(assay_run("show", "desk"))
    assert "by ben · released" in card.out and "waived for a release" in card.out and "authors" in card.out
    assert assay_run("show", "desk", "--json").json["gate"]["result"] == "waived"

    assert assay_run("revoke", "desk", "--actor", "ben", "--reason", "没有同意").code == 0
    for words in (("head", "desk"), ("export", "desk", "out")):
        gone = assay_run(*words)
        assert gone.code == 1 and "was revoked on" in gone.err and "没有同意" in gone.err
    assert not (folder / "out").exists() or not list((folder / "out").iterdir())
    assert assay_run("export", "desk", "out", "--force").code == 0
    log = narrow(assay_run("log", "desk"))
    for part in ("load", "revoke", "release", "approve", "waive", "gate waived", "pii_found  a pilot"):
        assert part in log.out, part
    assert "revoked" in assay_run("show", "desk").out


def test_an_approval_that_does_not_count_is_shown_as_such(folder, assay_run):
    import assay

    registry = assay.open(folder / ".assay", actor="ann")
    registry.act("approve", "desk", {"version": 1, "fingerprint": registry.version("desk").fingerprint})
    assert "does not count: ann made" in assay_run("log").out
    last = assay_run("log", "--json").json["operations"][-1]
    assert last["refused"].startswith("ann made desk@v1")
    shown = " ".join(assay_run("show", "desk").out.split())
    assert "not approved" in shown and "refused approve by ann (operation 2): ann made desk@v1" in shown


def test_a_curation_says_what_the_policy_says(folder, assay_run):
    (folder / "p.yaml").write_text("rules:\n- pii\n- size: {min: 100}\n", "utf-8")
    assert assay_run("policy", "set", "p.yaml").code == 0
    warned = narrow(assay_run("import", "two", "t.jsonl", "--workers", "1"))
    assert (
        warned.code == 0
        and "held against the policy when it is made" in warned.out
        and "pii_found" in warned.out
    )
    (folder / "p.yaml").write_text("rules:\n- pii: {commit: refuse}\n", "utf-8")
    assert assay_run("policy", "set", "p.yaml", "--dataset", "two", "--json").json["dataset"] == "two"
    refused = assay_run("import", "two", "t.jsonl", "--workers", "1")
    assert refused.code == 1 and "two@v2 is not made: it breaks 1 rule of the policy" in refused.err
    assert "pii_found: cn_mobile 1 (1 example)" in refused.err
    document = assay_run("import", "two", "t.jsonl", "--workers", "1", "--json").json
    assert len(document["gate"]["findings"][0]["ids"]) == 1
    assert assay_run("show", "two", "--json").json["version"] == "two@v1"


def test_a_policy_is_tried_before_it_is_set(folder, assay_run):
    tried = narrow(assay_run("policy", "test", "p.yaml", "desk"))
    assert tried.code == 1 and "✗ fails" in tried.out
    (folder / "easy.yaml").write_text("rules:\n- size: {min: 1}\n", "utf-8")
    assert assay_run("policy", "test", "easy.yaml", "desk", "--at", "train", "--json").code == 0
    dry = assay_run("policy", "set", "p.yaml", "--dry-run")
    assert dry.code == 0 and "nothing was written" in dry.out
    assert "no policy is in force" in assay_run("policy", "show").out
    (folder / "bad.yaml").write_text("rules:\n- pi: {}\n- size: {mn: 1}\n", "utf-8")
    bad = assay_run("policy", "set", "bad.yaml")
    assert bad.code == 2 and "did you mean pii?" in bad.err and "did you mean min?" in bad.err
    rules = narrow(assay_run("policy", "rules"))
    assert "licences" in rules.out and "licence_unstated" in assay_run("policy", "rules", "licences").out
    assert assay_run("policy", "rules", "nope").code == 2


@pytest.mark.parametrize("name", ["set", "show", "test", "rules"])
def test_the_commands_of_policy_explain_themselves(assay_run, name):
    call = assay_run("policy", name, "--help")
    assert call.code == 0 and call.out.startswith(f"Usage: assay policy {name} ") and "--json" in call.out


def test_global_options_may_stand_anywhere(folder, assay_run):
    for words in (("--json", "policy", "show"), ("policy", "--json", "show"), ("policy", "show", "--json")):
        assert assay_run(*words).json == {"policy": None}
