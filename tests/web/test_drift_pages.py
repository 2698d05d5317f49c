"""The pages of drift and trend: what they show is what the commands say, with links to rows, examples, operations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import html5lib
import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient
from tests.web.conftest import HOSTILE

import assay
from assay.kernels.ids import sorted_ids
from assay.registry.governing.annotating import annotate
from assay.registry.monitor import kept_quality
from assay.web import measuring
from assay.web.app import create_app
from assay.web.settings import Settings


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`desk`: four versions alike, 60 Chinese rows of a generator whose name would act in a page, 40 lists."""
    at = tmp_path_factory.mktemp("drift")
    registry = assay.init(at / "r", actor="ann")

    def add(name: str, rows: list[dict[str, object]]) -> None:
        file = at / f"{name}.jsonl"
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        registry.curate("desk", [str(file)], recipe="import", add=name != "base")

    def ticket(n: int) -> dict[str, object]:
        return {
            "instruction": f"Where is order number {n} of mine?", "input": "", "category": "abc"[n % 3],
            "output": f"Order {n} was sent on day {n % 28} and lies {n * 7 % 90} miles from your door.",
        }  # fmt: skip

    add("base", [ticket(n) for n in range(400)])
    for k in range(3):
        add(f"more{k}", [ticket(n) for n in range(400 + 20 * k, 420 + 20 * k)])
    add(
        "odd",
        [
            {"instruction": f"第{n}号工单怎么办？", "input": "", "output": f"请先重新启动打印机，再看第{n}页。",
             "generator": HOSTILE, "category": HOSTILE}
            for n in range(60)
        ],
    )  # fmt: skip
    add("list", [
        {"instruction": f"Say {n} things", "input": "", "output": f"Sure, here is it:\n- one {n}\n- two\n- three",
         "generator": "lab/list"}
        for n in range(40)
    ])  # fmt: skip
    return at / "r"


@pytest.fixture(scope="module")
def web(root: Path) -> Iterator[TestClient]:
    app = create_app(lambda: assay.open(root, actor="ann"), Settings())
    with TestClient(app, base_url="http://127.0.0.1") as made:
        yield made


def sound(page: str) -> None:
    html5lib.HTMLParser(strict=True).parse(page)
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "style=" not in page


def test_drift_shows_what_the_command_says_with_links_to_rows_examples_and_operations(
    web: TestClient, root: Path
) -> None:
    found = assay.open(root).quality.drift("desk@v4", "desk@v5")
    view = web.get("/api/d/desk/drift/v4..v5").json()
    assert view["command"] == "assay drift desk@v4 desk@v5"
    assert (
        (view["came"], view["went"], view["stayed"]) == (found.came, found.went, found.stayed) == (60, 0, 460)
    )
    told = {one["name"]: one for one in view["features"]}
    assert told.keys() == {one.name for one in found.shifts}
    moved = [one["name"] for one in view["features"] if one["verdict"] == "drifted"]
    assert moved == [one.name for one in found.drifted]
    assert {"language", "generator", "category"} <= set(moved)
    language = told["language"]
    assert language["times"] > 1 and language["test"] == "χ²" and language["p"] == "< 0.0001"
    chinese = next(cell for cell in language["cells"] if cell["name"] == "zh")
    assert (chinese["before"], chinese["see_before"], chinese["after"]) == (0, "", 60)
    assert web.get("/api" + chinese["see_after"]).json()["total"] == 60
    cause = language["cause"]
    assert cause["rows"] == 60 and len(cause["examples"]) == 20
    assert "第" in web.get(cause["examples"][0]["see"]).text
    (by,) = cause["brought"]
    assert (by["version"], by["operation"], by["rows"]) == ("desk@v5", 5, 60)
    assert by["source"].endswith("odd.jsonl") and web.get(f"/audit/{by['operation']}").status_code == 200
    page = web.get("/d/desk/drift/v4..v5").text
    sound(page)
    assert page.count('<details class="twin"') >= page.count('<svg class="chart')
    assert f'href="{cause["examples"][0]["see"]}"' in page and 'href="/audit/5"' in page
    for name in ("drifted", "steady"):
        assert f"</svg>{name}</span>" in page
    assert "漂移" in web.get("/d/desk/drift/v4..v5", headers={"accept-language": "zh"}).text


