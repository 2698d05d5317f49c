"""Ten thousand examples judged by a provider with faults and a rate limit, through a kill and a spent budget."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

import assay
from assay.errors import BudgetReached
from assay.llm.calling import Terms
from assay.llm.retry import Patience
from assay.llm.wire import ApiKey
from assay.registry.language_models import Endpoint, LanguageModels
from assay.testing.llm_faults import SeededFaults
from assay.testing.llm_limit import RateLimit
from assay.testing.llm_server import LlmServer
from assay.testing.llm_service import Timing

from ..registry.judged import BENCH, KEY, PRICES, by_number, tickets, verdict

ROWS, RATE, AT_ONCE = 10_000, 100, 64
KEPT_WITHIN = 0.5
"""Seconds in which an answer that arrived is kept, synced."""
ROWS_OF = (
    "select e.id, e.input, j.outcome, j.overall from judgements j join examples e on e.id = j.id "
    "qualify row_number() over (partition by j.id order by j.outcome = 'scored' desc) = 1"
)
REPO = Path(__file__).resolve().parents[2]
RUN = (
    "import sys, assay; from tests.soak.test_judging import BENCH, settings; "
    "assay.open(sys.argv[1]).judges.run('helpdesk', BENCH, settings(sys.argv[2]))"
)


def settings(address, budget=None):
    terms = Terms(AT_ONCE, 3.0, Patience())
    return LanguageModels({"anthropic": Endpoint("anthropic", address, ApiKey(KEY))}, PRICES, budget, terms)


def answers(call):
    return by_number(call) if "number " in call.prompt else verdict(3)


def billed(exchanges):
    price = PRICES.of("m")
    return sum((price.cost(e.input_tokens, e.output_tokens) for e in exchanges if e.billed), Decimal(0))


@pytest.mark.soak
def test_ten_thousand_examples_through_a_kill_and_a_budget(tmp_path):
    registry = assay.init(tmp_path / "registry")
    source = tmp_path / "a.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in tickets(ROWS)), encoding="utf-8")
    registry.import_("helpdesk", [str(source)])
    faults = SeededFaults.of_every_kind(0.05, seed=7)
    timing = Timing(retry_after=0.2, slow=0.5, latency=0.05)
    with LlmServer(answers, faults, rate=RateLimit(RATE, burst=20), key=KEY, timing=timing) as server:
        opened = time.monotonic()
        process = subprocess.Popen([sys.executable, "-c", RUN, str(registry.root), server.url], cwd=REPO)
        while sum(e.sound for e in server.exchanges) < ROWS // 2 and process.poll() is None:
            time.sleep(0.5)
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed = time.monotonic() - opened
        time.sleep(1)
        first = len(server.exchanges)
        budget = Decimal("4.00")
        with pytest.raises(BudgetReached):
            registry.judges.run("helpdesk", BENCH, settings(server.url, budget))
        spent = billed(server.exchanges[first:])
        done = registry.judges.run("helpdesk", BENCH, settings(server.url))
        twice = server.paid_twice()
        repeated = sum(twice.values()) - len(twice)
        # Of what is asked again, the first answer was made as the process was killed: it had no time to keep it.
        had = [
            e
            for e in server.exchanges[:first]
            if e.digest in twice and e.sound and e.ended < killed - KEPT_WITHIN
        ]
    rows = registry.query(ROWS_OF).to_pylist()
    told = [row for row in rows if row["outcome"] == "scored"]
    right = sum(row["overall"] == 1 + int(row["input"].split("number ")[1].split()[0]) % 5 for row in told)
    whole, seconds, let = unbroken(tmp_path, registry)
    rate, mine = let / seconds, judged(registry)
    other = sum(mine[one] != score for one, score in whole.items())
    print(
        f"\n{ROWS:,} examples: {len(told):,} scored, {ROWS - len(told):,} with a reason; {right:,} as the rule has it; "
        f"${spent} of ${budget} spent under the budget; {repeated} answers paid for twice, all under way at the kill; "
        f"{other} scores other than in an unbroken run; "
        f"unbroken it takes {seconds:.0f} s: {rate:.0f} calls a second, {100 * rate / RATE:.0f} % of the server's limit"
    )
    assert len(rows) == ROWS == done.tally.examples and sum(done.tally.outcomes.values()) == ROWS
    assert len(told) > 0.98 * ROWS and right > 0.99 * len(told)
    assert spent <= budget
    assert repeated <= AT_ONCE
    assert had == []
    assert other <= AT_ONCE
    assert registry.judges.estimate("helpdesk", BENCH, settings(server_url_of_nobody())).judges[0].log == len(
        told
    )


def judged(registry):
    """Example → its score, None without one."""
    return {row["id"]: row["overall"] for row in registry.query(ROWS_OF).to_pylist()}


def unbroken(tmp_path, registry):
    """The same run, which nobody kills, against the same provider, in a registry with the same fences: its scores, its
    seconds, and how many requests the rate limit let through."""
    other = assay.init(tmp_path / "unbroken")
    other.import_("helpdesk", [str(tmp_path / "a.jsonl")])
    fences = Path("cache") / "answers" / "fence.salt"
    (other.root / fences).parent.mkdir(parents=True)
    (other.root / fences).write_bytes((registry.root / fences).read_bytes())
    faults = SeededFaults.of_every_kind(0.05, seed=7)
    timing = Timing(retry_after=0.2, slow=0.5, latency=0.05)
    with LlmServer(answers, faults, rate=RateLimit(RATE, burst=20), key=KEY, timing=timing) as server:
        began = time.monotonic()
        other.judges.run("helpdesk", BENCH, settings(server.url))
        seconds = time.monotonic() - began
        return judged(other), seconds, sum(not e.limited for e in server.exchanges)


def server_url_of_nobody():
    """An address where nobody listens: an estimate asks nobody."""
    return "http://127.0.0.1:9"
