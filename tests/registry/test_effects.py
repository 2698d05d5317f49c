"""compare: planted differences are found where they are, beside the rows that changed there."""

import json

import pytest

import assay
from assay.errors import BadInput, Damaged, NotFound, UsageError
from assay.registry.training.effects import Options
from assay.track.receipt import Receipt
from tests.registry import effect_runs


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("effects")
    return effect_runs.linked(root, effect_runs.registry(root))


def strata(found, field):
    return {one.value: one for f in found.fields if f.name == field for one in f.strata}


def test_what_was_planted_is_found_beside_the_rows_that_changed(made):
    found = made.effects.compare("helpdesk@v1", "helpdesk@v2")
    main = found.main
    assert (main.evaluation, main.metric, main.paired, main.left_out) == ("support", "score", "items", 0)
    assert main.difference.value == pytest.approx(0.0125, abs=0.02) and main.difference.runs == (3, 3)
    assert [one.seed for one in main.runs[0]] == [0, 1, 2] and main.runs[0][0].operation
    by = strata(found, "category")
    for topic, effect in effect_runs.EFFECTS.items():
        one = by[topic].difference
        assert one.low <= effect <= one.high and one.items == 60
    assert {t: one.verdict for t, one in by.items()} == {
        "refunds": "better", "shipping": "worse", "billing": "no difference shown", "退款": "no difference shown",
    }  # fmt: skip
    assert (by["refunds"].moved.came, by["refunds"].moved.went, by["refunds"].moved.before) == (60, 10, 50)
    assert by["billing"].moved.changed == 0
    field = next(one for one in found.fields if one.name == "category")
    assert [(value, moved.came) for value, moved in field.elsewhere] == [("warranty", 15)]
    assert (found.moved.came, found.moved.went) == (75, 10)
    assert {"en", "zh"} == strata(found, "language").keys()
    assert not found.worse and found.needed is not None


def test_the_answer_is_plain_kept_and_made_anew_when_a_run_comes(made):
    found = made.effects.compare("helpdesk@v1", "helpdesk@v2", Options(draws=50))
    said = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert said["effect"]["verdict"] == said["verdict"] == "no difference shown"
    assert said["bootstrap"]["too_few_runs"] and said["fields"][0]["strata"]
    kept = made.effects.known("helpdesk@v1", "helpdesk@v2", Options(draws=50))
    assert kept == said
    assert made.effects.known("helpdesk@v1", "helpdesk@v2", Options(draws=51)) is None


