"""What tests of acts share: a registry of their own, and the application over it in the name of anybody."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from time import time
from typing import Any

import html5lib
from fastapi.testclient import TestClient

import assay
from assay.registry import Registry
from assay.web.access.book import Book
from assay.web.access.passwords import hashed
from assay.web.access.roles import Role
from assay.web.app import create_app
from assay.web.settings import Limits, Mode, Settings

MANY = Limits(asked=10**6, unsafe=10**6, logins=10**6)


@dataclass
class Desk:
    """A copy of the registry of `folder`, to act on."""

    root: Path
    book: Book | None = None

    @classmethod
    def copy(cls, folder: Path, to: Path) -> Desk:
        shutil.copytree(folder, to / "r")
        return cls(to / "r")

    def registry(self, actor: str = "ann") -> Registry:
        return assay.open(self.root, actor=actor)

    def client(self, actor: str = "ann") -> TestClient:
        """The application in mode local, where `actor` has every role."""
        app = create_app(lambda: assay.open(self.root, actor=actor), Settings(limits=MANY))
        return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)

    def asking(
        self, mode: Mode, people: dict[str, set[Role]], password: str | None = None
    ) -> tuple[TestClient, dict[str, str]]:
        """The application in a mode that asks who somebody is, and a token for each of `people`."""
        app = create_app(lambda: assay.open(self.root), Settings(mode, limits=MANY))
        book = Book(self.root / "server" / "access.sqlite", time, token_bytes)
        tokens = {}
        for name, roles in people.items():
            book.add(name, roles, None if password is None else hashed(password))
            tokens[name] = book.make_token(name, roles, "test", 3600).text
        self.book = book
        return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False), tokens


def send(client: TestClient, path: str, data: dict[str, Any] | None = None) -> Any:
    """Send a form as a browser does: from a page of ours, with its token."""
    token = form_token(client.get("/settings").text)
    origin = {"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}
    return client.post(f"{path}?form={token}", data=data or {}, headers=origin)


def form_token(page: str) -> str:
    found = re.search(r'name="form-token" content="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def well_formed(client: TestClient, path: str) -> tuple[str, dict[str, Any]]:
    """A page and its JSON twin: valid HTML, nothing that acts, the same command in both."""
    page = client.get(path)
    assert page.status_code == 200, page.text[:500]
    html5lib.HTMLParser(strict=True).parse(page.text)
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    assert "\x1b" not in page.text
    assert " style=" not in page.text
    twin = client.get("/api" + path)
    assert twin.status_code == 200
    value: dict[str, Any] = twin.json()
    assert value["command"].startswith("assay ")
    return page.text, value
