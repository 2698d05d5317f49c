"""The pages of datasets, versions, diffs, examples, sweeps and searches: valid, escaped, each with a twin."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import html5lib
import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient
from tests.web.conftest import HOSTILE

import assay
from assay.registry.review.results import Given, Rules
from assay.registry.review.samples import Drawing
from assay.web.app import create_app
from assay.web.pages.turns import turns_of
from assay.web.settings import Settings

PII = "Write to jane.roe@example.com about order 12."


def opened(folder: Path, actor: str) -> assay.Registry:
    return assay.open(folder, actor=actor)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`chat` has a branch, twins, an edit that masks, a blind review, a run, tools; `prefs` one version."""
    at = tmp_path_factory.mktemp("versions")
    rows = [
        {"instruction": f"Tell me about the harbour number {k} and all its ships", "input": "",
         "output": f"Harbour {k} has {k * 17} ships and {k} cranes in the north."}
        for k in range(30)
    ]  # fmt: skip
    long = (
        "The quick brown fox jumps over the lazy dog near the quiet river bank in the early morning light. "
        * 4
    )
    rows += [
        {"instruction": "Repeat the sentence about the fox", "input": "", "output": long},
        {"instruction": "Repeat the sentence about the fox", "input": "", "output": long.replace("lazy", "sleepy", 1)},
        {"instruction": HOSTILE, "input": "", "output": HOSTILE},
        {"instruction": "怎么退款？", "input": "", "output": "请在订单页申请退款，三天内到账。"},
        {"instruction": "Whom do I ask?", "input": "", "output": PII},
        {"instruction": "", "input": "", "output": ""},
    ]  # fmt: skip
    raw = at / "raw.jsonl"
    raw.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    ann, bob = assay.init(at / "r", actor="ann"), opened(at / "r", "bob")
    recipe = at / "recipe.yaml"
    recipe.write_text(
        "stages:\n  - format: {}\n  - near_dedup: {threshold: 0.8}\nsplit: {test: 0.1, seed: 1}\n"
    )
    ann.curate("chat", [str(raw)], recipe=str(recipe), message=HOSTILE)
    more = at / "more.jsonl"
    turns = [{"role": "system", "content": HOSTILE}, {"role": "user", "content": "天气？"},
             {"role": "assistant", "content": "", "tool_calls": [
                 {"id": "1", "type": "function", "function": {"name": HOSTILE, "arguments": '{"city":"北京"}'}}]},
             {"role": "tool", "tool_call_id": "1", "content": '{"t": 3}'},
             {"role": "assistant", "content": "三度。"}]  # fmt: skip
    more.write_text(json.dumps({"messages": turns}) + "\n")
    ann.refs.branch("chat", "side")
    ann.curate("chat", [str(more)], recipe="import", add=True, branch="side", message="tools")
    secret = next(e for e in ann.version("chat@v1") if PII in e.output)
    ann.reviews.create("masks", "chat@v1", Drawing(ids=(secret.name,)), Rules(1))
    payload = json.loads(json.dumps(dict(secret.payload)).replace("jane.roe@example.com", "[EMAIL]"))
    bob.reviews.give("masks", [Given(secret.name, "edit", payload=payload)])
    bob.reviews.apply("masks")
    other = next(e for e in ann.version("chat@v1") if "Harbour 3 " in e.output)
    ann.reviews.create("blind", "chat", Drawing(ids=(other.name,)), Rules(2))
    bob.reviews.give("blind", [Given(other.name, "reject", comment="never shown")])
    ann.runs.link("chat@v1", "run-1", {"model": "m"})
    ann.refs.tag("chat@v1", "first")
    bob.releases.approve("chat@v1")
    bob.releases.release("chat@v1")
    prefs = at / "prefs.jsonl"
    prefs.write_text(json.dumps({"prompt": "退款？", "chosen": "三天内到账。", "rejected": HOSTILE}) + "\n")
    ann.import_("prefs", [str(prefs)])
    return at / "r"


@pytest.fixture
def web(root: Path) -> Iterator[TestClient]:
    app = create_app(lambda: assay.open(root, actor="ann"), Settings())
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as made:
        yield made


def find(root: Path, ref: str, words: str) -> str:
    return next(e.name for e in assay.open(root).version(ref) if words in e.input + e.output)