def test_options_choose_what_is_looked_at(made):
    one = made.effects.compare("helpdesk@v1", "helpdesk@v2", Options(by="category", lower=True))
    assert [f.name for f in one.fields] == ["category"] and strata(one, "category")[
        "refunds"
    ].verdict == "worse"
    paired = made.effects.compare("helpdesk@v1", "helpdesk@v2", Options(by_seed=True, correction="bh"))
    assert paired.main.paired == "items and seeds" and paired.correction == "bh"
    named = made.effects.compare("helpdesk@v1", "helpdesk@v2", Options(by="category=language"))
    assert named.fields[0].feature == "language"
    for wrong, said in (
        (Options(metric="f1"), "metric 'f1'"), (Options(by="nothing"), "no item states"),
        (Options(by_seed=True, draws=10), "bootstrap"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=said) as error:
            made.effects.compare("helpdesk@v1", "helpdesk@v2", wrong)
        assert error.value.hint
    assert made.effects.compare("helpdesk@v1", "helpdesk@v2", Options(evaluation="other")).main is None


def test_files_are_compared_without_any_run(made, tmp_path):
    a, b = ([str(effect_runs.results(tmp_path, v, s)) for s in (7, 8)] for v in (1, 2))
    found = made.effects.compare("helpdesk@v1", "helpdesk@v2", Options(results_a=a, results_b=b))
    assert found.main.difference.runs == (2, 2) and found.main.evaluation == ""
    assert strata(found, "category")["refunds"].verdict == "better"
    few = made.effects.compare("helpdesk@v1", "helpdesk@v2", Options(results_a=a[:1], results_b=b))
    assert few.main.verdict == "not enough seeds to tell" and few.needed is not None
    assert {one.verdict for one in few.fields[0].strata} == {"not enough seeds to tell"}
    with pytest.raises(NotFound):
        made.effects.compare("helpdesk@v1", "helpdesk@v2", Options(results_a=["gone.csv"], results_b=b))


def test_a_field_that_items_state_twice_is_shown_once(made, tmp_path):
    def told(name, more):
        rows = [{"item": k, "score": k / 40 + more, "category": t, "meta.category": t, "half": "ab"[k // 20]}
                for k in range(40) for t in [("refunds", "billing")[k % 2]]]  # fmt: skip
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(tmp_path / name)

    sides = [[told(f"{side}{k}.jsonl", side + k / 100) for k in range(2)] for side in range(2)]
    options = Options(results_a=sides[0], results_b=sides[1])
    found = made.effects.compare("helpdesk@v1", "helpdesk@v2", options)
    assert [field.name for field in found.fields] == ["category"]


def test_items_that_are_not_the_same_in_all_runs_are_left_out(made, tmp_path):
    a = [effect_runs.results(tmp_path, 1, s) for s in (0, 1)]
    b = [effect_runs.results(tmp_path, 2, 0), effect_runs.results(tmp_path, 2, 1, items=200)]
    a[0].write_text(a[0].read_text().replace("Question 9001:", "Another 9001:"))
    options = Options(results_a=[str(one) for one in a], results_b=[str(one) for one in b])
    found = made.effects.compare("helpdesk@v1", "helpdesk@v2", options)
    assert found.main.difference.items == 199 and found.main.left_out == 41
    (tmp_path / "o.csv").write_text("item,score\nzz,1\n")
    other = Options(results_a=[str(a[0])], results_b=[str(tmp_path / "o.csv")])
    alone = made.effects.compare("helpdesk@v1", "helpdesk@v2", other)
    assert alone.main.paired == "nothing" and alone.fields == ()


def test_figures_of_receipts_and_of_files_are_enough(tmp_path):
    made = effect_runs.registry(tmp_path)
    assert made.effects.compare("helpdesk@v1", "helpdesk@v2").main is None
    for version in (1, 2):
        of = made.version(f"helpdesk@v{version}")
        for seed, loss in enumerate((0.5, 0.52, 0.48)):
            metrics = {"eval_loss": loss - 0.2 * (version == 2), "train_runtime": 12.0}
            name, state = f"r{version}{seed}", "failed" if seed == 9 else "finished"
            made.runs.record(
                Receipt(
                    name,
                    of.name,
                    of.fingerprint,
                    len(of),
                    "2026-11-21T00:00:00Z",
                    seed=seed,
                    state=state,
                    metrics=metrics,
                )
            )
    found = made.effects.compare("helpdesk@v1", "helpdesk@v2")
    main = found.main
    assert (main.evaluation, main.metric, main.lower, main.paired) == (
        "training",
        "eval_loss",
        True,
        "nothing",
    )
    assert main.verdict == "better" and main.difference.items == 0 and found.others == ()
    assert made.effects.compare("helpdesk@v2", "helpdesk@v1").worse
    by_seed = made.effects.compare("helpdesk@v1", "helpdesk@v2", Options(by_seed=True)).main
    assert by_seed.paired == "seeds" and by_seed.difference.low == pytest.approx(-0.2)


def test_results_are_attached_replaced_listed_and_survive(tmp_path):
    made = effect_runs.registry(tmp_path)
    path = str(effect_runs.results(tmp_path, 1, 0))
    with pytest.raises(NotFound, match="no run"):
        made.results.attach("ft", [path])
    made.runs.link("helpdesk@v1", "ft")
    before = len(made.log())
    assert made.results.attach("ft", [path], dry_run=True)[0].count == 240 and len(made.log()) == before
    for name in ("support", "support", "other"):
        made.results.attach("ft", [path], evaluation=name, metric="score")
    listed = made.results.list("helpdesk@v1")
    assert [one.at.evaluation for one in listed] == ["support", "other"]
    assert listed[0].seed == 0 and listed[0].figures["score"] == pytest.approx(0.5, abs=0.05)
    assert made.results.list("helpdesk@v2") == [] and len(made.results.list()) == 2
    assert made.results.items(listed[0]).metrics == {"score"}
    with pytest.raises(UsageError, match="more than once"):
        made.results.attach("ft", [path, path])
    with pytest.raises(UsageError, match="no metric 'f1'"):
        made.results.attach("ft", [path], metric="f1")
    with pytest.raises(BadInput):
        made.results.attach("ft", [str(tmp_path / "v1.jsonl")])
    made.runs.link("helpdesk@v2", "ft")
    with pytest.raises(UsageError, match="learned from"):
        made.results.attach("ft", [path])
    made.results.attach("ft", [path], ref="helpdesk@v2")
    gone = made.diff("helpdesk@v1", "helpdesk@v2").removed[0].id.hex()
    made.keeping.forget([gone], "asked for")
    assert made.verify().ok and not made.gc(grace_seconds=0).orphans
    assert len(made.results.list()) == 3


def test_items_of_a_frozen_eval_set_are_known_again(tmp_path):
    made = effect_runs.registry(tmp_path)
    asked = [
        {"question": effect_runs.row(9_000 + k, effect_runs.TOPICS[k % 4])["instruction"], "answer": "x"}
        for k in range(200)
    ]
    (tmp_path / "eval.jsonl").write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in asked))
    made.freeze("support-2026", [str(tmp_path / "eval.jsonl")])
    made.runs.link("helpdesk@v1", "ft")
    [found] = made.results.attach("ft", [str(effect_runs.results(tmp_path, 1, 0))])
    assert (found.eval_set, found.matched, found.count) == ("support-2026", 200, 240)
    places = made.results.items(found).table["place"].to_pylist()
    assert places[:3] == [0, 1, 2] and places[-1] is None
    assert (
        made.effects.compare("helpdesk@v1", "helpdesk@v1", Options(evaluation="support-2026")).main
        is not None
    )


def test_a_log_entry_or_an_object_that_says_nothing_is_damage(made, tmp_path):
    other = effect_runs.registry(tmp_path)
    other.runs.link("helpdesk@v1", "ft")
    name = other.store.objects.put_json({"figures": 3})
    other.act("results", "helpdesk", {"run": "ft", "version": 1, "evaluation": "e", "results": name})
    with pytest.raises(Damaged, match="holds no results"):
        other.results.list()
    other.act("results", "helpdesk", {"run": "ft", "version": "1"})
    with pytest.raises(Damaged, match="attaches no results"):
        assay.open(tmp_path / "registry").results.list()
