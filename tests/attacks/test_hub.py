"""The Hub's protocol as an entrance: paths, revisions, ranges and headers; nothing but a version's own files comes out."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

import assay
from assay.web.app import create_app
from assay.web.settings import Limits, Settings
from tests.attacks.catalogue import Attack, each
from tests.attacks.poisoned import HOST, World, copy_of
from tests.attacks.texts import SHORT
from tests.web.test_hub import raw

ID, SHARD = "assay/poisoned", "data/train-00000-of-00001.parquet"
_PATHS = {
    "up": "../../../registry.json", "up-encoded": "..%2f..%2f..%2fregistry.json", "up-twice": "%252e%252e/index.json",
    "index": "index.json", "index-below": "data/../index.json", "root": "%2fetc%2fpasswd", "dot": "./README.md",
    "backslash": "..%5c..%5cregistry.json", "nul": "README.md%00.parquet",
    "line": "README.md%0d%0aset-cookie:%20zqx=1", "folder": "data", "case": "readme.MD", "long": "a/" * 2_000,
}  # fmt: skip
PATHS = tuple(
    Attack(f"hub/path-{id}", repr(path[:40]), "resolve, tree, paths-info",
           "404, or README.md itself where a client takes the dots out; no file of another place", {"path": path})
    for id, path in _PATHS.items()
)  # fmt: skip
_REVISIONS = {
    "split": "v1:train", "line": "v1\r\nx-zqx: 1", "markup": SHORT, "long": "v" + "9" * 5_000, "zero": "v0",
    "digest": "sha256:" + "0" * 63 + "g", "commit": "f" * 40, "short": "0" * 39, "date": "2026-13-45", "at": "v1@v2",
    "nul": "v1\x00", "convert": "refs/convert/parquet",
}  # fmt: skip
REVISIONS = tuple(
    Attack(f"hub/revision-{id}", repr(said[:40]), "every route with a revision", "404, and no header of the attacker's",
           {"revision": said})
    for id, said in _REVISIONS.items()
)  # fmt: skip
_RANGES = {
    "many": "bytes=" + ",".join(f"{n}-{n}" for n in range(5_000)), "overlapping": "bytes=" + ",".join(["0-"] * 5_000),
    "digits": "bytes=0-" + "9" * 20_000, "beyond": "bytes=999999999999-", "backwards": "bytes=9-1", "minus": "bytes=--1",
    "unit": "zqx=0-1", "letters": "bytes=a-b", "blank": "bytes=0 - 1", "nothing": "bytes=",
}  # fmt: skip
RANGES = tuple(
    Attack(f"hub/range-{id}", said[:40], "Range of a file", "the file once at most, or 416", {"range": said})
    for id, said in _RANGES.items()
)
MORE = (
    Attack("hub/etags", "an If-None-Match of thousands of tags", "a file", "200"),
    Attack("hub/paths", "two megabytes of paths", "paths-info", "400"),
    Attack(
        "hub/write",
        "what would change something at the Hub",
        "commit, preupload, create, delete",
        "404 or 405",
    ),
    Attack(
        "hub/reason", "a reason of a revocation that writes headers", "X-Error-Message", "one line, spelled"
    ),
)
ATTACKS = (*PATHS, *REVISIONS, *RANGES, *MORE)


@pytest.fixture(scope="module")
def mine(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[TestClient, Path]:
    root = copy_of(world, tmp_path_factory.mktemp("hub"))
    limits = Limits(unsafe=10**6, asked=10**6)
    app = create_app(lambda: assay.open(root, actor="mallory"), Settings(limits=limits))
    return TestClient(app, base_url=HOST, raise_server_exceptions=False), root


@each(PATHS)
def test_no_path_leads_out_of_a_version(mine: tuple[TestClient, Path], attack: Attack) -> None:
    client, path = mine[0], attack.said["path"]
    own = client.get(f"/datasets/{ID}/resolve/v2/README.md").content
    got = client.get(f"/datasets/{ID}/resolve/v2/{path}")
    assert got.status_code == 404 or got.content == own
    assert "set-cookie" not in got.headers
    listed = client.get(f"/api/datasets/{ID}/tree/v2/{path}")
    assert listed.status_code == 404 or [one["path"] for one in listed.json()] == [SHARD]
    told = client.post(f"/api/datasets/{ID}/paths-info/v2", data={"paths": [path]})
    assert {one["path"] for one in told.json()} <= {"data"}


@each(REVISIONS)
def test_no_revision_is_more_than_a_name(mine: tuple[TestClient, Path], attack: Attack) -> None:
    client, revision = mine[0], quote(attack.said["revision"], safe="")
    for method, path in (
        ("GET", f"/api/datasets/{ID}/revision/{revision}"),
        ("GET", f"/api/datasets/{ID}/tree/{revision}"),
        ("GET", f"/api/datasets/{ID}/commits/{revision}"),
        ("POST", f"/api/datasets/{ID}/paths-info/{revision}"),
        ("HEAD", f"/datasets/{ID}/resolve/{revision}/README.md"),
    ):
        got = client.request(method, path)
        assert got.status_code in (404, 405), (path, got.status_code)
        assert not [name for name in got.headers if "zqx" in name]


@each(RANGES)
def test_a_range_never_gives_more_than_the_file(mine: tuple[TestClient, Path], attack: Attack) -> None:
    address = f"/datasets/{ID}/resolve/v2/{SHARD}"
    size = int(mine[0].head(address).headers["content-length"])
    got = mine[0].get(address, headers={"range": attack.said["range"]})
    assert (got.status_code, len(got.content)) in ((200, size), (206, size), (416, 0))


def test_whatever_else_is_sent(mine: tuple[TestClient, Path]) -> None:
    """hub/etags, hub/paths, hub/write"""
    client, root = mine
    address = f"/datasets/{ID}/resolve/v2/README.md"
    tags = ",".join(f'"{n}"' for n in range(5_000))
    assert client.get(address, headers={"if-none-match": tags}).status_code == 200
    many = "&".join(["paths=a"] * 200_000)
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post(f"/api/datasets/{ID}/paths-info/v2", content=many, headers=form).status_code == 400
    entries = len(assay.open(root).log())
    for method, path in (
        ("POST", f"/api/datasets/{ID}/commit/main"),
        ("POST", f"/api/datasets/{ID}/preupload/main"),
        ("POST", f"/api/datasets/{ID}/branch/zqx"),
        ("POST", "/api/repos/create"),
        ("DELETE", "/api/repos/delete"),
        ("PUT", address),
        ("DELETE", address),
        ("PUT", f"/api/datasets/{ID}/settings"),
    ):
        assert client.request(method, path, json={"name": "poisoned"}).status_code in (404, 405), path
    assert len(assay.open(root).log()) == entries


def test_a_reason_writes_no_header(mine: tuple[TestClient, Path]) -> None:
    """hub/reason"""
    client, root = mine
    registry = assay.open(root, actor="mallory")
    registry.releases.revoke("poisoned@v1", reason="no\r\nset-cookie: zqx=1\x00\x1b[2J " + "zqx" * 900)
    status, told = raw(client, "HEAD", f"/datasets/{ID}/resolve/v1/README.md")
    assert status == 403
    assert "set-cookie" not in told
    assert all(value.isprintable() and len(value) < 700 for value in told.values())
    assert "\\x00\\x1b[2J" in told["x-error-message"]
