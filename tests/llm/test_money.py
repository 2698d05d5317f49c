"""Nothing is paid for twice, and no budget is crossed."""

import asyncio
import json
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import BadInput, NotFound, StorageFailure, UsageError
from assay.llm.budget import Budget, Budgeted, estimate, most_input_tokens, worst_cost
from assay.llm.cache import FileAnswers, Remembering, request_key
from assay.llm.client import Failure, Response
from assay.llm.prices import Price, list_prices
from tests.llm.fakes import PRICES, MemoryAnswers, Ruled, Scripted, request, response, run

FAILURES = [None, "rate_limited", "server", "connection", "timeout", "malformed"]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.decimals(0, "0.2", places=4), st.integers(1, 40), st.booleans())
def test_a_budget_is_never_crossed_by_what_the_server_charges(seed, limit, calls, cancel):
    random, charged = Random(seed), []

    def rule(asked):
        kind = random.choice(FAILURES)
        used = random.randint(0, most_input_tokens(asked)), random.randint(0, asked.max_tokens)
        if kind in (
            None,
            "connection",
            "timeout",
            "malformed",
        ):  # lost answers are charged for, at the server's pleasure
            charged.append(PRICES.of("m").cost(*used))
        return Failure(kind, "no") if kind else response(tokens=random.choice([used, (None, None)]))

    async def main():
        budget = Budget(limit)
        client = Budgeted(Ruled(rule, random.random()), budget, PRICES)
        asked = [
            client.complete(request("问" * random.randint(1, 300), random.randint(1, 500)))
            for _ in range(calls)
        ]
        tasks = [asyncio.ensure_future(one) for one in asked]
        await asyncio.sleep(random.random())
        if cancel:
            random.choice(tasks).cancel()
        replies = await asyncio.gather(*tasks, return_exceptions=True)
        return budget, [reply for reply in replies if not isinstance(reply, asyncio.CancelledError)]

    budget, replies = run(main)
    assert sum(charged) <= budget.spent <= limit
    assert budget.held == 0
    assert budget.refused == sum(isinstance(one, Failure) and one.kind == "budget" for one in replies)


def test_a_call_waits_for_money_that_is_only_set_aside():
    """Ten calls may cost the budget three times over; what they do cost fits, so all are made."""
    limit = 3 * worst_cost(request("0"), PRICES)

    async def main():
        budget = Budget(limit)
        client = Budgeted(Ruled(lambda _: response(tokens=(1, 1))), budget, PRICES)
        return await asyncio.gather(*(client.complete(request(str(n))) for n in range(10))), budget

    replies, budget = run(main)
    assert all(isinstance(reply, Response) for reply in replies) and budget.refused == 0
    assert budget.spent == 10 * Decimal("0.000012")


def test_a_call_that_does_not_fit_is_refused_and_nothing_is_made_of_it():
    inner = Scripted()
    reply = run(lambda: Budgeted(inner, Budget(Decimal("0.0001")), PRICES).complete(request()))
    assert reply.kind == "budget" and reply.fatal and inner.requests == []


def test_a_server_that_does_not_keep_to_the_limit_is_told_of():
    budget = Budget(Decimal(1))
    run(lambda: Budgeted(Scripted(response(tokens=(10, 5_000))), budget, PRICES).complete(request()))
    assert budget.overruns == 1 and budget.spent == Decimal("0.05002")


def test_a_budget_needs_a_price_and_a_number():
    with pytest.raises(NotFound, match="no unheard-of") as caught:
        run(lambda: Budgeted(Scripted(), Budget(Decimal(1)), PRICES).complete(request(model="unheard-of")))
    assert "price file" in caught.value.hint
    for wrong in ("-1", "NaN", "Infinity"):
        with pytest.raises(UsageError):
            Budget(Decimal(wrong))
    free = Budgeted(Scripted(response()), Budget(None), PRICES)
    assert run(lambda: free.complete(request(model="unheard-of"))) == response()


def test_an_estimate_counts_each_call_once():
    asked = [request("a" * 400), request("a" * 400), request("字" * 100), request("known")]
    told = estimate(asked, PRICES, 20, lambda one: one.messages[0].content == "known")
    assert (told.calls, told.known, told.input_tokens, told.output_tokens) == (2, 2, 208, 40)
    assert told.likely == Decimal(208 * 2 + 40 * 10) / 10**6
    assert told.worst == sum(worst_cost(one, PRICES) for one in asked[1:3]) > told.likely
    unpriced = estimate([request(model="unheard-of")], PRICES, 20)
    assert unpriced.likely is None and unpriced.worst is None and unpriced.unpriced == ("unheard-of",)


