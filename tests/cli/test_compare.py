"""`assay compare` and `assay runs results` on the command line."""

import json

import pytest
from rich.cells import cell_len
from tests.registry import effect_runs


@pytest.fixture
def desk(assay_run, tmp_path, monkeypatch):
    """helpdesk@v1 and @v2; three runs on each, with results in files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSAY_REGISTRY", str(tmp_path / "registry"))
    effect_runs.registry(tmp_path)
    for version in (1, 2):
        for seed in range(3):
            effect_runs.results(tmp_path, version, seed)
            assert assay_run("runs", "link", f"helpdesk@v{version}", f"ft-{version}{seed}").code == 0
    return tmp_path


def attach(assay_run, versions=(1, 2)):
    for version in versions:
        for seed in range(3):
            call = assay_run(
                "runs", "results", f"ft-{version}{seed}", f"v{version}-s{seed}.csv", "--eval", "support"
            )
            assert call.code == 0, call.err
    return call


def test_from_runs_to_the_picture(assay_run, desk):
    empty = assay_run("compare", "helpdesk@v1", "helpdesk@v2")
    assert (
        empty.code == 0 and "no run has results on both sides" in empty.out and "3 linked runs" in empty.out
    )
    assert "assay runs results RUN FILE" in empty.out
    told = assay_run("runs", "results", "ft-10", "v1-s0.csv", "--dry-run", "--json")
    assert json.loads(told.out)["results"][0]["items"] == 240 and json.loads(told.out)["dry_run"]
    assert "support" in attach(assay_run).out
    call = assay_run("compare", "helpdesk@v1", "helpdesk@v2", "--bootstrap", "50")
    assert call.code == 0 and max(map(cell_len, call.out.splitlines())) <= 80
    assert "▲ refunds" in call.out and "▼ shipping" in call.out and "70 (+60 −10)" in call.out
    assert "on refunds (95 %" in call.out and "70 (+60 −10) rows changed there" in call.out
    assert "warranty: 15 (+15 −0) rows changed, no item measures it" in call.out
    assert "not to say that one made the other move" in call.out and "bootstrap-t" in call.out
    document = json.loads(assay_run("compare", "helpdesk@v1", "helpdesk@v2", "--json").out)
    assert document["effect"]["metric"] == "score" and document["rows"]["changed"] == 85
    assert {one["field"] for one in document["fields"]} == {"category", "language"}


def test_ci_can_ask_whether_models_got_worse(assay_run, desk):
    worse = dict.fromkeys(effect_runs.TOPICS, -0.2)
    files = [str(effect_runs.results(desk, 1, s)) for s in (0, 1)]
    low = [str(effect_runs.results(desk, 2, s, effects=worse)) for s in (5, 6)]
    given = [w for f in files for w in ("--results-a", f)] + [w for f in low for w in ("--results-b", f)]
    assert assay_run("compare", "helpdesk@v1", "helpdesk@v2", *given).code == 0
    failed = assay_run("compare", "helpdesk@v1", "helpdesk@v2", *given, "--fail-if-worse")
    assert failed.code == 1 and "▼ Worse" in failed.out
    fine = assay_run("compare", "helpdesk@v1", "helpdesk@v2", *given, "--fail-if-worse", "--lower-is-better")
    assert fine.code == 0 and "▲ Better" in fine.out and "better ◂" in fine.out


def test_few_seeds_are_said_plainly(assay_run, desk):
    given = [
        "--results-a",
        "v1-s0.csv",
        "--results-b",
        "v2-s0.csv",
        "--results-b",
        "v2-s1.csv",
        "--fail-if-worse",
    ]
    call = assay_run("compare", "helpdesk@v1", "helpdesk@v2", *given)
    assert call.code == 0 and "Not enough seeds to tell" in call.out and "1 run on v1" in call.out
    assert max(map(cell_len, call.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--results-a", "v1-s0.csv"), "one side only"), (("--column", "score"), "names no column"),
        (("--results-a", "x.csv", "--results-b", "x.csv"), "no file x.csv"), (("--bootstrap", "-1"), "bootstrap"),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly_is_said(assay_run, desk, words, said):
    call = assay_run("compare", "helpdesk@v1", "helpdesk@v2", *words)
    assert call.code == 2 and said in call.err and not call.out


def test_hostile_names_do_not_act(assay_run, desk):
    for version in (1, 2):
        for seed in range(3):
            path = desk / f"v{version}-s{seed}.csv"
            path.write_text(path.read_text("utf-8").replace("billing", "\x1b[31mevil\u202e"), "utf-8")
    attach(assay_run)
    out = assay_run("compare", "helpdesk@v1", "helpdesk@v2").out
    assert "\x1b" not in out and "\u202e" not in out and "evil" in out
