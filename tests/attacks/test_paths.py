"""Paths: no name leads out of its folder, and none becomes a path that an attacker chose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import assay
from assay.errors import UsageError
from assay.model.ref import check_name
from assay.web.app import create_app
from assay.web.settings import Limits, Settings
from assay.web.uploads.upload import clean_name
from tests.attacks.catalogue import Attack, each
from tests.attacks.pages import routes
from tests.attacks.poisoned import World, copy_of

_WAYS = {
    "up": "../../../etc/passwd",
    "up-encoded": "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "up-twice": "%252e%252e%252fetc%252fpasswd",
    "up-dots": "....//....//etc/passwd",
    "up-semicolon": "..;/..;/etc/passwd",
    "up-overlong": "%c0%ae%c0%ae%c0%afetc%c0%afpasswd",
    "up-backslash": "..\\..\\etc\\passwd",
    "up-full-width": "．．／．．／etc／passwd",
    "root": "/etc/passwd",
    "root-twice": "//etc/passwd",
    "home": "~root/.ssh/id_rsa",
    "drive": "C:\\Windows\\win.ini",
    "share": "\\\\?\\C:\\x",
    "nul": "a.jsonl\x00.png",
    "nul-encoded": "a%00/../../etc/passwd",
    "dot": ".",
    "dots": "..",
    "device": "CON",
    "device-ending": "nul.jsonl",
    "stream": "a.jsonl::$DATA",
    "blank-end": "a. ",
    "line": "a\nb",
    "hidden": ".ssh",
    "option": "-rf",
    "variable": "$HOME/${PATH}",
    "filler": "a\u3164b",
    "marks": "a" + "\u0301" * 40,
    "long": "a" * 101,
}
NAMES = tuple(
    Attack(f"paths/name-{id}", repr(name), "names of datasets, queues, tags, branches, runs, templates, uploads",
           "refused as a name; of an upload's only what is harmless is kept, and no part of its path", {"name": name})
    for id, name in _WAYS.items()
)  # fmt: skip
ADDRESSES = tuple(
    Attack(f"paths/address-{id}", repr(name), "every route that has a place in its path, and /static",
           "404 or 400, nothing of a file, no failure", {"name": name})
    for id, name in _WAYS.items() if "encoded" in id or "overlong" in id or id in ("up", "up-backslash", "root", "up-twice")
)  # fmt: skip
ATTACKS = (*NAMES, *ADDRESSES, Attack("paths/export", "splits and datasets as an export writes them", "export",
                                      "every file lies in the folder that was named"))  # fmt: skip


@pytest.fixture(scope="module")
def mine(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[TestClient, Path]:
    root = copy_of(world, tmp_path_factory.mktemp("paths"))
    app = create_app(
        lambda: assay.open(root, actor="mallory"), Settings(limits=Limits(unsafe=10**6, asked=10**6))
    )
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False), root


@each(NAMES)
def test_no_name_leads_anywhere(mine: tuple[TestClient, Path], attack: Attack) -> None:
    client, root = mine
    name = attack.said["name"]
    with pytest.raises(UsageError):
        check_name(name)
    body: dict[str, Any]
    for path, body in (
        ("tag", {"ref": "poisoned@v1", "tag": name}),
        ("branch", {"name": "poisoned", "branch": name}),
        ("review/create", {"name": name, "ref": "poisoned@v1", "sample": "all"}),
        ("runs/link", {"ref": "poisoned@v1", "run": name}),
        ("template/save", {"template": {"id": name, "user": "x"}}),
        ("import", {"name": name, "sources": ["0" * 32]}),
    ):
        answer = client.post(f"/api/commands/{path}", json=body)
        assert 400 <= answer.status_code < 500, (path, name, answer.text[:200])
        assert "passwd" not in answer.headers.get("location", "")
    before = {path for path in root.rglob("*") if path.is_dir()}
    made = client.post("/api/uploads", headers={"upload-name": name.encode("utf-8")}, content=b"{}")
    sent = client.post("/uploads", files={"file": (name, b"{}")}) if name.isprintable() else made
    assert made.status_code == 201
    assert sent.status_code < 500
    told = made.json()
    assert not set(told["name"]) & set("/\\\x00\n:") and told["name"] not in (".", "..")
    new = [path for path in root.rglob("*") if path.is_dir() and path not in before]
    assert all(path.parent == root / "server" / "uploads" and len(path.name) == 32 for path in new)
    files = [one.name for path in new for one in path.iterdir()]
    assert set(files) <= {"data", "data.jsonl", "upload.json"}
    assert client.delete(f"/api/uploads/{told['id']}").status_code == 200
    for path in new:
        client.delete(f"/api/uploads/{path.name}")
    assert clean_name(name) == clean_name(clean_name(name))


@each(ADDRESSES)
def test_no_address_leads_out_of_a_folder(mine: tuple[TestClient, Path], attack: Attack) -> None:
    client, _ = mine
    name = attack.said["name"].replace("\\", "%5c")
    asked = [f"/static/{name}", f"/static/..{name}", f"/static/%2e%2e/{name}", f"//{name}"]
    for api in (False, True):
        for route in routes(client.app, api=api):
            if "{" in route.path:
                head = route.path.partition("{")[0]
                asked.append(head + name)
                asked.append(head + "help@v1" + route.path.rpartition("}")[2] + "/" + name)
    for path in asked:
        answer = client.get(path)
        assert answer.status_code in (303, 400, 404, 405, 422) or answer.url.path in ("/", "/audit"), (
            path,
            answer.status_code,
        )
        assert "root:" not in answer.text
        assert answer.headers.get("content-type") != "text/plain; charset=utf-8" or answer.status_code >= 400


def test_an_export_stays_in_its_folder(world: World, tmp_path: Path) -> None:
    """paths/export"""
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        "".join(json.dumps({"text": f"{k}", "split": "../../x", "id": "../../y"}) + "\n" for k in range(4))
    )
    root = copy_of(world, tmp_path)
    registry = assay.open(root, actor="ann")
    registry.import_("out", [str(rows)])
    to = tmp_path / "to"
    registry.export("out", str(to))
    assert {one.parent for one in to.rglob("*") if one.is_file()} <= {to, to / "train"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r", "rows.jsonl", "to"]