def test_a_bin_of_lengths_leads_to_its_rows(web: TestClient) -> None:
    view = web.get("/api/d/desk/drift/v1..v5").json()
    length = next(one for one in view["features"] if one["name"] == "output")
    assert len(length["curves"]) == 2 and len(length["curves"][0]) == 100
    assert sum(cell["after"] for cell in length["cells"]) == 520
    fullest = max(length["cells"], key=lambda cell: cell["after"])
    assert web.get("/api" + fullest["see_after"]).json()["total"] == fullest["after"]


def test_the_way_back_leads_to_the_rows_that_left_in_the_version_that_had_them(web: TestClient) -> None:
    view = web.get("/api/d/desk/drift/v5..v4").json()
    cause = next(one["cause"] for one in view["features"] if one["name"] == "language")
    assert not cause["came"]
    assert cause["examples"][0]["see"].startswith("/d/desk@v5/examples/")
    assert web.get(cause["examples"][0]["see"]).status_code == 200
    sound(web.get("/d/desk/drift/v5..v4").text)


def test_nothing_drifts_between_a_version_and_itself(web: TestClient) -> None:
    view = web.get("/api/d/desk/drift/v2..v2").json()
    assert {one["verdict"] for one in view["features"]} <= {"steady", "not enough rows to tell"}
    sound(web.get("/d/desk/drift/v2..v2").text)


def test_the_diff_shows_what_drifted_most_and_leads_on(web: TestClient) -> None:
    view = web.get("/api/d/desk/diff/v4..v5").json()
    assert 0 < len(view["shifts"]) <= 3 < view["compared"]
    assert all(one["verdict"] == "drifted" for one in view["shifts"])
    page = web.get("/d/desk/diff/v4..v5").text
    sound(page)
    assert 'href="/d/desk/drift/v4..v5"' in page
    for other, pair in (("/d/desk@v5", "v4..v5"), ("/d/desk/versions", "v5..v6")):
        assert f"/d/desk/drift/{pair}" in web.get(other).text


def test_trend_shows_jumps_with_the_operation_and_the_file_behind_each(web: TestClient, root: Path) -> None:
    found = assay.open(root).quality.trend("desk")
    view = web.get("/api/d/desk/trend").json()
    assert [one["label"] for one in view["versions"]] == ["v1", "v2", "v3", "v4", "v5", "v6"]
    assert len(view["jumps"]) == len(found.anomalies) > 0
    jump = next(one for one in view["jumps"] if one["feature"] == "language")
    assert (jump["value"], jump["at"]["ref"], jump["at"]["operation"], jump["rows"]) == (
        "zh",
        "desk@v5",
        5,
        60,
    )
    assert jump["drift"] == "/d/desk/drift/v4..v5"
    (source,) = jump["sources"]
    assert source["name"].endswith("odd.jsonl")
    assert web.get("/api" + source["see"]).json()["total"] == source["rows"] == 60
    series = next(one for one in view["figures"] if one["feature"] == "language")
    assert series["jumps"] == [4] and len(series["points"]) == 6
    page = web.get("/d/desk/trend").text
    sound(page)
    assert 'href="/audit/5"' in page and 'class="halo"' in page and 'class="h' in page
    assert 'href="/d/desk/trend"' in web.get("/d/desk/versions").text


