"""Exploring over HTTP: what is chosen, counted, sorted and paged; what is wrong is said at its place; acts."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import html5lib
import pytest
from fastapi.testclient import TestClient

import assay
from assay.registry.governing.annotating import annotate
from assay.registry.querying.choosing import members
from assay.web.access.book import open_book
from assay.web.access.passwords import hashed
from assay.web.access.roles import Role
from assay.web.app import create_app
from assay.web.settings import Settings

from .conftest import HOSTILE

AT = "/d/help@v2/examples"


def twin(client: TestClient, address: str) -> dict:
    answer = client.get("/api" + address)
    assert answer.status_code == 200, answer.text
    return answer.json()


def tree(text: str):
    html5lib.HTMLParser(strict=True).parse(text)
    return html5lib.parse(text, namespaceHTMLElements=False)


@pytest.fixture
def own(tmp_path: Path) -> assay.Registry:
    """A registry to change: 12 examples, the first of them with a score."""
    lines = [
        json.dumps(
            {"input": f"问题 {k} refund" if k % 2 else f"Question {k}, a lamp", "output": f"answer {k * k}"}
        )
        for k in range(12)
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    registry = assay.init(tmp_path / "registry", actor="ann")
    registry.import_("help", [str(tmp_path / "a.jsonl")])
    annotate(registry, "help", members(registry, "help")[:1], {"score": 4.5})
    return registry


@pytest.fixture
def mine(own: assay.Registry) -> Iterator[TestClient]:
    app = create_app(lambda: assay.open(own.root, actor="ann"), Settings())
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as made:
        yield made


@pytest.mark.parametrize(
    "asked", ["", "?q=language:zh", "?q=退款&sort=-length", "?q=nothing+at+all", "?q=-refund&n=7"]
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_valid_and_says_what_its_twin_says(client: TestClient, asked: str, language: str) -> None:
    client.cookies.set("language", language)
    page, told = client.get(AT + asked), twin(client, AT + asked)
    assert page.status_code == 200
    found = tree(page.text)
    assert len(found.findall(".//input[@name='ids']")) == len(told["rows"])
    assert told["command"].startswith("assay find help@v2")
    assert f"{told['total']:,}" in page.text
    assert "<script>alert" not in page.text and "\u202e" not in page.text and "\x1b" not in page.text
    assert not any("style" in e.attrib for e in found.iter() if isinstance(e.tag, str))


def test_chinese_texts_say_that_they_are(client: TestClient) -> None:
    told = twin(client, AT + "?q=language:zh")
    assert told["total"] == 20 and {row["lang"] for row in told["rows"]} == {"zh-Hans"}
    assert tree(client.get(AT + "?q=language:zh").text).findall(".//td[@lang='zh-Hans']")


@pytest.mark.parametrize("sort", ["", "-id", "length", "-length", "source"])
@pytest.mark.parametrize("q", ["", "language:en"])
def test_pages_visit_every_row_once_both_ways(client: TestClient, sort: str, q: str) -> None:
    page = twin(client, f"{AT}?n=7&sort={sort}&q={q}")
    seen, last = [row["id"] for row in page["rows"]], page
    while page["next"]:
        page = twin(client, page["next"])
        assert page["first"] == len(seen) + 1
        seen += [row["id"] for row in page["rows"]]
        last = page
    assert len(seen) == len(set(seen)) == page["total"]
    back = [row["id"] for row in last["rows"]]
    while last["previous"]:
        last = twin(client, last["previous"])
        back = [row["id"] for row in last["rows"]] + back
    assert back == seen


def test_every_facet_leads_to_as_many_rows_as_it_says(client: TestClient) -> None:
    told = twin(client, AT)
    for facet in told["facets"] + told["folded"]:
        for value in facet["values"]:
            assert twin(client, value["see"])["total"] == value["rows"], (facet["field"], value["value"])


def test_a_chosen_value_is_dropped_by_its_facet_and_by_its_chip(client: TestClient) -> None:
    told = twin(client, AT + "?q=lang:zh+退款")
    (value,) = [v for f in told["facets"] if f["field"] == "language" for v in f["values"] if v["picked"]]
    assert "language" not in parse_qs(urlsplit(value["see"]).query).get("q", [""])[0]
    assert {chip["name"] for chip in told["chips"]} == {"Chinese", "退款"}
    for chip in told["chips"]:
        assert len(twin(client, chip["see"])["chips"]) == 1
    assert twin(client, told["clear"])["chips"] == []


def test_a_range_that_picks_a_band_goes_as_a_whole(client: TestClient) -> None:
    told = twin(client, AT + "?q=length>=0")
    bands = [v for f in told["facets"] + told["folded"] if f["field"] == "length" for v in f["values"]]
    assert bands and all(v["picked"] for v in bands)
    assert twin(client, bands[0]["see"])["query"] == ""


def test_the_permalink_keeps_query_order_and_version(client: TestClient) -> None:
    told = twin(client, AT.replace("@v2", "") + "?q=lang:zh&sort=-length&n=5")
    assert told["link"].startswith("/d/help@v2/examples?")
    again = twin(client, told["link"])
    assert again["rows"] == told["rows"] and again["query"] == told["query"]


def test_columns_sort_and_say_how(client: TestClient) -> None:
    told = twin(client, AT)
    longest = twin(client, told["columns"]["length"]["see"])
    assert [row["length"] for row in longest["rows"]] == sorted(row["length"] for row in longest["rows"])
    page = tree(client.get(told["columns"]["length"]["see"]).text)
    assert [th.attrib["aria-sort"] for th in page.findall(".//th[@aria-sort]")] == ["ascending"]


@pytest.mark.parametrize(
    ("q", "said", "wrong"),
    [
        ('退款 foo:"', "a quote is opened and never closed", 'foo:"'),
        ("lang:zh nope:1", "no field", "nope:1"),
        ("length>=many", "is no number", "length&gt;=many"),
        ("x" * 2_001, "at most 2,000 characters", ""),
        ("a<script>alert(1)</script>", "is no number", "a&lt;script&gt;"),
    ],
)
def test_a_bad_query_is_told_at_its_place(client: TestClient, q: str, said: str, wrong: str) -> None:
    page = client.get(AT, params={"q": q})
    assert page.status_code == 400
    found = tree(page.text)
    assert said in page.text and "<script>alert" not in page.text
    assert found.find(".//input[@id='q']").attrib["aria-invalid"] == "true"
    if wrong:
        assert f"<mark>{wrong}".replace('"', "&#34;") in page.text.replace("&quot;", "&#34;")
    answer = client.get("/api" + AT, params={"q": q})
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "usage"


@pytest.mark.parametrize("asked", ["?sort=nonsense", "?after=nonsense", "?after=a&before=b"])
def test_a_bad_order_or_key_leaves_a_way_back(client: TestClient, asked: str) -> None:
    page = client.get(AT + asked)
    assert page.status_code == 400 and f'href="{AT}"' in page.text


@pytest.mark.parametrize("asked", ["?n=0", "?n=101", "?n=x"])
def test_a_page_is_bounded(client: TestClient, asked: str) -> None:
    assert client.get("/api" + AT + asked).status_code == 422


@pytest.mark.parametrize("ref", ["help@v9", "nobody", "help@v2:nowhere"])
def test_what_is_not_there_is_not_found(client: TestClient, ref: str) -> None:
    assert client.get(f"/d/{ref}/examples").status_code == 404
    assert client.get(f"/api/d/{ref}/examples").json()["error"]["code"] == "not_found"


def test_nothing_found_says_what_would_find_something(client: TestClient) -> None:
    told = twin(client, AT + "?q=lang:zh+order")
    assert told["total"] == 0 and told["rows"] == []
    assert {one["name"]: one["rows"] for one in told["instead"]} == {
        "Chinese": twin(client, AT + "?q=order")["total"],
        "order": twin(client, AT + "?q=lang:zh")["total"],
    }
    assert len(told["instead"]) == 2
    for one in told["instead"]:
        assert twin(client, one["see"])["total"] == one["rows"]
    assert "Leave a part out" in client.get(AT + "?q=lang:zh+order").text


def test_htmx_gets_facets_and_rows_together_and_errors_as_well(client: TestClient) -> None:
    part = {"hx-request": "true", "hx-target": "found"}
    answer = client.get(AT + "?q=lang:zh", headers=part)
    assert "<html" not in answer.text and 'id="filters"' in answer.text and "<table" in answer.text
    wrong = client.get(AT, params={"q": 'a:"'}, headers=part)
    assert wrong.status_code == 200 and 'id="wrong"' in wrong.text


def test_a_query_survives_its_field(client: TestClient) -> None:
    q = f'"{HOSTILE[:20]}"  lang:en'.replace('"', "'")
    field = tree(client.get(AT, params={"q": q}).text).find(".//input[@id='q']")
    assert field.attrib["value"] == q


# Acts


def test_ticked_rows_are_tagged_and_shown(mine: TestClient, own: assay.Registry) -> None:
    ids = [row["id"] for row in twin(mine, "/d/help/examples?q=refund")["rows"]][:2]
    done = mine.post(
        "/d/help@v1/examples/tag", data={"ids": ids, "key": "topic", "value": "退款", "q": "refund"}
    )
    assert done.status_code == 303
    seen = twin(mine, done.headers["location"])
    assert {row["id"] for row in seen["rows"]} == set(ids)
    back = mine.post("/d/help@v1/examples/tag", data={"ids": ids, "key": "topic", "value": ""})
    assert back.status_code == 303
    assert "topic" not in {f["field"] for f in twin(mine, "/d/help/examples")["facets"]}


def test_ticked_rows_are_sent_to_review(mine: TestClient, own: assay.Registry) -> None:
    ids = [row["id"] for row in twin(mine, "/d/help/examples")["rows"]][:3]
    done = mine.post("/d/help@v1/examples/queue", data={"ids": ids, "queue": "look"})
    assert done.headers["location"] == "/review/look"
    assert {i.hex() for i in own.reviews.status("look").queue.ids} == set(ids)
    assert twin(mine, "/d/help/examples?q=review:open")["total"] == 3


def test_ticked_rows_are_disabled_with_a_reason(mine: TestClient, own: assay.Registry) -> None:
    ids = [row["id"] for row in twin(mine, "/d/help/examples")["rows"]][:2]
    done = mine.post("/d/help@v1/examples/disable", data={"ids": ids, "reason": "both are wrong"})
    assert done.headers["location"] == "/d/help/diff/v1..v2?kind=disabled"
    assert mine.get(done.headers["location"]).status_code == 200
    assert len(own.version("help@v2")) == 10
    assert {row["id"] for row in twin(mine, "/d/help@v1/examples?q=is:disabled")["rows"]} == set(ids)


@pytest.mark.parametrize(
    ("act", "form"),
    [
        ("tag", {"key": "topic", "value": "x"}),
        ("tag", {"ids": "ONE", "value": "x"}),
        ("tag", {"ids": "zz", "key": "topic", "value": "x"}),
        ("queue", {"queue": "look"}),
        ("queue", {"ids": "ONE", "queue": "../x"}),
        ("disable", {"ids": "ONE", "reason": " "}),
        ("disable", {"reason": "why"}),
    ],
)
def test_an_act_that_is_not_meant_changes_nothing(
    mine: TestClient, own: assay.Registry, act: str, form: dict[str, str]
) -> None:
    one = twin(mine, "/d/help/examples")["rows"][0]["id"]
    before = len(own.log())
    form = {k: v.replace("ONE", one) for k, v in form.items()}
    assert mine.post(f"/d/help@v1/examples/{act}", data=form).status_code in (400, 404)
    assert len(own.log()) == before


PASSWORD = "correct horse battery"


@pytest.fixture
def desk(own: assay.Registry) -> Iterator[TestClient]:
    """In mode password, with a reader, a contributor and a reviewer."""
    app = create_app(lambda: assay.open(own.root, actor="ann"), Settings("password"))
    book = open_book(own, time.time, secrets.token_bytes)
    code = hashed(PASSWORD)
    for name, role in (("rea", Role.READER), ("con", Role.CONTRIBUTOR), ("rev", Role.REVIEWER)):
        book.add(name, frozenset({role}), code)
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as made:
        yield made


def enter(client: TestClient, name: str) -> None:
    assert client.post("/login", data={"name": name, "password": PASSWORD}).status_code == 303


ACTS = {
    "tag": ("con", {"key": "topic", "value": "x"}),
    "queue": ("rev", {"queue": "look"}),
    "disable": ("con", {"reason": "wrong"}),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("who", ["rea", "con", "rev"])
def test_acts_ask_for_a_permission_and_for_the_pages_token(desk: TestClient, act: str, who: str) -> None:
    able, form = ACTS[act]
    assert (
        desk.post(f"/d/help@v1/examples/{act}", data=form, headers={"origin": "http://127.0.0.1"}).status_code
        == 401
    )
    enter(desk, who)
    page = tree(desk.get("/d/help@v1/examples").text)
    form = form | {"ids": twin(desk, "/d/help@v1/examples")["rows"][0]["id"]}
    origin = {"origin": "http://127.0.0.1"}
    offered = [
        e.attrib.get("formaction") or e.attrib.get("action")
        for e in page.findall(".//form//button") + page.findall(".//form")
    ]
    token = page.find(".//meta[@name='form-token']").attrib["content"]
    path = f"/d/help@v1/examples/{act}"
    if act != "tag":
        assert any(at and at.startswith(path) for at in offered) == (who == able)
    assert desk.post(path, data=form, headers=origin).status_code == 403
    assert desk.post(f"{path}?form={'0' * len(token)}", data=form, headers=origin).status_code == 403
    done = desk.post(f"{path}?form={token}", data=form, headers=origin)
    assert done.status_code == (303 if who == able else 403)


def test_who_may_not_act_has_nothing_to_tick(desk: TestClient) -> None:
    enter(desk, "rea")
    text = desk.get("/d/help@v1/examples").text
    assert 'name="ids"' not in text and re.search(r"<table", text)
