"""Whatever is sent, the reply is one that a provider could give, and the books agree with it."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.testing.llm_answers import Seeded
from assay.testing.llm_call import whole_body
from assay.testing.llm_faults import SeededFaults
from assay.testing.llm_service import Behaviour, Request, Service
from tests.testing.asking import RUBRIC

PATHS = [
    "/v1/messages",
    "/v1/chat/completions",
    "/v1/messages/count_tokens",
    "/v1/messages/batches",
    "/v1/messages/batches/msgbatch_00/results",
    "/v1/files",
    "/v1/files/file-00/content",
    "/v1/batches",
    "/",
]
HEADERS = {"x-api-key": "k", "authorization": "Bearer k", "anthropic-version": "2023-06-01"}
LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=6)
WORDS = (
    "model messages role content text type schema tools name requests custom_id params system max_tokens n enum "
    "properties required anyOf items function"
)
KEYS = st.sampled_from(WORDS.split())
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def service(faults=None) -> Service:
    return Service(Behaviour(Seeded(), whole_body, faults or SeededFaults({})))


def bodies():
    """Requests that are right but for one part, which is anything."""
    good = {
        "model": "m",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "你好"}],
        "system": "be brief",
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": RUBRIC}},
        "output_config": {"format": {"type": "json_schema", "schema": RUBRIC}},
    }
    extra = [*good, "tools", "tool_choice", "n", "stream", "requests", "max_completion_tokens"]
    return st.builds(lambda key, value: {**good, key: value}, st.sampled_from(extra), VALUES)


@given(st.sampled_from(PATHS), st.sampled_from(["GET", "POST", "DELETE"]), bodies() | VALUES)
@settings(max_examples=400, deadline=None)
def test_anything_gets_a_reply(path, method, body):
    made = service()
    reply = made.reply(Request(method, path, HEADERS, json.dumps(body).encode(), 1, 0.0))
    assert made.mistakes == []
    value = json.loads(reply.body)
    assert reply.status in (200, 400, 404, 405)
    assert ("error" in value) == (reply.status != 200)
    assert reply.exchange.status == reply.status
    assert reply.exchange.billed == (reply.status == 200 and path in PATHS[:2])


SCHEMAS = st.dictionaries(KEYS | st.sampled_from(["$ref", "const", "minimum", "maximum", "minItems"]), VALUES)


@given(SCHEMAS, st.integers(0, 99), st.floats(0, 1))
@settings(max_examples=200, deadline=None)
def test_any_schema_and_any_fault_are_lived_through(schema, seed, share):
    made = service(SeededFaults.of_every_kind(share, seed))
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    body["response_format"] = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    reply = made.reply(Request("POST", PATHS[1], HEADERS, json.dumps(body).encode(), 1, 0.0))
    assert made.mistakes == []
    assert reply.status in (0, 200, 400, 429, 500, 503)
    assert reply.exchange.billed == (reply.status == 200)
    assert (reply.status == 0) == (reply.fate == "hang") == (reply.exchange.fault == "hang")


def test_a_bound_without_end_is_no_bound():
    for bound in ("1e999", "-1e999"):
        schema = f'{{"properties": {{"n": {{"type": "integer", "minimum": {bound}, "maximum": {bound}}}}}}}'
        body = '{"model": "m", "messages": [{"role": "user", "content": "x"}], "response_format": {"type":'
        body += f' "json_schema", "json_schema": {{"name": "a", "schema": {schema}}}}}}}'
        made = service()
        reply = made.reply(Request("POST", PATHS[1], HEADERS, body.encode(), 1, 0.0))
        assert json.loads(json.loads(reply.body)["choices"][0]["message"]["content"])["n"] in range(1, 6)
