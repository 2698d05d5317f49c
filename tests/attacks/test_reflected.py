"""Reflected: whatever an address says comes back as text, or not at all; and nothing it says makes the server fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from secrets import token_bytes
from time import time
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

import assay
from assay.web.access.book import Book
from assay.web.app import create_app
from assay.web.settings import Settings
from tests.attacks.catalogue import Attack, each, foreign
from tests.attacks.pages import filled, routes
from tests.attacks.poisoned import HOST, MANY, World, copy_of
from tests.attacks.texts import CALL, FLOOD, OUT, SHORT
from tests.web.desk import form_token

_SAID = {
    "markup": ("markup that leaves attribute, title and script", quote(SHORT)),
    "markup-twice": ("markup that is quoted twice", quote(quote(f"<script zqx>{CALL}</script>"))),
    "quotes": ("what ends an attribute", quote(f"\"' zqx autofocus onfocus={CALL} `")),
    "javascript": ("a link that is a script", quote(f"javascript:{CALL}//{OUT}")),
    "data": ("a link that is a page", quote(f"data:text/html,<script>{CALL}</script>")),
    "elsewhere": ("the address of another server", quote(f"//zqx.example/\\{OUT}")),
    "template": ("expressions of templates", quote("{{7*7}}{{zqx.__class__}}{%print(49)%}${7*7}")),
    "bidi": ("what turns a line around, hides, and takes no room", quote("a\u202ezqx\u2066\u200b\u2060\U000e0041")),
    "ansi": ("escapes of a terminal", quote("\x1b]0;zqx\x07\x1b[2J")),
    "nul": ("a NUL", "zqx%00<b zqx>"),
    "line-ends": ("line ends, to write headers of its own", "zqx%0d%0aset-cookie:%20zqx=1%0d%0a%0d%0a<b zqx>"),
    "overlong": ("an overlong spelling of <", "%c0%bcscript zqx%c0%be"),
    "half": ("half of a character", "%ed%a0%80zqx"),
    "no-utf8": ("bytes that are no text", "%ff%fezqx"),
    "numbers": ("a number that fits nowhere", "9" * 400),
    "negative": ("a number below all", "-" + "9" * 25),
    "traversal": ("a way out of a folder", "..%2f..%2f..%2fetc%2fpasswd"),
    "many": ("four thousand letters", "zqx" * 1_400),
}  # fmt: skip
IN_QUERIES = tuple(
    Attack(f"reflected/query-{id}", what, "every parameter of every page",
           "no failure, and nothing of it in the page but text", {"said": said})
    for id, (what, said) in _SAID.items()
)  # fmt: skip
IN_PATHS = tuple(
    Attack(f"reflected/path-{id}", what, "every place of every path",
           "no failure, and nothing of it in the page but text", {"said": said})
    for id, (what, said) in _SAID.items()
)  # fmt: skip
_FORMS = {
    "short": ("some of every kind of text", SHORT),
    "flood": ("all texts", FLOOD),
    "policy": (
        "a policy that is one, with texts in it",
        f"description: {json.dumps(SHORT)}\nrules:\n  - zqx<b zqx>: {{}}\n",
    ),
    "quotes": ("what ends a field", f"\"'></textarea></title><img zqx src=x onerror={CALL}>"),
}
IN_FORMS = tuple(
    Attack(
        f"reflected/form-{id}",
        what,
        "every field of every form",
        "what answers has nothing of it but text",
        {"said": said},
    )
    for id, (what, said) in _FORMS.items()
)
ATTACKS = IN_QUERIES + IN_PATHS + IN_FORMS


def _in_queries(world: World, said: str) -> Iterator[str]:
    """One address a page, every parameter filled; and one a parameter where only the others would be refused."""
    for route in routes(world.client.app):
        names = [one.alias for one in route.dependant.query_params]
        at = filled(world, route.path)[0]
        for name in names:
            yield f"{at}?{name}={said}"


def _in_paths(world: World, said: str) -> Iterator[str]:
    for route in routes(world.client.app):
        parts = route.path.split("{")
        for k in range(1, len(parts)):
            yield _at(route, world, k, said)


def _at(route: APIRoute, world: World, k: int, said: str) -> str:
    """The path with `said` in its k-th place, and what is there in the others."""
    good = filled(world, route.path)[0].split("/")
    places = [n for n, part in enumerate(route.path.split("/")) if "{" in part]
    n = places[min(k, len(places)) - 1]
    good[n] = said.replace("/", "%2f")
    return "/".join(good)


@each(IN_QUERIES)
def test_what_a_query_says_is_text(world: World, attack: Attack) -> None:
    _ask(world, _in_queries(world, attack.said["said"]))


@each(IN_PATHS)
def test_what_a_path_says_is_text(world: World, attack: Attack) -> None:
    _ask(world, _in_paths(world, attack.said["said"]))


def _ask(world: World, paths: Iterator[str]) -> None:
    asked = 0
    for path in paths:
        answer = world.client.get(path)
        assert answer.status_code < 500, (path, answer.status_code, answer.text[:500])
        assert not any("zqx" in name.lower() for name in answer.headers), path
        assert "set-cookie" not in answer.headers, path
        if answer.is_redirect:
            assert (
                answer.headers["location"].startswith("/")
                and "zqx.example" not in answer.headers["location"][:14]
            )
            assert answer.headers["location"][1:2] not in ("/", "\\")
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert foreign(answer.text) == [], path
        asked += 1
    assert asked > 20


@pytest.mark.parametrize("said", [_SAID["markup"][1], _SAID["numbers"][1]])
def test_nothing_a_program_asks_makes_the_server_fail(world: World, said: str) -> None:
    for route in routes(world.client.app, api=True):
        at = filled(world, route.path)[0]
        needed = "&".join(
            f"{p.alias}=poisoned@v1" for p in route.dependant.query_params if p.field_info.is_required()
        )
        for name in [one.alias for one in route.dependant.query_params]:
            path = f"{at}?{needed}&{name}={said}"
            answer = world.client.get(path)
            assert answer.status_code < 500, (path, answer.text[:500])
            assert answer.headers["content-type"] != "text/html"


@pytest.fixture(scope="module")
def apart(world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A copy, because forms change it."""
    root = copy_of(world, tmp_path_factory.mktemp("forms"))
    app = create_app(lambda: assay.open(root), Settings("password", limits=MANY))
    book = Book(root / "server" / "access.sqlite", time, token_bytes)
    client = TestClient(app, base_url=HOST, follow_redirects=False, raise_server_exceptions=False)
    client.cookies.set("assay", book.begin("ann").text)
    return World(root, root, client, book, world.token, world.ids, world.jobs)


