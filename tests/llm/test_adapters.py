"""The real SDKs against a server on loopback that says what a script says, byte by byte."""

import asyncio
import copy
import json
import logging
import pickle
import subprocess
import sys
import traceback
from contextlib import asynccontextmanager

import pytest

from assay.errors import MissingExtra, UsageError
from assay.llm.client import Message, Request
from assay.llm.wire import ApiKey, retry_after
from tests.llm.fakes import NOW

pytest.importorskip("anthropic")
pytest.importorskip("openai")
from assay.llm.anthropic import AnthropicClient
from assay.llm.openai_compatible import OpenAICompatibleClient

KEY = "sk-test-" + "q7" * 20
SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 1, "maximum": 5}},
    "required": ["score"],
    "additionalProperties": False,
}
ASKED = Request(
    "m-1",
    (Message("system", "be fair"), Message("user", "评分?"), Message("assistant", "?"), Message("user", "!")),
    {"max_tokens": 99, "temperature": 0.5, "stop": "END", "min_p": 0.1},
    SCHEMA,
)


def anthropic_said(**more):
    said = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m-1-served", "stop_reason": "end_turn",
        "content": [{"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "text", "text": "分数 4"}],
        "usage": {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 7},
    }  # fmt: skip
    return said | more


def openai_said(reason="stop", message=None, **more):
    message = {"role": "assistant", "content": "分数 4"} | (message or {})
    said = {
        "id": "chat_1", "object": "chat.completion", "created": 1, "model": "m-1-served",
        "choices": [{"index": 0, "finish_reason": reason, "message": message}],
        "usage": {"prompt_tokens": 17, "completion_tokens": 5, "total_tokens": 22},
    }  # fmt: skip
    return said | more


def http(status, body, **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", "content-type: application/json", f"content-length: {len(data)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "connection: close", "", ""]).encode() + data


@asynccontextmanager
async def server(reply: bytes | None):
    """An address that answers every request with these bytes, or never; and what it was sent."""
    heard = []

    async def serve(reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.split("content-length: ")[1].split("\r\n")[0])
            heard.append((head, json.loads(await reader.readexactly(length))))
            if reply is None:
                await asyncio.sleep(30)
            else:
                writer.write(reply)
                await writer.drain()
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", heard
    finally:
        listening.close()


def ask(adapter, reply, asked=ASKED, **more):
    async def main():
        async with server(reply) as (address, heard):
            at = address + ("/v1" if adapter is OpenAICompatibleClient else "")
            async with adapter(KEY, lambda: NOW, address=at, **more) as client:
                return await client.complete(asked), heard

    return asyncio.run(main())


BOTH = pytest.mark.parametrize("adapter", [AnthropicClient, OpenAICompatibleClient])
SAID = {AnthropicClient: anthropic_said, OpenAICompatibleClient: openai_said}


@BOTH
def test_an_answer_arrives_with_all_that_is_kept_of_it(adapter):
    said = SAID[adapter]()
    name = "request_id" if adapter is AnthropicClient else "x_request_id"
    reply, heard = ask(adapter, http(200, said, **{name: "req_7"}))
    assert (reply.text, reply.model, reply.request_id) == ("分数 4", "m-1-served", "req_7")
    assert (reply.input_tokens, reply.output_tokens, reply.stop_reason, reply.created) == (17, 5, "end", NOW)
    assert len(heard) == 1


def test_what_anthropic_is_sent():
    (_, sent) = ask(AnthropicClient, http(200, anthropic_said()))[1][0]
    assert sent["system"] == "be fair" and sent["max_tokens"] == 99 and sent["model"] == "m-1"
    assert [turn["role"] for turn in sent["messages"]] == ["user", "assistant", "user"]
    assert (sent["stop_sequences"], sent["temperature"], sent["min_p"]) == (["END"], 0.5, 0.1)
    schema = sent["output_config"]["format"]["schema"]
    assert schema["required"] == ["score"] and "minimum" not in schema["properties"]["score"]


def test_what_openai_compatible_servers_are_sent():
    (_, sent) = ask(OpenAICompatibleClient, http(200, openai_said()))[1][0]
    assert (sent["max_tokens"], sent["stop"], sent["temperature"], sent["min_p"]) == (99, "END", 0.5, 0.1)
    assert [turn["role"] for turn in sent["messages"]] == ["system", "user", "assistant", "user"]
    assert sent["response_format"]["json_schema"]["schema"] == SCHEMA
    reply = http(200, openai_said())
    (_, plain) = ask(OpenAICompatibleClient, reply, schemas=False, limit="max_completion_tokens")[1][0]
    assert (
        "response_format" not in plain and plain["max_completion_tokens"] == 99 and "max_tokens" not in plain
    )


@pytest.mark.parametrize(
    ("adapter", "said", "stop"),
    [
        (AnthropicClient, anthropic_said(stop_reason="max_tokens"), "length"),
        (AnthropicClient, anthropic_said(stop_reason="refusal"), "refusal"),
        (OpenAICompatibleClient, openai_said("length"), "length"),
        (OpenAICompatibleClient, openai_said("content_filter", {"content": None}), "refusal"),
        (OpenAICompatibleClient, openai_said("stop", {"content": None, "refusal": "no"}), "refusal"),
    ],
)
def test_why_a_model_stopped(adapter, said, stop):
    assert ask(adapter, http(200, said))[0].stop_reason == stop


def test_a_server_that_counts_no_tokens_is_not_guessed_for():
    reply, _ = ask(OpenAICompatibleClient, http(200, openai_said(usage=None)))
    assert reply.input_tokens is None and reply.output_tokens is None


@BOTH
@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, "bad_request", False), (401, "unauthorized", False), (403, "unauthorized", False),
        (404, "not_found", False), (413, "bad_request", False), (429, "rate_limited", True), (500, "server", True),
        (502, "server", True), (503, "overloaded", True), (504, "server", True), (529, "overloaded", True),
    ],
)  # fmt: skip
def test_statuses_and_their_meaning_and_the_sdk_asks_once(adapter, status, kind, retryable):
    body = {"type": "error", "error": {"type": "some_error", "message": f"bad {KEY}\nnews"}}
    reply, heard = ask(adapter, http(status, body, retry_after="7"))
    assert (reply.kind, reply.retryable, reply.status, reply.retry_after) == (kind, retryable, status, 7.0)
    assert len(heard) == 1 and KEY not in repr(reply) and "\n" not in reply.message
    assert ("some_error" in reply.message) == (status not in (401, 403))


