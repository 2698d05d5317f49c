"""The real SDKs against the server: every answer, every fault, every error."""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from assay.errors import UsageError
from assay.testing.llm_answers import Script
from assay.testing.llm_call import Answer, Call
from assay.testing.llm_faults import FAULTS, FaultScript, SeededFaults
from assay.testing.llm_limit import RateLimit
from assay.testing.llm_server import LlmServer
from assay.testing.llm_service import Timing
from tests.testing.asking import KEY, RUBRIC, Asking

APIS = pytest.mark.parametrize("api", ["anthropic", "openai"])
STATUSES = {"rate_limited": 429, "rate_limited_bare": 429, "server_error": 500, "overloaded": 529}
FAST = Timing(slow=0.05, retry_after=1)


@contextlib.contextmanager
def served(api, answers=None, faults=None, retries=0, timeout=30.0, **more):
    with contextlib.ExitStack() as stack:
        more = {"timing": FAST, **more}
        server = stack.enter_context(LlmServer(answers, faults or FaultScript([]), **more))
        yield server, Asking(api, server, stack, retries, timeout)


@APIS
def test_an_answer_arrives_whole(api):
    with served(api) as (server, model):
        first, again = model.ask("请打分。"), model.ask("请打分。")
        other = model.ask("请给另一个打分。")
    value = json.loads(model.text(first))
    assert list(value) == ["reasoning", "quality"] and value["quality"] in range(1, 6)
    assert model.text(first) == model.text(again) != model.text(other)
    assert model.stop(first) == "end"
    one, two, three = server.exchanges
    assert [one._request_id for one in (first, again, other)] == [
        one.request_id,
        two.request_id,
        three.request_id,
    ]
    assert first.id != again.id
    assert (one.input_tokens, one.output_tokens) == model.usage(first) and min(model.usage(first)) > 0
    assert one.digest == two.digest != three.digest and (one.attempt, two.attempt) == (0, 1)
    assert server.paid_twice() == {one.digest: 2}
    assert all(one.api == api and one.status == 200 and one.sound for one in server.exchanges)
    assert 0 <= one.arrived <= one.ended <= two.arrived


@APIS
def test_answers_come_from_a_script_or_a_function(api):
    seen: list[Call] = []

    def answer(call: Call) -> dict:
        seen.append(call)
        return {"reasoning": "很好", "quality": 5}

    with served(api, answer) as (_, model):
        assert json.loads(model.text(model.ask("你好", extra_body={"temperature": 0.5}))) == {
            "reasoning": "很好",
            "quality": 5,
        }
    assert seen[0].prompt == "你好" and seen[0].schema == RUBRIC and seen[0].body["temperature"] == 0.5
    with served(api, Script(["one", Answer("two", "refusal")])) as (_, model):
        assert model.text(model.ask(schema=None)) == "one"
        assert model.text(model.ask()) == "two"


@APIS
def test_an_answer_beyond_max_tokens_is_cut(api):
    with served(api, Script(["一二三四五六七八九十"])) as (server, model):
        response = model.ask(schema=None, max_tokens=4)
    assert (model.text(response), model.stop(response), model.usage(response)[1]) == ("一二三四", "length", 4)
    assert server.exchanges[0].output_tokens == 4


@APIS
@pytest.mark.parametrize("fault", sorted(STATUSES))
def test_a_status_fault_is_the_error_that_the_sdk_knows(api, fault):
    with served(api, faults=FaultScript([fault])) as (server, model):
        with pytest.raises(model.sdk.APIStatusError) as caught:
            model.ask()
        assert model.text(model.ask())
    status = 503 if (api, fault) == ("openai", "overloaded") else STATUSES[fault]
    assert caught.value.status_code == status
    assert isinstance(
        caught.value, model.sdk.RateLimitError if status == 429 else model.sdk.InternalServerError
    )
    assert ("retry-after" in caught.value.response.headers) == (fault == "rate_limited")
    assert caught.value.request_id == server.exchanges[0].request_id
    told = caught.value.body["error"] if api == "anthropic" else caught.value.body
    assert told["message"] and told["type"]
    failed, good = server.exchanges
    assert (failed.status, failed.fault, failed.billed, failed.sound) == (status, fault, False, False)
    assert good.sound and server.paid_twice() == {}


