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
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

import httpx

import assay


class Server:
    """`assay serve` in a process of its own, over one registry."""

    def __init__(self, root: Path, *words: str, environment: Mapping[str, str] | None = None) -> None:
        self.root, self.words, self.environment = root, words, environment
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
            *self.words,
        ]
        with (self.root.parent / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *words], stdout=log, stderr=log, env=self.environment
            )
        until = time.monotonic() + 60
        while True:
            try:
                if self.web.get("/api/commands/list").status_code in (200, 401):
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
    assert (
        page["read"]
        == 30_000
        == page["answer"]["kept"] + page["answer"]["rejected"] + page["answer"]["malformed"]
    )
    assert len(registry.version("help@v1")) == page["answer"]["kept"]
    assert all(len(registry.version(f"other{k}")) == 30_000 for k in range(2)), (
        "no row of what waited is lost"
    )


@pytest.mark.parametrize("moments", [(2,), pytest.param((0, 1, 3), marks=pytest.mark.soak)])
def test_killed_with_its_jobs_as_in_a_power_cut(server: Server, moments: tuple[int, ...]) -> None:
    """Server and jobs die at one moment, early, in the middle, late: what was acknowledged is a job that says how it
    ended, an upload that is whole, and a version that is there or not; and the same again makes it."""
    data = rows(4_000)
    sent = server.web.post("/api/uploads", params={"name": "a.jsonl"}, content=data).json()
    asked = []
    for number, phases in enumerate(moments):
        body = {"name": f"help{number}", "sources": [sent["id"]]}
        job = server.web.post("/api/commands/curate", json=body).json()["answer"]["job"]
        asked.append(job)
        folder = server.root / "server" / "jobs" / job
        until = time.monotonic() + 30
        while not _as_far(folder, phases):
            assert time.monotonic() < until
            time.sleep(0.01)
        server.kill()
        _kill_job(folder)
        server.start()
        for id in asked:
            assert server.ended(id)["line"]["state"] in ("lost", "done"), (
                "every acknowledged job says how it ended"
            )
        told = server.web.get(f"/api/uploads/{sent['id']}").json()
        assert (told["complete"], told["sha256"]) == (True, hashlib.sha256(data).hexdigest())
    registry = assay.open(server.root)
    assert not registry.verify().damage
    there = {one.name for one in registry.datasets()}
    for number, id in enumerate(asked):
        page = server.web.get(f"/api/jobs/{id}").json()
        assert page["version"] is None or f"help{number}" in there, "nothing is said to be made that is not"
        if f"help{number}" not in there:
            again = server.web.post(f"/api/jobs/{id}/again", json={}).json()["answer"]["job"]
            assert server.ended(again)["line"]["state"] == "done"
    registry = assay.open(server.root)
    assert [len(registry.version(f"help{number}@v1")) for number in range(len(moments))] == [4_000] * len(
        moments
    )
    assert registry.verify().ok


def _as_far(folder: Path, phases: int) -> bool:
    """Whether a job's process is there and has come to so many phases, or has ended."""
    if not (folder / "process.json").exists():
        return False
    if phases == 0 or (folder / "exit.json").exists():
        return True
    try:
        return len(json.loads((folder / "progress.json").read_bytes())["phases"]) >= phases
    except (OSError, ValueError):
        return False


def _kill_job(folder: Path) -> None:
    from assay.web.jobs.processes import runs

    process = json.loads((folder / "process.json").read_bytes())
    if runs(process["pid"], process["born"]):
        os.kill(process["pid"], signal.SIGKILL)


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
        folder = server.root / "server" / "uploads" / at.rpartition("/")[2]
        held = next(one for one in folder.iterdir() if one.name.startswith("data")).read_bytes()
        assert held[: acknowledged[-1]] == data[: acknowledged[-1]], (
            "the very bytes, and not their number alone"
        )
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
    folded = {id for id in ids if any(queue == "q" for queue, _ in registry.reviews.about(bytes.fromhex(id)))}
    assert folded == rejected, "the log alone says the same as the server"
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
