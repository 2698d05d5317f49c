"""`assay map` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.cells import cell_len
from tests.measure.test_map import planted


@pytest.fixture
def desk(assay_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert assay_run("init").code == 0
    texts, truth = planted(30)
    for cut in (0, 30):
        rows = [
            {"input": text, "output": "ok", "generator": "\x1b[31m\u202e[bold]模型" if of % 2 else "lab/m"}
            for text, of in zip(texts[cut:], truth[cut:], strict=True)
        ]
        Path("rows.jsonl").write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8"
        )
        assert assay_run("import", "desk", "rows.jsonl", "--workers", "1").code == 0


@pytest.mark.parametrize(
    "more", [(), ("--like", "desk@v1", "--styles"), ("--against", "desk@v1"), ("--layout", "pca")]
)
def test_the_page_fits_80_columns_and_is_safe(assay_run, desk, more):
    call = assay_run("map", "desk", "--clusters", "5", *more)
    assert (call.code, call.err) == (0, "")
    assert "\x1b" not in call.out and "\u202e" not in call.out
    for line in call.out.split("\n"):
        assert cell_len(line) <= 80, line
    assert "desk@v2" in call.out and "letters alone" in call.out
    if "--like" in more:
        assert "Vanished since desk@v1" in call.out and "Styles of generators" in call.out


def test_it_is_one_json_document(assay_run, desk):
    found = assay_run("map", "desk", "--clusters", "5", "--against", "desk@v1", "--json").json
    assert found["rows"] == 120 and sum(one["rows"] for one in found["clusters"]) == 120
    assert found["against"] == "desk@v1" and found["changes"] and found["seed"] == 7
    assert found == assay_run("map", "desk", "--clusters", "5", "--against", "desk@v1", "--json").json


def test_it_writes_a_page_and_a_picture(assay_run, desk):
    call = assay_run("map", "desk", "--html", "map.html", "--svg", "map.svg", "--styles")
    assert call.code == 0 and "wrote map.html, map.svg" in call.out
    page, picture = Path("map.html").read_text("utf-8"), Path("map.svg").read_text("utf-8")
    assert page.startswith("<!doctype html>") and "script-src" not in page and "<script" not in page
    assert picture.startswith("<svg xmlns=") and "\x1b" not in page + picture


@pytest.mark.parametrize(
    "words",
    [
        ("--like", "desk@v1", "--against", "desk@v1"), ("--html", "nowhere/map.html"), ("--model", "nowhere"),
        ("--clusters", "0"), ("--like", "desk@v9"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(assay_run, desk, words):
    call = assay_run("map", "desk", *words)
    assert call.code == 2 and call.out == "" and call.err