def paths(root: Path) -> list[str]:
    hostile = find(root, "chat@v1", "onmouseover")
    tool = find(root, "chat@v2", "天气")
    return [
        "/", "/d/chat/versions", "/d/chat@v1", "/d/chat@v1/figures", "/d/chat@v2", "/d/chat@prod",
        "/d/chat/diff/v1..v2", "/d/chat/diff/v2..v1?kind=removed", "/d/chat/diff/v1..v3?kind=edited",
        f"/d/chat@v1/examples/{hostile}", f"/d/chat@v2/examples/{tool}",
        f"/d/prefs/examples/{find(root, 'prefs', '退款')}", "/d/chat@v1/sweep",
        "/d/chat@v1/sweep?stage=near_dedup&parameter=threshold&value=0.99", "/d/prefs/sweep", "/d/prefs/diff",
        "/search", "/search?q=fox", "/search?q=onmouseover", "/search?q=%E9%80%80%E6%AC%BE",
    ]  # fmt: skip


def test_every_page_is_valid_escaped_free_of_inline_things_and_has_a_twin(
    web: TestClient, root: Path
) -> None:
    for path in paths(root):
        page = web.get(path)
        assert page.status_code == 200, path
        html5lib.HTMLParser(strict=True).parse(page.text)
        for bad in ("<script>alert", "\u202e", "\x1b"):
            assert bad not in page.text, path
        tree = html5lib.parse(page.text, namespaceHTMLElements=False)
        for element in (e for e in tree.iter() if isinstance(e.tag, str)):
            assert "style" not in element.attrib, path
            assert not any(name.startswith("on") for name in element.attrib), path
            for name in ("src", "href", "action"):
                assert element.attrib.get(name, "/").startswith(("/", "#", "?")), path
        twin = web.get(f"/api{path}")
        assert twin.status_code == 200, path
        assert twin.json()["command"].startswith("assay "), path


def test_ids_are_unique_and_headings_do_not_skip(web: TestClient, root: Path) -> None:
    for path in paths(root):
        tree = html5lib.parse(web.get(path).text, namespaceHTMLElements=False)
        ids = [e.attrib["id"] for e in tree.iter() if isinstance(e.tag, str) and "id" in e.attrib]
        assert len(ids) == len(set(ids)), path
        levels = [
            int(e.tag[1]) for e in tree.iter() if isinstance(e.tag, str) and re.fullmatch("h[1-6]", e.tag)
        ]
        assert levels[0] == 1, path
        assert all(b <= a + 1 for a, b in pairwise(levels)), path


def test_a_version_says_what_went_in_and_what_stayed(web: TestClient) -> None:
    told = web.get("/api/d/chat@v1").json()
    assert told["read"] == told["kept"] + sum(s["rejected"] for s in told["stages"])
    assert {n["name"] for n in told["names"]} >= {"prod", "first"}
    assert told["measured"] == "known"
    assert {c["name"] for c in told["figures"]["checks"]} >= {"size", "dedup_rate"}
    assert told["sources"][0]["counts"]["read"] == told["read"]
    assert told["runs"][0]["name"] == "run-1"
    assert "near_dedup" in told["recipe"]
    page = web.get("/d/chat@v1").text
    assert f"{told['kept']} of {told['read']} raw records" in page


def test_a_dataset_shows_its_lanes_names_and_health(web: TestClient) -> None:
    told = web.get("/api/d/chat/versions").json()
    assert [one["number"] for one in told["versions"]] == [3, 2, 1]
    assert [one["branch"] for one in told["versions"]] == ["main", "side", "main"]
    assert told["versions"][0]["parents"] == [1]
    assert told["versions"][2]["out"] is True
    assert told["measured"]
    assert web.get("/api/d/chat/versions?before=3").json()["versions"][0]["number"] == 2


def test_a_diff_shows_what_a_mask_removed_as_dots(web: TestClient, root: Path) -> None:
    told = web.get("/api/d/chat/diff/v1..v3?kind=edited").json()
    assert told["counts"] == {"added": 0, "removed": 0, "edited": 1, "moved": 0, "disabled": 0}
    page = web.get("/d/chat/diff/v1..v3?kind=edited").text
    assert "[EMAIL]" in page
    assert "jane" not in page
    assert "••••" in page
    masked = told["rows"][0]["id"]
    example = web.get(f"/d/chat@v3/examples/{masked}").text
    assert "<mark>[EMAIL]</mark>" in example
    assert "jane" not in example


