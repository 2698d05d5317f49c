"""The ledger over HTTP: every rejected record is found once, beside its twin, and comes back with a reason."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import html5lib
import pytest
from fastapi.testclient import TestClient

import assay
from assay.web.access.book import open_book
from assay.web.access.passwords import hashed
from assay.web.access.roles import Role
from assay.web.app import create_app
from assay.web.settings import Settings

from .conftest import HOSTILE

AT = "/d/desk@v1/rejected"
LONG = (
    "how do i return the lamp that i bought in the small shop at the corner in may because it flickers a lot"
)


@pytest.fixture
def own(tmp_path: Path) -> assay.Registry:
    """23 lines, of which 15 are rejected: 12 without an answer (one hostile), two near twins, one that is no JSON."""
    rows = [{"input": f"问题 {k}：怎么退款", "output": f"请在订单页申请，第 {k * 7919} 号"} for k in range(7)]
    rows += [{"input": f"empty {k}", "output": ""} for k in range(11)]
    rows += [{"input": HOSTILE, "output": ""}]
    rows += [{"input": LONG + end, "output": LONG[::-1]} for end in ("", " today", " now")]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (tmp_path / "a.jsonl").write_text("\n".join([*lines[:5], "{broken", *lines[5:]]), encoding="utf-8")
    registry = assay.init(tmp_path / "registry", actor="ann")
    recipe = assay.Recipe.model_validate({"stages": [{"format": {}}, {"near_dedup": {"threshold": 0.8}}]})
    registry.curate("desk", [str(tmp_path / "a.jsonl")], recipe=recipe)
    return registry


@pytest.fixture
def client(own: assay.Registry) -> Iterator[TestClient]:
    app = create_app(lambda: assay.open(own.root, actor="ann"), Settings())
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as made:
        yield made


def twin(client: TestClient, address: str) -> dict:
    answer = client.get("/api" + address)
    assert answer.status_code == 200, answer.text
    return answer.json()


def tree(text: str):
    html5lib.HTMLParser(strict=True).parse(text)
    return html5lib.parse(text, namespaceHTMLElements=False)


@pytest.mark.parametrize(
    "asked", ["", "?stage=near_dedup", "?q=empty", "?sort=sample&seed=7&n=4", "?q=nothing"]
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_valid_and_says_what_its_twin_says(client: TestClient, asked: str, language: str) -> None:
    client.cookies.set("language", language)
    page, told = client.get(AT + asked), twin(client, AT + asked)
    assert page.status_code == 200
    assert told["command"].startswith("assay rejected desk@v1")
    assert len(tree(page.text).findall(".//tbody/tr")) == len(told["rows"])
    assert "<script>alert" not in page.text and "\u202e" not in page.text and "\x1b" not in page.text


@pytest.mark.parametrize("sort", ["", "-record", "value", "-similarity", "sample&seed=3"])
def test_pages_visit_every_record_once_both_ways(client: TestClient, sort: str) -> None:
    page = twin(client, f"{AT}?n=4&sort={sort}")
    seen, last = [row["name"] for row in page["rows"]], page
    while page["next"]:
        page = twin(client, page["next"])
        seen += [row["name"] for row in page["rows"]]
        last = page
    assert len(seen) == len(set(seen)) == page["total"] == page["rejected"]
    back = [row["name"] for row in last["rows"]]
    while last["previous"]:
        last = twin(client, last["previous"])
        back = [row["name"] for row in last["rows"]] + back
    assert back == seen


def test_stages_codes_and_sources_lead_to_as_many_records_as_they_say(client: TestClient) -> None:
    told = twin(client, AT)
    assert sum(one["rejected"] for one in told["stages"]) == told["total"] == 15
    assert [one["stage"] for one in told["stages"]][-2:] == ["format", "near_dedup"]
    for one in told["stages"]:
        assert twin(client, one["see"])["total"] == one["rejected"]
    for facet in told["facets"]:
        for value in facet["values"]:
            chosen = twin(client, value["see"])
            assert chosen["total"] == value["rows"]
            (again,) = [v for f in chosen["facets"] for v in f["values"] if v["picked"]]
            assert twin(client, again["see"])["total"] == told["total"]


def test_a_sample_is_the_same_with_the_same_seed_and_another_with_the_next(client: TestClient) -> None:
    first = twin(client, twin(client, AT + "?n=4")["sample"])
    assert first["sort"] == "sample" and twin(client, AT + "?n=4&sort=sample&seed=7")["rows"] == first["rows"]
    assert [r["name"] for r in twin(client, first["sample"])["rows"]] != [r["name"] for r in first["rows"]]


def test_a_record_stands_beside_its_twin(client: TestClient) -> None:
    row = twin(client, AT + "?stage=near_dedup")["rows"][0]
    assert row["twin"] and row["similarity"] >= 0.8
    told = twin(client, row["see"])["beside"]
    assert told["twin"] == row["twin"] and told["similarity"] == row["similarity"]
    assert {kind for kind, _ in told["parts"]} > {"same"}
    page = client.get(row["see"])
    assert tree(page.text).findall(".//tr[@class='vtop sel']") and (
        "<ins>" in page.text or "<del>" in page.text
    )
    assert client.get("/api" + told["twin_see"]).status_code == 200
    empty = twin(client, AT + "?stage=format&q=empty")["rows"][0]
    assert twin(client, empty["see"])["beside"]["said"] == "no twin decided this"


@pytest.mark.parametrize(
    "asked", ["stage=nope", "code=nope", "source=nope", "sort=nope", "after=x", "q=a:1", 'q="']
)
def test_what_cannot_be_answered_leaves_a_way_back(client: TestClient, asked: str) -> None:
    page = client.get(f"{AT}?{asked}")
    assert page.status_code == 400 and f'href="{AT}"' in page.text
    tree(page.text)
    assert client.get(f"/api{AT}?{asked}").json()["error"]["code"] == "usage"


@pytest.mark.parametrize(
    "at", ["/d/desk@v9/rejected", "/d/none/rejected", AT + "?record=a.jsonl:99", AT + "?record=b:1"]
)
def test_what_is_not_there_is_not_found(client: TestClient, at: str) -> None:
    assert client.get(at).status_code == 404
    assert client.get("/api" + at).json()["error"]["code"] == "not_found"


def test_a_version_without_a_curation_has_no_ledger(client: TestClient) -> None:
    assert client.get("/api" + AT + "?record=nonsense").status_code == 400


def test_restored_records_enter_the_next_version(client: TestClient, own: assay.Registry) -> None:
    rows = twin(client, AT + "?stage=near_dedup")["rows"]
    form = {"records": [row["name"] for row in rows], "reason": "不同的问题"}
    done = client.post(f"{AT}/restore", data=form)
    assert done.status_code == 303 and done.headers["location"] == "/d/desk/diff/v1..v2?kind=added"
    assert client.get(done.headers["location"]).status_code == 200
    assert len(own.version("desk@v2")) == len(own.version("desk@v1")) + len(rows)
    assert own.said(own.log()[-1]) == "不同的问题"
    assert twin(client, "/d/desk@v2/rejected")["may_restore"]


def test_what_an_older_curation_rejected_is_not_taken_for_a_record_of_the_newest(
    client: TestClient, own: assay.Registry, tmp_path: Path
) -> None:
    name = twin(client, AT + "?stage=near_dedup")["rows"][0]["name"]
    (tmp_path / "a.jsonl").write_text(
        json.dumps({"input": "x", "output": ""}) + '\n{"input": "y", "output": "z"}'
    )
    own.curate("desk", [str(tmp_path / "a.jsonl")])
    told = twin(client, AT)
    assert not told["may_restore"] and told["newest"] == "desk@v2"
    assert 'name="records"' not in client.get(AT).text
    refused = client.post(f"{AT}/restore", data={"records": name, "reason": "why"})
    assert refused.status_code == 400 and "curated anew" in refused.text


@pytest.mark.parametrize(
    "form",
    [
        {"reason": "why"},
        {"records": "NEAR", "reason": "  "},
        {"records": "no-number", "reason": "why"},
        {"records": "a.jsonl:1", "reason": "why"},
        {"records": "a.jsonl:6", "reason": "why"},
        {"records": "NEAR", "reason": "x" * 1_001},
    ],
)
def test_an_act_that_is_not_meant_changes_nothing(
    client: TestClient, own: assay.Registry, form: dict[str, str]
) -> None:
    near = twin(client, AT + "?stage=near_dedup")["rows"][0]["name"]
    before = len(own.log())
    form = {k: v.replace("NEAR", near) for k, v in form.items()}
    assert client.post(f"{AT}/restore", data=form).status_code in (400, 404, 422)
    assert len(own.log()) == before


@pytest.mark.parametrize(
    ("role", "status"), [(Role.READER, 403), (Role.REVIEWER, 403), (Role.CONTRIBUTOR, 303)]
)
def test_restoring_asks_for_a_permission_and_for_the_pages_token(
    own: assay.Registry, role: Role, status: int
) -> None:
    app = create_app(lambda: assay.open(own.root, actor="ann"), Settings("password"))
    open_book(own, time.time, secrets.token_bytes).add(
        "eve", frozenset({role}), hashed("correct horse battery")
    )
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        origin = {"origin": "http://127.0.0.1"}
        assert client.post(f"{AT}/restore", data={}, headers=origin).status_code == 401
        client.post("/login", data={"name": "eve", "password": "correct horse battery"})
        told = twin(client, AT + "?stage=near_dedup")
        form = {"records": told["rows"][0]["name"], "reason": "why"}
        page = tree(client.get(AT).text)
        assert bool(page.findall(".//input[@name='records']")) == (status == 303) == told["may_restore"]
        token = page.find(".//meta[@name='form-token']").attrib["content"]
        assert client.post(f"{AT}/restore", data=form, headers=origin).status_code == 403
        assert client.post(f"{AT}/restore?form={token}", data=form, headers=origin).status_code == status
