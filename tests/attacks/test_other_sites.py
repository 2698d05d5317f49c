"""Other sites: their pages may neither change anything here, nor read, frame, or lead away."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

import assay
from assay.web.access.guard import Guard
from assay.web.app import create_app
from assay.web.settings import Settings
from tests.attacks.catalogue import Attack, each
from tests.attacks.pages import routes
from tests.attacks.poisoned import HOST, MANY, World, copy_of
from tests.web.desk import form_token

_FORM = "application/x-www-form-urlencoded"
_CHANGES: dict[str, tuple[str, dict[str, str], str]] = {
    "origin": ("a form of another site", {"origin": "https://zqx.example"}, _FORM),
    "origin-null": ("a form in a sandboxed frame", {"origin": "null"}, _FORM),
    "origin-port": ("another server on this machine", {"origin": "http://127.0.0.1:9"}, _FORM),
    "origin-longer": ("a host that begins like ours", {"origin": "http://127.0.0.1.zqx.example"}, _FORM),
    "origin-user": ("our host as somebody's name", {"origin": "http://127.0.0.1@zqx.example"}, _FORM),
    "origin-two": ("two origins", {"origin": f"{HOST}, https://zqx.example"}, _FORM),
    "fetch-cross": ("a fetch of another site, without an origin", {"sec-fetch-site": "cross-site"}, _FORM),
    "fetch-same-site": ("a page of a neighbour below the same domain", {"sec-fetch-site": "same-site"}, _FORM),
    "fetch-odd": ("a word that nobody knows", {"sec-fetch-site": "zqx"}, _FORM),
    "no-token": ("our own page, without its token", {"origin": HOST}, _FORM),
    "fetch-none": ("an address typed in, without a token", {"sec-fetch-site": "none"}, _FORM),
    "text-plain": ("JSON as text/plain, which a browser sends unasked", {"origin": HOST}, "text/plain"),
    "multipart": ("a form with files", {"origin": HOST}, "multipart/form-data; boundary=x"),
    "override-header": ("a method in a header", {"origin": HOST, "x-http-method-override": "PUT"}, _FORM),
    "wrong-token": ("a token of zeros", {"origin": HOST, "x-assay-form": "0" * 64}, _FORM),
    "short-token": ("the beginning of the token", {"origin": HOST, "x-assay-form": "{half}"}, _FORM),
    "others-token": ("the token of somebody else's session", {"origin": HOST, "x-assay-form": "{other}"}, _FORM),
    "old-token": ("the token of one's session before", {"origin": HOST, "x-assay-form": "{old}"}, _FORM),
}  # fmt: skip
CHANGES = tuple(
    Attack(f"sites/{id}", what, "an act with a session's cookie", "403, and the log is as long as before",
           {"headers": headers, "kind": kind})
    for id, (what, headers, kind) in _CHANGES.items()
)  # fmt: skip
_HOSTS = (
    "zqx.example", "127.0.0.1.zqx.example", "zqx.example:80", "127.0.0.1@zqx.example", "localhost.zqx.example", "",
    "127.0.0.1 zqx.example", "127.0.0.1,zqx.example", "0.0.0.0", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]",
    "127.0.0.1.", "localhost.", "127.0.0.1:80:80", "http://127.0.0.1", "127.0.0.1/", "127.0.0.1#", "127.0.0.1\\zqx",
    "%31%32%37.0.0.1", "１２７.0.0.1",
)  # fmt: skip
HOSTS = tuple(
    Attack(f"sites/host-{host or 'none'}", "a name that was bound again to this machine", "the Host of a request", "421",
           {"host": host})
    for host in _HOSTS
)  # fmt: skip
_BACK = (
    "//zqx.example", "https://zqx.example", "/\\zqx.example", "/d/../../zqx.example", "javascript:zqx()", "/%09/zqx.example",
    "/d/x\r\nset-cookie: a=b", "/newer", "/d//zqx.example", "\\\\zqx.example", "/uploads@zqx.example",
)  # fmt: skip
REDIRECTS = tuple(
    Attack(f"sites/redirect-{k}", f"back={back!r}", "where an upload's form leads back to", "a page of ours", {"back": back})
    for k, back in enumerate(_BACK)
)  # fmt: skip
BOUND = (
    Attack("sites/frames", "our pages in a frame of theirs", "every page", "frame-ancestors 'none', X-Frame-Options: DENY"),
    Attack("sites/policy", "a script, style or address of theirs", "every page",
           "the policy lets nothing run and nothing be asked for that is not a file of ours"),
    Attack("sites/cors", "a page of theirs that reads", "every answer", "no Access-Control header, Cross-Origin-Resource-Policy"),
    Attack("sites/failure", "a failure that nobody foresaw", "every route", "a bare 500, with every header"),
    Attack("sites/preflight", "a page of theirs that asks whether it may", "OPTIONS", "405, and no leave"),
    Attack("sites/get-changes", "a link or picture of theirs that changes something", "GET of every act", "404 or 405"),
    Attack("sites/head-changes", "the same with HEAD, TRACE, CONNECT and made-up methods", "every act", "refused"),
    Attack("sites/login", "a login that another site sends, to log one in as them", "/login", "403"),
)  # fmt: skip
ATTACKS = (*CHANGES, *HOSTS, *REDIRECTS, *BOUND)


@pytest.fixture(scope="module")
def mine(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[TestClient, dict[str, str], World]:
    """The application over a copy, in mode password, with a session; and tokens of others."""
    from secrets import token_bytes
    from time import time

    from assay.web.access.book import Book

    root = copy_of(world, tmp_path_factory.mktemp("sites"))
    app = create_app(lambda: assay.open(root), Settings("password", limits=MANY))
    book = Book(root / "server" / "access.sqlite", time, token_bytes)
    book.add("bob", {"admin"}, None)  # type: ignore[arg-type]
    client = TestClient(app, base_url=HOST, follow_redirects=False, raise_server_exceptions=False)
    tokens = {}
    for name, who in (("other", "bob"), ("old", "ann"), ("own", "ann")):
        client.cookies.clear()
        client.cookies.set("assay", book.begin(who).text)
        tokens[name] = form_token(client.get("/settings").text)
    tokens["half"] = tokens["own"][:32]
    assert len({tokens["other"], tokens["old"], tokens["own"]}) == 3
    return client, tokens, World(root, root, client, book, "")


@each(CHANGES)
def test_no_change_comes_from_elsewhere(mine: Any, attack: Attack) -> None:
    client, tokens, made = mine
    before = len(made.registry().log())
    headers = {name: value.format(**tokens) for name, value in attack.said["headers"].items()}
    kind = attack.said["kind"]
    body = {"ref": "poisoned@v1", "run": "zqx-csrf"}
    data = json.dumps(body) if kind == "text/plain" else "ref=poisoned%40v1&run=zqx-csrf&form=x&_method=PUT"
    if kind.startswith("multipart"):
        data = (
            "".join(
                f'--x\r\ncontent-disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in body.items()
            )
            + "--x--\r\n"
        )
    sent = headers | {"content-type": kind}
    for path in (
        "/runs/link",
        "/api/runs/link",
        "/api/commands/runs/link",
        "/runs/link?form=",
        "/runs/link?_method=GET",
    ):
        assert client.post(path, content=data, headers=sent).status_code == 403, path
    assert len(made.registry().log()) == before


def test_the_same_from_our_page_is_done(mine: Any) -> None:
    client, tokens, made = mine
    before = len(made.registry().log())
    own = {"origin": HOST, "sec-fetch-site": "same-origin"}
    answer = client.post(
        f"/runs/link?form={tokens['own']}", data={"ref": "poisoned@v1", "run": "zqx-own"}, headers=own
    )
    assert answer.status_code == 303
    assert len(made.registry().log()) == before + 1


def test_json_as_plain_text_is_no_json(world: World) -> None:
    """sites/text-plain, by a program that has a token and sends no Origin."""
    body = json.dumps({"ref": "poisoned@v1", "run": "zqx-plain"})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "text/html", ""):
        answer = world.client.post(
            "/api/commands/runs/link", content=body, headers=world.bearer | {"content-type": kind}
        )
        assert answer.status_code == 422, kind


@each(HOSTS)
def test_a_name_that_is_not_ours_is_not_answered(mine: Any, attack: Attack) -> None:
    host = attack.said["host"]
    for path in ("/", "/api/commands/list", "/static/app.js", "/login"):
        answer = mine[0].get(path, headers={"host": host.encode("utf-8")})
        assert answer.status_code == 421, path
        assert "zqx" not in answer.text


@each(REDIRECTS)
def test_nobody_is_led_away(mine: Any, attack: Attack) -> None:
    client, tokens, _ = mine
    own = {"origin": HOST, "sec-fetch-site": "same-origin"}
    answer = client.post(
        "/uploads",
        params={"form": tokens["own"], "back": attack.said["back"]},
        files={"file": ("a", b"{}")},
        headers=own,
    )
    assert answer.status_code == 303
    to = answer.headers["location"]
    assert to == "/uploads" or to.startswith("/d/"), to
    assert not set(to) & set("\\\r\n\t") and "set-cookie" not in answer.headers


def test_every_answer_binds_the_browser(world: World, answers: dict[str, Any]) -> None:
    """sites/frames, sites/policy, sites/cors"""
    asked = ("/static/app.js", "/none", "/api/none", "/login", "/api/openapi.json", "/api/commands/list")
    for path, answer in [*answers.items(), *((path, world.client.get(path)) for path in asked)]:
        said = answer.headers
        policy = {part.split()[0]: part.split()[1:] for part in said["content-security-policy"].split(";")}
        assert policy["default-src"] == ["'none'"] and policy["frame-ancestors"] == ["'none'"], path
        assert policy["base-uri"] == ["'none'"] and policy["form-action"] == ["'self'"]
        assert {word for part in policy.values() for word in part} <= {"'none'", "'self'"}, (
            "nothing inline, no other host, nothing evaluated"
        )
        assert said["x-frame-options"] == "DENY"
        assert said["x-content-type-options"] == "nosniff"
        assert said["cross-origin-opener-policy"] == said["cross-origin-resource-policy"] == "same-origin"
        assert not [name for name in said if name.startswith("access-control")], path
        assert said["referrer-policy"] == "same-origin"
        assert "server" not in said and "x-powered-by" not in said


def test_a_failure_binds_the_browser_too() -> None:
    """sites/failure"""

    async def fails(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("<b zqx>")

    client = TestClient(Guard(fails, Settings()), base_url=HOST, raise_server_exceptions=False)
    answer = client.get("/<b zqx>")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "failed")
    assert "zqx" not in answer.text
    assert (
        answer.headers["cache-control"] == "no-store"
        and "default-src 'none'" in answer.headers["content-security-policy"]
    )


def test_no_page_of_theirs_gets_leave(world: World) -> None:
    """sites/preflight"""
    headers = {"origin": "https://zqx.example", "access-control-request-method": "POST",
               "access-control-request-headers": "authorization,content-type"}  # fmt: skip
    for path in ("/api/commands/runs/link", "/", "/api/uploads"):
        answer = world.client.options(path, headers=headers)
        assert answer.status_code == 405
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_reading_never_changes(mine: Any) -> None:
    """sites/get-changes, sites/head-changes"""
    from fastapi.routing import APIRoute

    client, _, made = mine
    before = len(made.registry().log())
    reads = {one.path for api in (False, True) for one in routes(client.app, api=api)}
    acts = [one for one in client.app.routes if isinstance(one, APIRoute) and "GET" not in one.methods]
    for route in acts:
        path = route.path
        for name in ("ref", "name", "queue", "id"):
            path = path.replace("{" + name + "}", "poisoned")
        for method in ("GET", "HEAD", "TRACE", "PROPFIND", "get"):
            answer = client.request(
                method, path, params={"ref": "poisoned@v1", "run": "zqx-get", "_method": "POST"}
            )
            assert (
                answer.status_code in (403, 404, 405, 400) or route.path in reads or _is_page(reads, path)
            ), (method, path)
    assert len(made.registry().log()) == before


def _is_page(reads: set[str], path: str) -> bool:
    """Another route has the same shape: /audit/{seq} and the like."""
    return any(one.count("/") == path.count("/") and "{" in one for one in reads)


def test_nobody_is_logged_in_by_another_site(mine: Any) -> None:
    """sites/login"""
    for headers in ({"origin": "https://zqx.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        for path in ("/login", "/logout"):
            answer = mine[0].post(path, data={"name": "eve", "password": "x" * 20}, headers=headers)
            assert answer.status_code == 403
            assert "set-cookie" not in answer.headers
