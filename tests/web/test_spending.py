"""Judging and generating from the web: with the server's keys, at the server's addresses, and within a budget."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")
pytest.importorskip("openai", reason="the openai SDK is not installed")

from fastapi.testclient import TestClient

import assay
from assay.testing.llm_server import LlmServer
from assay.web.app import create_app
from assay.web.settings import Settings

from ..registry.judged import by_number, tickets
from ..registry.made_up_model import TEMPLATE, made_up

SECRET = "sk-of-the-server-4711"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    raw = tmp_path / "a.jsonl"
    raw.write_text("".join(json.dumps(row) + "\n" for row in tickets(12)), encoding="utf-8")
    (tmp_path / "prices.json").write_text('{"models": {"m": {"input": 1, "output": 5}}}')
    assay.init(tmp_path / "r", actor="ann").import_("helpdesk", [str(raw)])
    return tmp_path / "r"


def served(root: Path, server: LlmServer) -> TestClient:
    settings = Settings(endpoints=(f"lab={server.openai_url}",), prices=str(root.parent / "prices.json"))
    environment = {**os.environ, "LAB_API_KEY": SECRET}
    app = create_app(lambda: assay.open(root, actor="ann"), settings, environment=environment)
    return TestClient(app, base_url="http://127.0.0.1")


@pytest.fixture
def ended() -> Iterator[Any]:
    def wait(web: TestClient, made: Any) -> dict[str, Any]:
        assert made.status_code == 200, made.text
        until = time.monotonic() + 60
        while (found := web.get(f"/api/jobs/{made.json()['answer']['job']}").json())["live"]:
            assert time.monotonic() < until, found
            time.sleep(0.05)
        return dict(found)

    yield wait


def test_models_judge_and_the_key_is_written_nowhere(root: Path, ended: Any) -> None:
    with LlmServer(by_number, key=SECRET) as server, served(root, server) as web:
        body = {"ref": "helpdesk", "models": ["lab/m"], "budget": "1"}
        plan = ended(web, web.post("/api/commands/judge/run", json=body | {"dry_run": True}))
        assert (plan["line"]["state"], len(server.exchanges)) == ("done", 0), plan["error"]
        done = ended(web, web.post("/api/commands/judge/run", json=body))
        assert (done["line"]["state"], len(server.exchanges)) == ("done", 12), done["error"]
        assert web.get("/api/commands/facts", params={"ref": "helpdesk"}).json()["keys"]
        short = ended(web, web.post("/api/commands/judge/run", json=body | {"budget": "0.0001", "draws": 2}))
        assert short["error"]["code"] == "budget_reached", short
    files = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
    assert SECRET.encode() not in files


def test_models_write_a_version(root: Path, ended: Any) -> None:
    with LlmServer(made_up, key=SECRET) as server, served(root, server) as web:
        saved = web.post("/api/commands/template/save", json={"template": TEMPLATE})
        assert saved.status_code == 200, saved.text
        assert web.get("/api/commands/template/list").json()["templates"]
        name = saved.json()["template"]
        assert (
            web.get("/api/commands/template/show", params={"name": name}).json()["digest"]
            == saved.json()["digest"]
        )
        body = {
            "name": "desk", "template": name, "n": 4, "models": ["lab/m"], "budget": "1",
            "quotas": ["topic=refund:1,delivery:1", "language=中文:1,English:1"],
        }  # fmt: skip
        done = ended(web, web.post("/api/commands/generate", json=body))
        assert done["version"] == "desk@v1", done["error"]
        assert len(assay.open(root).version("desk@v1")) == 4