@each(IN_FORMS)
def test_what_a_form_says_is_text(apart: World, attack: Attack) -> None:
    """Also in the pages that answer a form and have no address: a policy that is tried, a token that is shown once."""
    world = apart
    token = form_token(world.client.get("/settings").text)
    headers = {"origin": HOST, "sec-fetch-site": "same-origin"}
    pages = 0
    for route in (one for one in world.client.app.routes if isinstance(one, APIRoute)):  # type: ignore[attr-defined]
        if "POST" not in route.methods or route.path.startswith(
            ("/api", "/logout", "/uploads", "/jobs", "/commands")
        ):
            continue
        at = filled(world, route.path)[0]
        fields = [
            name
            for one in route.dependant.body_params
            if hasattr(one.field_info.annotation, "model_fields")
            for name in one.field_info.annotation.model_fields
        ]
        good = {
            "ref": "poisoned@v1",
            "roles": "reader",
            "days": "1",
            "label": attack.said["said"][:60],
            "everywhere": "false",
        }
        for data in (
            dict.fromkeys(fields, attack.said["said"]),
            {name: good.get(name, attack.said["said"]) for name in fields},
        ):
            answer = world.client.post(f"{at}?form={token}", data=data, headers=headers)
            assert answer.status_code < 500, (at, answer.text[:300])
            assert "zqx" not in str(answer.headers.get("set-cookie", ""))
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert foreign(answer.text) == [], at
                pages += answer.status_code == 200
    assert pages >= 1
