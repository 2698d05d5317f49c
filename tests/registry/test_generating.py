"""Generating: versions to quotas, novel, told of by their traces, the same again, and paid for once."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

import assay
from assay.errors import (
    BadInput,
    BudgetReached,
    CallsFailed,
    NotFound,
    QuotasUnmet,
    StorageFailure,
    UsageError,
)
from assay.generate.parameters import Between, Parameters
from assay.llm.wire import ApiKey
from assay.registry.language_models import Endpoint, LanguageModels
from assay.testing.llm_answers import Seeded
from assay.testing.llm_faults import SeededFaults
from assay.testing.llm_server import LlmServer
from assay.testing.llm_service import Timing

from .made_up_model import TEMPLATE, made_up, models, nearly_the_same, order, text, texts_of

pytest.importorskip("openai", reason="the openai SDK is not installed")

N = 80


def chapters(registry, id_):
    return {part.name: part.rows for part in registry.trace(id_).chapters}


def lines(registry, ref):
    """The records of a version as they were spooled."""
    folder = registry.root / "out"
    registry.export(ref, str(folder), format="source")
    return [
        json.loads(line) for path in sorted(folder.rglob("*.jsonl")) for line in path.read_text().splitlines()
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A registry with helpdesk@v1, what made it, and the server that answered."""
    registry = assay.init(tmp_path_factory.mktemp("made") / "registry", actor="mira")
    with LlmServer(made_up) as server:
        result = registry.generation.generate(order(N), models(server))
        assert not list((registry.root / "tmp").iterdir())
        assert not server.paid_twice() and len(server.exchanges) == result.curation.read == result.cost.paid
        sums = [
            sum(one.input_tokens for one in server.exchanges),
            sum(one.output_tokens for one in server.exchanges),
        ]
        assert [result.cost.input_tokens, result.cost.output_tokens] == sums
        assert result.cost.spent == result.cost.worth == (Decimal(sums[0]) + 2 * Decimal(sums[1])) / 1_000_000
        yield registry, result, server


def test_the_quotas_are_met_and_every_candidate_is_accounted_for(made):
    registry, result, _ = made
    assert (result.end, result.mix.total) == ("met", (N, N)) and len(result.rounds) > 1
    records = lines(registry, "helpdesk@v1")
    topics = Counter(record["variables"]["topic"] for record in records)
    languages = Counter(record["variables"]["language"] for record in records)
    assert topics == {"refund": 40, "delivery": 24, "login": 16} and languages == {"中文": 20, "English": 60}
    curation = result.curation
    asked = sum(one.asked for one in result.rounds)
    assert curation.read == asked == curation.kept + curation.rejected + curation.malformed
    assert curation.malformed == curation.codes_malformed["empty"] + curation.codes_malformed.get(
        "refused", 0
    )
    assert sum(one.kept for one in result.rounds) == N == result.rounds[-1].kept_so_far
    assert result.near > 0 and curation.stages[3].codes == {"near_duplicate": result.near}
    assert nearly_the_same(texts_of(registry, "helpdesk@v1")) == []


def test_what_came_to_no_answer_is_in_the_ledger_with_its_price(made):
    registry, result, _ = made
    curation = registry.store.curation(registry.version("helpdesk@v1").manifest)
    account = registry.store.objects.get_json(curation["generation"])
    assert len(account["unanswered"]) == result.curation.malformed > 0
    for one in account["unanswered"]:
        entry = registry.why("helpdesk@v1", curation["sources"][0]["uri"], one["record"])
        assert (entry.outcome, entry.stage, entry.code) == ("malformed", "read", one["code"])
        assert entry.message and one["tokens"]["input"] > 0 and one["price"] > 0 and one["request_id"]
        assert json.dumps(one["request_id"]).encode() in entry.excerpt
    assert account["plan"].startswith("sha256:") and account["end"] == "met"
    assert sum(one["got"] for one in account["quotas"]["cells"]) == N
    # Nothing that the account names is lost to a clean-up, and nothing in it is an example's text.
    registry.gc(dry_run=False, grace_seconds=0)
    assert registry.store.objects.get_json(curation["generation"]) == account
    assert not registry.verify().damage


