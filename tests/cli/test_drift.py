"""`assay drift` and `assay trend` on the command line."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

Run = Callable[..., Any]

HOSTILE = "<script>alert(1)</script>\x1b[31m‮"


@pytest.fixture
def desk(assay_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """desk@v1 of 300 English rows; v2 adds 60 Chinese ones by a generator with a hostile name."""
    monkeypatch.chdir(tmp_path)
    first = [
        {"instruction": f"case {n}", "output": f"do {n} and {n * 7} then", "category": f"c{n % 3}"}
        for n in range(300)
    ]
    zh = [
        {"instruction": f"第{n}号", "output": f"请重启第{n}台打印机然后再试一次", "category": HOSTILE,
         "generator": f"lab/{HOSTILE}"}
        for n in range(60)
    ]  # fmt: skip
    for name, rows in (("first.jsonl", first), ("第二.jsonl", zh)):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        Path(name).write_text(lines, encoding="utf-8")
    assert assay_run("init").code == 0
    assert assay_run("import", "desk", "first.jsonl", "--workers", "1").code == 0
    call = assay_run("curate", "desk", "第二.jsonl", "--add", "--recipe", "import", "--workers", "1")
    assert call.code == 0, call.err
    return tmp_path


def fits(out: str) -> None:
    assert "\x1b" not in out and "‮" not in out
    for line in out.split("\n"):
        assert cell_len(line) <= 80, line
        assert line == line.rstrip()


def test_the_page_fits_and_says_what_brought_the_change(assay_run: Run, desk: Path) -> None:
    call = assay_run("drift", "desk@v1", "desk", "--examples")
    assert call.code == 0, call.err
    fits(call.out)
    for words in ("60 came · 0 went · 300 stayed", "✗ drifted  language", "✓ steady", "desk@v2", "第二.jsonl", "(Holm)",
                  "60 rows came with values that grew in share", "and 14 more with --json or --html"):  # fmt: skip
        assert words in call.out, words


def test_without_examples_it_says_how_to_see_them(assay_run: Run, desk: Path) -> None:
    call = assay_run("drift", "desk@v1", "desk")
    fits(call.out)
    assert "assay drift desk@v1 desk@v2 --examples" in call.out
    assert "  example " not in call.out


def test_json_has_every_measure_and_the_ids(assay_run: Run, desk: Path) -> None:
    found = assay_run("--json", "drift", "desk@v1", "desk").json
    features = {one["feature"]: one for one in found["features"]}
    language = features["language"]
    assert language["verdict"] == "drifted" and language["p"] < 1e-6 and language["limit"] == 0.002
    assert {"jensen_shannon", "psi", "cramers_v", "chi_square"} <= set(language["figures"])
    assert {"kolmogorov_smirnov", "wasserstein_sd", "psi"} <= set(features["output"]["figures"])
    assert len(found["causes"]["language"]["examples"]) == 20
    assert all(len(one["id"]) == 64 for one in found["causes"]["language"]["examples"])


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.inline += [name for name, _ in attrs if name == "style" or name.startswith("on")]


def test_the_html_page_holds_everything_and_runs_nothing(assay_run: Run, desk: Path) -> None:
    call = assay_run("drift", "desk@v1", "desk", "--html", "out.html", "--json")
    assert call.code == 0, call.err
    page = Path("out.html").read_text("utf-8")
    tags = Tags()
    tags.feed(page)
    assert not tags.seen & {"script", "img", "link", "iframe"} and not tags.inline
    assert "\x1b" not in page and "‮" not in page
    assert page.count("<figure") >= 3 and "default-src 'none'" in page
    assert "60 rows came with desk@v2" in page
    again = assay_run("drift", "desk@v1", "desk", "--html", "again.html")
    assert again.code == 0 and Path("again.html").read_text("utf-8") == page


def test_what_cannot_be_answered_says_why(assay_run: Run, desk: Path) -> None:
    assert assay_run("drift", "desk@v1", "desk@v9").code == 2
    call = assay_run("drift", "desk@v1", "desk", "--by", "meta.topic")
    assert call.code == 2 and "states meta.topic" in call.err
    call = assay_run("drift", "desk@v1", "desk", "--html", "no/where.html")
    assert call.code == 2 and "folder" in call.err
    assert assay_run("trend", "desk@v1").code == 2


def test_trend_fits_and_tells_the_jump(assay_run: Run, desk: Path) -> None:
    call = assay_run("trend", "desk")
    assert call.code == 0, call.err
    fits(call.out)
    for words in (
        "2 versions",
        "Jumps",
        "language: zh",
        "60 rows came",
        "第二.jsonl 60",
        "assay drift desk@v1 desk@v2",
    ):
        assert words in call.out, words
    call = assay_run("trend", "desk", "--feature", "category")
    fits(call.out)
    assert "c0" in call.out
    assert assay_run("trend", "desk", "--html", "trend.html").code == 0
    page = Path("trend.html").read_text("utf-8")
    tags = Tags()
    tags.feed(page)
    assert not tags.seen & {"script", "img", "link", "iframe"} and not tags.inline
    assert "language zh from 0.0 % to" in page and page.count("<figure") >= 4 and "\x1b" not in page
    found = assay_run("trend", "desk", "--json").json
    assert [one["version"] for one in found["versions"]] == ["desk@v1", "desk@v2"]
    assert {one["feature"] for one in found["anomalies"]} >= {"language", "generator"}


def test_styles_of_generators_fit_80_columns_and_answer_as_json(assay_run: Run, desk: Path) -> None:
    call = assay_run("stats", "desk", "--styles")
    assert call.code == 0, call.err
    fits(call.out)
    assert "60 outputs, 60 compared" in call.out
    answer = json.loads(assay_run("stats", "desk", "--styles", "--json").out)
    assert answer["version"] == "desk@v2" and answer["generators"] == 1
    assert answer["styles"][0]["rows"] == 60
    assert assay_run("stats", "desk", "--styles", "--by", "category").code == 2