@APIS
@pytest.mark.parametrize("fault", ["rate_limited", "server_error", "overloaded", "cut"])
def test_the_sdks_own_retries_get_through(api, fault):
    with served(api, faults=SeededFaults({fault: 1.0}, first=1), retries=2) as (server, model):
        assert json.loads(model.text(model.ask()))["quality"]
    assert [one.fault for one in server.exchanges] == [fault, None]
    assert [one.attempt for one in server.exchanges] == [0, 1]
    assert server.paid_twice() == {}


@APIS
def test_a_slow_answer_is_whole_for_the_patient_and_lost_on_the_others(api):
    with served(api, faults=FaultScript(["slow"])) as (server, model):
        assert json.loads(model.text(model.ask()))
    assert server.exchanges[0].sound and server.exchanges[0].fault == "slow"
    timing = Timing(slow=0.6)
    with served(api, faults=FaultScript(["slow"]), timeout=0.1, timing=timing) as (server, model):
        with pytest.raises(model.sdk.APITimeoutError):
            model.ask()
        model.client.close()
        while not server.exchanges:
            threading.Event().wait(0.01)
    assert server.exchanges[0].billed and not server.exchanges[0].delivered and not server.exchanges[0].sound


@APIS
def test_a_hang_ends_with_the_clients_patience_or_with_the_server(api):
    hanging = served(api, faults=FaultScript(["hang"]), timeout=0.2)
    with hanging as (server, model), pytest.raises(model.sdk.APITimeoutError):
        model.ask()
    assert [(one.status, one.billed, one.delivered) for one in server.exchanges] == [(0, False, False)]
    with served(api, faults=FaultScript(["hang"])) as (server, model), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(model.ask)
        while not server.exchanges:
            threading.Event().wait(0.01)
        server.stop()
        assert isinstance(waiting.exception(), model.sdk.APIConnectionError)


@APIS
def test_a_cut_connection_costs_and_gives_nothing(api):
    with (
        served(api, faults=FaultScript(["cut"])) as (server, model),
        pytest.raises(model.sdk.APIConnectionError),
    ):
        model.ask()
    assert [(one.billed, one.delivered, one.sound) for one in server.exchanges] == [(True, False, False)]


@APIS
@pytest.mark.parametrize("fault", ["truncated_json", "fenced", "prose", "twice"])
def test_a_fault_of_form_is_no_json(api, fault):
    with served(api, Script([{"reasoning": "因为好", "quality": 4}]), FaultScript([fault])) as (
        server,
        model,
    ):
        response = model.ask()
    with pytest.raises(ValueError):
        json.loads(model.text(response))
    assert "因为好" in model.text(response) or fault == "truncated_json"
    assert model.stop(response) == ("length" if fault == "truncated_json" else "end")
    assert server.exchanges[0].billed and not server.exchanges[0].sound and server.exchanges[0].fault == fault


@APIS
def test_faults_of_content_are_json_that_breaks_its_promise(api):
    faults = ["out_of_range", "missing_field", "wrong_language", "duplicate", "duplicate"]
    with served(api, faults=FaultScript(faults)) as (server, model):
        texts = [model.text(model.ask(f"Rate number {number}.")) for number in range(5)]
    wild, lost, other, one, same = map(json.loads, texts)
    assert not 1 <= wild["quality"] <= 5
    assert len(lost) == 1
    assert any("\u4e00" <= character <= "\u9fff" for character in other["reasoning"])
    assert one == same
    assert [exchange.fault for exchange in server.exchanges] == faults