def test_a_diff_is_paged_by_id_and_every_row_comes_once(web: TestClient, root: Path) -> None:
    seen, after = [], ""
    assert web.get("/api/d/chat/diff/v1..v1").json()["rows"] == []
    registry = assay.open(root)
    expected = sorted(e.name for e in registry.version("chat@v1"))
    while True:
        part = web.get("/api/d/chat/diff/v1..v2", params={"kind": "added", "after": after}).json()
        assert len(part["rows"]) <= 20
        seen += [row["id"] for row in part["rows"]]
        after = part["more"] or ""
        if not after:
            break
    assert seen == sorted(set(seen))
    assert not set(seen) & set(expected)
    assert web.get("/d/chat/diff/v1..v2?after=xyz").status_code == 400
    assert web.get("/d/chat/diff/v1..v2?kind=no").status_code == 422
    assert web.get("/d/chat/diff/v1").status_code == 400
    assert web.get("/d/chat/diff").headers["location"] == "/d/chat/diff/v1..v3"


def test_an_example_shows_its_twin_with_the_similarity(web: TestClient, root: Path) -> None:
    kept = find(root, "chat@v1", "quick brown fox")
    told = web.get(f"/api/d/chat@v1/examples/{kept}").json()
    (twin,) = told["twins"]
    assert twin["kept"] is False
    assert 0.8 <= twin["similarity"] < 1
    assert any(kind != "same" for kind, _ in twin["parts"])
    back = web.get(f"/api/d/chat@v1/examples/{twin['id']}").json()
    assert back["split"] is None
    assert back["readings"][0]["outcome"] == "rejected"
    assert back["twins"][0]["id"] == kept
    assert web.get(f"/d/chat@v1/examples/{twin['id']}").status_code == 200


def test_what_is_blind_is_not_on_an_examples_page(web: TestClient, root: Path) -> None:
    judged = find(root, "chat@v1", "Harbour 3 ")
    page = web.get(f"/d/chat@v1/examples/{judged}").text
    assert "never shown" not in page
    assert "blind" not in page
    own = create_app(lambda: assay.open(root, actor="bob"), Settings())
    with TestClient(own, base_url="http://127.0.0.1") as bob:
        assert "reject" in bob.get(f"/api/d/chat@v1/examples/{judged}").text


def test_chinese_text_says_that_it_is(web: TestClient, root: Path) -> None:
    page = web.get(f"/d/chat@v1/examples/{find(root, 'chat@v1', '退款')}").text
    assert 'lang="zh-Hans"' in page
    assert web.get("/search?q=fox").text.count('lang="zh-Hans"') == 0


def test_a_search_leads_to_what_has_the_name(web: TestClient, root: Path) -> None:
    kept = find(root, "chat@v1", "quick brown fox")
    assert web.get(f"/search?q={kept[:10]}").headers["location"].endswith(f"/examples/{kept}")
    assert web.get("/search?q=chat").headers["location"] == "/d/chat/versions"
    assert web.get("/search?q=chat@first").headers["location"] == "/d/chat@v1"
    groups = web.get("/api/search?q=quick fox").json()["groups"]
    assert [one["ref"] for one in groups] == ["chat@v3"]
    assert "Nothing found" in web.get("/search?q=zzzzqqq").text


def test_a_sweep_keeps_more_with_a_higher_threshold_and_shows_the_edge(web: TestClient) -> None:
    told = web.get("/api/d/chat@v1/sweep?stage=near_dedup&parameter=threshold&value=0.99").json()
    assert told["kept"] == told["kept_now"] + 1
    assert told["edges"][0]["kept"] is False
    assert [p["value"] for p in told["points"]] == [0.8, 0.99]
    assert web.get("/d/chat@v1/sweep?stage=no&parameter=x").status_code == 404
    whole = web.get("/api/d/chat@v1/sweep?whole=true").json()
    assert len(whole["points"]) > 4


def test_what_there_is_not_is_said(web: TestClient) -> None:
    for path in ("/d/none/versions", "/d/chat@v9", "/d/chat@v1/examples/abcdef99", "/d/chat/diff/v1..v9"):
        assert web.get(path).status_code == 404, path
        assert web.get(f"/api{path}").json()["error"]["code"] == "not_found"


