"""Two servers over one registry and one database: whoever signs in at one is known at the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")
pytest.importorskip("psycopg", reason="needs the extra `postgres`")

import httpx
from tests import postgres_cluster
from tests.web.test_collected import body, key
from tests.web.test_killed import Server

import assay

PASSWORD = "correct horse battery"


@contextmanager
def serving(root: Path, database: str, *, by_option: bool) -> Iterator[httpx.Client]:
    """A server in a process of its own, and a browser without cookies at it."""
    environment = {name: value for name, value in os.environ.items() if name != "ASSAY_DATABASE"}
    words = ("--mode", "password", "--database", database)
    more = {} if by_option else {"ASSAY_DATABASE": database}
    server = Server(root, *(words if by_option else words[:2]), environment=environment | more)
    server.start()
    try:
        yield server.web
    finally:
        server.kill()
        server.web.close()


def run(root: Path, database: str, *words: str, said: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "assay.cli.main", "--json", "--registry", str(root), *words],
        input=said, capture_output=True, text=True, env={**os.environ, "ASSAY_DATABASE": database}, check=True,
    )  # fmt: skip
    return done.stdout


def test_two_servers_share_people_sessions_tokens_and_the_index(tmp_path: Path, postgres: str) -> None:
    source = tmp_path / "raw.jsonl"
    source.write_text(
        "".join(
            json.dumps({"instruction": f"怎么退款？第 {k} 次", "output": f"{k * 37} 天"}) + "\n"
            for k in range(9)
        )
    )
    root = tmp_path / "r"
    assay.init(root, actor="ann").curate("help", [str(source)], recipe="import")
    added = run(
        root, postgres, "access", "add", "ann", "--role", "reader", "--role", "contributor", said=PASSWORD
    )
    assert json.loads(added)["person"] == "ann"
    token = json.loads(
        run(root, postgres, "access", "token", "ann", "--role", "contributor", "--role", "reader")
    )["token"]

    with ExitStack() as stack:
        one = stack.enter_context(serving(root, postgres, by_option=True))
        two = stack.enter_context(serving(root, postgres, by_option=False))
        assert two.get("/api/").status_code == 401
        came = one.post(
            "/login", data={"name": "ann", "password": PASSWORD}, headers={"Origin": str(one.base_url)}
        )
        assert came.status_code == 303 and one.cookies
        two.cookies.update(dict(one.cookies))
        assert two.get("/api/").status_code == 200
        assert len(two.get("/api/search", params={"q": "退款"}).json()["groups"][0]["hits"]) > 5
        bearer = {"Authorization": f"Bearer {token}"}

        posted = [
            web.post(
                "/api/d/reviews/examples", json=body("a", "b"), headers={**bearer, **key("one")},
            )
            for web in (one, two)
        ]  # fmt: skip
        assert [p.status_code for p in posted] == [posted[0].status_code] * 2, [p.text for p in posted]
        assert posted[0].json() == posted[1].json()

        listed = json.loads(run(root, postgres, "access", "list"))
        assert listed["tokens"][0]["used"] is not None
        run(root, postgres, "access", "change", "ann", "--shut")
        assert {web.get("/api/").status_code for web in (one, two)} == {401}
        assert one.get("/api/", headers=bearer).status_code == 401
    assert not list((root / "server").glob("*.sqlite"))
    log = (tmp_path / "server.log").read_text()
    assert not any(secret in log for secret in (postgres_cluster.PASSWORD, postgres_cluster.QUOTED))
