"""Runs, policies, the audit log, lineage, settings and what waits: pages, acts, and who may not."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient
from tests.web.conftest import HOSTILE
from tests.web.desk import Desk, form_token, send, well_formed

import assay
from assay.errors import UsageError
from assay.registry.review.results import Given, Rules
from assay.registry.review.samples import Drawing
from assay.web.access.book import Book
from assay.web.access.roles import Role
from assay.web.pages import audit as audit_page

PASSWORD = "correct horse battery"
POLICY = "approvals: 1\nrules:\n  - no_such_rule\n"


@pytest.fixture
def desk(folder: Path, tmp_path: Path) -> Desk:
    return Desk.copy(folder, tmp_path)


@pytest.fixture
def ann(desk: Desk) -> Iterator[TestClient]:
    with desk.client("ann") as made:
        yield made


@pytest.fixture
def bob(desk: Desk) -> Iterator[TestClient]:
    with desk.client("bob") as made:
        yield made


def test_every_page_stands_on_an_empty_registry(tmp_path: Path) -> None:
    assay.init(tmp_path / "r")
    with Desk(tmp_path / "r").client() as client:
        for path in ("/", "/review", "/runs", "/audit", "/audit/verify", "/settings", "/settings/access"):
            well_formed(client, path)
        for path in ("/settings/people", "/settings/server", "/settings/registry?check=1"):
            well_formed(client, path)
        for path in ("/d/none/policy", "/d/none/lineage", "/d/none/effect", "/audit/1", "/review/none"):
            assert client.get(path).status_code == 404
            assert client.get("/api" + path).json()["error"]["code"] == "not_found"


# runs and effect


def test_a_run_is_linked_shown_and_its_address_is_text(ann: TestClient) -> None:
    well_formed(ann, "/runs")
    _, twin = well_formed(ann, "/d/help/effect")
    assert twin["versions"] == []
    said = {"ref": "help@v1", "run": "r-1", "model": HOSTILE, "url": "javascript:alert(1)"}
    assert send(ann, "/runs/link", said).status_code == 303
    page, twin = well_formed(ann, "/runs?ref=help")
    assert [(one["name"], one["ref"]) for one in twin["runs"]] == [("r-1", "help@v1")]
    assert 'href="javascript:' not in page
    page, twin = well_formed(ann, "/d/help/effect")
    assert [one["ref"] for one in twin["versions"]] == ["help@v1"]
    assert not twin["measured"]
    assert "No figures yet" in page
    assert send(ann, "/runs/link", {"ref": "help@v9", "run": "r-1"}).status_code == 404


def test_runs_go_on_page_by_page(desk: Desk, ann: TestClient) -> None:
    registry = desk.registry()
    for k in range(103):
        registry.runs.link("help@v1", f"r-{k}")
    first = ann.get("/api/runs").json()
    assert len(first["runs"]) == 100
    second = ann.get(f"/api/runs?before={first['older']}").json()
    names = [one["name"] for one in (*first["runs"], *second["runs"])]
    assert names == [f"r-{k}" for k in reversed(range(103))]
    assert second["older"] is None


def test_a_run_is_shown_with_its_receipt(desk: Desk, ann: TestClient) -> None:
    registry = desk.registry()
    begun = registry.runs.begin(
        "help@v1:train",
        "训练-1",
        seed=5,
        program="python train.py",
        environment={"gpu": HOSTILE},
        chat_template="x",
    )
    registry.runs.end(begun, metrics={HOSTILE[:100]: 0.5})
    page, twin = well_formed(ann, "/runs/训练-1")
    (one,) = twin["links"]
    assert (one["ref"], one["state"], one["receipt"]["seed"]) == ("help@v1:train", "finished", 5)
    assert one["receipt"]["log_holds"] is True
    assert one["receipt"]["fingerprint"] in page and "python train.py" in page
    listed, _ = well_formed(ann, "/runs")
    assert "/runs/%E8%AE%AD%E7%BB%83-1" in listed
    registry.releases.revoke("help@v1", reason="没有同意")
    page, _ = well_formed(ann, "/runs/训练-1")
    assert "没有同意" in page
    assert ann.get("/runs/nobody").status_code == 404


# policies


def test_a_policy_is_tried_then_set_and_what_is_wrong_is_said(desk: Desk, ann: TestClient) -> None:
    page, twin = well_formed(ann, "/d/help/policy")
    assert twin["policy"] is None
    assert "No policy is in force" in page
    before = len(desk.registry().log())
    for text, told in ((POLICY, "no_such_rule"), ("a: [", "not YAML"), ("rules: 3\nx: 1", "x")):
        tried = send(ann, "/d/help/policy/try", {"text": text})
        assert tried.status_code == 200
        assert told in tried.text
        assert "Put it in force" not in tried.text
    good = "approvals: 1\r\nrules:\r\n  - contamination\r\n"
    tried = send(ann, "/d/help/policy/try", {"text": good})
    assert "would pass at release" in tried.text
    hostile = f"description: {json.dumps(HOSTILE)}\nrules: []\n"
    shown = send(ann, "/d/help/policy/try", {"text": hostile}).text
    assert "<script>alert" not in shown
    assert "\u202e" not in send(ann, "/d/help/policy/try", {"text": "# \u202e"}).text
    assert len(desk.registry().log()) == before
    assert send(ann, "/d/help/policy/set", {"text": POLICY}).status_code == 400
    assert send(ann, "/d/help/policy/set", {"text": good, "reason": HOSTILE}).status_code == 303
    _, twin = well_formed(ann, "/d/help/policy?ref=help@v1&moment=train")
    assert twin["policy"]["own"]
    assert twin["gate"]["told"] == "now"
    assert [one["code"] for one in twin["gate"]["outcomes"]] == ["contaminated"]
    assert send(ann, "/d/help/policy/set", {"text": hostile, "everywhere": "true"}).status_code == 303
    assert desk.registry().policies.show("other") is not None
    send(ann, "/d/help/policy/set", {"text": hostile})
    well_formed(ann, "/d/help/policy")


def test_four_eyes_are_shown_as_they_are(desk: Desk, ann: TestClient, bob: TestClient) -> None:
    act = "/d/help/policy/"
    own = send(ann, act + "approve", {"ref": "help@v2"})
    assert own.status_code == 403
    assert "the author of a change cannot approve it" in own.text
    assert 'href="/d/help/policy"' in own.text
    assert send(bob, act + "release", {"ref": "help@v2"}).status_code == 403
    assert send(bob, act + "approve", {"ref": "help@v2", "reason": HOSTILE}).status_code == 303
    done = send(bob, act + "release", {"ref": "help@v2"})
    assert done.headers["location"] == "/d/help/policy?ref=help%40v2"
    _, twin = well_formed(ann, "/d/help/policy?ref=help@v2")
    assert twin["released"]["actor"] == "bob"
    assert send(ann, act + "revoke", {"ref": "help@v2", "reason": " "}).status_code == 400
    assert send(ann, "/d/other/policy/revoke", {"ref": "help@v2", "reason": "x"}).status_code == 400
    assert send(ann, act + "revoke", {"ref": "help@v2", "reason": HOSTILE}).status_code == 303
    page, twin = well_formed(ann, "/d/help/policy?ref=help@v2")
    assert twin["revoked"]["actor"] == "ann"
    assert "its rows are not given out" in page


def test_a_finding_is_waived_by_others_with_a_reason_up_to_a_day(
    desk: Desk, ann: TestClient, bob: TestClient
) -> None:
    eval_file = desk.root.parent / "eval.jsonl"
    row = {"question": "How do I change the number 3 of my order?", "answer": "Open order 9."}
    eval_file.write_text(json.dumps(row) + "\n")
    desk.registry().freeze("orders", [str(eval_file)])
    send(ann, "/d/help/policy/set", {"text": "rules: [contamination]"})
    _, twin = well_formed(ann, "/d/help/policy?ref=help@v1")
    assert not twin["gate"]["passed"]
    assert twin["gate"]["outcomes"][0]["ids"]
    said = {"ref": "help@v1", "code": "contaminated", "until": "2999-01-01", "reason": HOSTILE}
    assert send(ann, "/d/help/policy/waive", said).status_code == 403
    assert send(bob, "/d/help/policy/waive", said | {"reason": ""}).status_code == 400
    assert send(bob, "/d/help/policy/waive", said | {"until": "2001-01-01"}).status_code == 400
    assert send(bob, "/d/help/policy/waive", said).status_code == 303
    _, twin = well_formed(ann, "/d/help/policy?ref=help@v1")
    assert (twin["gate"]["result"], twin["waivers"][0]["holds"]) == ("waived", True)


# audit


def test_the_log_is_filtered_and_goes_on_page_by_page(desk: Desk, ann: TestClient) -> None:
    registry = desk.registry("bob")
    for k in range(60):
        registry.runs.link("help@v1", f"r-{k}")
    _, twin = well_formed(ann, "/audit")
    seqs = [one["seq"] for one in twin["entries"]]
    assert len(seqs) == 50
    assert seqs == sorted(seqs, reverse=True)
    following = ann.get(f"/api/audit?before={twin['older']}").json()
    assert [*seqs, *(one["seq"] for one in following["entries"])] == list(range(twin["whole"], 0, -1))
    for one, before in zip(twin["entries"], twin["entries"][1:], strict=False):
        assert one["prev"] == before["hash"]
    _, twin = well_formed(ann, "/audit?actor=bob&action=run&dataset=help")
    assert twin["count"] == 60
    assert twin["command"] == "assay --actor bob audit log --action run --dataset help"
    assert ann.get("/api/audit?since=2999-01-01").json()["count"] == 0
    assert ann.get("/audit?since=whenever").status_code == 400
    example = next(iter(registry.version("help@v1"))).name
    _, twin = well_formed(ann, f"/audit?example={example}")
    assert twin["command"] == f"assay audit log --id {example}"
    file = ann.get(f"/audit/examples/{example}.json")
    assert file.headers["content-disposition"] == f'attachment; filename="example-{example[:12]}.json"'
    assert len(file.json()["entries"]) == twin["count"]
    assert "commit" in {one["entry"]["action"] for one in file.json()["entries"]}


def test_an_entry_its_proof_and_a_checkpoint_are_taken_away(desk: Desk, ann: TestClient) -> None:
    _, twin = well_formed(ann, "/audit/2")
    assert twin["follows"]
    assert ann.get("/audit/99").status_code == 404
    proof = ann.get("/audit/2/proof.json")
    assert proof.headers["content-type"] == "application/json"
    assert proof.json() == desk.registry().audit.inclusion(2)
    assert ann.get("/api/audit/2/proof.json").json() == proof.json()
    assert send(ann, "/audit/checkpoint").status_code == 303
    (kept,) = ann.get("/api/audit").json()["checkpoints"]
    note = ann.get(f"/audit/checkpoints/{kept['name']}")
    root = base64.b64encode(bytes.fromhex(kept["root"])).decode()
    assert root in note.text
    for name in ("..%2Fregistry.json", "registry.json", "00000002-xxxxxxxxxxxxxxxx.note"):
        assert ann.get(f"/audit/checkpoints/{name}").status_code == 404


def test_the_log_is_verified_and_a_change_is_found(
    desk: Desk, ann: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, twin = well_formed(ann, "/audit/verify")
    assert (twin["done"], twin["ok"]) == (True, True)
    assert "Chain intact" in page
    with monkeypatch.context() as patch:
        patch.setattr(audit_page, "AT_ONCE", 1)
        assert not ann.get("/api/audit/verify").json()["done"]
        assert ann.get("/audit/1/proof.json").status_code == 400
    first = desk.root / "log" / "00000001.json"
    first.chmod(0o644)
    first.write_bytes(first.read_bytes().replace(b'"ann"', b'"eve"'))
    page, twin = well_formed(ann, "/audit/verify")
    assert not twin["ok"]
    assert "Not in order" in page


# lineage


def test_lineage_shows_branches_merges_and_what_was_done(desk: Desk, ann: TestClient) -> None:
    registry, other = desk.registry(), desk.registry("bob")
    registry.refs.branch("help", "fixes")
    ids = [one.name for one, _ in zip(registry.version("help"), range(2), strict=False)]
    registry.keeping.disable("help", ids[:1], HOSTILE)
    registry.refs.tag("help@v1", "first")
    other.releases.approve("help@v2")
    other.releases.release("help@v2")
    registry.releases.revoke("help@v1", HOSTILE)
    registry.runs.link("help@v2", "r-1")
    page, twin = well_formed(ann, "/d/help/lineage")
    steps = {one["number"]: one for one in twin["steps"]}
    assert steps[1]["tags"] == ["first"]
    assert (steps[1]["revoked"], steps[2]["released"], steps[3]["released"]) == (True, True, False)
    assert (steps[2]["runs"], steps[3]["before"]) == (["r-1"], 2)
    assert twin["branches"] == ["main", "fixes"]
    assert 'class="chart lineage"' in page
    assert "merge of v" not in page
    assert ann.get("/api/d/help/lineage?before=2").json()["steps"][0]["number"] == 1


# settings


def test_the_language_is_chosen_without_script(ann: TestClient) -> None:
    done = send(ann, "/settings/view", {"language": "zh", "keys": "on"})
    assert done.status_code == 303
    cookies = done.headers.get_list("set-cookie")
    assert all("HttpOnly" in one and "SameSite=lax" in one for one in cookies)
    page, twin = well_formed(ann, "/settings")
    assert 'lang="zh-Hans"' in page
    assert twin["language"] == "zh"
    assert send(ann, "/settings/view", {"language": "../x"}).status_code == 422


def test_where_nobody_is_asked_there_are_no_people_and_no_tokens(ann: TestClient) -> None:
    page, _ = well_formed(ann, "/settings/access")
    assert "Nobody logs in here" in page
    well_formed(ann, "/settings/people")
    for path, data in (
        ("/settings/access/tokens", {"roles": ["reader"]}),
        ("/settings/people/add", {"name": "x", "roles": ["reader"]}),
        ("/settings/access/end", {"id": "0"}),
    ):
        assert send(ann, path, data).status_code == 400


def logged_in(desk: Desk, name: str, roles: set[Role]) -> tuple[TestClient, Book, dict[str, str]]:
    client, tokens = desk.asking("password", {name: roles, "eve": {Role.READER}}, PASSWORD)
    assert desk.book is not None
    client.cookies.set("assay", desk.book.begin(name).text)
    return client, desk.book, tokens


def test_a_token_is_shown_once_holds_what_its_maker_has_and_is_revoked_by_its_person(desk: Desk) -> None:
    client, book, tokens = logged_in(desk, "ann", {Role.READER, Role.REVIEWER})
    with client:
        page, twin = well_formed(client, "/settings/access")
        assert [one["current"] for one in twin["sessions"]] == [True]
        made = send(client, "/settings/access/tokens", {"label": HOSTILE, "roles": ["reader"], "days": "3"})
        assert made.status_code == 200
        secret = next(
            word
            for word in made.text.replace("<", " ").replace(">", " ").split()
            if word.startswith("assay_")
        )
        assert book.of_token(secret) == ("ann", frozenset({Role.READER}))
        page, twin = well_formed(client, "/settings/access")
        assert secret not in page
        assert {one["person"] for one in twin["tokens"]} == {"ann"}
        assert send(client, "/settings/access/tokens", {"roles": ["admin"]}).status_code == 400
        assert send(client, "/settings/access/tokens", {"roles": ["nobody"]}).status_code == 422
        theirs = next(one.id for one in book.tokens() if one.person == "eve")
        assert send(client, "/settings/access/revoke", {"id": theirs}).status_code == 404
        mine = secret.split("_")[1]
        assert send(client, "/settings/access/revoke", {"id": mine}).status_code == 303
        assert book.of_token(secret) is None
        bearer = {"authorization": f"Bearer {tokens['ann']}"}
        again = client.post("/api/settings/access/tokens", json={"roles": ["reader"]}, headers=bearer)
        assert again.status_code == 400, "a token makes no tokens"


def test_a_session_is_ended_by_its_person_alone(desk: Desk) -> None:
    client, book, _ = logged_in(desk, "ann", {Role.READER})
    other, theirs = book.begin("ann"), book.begin("eve")
    with client:
        ids = {one.id for one in book.sessions("ann")}
        assert len(ids) == 2
        assert send(client, "/settings/access/end", {"id": book.sessions("eve")[0].id}).status_code == 404
        mine = next(one.id for one in book.sessions("ann", other.text) if one.current)
        assert send(client, "/settings/access/end", {"id": mine}).status_code == 303
        assert book.of_session(other.text) is None
        assert book.of_session(theirs.text) is not None
        assert send(client, "/settings/access/end", {"id": ""}).status_code in (404, 422)


def test_an_admin_writes_people_in_changes_and_shuts_them_out_but_not_himself(desk: Desk) -> None:
    client, book, tokens = logged_in(desk, "ann", {Role.ADMIN})
    with client:
        new = {"name": "<b>zoe</b>\u200b", "roles": ["reviewer", "reader"], "password": PASSWORD}
        assert send(client, "/settings/people/add", new).status_code == 400
        new["name"] = "<b>zoe</b>"
        assert send(client, "/settings/people/add", new | {"password": "short"}).status_code == 400
        assert send(client, "/settings/people/add", new).status_code == 303
        assert send(client, "/settings/people/add", new).status_code == 400
        page, twin = well_formed(client, "/settings/people")
        assert "<b>zoe" not in page
        assert PASSWORD not in page
        assert {one["name"] for one in twin["people"]} == {"ann", "eve", "<b>zoe</b>"}
        session = book.begin("eve").text
        out = {"name": "eve", "roles": ["reader"], "shut": "true"}
        assert send(client, "/settings/people/change", out).status_code == 303
        assert (book.of_session(session), book.of_token(tokens["eve"])) == (None, None)
        for own in ({"roles": ["reader"]}, {"roles": ["admin"], "shut": "true"}):
            assert send(client, "/settings/people/change", {"name": "ann", **own}).status_code == 400
        kept = next(one.id for one in book.tokens() if one.person == "eve")
        assert send(client, "/settings/people/revoke", {"id": kept}).status_code == 303


def test_the_server_and_the_registry_say_what_they_are(desk: Desk, ann: TestClient) -> None:
    _, twin = well_formed(ann, "/settings/server")
    assert (twin["mode"], twin["https"]) == ("local", False)
    _, twin = well_formed(ann, "/settings/registry")
    assert not twin["done"]
    page, twin = well_formed(ann, "/settings/registry?check=1")
    assert (twin["done"], twin["well"]) == (True, True)
    victim = next(iter(sorted((desk.root / "objects").rglob("*.parquet"))))
    victim.chmod(0o644)
    victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    page, twin = well_formed(ann, "/settings/registry?check=1")
    assert not twin["well"]
    assert "hash" in page


# what waits


def test_home_says_what_waits_for_whom_most_blocking_first(
    desk: Desk, ann: TestClient, bob: TestClient
) -> None:
    registry, cy = desk.registry(), desk.registry("cy")
    assert [one["said"] for one in bob.get("/api/").json()["needed"]] == [
        "it waits for approval, and you made none of it"
    ]
    assert ann.get("/api/").json()["needed"] == [], "nobody approves what they made"
    cy.reviews.create("two", "help", Drawing("random", 2), Rules(2))
    found = cy.reviews.next("two")
    assert found is not None
    for actor, verdict in (("cy", "accept"), ("bob", "reject")):
        desk.registry(actor).reviews.give("two", [Given(found.example.name, verdict)])
    registry.policies.set({"rules": ["contamination"]})
    soon = registry.clock().date().isoformat()
    cy.policies.waive("help@v2", "contaminated", until=soon, reason="x")
    page, twin = well_formed(ann, "/")
    assert [one["see"] for one in twin["needed"]] == [
        "/d/help/policy?ref=help%40v2",
        "/review/two?conflicts=1",
        "/review/two",
    ]
    assert f"contaminated, {soon}" in page
    reader, tokens = desk.asking("token", {"eve": {Role.READER}})
    with reader:
        seen = reader.get("/api/", headers={"authorization": f"Bearer {tokens['eve']}"}).json()["needed"]
    assert ["waiver" in one["said"] for one in seen] == [True], "a reader can neither judge nor approve"


def test_a_form_token_of_one_session_is_worth_nothing_in_another(desk: Desk) -> None:
    client, book, _ = logged_in(desk, "ann", {Role.ADMIN})
    with client:
        token = form_token(client.get("/settings").text)
        client.cookies.set("assay", book.begin("ann").text)
        answer = client.post(
            f"/settings/view?form={token}", data={"language": "zh"}, headers={"origin": "http://127.0.0.1"}
        )
        assert answer.status_code == 403


def test_a_policy_too_large_for_a_page_is_refused(desk: Desk, ann: TestClient) -> None:
    assert send(ann, "/d/help/policy/try", {"text": "#" * 300_000}).status_code == 422
    with pytest.raises(UsageError):
        desk.registry().releases.revoke("help@v1", " ")
