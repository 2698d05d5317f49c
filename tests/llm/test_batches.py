"""Batches bring answers where calls look for them; what fails in them is left to calls."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import UsageError
from assay.llm.batches import BatchState, custom_id, token_in
from assay.llm.budget import worst_cost
from assay.llm.cache import request_key
from assay.llm.client import Failure, Response
from assay.llm.pending import PendingBatches
from assay.store.local import LocalStorage
from assay.testing.llm_answers import Script
from assay.testing.llm_faults import FaultScript
from assay.testing.llm_server import LlmServer
from assay.testing.llm_service import Timing
from tests.llm.fakes import request

pytest.importorskip("anthropic")
pytest.importorskip("openai")
from tests.llm.batch_place import (
    BOTH,
    DENIED,
    DOWN,
    KEY,
    LIMITED,
    PRICES,
    UNNOTED,
    Killed,
    Place,
    Wrapped,
    calls,
    place_cost,
    prompts,
    saying,
)


@BOTH
def test_afterwards_the_ordinary_path_finds_every_answer(api):
    with LlmServer() as server:
        place = Place(api, server)
        asked = prompts(20)
        filled = place.fill([*asked, asked[0]])
        assert (filled.asked, filled.known, filled.came, filled.failures) == (20, 0, 20, {})
        assert not filled.waiting and not filled.lost and not filled.left_out and not place.left
        replies = place.ask(*asked)
        assert all(isinstance(one, Response) and one.cached and one.stop_reason == "end" for one in replies)
        assert not calls(server, api)
        again = place.fill(asked)
        assert (again.known, again.came, again.spent) == (20, 0, 0)
        assert place.end_every_batch() == 1 and not server.paid_twice()
        assert filled.spent == place_cost(replies) and [state.status for _, state in place.told] == [
            "running",
            "ended",
        ]


@BOTH
def test_a_batch_says_what_a_call_says(api):
    """The same body, so the same answer, by both roads; results come in another order than the requests."""
    with LlmServer() as server:
        place, alone = Place(api, server), Place(api, server)
        asked = prompts(5, params={"temperature": 0, "stop": "END"})
        place.fill(asked)
        for by_batch, by_call in zip(place.ask(*asked), alone.ask(*asked), strict=True):
            assert (by_batch.text, by_batch.input_tokens) == (by_call.text, by_call.input_tokens)
            assert json.loads(by_batch.text)["score"] in range(1, 6)
        assert sorted(server.paid_twice().values()) == [2] * 5


@BOTH
def test_requests_are_cut_into_batches_by_model_number_and_size(api):
    with LlmServer() as server:
        place = Place(api, server, requests=3)
        assert place.fill([*prompts(5), *prompts(2, model="n")]).came == 7
        assert place.end_every_batch() == 3
        small = Place(api, server, bytes=1_500)
        assert small.fill([request("x" * 1_000 + str(at), 50) for at in range(3)]).came == 3
        assert place.end_every_batch() == 6


@BOTH
def test_what_fails_in_a_batch_is_left_to_the_ordinary_path(api):
    faults = FaultScript(["server_error", "hang", "rate_limited", "cut", "fenced", None])
    with LlmServer(faults=faults) as server:
        place = Place(api, server)
        asked = prompts(6)
        filled = place.fill(asked)
        kinds = [filled.failures.get(request_key(one, place.scope)) for one in asked]
        assert [one and (one.kind, one.retryable, one.perhaps_paid) for one in kinds] == [
            ("server", True, False), ("server", True, False), ("rate_limited", True, False),
            ("server", True, False), None, None,
        ]  # fmt: skip
        assert filled.came == 2 and not place.left
        assert all(isinstance(one, Response) for one in place.ask(*asked))
        assert len(calls(server, api)) == 4 and not server.paid_twice()


@BOTH
def test_a_request_that_is_refused_is_a_failure_of_its_own(api):
    with LlmServer() as server:
        place = Place(api, server)
        # One provider takes no empty text, the other demands `required` in a schema.
        loose = {"type": "object", "properties": {"a": {"type": "string"}}}
        bad = request("") if api == "anthropic" else request("问", schema=loose)
        fine = prompts(1)[0]
        failure = place.fill([bad, fine]).failures[request_key(bad, place.scope)]
        assert (
            failure.kind == "bad_request" and not failure.retryable and failure.message.startswith("HTTP 400")
        )
        assert isinstance(place.ask(fine)[0], Response) and not calls(server, api)


@BOTH
@pytest.mark.parametrize(
    "wrong",
    [
        {"newest": [DOWN, LIMITED]},
        {"submit": [LIMITED] * 3},
        {"submit": [DOWN] * 2},
        {"find": [DOWN, LIMITED], "submit": [DOWN]},
        {"state": [DOWN, LIMITED, DOWN]},
        {"results": [DOWN] * 9},
    ],
)
def test_what_passes_is_waited_for(api, wrong):
    with LlmServer() as server:
        place = Place(api, server)
        filled = place.fill(prompts(3), wrap=saying(**wrong), limit=Decimal(1))
        assert (filled.came, filled.failures, filled.waiting) == (3, {}, ())
        assert place.end_every_batch() == 1 and place.budget.held == 0


@BOTH
@pytest.mark.parametrize("name", ["newest", "submit"])
@pytest.mark.parametrize("failure", [LIMITED, DENIED, Failure("bad_request", "HTTP 400", status=400)])
def test_a_provider_that_takes_no_batches_leaves_all_to_the_ordinary_path(api, name, failure):
    with LlmServer() as server:
        place = Place(api, server, requests=2)
        filled = place.fill(prompts(5), wrap=saying(**{name: [failure] * 50}))
        assert set(filled.failures.values()) == {failure} and len(filled.failures) == 5
        assert (filled.spent, place.budget.spent, place.budget.held) == (0, 0, 0) and not place.left
        assert place.end_every_batch() == 0


@BOTH
def test_a_batch_that_failed_as_a_whole_costs_nothing(api):
    failure = Failure("bad_request", "HTTP 400 · mismatched_model")
    with LlmServer() as server:
        place = Place(api, server)
        filled = place.fill(prompts(3), wrap=saying(state=[BatchState("failed", 3, 0, failure)]))
        assert set(filled.failures.values()) == {failure} and filled.spent == place.budget.spent == 0
        assert not place.left


def test_why_openai_failed_a_batch_is_told():
    told = {
        "status": "failed",
        "errors": {"object": "list", "data": [{"code": "x_limit", "message": f"no {KEY}\n"}]},
    }
    with LlmServer(timing=Timing(batch_polls=9)) as server:
        place = Place("openai", server)
        with pytest.raises(Killed):
            place.fill(prompts(2), kill_at=UNNOTED)
        for batch in server._service.batches._batches.values():
            batch.told |= told
        (failure,) = set(place.fill(prompts(2)).failures.values())
        assert "x_limit" in failure.message and KEY not in failure.message and "\n" not in failure.message


@BOTH
@pytest.mark.parametrize("how", ["state", "results", "archived"])
def test_results_that_are_not_kept_any_more_are_lost_and_said_to_be(api, how, monkeypatch):
    said = {"state": [BatchState("gone", 3, 3)], "results": [Failure("not_found", "HTTP 404", status=404)]}
    wrap = saying(**({how: said[how]} if how in said else {}))
    if how == "archived":
        from assay.testing import llm_batches

        spelled = llm_batches._message_batch
        when = {"archived_at": "2026-12-21T00:00:00Z"}
        monkeypatch.setattr(llm_batches, "_message_batch", lambda batch, url: spelled(batch, url) | when)
        api = "anthropic"
    with LlmServer() as server:
        place = Place(api, server)
        filled = place.fill(prompts(3), wrap=wrap)
        worst = sum(worst_cost(one, PRICES.in_batches()) for one in prompts(3))
        assert len(filled.lost) == 1 and len(filled.failures) == 3
        assert filled.spent == place.budget.spent == worst and not place.left


@BOTH
def test_results_that_break_off_are_fetched_again_and_counted_once(api):
    with LlmServer() as server:
        service, cut = server._service, []
        reply = service.reply

        def sometimes(one):
            said = reply(one)
            if one.path.endswith(("/results", "/content")) and len(cut) < 3:
                cut.append(one.path)
                return type(said)(said.status, said.headers, said.body, said.exchange, fate="cut")
            return said

        service.reply = sometimes
        place = Place(api, server)
        filled = place.fill(prompts(40))
        assert len(cut) == 3 and filled.came == 40 and not filled.failures
        assert filled.spent == place_cost(place.ask(*prompts(40))) and not calls(server, api)


@BOTH
def test_lines_that_are_none_of_ours_change_nothing(api):
    class Odd:
        def __init__(self, batcher):
            self._batcher = batcher

        def __getattr__(self, name):
            return getattr(self._batcher, name)

        async def results(self, batch, keep):
            for name in ("", "x", "../x", custom_id("0" * 32, 0)):
                await keep(name, DOWN)

            async def twice(name, reply):
                if not name.endswith("-2"):  # of which nothing is heard
                    await keep(name, reply)
                    await keep(name, DOWN)

            return await self._batcher.results(batch, twice)

    with LlmServer() as server:
        place = Place(api, server)
        asked = prompts(3)
        filled = place.fill(asked, wrap=Odd)
        assert filled.came == 2 and list(filled.failures) == [request_key(asked[2], place.scope)]
        (failure,) = filled.failures.values()
        assert "without a word" in failure.message and failure.perhaps_paid
        assert filled.spent == place_cost(place.ask(*asked[:2])) + worst_cost(asked[2], PRICES.in_batches())


@BOTH
def test_an_answer_may_hold_what_some_take_for_the_end_of_a_line(api):
    text = "一\u2028二\u2029三\x85四\x0b五"
    with LlmServer(Script([text])) as server:
        place = Place(api, server)
        assert place.fill([request("问")]).came == 1 and place.ask(request("问"))[0].text == text


@BOTH
def test_key_and_texts_are_written_down_and_shown_nowhere(api, tmp_path, caplog, capsys):
    caplog.set_level("DEBUG")
    with LlmServer(key="another") as server:
        place = Place(api, server)
        place.storage = LocalStorage(tmp_path)
        place.pending = PendingBatches(place.storage)
        filled = place.fill([request("SECRET-TEXT")])
        assert {one.kind for one in filled.failures.values()} == {"unauthorized"}
    with LlmServer(timing=Timing(batch_polls=9)) as server:
        place.server = server
        with pytest.raises(Killed):
            place.fill([request("SECRET-TEXT")], kill_at=14)

        async def shown():
            async with place.batcher() as batcher:
                return repr(batcher) + repr(vars(batcher))

        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        said = [
            repr(filled),
            asyncio.run(shown()),
            *capsys.readouterr(),
            *(file.read_text() for file in files),
        ]
        assert len(files) == 2 and len(place.left) == 1
        assert not [one for one in said if KEY in one or "SECRET" in one] and KEY not in caplog.text
        assert place.fill([request("SECRET-TEXT")]).came == 1
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 9_999), st.text(alphabet="0123456789abcdef", min_size=32, max_size=32))
def test_custom_ids_carry_their_token(position, token):
    name = custom_id(token, position)
    assert token_in(name) == token and len(name) <= 64 and set(name) <= set("0123456789abcdef-")


def test_a_schema_that_the_sdk_does_not_know_is_named():
    with LlmServer() as server:
        place = Place("anthropic", server)
        for ask in (place.ask, lambda one: place.fill([one])):
            with pytest.raises(UsageError, match="schema") as caught:
                ask(request("问", schema={"type": "object", "properties": {"a": {}}}))
            assert "type" in caught.value.hint


@BOTH
def test_batches_that_never_come_to_be_are_given_up(api):
    with LlmServer() as server:
        place = Place(api, server)
        filled = place.fill(prompts(2), wrap=saying(submit=[DOWN] * 50))
        assert {one.kind for one in filled.failures.values()} == {"server"} and not place.left
        assert "3 times" in next(iter(filled.failures.values())).message and filled.spent == 0


@BOTH
def test_a_server_that_hangs_is_given_up_and_its_batch_stays_pending(api):
    def wrap(batcher):
        async def state(batch):
            await asyncio.sleep(60)

        return Wrapped(batcher, state=state)

    with LlmServer() as server:
        place = Place(api, server, call=0.3, faults=1)
        (waiting,) = place.fill(prompts(2), wrap=wrap).waiting
        assert "0.3 seconds" in waiting.why and waiting.batch == place.left[0].batch