def test_the_table_is_dated_and_can_be_put_over():
    prices = list_prices()
    assert prices.as_of and prices.of("claude-opus-5-5-20260922") is prices.of("claude-opus-5-5")
    over = prices.with_override(
        b'{"as_of": "2026-11-20", "models": {"gpt-4o": {"input": 0.1, "output": 0}}}', "p.json"
    )
    assert over.as_of == "2026-11-20" and over.of("gpt-4o").cost(3, 9) == Decimal("0.0000003")
    assert over.of("gpt-5") == prices.of("gpt-5")


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"models": {"m": {"input": -1, "output": 0}}}', '{"models": {"m": {"input": "NaN", "output": 0}}}',
     '{"models": {"m": {"input": 1}}}', '{"modles": {}}', '{"models": {}, "currency": "EUR"}', "[" * 100_000],
)  # fmt: skip
def test_a_price_file_that_does_not_hold_is_refused(text):
    with pytest.raises(BadInput, match=r"p\.json"):
        list_prices().with_override(text.encode(), "p.json")


def test_long_requests_have_prices_of_their_own_or_none():
    table = {
        "m": {"input": 1, "output": 2, "long": {"above": 1000, "input": 5, "output": 9}},
        "n": {"input": 1, "output": 2, "up_to": 1000},
    }
    prices = list_prices().with_override(json.dumps({"models": table}).encode(), "p.json")
    assert prices.of("m").cost(1000, 1) * 10**6 == 1002 and prices.of("m").cost(1001, 1) * 10**6 == 5014
    with pytest.raises(UsageError, match="above 1000 input tokens"):
        worst_cost(request("a" * 1000, model="n"), prices)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 300), st.integers(0, 300))
def test_the_worst_case_is_the_worst_for_fewer_tokens_too(most, fewer):
    odd = Price.model_validate({"input": 9, "output": 9, "long": {"above": 100, "input": 1, "output": 1}})
    assert odd.cost(min(most, fewer), 5) <= odd.worst(most, 5)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
params = st.dictionaries(st.sampled_from(["temperature", "top_p", "seed"]), st.integers(0, 3))
requests = st.builds(
    lambda text, model, given, schema, draw: request(text, model=model, params=given, schema=schema, draw=draw),
    texts, st.sampled_from("mn"), params, st.sampled_from([None, {}, {"type": "object"}]), st.integers(0, 1),
)  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(requests, requests)
def test_one_key_for_one_request_and_none_for_two(one, other):
    assert (request_key(one) == request_key(other)) == (one == other)
    assert request_key(one, "a") != request_key(one, "b")


@settings(deadline=None, max_examples=30)
@given(st.lists(requests, max_size=12), st.integers(0, 12))
def test_no_answer_is_paid_for_twice_even_by_a_run_after_one_that_died(asked, died_after):
    answers, paid = MemoryAnswers(), []

    def rule(one):
        paid.append(one)
        return response(f"answer {len(paid)}")

    async def batch(some):
        client = Remembering(Ruled(rule), answers, "here")
        return await asyncio.gather(*(client.complete(one) for one in some))

    first = run(lambda: batch(asked[:died_after]))
    second = run(lambda: batch(asked))
    assert second[: len(first)] == first
    assert all(one.cached for one in second[: len(first)])
    assert len(paid) == len({request_key(one) for one in asked}) == len(answers.held)


def test_an_answer_is_kept_before_it_is_given_out():
    class Full(MemoryAnswers):
        def put(self, name, data):
            raise StorageFailure("no room", "make room")

    with pytest.raises(StorageFailure):
        run(lambda: Remembering(Scripted(response()), Full(), "").complete(request()))


def test_failures_are_not_remembered_and_the_next_in_line_asks_again():
    client = Remembering(Scripted(Failure("server", "HTTP 500"), response()), MemoryAnswers(), "")

    async def main():
        return [await client.complete(request()) for _ in range(3)]

    assert [isinstance(one, Response) for one in run(main)] == [False, True, True]


def test_who_waits_for_a_call_that_was_cancelled_makes_it():
    async def main():
        client = Remembering(Ruled(lambda _: response()), MemoryAnswers(), "")
        leader, follower = (asyncio.ensure_future(client.complete(request())) for _ in range(2))
        await asyncio.sleep(0.5)
        leader.cancel()
        return await follower

    assert run(main) == response()


def test_files_hold_answers_and_a_flipped_bit_is_no_answer(tmp_path):
    answers = FileAnswers(tmp_path)
    client = Remembering(Scripted(response("评分 4")), answers, "")
    paid = asyncio.run(client.complete(request()))
    assert client.knows(request()) and not client.knows(request("other"))
    assert asyncio.run(client.complete(request())) == paid
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    whole = file.read_bytes()
    for at in range(len(whole)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert answers.get(request_key(request())) is None
    file.write_bytes(whole[:10])
    assert not client.knows(request())


def test_a_folder_that_cannot_be_written_says_that_an_answer_was_lost(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailure, match="paid for") as caught:
        FileAnswers(tmp_path / "file").put("ab", b"x")
    assert caught.value.hint


def test_a_message_is_worth_at_most_its_bytes():
    assert most_input_tokens(request("字" * 100)) >= 300
