"""Before every route: the server's own name, its own pages, bounded bodies; and every route says its permission."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from tests.web.desk import Desk

from assay.web.access.roles import TABLE, Permission, Role, may
from assay.web.routing import PERMISSION


def routes(app: object) -> Iterator[APIRoute]:
    assert isinstance(app, FastAPI)
    yield from (route for route in app.routes if isinstance(route, APIRoute))


def test_every_route_says_its_permission(client: TestClient) -> None:
    found = list(routes(client.app))
    assert found
    for route in found:
        assert Permission((route.openapi_extra or {})[PERMISSION])
    assert isinstance(client.app, FastAPI)
    others = [route.path for route in client.app.routes if not isinstance(route, APIRoute)]  # type: ignore[attr-defined]
    assert others == ["/static"]


def test_the_table_names_every_permission_and_every_role_may_read() -> None:
    assert TABLE.keys() == set(Permission) - {Permission.OPEN}
    assert all(may([role], Permission.READ) for role in Role)
    assert not may([Role.READER], Permission.CONTRIBUTE)
    assert not may([], Permission.READ)
    assert may([], Permission.OPEN)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "", "localhost.evil"]
)
def test_a_strange_host_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost", "[::1]:80", "LOCALHOST:1"])
def test_the_servers_own_names_are_taken(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
def test_a_change_from_another_site_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/d/help", headers=headers).status_code == 403


def test_a_body_that_is_too_large_is_refused(client: TestClient) -> None:
    assert client.post("/d/help", content=b"x" * (3 << 20)).status_code == 413


def filled(path: str) -> str:
    """A route's path with something in its places."""
    known = {"ref": "help@v1", "name": "help", "queue": "q", "id": "ab12", "seq": "1"}
    return re.sub(r"{(\w+)[^}]*}", lambda found: known.get(found[1], "x"), path)


def test_every_act_refuses_another_site_and_a_form_without_its_token(folder: Path, tmp_path: Path) -> None:
    desk = Desk.copy(folder, tmp_path)
    client, _ = desk.asking("password", {"ann": set(Role)})
    assert desk.book is not None
    before = len(desk.registry().log())
    acts = [(r, m) for r in routes(client.app) for m in r.methods - {"GET", "HEAD"}]
    assert len(acts) > 20
    with client:
        for route, method in acts:
            client.cookies.set("assay", desk.book.begin("ann").text)
            path = filled(route.path)
            for foreign in (
                {"origin": "http://evil.example"},
                {"origin": "null"},
                {"sec-fetch-site": "same-site"},
            ):
                answer = client.request(method, path, headers=foreign)
                assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_site"), path
            if Permission((route.openapi_extra or {})[PERMISSION]) is Permission.OPEN:
                continue
            for form in ("", "?form=", f"?form={'0' * 64}"):
                own = {"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}
                answer = client.request(method, path + form, headers=own)
                assert answer.status_code == 403, path
                assert "too old" in answer.text, path
    assert len(desk.registry().log()) == before
