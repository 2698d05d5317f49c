"""A mistaken act comes back to the page of its form, with what was typed; programs get the error alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from threading import Event, Thread
from typing import Any

import html5lib
import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.web.desk import MANY, Desk, form_token

import assay
from assay.web.access.roles import Role
from assay.web.app import create_app
from assay.web.pages import home
from assay.web.refilling import LONGEST, refilled
from assay.web.registries import Busy, Registries
from assay.web.settings import Settings

BASE = "http://127.0.0.1"
OWN = {"origin": BASE, "sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def desk(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk.copy(folder, tmp_path_factory.mktemp("mistakes"))


@pytest.fixture(scope="module")
def client(desk: Desk) -> Iterator[TestClient]:
    with desk.client() as made:
        yield made


def send(client: TestClient, page: str, path: str, data: dict[str, Any], **headers: str) -> Any:
    """As a browser does: from a page, which it names."""
    token = form_token(client.get("/settings").text)
    return client.post(f"{path}?form={token}", data=data, headers={**OWN, "referer": BASE + page, **headers})


def comes_back(answer: Any, status: int, said: str) -> str:
    """The page of the form: valid, the message at its top, heard and focused."""
    assert answer.status_code == status, answer.text[:300]
    html5lib.HTMLParser(strict=True).parse(answer.text)
    top = answer.text.partition('<main id="main">')[2].lstrip()
    found = re.match(
        r'<div id="mistaken"><div class="note fail" id="mistake"([^>]*)>(.*?)</div></div></div>', top
    )
    assert found is not None, top[:400]
    assert {'role="alert"', 'tabindex="-1"', "autofocus"} <= set(found[1].split())
    assert said in unescape(found[2])
    assert answer.text.count("autofocus") == 1
    text: str = answer.text
    return text


def test_a_policy_that_does_not_parse_comes_back_with_its_text(client: TestClient) -> None:
    typed = "rules:\n  - size: {min: <b>one</b> & \u202e}\n"
    page = "/d/help/policy?ref=help%40v2"
    sent = {"ref": "help@v2", "text": typed, "reason": "because"}
    for came in (page, "/d/help/policy/try"):
        text = comes_back(send(client, came, "/d/help/policy/set", sent), 400, "")
        area = re.search(r'<textarea[^>]*name="text"[^>]*>\n(.*?)</textarea>', text, re.DOTALL)
        assert area is not None
        assert unescape(area[1]) == typed.replace("\u202e", "\\u202e")
        assert "<b>one" not in text
        assert 'href="/api/d/help/policy"' in text, "the twin of the page, not of the act"
        assert "<details open" in text.replace(' class="fold sec-s"', ""), "its fold is open"


def test_a_missing_reason_is_marked_and_the_rest_stays(client: TestClient) -> None:
    sent = {"ref": "help@v2", "code": "size", "until": "2027-01-02", "reason": "x" * 3_000}
    answer = send(client, "/d/help/policy?ref=help%40v2", "/d/help/policy/revoke", sent)
    text = comes_back(answer, 422, "reason: ")
    field = re.search(r'<textarea[^>]*id="bad"[^>]*>', text)
    assert field is not None
    assert 'aria-invalid="true"' in field[0]
    assert "x" * 3_000 in text
    assert client.get("/d/help/policy").text.count("aria-invalid") == 0


def test_choices_and_numbers_come_back_and_passwords_do_not(desk: Desk, folder: Path, tmp_path: Path) -> None:
    own = Desk.copy(folder, tmp_path)
    client, _ = own.asking("password", {"ann": set(Role)})
    assert own.book is not None
    client.cookies.set("assay", own.book.begin("ann").text)
    sent = {"name": "bo \u00e9", "password": "short", "roles": ["auditor", "reviewer"]}
    text = comes_back(send(client, "/settings/people", "/settings/people/add", sent), 400, "12")
    form = text.partition('action="/settings/people/add')[2].partition("</form>")[0]
    assert 'value="bo é"' in form
    assert "short" not in form
    assert re.findall(r'value="(\w+)" checked', form) == ["reviewer", "auditor"]
    # Of several forms to one address it is the one that was sent.
    own.book.add("cy", {Role.READER}, None)
    sent = {"name": "cy", "password": "short", "roles": ["admin"], "shut": "true"}
    text = comes_back(send(client, "/settings/people", "/settings/people/change", sent), 400, "12")
    forms = dict(re.findall(r'name="name" value="(ann|cy)">(.*?)</form>', text, re.DOTALL))
    assert re.findall(r'value="(\w+)" checked', forms["cy"]) == ["admin", "true"]
    assert "true" not in re.findall(r'value="(\w+)" checked', forms["ann"])
    # A form that is too old comes back with a new token.
    old = client.post(
        "/settings/people/add?form=x", data=sent, headers={**OWN, "referer": BASE + "/settings/people"}
    )
    assert form_token(comes_back(old, 403, "too old"))
    # Who signs in wrongly is told so where he signs in.
    client.cookies.clear()
    sent = {"name": "ann", "password": "x" * 12, "next": "/d/help"}
    answer = client.post("/login", data=sent, headers={"referer": BASE + "/login?next=/d/help"})
    text = comes_back(answer, 403, "do not fit together")
    assert 'value="ann"' in text
    assert "x" * 12 not in text


def test_htmx_is_given_the_message_alone(client: TestClient) -> None:
    answer = send(client, "/d/help/policy", "/d/help/policy/set", {"text": "x: ["}, **{"hx-request": "true"})
    assert answer.status_code in (400, 422)
    assert answer.headers["hx-retarget"] == "#mistaken"
    assert answer.text.startswith('<div class="note fail" id="mistake" role="alert"')
    assert "<main" not in answer.text


def test_programs_and_who_comes_from_elsewhere_get_the_error_as_before(client: TestClient) -> None:
    twin = client.post(
        "/api/d/help/policy/set", json={"text": "x: ["}, headers={"referer": BASE + "/d/help/policy"}
    )
    assert twin.json()["error"]["code"]
    for came in ("http://evil.example/d/help/policy", "", "http://[", BASE + "/nowhere"):
        answer = send(client, "", "/d/nothing/policy/set", {"ref": "nothing", "text": "x: ["}, referer=came)
        assert answer.status_code in (400, 404)
        assert 'id="mistake"' not in answer.text


@settings(deadline=None, max_examples=80)
@given(st.text(max_size=80), st.text(max_size=80), st.booleans())
def test_whatever_was_typed_comes_back_and_nothing_else_changes(line: str, lines: str, ticked: bool) -> None:
    page = (
        "<!doctype html><html lang=en><title>x</title><p>a &amp; b &lt; 中文\n"
        '<details><summary>s</summary><form method="post" action="/act?form=1">'
        '<input type="hidden" name="id" value="7"><input name="line" value="old">\n'
        '<textarea name="lines">\nold &amp;</textarea><input type="checkbox" name="tick" checked>'
        "<select name=pick><option>a<option value=b selected>B</option></select></form></details><p>end\n"
    )
    sent = {"id": ["7"], "line": [line], "lines": [lines], "pick": ["a"]} | (
        {"tick": ["on"]} if ticked else {}
    )
    made = refilled(page, "/act", sent)
    assert made.startswith(page.partition("<details>")[0] + "<details open>")
    assert made.endswith("</select></form></details><p>end\n")
    assert ("checked" in made) is ticked
    form = html5lib.parse(made, namespaceHTMLElements=False).find(".//form")
    assert form is not None
    found = {one.get("name"): one for one in form.iter() if one.get("name")}
    if line.isprintable():
        assert found["line"].get("value") == line
    if lines.isprintable():
        assert (found["lines"].text or "") == lines
    assert found["pick"].findall("option")[1].get("selected") is None
    assert refilled(page, "/act", sent | {"id": ["8"], "line": [""], "lines": [""]}) == page
    assert "x" * 100 not in refilled(page, "/act", sent | {"line": ["x" * (LONGEST + 1)]})


def test_a_registry_that_is_not_free_in_time_is_said_with_503_to_people_and_programs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, go = Event(), Event()

    def waiting(ask: Any) -> list[Any]:
        inside.set()
        go.wait(20)
        return []

    app = create_app(lambda: assay.open(folder, actor="ann"), Settings(limits=MANY, readers=1, patience=0.05))
    with TestClient(app, base_url=BASE) as client:
        with monkeypatch.context() as patched:
            patched.setattr(home, "_needed", waiting)
            slow = Thread(target=lambda: client.get("/"))
            slow.start()
            assert inside.wait(20)
        twin, page = client.get("/api/d/help@v1"), client.get("/d/help@v1")
        go.set()
        slow.join()
        assert (twin.status_code, twin.json()["error"]["code"]) == (503, "busy")
        assert (page.status_code, page.headers["retry-after"]) == (503, twin.headers["retry-after"])
        assert int(page.headers["retry-after"]) > 0
        assert "in use" in page.text
        assert client.get("/d/help@v1").status_code == 200
        paths = client.get("/api/openapi.json").json()["paths"]
    lacking = [
        at for at, one in paths.items() for told in one.values()
        if "503" not in told["responses"] and not at.startswith("/api/uploads")
    ]  # fmt: skip
    assert lacking == []
    few = Registries(lambda: assay.open(folder), 1, 0.01)
    with few.lent("ann"), pytest.raises(Busy), few.lent("bob"):
        pass
