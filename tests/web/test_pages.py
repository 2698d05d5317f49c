"""Pages answer as HTML and as JSON, escape what strangers wrote, and bind the browser."""

from __future__ import annotations

import html5lib
import pytest
from fastapi.testclient import TestClient

from assay.web.routing import API

PAGES = ["/", "/d/help/versions", "/d/help@v1", "/d/help@v2", "/d/help"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_valid_html_and_has_a_json_twin(client: TestClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    html5lib.HTMLParser(strict=True).parse(page.text)
    twin = client.get(API + path)
    assert twin.status_code == 200
    assert twin.json()["command"].startswith("assay ")
    assert twin.json()["command"] in page.text


@pytest.mark.parametrize("path", PAGES)
def test_what_strangers_wrote_does_not_act(client: TestClient, path: str) -> None:
    text = client.get(path).text
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(client: TestClient, path: str) -> None:
    page = client.get(path)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    tree = html5lib.parse(page.text, namespaceHTMLElements=False)
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        assert "style" not in element.attrib
        assert not any(name.startswith("on") for name in element.attrib)
        for name in ("src", "href", "action"):
            assert element.attrib.get(name, "/").startswith(("/", "#"))
        assert element.tag != "style"
        assert element.tag != "script" or not (element.text or "").strip()


def test_an_unknown_version_is_a_page_that_says_what_there_is(client: TestClient) -> None:
    page = client.get("/d/help@v9")
    assert page.status_code == 404
    assert "v1 to v2" in page.text
    twin = client.get("/api/d/help@v9")
    assert twin.status_code == 404
    assert twin.json()["error"]["code"] == "not_found"


def test_chinese_is_chosen_by_the_browser_or_a_cookie(client: TestClient) -> None:
    assert 'lang="zh-Hans"' in client.get("/", headers={"accept-language": "zh-CN,en;q=0.5"}).text
    client.cookies.set("language", "zh")
    assert 'lang="zh-Hans"' in client.get("/").text


def test_every_phrase_of_the_templates_has_a_chinese_one_with_the_same_places() -> None:
    import re
    from importlib.resources import files

    from assay.web.rendering import words

    chinese = words("zh")
    said = re.compile(r"""\b_\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
    found = set()
    for template in files("assay.web").joinpath("templates").iterdir():
        found |= {match[1][1:-1] for match in said.finditer(template.read_text(encoding="utf-8"))}
    assert len(found) > 100
    assert sorted(found - chinese.keys()) == []
    for phrase, other in chinese.items():
        assert set(re.findall(r"{\w+}", phrase)) == set(re.findall(r"{\w+}", other)), phrase
