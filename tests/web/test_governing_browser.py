"""In a real browser: forms reach us, keys judge, and can be switched off."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
uvicorn = pytest.importorskip("uvicorn", reason="needs the extra `web`")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

from tests.web.desk import Desk  # noqa: E402

import assay  # noqa: E402
from assay.registry.review.samples import Drawing  # noqa: E402
from assay.web.app import create_app  # noqa: E402
from assay.web.settings import Settings  # noqa: E402


@contextmanager
def served(root: Path) -> Iterator[str]:
    app = create_app(lambda: assay.open(root, actor="ann"), Settings())
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def page() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 390, "height": 800})
        opened.set_default_timeout(10_000)
        opened.said = []
        opened.on("console", lambda message: opened.said.append(message.text))
        yield opened
        browser.close()


def test_a_queue_is_judged_by_keys_alone_and_keys_can_be_switched_off(
    folder: Path, tmp_path: Path, page: Any
) -> None:
    desk = Desk.copy(folder, tmp_path)
    desk.registry("cy").reviews.create("q", "help", Drawing("random", 5))
    reviews = desk.registry().reviews
    with served(desk.root) as at:
        page.goto(f"{at}/review/q")
        first = page.inner_text("#card-id")
        page.keyboard.press("c")
        page.keyboard.type("reads as a, r and u")
        assert page.inner_text("#card-id") == first, "letters in a field are letters"
        page.keyboard.press("Escape")
        with page.expect_navigation():
            page.keyboard.press("r")
        assert page.inner_text("#card-id") != first
        assert {
            one.verdict for one in reviews.fold().named("q").case(reviews.show("q", first).example.id).given
        } == {"reject"}
        with page.expect_navigation():
            page.keyboard.press("u")
        assert page.inner_text("#card-id") == first
        for path in (
            "/review",
            "/review/q",
            "/d/help/policy",
            "/audit",
            "/audit/1",
            "/d/help/lineage",
            "/settings",
        ):
            page.goto(at + path)
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide == 0, path
        page.uncheck("input[name=keys]")
        with page.expect_navigation():
            page.click("text=Keep")
        page.goto(f"{at}/review/q")
        before = len(desk.registry().log())
        page.keyboard.press("a")
        page.wait_for_timeout(300)
        assert len(desk.registry().log()) == before
        assert page.said == []