def test_a_trace_tells_how_an_example_was_made(made):
    registry, _, _ = made
    example = next(iter(registry.version("helpdesk@v1")))
    known = example.provenance
    assert (known["origin"], known["generator"], known["depth"]) == ("synthetic", "lab/m", 1)
    assert known["generation_params"] == '{"max_tokens":1024}' and known["created"].startswith("20")
    found = chapters(registry, example.name)
    template, model, *variables, candidate = found["generation"]
    assert template["template"] == known["prompt_template"] and template["template"].startswith(
        "ticket-answer@"
    )
    assert template["digest"] == registry.generation.template(template["template"]).digest
    assert model == {"model": "lab/m", "max_tokens": 1024}
    said = {row["variable"]: row["is"] for row in variables}
    assert set(said) == set(TEMPLATE["variables"]) and said["topic"] in example.input
    assert candidate["seed"] == 7 and candidate["round"] >= 1 and said["topic"] in candidate["cell"]
    (call,) = found["call"]
    assert call["request_id"].startswith("req_") and call["price"] > 0
    assert (
        Decimal(repr(call["price"]))
        == (call["tokens_input"] + 2 * Decimal(call["tokens_output"])) / 1_000_000
    )
    assert [one.ref for one in registry.radius("prompt_template", known["prompt_template"]).versions]


def test_the_same_seed_gives_the_same_version_and_is_not_paid_for_again(made, tmp_path):
    registry, result, server = made
    again = registry.generation.generate(order(N, dataset="again"), models(server))
    assert again.curation.fingerprint == result.curation.fingerprint
    assert (again.cost.spent, again.cost.paid) == (0, 0) and again.cost.worth == result.cost.worth
    assert again.rounds == result.rounds
    elsewhere = assay.init(tmp_path / "elsewhere")
    other = elsewhere.generation.generate(order(N), models(server, most=2))
    assert other.curation.fingerprint == result.curation.fingerprint
    another = elsewhere.generation.generate(order(N, dataset="more", seed=8), models(server))
    assert another.curation.fingerprint != result.curation.fingerprint and another.end == "met"


KILLED = """
import sys
sys.path.insert(0, sys.argv[1])
import assay
from tests.registry.made_up_model import order
from assay.llm.wire import ApiKey
from assay.registry.language_models import Endpoint, LanguageModels
from assay.llm.calling import Terms
models = LanguageModels({"lab": Endpoint("openai", sys.argv[3], ApiKey("any"))}, terms=Terms(most=4))
assay.open(sys.argv[2]).generation.generate(order(80), models)
"""


def test_a_run_that_was_killed_goes_on_where_it_was(made, tmp_path):
    _, whole, _ = made
    root, asked, child = tmp_path / "killed", count(1), []

    def dies(call):
        if next(asked) == 50:
            os.kill(child[0].pid, signal.SIGKILL)
        return made_up(call)

    registry = assay.init(root)
    repo = str(Path(__file__).resolve().parents[2])
    with LlmServer(dies, timing=Timing(latency=0.01)) as mortal:
        child.append(subprocess.Popen([sys.executable, "-c", KILLED, repo, str(root), mortal.openai_url]))
        assert child[0].wait(60) == -signal.SIGKILL
        assert registry.datasets() == []
        kept = len(list((root / "cache" / "answers").rglob("*.answer")))
        resumed = registry.generation.generate(order(N), models(mortal))
        # What was on its way to the dead, four at most, is lost; of what it had, nothing was asked again.
        assert resumed.cost.remembered == kept >= 40 and resumed.cost.paid == resumed.curation.read - kept
        assert len(mortal.paid_twice()) <= 4
    assert resumed.curation.fingerprint == whole.curation.fingerprint


def test_a_budget_stops_it_and_more_money_goes_on(registry):
    with LlmServer(made_up) as server:
        generation = registry.generation
        with pytest.raises(BudgetReached, match="of 60 examples are there") as caught:
            generation.generate(order(60), models(server, "0.006"))
        (kept,) = (registry.root / "tmp").iterdir()
        assert str(kept) in caught.value.__notes__[0] and registry.datasets() == []
        partial = generation.generate(order(60, partial=True, dataset="some"), models(server, "0.006"))
        assert (
            partial.end == "budget"
            and 0 < partial.curation.kept < 60
            and partial.cost.spent <= Decimal("0.006")
        )
        assert registry.import_("rescued", [str(kept)]).kept > 0
        whole = generation.generate(order(60), models(server))
        assert whole.end == "met" and not server.paid_twice() and whole.cost.remembered > 0
        assert list((registry.root / "tmp").iterdir()) == []


