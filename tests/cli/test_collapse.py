"""`assay collapse` on the command line and its picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.measure.generations import generation, people, records

from assay.cli.render.collapse import shared, spark


@pytest.fixture
def desk(assay_run, tmp_path, monkeypatch):
    """desk@v1 of people, v2 to v4 of models that learned from the version before."""
    monkeypatch.chdir(tmp_path)
    assert assay_run("init").code == 0
    now = people(150, chinese=True)
    for depth in range(4):
        rows = records(now, depth, f"g{depth}", chinese=True)
        for row in rows:
            if depth:
                row["generator"] = "\x1b[31m\u202e[bold]模型" * 4
        Path("rows.jsonl").write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8"
        )
        assert assay_run("import", "desk", "rows.jsonl", "--workers", "1").code == 0
        now = generation(now, 150, depth + 2)


def test_the_page_fits_80_columns_and_is_safe(assay_run, desk):
    call = assay_run("collapse", "desk", "--by", "generator")
    assert (call.code, call.err) == (0, "")
    assert "\x1b" not in call.out and "\u202e" not in call.out
    for line in call.out.split("\n"):
        assert cell_len(line) <= 80, line
        assert line == line.rstrip()
    for words in (
        "desk@v4  4 versions", "█ human", "░ synthetic", "v4 against v1", "✗ Diversity of word pairs",
        "mean 0.00 → 3.00",
        "by chance up to", "why", "Diversity by generator", "depth 3", "assay diff desk@v1 desk@v4",
    ):  # fmt: skip
        assert words in call.out, words


def test_it_is_one_json_document(assay_run, desk):
    found = assay_run("collapse", "desk@v2", "--json", "--by", "origin", "--last", "1").json
    assert (found["line"], found["first"], found["verdict"]) == ("desk@v2", "desk@v1", "warning")
    assert [one["version"] for one in found["versions"]] == ["desk@v1", "desk@v2"]
    assert found["versions"][1]["depth"] == {"mean": 1.0, "max": 1, "shares": {"1": 1.0}}
    assert found["versions"][0]["diversity"].keys() == {
        "vocabulary", "distinct_1", "distinct_2", "alike", "openings",
    }  # fmt: skip
    assert [one["name"] for one in found["checks"]] == [
        "depth", "originals", "diversity", "tail", "openings", "alike", "synthetic", "against_originals",
    ]  # fmt: skip
    first = found["checks"][2]
    assert first.keys() == {
        "name", "title", "verdict", "versions", "before", "after", "moved", "chance", "rows", "healthy", "shown",
        "why", "advice",
    }  # fmt: skip
    assert [one["name"] for one in found["groups"]] == ["group:synthetic"]


def test_one_small_version(assay_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assay_run("init")
    Path("rows.jsonl").write_text('{"input": "a", "output": "b"}\n', "utf-8")
    assay_run("import", "desk", "rows.jsonl", "--workers", "1")
    call = assay_run("collapse", "desk")
    assert call.code == 0
    assert "v1 has fewer than 100 rows" in call.out and "? 0 warnings" in call.out
    assert assay_run("collapse", "desk", "--last", "0").code == 2
    assert assay_run("collapse", "nowhere").code == 2


@given(st.lists(st.integers(0, 10_000), min_size=5, max_size=5))
def test_cells_are_dealt_out_to_all_that_is_there(counts):
    cells = shared(counts, 10)
    assert sum(cells) == (10 if any(counts) else 0)
    assert all((cell > 0) == (count > 0) for cell, count in zip(cells, counts, strict=True))


def test_spark():
    assert spark([0, 1, 2, None, 7]) == "▁▂▃ █"
    assert spark([2.0, 2.0]) == "▄▄"
    assert spark([0.773, 0.779]) in ("▄▅", "▄▄", "▅▅"), "a small move looks small"
    assert spark([1.0]) == spark([None, None]) == ""
    assert (len(spark(list(range(21)))), spark(list(range(21)))[0], spark(list(range(21)))[-1]) == (
        12,
        "▁",
        "█",
    )
