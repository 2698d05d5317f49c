"""What takes long is done by a process: the page comes at once, says so, and has the answer later."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient

import assay
from assay.registry.monitor.kept_statistics import kept
from assay.web import measuring
from assay.web.app import create_app
from assay.web.pages import sweep
from assay.web.pages.version_figures import figures_of
from assay.web.settings import Settings


@pytest.fixture
def slow(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The application over a copy of the registry, for which every version is a large one."""
    import shutil

    shutil.copytree(folder, tmp_path / "r")
    for name in ("cache", "index"):
        shutil.rmtree(tmp_path / "r" / name, ignore_errors=True)
    for file in (tmp_path / "r").glob("index*"):
        file.unlink()
    monkeypatch.setattr(measuring, "AT_ONCE", 0)
    monkeypatch.setattr(measuring, "IN_TURN", 0)
    monkeypatch.setattr(sweep, "IN_TURN", 0)
    monkeypatch.setattr(measuring, "WORDS_IN_TURN", 0)
    monkeypatch.setattr(measuring, "COLUMNS_IN_TURN", 0)
    app = create_app(lambda: assay.open(tmp_path / "r", actor="ann"), Settings())
    with TestClient(app, base_url="http://127.0.0.1") as made:
        yield made
    for one in measuring._running.values():
        one.process.wait()
    measuring._running.clear()


def until(asked: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not asked():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_large_version_is_measured_by_a_process(slow: TestClient) -> None:
    assert slow.get("/api/d/help@v2").json()["measured"] == "unknown"
    page = slow.get("/d/help@v2").text
    assert 'hx-get="/d/help@v2/figures"' in page
    assert slow.get("/api/d/help@v2/figures").json()["measured"] == "running"
    until(lambda: slow.get("/api/d/help@v2/figures").json()["measured"] == "known")
    assert slow.get("/api/d/help@v2").json()["figures"]["rows"] > 0
    assert slow.get("/api/").json()["datasets"][0]["health"] != ""
    part = slow.get("/d/help@v2/figures", headers={"hx-request": "true", "hx-target": "figures"}).text
    assert part.lstrip().startswith('<div id="figures"')
    assert "<html" not in part


def test_a_large_sweep_and_the_first_search_are_done_by_processes(slow: TestClient) -> None:
    at = "/d/help@v2/sweep?stage=near_dedup&parameter=threshold&value=0.9"
    assert slow.get(f"/api{at}").json()["state"] == "running"
    assert "Deciding again" in slow.get(at).text
    until(lambda: slow.get(f"/api{at}").json()["state"] == "known")
    assert slow.get("/api/search?q=order").json()["groups"][0]["waits"]["what"] == "words"
    page = slow.get("/search?q=order").text
    assert 'hx-get="/search?q=order" hx-trigger="load delay:2s" hx-target="#hits"' in page
    until(lambda: not slow.get("/api/search?q=order").json()["groups"][0]["waits"])
    assert slow.get("/api/search?q=order").json()["groups"][0]["hits"]


def test_the_first_look_at_a_large_version_waits_for_a_process(slow: TestClient) -> None:
    at = "/d/help@v2/examples?q=order"
    asked = slow.get(f"/api{at}").json()["waits"]
    assert asked["what"] == "columns" and asked["rows"] > 0
    page = slow.get(at).text
    assert f'hx-get="{at}" hx-trigger="load delay:2s" hx-target="#found"' in page
    until(lambda: not slow.get(f"/api{at}").json()["waits"])
    assert slow.get(f"/api{at}").json()["rows"]
    at = "/d/help@v2/rejected?q=order"
    assert slow.get("/api/d/help@v2/rejected").json()["rows"]
    until(lambda: not slow.get(f"/api{at}").json()["waits"])


def test_a_process_that_fails_is_said_once_and_tried_again(
    slow: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring.sys, "executable", "/bin/false")
    assert slow.get("/api/d/help@v1/figures").json()["measured"] == "running"
    until(lambda: slow.get("/api/d/help@v1/figures").json()["measured"] == "failed")
    monkeypatch.undo()


def test_the_registry_of_a_moment_keeps_nothing_and_answers_the_same(folder: Path) -> None:
    now = assay.open(folder)
    past = now.at("2099-01-01")
    state, told = measuring.figures(past, past.version("help@v1"), wanted=True)
    assert state == "known"
    assert told is not None
    assert kept(past, past.version("help@v1").manifest) is None
    state, made = measuring.figures(now, now.version("help@v1"), wanted=True)
    assert made is not None
    assert figures_of(made) == figures_of(told)
    assert kept(now, now.version("help@v1").manifest) == made