def test_a_server_that_nobody_can_ask_stops_it(registry):
    with LlmServer(made_up, key="the right one") as server, pytest.raises(CallsFailed, match="401"):
        registry.generation.generate(order(60), models(server))
    nobody = LanguageModels({"lab": Endpoint("openai", "http://127.0.0.1:9/v1", ApiKey("any"))})
    with pytest.raises(UsageError, match="provider 'nobody'"):
        registry.generation.generate(order(6, models=("nobody/m",)), nobody)
    with LlmServer(made_up) as server, pytest.raises(NotFound, match="has no"):
        registry.generation.generate(order(6, models=("lab/unpriced",)), models(server, "1"))
    assert registry.datasets() == [] and registry.log()[-1].action == "template"


def test_quotas_that_cannot_be_met_are_no_version_unless_asked_for(registry):
    with LlmServer(lambda call: "the very same words to whoever asks for some of them") as server:
        template = {"id": "same", "user": "{{topic}}: write.", "variables": {"topic": {"values": ["a", "b"]}}}
        asked = order(9, template=template, shares={}, rounds=3)
        with pytest.raises(QuotasUnmet, match="1 of 9 examples are there after 3 rounds") as caught:
            registry.generation.generate(asked, models(server))
        assert "near_duplicate" in caught.value.message or "identical" in caught.value.message
        found = registry.generation.generate(order(9, template=template, shares={}, rounds=3, partial=True),
                                             models(server))  # fmt: skip
        assert found.end == "rounds" and found.mix.total == (9, 1) and found.curation.version == "helpdesk@v1"


def test_nothing_is_said_again_that_another_version_says(made, write):
    registry, _, server = made
    before = texts_of(registry, "helpdesk@v1")
    # The same candidates again: all are too near to what is there.
    asked = order(N, dataset="novel", novel_against=("helpdesk@v1",))
    more = registry.generation.generate(asked, models(server))
    assert more.near >= N and more.end == "met" and more.cost.remembered >= N
    assert nearly_the_same(texts_of(registry, "novel"), before) == []
    assert registry.version("novel").recipe["stages"][2]["near_dedup"]["against"] == ["helpdesk@v1"]
    added = registry.generation.generate(order(30, add=True, seed=9), models(server))
    assert added.curation.kept == 30 and len(registry.version("helpdesk@v2")) == N + 30
    assert nearly_the_same(texts_of(registry, "helpdesk@v2")) == []


def test_seeds_are_shown_and_are_the_parents(made):
    registry, _, server = made
    template = {
        "id": "more-like-it",
        "user": "Here are tickets.\n\n{{seeds}}\n\nWrite another one in {{language}}.",
        "variables": {"seeds": {}, "language": {"values": ["中文", "English"]}},
        "example": [{"role": "user", "content": "A ticket."}, {"role": "assistant", "content": "{{output}}"}],
    }
    asked = order(24, dataset="like", template=template, shares={"language": {"中文": 1, "English": 1}},
                  seeds="helpdesk@v1:train", shown=2)  # fmt: skip
    registry.generation.generate(asked, models(server))
    known = {example.name for example in registry.version("helpdesk@v1:train")}
    for example in registry.version("like"):
        parents = json.loads(example.provenance["derived_from"])
        assert len(parents) == 2 and set(parents) <= known and example.provenance["depth"] == 2
    rows = chapters(registry, example.name)["generation"]
    assert {row["parent"]: row["depth"] for row in rows if "parent" in row} == dict.fromkeys(parents, 1)
    # The text of a parent lies in no other example, so that it can be forgotten.
    assert not any("seeds" in record["variables"] for record in lines(registry, "like"))


