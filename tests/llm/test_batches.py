"""Batches bring answers where calls look for them, and no kill, fault or limit makes anybody pay twice."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import Damaged, NotFound, UsageError
from assay.llm.batches import BatchState, Undecided, custom_id, token_in
from assay.llm.batching import Batching, Polling
from assay.llm.budget import Budget, estimate, most_input_tokens, worst_cost
from assay.llm.cache import MemoryAnswers, request_key
from assay.llm.calling import World
from assay.llm.client import Failure, Response
from assay.llm.filling import fill
from assay.llm.pending import PendingBatches
from assay.llm.prices import Price, list_prices
from assay.store.local import LocalStorage
from assay.store.memory import MemoryStorage
from assay.testing.llm_answers import Script
from assay.testing.llm_faults import FaultScript
from assay.testing.llm_server import LlmServer
from assay.testing.llm_service import Timing
from tests.llm.fakes import request, response, run

pytest.importorskip("anthropic")
pytest.importorskip("openai")
from tests.llm.batch_place import KEY, PRICES, Killed, Place, prompts

BOTH = pytest.mark.parametrize("api", ["anthropic", "openai"])
POSTS = {"anthropic": "/v1/messages", "openai": "/v1/chat/completions"}


def calls(server, api):
    """The ordinary calls that were made."""
    return [one for one in server.exchanges if one.path == POSTS[api] and not one.batch]


@BOTH
def test_afterwards_the_ordinary_path_finds_every_answer(api):
    with LlmServer() as server:
        place = Place(api, server)
        asked = prompts(20)
        filled = place.fill([*asked, asked[0]])
        assert (filled.asked, filled.known, filled.came, filled.failures) == (20, 0, 20, {})
        assert not filled.waiting and not filled.lost and not filled.left_out and not place.notes
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


def place_cost(replies):
    price = PRICES.of("m").in_batches()
    return sum(price.cost(one.input_tokens, one.output_tokens) for one in replies)


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
        assert filled.came == 2 and not place.notes
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
            assert not filled.waiting and not filled.lost and not place.notes, at
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
        (note,) = place.notes
        assert note.batch is not None
        # A run that asks for more sends only what is new, one that asks for other things does not wait.
        filled = place.fill([*asked, *prompts(1, model="n")])
        assert filled.came == 5 and place.end_every_batch() == 2 and not server.paid_twice()


@BOTH
def test_a_run_that_needs_none_of_a_noted_batch_does_not_wait_for_it(api):
    with LlmServer(timing=Timing(batch_polls=30)) as server:
        place = Place(api, server)
        with pytest.raises(Killed):
            place.fill(prompts(4), kill_at=14)
        assert place.fill([]).asked == 0 and len(place.notes) == 1 and place.budget.spent == 0
        place.end_every_batch(polls=30)
        filled = place.fill([])  # it has ended meanwhile: what was paid for is kept
        assert filled.came == 0 and filled.spent > 0 and len(place.answers.held) == 4 and not place.notes


@BOTH
def test_who_waits_long_enough_is_told_which_batch_and_loses_nothing(api):
    with LlmServer(timing=Timing(batch_polls=10)) as server:
        place = Place(api, server, longest=60.0)
        asked = prompts(3)
        filled = place.fill(asked)
        (waiting,) = filled.waiting
        assert waiting.requests == 3 and waiting.batch == place.notes[0].batch and "60 seconds" in waiting.why
        worst = sum(worst_cost(one, PRICES.in_batches()) for one in asked)
        assert filled.spent == place.budget.spent == worst and place.budget.held == 0
        assert place.fill(asked, limit=Decimal(1)).waiting  # 4 polls a run
        assert place.fill(asked).came == 3
        assert place.end_every_batch() == 1 and not server.paid_twice()


@BOTH
def test_a_budget_holds_and_what_does_not_fit_is_left_out(api):
    asked = prompts(6)
    each = [worst_cost(one, PRICES.in_batches()) for one in asked]
    assert each[0] == worst_cost(asked[0], PRICES) / 2
    with LlmServer() as server:
        place = Place(api, server, requests=2)
        filled = place.fill(asked, limit=sum(each[:3]))
        assert filled.came == 3 and filled.left_out == tuple(
            request_key(one, place.scope) for one in asked[3:]
        )
        assert 0 < place.budget.spent == filled.spent < sum(each[:3])
        assert place.fill(asked, limit=Decimal(0)).left_out and place.end_every_batch() == 2
        with pytest.raises(NotFound, match="unheard-of"):
            place.fill([request(model="unheard-of")], limit=Decimal(1))
        free = place.fill([request(model="unheard-of")])
        assert free.came == 1 and free.spent == 0


class Wrapped:
    """A batch client some of whose methods say something else."""

    def __init__(self, inner, **instead):
        self._inner = inner
        for name, one in instead.items():
            setattr(self, name, one)

    def __getattr__(self, name):
        return getattr(self._inner, name)


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


UNNOTED = 6
"""The step after which a batch is made and its id not noted: two of `newest`, of the intent and of `submit` each."""


@BOTH
@pytest.mark.parametrize("metadata", [True, False])
def test_a_batch_is_told_from_others_that_are_as_large(api, metadata):
    with LlmServer(timing=Timing(batch_polls=4)) as server:
        places = {model: Place(api, server) for model in "nmo"}
        for model, run in places.items():
            with pytest.raises(Killed):
                run.fill(prompts(3, model=model), kill_at=UNNOTED)
        place = places["m"]
        if not metadata:  # as servers have it that speak the protocol and not all of it
            for batch in server._service.batches._batches.values():
                batch.told.pop("metadata", None)
        (note,) = place.notes
        filled = place.fill(prompts(3))
        assert note.batch is None and filled.came == 3 and not place.notes and not filled.lost
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
        assert filled.spent == place.budget.spent == worst and not place.notes
        assert [one.perhaps_paid for one in filled.failures.values()] == [True] * 3


def saying(**instead):
    """A wrap whose methods say each of a list of things once, and then what they always say."""

    def wrap(batcher):
        def method(name, said):
            async def one(*given):
                return said.pop(0) if said else await getattr(batcher, name)(*given)

            return one

        return Wrapped(batcher, **{name: method(name, list(said)) for name, said in instead.items()})

    return wrap


LIMITED = Failure("rate_limited", "HTTP 429", 90.0, 429)
DOWN = Failure("connection", "the connection failed")
DENIED = Failure("unauthorized", "HTTP 401", status=401)


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
        assert (filled.spent, place.budget.spent, place.budget.held) == (0, 0, 0) and not place.notes
        assert place.end_every_batch() == 0


@BOTH
@pytest.mark.parametrize("name", ["state", "results", "find"])
@pytest.mark.parametrize("failure", [DOWN, DENIED])
def test_a_batch_that_cannot_be_asked_after_stays_noted(api, name, failure):
    with LlmServer() as server:
        place = Place(api, server)
        lost = {"submit": [DOWN]} if name == "find" else {}
        filled = place.fill(prompts(3), wrap=saying(**{name: [failure] * 50}, **lost))
        assert [(one.requests, one.why) for one in filled.waiting] == [(3, failure.message)]
        assert len(place.notes) == 1 and filled.spent == place.budget.spent == place.notes[0].worst
        assert place.fill(prompts(3)).came == 3 and not place.notes


@BOTH
def test_a_batch_that_failed_as_a_whole_costs_nothing(api):
    failure = Failure("bad_request", "HTTP 400 · mismatched_model")
    with LlmServer() as server:
        place = Place(api, server)
        filled = place.fill(prompts(3), wrap=saying(state=[BatchState("failed", 3, 0, failure)]))
        assert set(filled.failures.values()) == {failure} and filled.spent == place.budget.spent == 0
        assert not place.notes


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
        assert filled.spent == place.budget.spent == worst and not place.notes


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
def test_a_batch_that_is_cancelled_is_read_to_its_end(api):
    with LlmServer(timing=Timing(batch_polls=9)) as server:
        place = Place(api, server)
        with pytest.raises(Killed):
            place.fill(prompts(3), kill_at=14)

        async def cancel():
            async with place.batcher() as batcher:
                return await batcher.cancel(place.notes[0].batch), await batcher.cancel("msgbatch_00")

        done, wrong = asyncio.run(cancel())
        filled = place.fill(prompts(3))
        assert done is None and wrong.kind == "not_found"
        assert len(filled.failures) == 3 and all(one.retryable for one in filled.failures.values())
        assert filled.spent == 0 and not place.notes


@BOTH
def test_key_and_texts_are_noted_and_shown_nowhere(api, tmp_path, caplog, capsys):
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
        assert len(files) == 2 and len(place.notes) == 1
        assert not [one for one in said if KEY in one or "SECRET" in one] and KEY not in caplog.text
        assert place.fill([request("SECRET-TEXT")]).came == 1
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_notes_are_whole_or_damaged_and_belong_to_a_scope(tmp_path):
    pending = PendingBatches(LocalStorage(tmp_path))
    note = pending.intend("here", "m", "", [("k1", Decimal("0.1")), ("k2", None)])
    made = pending.made(note, "b1")
    assert list(pending.of("here")) == [made] and not list(pending.of("there"))
    assert made.batch == "b1" and made.worst == Decimal("0.1")
    assert made.names() == {
        custom_id(note.token, 0): ("k1", Decimal("0.1")),
        custom_id(note.token, 1): ("k2", 0),
    }
    for path in sorted(tmp_path.glob("*.json")):
        whole = path.read_bytes()
        for damaged in (whole.replace(b"k1", b"k3").replace(b"b1", b"b2"), whole[:-9], b"[]", b"{}"):
            path.write_bytes(damaged)
            with pytest.raises(Damaged, match=note.token) as caught:
                list(pending.of("here"))
            assert "provider" in caught.value.hint
        path.write_bytes(whole)
    pending.drop(made)
    pending.drop(made)
    assert pending.read(note.token) is None and not list(tmp_path.glob("*.json"))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 9_999), st.text(alphabet="0123456789abcdef", min_size=32, max_size=32))
def test_custom_ids_carry_their_token(position, token):
    name = custom_id(token, position)
    assert token_in(name) == token and len(name) <= 64 and set(name) <= set("0123456789abcdef-")


def test_batches_cost_what_the_table_says_they_do():
    price = Price.model_validate(
        {
            "input": 4,
            "output": 8,
            "batch": 0.25,
            "long": {"above": 10, "input": 40, "output": 80},
            "up_to": 99,
        }
    )
    cheap = price.in_batches()
    assert (cheap.cost(1, 1), cheap.cost(11, 1), cheap.up_to) == (
        price.cost(1, 1) / 4,
        price.cost(11, 1) / 4,
        99,
    )
    plain = Price(input=Decimal(4), output=Decimal(8))
    assert plain.in_batches() == plain
    prices = list_prices()
    assert {one.batch for one in prices.models.values()} == {Decimal("0.5")}
    asked = [request(str(at), model="claude-sonnet-5") for at in range(3)]
    whole, half = estimate(asked, prices, 50), estimate(asked, prices, 50, batch=True)
    assert (half.likely, half.worst) == (whole.likely / 2, whole.worst / 2) and half.calls == whole.calls == 3


def test_a_budget_may_owe_more_than_it_has():
    budget = Budget(Decimal(1))
    budget.owe(Decimal(3))
    assert budget.left == -2 and not asyncio.run(asyncio.wait_for(budget.hold(Decimal(2)), 1))
    budget.settle(Decimal(3), Decimal("0.5"))
    assert budget.left == Decimal("0.5") and Budget(None).left is None


class Whims:
    """A provider in memory that does what it likes, and knows what it charged."""

    def __init__(self, random) -> None:
        self.random, self.made, self.fates, self.charged = random, {}, {}, Decimal(0)

    def _mood(self, *moods):
        return self.random.choice([None, None, *moods])

    async def newest(self):
        return self._mood(DOWN, LIMITED) or ""

    async def submit(self, token, requests):
        mood = self._mood(DOWN, LIMITED)
        if mood is LIMITED or (mood and self.random.random() < 0.5):
            return mood
        self.made[token] = dict(requests)
        return mood or token

    async def find(self, token, requests, since, others):
        return self._mood(DOWN, Undecided("?", later=True), Undecided("?", later=False)) or (
            token if token in self.made else None
        )

    async def state(self, batch):
        if mood := self._mood(DOWN, BatchState("running", 1, 0)):
            return mood
        fate = self.fates.setdefault(batch, self.random.choice(["ended", "ended", "failed", "gone"]))
        if fate == "gone":
            for asked in self.made[batch].values():
                self._charge(asked)
        return BatchState(fate, 1, 1)

    async def results(self, batch, keep):
        open_ = self.made[batch]
        for name in self.random.sample(sorted(open_), len(open_)):
            if self.random.random() < 0.1:
                return DOWN
            asked = open_.pop(name)
            kind = self._mood("server", "malformed")
            await keep(name, Failure(kind, "no") if kind else response(tokens=self._charge(asked)))
            if kind == "malformed":
                self._charge(asked)
        return None

    async def cancel(self, batch):
        return None

    def _charge(self, asked):
        used = self.random.randint(0, most_input_tokens(asked)), self.random.randint(0, asked.max_tokens)
        self.charged += PRICES.of("m").in_batches().cost(*used)
        return self.random.choice([used, (None, None)])


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 10**6), st.decimals(0, "0.02", places=5), st.integers(1, 12), st.integers(1, 6))
def test_no_budget_is_crossed_and_every_request_has_a_fate(seed, limit, count, requests):
    whims = Whims(Random(seed))
    budget, answers, passed = Budget(limit), MemoryAnswers(), [0.0]
    pending = PendingBatches(MemoryStorage())

    async def sleep(seconds):
        passed[0] += seconds

    asked = [request("问" * (at + 1), 30 + at) for at in range(count)]
    world = World(lambda: passed[0], sleep, whims.random)
    polling = Polling(requests=requests, longest=600.0, faults=4)
    batching = Batching(whims, answers, "here", pending, budget, PRICES, world, polling)
    filled = run(lambda: fill(asked, batching))
    assert whims.charged <= budget.spent == filled.spent <= limit and budget.held == 0
    noted = {key for note in pending.of("here") for key, _ in note.requests}
    fates = [set(answers.held), set(filled.failures), set(filled.left_out), noted - set(answers.held)]
    assert set().union(*fates) == {request_key(one, "here") for one in asked}
    assert filled.came == len(answers.held) and bool(noted) == bool(filled.waiting)


def test_a_schema_that_the_sdk_does_not_know_is_named():
    with LlmServer() as server:
        place = Place("anthropic", server)
        for ask in (place.ask, lambda one: place.fill([one])):
            with pytest.raises(UsageError, match="schema") as caught:
                ask(request("问", schema={"type": "object", "properties": {"a": {}}}))
            assert "type" in caught.value.hint
