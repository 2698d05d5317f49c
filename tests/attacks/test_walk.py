"""In a real browser: every page of the poisoned registry, from the router itself. Nobody's script runs, no dialog opens, no
policy is broken, and nothing is asked of any host but ours."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

uvicorn = pytest.importorskip("uvicorn", reason="needs the extra `web`")
sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright")

from tests.attacks.catalogue import Attack  # noqa: E402
from tests.attacks.pages import alike  # noqa: E402
from tests.attacks.poisoned import NAME, World  # noqa: E402
from tests.attacks.texts import FLOOD, SHORT  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    # Playwright leaves its loop's sockets to the interpreter.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
ATTACKS = (
    Attack("browser/scripts", "every stored and reflected text", "every page of the router, and what these lead to",
           "no script of theirs runs, no dialog opens"),
    Attack("browser/policy", "the same", "the same", "no page breaks the policy that binds it"),
    Attack("browser/requests", "the same", "the same", "no request goes to any host but the server"),
)  # fmt: skip
CANARY = """
window.zqx = () => { window.__ran = (window.__ran || 0) + 1; };
window.__broken = [];
document.addEventListener("securitypolicyviolation", (e) => window.__broken.push(`${e.violatedDirective} ${e.blockedURI}`));
"""
SEEN = """
() => ({ran: window.__ran || 0, broken: window.__broken, frames: window.length,
        odd: [...document.querySelectorAll('*')].filter(e => e.getAttributeNames().some(
          n => n.startsWith('on') || n.includes('zqx')) || e.localName.includes('zqx')).map(e => e.outerHTML.slice(0, 120))})
"""


@pytest.fixture(scope="module")
def base(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The application over the poisoned registry, as it is served, in mode password."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    config = uvicorn.Config(
        world.client.app, host="127.0.0.1", port=port, log_level="critical", lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def one_each(world: World, pages: dict[str, str]) -> list[str]:
    """Of all pages the one or two richest of each route and each set of parameters, and reflections."""
    held: Counter[tuple[str, ...]] = Counter()
    chosen = []
    for path in sorted(pages, key=lambda path: -pages[path].count("zqx")):
        key = alike(world.client.app, path)
        # Of a route without parameters two, of every combination of parameters one of each four letters less.
        if held[key[:1]] < 2 or (len(key) > 1 and held[key] == 0 and held[key[:1]] < 4):
            held[key] += 1
            held[key[:1]] += len(key) > 1
            chosen.append(path)
    said = quote(SHORT)
    chosen += [
        f"/search?q={said}", f"/d/poisoned@v1/examples?q={said}", f"/d/{quote(NAME)}@v1/rejected?q={said}",
        f"/audit?actor={said}&action={said}", f"/recipe?yaml={quote(FLOOD)}", f"/d/{said}", f"/jobs/{said}",
        f"/d/mapped@v1/map?by={said}", f"/review/{said}",
    ]  # fmt: skip
    return chosen


def test_every_page_of_the_poisoned_registry(world: World, pages: dict[str, str], base: str) -> None:
    """browser/scripts, browser/policy, browser/requests"""
    paths = one_each(world, pages)
    routes = {alike(world.client.app, path)[0] for path in paths}
    assert {alike(world.client.app, path)[0] for path in pages} <= routes, (
        "every route that is a page is walked"
    )
    host = urlsplit(base).netloc
    said: list[str] = []
    asked: list[str] = []
    dialogs: list[str] = []
    found: dict[str, object] = {}
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(color_scheme="light", viewport={"width": 1280, "height": 900})
        context.add_cookies([{"name": "assay", "value": world.book.begin("ann").text, "url": base}])
        context.add_init_script(CANARY)
        page = context.new_page()
        page.on(
            "console",
            lambda one: said.append(f"{page.url}: {one.text}") if one.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
        page.on("request", lambda one: asked.append(one.url))
        page.on("dialog", lambda one: (dialogs.append(one.message), one.dismiss()))
        context.on("page", lambda other: dialogs.append(other.url) if other != page else None)
        for path in paths:
            page.goto(base + path, wait_until="load")
            saw = page.evaluate(SEEN)
            if saw != {"ran": 0, "broken": [], "frames": 0, "odd": []}:
                found[path] = saw
            assert urlsplit(page.url).netloc == host
        browser.close()
    assert found == {}
    assert dialogs == []
    # What is not found or asked wrongly says its status in the console; and a graphics driver speaks of itself.
    assert [one for one in said if "status of 4" not in one and "GL Driver Message" not in one] == []
    assert [url for url in asked if urlsplit(url).netloc != host or not url.startswith("http://")] == []
    assert len(paths) >= 60, len(paths)


def test_the_walk_would_see_it(tmp_path: Path) -> None:
    """A page in which one of them does run is told, so that a clean walk means something."""
    (tmp_path / "bad.html").write_text(f"<!doctype html><title>x</title><p>{SHORT}", "utf-8")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.add_init_script(CANARY)
        page.goto((tmp_path / "bad.html").as_uri())
        saw = page.evaluate(SEEN)
        browser.close()
    assert saw["ran"] >= 1 and saw["odd"]