FAQ = {
    "id": "faq",
    "user": "Write question and answer about {{topic}} for {{who}}.",
    "variables": {"topic": {"values": ["refund", "login"]}, "who": {}},
    "fields": {"question": "what is asked", "copy": "what is answered"},
    "example": [{"role": "user", "content": "{{question}}"}, {"role": "assistant", "content": "{{copy}}"}],
}


def faq(call):
    """JSON as the schema says, now and then none."""
    import random

    draw = random.Random(call.digest)
    if draw.random() < 0.1:
        return "no JSON today"
    assert list(call.schema["properties"]) == ["question", "copy"]
    assert '- "copy": what is answered' in call.turns[0][1]
    return {"question": text(draw, False)[:60], "copy": text(draw, False)}


def test_fields_files_models_and_parameters(registry, write):
    rows = write("who.jsonl", [{"who": f"customer {k}", "segment": "ab"[k % 2], "n": k} for k in range(50)])
    parameters = Parameters({"max_tokens": 300}, {"temperature": [0.2, 0.9]}, {"top_p": Between(0.8, 1.0)})
    asked = order(40, template=FAQ, rows=rows, shares={"topic": {"refund": 1, "login": 1}},
                  models=("lab/m", "lab/n"), parameters=parameters)  # fmt: skip
    with LlmServer(faq, SeededFaults({"fenced": 0.2, "server_error": 0.1}, seed=1)) as server:
        result = registry.generation.generate(asked, models(server))
        assert not server.paid_twice()
    assert result.mix.fields["topic"] == {"refund": (20, 20), "login": (20, 20)}
    records = lines(registry, "helpdesk")
    assert {record["segment"] for record in records} == {"a", "b"}
    assert all(record["variables"]["who"] == f"customer {record['n']}" for record in records)
    assert len({record["n"] for record in records}) > 15
    turns = Counter((r["generator"], r["generation_params"]["temperature"]) for r in records)
    assert len(turns) == 4 and min(turns.values()) >= 5
    assert all(0.8 <= record["generation_params"]["top_p"] <= 1 for record in records)
    assert all([turn["role"] for turn in record["messages"]] == ["user", "assistant"] for record in records)
    # What came to JSON at the second attempt cost two calls, and says so.
    assert result.cost.paid > result.curation.read


def test_a_forecast_asks_nobody_and_writes_nothing(registry):
    with LlmServer(made_up) as server:
        found = registry.generation.forecast(order(50), models(server, "2"))
        assert server.exchanges == () and registry.log() == []
        assert found.mix.total == (50, 50) and found.mix.fields["topic"]["refund"] == (25, 25)
        told = found.as_json()
        assert told["cost"]["calls"] == 50 and Decimal(told["cost"]["likely"]) < Decimal(
            told["cost"]["worst"]
        )
        assert len(told["prompts"]) == 2 and told["prompts"][0][0]["content"].startswith("Topic refund")
        registry.generation.generate(order(50), models(server))
        again = registry.generation.forecast(order(50), models(server)).as_json()
        assert (again["cost"]["calls"], again["cost"]["remembered"]) == (0, 50)


