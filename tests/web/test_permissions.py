"""Every route × every way to ask, in every mode: 401 and 403 exactly as `access/roles.py` says.

No registry is lent here: who is let in is answered with 503 at once, so that thousands of requests take seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from tests.web.desk import MANY

import assay
from assay.web.access.book import Book
from assay.web.access.roles import Permission, Role, may
from assay.web.app import create_app
from assay.web.registries import Busy, Registries
from assay.web.routing import API, PERMISSION
from assay.web.settings import Mode, Oidc, Settings

EVERY = frozenset(Role)
NOW = 2_000_000_000.0


@dataclass(frozen=True)
class Way:
    """A way to ask, and the roles that it has: None where nobody is behind it."""

    name: str
    headers: dict[str, str]
    roles: frozenset[Role] | None


def routes(app: FastAPI) -> list[tuple[str, str, Permission]]:
    """Method, path and permission of every route."""
    found = [one for one in app.routes if isinstance(one, APIRoute)]
    return [
        (method, re.sub(r"{(\w+)[^}]*}", "x", one.path), Permission((one.openapi_extra or {})[PERMISSION]))
        for one in found
        for method in sorted(one.methods - {"HEAD"})
    ]


@contextmanager
def served(folder: Path, root: Path, mode: Mode) -> Iterator[tuple[TestClient, Book | None]]:
    registry = assay.init(root, actor="ann")
    assert registry.root is not None
    told = Oidc("http://127.0.0.1:9", "c") if mode == "oidc" else None
    app = create_app(
        lambda: assay.open(root, actor="ann"), Settings(mode, limits=MANY, oidc=told), clock=lambda: NOW
    )
    book = None if mode == "local" else Book(root / "server" / "access.sqlite", lambda: NOW, token_bytes)
    client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    yield client, book
    if book is not None:
        book.close()


def ways(book: Book, mode: Mode) -> Iterator[Way]:
    """Nobody, everybody who was somebody once, every role alone by token and by session, and a narrower token."""

    def bearer(text: str) -> dict[str, str]:
        return {"authorization": f"Bearer {text}"}

    def cookie(text: str) -> dict[str, str]:
        return {"cookie": f"assay={text}"}

    book.add("all", EVERY, None)
    book.add("gone", EVERY, None)
    book.add("none", (), None)
    expired = book.make_token("all", EVERY, "old", 0)
    revoked = book.make_token("all", EVERY, "ended", 60)
    book.revoke(revoked.id)
    shut, began = book.make_token("gone", EVERY, "shut", 60), book.begin("all", revoked.id)
    book.change("gone", shut=True)
    narrow = book.make_token("all", {Role.READER}, "narrow", 60)
    yield Way("nobody", {}, None)
    yield Way("no token", bearer("assay_00000000_" + "0" * 48), None)
    yield Way("expired token", bearer(expired.text), None)
    yield Way("revoked token", bearer(revoked.text), None)
    yield Way("token of one who was shut out", bearer(shut.text), None)
    yield Way("session of a revoked token", cookie(began.text), None)
    yield Way("session that is none", cookie("f" * 64), None)
    yield Way("narrower token", bearer(narrow.text), frozenset({Role.READER}))
    yield Way(
        "session of a narrower token", cookie(book.begin("all", narrow.id).text), frozenset({Role.READER})
    )
    yield Way("somebody without a role", cookie(book.begin("none").text), frozenset())
    for role in Role:
        book.add(role, {role}, None)
        yield Way(f"{role} by token", bearer(book.make_token(role, {role}, "", 60).text), frozenset({role}))
        if mode == "oidc":
            begun = book.begin("none", vouched={role})
        else:
            begun = book.begin(role)
        yield Way(f"{role} by session", cookie(begun.text), frozenset({role}))


def of_the_hub(path: str) -> bool:
    """Whether clients of the Hub ask for this: programs, which read statuses and headers."""
    return (
        path.startswith(("/datasets/", "/api/datasets", "/api/models/", "/api/whoami")) or "/resolve/" in path
    )


def check(client: TestClient, method: str, path: str, needs: Permission, way: Way) -> None:
    answer = client.request(method, path, headers=way.headers)
    said = answer.text[:200]
    where = (method, path, needs, way.name, answer.status_code, said)
    refused = answer.status_code == 403 and "it takes the permission" in answer.text
    if needs is Permission.OPEN:
        # A token that holds no more is told so, where a route looks at who asks.
        wrong = way.roles is None and "authorization" in way.headers and path in ("/login", "/api/login")
        assert (
            (answer.status_code in (401, 303)) if wrong and method == "GET" else answer.status_code != 401
        ), where
        assert not refused, where
    elif way.roles is None and of_the_hub(path):
        assert (answer.status_code, answer.headers["x-error-code"]) == (401, "GatedRepo"), where
        assert answer.headers["www-authenticate"] == "Bearer", where
    elif way.roles is None:
        if method == "GET" and not path.startswith(API):
            assert answer.status_code == 303, where
            assert answer.headers["location"].partition("?")[0] == "/login", where
        else:
            assert answer.status_code == 401, where
            assert answer.json()["error"]["code"] == "not_authenticated", where
            assert answer.headers["www-authenticate"] == "Bearer", where
    elif may(way.roles, needs):
        # Let in: no registry is free, or the route needs none and finds fault with what was sent.
        assert answer.status_code in (503, 400, 404, 409, 411, 422) or path == "/api/whoami-v2", where
    else:
        assert refused, where
        assert needs in answer.text, where


@pytest.mark.parametrize("mode", ["token", "password", "oidc"])
def test_every_route_lets_in_whom_the_table_says_and_nobody_else(
    folder: Path, tmp_path: Path, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def none_is_free(self: Registries, actor: str) -> Iterator[Any]:
        raise Busy
        yield

    if mode == "oidc":
        pytest.importorskip("joserfc", reason="needs the extra `oidc`")
    with served(folder, tmp_path / "r", mode) as (client, book):
        assert book is not None
        assert isinstance(client.app, FastAPI)
        monkeypatch.setattr(Registries, "lent", none_is_free)
        found = routes(client.app)
        assert len(found) > 180
        assert {needs for _, _, needs in found} == set(Permission)
        places = {path for _, path, _ in found}
        # Pages, acts, files, twins, commands, uploads and, where it is, the way to the identity provider.
        assert {
            "/",
            "/api/",
            "/d/x/policy/set",
            "/api/d/x/map/points",
            "/api/commands/forget",
            "/api/uploads",
        } <= places
        assert ("/login/oidc/callback" in places) is (mode == "oidc")
        # What a token may is the same everywhere, and is walked once; how sessions begin differs.
        short = [one for one in ways(book, mode) if mode == "password" or "authorization" not in one.headers]
        for way in short:
            for method, path, needs in found:
                check(client, method, path, needs, way)


def test_in_mode_local_the_owner_is_refused_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def none_is_free(self: Registries, actor: str) -> Iterator[Any]:
        assert actor == "ann"
        raise Busy
        yield

    with served(folder, tmp_path / "r", "local") as (client, _):
        assert isinstance(client.app, FastAPI)
        monkeypatch.setattr(Registries, "lent", none_is_free)
        for method, path, needs in routes(client.app):
            for way in (Way("nobody", {}, EVERY), Way("a token", {"authorization": "Bearer x"}, EVERY)):
                check(client, method, path, needs, way)
