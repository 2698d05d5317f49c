"""In a real browser: the keyboard reaches everything and shows where it is, nothing is wider than a telephone, and no
page breaks the policy that binds it, and axe-core finds nothing."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")
uvicorn = pytest.importorskip("uvicorn", reason="needs the extra `web`")
sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
pytest.importorskip("axe_playwright_python", reason="needs axe-core")

from fastapi import FastAPI  # noqa: E402
from tests.web.desk import MANY  # noqa: E402
from tests.web.every_page import every_page, furnish  # noqa: E402

import assay  # noqa: E402
from assay.web.app import create_app  # noqa: E402
from assay.web.settings import Settings  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    # Playwright leaves its loop's sockets to the interpreter.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
FOCUSABLE = """
() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
  .filter(e => e.tabIndex >= 0 && !e.disabled && e.type !== 'hidden' && e.checkVisibility()).length
"""
FOCUSED = """
() => { const e = document.activeElement; if (!e || e === document.body) return null;
  const all = [...document.querySelectorAll('*')]; const s = getComputedStyle(e); const r = e.getBoundingClientRect();
  return [all.indexOf(e), e.matches(':focus-visible') && s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0,
          r.width > 0 && r.height > 0]; }
"""


@pytest.fixture(scope="module")
def root(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of which every page has something to show."""
    made = tmp_path_factory.mktemp("browsing") / "r"
    shutil.copytree(folder, made)
    furnish(made)
    return made


@pytest.fixture(scope="module")
def app(root: Path) -> FastAPI:
    return create_app(lambda: assay.open(root, actor="ann"), Settings(limits=MANY), environment=os.environ)


@pytest.fixture(scope="module")
def base(app: FastAPI) -> Iterator[str]:
    """A server over it."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def paths(folder: Path) -> list[str]:
    first = next(iter(assay.open(folder).version("help@v2"))).name
    return [
        "/", "/d/help/versions", "/d/help@v2", "/d/help/diff/v1..v2?kind=removed", f"/d/help@v2/examples/{first}",
        "/d/help@v2/sweep", "/search?q=order", "/d/help@v2/examples?q=language:zh", "/d/help@v2/rejected",
        "/d/help/drift/v1..v2", "/d/help/trend", "/d/help@v2/styles",
        "/d/help@v2/map?by=language&cluster=0",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def every(app: FastAPI, root: Path) -> list[str]:
    """All pages, as the router has them."""
    return list(every_page(app, root))


def test_no_page_is_wider_than_a_telephone_or_breaks_its_policy(
    base: str, browser: Any, every: list[str]
) -> None:
    said: list[str] = []
    asked: list[str] = []
    wide = {}
    for scheme, width, language in (("light", 390, "en"), ("dark", 390, "zh-CN")):
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 800}, locale=language
        )
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: asked.append(request.url))
        for path in every:
            answer = page.goto(base + path)
            assert answer.status == 200, path
            over = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if over > 0:
                wide[path, width] = over
        context.close()
    assert wide == {}
    assert said == []
    assert [url for url in asked if not url.startswith(base)] == []


def test_the_keyboard_alone_reaches_everything_and_shows_where_it_is(
    base: str, browser: Any, paths: list[str]
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    for path in paths:
        page.goto(base + path)
        there, seen = page.evaluate(FOCUSABLE), set()
        for _ in range(there + 3):
            page.keyboard.press("Tab")
            found = page.evaluate(FOCUSED)
            if found is None:
                break
            place, ring, visible = found
            assert ring, (path, place)
            assert visible, (path, place)
            seen.add(place)
        assert len(seen) >= there, (path, len(seen), there)
    context.close()


def test_a_kind_of_change_is_swapped_without_a_reload(base: str, browser: Any) -> None:
    page = browser.new_page()
    page.goto(f"{base}/d/help/diff/v1..v2")
    page.evaluate("window.stays = true")
    page.click(".tilebar a:has-text('Added')")
    page.wait_for_selector(".tilebar a[aria-current]:has-text('Added')")
    assert page.evaluate("window.stays") is True
    assert "kind=added" in page.url
    assert page.locator("h1").count() == 1
    page.close()


def test_a_slider_moves_the_number_that_is_sent(base: str, browser: Any) -> None:
    page = browser.new_page()
    page.goto(f"{base}/d/help@v2/sweep?stage=near_dedup&parameter=threshold")
    slider = page.locator("input[type=range]")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**value=0.79*")
    assert page.input_value("#value") == "0.79"
    page.close()


def test_exploring_takes_no_mouse_and_no_reload(base: str, browser: Any) -> None:
    page = browser.new_page()
    page.goto(f"{base}/d/help@v2/examples?n=1")
    page.evaluate("window.stays = true")

    def reach(selector: str) -> None:
        for _ in range(200):
            if page.evaluate("s => document.activeElement?.matches(s)", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {selector}")

    reach("#q")
    page.keyboard.type("order")
    page.keyboard.press("Enter")
    page.wait_for_url("**/examples?q=order*")
    reach("#filters section a")
    chosen = page.evaluate("document.activeElement.id")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#{chosen}[aria-current]")
    page.wait_for_function("id => document.activeElement.id === id", arg=chosen)
    reach("a[rel=next]")
    page.keyboard.press("Enter")
    page.wait_for_url("**after=*")
    page.wait_for_selector("a[rel=prev]")
    assert page.locator("tbody tr").count() > 0
    assert page.evaluate("window.stays") is True
    page.go_back()
    page.wait_for_selector(f"#{chosen}[aria-current]")
    page.close()


def test_a_mistake_is_said_at_the_form_with_and_without_script(base: str, browser: Any) -> None:
    for script in (False, True):
        context = browser.new_context(java_script_enabled=script)
        page = context.new_page()
        page.goto(f"{base}/runs")
        fold = page.locator("details:has(form[action*='/runs/link']) > summary")
        if fold.count():
            fold.click()
        page.fill("form[action*='/runs/link'] [name=ref]", "nothing@v9")
        page.fill("form[action*='/runs/link'] [name=run]", "run-1")
        page.press("form[action*='/runs/link'] [name=run]", "Enter")
        page.wait_for_selector("#mistake:focus")
        assert "nothing" in page.inner_text("#mistake")
        assert page.input_value("form[action*='/runs/link'] [name=run]") == "run-1"
        assert page.is_visible("form[action*='/runs/link'] [name=run]")
        if script:
            page.goto(f"{base}/runs")
            page.fill("#gs", "typed")
            page.evaluate(
                """htmx.ajax("POST", "/runs/link", {values: {ref: "nothing@v9", run: "r"}, swap: "none"})"""
            )
            page.wait_for_selector("#mistake:focus")
            assert page.input_value("#gs") == "typed"
        context.close()


@pytest.mark.parametrize(("scheme", "rules"), [("light", None), ("dark", ["color-contrast"])])
def test_axe_finds_nothing(
    base: str, browser: Any, every: list[str], scheme: str, rules: list[str] | None
) -> None:
    """All its rules in light; in dark those that colours decide."""
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": 1280, "height": 900}, bypass_csp=True
    )
    page, found = context.new_page(), {}
    for path in every:
        page.goto(base + path)
        page.evaluate(AXE)
        options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
        result = page.evaluate("options => axe.run(options)", options)
        bad = [(v["id"], [n["html"][:160] for n in v["nodes"][:4]]) for v in result["violations"]]
        if bad:
            found[path] = bad
    context.close()
    assert found == {}
