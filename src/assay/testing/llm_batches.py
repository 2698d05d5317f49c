"""The batch endpoints of both providers: create, list, poll, results, cancel; and the files of OpenAI's batches.

A batch is answered as a whole when its state has been asked for often enough, in a list or by itself, so that a test
decides when it ends.
Results come in an order of their own, as providers reserve to themselves.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from assay.testing.llm_call import Api
from assay.testing.llm_wire import NAME, Refused, mapping, read_json, stamp, write_json

Line = tuple[int, dict[str, Any], str]
"""What one request of a batch came to: status, body, request id."""

MAX_REQUESTS = 100_000
_LISTS: Mapping[str, tuple[Api, str]] = {
    "/v1/messages/batches": ("anthropic", "after_id"),
    "/v1/batches": ("openai", "after"),
}
"""Where batches are listed, and how a list is told after which batch to begin."""
_DAY = 24 * 60 * 60
_ANTHROPIC = re.compile(r"/v1/messages/batches/(msgbatch_[0-9a-f]+)(/results|/cancel)?")
_OPENAI = re.compile(r"/v1/batches/(batch_[0-9a-f]+)(/cancel)?")
_FILE = re.compile(r"/v1/files/(file-[0-9a-f]+)(/content)?")


@dataclass(slots=True)
class Batch:
    """Requests that are answered together; `lines` is what they came to, None for one that expired."""

    id: str
    api: Api
    path: str
    requests: list[tuple[str, Any]]
    created: float
    polls: int = 0
    ended: float | None = None
    canceled: bool = False
    lines: dict[str, Line | None] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)


class Batches:
    """All batches and files of a server. `answer` says what becomes of one request, `now` is in epoch seconds."""

    def __init__(
        self, answer: Callable[[Batch, Any], Line | None], now: Callable[[], float], polls: int
    ) -> None:
        self._answer, self._now, self._polls = answer, now, polls
        self._batches: dict[str, Batch] = {}
        self._files: dict[str, tuple[str, bytes, float]] = {}
        self._lock = threading.Lock()

    def serve(self, method: str, path: str, headers: Mapping[str, str], body: bytes, url: str) -> bytes:
        """The body of the response; raises `Refused` for what is not there or not well-formed."""
        with self._lock:
            if (method, path) == ("POST", "/v1/messages/batches"):
                return write_json(_message_batch(self._create(read_json(body)), url))
            if (method, path) == ("POST", "/v1/files"):
                return write_json(self._upload(headers.get("content-type", ""), body))
            if (method, path) == ("POST", "/v1/batches"):
                return write_json(_chat_batch(self._create_chat(read_json(body))))
            if found := _ANTHROPIC.fullmatch(path):
                return self._anthropic(method, found[1], found[2] or "", url)
            if found := _OPENAI.fullmatch(path):
                return self._openai(method, found[1], found[2] or "")
            if found := _FILE.fullmatch(path):
                return self._file(method, found[1], found[2] or "")
        raise Refused("missing", f"Unknown request URL: {method} {path}.")

    def listed(self, path: str, query: str, url: str) -> bytes:
        """A page of the batches of one provider, newest first; empty where the path names no list."""
        if path not in _LISTS:
            return b""
        api, cursor = _LISTS[path]
        asked = dict(parse_qsl(query))
        with self._lock:
            every = [batch for batch in reversed(self._batches.values()) if batch.api == api]
            names = [batch.id for batch in every]
            start = names.index(self._named(asked[cursor]).id) + 1 if cursor in asked else 0
            page = every[start : start + int(asked.get("limit", 20))]
            for one in page:
                self._moved(one, "GET", "")
            told = [_message_batch(one, url) if api == "anthropic" else _chat_batch(one) for one in page]
        ends = {"first_id": page[0].id if page else None, "last_id": page[-1].id if page else None}
        more = start + len(page) < len(every)
        return write_json({"object": "list", "data": told, "has_more": more} | ends)

    def _anthropic(self, method: str, name: str, rest: str, url: str) -> bytes:
        batch = self._named(name)
        if (method, rest) == ("GET", "/results"):
            if batch.ended is None:
                raise Refused("missing", f"Batch {name} has no available results.")
            return b"".join(write_json(_message_result(*pair)) + b"\n" for pair in self._results(batch))
        self._moved(batch, method, rest)
        return write_json(_message_batch(batch, url))

    def _openai(self, method: str, name: str, rest: str) -> bytes:
        batch = self._named(name)
        self._moved(batch, method, rest)
        return write_json(_chat_batch(batch))

    def _write_out(self, batch: Batch) -> None:
        """The result files of an ended batch, once."""
        if batch.ended is not None and batch.api == "openai" and "output_file_id" not in batch.told:
            good: list[bytes] = []
            bad: list[bytes] = []
            for custom_id, line in self._results(batch):
                (good if line[0] == 200 else bad).append(write_json(_chat_result(custom_id, line)))
            batch.told["output_file_id"] = self._keep("output.jsonl", b"\n".join(good)) if good else None
            batch.told["error_file_id"] = self._keep("errors.jsonl", b"\n".join(bad)) if bad else None

    def _file(self, method: str, name: str, rest: str) -> bytes:
        if name not in self._files:
            raise Refused("missing", f"No such File object: {name}", "id")
        if (method, rest) == ("GET", "/content"):
            return self._files[name][1]
        if (method, rest) != ("GET", ""):
            raise Refused("method", "Not allowed.")
        return write_json(self._described(name))

    def _moved(self, batch: Batch, method: str, rest: str) -> None:
        if (method, rest) == ("POST", "/cancel"):
            batch.canceled = batch.canceled or batch.ended is None
            batch.polls = max(batch.polls, self._polls)
            return
        if (method, rest) != ("GET", ""):
            raise Refused("method", "Not allowed.")
        batch.polls += 1
        if batch.ended is None and batch.polls > self._polls:
            if not batch.canceled:
                batch.lines = {name: self._answer(batch, params) for name, params in batch.requests}
            batch.ended = self._now()
        self._write_out(batch)

    def _results(self, batch: Batch) -> list[tuple[str, Line | str]]:
        order = sorted((name for name, _ in batch.requests), key=lambda name: _hex(f"{batch.id}:{name}"))
        if batch.canceled:
            return [(name, "canceled") for name in order]
        return [(name, batch.lines[name] or "expired") for name in order]

    def _create(self, body: Mapping[str, Any]) -> Batch:
        requests = body.get("requests")
        if not isinstance(requests, list) or not requests:
            raise Refused("invalid", "requests: Field required")
        pairs = [
            (one.get("custom_id"), one.get("params")) if isinstance(one, dict) else ("", None)
            for one in requests
        ]
        return self._added("msgbatch_", "anthropic", "/v1/messages/batches", pairs)

    def _create_chat(self, body: Mapping[str, Any]) -> Batch:
        name = body.get("input_file_id")
        if not isinstance(name, str) or name not in self._files:
            raise Refused("missing", f"No such File object: {name}", "input_file_id")
        if body.get("endpoint") != "/v1/chat/completions" or body.get("completion_window") != "24h":
            raise Refused("invalid", "This server takes /v1/chat/completions within 24h.", "endpoint")
        lines = [read_json(line) for line in self._files[name][1].splitlines() if line.strip()]
        pairs = [(line.get("custom_id"), line.get("body")) for line in lines]
        batch = self._added("batch_", "openai", "/v1/chat/completions", pairs)
        batch.told |= {"input_file_id": name, "metadata": mapping(body, "metadata") or None}
        return batch

    def _added(self, prefix: str, api: Api, path: str, pairs: list[tuple[Any, Any]]) -> Batch:
        names = [name for name, _ in pairs]
        if not pairs or len(pairs) > MAX_REQUESTS:
            raise Refused("invalid", f"a batch has 1 to {MAX_REQUESTS} requests")
        if not all(isinstance(name, str) and NAME.fullmatch(name) for name in names):
            raise Refused("invalid", "custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'")
        if len(set(names)) < len(names):
            raise Refused("invalid", "custom_id: every request needs one of its own")
        batch = Batch(prefix + _hex(f"batch:{len(self._batches)}")[:24], api, path, pairs, self._now())
        self._batches[batch.id] = batch
        return batch

    def _named(self, name: str) -> Batch:
        if name not in self._batches:
            raise Refused("missing", f"No batch found with id '{name}'.")
        return self._batches[name]

    def _upload(self, content_type: str, body: bytes) -> dict[str, Any]:
        boundary = re.search(r'boundary="?([^";]{1,200})"?', content_type)
        parts = body.split(b"--" + boundary[1].encode("latin-1")) if boundary else []
        for part in parts:
            head, _, data = part.partition(b"\r\n\r\n")
            if b'name="file"' in head:
                return self._described(self._keep("input.jsonl", data.removesuffix(b"\r\n")))
        raise Refused("invalid", "'file' is a required property", "file")

    def _keep(self, filename: str, data: bytes) -> str:
        name = f"file-{_hex(f'file:{len(self._files)}')[:24]}"
        self._files[name] = (filename, data, self._now())
        return name

    def _described(self, name: str) -> dict[str, Any]:
        filename, data, created = self._files[name]
        purpose = "batch" if filename == "input.jsonl" else "batch_output"
        return {
            "id": name,
            "object": "file",
            "bytes": len(data),
            "created_at": int(created),
            "filename": filename,
            "purpose": purpose,
            "status": "processed",
        }


def _message_batch(batch: Batch, url: str) -> dict[str, Any]:
    counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
    if batch.ended is None:
        counts["processing"] = len(batch.requests)
    elif batch.canceled:
        counts["canceled"] = len(batch.requests)
    for line in batch.lines.values():
        counts["expired" if line is None else "succeeded" if line[0] == 200 else "errored"] += 1
    ended = batch.ended is not None
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": "ended" if ended else "canceling" if batch.canceled else "in_progress",
        "request_counts": counts,
        "created_at": stamp(batch.created),
        "expires_at": stamp(batch.created + _DAY),
        "ended_at": stamp(batch.ended) if batch.ended is not None else None,
        "cancel_initiated_at": stamp(batch.created) if batch.canceled else None,
        "archived_at": None,
        "results_url": f"{url}/v1/messages/batches/{batch.id}/results" if ended else None,
    }


def _message_result(custom_id: str, line: Line | str) -> dict[str, Any]:
    if isinstance(line, str):
        return {"custom_id": custom_id, "result": {"type": line}}
    status, body, _ = line
    good = {"type": "succeeded", "message": body}
    return {"custom_id": custom_id, "result": good if status == 200 else {"type": "errored", "error": body}}


def _chat_batch(batch: Batch) -> dict[str, Any]:
    good = sum(line is not None and line[0] == 200 for line in batch.lines.values())
    states = ("cancelling", "cancelled") if batch.canceled else ("in_progress", "completed")
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.path,
        "errors": None,
        "completion_window": "24h",
        "status": states[batch.ended is not None],
        "output_file_id": None,
        "error_file_id": None,
        "created_at": int(batch.created),
        "expires_at": int(batch.created) + _DAY,
        "completed_at": int(batch.ended) if batch.ended is not None and not batch.canceled else None,
        "request_counts": {
            "total": len(batch.requests),
            "completed": good,
            "failed": len(batch.lines) - good,
        },
    } | batch.told


def _chat_result(custom_id: str, line: Line | str) -> dict[str, Any]:
    response = error = None
    if isinstance(line, str):
        state = "cancelled" if line == "canceled" else "expired"
        error = {
            "code": f"batch_{state}",
            "message": "This request could not be executed before the batch ended.",
        }
    else:
        response = {"status_code": line[0], "request_id": line[2], "body": line[1]}
    return {
        "id": f"batch_req_{_hex(custom_id)[:24]}",
        "custom_id": custom_id,
        "response": response,
        "error": error,
    }


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
