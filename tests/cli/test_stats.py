"""`assay stats` and `assay report` on the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

Run = Callable[..., Any]


@pytest.fixture
def imported(assay_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """helpdesk@v1 of 60 rows, among them Chinese ones and a hostile one."""
    monkeypatch.chdir(tmp_path)
    rows: list[dict[str, Any]] = [
        {"instruction": f"case {n}", "output": f"do {n} and {n * 7} then", "category": f"c{n % 3}", "score": n % 5 + 1,
         "created_at": f"2025-0{n % 6 + 1}-01", "generator": "lab/模型"}
        for n in range(40)
    ]  # fmt: skip
    rows += [
        {"instruction": f"第{n}号", "output": f"请重启第{n}台打印机", "category": "打印机" * 30}
        for n in range(19)
    ]
    rows.append({"instruction": "x", "output": "\x1b[2J \u202e <b>", "category": "\x1b[31m\u202e[bold]"})
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    Path("tickets.jsonl").write_text(lines, encoding="utf-8")
    assert assay_run("init").code == 0
    assert assay_run("import", "helpdesk", "tickets.jsonl", "--workers", "1").code == 0
    return tmp_path


def test_the_page_fits_80_columns_and_is_safe(assay_run: Run, imported: Path) -> None:
    call = assay_run("stats", "helpdesk")
    assert call.code == 0
    assert "\x1b" not in call.out and "\u202e" not in call.out
    for line in call.out.split("\n"):
        assert cell_len(line) <= 80, line
        assert line == line.rstrip()
    for words in (
        "60 examples",
        "✗ warning",
        "Lengths in units",
        "By category",
        "Scripts",
        "Chinese",
        "Time",
        "lab/模型",
    ):
        assert words in call.out
    assert "assay report helpdesk@v1" in call.out


def test_json_of_stats(assay_run: Run, imported: Path) -> None:
    found = assay_run("stats", "helpdesk", "--json", "--by", "score").json
    assert (found["version"], found["rows"], found["read"]) == ("helpdesk@v1", 60, 60)
    assert [topic["field"] for topic in found["topics"]] == ["score"]
    assert found["output"].keys() >= {"p1", "p10", "p25", "p50", "p75", "p90", "p99", "mean", "count", "bins"}
    assert {check["verdict"] for check in found["health"]} <= {"healthy", "watch", "warning", "unknown"}
    assert "samples" not in found


def test_a_field_nobody_states(assay_run: Run, imported: Path) -> None:
    call = assay_run("stats", "helpdesk", "--by", "nosuch")
    assert call.code == 0
    assert "no row states nosuch" in call.out
    assert assay_run("stats", "helpdesk", "--by", " ").code == 2
    assert assay_run("stats", "nothing").code == 2


def test_report_writes_one_file(assay_run: Run, imported: Path) -> None:
    call = assay_run("report", "helpdesk")
    assert (call.code, call.out) == (0, "wrote helpdesk-v1.html\n")
    page = Path("helpdesk-v1.html").read_text("utf-8")
    assert page.startswith("<!doctype html>") and "helpdesk" in page
    said = assay_run("report", "helpdesk:train", "-o", "out.html", "--json").json
    assert said == {
        "version": "helpdesk@v1:train",
        "file": "out.html",
        "bytes": Path("out.html").stat().st_size,
    }
    assert sorted(path.name for path in imported.glob("*.html")) == ["helpdesk-v1.html", "out.html"]
    assert not list(imported.glob(".*.part"))


def test_where_a_report_cannot_be_written(assay_run: Run, imported: Path) -> None:
    for place in (".", "nowhere/report.html"):
        call = assay_run("report", "helpdesk", "-o", place)
        assert call.code == 2 and call.err.startswith("error:")
    Path("old.html").write_text("old", "utf-8")
    assert assay_run("report", "nothing", "-o", "old.html").code == 2
    assert Path("old.html").read_text("utf-8") == "old"


def test_generators_that_do_not_fit_are_counted(
    assay_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [
        {"instruction": f"q {n}", "output": f"a {n}", "generator": f"lab/m{n % 11:02}"} for n in range(33)
    ]
    Path("answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert assay_run("init").code == 0
    assert assay_run("import", "answers", "answers.jsonl", "--workers", "1").code == 0
    shown = assay_run("stats", "answers").out
    assert "lab/m07" in shown and "lab/m08" not in shown
    assert "and 3 more; all of them with --json" in shown
    assert "lab/m08" in assay_run("stats", "answers", "--json").out
