"""The batch endpoints of both providers, through their SDKs."""

from __future__ import annotations

import contextlib
import json

import pytest

from assay.testing.llm_faults import FaultScript, SeededFaults
from assay.testing.llm_server import LlmServer
from assay.testing.llm_service import Timing
from tests.testing.asking import RUBRIC, Asking

APIS = pytest.mark.parametrize("api", ["anthropic", "openai"])


@contextlib.contextmanager
def served(api, **more):
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(LlmServer(**more))
        yield server, Asking(api, server, stack, 0, 30.0)


def create(model, prompts: dict[str, str]):
    messages = {name: [{"role": "user", "content": prompt}] for name, prompt in prompts.items()}
    if model.api == "anthropic":
        form = {"format": {"type": "json_schema", "schema": RUBRIC}}
        params = {"model": "claude-made-up", "max_tokens": 900, "output_config": form}
        requests = [
            {"custom_id": name, "params": {**params, "messages": one}} for name, one in messages.items()
        ]
        return model.client.messages.batches.create(requests=requests)
    form = {"type": "json_schema", "json_schema": {"name": "rubric", "strict": True, "schema": RUBRIC}}
    body = {"model": "gpt-made-up", "response_format": form}
    where = {"method": "POST", "url": "/v1/chat/completions"}
    lines = [
        {"custom_id": name, **where, "body": {**body, "messages": one}} for name, one in messages.items()
    ]
    data = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    file = model.client.files.create(file=("in.jsonl", data), purpose="batch")
    assert model.client.files.retrieve(file.id).bytes == len(data)
    return model.client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )


def poll(model, batch) -> tuple[str, object]:
    if model.api == "anthropic":
        batch = model.client.messages.batches.retrieve(batch.id)
        return batch.processing_status, batch
    batch = model.client.batches.retrieve(batch.id)
    return batch.status, batch


def results(model, batch) -> dict[str, tuple[str, str]]:
    """By custom id: how it ended, and the answer or the kind of error."""
    if model.api == "anthropic":
        found = {}
        for line in model.client.messages.batches.results(batch.id):
            kind = line.result.type
            said = {
                "succeeded": lambda one: one.message.content[0].text,
                "errored": lambda one: one.error.error.type,
            }.get(kind, lambda one: "")
            found[line.custom_id] = (kind, said(line.result))
        return found
    found = {}
    for file in filter(None, (batch.output_file_id, batch.error_file_id)):
        for line in map(json.loads, model.client.files.content(file).text.splitlines()):
            body = (line["response"] or {}).get("body")
            if line["error"]:
                found[line["custom_id"]] = (line["error"]["code"].removeprefix("batch_"), "")
            elif line["response"]["status_code"] == 200:
                found[line["custom_id"]] = ("succeeded", body["choices"][0]["message"]["content"])
            else:
                found[line["custom_id"]] = ("errored", body["error"]["type"])
    return found


@APIS
def test_a_batch_is_created_polled_and_read(api):
    prompts = {f"row-{number}": f"请给第 {number} 条打分。" for number in range(20)}
    with served(api, timing=Timing(batch_polls=2)) as (server, model):
        batch = create(model, prompts)
        states = [poll(model, batch)[0] for _ in range(3)]
        assert states == ["in_progress", "in_progress", "ended" if api == "anthropic" else "completed"]
        _, batch = poll(model, batch)
        found = results(model, batch)
        assert found == results(model, batch)
        counts = batch.request_counts
        assert (counts.succeeded if api == "anthropic" else counts.completed) == 20
        direct = model.text(
            model.ask(prompts["row-3"], max_tokens=900) if api == "anthropic" else model.ask(prompts["row-3"])
        )
    assert sorted(found) == sorted(prompts) and list(found) != list(prompts)
    assert all(
        kind == "succeeded" and json.loads(text)["quality"] in range(1, 6) for kind, text in found.values()
    )
    assert found["row-3"][1] == direct
    billed = [one for one in server.exchanges if one.billed]
    assert len(billed) == 21 and sum(one.batch == batch.id for one in billed) == 20
    assert list(server.paid_twice().values()) == [2]