def test_templates_are_saved_once_and_found_by_name_and_digest(registry, write):
    generation = registry.generation
    first = generation.save(TEMPLATE)
    assert generation.save(TEMPLATE) == first and len(registry.log()) == 1
    second = generation.save(TEMPLATE | {"system": "Be brief."})
    assert [one.name for one in generation.templates()] == [first.name, second.name]
    assert generation.template("ticket-answer").digest == second.digest
    assert generation.template(first.name[:20]).digest == first.digest
    with LlmServer(made_up) as server:
        generation.generate(order(6, template=first.name, shares={}), models(server))
    assert generation.template("ticket-answer").digest == second.digest  # used is not saved anew
    assert [entry.action for entry in registry.log()] == ["template", "template", "commit"]
    faq_saved = generation.save(FAQ)
    assert list(generation.template("faq").fields) == ["question", "copy"]
    registry.gc(dry_run=False, grace_seconds=0)
    assert generation.template(faq_saved.name).digest == faq_saved.digest
    with pytest.raises(NotFound, match="neither a file nor saved") as caught:
        generation.template("nobody")
    assert "faq@" in caught.value.hint
    bad = registry.root / "bad.yaml"
    bad.write_text("id: a\nid: b\n")
    with pytest.raises(BadInput, match="twice"):
        generation.template(str(bad))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"who": "a"}, {"who": None}], "row 2: 'who' is no text"),
        ([{"who": "a", "topic": "printer"}], "row 1: 'topic' is none of its values"),
        ([{"who": "a", "price": 1}], "column 'price' is one that records have"),
        ([{"name": "a"}], "no column of a variable"),
        ([{"who": "a"}, {"who": "x" * 100_001}], "more than 100,000"),
    ],
)
def test_assignments_that_do_not_fit_are_told_by_row(registry, write, rows, said):
    path = write("rows.jsonl", rows)
    with pytest.raises(BadInput, match=said) as caught:
        registry.generation.plan(order(4, template=FAQ, rows=path, shares={}))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"models": ("m",)}, "names no model"),
        ({"rounds": 0}, "0 rounds"),
        ({"seed": -1}, "a seed of -1"),
        ({"n": 200_001}, "200,001 examples in one run"),
        ({"rows": "a", "seeds": "b"}, "both given"),
        ({"seeds": "nobody"}, "no dataset"),
        ({"add": True}, "no version to add to"),
        ({"branch": "other"}, "no branch"),
        ({"novel_against": ("nobody",)}, "no dataset"),
        ({"dataset": "../x"}, "dataset"),
    ],
)
def test_what_cannot_be_is_said_before_anybody_is_asked(registry, change, said):
    with LlmServer(made_up) as server:
        with pytest.raises(UsageError, match=said):
            registry.generation.generate(order(**({"n": 5} | change)), models(server))
        assert server.exchanges == () and registry.datasets() == []


def test_a_disk_that_is_full_is_said_and_nothing_is_lost(registry, monkeypatch):
    real = os.open

    def full(path, *more, **options):
        if Path(path).name.startswith("generated-"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, *more, **options)

    with LlmServer(made_up) as server:
        monkeypatch.setattr("assay.registry.generation.run.os.open", full)
        with pytest.raises(StorageFailure, match="cannot be written: No space"):
            registry.generation.generate(order(10), models(server))
        monkeypatch.undo()
        again = registry.generation.generate(order(10), models(server))
        assert again.end == "met" and again.cost.remembered >= 10 and not server.paid_twice()


def test_a_judge_of_the_recipe_decides_what_is_asked_anew_and_shares_the_budget(registry, tmp_path):
    """The judge is asked in every round, and its money is the run's."""
    stages = [{"exact_dedup": {}}, {"judge": {"models": ["lab/n"], "min_overall": 2, "exclude": False}}]
    recipe = str(tmp_path / "judged.yaml")
    Path(recipe).write_text(json.dumps({"stages": stages}))

    def answer(call):
        return made_up(call) if call.schema is None else Seeded(5)(call)

    registry.entropy = lambda size: b"\x07" * size  # verdicts follow from the request, whose fence is random
    with LlmServer(answer) as server:
        given = models(server)
        result = registry.generation.generate(order(20, recipe=recipe), given)
        assert result.mix.total == (20, 20) and len(result.rounds) > 1
        codes = {code for one in result.curation.stages for code in one.codes}
        assert "low_score" in codes or "excluded" in codes
        assert 0 < result.cost.judged < result.cost.spent
        assert not server.paid_twice()
        billed = len(server.exchanges)
        again = registry.generation.generate(order(20, recipe=recipe, dataset="again"), given)
        assert again.curation.fingerprint == result.curation.fingerprint
        assert len(server.exchanges) == billed and again.cost.spent == 0
        with pytest.raises(BudgetReached):
            registry.generation.generate(order(20, recipe=recipe, seed=8), models(server, "0.02"))


def test_a_judge_that_cannot_be_called_is_told_before_anybody_is_asked(registry, tmp_path):
    recipe = str(tmp_path / "judged.yaml")
    Path(recipe).write_text(json.dumps({"stages": [{"judge": {"models": ["nowhere/judge"]}}]}))
    with LlmServer(made_up) as server:
        with pytest.raises(UsageError, match="nowhere"):
            registry.generation.generate(order(20, recipe=recipe), models(server))
        assert not server.exchanges
