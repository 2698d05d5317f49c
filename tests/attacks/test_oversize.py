"""Too much: bodies, headers, fields, nesting, rows, and patterns and queries that never end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

import assay
from assay.web.app import create_app
from assay.web.settings import Limits, Settings
from tests.attacks.catalogue import Attack, each
from tests.attacks.poisoned import HOST, World, copy_of
from tests.attacks.texts import FLOOD

LIMIT = 1 << 16
_BODIES: dict[str, tuple[str, bytes, str]] = {
    "body": ("a body beyond the limit", b"x" * (LIMIT + 1), "application/json"),
    "depth-list": ("lists in lists", b"[" * 20_000 + b"]" * 20_000, "application/json"),
    "depth-map": ("maps in maps", b'{"a":' * 9_000 + b"1" + b"}" * 9_000, "application/json"),
    "depth-field": ("a field that is lists in lists", b'{"name":"help","facts":' + b"[" * 20_000 + b"]" * 20_000 + b"}", "application/json"),
    "digits": ("a number of fifty thousand digits", b'{"n":' + b"9" * 50_000 + b"}", "application/json"),
    "exponent": ("a number beyond all", b'{"score":1e999999,"n":-1e999999,"seed":NaN}', "application/json"),
    "keys": ("thousands of fields", json.dumps({f"k{n}": 1 for n in range(4_000)}).encode(), "application/json"),
    "same-key": ("one field a thousand times", b"{" + b",".join([b'"name":"a/b"'] * 4_000) + b"}", "application/json"),
    "surrogates": ("halves of characters", json.dumps({"name": "\ud800", "ref": "\udfff", "reason": "\ud83d"}).encode(), "application/json"),
    "no-utf8": ("bytes that are no text", b'{"name": "\xff\xfe"}', "application/json"),
    "utf16": ("another encoding", '{"name": "a/b"}'.encode("utf-16"), "application/json; charset=utf-16"),
    "bom": ("a mark before the document", b'\xef\xbb\xbf{"name": "a/b"}', "application/json"),
    "no-json": ("half a document", b'{"name": ', "application/json"),
    "null": ("nothing", b"null", "application/json"),
    "text": ("a text where fields are", b'"name"', "application/json"),
    "fields": ("a form of thousands of fields", b"&".join([b"a=b"] * 12_000), "application/x-www-form-urlencoded"),
    "parts": ("a form of thousands of parts", b"".join(b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n' for _ in range(1_200)) + b"--x--\r\n", "multipart/form-data; boundary=x"),
    "boundary": ("a form without an end", b"--x\r\n" * 9_000, "multipart/form-data; boundary=x"),
    "long-part-header": ("a part's header that does not end", b"--x\r\ncontent-disposition: " + b"a" * 60_000, "multipart/form-data; boundary=x"),
    "compressed": ("a body that says it is packed", b"\x1f\x8b\x08" + b"\x00" * 100, "application/json"),
}  # fmt: skip
BODIES = tuple(
    Attack(f"oversize/{id}", what, "every act", "4xx, no failure, no entry in the log", {"body": body, "kind": kind})
    for id, (what, body, kind) in _BODIES.items()
)  # fmt: skip
_SEARCHED = {
    "pattern": "(a+)+$" + "a" * 40, "alternatives": "(a|a)*b " * 30, "back": "(.*)\\1\\1\\1", "blank": " " * 4_000, "quotes": '"' * 2_001,
    "minus": "-" * 2_000, "stars": "*" * 2_000, "fields": "label:" * 300, "not": "not " * 400, "brackets": "(" * 2_000,
    "ranges": "length:1..99999999999999999999999999", "marks": "a" + "\u0301" * 1_900, "chinese": "退" * 2_000, "nul": "a\x00b",
    "long": "x" * 30_000,
}  # fmt: skip
SEARCHES = tuple(
    Attack(f"oversize/search-{id}", repr(text[:40]), "search, explore, rejected, find, where", "an answer soon: within a second or so",
           {"text": text})
    for id, text in _SEARCHED.items()
)  # fmt: skip
_SQL = {
    "cross": "select count(*) from range(100000000) a, range(100000000) b",
    "recursive": "with recursive t(n) as (select 1 union all select n + 1 from t) select max(n) from t",
    "memory": "select repeat('x', 1000000000)",
    "rows": "select * from range(10000000)",
    "pattern": "select regexp_matches(repeat('a', 100000), '(a+)+$')",
    "depth": "select " + "(" * 3_000 + "1" + ")" * 3_000,
}
QUERIES = tuple(
    Attack(f"oversize/sql-{id}", sql[:60], "query", "refused or cut off, in bounded time and memory", {"sql": sql})
    for id, sql in _SQL.items() if id not in ("cross", "recursive")
)  # fmt: skip
SLOW_QUERIES = tuple(
    Attack(f"oversize/sql-{id}", _SQL[id], "query", "cut off after ten seconds", {"sql": _SQL[id]})
    for id in ("cross", "recursive")
)
MORE = (
    Attack("oversize/no-length", "a body in chunks that says nothing of its size", "every act", "cut off at the limit"),
    Attack("oversize/upload", "a file beyond the limit, announced or not", "/api/uploads", "413, nothing of it is kept"),
    Attack("oversize/uploads", "more files than one may have", "/api/uploads", "400"),
    Attack("oversize/often", "more requests than one may make", "every route", "429 with Retry-After"),
    Attack("oversize/yaml-aliases", "YAML that unfolds to billions", "recipes and policies", "refused, at once"),
    Attack("oversize/rows", "a record that is larger than any need be", "a source", "malformed, with its line"),
)  # fmt: skip
ATTACKS = (*BODIES, *SEARCHES, *QUERIES, *SLOW_QUERIES, *MORE)


class Served:
    def __init__(self, root: Path) -> None:
        self.root = root
        limits = Limits(body=LIMIT, upload=LIMIT, uploads=3, asked=10**6, unsafe=10**6)
        app = create_app(lambda: assay.open(root, actor="ann"), Settings(limits=limits), environment={})
        self.web = TestClient(app, base_url=HOST, follow_redirects=False, raise_server_exceptions=False)
        self.acts = [
            (method, one.path.replace("{ref}", "poisoned@v1").replace("{name}", "poisoned").replace("{queue}", "edits"))
            for one in app.routes if isinstance(one, APIRoute)
            for method in one.methods & {"POST", "PUT", "PATCH"}
            if "uploads" not in one.path
        ]  # fmt: skip

    @property
    def entries(self) -> int:
        return len(assay.open(self.root).log())


@pytest.fixture(scope="module")
def served(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield Served(copy_of(world, tmp_path_factory.mktemp("oversize")))


@each(BODIES)
def test_a_body_that_is_too_much_is_refused(served: Served, attack: Attack) -> None:
    before = served.entries
    headers = {"content-type": attack.said["kind"]}
    if attack.id.endswith("compressed"):
        headers["content-encoding"] = "gzip"
    for method, path in served.acts[:: 1 if len(attack.said["body"]) < 1_000 else 6]:
        if any(word in path for word in _BODYLESS):
            continue
        answer = served.web.request(method, path, content=attack.said["body"], headers=headers)
        assert answer.status_code < 500, (path, answer.text[:300])
        assert attack.id != "oversize/body" or answer.status_code == 413
    assert served.entries == before


_BODYLESS = ("/flush", "/audit/checkpoint", "/verify", "/gc", "/compact", "/logout", "/settings/view")
"""Acts that need no field: a body that says nothing of theirs is no attack on them."""


def test_no_half_of_a_character_makes_an_act_fail(served: Served) -> None:
    """oversize/surrogates, in every field of every act, also where anything may stand."""
    app: Any = served.web.app
    document = app.openapi()
    tried = 0
    for path, methods in document["paths"].items():
        said = methods.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json")
        if said is None:
            continue
        schema = document["components"]["schemas"].get(said["schema"].get("$ref", "").rpartition("/")[2], {})
        at = (
            path.replace("{ref}", "poisoned@v1")
            .replace("{name}", "poisoned")
            .replace("{queue}", "edits")
            .replace("{id}", "a" * 64)
        )
        good: dict[str, Any] = {
            "ref": "poisoned@v1",
            "name": "poisoned",
            "queue": "edits",
            "ids": ["a" * 64],
            "id": "a" * 64,
        }
        for field in schema.get("properties", {}):
            for value in (
                "\ud800",
                {
                    "\ud800": "\udfff",
                    "id": "zqx",
                    "user": "\ud800",
                    "messages": [{"role": "user", "content": "\ud800"}],
                },
            ):
                body = {k: v for k, v in good.items() if k in schema["properties"]} | {field: value}
                for extra in schema.get("required", []):
                    body.setdefault(extra, "x")
                answer = served.web.post(
                    at, content=json.dumps(body), headers={"content-type": "application/json"}
                )
                assert answer.status_code < 500, (path, field, value, answer.text[:300])
                tried += 1
    assert tried > 150


@each(SEARCHES)
def test_no_search_takes_long(served: Served, attack: Attack) -> None:
    text = attack.said["text"]
    began = time.process_time()
    for path, name in (
        ("/search", "q"), ("/d/poisoned@v1/examples", "q"), ("/d/poisoned@v1/rejected", "q"), ("/api/commands/search", "query"),
        ("/api/commands/find?ref=poisoned", "query"), ("/api/commands/export?ref=poisoned", "where"),
    ):  # fmt: skip
        answer = served.web.get(path, params={**_query(path), name: text})
        assert answer.status_code < 500, (path, answer.text[:300])
    assert time.process_time() - began < 60, "linear: an exponential one would never end"


def _query(path: str) -> dict[str, str]:
    return {"ref": "poisoned"} if "ref=" in path else {}


def _asks_sql(served: Served, attack: Attack) -> None:
    answer = served.web.get("/api/commands/query", params={"sql": attack.said["sql"]})
    assert answer.status_code in (200, 400, 422), answer.text[:300]
    assert len(answer.content) < 64 << 20
    if answer.status_code == 200:
        assert len(answer.json()["rows"]) <= 100_000


@each(QUERIES)
def test_no_query_takes_what_it_wants(served: Served, attack: Attack) -> None:
    _asks_sql(served, attack)


@pytest.mark.soak
@each(SLOW_QUERIES)
def test_no_query_runs_for_ever(served: Served, attack: Attack) -> None:
    _asks_sql(served, attack)


def test_a_body_that_hides_its_size_is_cut_off(served: Served) -> None:
    """oversize/no-length"""
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        yield b'{"ref": "'
        for _ in range(64):
            sent += LIMIT // 4
            yield b"x" * (LIMIT // 4)

    before = served.entries
    for path in ("/api/commands/runs/link", "/runs/link"):
        answer = served.web.post(path, content=pieces(), headers={"content-type": "application/json"})
        assert 400 <= answer.status_code < 500, answer.text[:200]
    assert served.entries == before


def test_an_upload_has_bounds(served: Served) -> None:
    """oversize/upload, oversize/uploads"""
    web = served.web
    for one in web.get("/api/uploads").json()["uploads"]:
        web.delete(f"/api/uploads/{one['id']}")
    big = b"x" * (LIMIT + 1)
    assert web.post("/api/uploads", content=big).status_code == 413
    assert web.post("/api/uploads", files={"file": ("a", big)}).status_code == 413
    assert web.post("/api/uploads", content=iter([b"x" * 9_000] * 9)).status_code == 413
    assert web.post("/api/uploads", headers={"upload-length": str(LIMIT + 1)}).status_code == 413
    assert web.post("/api/uploads", headers={"upload-length": "9" * 30}).status_code == 422
    at = web.post("/api/uploads", headers={"upload-length": "10"}).headers["location"]
    assert web.patch(at, headers={"upload-offset": "0"}, content=b"x" * 11).status_code == 413
    assert web.patch(at, headers={"upload-offset": "5"}, content=b"x").status_code == 409
    assert web.get(at).json()["offset"] == 0
    assert [one["id"] for one in web.get("/api/uploads").json()["uploads"]] == [at.rpartition("/")[2]]
    codes = [web.post("/api/uploads", content=b"{}").status_code for _ in range(3)]
    assert codes == [201, 201, 400]


def test_who_asks_too_often_waits(tmp_path: Path) -> None:
    """oversize/often"""
    assay.init(tmp_path / "r")
    app = create_app(
        lambda: assay.open(tmp_path / "r", actor="ann"), Settings(limits=Limits(asked=8, unsafe=3))
    )
    web = TestClient(app, base_url=HOST, follow_redirects=False)
    codes = [web.post("/api/commands/tag", json={}).status_code for _ in range(5)]
    assert codes == [422] * 3 + [429] * 2 or codes == [422, 422, 422, 429, 429]
    answers = [web.get("/api/commands/list") for _ in range(6)]
    assert answers[-1].status_code == 429 and int(answers[-1].headers["retry-after"]) >= 1


def test_yaml_does_not_unfold(served: Served) -> None:
    """oversize/yaml-aliases"""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)
    )
    deep = "[" * 5_000
    for text in (
        bomb,
        deep,
        "a: " * 2_000,
        "? " * 5_000,
        "stages: " + "&a " * 100,
        "- !!python/name:os.system",
        FLOOD[:2_000],
    ):
        checked = served.web.get("/api/recipe", params={"yaml": text})
        assert checked.status_code == 200 and checked.json()["problems"], text[:40]
        for path, body in (
            ("policy/test", {"yaml": text, "ref": "poisoned@v1"}),
            ("policy/set", {"yaml": text}),
        ):
            answer = served.web.post(
                f"/api/commands/{path}",
                content=json.dumps(body),
                headers={"content-type": "application/json"},
            )
            assert 400 <= answer.status_code < 500, (path, text[:40], answer.status_code)


def test_a_record_has_a_bound(tmp_path: Path) -> None:
    """oversize/rows"""
    path = tmp_path / "a.jsonl"
    nested = "[" * 5_000 + "]" * 5_000
    with path.open("w") as file:
        file.write(json.dumps({"text": "x" * (17 << 20)}) + "\n")
        file.write('{"text": "deep", "more": ' + nested + "}\n")
        file.write('{"text": "digits", "n": ' + "9" * 5_000 + "}\n")
        file.write(json.dumps({"text": "good"}) + "\n")
    made = assay.init(tmp_path / "r").import_("mine", [str(path)]).as_json()
    assert made["read"] == 4 and made["malformed"] >= 1 and made["kept"] >= 1
