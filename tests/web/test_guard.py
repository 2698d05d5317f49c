"""Before every route: the server's own name, its own pages, bounded bodies; and every route says its permission."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

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
