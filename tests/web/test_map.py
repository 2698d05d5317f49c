"""The map's page: points for a browser, a picture without one, selections as links, slices as facts."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import struct
import threading
import time
from pathlib import Path

import html5lib
import numpy as np
import pytest
from fastapi.testclient import TestClient
from tests.web.conftest import HOSTILE

import assay

AT = "/d/help@v2/map"
ALL = "0,0;65535,0;65535,65535;0,65535"
PATHS = [
    AT,
    f"{AT}?lasso={ALL}",
    f"{AT}?cluster=0",
    f"{AT}?by=language",
    f"{AT}?like=help@v1",
    f"{AT}?by=no.such",
]


@pytest.mark.parametrize("path", PATHS)
def test_the_page_is_valid_and_has_a_twin(client: TestClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    html5lib.HTMLParser(strict=True).parse(page.text)
    twin = client.get(f"/api{path}").json()
    assert twin["made"] and twin["command"].startswith("assay map help@v2")
    assert sum(one["rows"] for one in twin["clusters"]) + twin["blank"] == twin["rows"]
    assert "<script>alert" not in page.text and "\u202e" not in page.text and "\x1b" not in page.text
    assert not re.search(r"\sstyle=|\son\w+=", page.text)


def test_every_phrase_has_a_chinese_one(client: TestClient) -> None:
    words = json.loads(Path(assay.__file__).with_name("web").joinpath("words/zh.json").read_text("utf-8"))
    text = Path(assay.__file__).with_name("web").joinpath("templates/map.html").read_text("utf-8")
    for _, phrase in re.findall(r"_\(([\"'])(.*?)\1", text):
        assert phrase in words, phrase
    assert "聚类" in client.get(AT, headers={"accept-language": "zh"}).text


def test_points_are_five_bytes_each(client: TestClient) -> None:
    rows = client.get(f"/api{AT}").json()["rows"]
    for way in ("cluster", "language"):
        data = client.get(f"{AT}/points?by={way}").content
        assert data[:8] == b"assaymap" and struct.unpack("<I", data[8:12]) == (rows,)
        assert len(data) == 16 + 5 * rows
        assert np.frombuffer(data, np.uint8, offset=16 + 4 * rows).max() <= 7
    assert client.get(f"/api{AT}/points").content == client.get(f"{AT}/points").content


def test_colours_and_selections_lead_to_their_rows(client: TestClient) -> None:
    told = client.get(f"/api{AT}").json()
    assert told["ways"][0]["by"] == "cluster" and len(told["ways"]) > 2
    seen = 0
    for way in told["ways"]:
        coloured = client.get(f"/api{AT}?by={way['by']}").json()
        assert (
            sum(one["rows"] for one in coloured["names"])
            + (coloured["blank"] if way["by"] == "cluster" else 0)
            == told["rows"]
        )
        for one in coloured["names"]:
            if one["see"]:
                assert client.get("/api" + one["see"]).json()["total"] == one["rows"], one
                seen += 1
    assert seen > 3
    for part in (f"lasso={ALL}", "lasso=0,0;40000,0;40000,65535;0,65535", "cluster=0"):
        selected = client.get(f"/api{AT}?{part}").json()["selected"]
        found = client.get("/api" + selected["see"]).json()
        assert found["total"] == selected["rows"] > 0
    assert client.get("/d/help@v2/examples?q=map:99").status_code == 404
    assert client.get("/d/help@v2/examples?q=map:1,2").status_code == 400
    assert client.get("/api/d/help@v2/examples?q=-map:0").json()["total"] == told["rows"] - found["total"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_there_is_a_picture_without_webgl(client: TestClient, theme: str) -> None:
    answer = client.get(f"{AT}/picture.png?theme={theme}")
    assert answer.headers["content-type"] == "image/png" and answer.content[:4] == b"\x89PNG"
    assert f"{AT}/picture.png?theme={theme}" in client.get(AT).text.replace("&amp;", "&")


def test_a_selection_is_a_link_its_ids_and_a_slice(folder: Path, tmp_path: Path) -> None:
    from assay.web.app import create_app
    from assay.web.settings import Settings

    shutil.copytree(folder, tmp_path / "r")
    app = create_app(lambda: assay.open(tmp_path / "r", actor="ann"), Settings())
    with TestClient(app, base_url="http://127.0.0.1") as client:
        found = client.get(f"/api{AT}?cluster=0").json()["selected"]
        ids = client.get(f"{AT}/ids?cluster=0")
        assert "attachment" in ids.headers["content-disposition"]
        assert len(ids.text.split()) == found["rows"]
        assert {row["id"] for row in found["first"] + found["border"]} <= set(ids.text.split())
        page = client.get(AT)
        token = re.search(r'name="form-token" content="([^"]+)"', page.text)
        assert token
        headers = {"origin": "http://127.0.0.1"}
        form = {"name": "first", "cluster": "0"}
        assert client.post(f"{AT}/slices", data=form, headers=headers).status_code == 403
        kept = client.post(f"{AT}/slices?form={token[1]}", data=form, headers=headers, follow_redirects=False)
        assert kept.status_code == 303 and kept.headers["location"] == f"{AT}?by=slice.first"
        names = client.get(f"/api{kept.headers['location']}").json()["names"]
        assert (
            names[0]["rows"] == found["rows"]
            and names[0]["name"] == "yes"
            and "slice.first" in names[0]["see"]
        )
        bad = client.post(f"{AT}/slices?form={token[1]}", data={**form, "name": "../X"}, headers=headers)
        assert bad.status_code in (400, 422)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/d/help@v9/map", 404), ("/d/none/map", 404), (f"{AT}?lasso=1,1;2", 400), (f"{AT}?cluster=240", 404),
        (f"{AT}?cluster=9999", 422), (f"{AT}?like=none", 404), (f"{AT}/points?like=help@v9", 404),
        (f"{AT}/ids", 400), (f"{AT}/picture.png?theme=red", 422), (f"{AT}?lasso=" + "1" * 9_000, 422),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said(client: TestClient, path: str, status: int) -> None:
    for at in (path, f"/api{path}"):
        assert client.get(at).status_code == status


def test_the_map_of_a_large_version_is_a_job(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assay.web.app import create_app
    from assay.web.pages import map as pages
    from assay.web.settings import Settings

    shutil.copytree(folder, tmp_path / "r", ignore=shutil.ignore_patterns("maps"))
    monkeypatch.setattr(pages, "AT_ONCE", 5)
    app = create_app(lambda: assay.open(tmp_path / "r", actor="ann"), Settings(), environment=os.environ)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        page = client.get(AT).text
        assert "Make the map" in page and client.get(f"{AT}/points").status_code == 404
        html5lib.HTMLParser(strict=True).parse(page)
        assert client.post(f"/api{AT}/make", json={"like": "none"}).status_code == 404
        made = client.post(f"/api{AT}/make", json={}).json()
        assert made["see"] == AT
        twice = client.post(f"/api{AT}/make", json={}).json()
        page = client.get(AT, headers={"hx-request": "true", "hx-target": "making"}).text
        told = client.get(f"/api{AT}").json()
        assert told["made"] or (twice["answer"]["job"] == made["answer"]["job"] == told["job"]["id"])
        assert "<html" not in page and (f"/jobs/{made['answer']['job']}" in page or "data-reload" in page)
        deadline = time.monotonic() + 60
        while not client.get(f"/api{AT}").json()["made"]:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        page = client.get(AT, headers={"hx-request": "true", "hx-target": "making"}).text
        assert "data-reload" in page and "data-reload" not in client.get(AT).text


def test_a_browser_draws_it_and_a_lasso_asks(folder: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("needs chromium on the PATH")
    playwright = pytest.importorskip("playwright.sync_api")
    import uvicorn

    from assay.web.app import create_app
    from assay.web.settings import Settings

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = create_app(lambda: assay.open(folder, actor="ann"), Settings())
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        with playwright.sync_playwright() as started:
            chromium = started.chromium.launch(
                executable_path=browser,
                args=[
                    "--no-sandbox",
                    "--use-gl=angle",
                    "--use-angle=swiftshader",
                    "--enable-unsafe-swiftshader",
                ],
            )
            page = chromium.new_page()
            said: list[str] = []
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.goto(f"http://127.0.0.1:{port}{AT}")
            page.wait_for_selector("#map.live", timeout=20_000)
            page.locator("#map canvas").focus()
            for key in ("+", "ArrowLeft", "-", "0", "v"):  # by keyboard alone: all that is in view
                page.keyboard.press(key)
            page.wait_for_selector("#selection ol li", timeout=20_000)
            assert "lasso=" in page.url and HOSTILE[:8] not in page.content()
            page.locator("a[data-cluster]").first.click()
            page.wait_for_url("**cluster=*")
            assert said == []
            chromium.close()
    finally:
        server.should_exit = True
        thread.join(10)