def test_the_rows_of_a_revoked_version_are_not_given_out(root: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(root, tmp_path / "r")
    kept = find(root, "chat@v1", "quick brown fox")
    opened(tmp_path / "r", "bob").releases.revoke("chat@v1", "wrong")
    app = create_app(lambda: assay.open(tmp_path / "r", actor="ann"), Settings())
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert client.get(f"/d/chat@v1/examples/{kept}").status_code == 403
        assert client.get("/d/chat/diff/v1..v2").status_code == 403
        assert client.get("/d/chat@v1/sweep").status_code == 403
        assert client.get("/d/chat@v1").status_code == 200


def test_acts_change_the_next_version_and_need_the_forms_token(root: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(root, tmp_path / "r")
    kept = find(root, "chat@v3", "quick brown fox")
    app = create_app(lambda: assay.open(tmp_path / "r", actor="ann"), Settings())
    at = f"/d/chat@v3/examples/{kept}"
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        client.headers["origin"] = "http://127.0.0.1"  # as a browser does
        token = re.search(r"facts\?form=([^\"]+)\"", client.get(at).text)
        assert token is not None
        form = {"form": token.group(1)}
        assert client.post(f"{at}/facts", data={"key": "topic", "value": "foxes"}).status_code == 403
        assert (
            client.post(f"{at}/facts", params=form, data={"key": "topic", "value": "foxes"}).status_code
            == 303
        )
        assert "foxes" in client.get(at).text
        assert client.post(f"{at}/review", params=form, data={"queue": "look"}).status_code == 303
        assert client.post(f"{at}/disable", params=form, data={"reason": ""}).status_code == 422
        assert client.post(f"{at}/disable", params=form, data={"reason": "odd"}).status_code == 303
        newest = client.get("/api/d/chat").json()["ref"]
        assert newest == "chat@v4"
        assert client.get(f"/api/d/chat/examples/{kept}").json()["holds"] == "chat@v3"
        assert client.get("/api/d/chat/diff/v3..v4").json()["counts"]["disabled"] == 1


def test_figures_are_kept_and_forgetting_drops_them(root: Path, tmp_path: Path) -> None:
    import shutil

    from assay.registry.monitor.kept_statistics import kept

    shutil.copytree(root, tmp_path / "r")
    registry = opened(tmp_path / "r", "ann")
    registry.stats("chat@v1")
    manifest = registry.version("chat@v1").manifest
    assert kept(registry, manifest) is not None
    registry.sweep("chat@v1", "near_dedup", "threshold", [0.7, 0.8])
    registry.keeping.forget([find(root, "chat@v1", "quick brown fox")], "asked to")
    assert kept(registry, manifest) is None
    assert list((tmp_path / "r" / "cache" / "statistics").iterdir()) == []
    assert list((tmp_path / "r" / "cache" / "sweeps").iterdir()) == []


def test_turns_say_what_is_learned() -> None:
    turns = turns_of({"messages": [
        {"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0},
        {"role": "assistant", "content": "c"}]})  # fmt: skip
    assert [one.loss for one in turns] == [False, False, True]
    assert [(t.part, t.loss) for t in turns_of({"prompt": "p", "chosen": "c", "rejected": "r"})] == [
        ("", False), ("chosen", True), ("rejected", False)
    ]  # fmt: skip
    assert turns_of({"text": "t"})[0].loss is True
    assert [t.loss for t in turns_of({"text": "t", "label": 1})] == [False, True]


def test_an_empty_registry_has_its_pages(tmp_path: Path) -> None:
    assay.init(tmp_path / "e")
    app = create_app(lambda: assay.open(tmp_path / "e"), Settings())
    with TestClient(app, base_url="http://127.0.0.1") as client:
        for path in ("/", "/search", "/search?q=abcdef12", "/search?q=word"):
            assert client.get(path).status_code == 200


def test_the_home_page_shows_so_many_datasets_and_leads_on(
    web: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assay.web.pages import home

    monkeypatch.setattr(home, "SHOWN", 1)
    told = web.get("/api/").json()
    assert [one["name"] for one in told["datasets"]] == ["chat"]
    assert (told["total"], told["more"]) == (2, "chat")
    assert 'href="/?after=chat"' in web.get("/").text
    rest = web.get("/api/?after=chat").json()
    assert [one["name"] for one in rest["datasets"]] == ["prefs"]
    assert rest["more"] is None


def test_every_link_of_a_page_leads_somewhere(web: TestClient, root: Path) -> None:
    """Settings apart, which stands in the frame of every page and has a page of its own."""
    known: dict[str, int] = {"/settings": 200}
    for path in paths(root):
        tree = html5lib.parse(web.get(path).text, namespaceHTMLElements=False)
        for link in (e.attrib.get("href", "") for e in tree.iter("a")):
            at = link.partition("#")[0]
            if at.startswith("/") and at not in known:
                known[at] = web.get(at).status_code
    assert {at: code for at, code in known.items() if code not in (200, 303)} == {}
