"""Judging a version: every fault is an outcome, nothing is paid for twice, a budget holds, what is finished is kept."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import assay
from assay.errors import BudgetReached, CallsFailed, UsageError
from assay.llm.batching import Polling
from assay.llm.retry import Patience
from assay.llm.wire import ApiKey
from assay.registry.judgement import running as judge_running
from assay.registry.judgement.judges import Bench
from assay.registry.language_models import Endpoint, LanguageModels
from assay.testing.llm_call import Answer
from assay.testing.llm_faults import FAULTS, FaultScript
from assay.testing.llm_limit import RateLimit
from assay.testing.llm_server import LlmServer
from assay.testing.llm_service import Timing

from .judged import BENCH, KEY, MODEL, OTHER, by_number, models, recipe, tickets, verdict

HARMLESS = {"slow", "fenced", "prose", "twice", "wrong_language", "duplicate"}
OUTCOMES = {
    "truncated_json": "truncated", "out_of_range": "invalid", "missing_field": "invalid", "refusal": "refused",
}  # fmt: skip


@pytest.fixture
def helpdesk(registry, write):
    """A version of 12 tickets."""
    registry.import_("helpdesk", [write("a.jsonl", tickets(12))])
    return registry


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_ends_in_scores_or_in_a_reason(registry, write, tmp_path, fault):
    source = write("a.jsonl", tickets(3))
    timing = Timing(retry_after=0.05, slow=0.05)
    with LlmServer(lambda call: verdict(4), lambda call: fault, key=KEY, timing=timing) as server:
        settings = models(server, patience=Patience(attempts=2, longest=0.1, first=0.01), timeout=0.4)
        done = registry.curate(
            "helpdesk", [source], recipe=recipe(tmp_path, exclude=False, min_overall=0), models=settings
        )
    assert done.read == done.kept == 3
    told = {
        row["value"]
        for row in registry.query("select value from facts where key = 'quality_outcome'").to_pylist()
    }
    expected = "scored" if fault in HARMLESS else OUTCOMES.get(fault, "failed")
    assert told == {expected}
    flagged = registry.why("helpdesk", "a.jsonl", 1).as_json()
    if expected == "scored":
        assert "unscored" not in json.dumps(flagged)
    else:
        assert [one["code"] for one in flagged["also"]] == ["unscored"]
        assert flagged["message"].startswith(f"{expected}: ")


def test_unscored_examples_are_held_back_when_asked_for(registry, write, tmp_path):
    with LlmServer(lambda call: verdict(4), FaultScript(["refusal"]), key=KEY) as server:
        done = registry.curate(
            "helpdesk",
            [write("a.jsonl", tickets(5))],
            recipe=recipe(tmp_path, unscored="reject"),
            models=models(server),
        )
    assert (done.kept, done.rejected) == (4, 1)


def test_what_was_judged_is_not_asked_for_again_even_without_the_cache(helpdesk, write, tmp_path):
    with LlmServer(by_number, key=KEY) as server:
        first = helpdesk.judges.run("helpdesk", BENCH, models(server))
        assert first.tally.judged == len(server.exchanges) == 12
        for path in (helpdesk.root / "cache" / "answers").rglob("*"):
            path.unlink() if path.is_file() else None
        again = helpdesk.judges.run("helpdesk", BENCH, models(server))
        assert (again.tally.judged, again.tally.reused, again.operations) == (0, 12, ())
        one = helpdesk.curate(
            "clean", [write("b.jsonl", tickets(12))], recipe=recipe(tmp_path), models=models(server)
        )
        two = helpdesk.curate(
            "clean", [write("b.jsonl", tickets(12))], recipe=recipe(tmp_path), models=models(server)
        )
        assert one.fingerprint == two.fingerprint and one.kept == two.kept == 4
        assert len(server.exchanges) == 12
        points = helpdesk.sweep("clean", "judge", "min_overall", [1, 3, 5]).points
        assert [point.kept for point in points] == [12, 6, 2]
        assert len(server.exchanges) == 12
    facts = helpdesk.query("select distinct quality_overall from examples", "clean").to_pylist()
    assert sorted(row["quality_overall"] for row in facts) == [4.0, 5.0]


def test_another_judge_is_asked_and_the_facts_are_the_panels(helpdesk):
    with LlmServer(lambda call: verdict(5 if call.api == "openai" else 3), key=KEY) as server:
        helpdesk.judges.run("helpdesk", BENCH, models(server))
        both = helpdesk.judges.run("helpdesk", Bench((MODEL, OTHER)), models(server))
        assert (both.tally.judged, both.tally.reused) == (12, 12)
        rows = helpdesk.query(
            "select key, number from facts where key in ('quality_overall', 'quality_spread')"
        )
        assert {(row["key"], row["number"]) for row in rows.to_pylist()} == {
            ("quality_overall", 4.0), ("quality_spread", 2.0),
        }  # fmt: skip
        helpdesk.judges.run("helpdesk", BENCH, models(server))
        assert len(server.exchanges) == 24
    rows = helpdesk.query(
        "select key, number from facts where key in ('quality_overall', 'quality_spread')"
    ).to_pylist()
    assert {(row["key"], row["number"]) for row in rows} == {("quality_overall", 3.0)}
    agreed = both.tally.agreement()
    assert agreed is not None and agreed.examples == 12 and agreed.within_one == 0


def test_a_dry_run_asks_nobody_and_tells_the_price(helpdesk, write, tmp_path):
    with LlmServer(by_number, key=KEY) as server:
        found = helpdesk.judges.estimate("helpdesk", BENCH, models(server))
        assert found.calls == found.examples == 12 and found.likely < found.worst
        one = helpdesk.curate(
            "x", [write("b.jsonl", tickets(15))], recipe=recipe(tmp_path), models=models(server), dry_run=True
        )
        assert one.kept == 15 and one.selectors["judge"]["estimate"]["calls"] == 15
        assert len(server.exchanges) == 0
        helpdesk.judges.run("helpdesk", BENCH, models(server))
        told = sum(row["price"] for row in helpdesk.query("select price from judgements").to_pylist())
        assert told <= float(found.worst)
        after = helpdesk.judges.estimate("helpdesk", BENCH, models(server))
        assert after.calls == 0 and after.judges[0].log == 12


def test_nothing_is_estimated_away_without_keys_or_addresses(helpdesk):
    found = helpdesk.judges.estimate("helpdesk", BENCH, LanguageModels())
    assert found.calls == 12 and found.likely is None and found.as_json()["judges"][0]["unpriced"] == ["m"]


def test_a_budget_stops_the_run_and_what_was_paid_for_is_recorded(helpdesk):
    with LlmServer(by_number, key=KEY) as server:
        with pytest.raises(BudgetReached, match=r"of 12 judgements are recorded") as stopped:
            helpdesk.judges.run("helpdesk", BENCH, models(server, budget=0.025))
        assert "larger --budget" in stopped.value.hint
        paid = len(server.exchanges)
        assert 0 < paid < 12
        assert helpdesk.query("select * from judgements").num_rows == paid
        helpdesk.judges.run("helpdesk", BENCH, models(server))
        assert len(server.exchanges) == 12 and not server.paid_twice()


def test_a_budget_that_is_reached_within_a_curation_commits_nothing(registry, write, tmp_path):
    source = write("a.jsonl", tickets(12))
    with LlmServer(by_number, key=KEY) as server:
        with pytest.raises(BudgetReached):
            registry.curate(
                "helpdesk", [source], recipe=recipe(tmp_path), models=models(server, budget=0.025)
            )
        assert registry.datasets() == []
        done = registry.curate("helpdesk", [source], recipe=recipe(tmp_path), models=models(server))
        assert done.version == "helpdesk@v1" and len(server.exchanges) == 12


def test_a_wrong_key_stops_the_run_at_once(helpdesk):
    with LlmServer(by_number, key="another") as server:
        with pytest.raises(CallsFailed, match="0 of 12 judgements are recorded") as failed:
            helpdesk.judges.run("helpdesk", BENCH, models(server, most=2))
        assert "key" in failed.value.hint and len(server.exchanges) <= 2


def test_one_judge_that_cannot_be_called_stops_the_others(helpdesk):
    with LlmServer(by_number, key=KEY, timing=Timing(latency=0.02)) as server:
        settings = models(server, most=1)
        wrong = Endpoint("openai", server.openai_url, ApiKey("wrong"))
        settings = replace(settings, endpoints={**settings.endpoints, "local": wrong})
        with pytest.raises(CallsFailed, match="401"):
            helpdesk.judges.run("helpdesk", Bench((MODEL, OTHER)), settings)
        paid = sum(one.billed for one in server.exchanges)
        assert paid < 12 and helpdesk.query("select * from judgements").num_rows == paid
    assert helpdesk.query("select * from facts").num_rows == 0


def test_ctrl_c_records_what_is_finished(helpdesk, monkeypatch):
    seen = []

    def count(report):
        seen.append(report.done)
        if report.done >= 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(judge_running.time, "monotonic", iter(range(10_000)).__next__)
    with LlmServer(by_number, key=KEY) as server:
        with pytest.raises(KeyboardInterrupt):
            helpdesk.judges.run("helpdesk", BENCH, models(server, most=1), progress=count)
        recorded = helpdesk.query("select * from judgements").num_rows
        assert 5 <= recorded < 12
        monkeypatch.undo()
        helpdesk.judges.run("helpdesk", BENCH, models(server))
        assert not server.paid_twice()


def test_recipes_with_judges_need_settings_and_a_moment_that_passed_asks_nobody(helpdesk, write, tmp_path):
    source = write("b.jsonl", tickets(3))
    with pytest.raises(UsageError, match="nobody said how to call them"):
        helpdesk.curate("x", [source], recipe=recipe(tmp_path))
    with LlmServer(by_number, key=KEY) as server:
        then = helpdesk.at("2999-01-01")
        with pytest.raises(UsageError):
            then.judges.run("helpdesk", BENCH, models(server))
        assert then.judges.estimate("helpdesk", BENCH, models(server)).calls == 12
        assert len(server.exchanges) == 0


def test_a_part_is_chosen_by_expression_or_drawn(helpdesk):
    judges = helpdesk.judges
    some = judges.chosen("helpdesk", n=5, seed=1)
    assert len(some) == 5 and (judges.chosen("helpdesk", n=5, seed=1) == some).all()
    assert (judges.chosen("helpdesk", n=5, seed=2) != some).any()
    assert len(judges.chosen("helpdesk", where="record < 4")) == 3
    with LlmServer(by_number, key=KEY) as server:
        done = judges.run("helpdesk", BENCH, models(server), some)
        assert done.tally.examples == len(server.exchanges) == 5


def test_records_are_written_chunk_by_chunk(helpdesk, monkeypatch):
    monkeypatch.setattr(judge_running, "CHUNK", 5)
    with LlmServer(by_number, key=KEY) as server:
        done = helpdesk.judges.run("helpdesk", BENCH, models(server))
    assert len(done.operations) == 3 and helpdesk.query("select * from judgements").num_rows == 12


def test_what_is_added_to_is_not_judged_again(registry, write, tmp_path):
    with LlmServer(lambda call: verdict(5), key=KEY) as server:
        plan = recipe(tmp_path)
        registry.curate("helpdesk", [write("a.jsonl", tickets(6))], recipe=plan, models=models(server))
        more = registry.curate(
            "helpdesk", [write("b.jsonl", tickets(4, 100))], recipe=plan, models=models(server), add=True
        )
        assert more.kept == 4 and len(server.exchanges) == 10


def test_a_trace_tells_who_judged_and_why(helpdesk):
    with LlmServer(by_number, key=KEY) as server:
        helpdesk.judges.run("helpdesk", BENCH, models(server))
    example = next(iter(helpdesk.version("helpdesk")))
    (told,) = [one for one in helpdesk.trace(example.name).chapters if one.name == "judgements"]
    (row,) = told.rows
    assert (
        row["judge"] == MODEL and row["reasoning"].startswith("It deserves") and row["scores"]["overall"] >= 1
    )
    assert row["input_tokens"] > 0 and float(row["price"]) > 0


def worse(call):
    """A judge of pairs that prefers the rejected answer of every other pair, wherever it stands."""
    number = int(re.search(r"pair (\d+)", call.prompt)[1])
    first_is_chosen = call.prompt.index("chosen answer") < call.prompt.index("rejected answer")
    likes_chosen = number % 2 == 0
    better = "first" if first_is_chosen == likes_chosen else "second"
    return Answer(json.dumps({"reasoning": f"The {better} one helps.", "better": better}))


def test_pairs_are_asked_in_both_orders_and_disputed_ones_go(registry, write, tmp_path):
    rows = [
        {
            "prompt": f"pair {k}?",
            "chosen": f"The chosen answer {k}",
            "rejected": f"A rejected answer, it is {k}",
        }
        for k in range(6)
    ]
    with LlmServer(worse, key=KEY) as server:
        plan = recipe(tmp_path, rubric="preference")
        done = registry.curate("pairs", [write("a.jsonl", rows)], recipe=plan, models=models(server))
        assert len(server.exchanges) == 12 and done.kept == 3
    assert done.stages[-1].codes == {"preference_disputed": 3}
    facts = registry.query("select distinct preference_preference as p from examples").to_pylist()
    assert [row["p"] for row in facts] == [1.0]


def test_draws_are_different_answers_to_one_question(helpdesk):
    said = iter(range(10_000))
    with LlmServer(lambda call: verdict(3 + 2 * (next(said) % 2)), key=KEY) as server:
        done = helpdesk.judges.run("helpdesk", Bench((MODEL,), draws=2), models(server, most=1))
        assert len(server.exchanges) == 24 and done.tally.scores["overall"] == {4.0: 12}


RUN = """
import sys, assay
from tests.registry.judged import BENCH, KEY, LanguageModels, PRICES, Endpoint, ApiKey, Terms
registry = assay.open(sys.argv[1])
models = LanguageModels({"anthropic": Endpoint("anthropic", sys.argv[2], ApiKey(KEY))}, PRICES, None, Terms(16, 5.0))
print(registry.judges.run("helpdesk", BENCH, models).tally.judged)
"""


def test_a_run_that_was_killed_pays_for_no_sound_answer_twice(registry, write):
    registry.import_("helpdesk", [write("a.jsonl", tickets(200))])
    command = [sys.executable, "-c", RUN, str(registry.root)]
    here = Path(__file__).resolve().parents[2]
    with LlmServer(by_number, rate=RateLimit(150, burst=20), key=KEY) as server:
        process = subprocess.Popen([*command, server.url], cwd=here, stdout=subprocess.DEVNULL)
        while sum(one.sound for one in server.exchanges) < 60 and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        answered = sum(one.sound for one in server.exchanges)
        assert 60 <= answered < 200
        kept = len(list((registry.root / "cache" / "answers").rglob("*.answer")))
        done = subprocess.run([*command, server.url], cwd=here, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "200"
        # What was on its way when the process died nobody can keep: at most the calls under way.
        assert sum(server.paid_twice().values()) - len(server.paid_twice()) <= answered - kept <= 16
        assert assay.open(registry.root).query("select * from judgements").num_rows == 200


def test_answers_come_by_batches_where_asked_for(helpdesk):
    with LlmServer(by_number, key=KEY) as server:
        batched = replace(models(server), batches=Polling(first=0.01, most=0.02))
        outlook = helpdesk.judges.estimate("helpdesk", Bench((MODEL, OTHER)), batched)
        done = helpdesk.judges.run("helpdesk", Bench((MODEL, OTHER)), batched)
        assert outlook.calls == done.tally.spent.batched == 24 and done.tally.spent.calls == 0
        assert done.tally.judged == 24 and done.tally.outcomes == {"scored": 24}
        assert {one.path for one in server.exchanges if one.billed and not one.batch} == set()


def test_a_batch_that_still_runs_is_not_paid_for_again(helpdesk):
    with LlmServer(by_number, key=KEY, timing=Timing(batch_polls=8)) as server:
        soon = replace(models(server), batches=Polling(first=0.01, most=0.01, longest=0.02))
        with pytest.raises(CallsFailed, match="still run"):
            helpdesk.judges.run("helpdesk", BENCH, soon)
        done = helpdesk.judges.run("helpdesk", BENCH, replace(soon, batches=Polling(first=0.01, most=0.01)))
        assert done.tally.judged == 12 and not server.paid_twice()
        assert sum(one.billed for one in server.exchanges) == 12
