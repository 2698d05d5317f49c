"""Figures of a comparison: what is counted, what is left out, and what a failing tool does to the others."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def modules():
    sys.path.insert(0, str(FOLDER))
    try:
        import contest
        import process

        yield contest, process
    finally:
        sys.path.remove(str(FOLDER))


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "corpus.jsonl").write_text('{"input": "a", "output": "b"}\n' * 10, "utf-8")
    return tmp_path / "small"


def tool(contest, name, code, ours=False):
    return contest.Tool(name, (sys.executable, "-c", code), ours)


def test_a_run_is_a_whole_process_with_its_children(modules):
    _, process = modules
    child = f"import subprocess, sys; subprocess.run([{sys.executable!r}, '-c', 'sum(range(20_000_000))'])"
    run = process.measure(
        [sys.executable, "-c", f"{child}; held = bytearray(80_000_000); print('one'); print('two')"]
    )
    assert run.said == "two"
    assert run.wall > 0.1 and run.cpu > 0.1 and run.peak > 80


def test_what_fails_says_why(modules):
    _, process = modules
    with pytest.raises(process.Failed, match=r"(?s)ended with 3.*before.*because"):
        process.measure(
            [
                sys.executable,
                "-c",
                "import sys; print('before'); print('because', file=sys.stderr); sys.exit(3)",
            ]
        )


def test_every_tool_gets_the_corpus_and_an_empty_folder_in_every_round(modules, corpus, tmp_path):
    contest, _ = modules
    code = (
        "import os, sys; corpus, out = sys.argv[1:]; assert os.listdir(out) == [];"
        "open(out + '/x', 'w').close(); print(sum(1 for _ in open(corpus)))"
    )
    seen = []
    results = contest.contest(
        [tool(contest, "ours", code, ours=True), tool(contest, "peer", code)],
        corpus,
        tmp_path / "scratch",
        2,
        lambda tool, out, run: seen.append(tool.name) or {"said": run.said},
    )
    assert [(len(one.runs), one.failures, one.extra) for one in results] == [(2, 0, {"said": "10"})] * 2
    assert seen == ["ours", "peer"]


def test_a_failing_peer_is_named_and_stops_nobody(modules, corpus, tmp_path, capsys):
    contest, _ = modules
    results = contest.contest(
        [tool(contest, "ours", "print(1)", ours=True), tool(contest, "broken", "raise SystemExit(1)")],
        corpus,
        tmp_path / "scratch",
        2,
        lambda tool, out, run: {"said": run.said},
    )
    contest.report(results, corpus)
    printed = capsys.readouterr().out
    assert "broken: 2 of 2 runs failed and are not counted" in printed
    assert "| ours | " in printed and "| broken | " not in printed and "fastest peer" not in printed


def test_ratios_are_of_medians(modules):
    contest, process = modules
    ours, peer, slow = (
        contest.Result(
            contest.Tool(name, (), ours=name == "ours"),
            [process.Run(wall, cpu, 50.0, 0.5, 1.5, "") for wall, cpu in walls],
        )
        for name, walls in (
            ("ours", [(1.0, 2.0), (9.0, 2.0), (2.0, 2.0)]),
            ("peer", [(6.0, 5.0), (5.0, 5.0), (1.0, 1.0)]),
            ("slow", [(10.0, 8.0)]),
        )
    )
    said = contest.verdict([ours, peer, slow])
    assert said.startswith("fastest peer: peer; ours is 2.50 times as fast by wall time, 2.50 by CPU time")
    lines = contest.table([ours, peer, slow], 1_000).splitlines()[2:]
    assert [line.split(" | ")[0] for line in lines] == ["| ours", "| peer", "| slow"]
    assert lines[0] == "| ours | 2.00 (1.00 to 9.00) | 2.00 | 50 | 500 | 0.5 to 1.5 | 1.00 |"
    assert lines[1].endswith("| 2.50 |")


def test_a_corpus_is_made_once_and_again_when_the_generator_changed(modules, tmp_path, monkeypatch):
    contest, _ = modules
    made = []
    monkeypatch.setattr(
        contest.corpus, "write", lambda folder, size: (folder.mkdir(exist_ok=True), made.append(size))
    )
    assert (
        contest.corpora([20], [], tmp_path) == contest.corpora([20], [], tmp_path) == [tmp_path / "corpus-20"]
    )
    assert made == [20]
    (tmp_path / "corpus-20" / "made-by").write_text("an older generator", "ascii")
    contest.corpora([20], [], tmp_path)
    assert made == [20, 20]
    assert contest.corpora([20], [tmp_path], tmp_path) == [tmp_path]
