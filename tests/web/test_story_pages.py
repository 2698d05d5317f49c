"""Radius, disabling by a condition, names, merges, the registry's policy, export, evidence: pages and acts."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient
from tests.web.conftest import HOSTILE
from tests.web.desk import MANY, Desk, send, well_formed

import assay
from assay.web.access.roles import Role
from assay.web.app import create_app
from assay.web.jobs.files import keep
from assay.web.rendering import spell_parameter
from assay.web.settings import Settings


@pytest.fixture
def desk(folder: Path, tmp_path: Path) -> Desk:
    return Desk.copy(folder, tmp_path)


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    """The application with nobody who looks after jobs: those that are asked for wait."""
    app = create_app(
        lambda: assay.open(desk.root, actor="ann"), Settings(limits=MANY), environment=os.environ
    )
    yield TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)


def source_of(desk: Desk) -> str:
    return str(desk.registry().version("help").sources[0]["uri"])


def test_the_radius_names_versions_runs_and_what_stops_it(client: TestClient, desk: Desk) -> None:
    desk.registry().runs.link("help@v2", "run-7", {})
    page, value = well_formed(client, f"/radius?kind=source&value={source_of(desk)}")
    found = desk.registry().radius("source", source_of(desk))
    assert [(one["ref"], one["examples"]) for one in value["versions"]] == [
        (one.ref, one.examples) for one in reversed(found.versions)
    ]
    assert value["versions"][0]["see"].startswith("/d/help@v2/examples?q=source")
    assert client.get(value["versions"][0]["see"]).status_code == 200
    assert [one["name"] for one in value["runs"]] == ["run-7"]
    mended = client.get(value["mends"][0]["see"])
    assert mended.status_code == 200, "the page on which they are disabled counts them"
    assert "Revoke help@v2" in page
    well_formed(client, "/radius")


@pytest.mark.parametrize(
    "asked", ["kind=generator&value=nobody", "kind=nonsense&value=x", "kind=id&value=ff"]
)
def test_a_radius_of_nothing_says_what_there_is(client: TestClient, asked: str) -> None:
    page = client.get(f"/radius?{asked}")
    assert page.status_code == 400
    assert 'role="alert"' in page.text
    assert client.get(f"/api/radius?{asked}").json()["error"]["hint"]


@pytest.mark.parametrize("asked", [{"where": "input LIKE '%退款%'"}, {"q": "退款"}])
def test_a_condition_is_counted_then_disabled_and_the_way_back(
    client: TestClient, desk: Desk, asked: dict[str, str]
) -> None:
    name, said = next(iter(asked.items()))
    page = client.get("/d/help/disable", params=asked).text
    value = client.get("/api/d/help/disable", params=asked).json()
    assert value["count"] == value["changed"] > 0
    assert f"Disable {value['count']} examples" in page
    assert len(desk.registry().log()) == len(desk.registry("bo").log()), "counting writes nothing"
    before = len(desk.registry().version("help"))
    form = {name: said, "reason": "wrong", "count": str(value["count"])}
    assert send(client, "/d/help/disable", form | {"count": "1"}).status_code == 400, "another count by now"
    assert send(client, "/d/help/disable", form | {"reason": " "}).status_code == 400
    assert send(client, "/d/help/disable", {"reason": "all of it"}).status_code == 400
    done = send(client, "/d/help/disable", form)
    assert done.headers["location"] == "/d/help/diff/v2..v3?kind=disabled"
    assert client.get(done.headers["location"]).status_code == 200
    assert len(desk.registry().version("help")) == before - value["count"]
    back = client.get("/api/d/help/disable", params={"act": "enable", "where": "true"}).json()
    assert back["count"] == value["count"]
    assert send(client, "/d/help/enable", {"where": "true", "reason": "right"}).status_code == 303
    assert len(desk.registry().version("help")) == before


def test_a_condition_that_is_none_is_a_page_with_its_error(client: TestClient) -> None:
    for asked in ({"where": "nonsense("}, {"where": "input = 'x'"}, {"q": "score>=", "act": "disable"},
                  {"q": "x", "where": "true"}, {"q": "x", "act": "enable"}, {"ids": "zz"}):  # fmt: skip
        page = client.get("/d/help/disable", params=asked)
        assert page.status_code == 400, asked
        assert 'id="wrong"' in page.text, asked
    well_formed(client, "/d/help/disable")
    assert client.get("/d/nobody/disable").status_code == 404


def test_names_are_given_and_a_version_comes_back(client: TestClient, desk: Desk) -> None:
    assert send(client, "/d/help/names/tag", {"ref": "help@v1", "tag": "first"}).status_code == 303
    assert send(client, "/d/help/names/tag", {"ref": "v2", "tag": "first"}).status_code == 400
    assert send(client, "/d/help/names/tag", {"ref": "v2", "tag": "first", "move": "true"}).status_code == 303
    assert send(client, "/d/help/names/branch", {"branch": "trial", "start": "help@v1"}).status_code == 303
    assert send(client, "/d/help/names/tag", {"ref": "nobody@v1", "tag": "x"}).status_code in (400, 404)
    _, value = well_formed(client, "/d/help/names")
    assert ("first", 2) in {(one["name"], one["version"]) for one in value["names"]}
    assert [one["name"] for one in value["branches"]] == ["main", "trial"]
    assert send(client, "/d/help/names/rollback", {"ref": "help@v1", "reason": ""}).status_code == 400
    done = send(client, "/d/help/names/rollback", {"ref": "help@v1", "reason": HOSTILE})
    assert done.headers["location"] == "/d/help@v3"
    registry = desk.registry()
    assert registry.version("help@v3").fingerprint == registry.version("help@v1").fingerprint


def test_a_merge_is_looked_at_first(client: TestClient, desk: Desk) -> None:
    well_formed(client, "/d/help/merge")
    registry = desk.registry()
    registry.refs.branch("help", "trial")
    well_formed(client, "/d/help/merge?branch=trial")
    gone = next(iter(registry.version("help"))).name
    registry.keeping.disable("help", [gone], "wrong")
    registry.refs.branch("help", "older", "help@v2")
    _, value = well_formed(client, "/d/help/merge?branch=main&into=older")
    assert value["counts"]["removed"] == 1
    done = send(client, "/d/help/merge", {"branch": "main", "into": "older", "message": "bring it"})
    assert done.status_code == 303, done.text
    assert len(desk.registry().version("help@older")) == len(desk.registry().version("help@main"))
    assert client.get("/d/help/merge?branch=nobody").status_code in (400, 404)


def test_the_registrys_policy_can_be_set_before_there_is_any_dataset(tmp_path: Path) -> None:
    assay.init(tmp_path / "r", actor="ann")
    desk = Desk(tmp_path / "r")
    client = desk.client()
    well_formed(client, "/policy")
    bad = send(client, "/policy/check", {"text": "rules:\n  - no_such_rule\n"})
    assert 'id="wrong"' in bad.text
    assert "no_such_rule" in bad.text
    assert send(client, "/policy/set", {"text": "rules: 7"}).status_code == 400
    assert desk.registry().policies.show() is None
    done = send(
        client, "/policy/set", {"text": "approvals: 2\nrules:\n  - contamination\n", "reason": "first"}
    )
    assert done.headers["location"] == "/policy"
    found = desk.registry().policies.show()
    assert found is not None
    assert found.policy.approvals == 2
    page, _ = well_formed(client, "/policy")
    assert "contamination" in page


def test_a_reader_has_the_rows_and_lets_no_job_fill_the_disk(desk: Desk) -> None:
    reader, tokens = desk.asking("token", {"eve": {Role.READER}})
    bearer = {"authorization": f"Bearer {tokens['eve']}"}
    value = reader.get("/api/d/help@v2/export", headers=bearer).json()
    assert value["may_make"] is False
    assert reader.get(value["formats"][0]["at_once"], headers=bearer).content[:2] == b"PK"
    made = reader.post("/api/commands/export", json={"ref": "help@v2"}, headers=bearer)
    assert made.status_code == 403
    for closed in (
        "/api/d/help@v2/evidence",
        "/api/d/help/disable",
        "/api/d/help/merge",
        "/api/d/help@v2/gold",
    ):
        assert reader.get(closed, headers=bearer).status_code == 403, closed


def test_the_parameters_of_rules_are_spelled_for_people() -> None:
    assert spell_parameter(["a", "b"]) == "a, b"
    assert spell_parameter({"train": 300, "test": 20}) == "train 300, test 20"
    assert [spell_parameter(one) for one in (True, False, 0.25)] == ["yes", "no", "0.25"]


def test_an_export_is_a_job_whose_files_are_fetched_as_a_zip(client: TestClient, desk: Desk) -> None:
    _, value = well_formed(client, "/d/help@v2/export")
    assert {one["name"] for one in value["formats"]} >= {"source", "hf", "article", "ledger", "alpaca"}
    assert (
        client.get(next(one["at_once"] for one in value["formats"] if one["name"] == "source")).content[:2]
        == b"PK"
    )
    done = send(client, "/commands/export", {"ref": "help@v2", "shape": "hf"})
    at = done.headers["location"]
    job = desk.root / "server" / "jobs" / at.rpartition("/")[2]
    assert client.get(f"{at}/files.zip").status_code == 404, "it has not ended"
    made = desk.registry().export("help@v2", str(job / "out"), format="hf")
    keep(job / "result.json", {"state": "done", "ended": 1.0, "exit": 0, "answer": made.as_json()})
    assert f"{at}/files.zip" in client.get(at).text
    sent = client.get(f"{at}/files.zip")
    assert sent.headers["content-disposition"] == 'attachment; filename="help-v2.zip"'
    with zipfile.ZipFile(io.BytesIO(sent.content)) as packed:
        assert packed.testzip() is None
        names = {
            path.relative_to(job / "out").as_posix() for path in (job / "out").rglob("*") if path.is_file()
        }
        assert set(packed.namelist()) == names
    desk.registry().releases.revoke("help@v2", "bad")
    assert client.get(f"{at}/files.zip").status_code == 403, "revoked since"
    page, value = well_formed(client, "/d/help@v2/export")
    assert (value["why"], value["formats"]) == ("bad", [])
    assert "/commands/export" not in page
    gone = next(iter(desk.registry().version("help@v1"))).name
    desk.registry().keeping.forget([gone], "asked for")
    assert not (job / "out").exists(), "what was exported may hold what is forgotten"


def test_evidence_is_made_while_one_waits_and_checks_itself(
    client: TestClient, desk: Desk, tmp_path: Path
) -> None:
    _, value = well_formed(client, "/d/help@v2/evidence")
    assert {"acts.json", "version/manifest.json", "verify.py"} <= set(value["files"])
    before = len(desk.registry().log())
    sent = send(client, value["to"], {"notes": "true"})
    assert sent.headers["content-type"] == "application/zip", sent.text
    assert not list((desk.root / "tmp").glob("evidence-*")), "nothing of it stays"
    (tmp_path / value["file"]).write_bytes(sent.content)
    (tmp_path / "verify.py").write_bytes(client.get("/verify.py").content)
    words = [sys.executable, "-I", "verify.py", value["file"]]
    checked = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert len(desk.registry().log()) - before <= 1
    assert client.post("/api" + value["to"], json={}).content[:2] == b"PK"
    assert client.get("/d/nobody/evidence").status_code == 404


def test_a_gold_set_is_drawn(client: TestClient, desk: Desk) -> None:
    well_formed(client, "/d/help@v2/gold")
    done = send(client, "/d/help@v2/gold", {"name": "gold-1", "n": "6", "by": "split", "double": "true"})
    assert done.headers["location"] == "/review/gold-1"
    status = desk.registry().reviews.gold("gold-1").as_json()
    assert desk.registry().reviews.fold().named("gold-1").queue.reviewers == 2
    assert status
    assert send(client, "/d/help@v2/gold", {"name": "gold-1", "n": "6"}).status_code == 409


def test_an_example_has_neighbours_in_the_list_that_one_came_from(client: TestClient, desk: Desk) -> None:
    listed = client.get("/api/d/help@v2/examples?q=language:zh&sort=-length&n=100").json()["rows"]
    seen, at = [], "/api" + listed[0]["see"]
    while at:
        value = client.get(at).json()
        seen.append(value["id"])
        assert value["beside"]["place"] == len(seen)
        assert value["beside"]["total"] == len(listed)
        at = "/api" + value["beside"]["next"] if value["beside"]["next"] else ""
    assert seen == [one["id"] for one in listed]
    assert client.get(f"/api/d/help@v2/examples/{seen[0]}?q=nothing-is-so&listed=1").json()["beside"] is None
    assert client.get(f"/api/d/help@v2/examples/{seen[0]}?q=score>=&listed=1").json()["beside"] is None
    assert client.get(f"/api/d/help@v2/examples/{seen[0]}").json()["beside"] is None, "from no list"
    looking = desk.registry().looking
    assert [one.tobytes().hex() for one in looking.ids("help@v2", "language:zh")] == sorted(seen)


def test_the_menu_leads_to_the_same_page_of_another_version(client: TestClient) -> None:
    page = client.get("/d/help@v2/rejected").text
    assert '<a href="/d/help@v1/rejected">' in page
    assert '<a href="/d/help@v2/rejected" aria-current="true">' in page
    assert '<a href="/d/help@v1">' in client.get("/d/help/policy").text
