"""The server killed while it curates, takes reviews, uploads and examples: nothing that it acknowledged is lost."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

import httpx

import assay


class Server:
    """`assay serve` in a process of its own, over one registry."""

    def __init__(self, root: Path) -> None:
        self.root = root
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.web = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = [
            "-m",
            "assay.cli.main",
            "serve",
            "--port",
            str(self.port),
            "--registry",
            str(self.root),
            "--actor",
            "ann",
        ]
        with (self.root.parent / "server.log").open("ab") as log:
            self.process = subprocess.Popen([sys.executable, *words], stdout=log, stderr=log)
        until = time.monotonic() + 30
        while True:
            try:
                if self.web.get("/api/commands/list").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < until, (self.root.parent / "server.log").read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.web.close()
        self.web = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def ended(self, id: str) -> dict[str, Any]:
        until = time.monotonic() + 60
        while (found := self.web.get(f"/api/jobs/{id}").json())["live"]:
            assert time.monotonic() < until, found
            time.sleep(0.05)
        return dict(found)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    assay.init(tmp_path / "r", actor="ann")
    made = Server(tmp_path / "r")
    made.start()
    yield made
    made.kill()
    made.web.close()


def rows(count: int) -> bytes:
    made = ({"instruction": f"How? 第 {k} 单", "input": "", "output": f"So: {k * k}."} for k in range(count))
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in made)


def in_the_background(work: Callable[[], None]) -> threading.Thread:
    def until_it_breaks() -> None:
        try:
            work()
        except httpx.TransportError:
            return

    thread = threading.Thread(target=until_it_breaks)
    thread.start()
    return thread


def test_killed_during_a_curation(server: Server) -> None:
    sent = server.web.post("/api/uploads", params={"name": "big.jsonl"}, content=rows(30_000)).json()
    body = {"name": "help", "sources": [sent["id"]]}
    running = server.web.post("/api/commands/curate", json=body).json()["answer"]["job"]
    waiting = [
        server.web.post("/api/commands/import", json=body | {"name": f"other{k}"}).json()["answer"]["job"]
        for k in range(2)
    ]
    until = time.monotonic() + 30
    while not server.web.get(f"/api/jobs/{running}").json()["phases"]:
        assert time.monotonic() < until
        time.sleep(0.02)
    server.kill()
    server.start()
    page = server.ended(running)
    assert (page["line"]["state"], page["version"]) == ("done", "help@v1")
    for id in waiting:
        assert server.ended(id)["line"]["state"] == "done"
    registry = assay.open(server.root)
    assert sorted(one.name for one in registry.datasets()) == ["help", "other0", "other1"]
    assert registry.verify().ok
    assert page["operation"] == registry.version("help@v1").operation.seq


def test_killed_during_an_upload(server: Server) -> None:
    data = os.urandom(1 << 20) * 48
    made = server.web.post(
        "/api/uploads", params={"name": "a.bin"}, headers={"upload-length": str(len(data))}
    )
    at, acknowledged = made.headers["location"], [0]

    def send() -> None:
        with httpx.Client(base_url=server.web.base_url, timeout=60) as web:
            while acknowledged[-1] < len(data):
                start = acknowledged[-1]
                answer = web.patch(
                    at, headers={"upload-offset": str(start)}, content=data[start : start + (1 << 20)]
                )
                acknowledged.append(int(answer.headers["upload-offset"]))

    for _ in range(2):
        sending, before = in_the_background(send), len(acknowledged)
        until = time.monotonic() + 20
        while len(acknowledged) < before + 8:
            assert time.monotonic() < until
            time.sleep(0.005)
        server.kill()
        sending.join()
        server.start()
        told = server.web.get(at).json()
        assert told["offset"] >= acknowledged[-1] > 0
        acknowledged.append(told["offset"])
    send()
    assert server.web.get(at).json()["sha256"] == hashlib.sha256(data).hexdigest()


def test_killed_while_people_review(server: Server) -> None:
    raw = server.root.parent / "raw.jsonl"
    raw.write_bytes(rows(300))
    assay.open(server.root, actor="bob").import_("help", [str(raw)])
    made = server.web.post("/api/commands/review/create", json={"name": "q", "ref": "help@v1"})
    assert made.status_code == 200, made.text
    ids = [
        one["id"]
        for one in server.web.get("/api/commands/review/export", params={"queue": "q"}).json()["rows"]
    ]
    acknowledged: list[str] = []

    def review() -> None:
        with httpx.Client(base_url=server.web.base_url, timeout=60) as web:
            for id in ids[len(acknowledged) :]:
                answer = web.post("/api/commands/review/reject", json={"queue": "q", "ids": [id]})
                assert answer.status_code == 200
                acknowledged.append(id)

    for enough in (10, 20):
        reviewing = in_the_background(review)
        until = time.monotonic() + 60
        while len(acknowledged) < enough:
            assert time.monotonic() < until
            time.sleep(0.005)
        server.kill()
        reviewing.join()
        server.start()
    registry = assay.open(server.root)
    rows_ = server.web.get("/api/commands/review/export", params={"queue": "q"}).json()["rows"]
    rejected = {one["id"] for one in rows_ if one["verdict"] == "reject"}
    assert set(acknowledged) <= rejected
    assert len(rejected) <= len(acknowledged) + 2, "what was under way may have been written too"
    assert registry.audit.verify().ok


def test_killed_while_agents_write(server: Server) -> None:
    acknowledged: list[int] = []

    def post(web: Any, k: int) -> None:
        body = {
            "generator": "lab/m",
            "examples": [{"prompt": f"q {k}-{j}", "output": f"a {j}"} for j in range(5)],
        }
        answer = web.post("/api/d/reviews/examples", json=body, headers={"idempotency-key": f"k{k}"})
        assert answer.status_code == 200, answer.text
        acknowledged.append(k)

    def write() -> None:
        with httpx.Client(base_url=server.web.base_url, timeout=60) as web:
            for k in range(len(acknowledged), 200):
                post(web, k)
                if k % 7 == 6:
                    web.post("/api/d/reviews/examples/flush")

    for enough in (15, 30, 45):
        writing = in_the_background(write)
        until = time.monotonic() + 60
        while len(acknowledged) < enough:
            assert time.monotonic() < until
            time.sleep(0.005)
        server.kill()
        writing.join()
        server.start()
        for k in acknowledged[-3:]:  # the agent asks again, because it cannot know
            post(server.web, k)
            acknowledged.pop()
    server.web.post("/api/d/reviews/examples/flush")
    assert server.web.get("/api/d/reviews/examples/waiting").json()["waiting"] == 0
    registry = assay.open(server.root)
    version = registry.version("reviews")
    held = [dict(one.payload)["messages"][0]["content"] for one in version]
    assert len(held) == len(set(held))
    wanted = {f"q {k}-{j}" for k in set(acknowledged) for j in range(5)}
    assert wanted <= set(held)
    assert len(held) <= len(wanted) + 5
    again = [
        one
        for manifest in registry.all_versions()
        for one in (registry.store.curation(manifest) or {})["sources"]
    ]
    assert len({one["uri"] for one in again}) == len(list(registry.all_versions())), "no batch landed twice"
    assert registry.verify().ok
