"""What moves in a page, in a browser: sending a file, a recipe that is checked while it is written, a job that ends."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")
pytest.importorskip("playwright", reason="needs Playwright")

from playwright.sync_api import sync_playwright

from .test_killed import Server, rows
from .test_killed import server as server

CHROMIUM = shutil.which("chromium")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")
def test_from_a_file_to_a_version_by_mouse(server: Server, tmp_path: Path) -> None:
    raw = tmp_path / "tickets.jsonl"
    raw.write_bytes(rows(300) + rows(1))
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(base_url=str(server.web.base_url))
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.goto("/new")
        page.set_input_files("#file", raw)
        page.get_by_role("button", name="Send", exact=True).click()
        page.fill("#f-yaml", "stages:\n  - nonsense: {}\n")
        page.get_by_text("no such stage").wait_for()
        page.fill("#f-yaml", "stages:\n  - exact_dedup: {}\n")
        page.locator("#recipe-said").get_by_text("holds").wait_for()
        page.fill("#f-name", "help")
        page.locator("input[name=sources]").check()
        page.get_by_role("button", name="Dry run").click()
        page.get_by_role("button", name="Make it").click()
        page.get_by_role("link", name="help@v1").wait_for()
        assert "of the log" in page.inner_text("#job-state")
        assert page.locator("#job-state svg.chart").count() == 1
        page.locator("#job-state svg a").first.click()
        page.wait_for_url("**/d/help@v1/rejected?stage=identical")
        assert page.locator("tbody tr").count() == 1, "a drop of the funnel leads to what was dropped"
        browser.close()
    assert said == []