@APIS
def test_faults_come_in_batches_too(api):
    faults = ["server_error", "fenced", "hang", "rate_limited", "cut", None]
    prompts = {f"r{number}": f"Rate number {number}." for number in range(6)}
    with served(api, faults=FaultScript(faults), timing=Timing(batch_polls=0)) as (server, model):
        _, batch = poll(model, create(model, prompts))
        found = results(model, batch)
    assert [found[name][0] for name in sorted(found)] == [
        "errored", "succeeded", "expired", "errored", "expired", "succeeded",
    ]  # fmt: skip
    assert found["r1"][1].startswith("```json")
    assert found["r0"][1] == ("api_error" if api == "anthropic" else "server_error")
    assert [one.fault for one in server.exchanges if one.batch] == faults
    assert [one.billed for one in server.exchanges if one.batch] == [False, True, False, False, False, True]


@APIS
def test_a_batch_that_is_canceled_answers_nothing(api):
    with served(api) as (server, model):
        batch = create(model, {"a": "Rate."})
        batches = model.client.messages.batches if api == "anthropic" else model.client.batches
        canceled = batches.cancel(batch.id)
        assert (canceled.processing_status if api == "anthropic" else canceled.status) in (
            "canceling",
            "cancelling",
        )
        state, batch = poll(model, batch)
        assert state == ("ended" if api == "anthropic" else "cancelled")
        assert results(model, batch) == {"a": ("canceled" if api == "anthropic" else "cancelled", "")}
    assert not any(one.billed for one in server.exchanges)


@APIS
def test_a_bad_request_within_a_batch_is_an_error_of_its_own(api):
    with served(api, timing=Timing(batch_polls=0)) as (_, model):
        if api == "anthropic":
            batch = model.client.messages.batches.create(
                requests=[{"custom_id": "a", "params": {"model": "m"}}]
            )
        else:
            line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m"}}
            file = model.client.files.create(file=("in.jsonl", json.dumps(line).encode()), purpose="batch")
            where = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
            batch = model.client.batches.create(input_file_id=file.id, **where)
        assert results(model, poll(model, batch)[1]) == {"a": ("errored", "invalid_request_error")}


def test_what_no_batch_can_be_is_refused():
    good = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    with served("anthropic") as (_, model):
        for names in (["a", "a"], ["a b"], []):
            with pytest.raises(model.sdk.BadRequestError):
                requests = [{"custom_id": name, "params": good} for name in names]
                model.client.messages.batches.create(requests=requests)
        with pytest.raises(model.sdk.NotFoundError):
            model.client.messages.batches.retrieve("msgbatch_00")
    with served("openai") as (_, model):
        where = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
        with pytest.raises(model.sdk.NotFoundError):
            model.client.batches.create(input_file_id="file-00", **where)
        with pytest.raises(model.sdk.NotFoundError):
            model.client.files.content("file-00")


@APIS
def test_a_fault_of_a_batch_is_over_when_it_is_asked_again(api):
    plan = SeededFaults({"server_error": 1.0}, first=1)
    with served(api, faults=plan, timing=Timing(batch_polls=0)) as (_, model):
        kinds = [results(model, poll(model, create(model, {"a": "Rate."}))[1])["a"][0] for _ in range(2)]
    assert kinds == ["errored", "succeeded"]


@APIS
def test_batches_are_listed_newest_first_and_a_list_tells_their_state(api):
    with served(api, timing=Timing(batch_polls=1)) as (_, model):
        made = [create(model, {"a": f"Rate {number}."}).id for number in range(5)]
        batches = model.client.messages.batches if api == "anthropic" else model.client.batches
        assert [batch.id for batch in batches.list(limit=2)] == made[::-1]
        assert {getattr(batch, "processing_status", None) or batch.status for batch in batches.list()} <= {
            "ended",
            "completed",
        }
        cursor = {"after_id" if api == "anthropic" else "after": made[1]}
        assert [batch.id for batch in batches.list(**cursor)] == made[:1]
        assert results(model, poll(model, batches.retrieve(made[0]))[1])["a"][0] == "succeeded"
