"""A batch that was sent is never sent again, whenever the run that sent it was killed."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from assay.errors import Damaged
from assay.llm.batches import custom_id
from assay.llm.budget import worst_cost
from assay.llm.client import Failure, Response
from assay.llm.pending import PendingBatches
from assay.store.local import LocalStorage
from assay.testing.llm_faults import FaultScript
from assay.testing.llm_server import LlmServer
from assay.testing.llm_service import Timing
from tests.llm.fakes import request

pytest.importorskip("anthropic")
pytest.importorskip("openai")
from tests.llm.batch_place import BOTH, DENIED, DOWN, PRICES, UNNOTED, Killed, Place, Wrapped, prompts, saying


@BOTH
def test_a_run_that_was_killed_at_any_step_is_taken_up_without_paying_again(api):
    asked, at = prompts(3), 0
    while True:
        at += 1
        faults = FaultScript([None, "server_error", None])
        with LlmServer(faults=faults) as server:
            place = Place(api, server, settle=4.0)
            try:
                place.fill(asked, kill_at=at)
            except Killed:
                held = place.budget.held
                filled = place.fill(asked)
            else:
                break
            assert held == 0 and place.budget.held == 0
            assert not filled.waiting and not filled.lost and not place.left, at
            assert len(place.answers.held) >= 2 and filled.known + filled.came + len(filled.failures) == 3
            assert place.fill([]).asked == 0 and not place.storage.files, at
            # Killed when the batch was read to its end, it is the next run that asks again what failed.
            assert place.end_every_batch() == (1 if filled.failures else 2), at
            assert all(isinstance(one, Response) for one in place.ask(*asked))
            assert not server.paid_twice(), at
    assert at > 20


@BOTH
def test_a_batch_that_still_ran_when_a_run_was_killed_is_waited_for(api):
    with LlmServer(timing=Timing(batch_polls=5)) as server:
        place = Place(api, server)
        asked = prompts(4)
        with pytest.raises(Killed):
            place.fill(asked, kill_at=14)  # it is being waited for
        (pending,) = place.left
        assert pending.batch is not None
        # A run that asks for more sends only what is new, one that asks for other things does not wait.
        filled = place.fill([*asked, *prompts(1, model="n")])
        assert filled.came == 5 and place.end_every_batch() == 2 and not server.paid_twice()


@BOTH
def test_a_run_that_needs_none_of_a_pending_batch_does_not_wait_for_it(api):
    with LlmServer(timing=Timing(batch_polls=30)) as server:
        place = Place(api, server)
        with pytest.raises(Killed):
            place.fill(prompts(4), kill_at=14)
        assert place.fill([]).asked == 0 and len(place.left) == 1 and place.budget.spent == 0
        place.end_every_batch(polls=30)
        filled = place.fill([])  # it has ended meanwhile: what was paid for is kept
        assert filled.came == 0 and filled.spent > 0 and len(place.answers.held) == 4 and not place.left


@BOTH
def test_who_waits_long_enough_is_told_which_batch_and_loses_nothing(api):
    with LlmServer(timing=Timing(batch_polls=10)) as server:
        place = Place(api, server, longest=60.0)
        asked = prompts(3)
        filled = place.fill(asked)
        (waiting,) = filled.waiting
        assert waiting.requests == 3 and waiting.batch == place.left[0].batch and "60 seconds" in waiting.why
        worst = sum(worst_cost(one, PRICES.in_batches()) for one in asked)
        assert filled.spent == place.budget.spent == worst and place.budget.held == 0
        assert place.fill(asked, limit=Decimal(1)).waiting  # 4 polls a run
        assert place.fill(asked).came == 3
        assert place.end_every_batch() == 1 and not server.paid_twice()


@BOTH
@pytest.mark.parametrize("made", [True, False])
def test_a_submission_whose_answer_was_lost_is_looked_for_and_not_repeated(api, made):
    lost = [Failure("connection", "cut"), Failure("server", "HTTP 500", status=500)]
    with LlmServer() as server:
        place = Place(api, server)

        def wrap(batcher):
            async def submit(token, requests):
                if not lost:
                    return await batcher.submit(token, requests)
                if made:
                    await batcher.submit(token, requests)
                return lost.pop()

            return Wrapped(batcher, submit=submit)

        assert place.fill(prompts(3), wrap=wrap).came == 3
        assert place.end_every_batch() == 1 and not server.paid_twice() and len(lost) == (1 if made else 0)


@BOTH
@pytest.mark.parametrize("metadata", [True, False])
@pytest.mark.parametrize("ended", [True, False])
def test_a_batch_is_told_from_others_that_are_as_large(api, metadata, ended):
    with LlmServer(timing=Timing(batch_polls=4)) as server:
        places = {model: Place(api, server) for model in "nmo"}
        for model, run in places.items():
            with pytest.raises(Killed):
                run.fill(prompts(3, model=model), kill_at=UNNOTED)
        place = places["m"]
        if not metadata:  # as servers have it that speak the protocol and not all of it
            for batch in server._service.batches._batches.values():
                batch.told.pop("metadata", None)
        (pending,) = place.left
        if ended:
            place.end_every_batch(polls=5)
        filled = place.fill(prompts(3))
        assert pending.batch is None and filled.came == 3 and not place.left and not filled.lost
        assert place.end_every_batch() == 3 and not server.paid_twice()


@BOTH
def test_a_batch_that_cannot_be_told_from_others_counts_at_its_worst_and_is_said_to_be_lost(api, monkeypatch):
    monkeypatch.setattr(f"assay.llm.{api}_batches.LISTED", 2)
    with LlmServer() as server:
        place, other = Place(api, server), Place(api, server)
        asked = prompts(3)
        with pytest.raises(Killed):
            place.fill(asked, kill_at=UNNOTED)
        for at in range(3):
            other.fill([request(f"another {at}")])
        filled = place.fill(asked)
        worst = sum(worst_cost(one, PRICES.in_batches()) for one in asked)
        assert (
            len(filled.lost) == 1
            and "may have been made" in filled.lost[0]
            and f"{worst:f}" in filled.lost[0]
        )
        assert filled.spent == place.budget.spent == worst and not place.left
        assert [one.perhaps_paid for one in filled.failures.values()] == [True] * 3


@BOTH
@pytest.mark.parametrize("name", ["state", "results", "find"])
@pytest.mark.parametrize("failure", [DOWN, DENIED])
def test_a_batch_that_cannot_be_asked_after_stays_pending(api, name, failure):
    with LlmServer() as server:
        place = Place(api, server)
        lost = {"submit": [DOWN]} if name == "find" else {}
        filled = place.fill(prompts(3), wrap=saying(**{name: [failure] * 50}, **lost))
        assert [(one.requests, one.why) for one in filled.waiting] == [(3, failure.message)]
        assert len(place.left) == 1 and filled.spent == place.budget.spent == place.left[0].worst
        assert place.fill(prompts(3)).came == 3 and not place.left


@BOTH
def test_a_batch_that_is_cancelled_is_read_to_its_end(api):
    with LlmServer(timing=Timing(batch_polls=9)) as server:
        place = Place(api, server)
        with pytest.raises(Killed):
            place.fill(prompts(3), kill_at=14)

        async def cancel():
            async with place.batcher() as batcher:
                return await batcher.cancel(place.left[0].batch), await batcher.cancel("msgbatch_00")

        done, wrong = asyncio.run(cancel())
        filled = place.fill(prompts(3))
        assert done is None and wrong.kind == "not_found"
        assert len(filled.failures) == 3 and all(one.retryable for one in filled.failures.values())
        assert filled.spent == 0 and not place.left


def test_pending_batches_are_whole_or_damaged_and_belong_to_a_scope(tmp_path):
    batches = PendingBatches(LocalStorage(tmp_path))
    pending = batches.intend("here", "m", "", [("k1", Decimal("0.1")), ("k2", None)])
    made = batches.made(pending, "b1")
    assert list(batches.of("here")) == [made] and not list(batches.of("there"))
    assert made.batch == "b1" and made.worst == Decimal("0.1")
    assert made.names() == {
        custom_id(pending.token, 0): ("k1", Decimal("0.1")),
        custom_id(pending.token, 1): ("k2", 0),
    }
    for path in sorted(tmp_path.glob("*.json")):
        whole = path.read_bytes()
        for damaged in (whole.replace(b"k1", b"k3").replace(b"b1", b"b2"), whole[:-9], b"[]", b"{}"):
            path.write_bytes(damaged)
            with pytest.raises(Damaged, match=pending.token) as caught:
                list(batches.of("here"))
            assert "provider" in caught.value.hint
        path.write_bytes(whole)
    batches.drop(made)
    batches.drop(made)
    assert batches.read(pending.token) is None and not list(tmp_path.glob("*.json"))


@BOTH
def test_a_run_takes_up_what_another_found_out(api):
    """Two runs with one folder: the second waits for what the first has sent, by the id that the first was told."""
    with LlmServer() as server:
        place = Place(api, server)
        with pytest.raises(Killed):
            place.fill(prompts(3), kill_at=UNNOTED)
        (pending,) = place.left
        (batch,) = server._service.batches._batches

        def other(batcher):
            async def find(*given):
                place.pending.made(pending, batch)

            return Wrapped(batcher, find=find)

        assert place.fill(prompts(3), wrap=other).came == 3
        assert place.end_every_batch() == 1 and not server.paid_twice()


@BOTH
def test_a_batch_that_another_run_has_given_up_is_sent_again(api):
    with LlmServer() as server:
        place = Place(api, server)
        with pytest.raises(Killed):
            place.fill(prompts(3), kill_at=UNNOTED - 2)  # before it was sent
        (pending,) = place.left

        def other(batcher):
            async def find(*given):
                place.pending.drop(pending)

            return Wrapped(batcher, find=find)

        assert place.fill(prompts(3), wrap=other).came == 3 and place.end_every_batch() == 1


def test_a_file_that_no_batch_was_made_of_is_not_mistaken_for_one(monkeypatch):
    """OpenAI takes two calls to send a batch: killed between them, nothing was ordered."""
    from openai.resources.batches import AsyncBatches

    create = AsyncBatches.create

    async def die(*given, **named):
        monkeypatch.setattr(AsyncBatches, "create", create)
        raise Killed

    monkeypatch.setattr(AsyncBatches, "create", die)
    with LlmServer() as server:
        place = Place("openai", server)
        with pytest.raises(Killed):
            place.fill(prompts(3))
        assert place.left[0].batch is None and any(one.path == "/v1/files" for one in server.exchanges)
        assert place.fill(prompts(3)).came == 3 and place.end_every_batch() == 1 and not server.paid_twice()