def test_styles_say_what_sets_a_generator_apart(web: TestClient, root: Path) -> None:
    found = assay.open(root).quality.styles("desk@v6")
    view = web.get("/api/d/desk@v6/styles").json()
    assert [one["generator"] for one in view["generators"]] == [one.generator for one in found.styles]
    lists = next(one for one in view["generators"] if one["generator"] == "lab/list")
    assert next(f for f in lists["forms"] if f["name"] == "lists") == {
        "name": "lists", "own": 1.0, "others": 0.0, "p": "< 0.0001", "told": True,
    }  # fmt: skip
    assert lists["openings"][0]["name"].startswith("sure")
    assert web.get("/api" + lists["see"]).json()["total"] == lists["rows"] == 40
    page = web.get("/d/desk@v6/styles").text
    sound(page)
    assert "stands apart" in page
    assert 'hx-get="/d/desk@v6/styles"' in web.get("/d/desk@v6").text
    head = {"hx-request": "true", "hx-target": "styles"}
    assert web.get("/d/desk@v6/styles", headers=head).text.lstrip().startswith("<section")
    sound(web.get("/d/desk@v1/styles").text)


def test_topics_stand_beside_once_maps_of_both_were_made(web: TestClient, root: Path) -> None:
    assert web.get("/api/d/desk/drift/v4..v5").json()["topics"] == []
    maps = assay.open(root).maps
    maps.map("desk@v5", like="desk@v4")
    found = maps.topics("desk@v4", "desk@v5")
    view = web.get("/api/d/desk/drift/v4..v5").json()["topics"]
    assert [(one["name"], one["kind"], one["before"], one["after"]) for one in view] == [
        (one.name, one.kind, *one.rows) for one in found
    ]
    assert sum(one["after"] for one in view) == 520
    assert view[0]["kind"] in ("grew", "appeared")
    assert "cluster=" in view[0]["see"] and web.get(view[0]["see"]).status_code == 200
    sound(web.get("/d/desk/drift/v4..v5").text)


def test_what_is_not_there_is_said(web: TestClient) -> None:
    for path in ("/d/desk/drift/v1..v9", "/d/none/drift/v1..v2", "/d/none/trend", "/d/desk@nobranch/trend"):
        assert web.get(path).status_code in (400, 404), path
        assert web.get("/api" + path).status_code in (400, 404), path
    assert web.get("/d/desk/drift/v1").status_code == 400


def test_a_large_comparison_is_made_by_a_process_and_kept(
    root: Path, web: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    kept_quality.answers(assay.open(root)).drop()
    monkeypatch.setattr(measuring, "AT_ONCE", 0)
    monkeypatch.setattr(measuring, "IN_TURN", 0)
    assert web.get("/api/d/desk/diff/v4..v5").json()["measured"] == "unknown"
    assert web.get("/api/d/desk/drift/v4..v5").json()["measured"] == "running"
    page = web.get("/d/desk/drift/v4..v5").text
    sound(page)
    assert 'hx-trigger="load delay:2s"' in page
    deadline = time.monotonic() + 60
    while web.get("/api/d/desk/drift/v4..v5").json()["measured"] != "known":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert len(web.get("/api/d/desk/diff/v4..v5").json()["shifts"]) == 3
    head = {"hx-request": "true", "hx-target": "measured"}
    part = web.get("/d/desk/drift/v4..v5", headers=head).text
    assert part.lstrip().startswith('<div id="measured"') and "<html" not in part
    assert web.get("/api/d/desk/trend").json()["measured"] == "running"
    for one in measuring._running.values():
        one.process.wait()
    measuring._running.clear()


def test_facts_that_are_stated_later_make_another_answer(root: Path) -> None:
    registry = assay.open(root, actor="ann")
    registry.quality.drift("desk@v1", "desk@v2")
    assert registry.quality.known_drift("desk@v1", "desk@v2") is not None
    example = registry.version("desk@v1").head(1)[0]
    annotate(registry, "desk", sorted_ids([bytes.fromhex(example.name)]), {"slice.odd": "yes"})
    assert assay.open(root).quality.known_drift("desk@v1", "desk@v2") is None


def test_forgetting_drops_what_is_kept(root: Path) -> None:
    registry = assay.open(root, actor="ann")
    registry.quality.trend("desk")
    gone = registry.version("desk@v1").head(1)[0]
    registry.keeping.forget([gone.name], "asked to")
    assert assay.open(root).quality.known_trend("desk") is None
    assert not list((root / "cache" / "quality").glob("*.json"))
