"""The report: complete in itself, valid, safe with hostile text, and drawn by a real browser."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import warnings
import zlib
from html.parser import HTMLParser

import pytest

import assay

HOSTILE = (
    '</p></div></main><script>fetch("http://evil.example/")</script><img src=x onerror=alert(1)> \u202egpj.exe '
    "\x1b[31m \u2066a\u2069 zero\u200bwidth"
)
WORDS = ("router", "printer", "invoice", "password", "delivery", "refund", "keyboard", "licence", "backup",
         "account", "window", "driver")  # fmt: skip


def record(n):
    said = " ".join(f"{WORDS[(n * k + k) % 12]}{(n * 7919 + k * 104_729) % 997}" for k in range(1, 14))
    row = {"instruction": f"Ticket {n}: {WORDS[n % 12]} {n * 31 % 101} fails?", "output": f"Please do {said}.",
           "category": WORDS[n % 3], "score": 1 + n % 5, "created_at": f"2025-{1 + n % 7:02d}-03"}  # fmt: skip
    if n % 4 == 0:
        row["instruction"] = f"第{n}号工单:打印机{n * 7}不能用了,怎么办?"
        row["output"] = f"请您先重启打印机{n},然后检查第{n * 13}根电源线是否插好。"
    return row


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    rows = [record(n) for n in range(80)] + [record(3), record(5)]
    hostile = {"instruction": HOSTILE, "category": HOSTILE, "generator": f"{HOSTILE}/m"}
    rows += [hostile | {"output": f"{HOSTILE} and more words {n}"} for n in range(6)]
    path = folder / "tickets.jsonl"
    path.write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows) + "{broken\n", "utf-8"
    )
    registry = assay.init(folder / "registry", actor="mira")
    recipe = folder / "recipe.yaml"
    recipe.write_text("stages:\n  - exact_dedup: {}\n", "utf-8")
    registry.curate("helpdesk", [str(path)], recipe=str(recipe))
    return registry


@pytest.fixture(scope="module")
def page(registry):
    return registry.report("helpdesk")


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.seen = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def test_the_same_version_gives_the_same_bytes(registry, page):
    assert registry.report("helpdesk") == page


LOADING = {"script", "link", "img", "iframe", "object", "embed", "base", "form", "video", "audio", "a", "use"}
RUNNING = re.compile("on.*|src|href|srcset|style|action|background|xlink:href")


def test_nothing_is_loaded_and_nothing_runs(page):
    for tag, attributes in Tags(page).seen:
        assert tag not in LOADING
        assert not [name for name in attributes if RUNNING.fullmatch(name)]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    assert "@import" not in style and "url(" not in style
    assert "default-src 'none'" in page


def test_the_document_is_valid(page):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # html5lib's own, about Python
        import html5lib

        html5lib.HTMLParser(strict=True).parse(page)
    ids = [attributes["id"] for _, attributes in Tags(page).seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in Tags(page).seen:
        assert set(attributes.get("aria-labelledby", "").split()) <= set(ids)


def test_hostile_text_is_shown_not_obeyed(page):
    assert "\\u202e" in page and "\\x1b" in page and "\\u200b" in page
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]", page)
    assert "&lt;script&gt;" in page


def test_it_says_what_stats_says(registry, page):
    found = registry.stats("helpdesk")
    assert found.read == 89 and found.malformed == 1
    assert found.profile.rows == 86
    assert found.dedup_rate == pytest.approx(2 / 88)
    assert found.fingerprint.removeprefix("sha256:") in page
    assert f"{found.profile.rows:,} examples" in page
    for check in found.health:
        assert check.title in page
    assert "打印机" in page


def test_a_split_and_a_field(registry):
    found = registry.stats("helpdesk:train", by="score")
    assert found.profile.rows == sum(found.splits.values()) == 86
    assert [one.field for one in found.profile.topics] == ["score"]
    assert "By score" in registry.report("helpdesk:train", by="score")


@pytest.fixture(scope="module")
def chromium():
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium here; the report is not looked at in a browser")
    return [
        found,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--disable-dev-shm-usage",
    ]


def test_a_browser_draws_it(page, chromium, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(page, "utf-8")
    command = [*chromium, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    tags = Tags(done.stdout).seen
    # The browser's own reading of the page holds what was written, and the hostile text made no element.
    assert [tag for tag, _ in tags].count("svg") == [tag for tag, _ in Tags(page).seen].count("svg") > 8
    assert not {"script", "img"} & {tag for tag, _ in tags}
    assert "Some examples" in done.stdout


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (1200, True), (390, False)])
def test_it_is_painted_light_and_dark_and_narrow(page, chromium, tmp_path, width, dark):
    path, shot = tmp_path / "report.html", tmp_path / "shot.png"
    path.write_text(page, "utf-8")
    command = [
        *chromium,
        f"--user-data-dir={tmp_path / 'profile'}",
        f"--screenshot={shot}",
        f"--window-size={width},3000",
    ]
    command += ["--blink-settings=preferredColorScheme=0"] if dark else []
    done = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    assert shot.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert shot.stat().st_size > 60_000  # a page without paint is a few thousand bytes
    assert first_pixel(shot.read_bytes()) == ((0x0F, 0x13, 0x15) if dark else (0xF8, 0xF9, 0xF9))


def first_pixel(png):
    """The colour in the upper left corner: the canvas. No filter of a PNG changes its very first pixel."""
    packed, at = b"", 8
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        packed += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    return tuple(zlib.decompress(packed)[1:4])