@APIS
@pytest.mark.parametrize("schema", [RUBRIC, None])
def test_a_refusal_is_the_providers_own(api, schema):
    with served(api, faults=FaultScript(["refusal"])) as (server, model):
        response = model.ask("请打分。", schema)
    assert model.stop(response) == ("end" if (api, schema) == ("openai", None) else "refusal")
    assert "抱歉" in model.text(response) and not server.exchanges[0].sound


def test_every_fault_is_tested_here():
    tested = {*STATUSES, "slow", "hang", "cut", "truncated_json", "fenced", "prose", "twice", "refusal"}
    assert tested | {"out_of_range", "missing_field", "wrong_language", "duplicate"} == set(FAULTS)


@APIS
def test_a_plan_is_the_same_however_many_ask_at_once(api):
    rates = SeededFaults({"fenced": 0.2, "server_error": 0.2, "cut": 0.1, "twice": 0.1}, seed=7)

    def fates(workers):
        with served(api, faults=rates) as (server, model), ThreadPoolExecutor(workers) as pool:
            for waiting in [pool.submit(model.ask, f"第 {number} 条") for number in range(60)]:
                waiting.exception()
            return {one.digest: (one.fault, one.status, one.output_tokens) for one in server.exchanges}

    alone = fates(1)
    assert alone == fates(8) and len(alone) == 60
    assert {fault for fault, _, _ in alone.values()} == {"fenced", "server_error", "cut", "twice", None}


@APIS
def test_the_rate_limit_turns_away_and_says_when_to_come_back(api):
    now = [0.0]
    timing = Timing(clock=lambda: now[0])
    with served(api, rate=RateLimit(2, burst=3), timing=timing) as (server, model):
        for _ in range(3):
            model.ask()
        with pytest.raises(model.sdk.RateLimitError) as caught:
            model.ask()
        now[0] += 0.5
        assert model.ask()
    headers = caught.value.response.headers
    assert headers["retry-after"] == "1"
    limit = "anthropic-ratelimit-requests-limit" if api == "anthropic" else "x-ratelimit-limit-requests"
    assert headers[limit] == "3"
    assert headers.get("retry-after-ms") == (None if api == "anthropic" else "500")
    assert [one.limited for one in server.exchanges] == [False, False, False, True, False]
    assert [one.attempt for one in server.exchanges if not one.limited] == [0, 1, 2, 3]


@APIS
def test_a_tool_that_is_demanded_is_used(api):
    with served(api) as (_, model):
        if api == "anthropic":
            tool = {"name": "rate", "input_schema": RUBRIC}
            response = model.ask(schema=None, tools=[tool], tool_choice={"type": "tool", "name": "rate"})
            assert response.stop_reason == "tool_use"
            assert response.content[0].input["quality"] in range(1, 6)
        else:
            tool = {"type": "function", "function": {"name": "rate", "parameters": RUBRIC}}
            chosen = {"type": "function", "function": {"name": "rate"}}
            response = model.ask(schema=None, tools=[tool], tool_choice=chosen)
            used = response.choices[0].message.tool_calls[0].function
            assert used.name == "rate" and json.loads(used.arguments)["quality"] in range(1, 6)


@APIS
def test_a_schema_that_the_provider_would_refuse_is_refused(api):
    loose = {**RUBRIC, "additionalProperties": True}
    with served(api) as (server, model):
        with pytest.raises(model.sdk.BadRequestError, match="additionalProperties"):
            model.ask(schema=loose)
        with pytest.raises(model.sdk.BadRequestError):
            model.ask(stream=True)
        with pytest.raises(model.sdk.BadRequestError):
            model.ask(max_tokens=0)
    assert [one.status for one in server.exchanges] == [400, 400, 400]
    assert not any(one.billed for one in server.exchanges)


