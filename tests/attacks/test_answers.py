"""Answers: headers that strangers write, tables that spreadsheets run, caches that give one person's page to another, and
requests that two readers understand differently."""

from __future__ import annotations

import io
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

import assay
from assay.web.app import create_app
from assay.web.settings import Settings
from tests.attacks.catalogue import Attack, each
from tests.attacks.poisoned import NAME, World, copy_of

_FORMULAS = {
    "equals": "=cmd|' /C calc'!A0", "plus": "+1+cmd|' /C calc'!A0", "minus": "-2+3+cmd|' /C calc'!A0", "at": "@SUM(1+1)",
    "tab": "\t=1+1", "return": "\r=1+1", "line": "\n=1+1", "full-width": "＝1+1", "full-width-plus": "＋1", "full-width-at": "＠SUM(1)",
    "full-width-minus": "－1+1", "blank": "  =1+1", "quote": '"=1+1', "separator": "a,=1+1", "hyperlink": '=HYPERLINK("http://zqx.example","x")',
    "dde": "=DDE(\"cmd\";\"/C calc\";\"1\")", "no-break": "\u00a0=1+1", "zero-width": "\u200b=1+1", "bom": "\ufeff=1+1",
}  # fmt: skip
FORMULAS = tuple(
    Attack(f"answers/formula-{id}", repr(text), "every cell and column name of a CSV that is given out",
           "the cell begins with a quote, so that no spreadsheet runs it", {"text": text})
    for id, text in _FORMULAS.items()
)  # fmt: skip
_SPLITS = (
    "a\r\nset-cookie: zqx=1",
    "a\nx-zqx: 1",
    "a\x00b",
    'a"; filename="x.exe',
    "a\u2028b",
    "a嘊嘍set-cookie: zqx",
)
HEADERS = tuple(
    Attack(f"answers/header-{k}", repr(text), "names that come to stand in headers", "no header of theirs, one file name of ours",
           {"text": text})
    for k, text in enumerate(_SPLITS)
)  # fmt: skip
_RAW: dict[str, tuple[str, bytes, tuple[int, ...]]] = {
    "two-lengths": ("two lengths", b"POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nContent-Length: 60\r\n\r\nhello", (400,)),
    "length-and-chunks": ("a length and chunks", b"POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400, 422)),
    "odd-chunking": ("a coding that nobody knows", b"POST /login HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", (400, 501)),
    "chunking-twice": ("chunks twice", b"POST /login HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", (400, 501)),
    "length-minus": ("a length below nothing", b"POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n", (400,)),
    "length-plus": ("a length with a sign", b"POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length: +5\r\n\r\nhello", (400,)),
    "folded": ("a header on two lines", b"GET / HTTP/1.1\r\nHost: {host}\r\nX-A: a\r\n b\r\n\r\n", (200, 400)),
    "blank-name": ("a blank before the colon", b"GET / HTTP/1.1\r\nHost: {host}\r\nX-Zqx : 1\r\n\r\n", (400,)),
    "two-hosts": ("two hosts", b"GET / HTTP/1.1\r\nHost: {host}\r\nHost: zqx.example\r\n\r\n", (400, 421)),
    "two-hosts-turned": ("two hosts, theirs first", b"GET / HTTP/1.1\r\nHost: zqx.example\r\nHost: {host}\r\n\r\n", (400, 421)),
    "no-host": ("no host", b"GET / HTTP/1.1\r\n\r\n", (400, 421)),
    "absolute": ("a whole address", b"GET http://zqx.example/ HTTP/1.1\r\nHost: zqx.example\r\n\r\n", (400, 404, 421)),
    "nul": ("a NUL in a header", b"GET / HTTP/1.1\r\nHost: {host}\r\nX-A: a\x00b\r\n\r\n", (400,)),
    "no-http": ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01zqx\r\n\r\n", (400,)),
    "long-header": ("a header that does not end", b"GET / HTTP/1.1\r\nHost: {host}\r\nX-A: " + b"a" * (300 << 10) + b"\r\n\r\n", (400, 431)),
    "long-line": ("an address that does not end", b"GET /" + b"a" * (300 << 10) + b" HTTP/1.1\r\nHost: {host}\r\n\r\n", (400, 404, 414)),
    "upgrade": ("another protocol", b"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", (200, 400, 426)),
    "websocket": ("a socket that no guard sees", b"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: enF4enF4enF4enF4enF4eg==\r\n\r\n", (200, 400, 403, 404, 426, 500)),
}  # fmt: skip
WIRES = tuple(
    Attack(f"wire/{id}", what, "the connection", f"one answer of {codes}, and what follows is no second request",
           {"raw": raw, "codes": codes})
    for id, (what, raw, codes) in _RAW.items()
)  # fmt: skip
CACHES = (
    Attack("answers/cache", "a cache or a browser's back key that shows one person's page to the next", "every answer but /static",
           "Cache-Control: no-store, and no ETag"),
    Attack("answers/unkeyed", "headers of proxies that no cache looks at: another host, prefix or address", "every answer",
           "they change nothing"),
    Attack("answers/etag", "an ETag that says what somebody else sees", "every page", "there is none"),
)  # fmt: skip
ATTACKS = (*FORMULAS, *HEADERS, *WIRES, *CACHES)


@each(FORMULAS)
def test_no_cell_of_a_csv_is_run(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    import csv

    import pyarrow as pa

    from assay.cli.render.query import print_csv

    text = attack.said["text"]
    made = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(made, "utf-8"))
    print_csv(pa.table({text: [text], "json": [[text]], "n": [1]}))
    rows = list(csv.reader(io.StringIO(made.getvalue().decode("utf-8"), newline="")))
    assert len(rows) == 2 and all(len(row) == 3 for row in rows)
    for cell in (rows[0][0], rows[1][0], rows[1][1]):
        seen = cell.lstrip(" \u00a0\u200b\ufeff\n")
        assert not seen.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")), cell
        assert cell.endswith(text) or cell.startswith("["), "nothing of it is lost"


@each(HEADERS)
def test_no_header_is_theirs(world: World, attack: Attack) -> None:
    said = quote(attack.said["text"])
    for path in (f"/api/commands/card?ref={said}", f"/api/commands/export?ref={said}", f"/d/{said}/map/picture.png",
                 f"/audit/checkpoints/{said}", f"/api/commands/report?ref={said}"):  # fmt: skip
        answer = world.client.get(path)
        assert answer.status_code < 500, path
        assert not {name for name in answer.headers if "zqx" in name} and "set-cookie" not in answer.headers


def test_file_names_in_headers_are_ours(world: World) -> None:
    """answers/header-*: of a dataset whose name has other letters, and of a version's own name."""
    for path in (f"/api/commands/card?ref={quote(NAME)}&format=html", f"/api/commands/export?ref={quote(NAME)}",
                 f"/api/commands/report?ref={quote(NAME)}", "/audit/1/proof.json"):  # fmt: skip
        answer = world.client.get(path)
        assert answer.status_code == 200, (path, answer.text[:200])
        name = answer.headers["content-disposition"]
        assert (
            name.startswith('attachment; filename="')
            and name.isascii()
            and name.count('"') == 2
            and ";" not in name[12:]
        )
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_nothing_private_is_kept_by_a_cache(world: World, answers: dict[str, Any]) -> None:
    """answers/cache, answers/etag"""
    for path, answer in answers.items():
        assert answer.headers["cache-control"] == "no-store", path
        hub = "/resolve/" in path  # whose clients keep files by ETag, under their digest
        assert not {"last-modified", "expires", *(() if hub else ("etag",))} & set(answer.headers), path
    asked = ("/", "/audit", "/settings/access", "/api/", "/api/commands/list", "/none", "/login")
    for path in asked:
        answer = world.client.get(
            path, headers={"if-none-match": "*", "if-modified-since": "Mon, 01 Jan 2035 00:00:00 GMT"}
        )
        assert answer.status_code != 304, path
        assert answer.headers["cache-control"] == "no-store", path
    for odd in (
        "/settings/access/x.css",
        "/audit/1.js",
        "/settings.png",
        "/;/static/app.js",
        "/settings%2f..%2fstatic/x",
    ):
        assert world.client.get(odd).headers["cache-control"] == "no-store", odd


def test_no_header_of_a_proxy_changes_an_answer(world: World) -> None:
    """answers/unkeyed"""
    asked = ("/", "/login", "/d/poisoned/versions", "/none", "/api/openapi.json")
    headers = {"x-forwarded-host": "zqx.example", "x-forwarded-proto": "https", "x-forwarded-prefix": "/zqx", "forwarded": "host=zqx.example",
               "x-original-url": "/settings/people", "x-rewrite-url": "/settings/people", "x-host": "zqx.example", "x-forwarded-scheme": "http"}  # fmt: skip
    for path in asked:
        plain, other = world.client.get(path), world.client.get(path, headers=headers)
        assert (plain.status_code, plain.text) == (other.status_code, other.text), path
        assert plain.headers.get("location") == other.headers.get("location")


@pytest.fixture(scope="module")
def port(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The application as it is served, without a TestClient's good manners."""
    uvicorn = pytest.importorskip("uvicorn", reason="needs the extra `web`")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = int(free.getsockname()[1])
    root = copy_of(world, tmp_path_factory.mktemp("wire"))
    app = create_app(lambda: assay.open(root, actor="ann"), Settings())
    # As `assay serve` runs it.
    config = uvicorn.Config(
        app, host="127.0.0.1", port=number, log_level="critical", server_header=False, proxy_headers=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.02)
    yield number
    server.should_exit = True
    thread.join(10)


@each(WIRES)
def test_a_request_is_one_request(port: int, attack: Attack) -> None:
    smuggled = f"GET /api/zqx-smuggled HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    raw = attack.said["raw"].replace(b"{host}", f"127.0.0.1:{port}".encode())
    with socket.create_connection(("127.0.0.1", port), timeout=5) as made:
        got = b""
        try:
            made.sendall(raw + (smuggled if attack.said["codes"] == (400,) else b""))
            made.settimeout(2)
            while piece := made.recv(65536):
                got += piece
                if b"\r\n\r\n" in got and attack.said["codes"] != (400,):
                    break
        except (TimeoutError, ConnectionError):
            pass
    if not got:
        return  # it hung up: nobody was answered
    assert int(got[9:12]) in attack.said["codes"], got[:300]
    assert b"zqx-smuggled" not in got and got.count(b"HTTP/1.1 ") == 1, got[:600]
    head = got.partition(b"\r\n\r\n")[0]
    assert b"101 Switching" not in head and b"zqx" not in head


def test_who_sends_slowly_or_nothing_holds_up_nobody(port: int) -> None:
    """wire: connections that are opened and left"""
    held = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(50)]
    try:
        for one in held:
            one.sendall(b"POST /runs/link HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\na")
        with socket.create_connection(("127.0.0.1", port), timeout=5) as other:
            other.sendall(
                f"GET /login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
            )
            other.settimeout(10)
            assert other.recv(12) == b"HTTP/1.1 200"
    finally:
        for one in held:
            one.close()