def test_a_filter_of_content_is_a_refusal():
    body = {"error": {"code": "content_filter", "message": "no"}}
    assert ask(OpenAICompatibleClient, http(400, body))[0].kind == "refused"


@BOTH
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"", "connection"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{", "connection"),
        (http(200, b'{"id": "x", "conte'), "malformed"),
        (http(200, {}), "malformed"),
        (http(200, b"[]"), "malformed"),
        (http(200, {"content": None, "choices": []}), "malformed"),
    ],
)
def test_lines_that_break_and_servers_that_babble(adapter, reply, kind):
    found, _ = ask(adapter, reply)
    assert found.kind == kind and found.perhaps_paid


@BOTH
def test_a_server_that_hangs(adapter):
    assert ask(adapter, None, timeout=0.2)[0].kind == "timeout"


@BOTH
def test_the_key_is_shown_nowhere(adapter, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    client = adapter(KEY, lambda: NOW)
    shown = [repr(client), str(client), repr(vars(client)), repr(ApiKey(KEY)), f"{ApiKey(KEY)}"]
    for copied in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError) as caught:
            copied(client)
        shown.append("".join(traceback.format_exception(caught.value)))
    for reply in (http(200, SAID[adapter]()), http(401, {"error": {"message": f"wrong: {KEY}"}}), b""):
        found, heard = ask(adapter, reply)
        shown.append(repr(found))
        assert KEY in heard[0][0]  # it was sent
    for wrong in (KEY + "\n", "", "钥" + KEY):
        with pytest.raises(UsageError) as caught:
            adapter(wrong, lambda: NOW)
        shown.append("".join(traceback.format_exception(caught.value)))
    shown += [caplog.text, *capsys.readouterr()]
    assert not [text for text in shown if KEY in text]


@BOTH
def test_without_the_sdk_the_error_names_the_extra(adapter, monkeypatch):
    monkeypatch.setitem(sys.modules, "anthropic", None)
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingExtra) as caught:
        adapter(KEY, lambda: NOW)
    assert "[judge]" in caught.value.hint


def test_the_sdks_are_loaded_by_those_who_use_them():
    code = (
        "import sys, assay.llm.anthropic, assay.llm.openai_compatible, assay.llm.calling, assay.llm.answers;"
        "print([n for n in ('anthropic', 'openai') if n in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None), ({"retry-after": "2.5"}, 2.5), ({"retry-after-ms": "250"}, 0.25), ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None), ({"retry-after": "nan"}, None), ({"retry-after": "inf"}, None),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT", "date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT"}, None),
    ],
)  # fmt: skip
def test_retry_after(headers, seconds):
    assert retry_after(headers) == seconds