def test_each_provider_refuses_what_only_it_refuses():
    ranged = {**RUBRIC, "properties": {**RUBRIC["properties"], "quality": {"type": "integer", "minimum": 1}}}
    with served("anthropic") as (_, model), pytest.raises(model.sdk.BadRequestError, match="minimum"):
        model.ask(schema=ranged)
    partial = {**RUBRIC, "required": ["quality"]}
    with served("openai") as (_, model), pytest.raises(model.sdk.BadRequestError, match="required"):
        model.ask(schema=partial)


def test_tokens_can_be_counted_without_an_answer():
    with served("anthropic") as (server, model):
        messages = [{"role": "user", "content": "Rate this."}]
        count = model.client.messages.count_tokens(model="claude-made-up", messages=messages)
        answered = model.client.messages.create(model="claude-made-up", messages=messages, max_tokens=99)
    assert count.input_tokens == answered.usage.input_tokens
    assert [one.billed for one in server.exchanges] == [False, True]


@APIS
def test_a_wrong_key_is_refused_and_no_key_is_kept(api):
    with (
        served(api, key="another") as (server, model),
        pytest.raises(model.sdk.AuthenticationError) as caught,
    ):
        model.ask()
    assert server.exchanges[0].status == 401
    assert KEY not in str(caught.value)
    with served(api, key=KEY) as (server, model):
        model.ask()
    kept = repr([server.exchanges, vars(server), vars(server._service)])
    assert KEY not in kept and "Rate this" not in kept


@APIS
def test_a_mistake_of_the_test_is_raised_where_the_test_sees_it(api):
    through = pytest.raises(UsageError, match="a script of 0 answers")
    with (
        through,
        served(api, Script([]), retries=2) as (server, model),
        pytest.raises(model.sdk.BadRequestError),
    ):
        model.ask()
    assert len(server.exchanges) == 1


@APIS
def test_identity_says_which_requests_are_the_same(api):
    def last_word(call: Call) -> str:
        return call.prompt.split()[-1]

    with served(api, identity=last_word) as (server, model):
        assert model.text(model.ask("fence-1 例子")) == model.text(model.ask("fence-2 例子"))
    assert list(server.paid_twice().values()) == [2]


def test_no_thread_and_no_connection_outlives_the_server():
    before = set(threading.enumerate())
    server = LlmServer().start()
    url = server.url
    body = b'{"model": "m", "messages": [{"role": "user", "content": "hello"}]}'
    with urllib.request.urlopen(_post(f"{url}/v1/chat/completions", body)) as response:
        assert response.status == 200
    server.stop()
    server.stop()
    assert set(threading.enumerate()) == before
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=5)
    with pytest.raises(UsageError, match="starts only once"):
        server.start()
    with pytest.raises(UsageError, match="before it starts"):
        _ = LlmServer().url


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"messages": 3, "model": "m"}',
        b'{"model": "m", "messages": [3]}',
    ],
)
@pytest.mark.parametrize(
    "path", ["/v1/messages", "/v1/chat/completions", "/v1/messages/batches", "/v1/batches"]
)
def test_a_body_that_makes_no_sense_is_an_error_body(path, body):
    with LlmServer() as server, pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(_post(server.url + path, body))
    with caught.value as response:
        assert response.code in (400, 404)
        assert json.load(response)["error"]["message"]


def test_lone_surrogates_pass():
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "\ud800"}]}).encode()
    with LlmServer(lambda call: call.prompt) as server:
        response = urllib.request.urlopen(_post(f"{server.url}/v1/chat/completions", body))
        with response:
            assert json.load(response)["choices"][0]["message"]["content"] == "\ud800"


def test_a_body_that_is_too_large_is_refused_unread():
    with LlmServer() as server:
        request = _post(f"{server.url}/v1/messages", b"")
        request.add_unredirected_header("Content-Length", str(10**12))
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        with caught.value as response:
            assert response.code == 413
            assert json.load(response)["error"]["type"] == "request_too_large"


def _post(url: str, body: bytes) -> urllib.request.Request:
    headers = {"x-api-key": "k", "authorization": "Bearer k", "anthropic-version": "2023-06-01"}
    return urllib.request.Request(url, body, headers)
