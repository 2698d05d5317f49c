"""A made-up provider of language models on loopback, for tests of whatever calls one.

It speaks Anthropic's Messages API and OpenAI's Chat Completions, with their batches, so that the official SDKs work
against it; see docs/testing-language-models.md.
"""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Self, cast

from assay.errors import UsageError
from assay.testing.llm_answers import Seeded
from assay.testing.llm_call import Answerer, Identity, whole_body
from assay.testing.llm_faults import Faults, no_faults
from assay.testing.llm_journal import Exchange
from assay.testing.llm_limit import RateLimit
from assay.testing.llm_service import Behaviour, Reply, Request, Service, Timing
from assay.testing.loopback import LoopbackServer

MAX_BODY = 256 * 1024 * 1024
"""The largest body in bytes, that of a batch at Anthropic; anything larger is refused with 413."""


class LlmServer:
    """A provider on 127.0.0.1 and a free port, for as long as the `with` block lasts.

    `answers` says what the model answers (a `Script`, a `Seeded` rule or any function of a `Call`; functions are
    called from several threads at once), `faults` what goes wrong, `rate` how fast it may be asked, `identity` which
    requests count as the same one (by default those with equal bodies), `key` the only API key it takes (by default
    any). Leaving the block ends every connection and every thread, and raises what `answers`, `faults` or `identity`
    raised, if they did. Nothing it records holds a key, a prompt or an answer.
    """

    def __init__(
        self,
        answers: Answerer | None = None,
        faults: Faults = no_faults,
        *,
        rate: RateLimit | None = None,
        identity: Identity = whole_body,
        key: str | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._timing = timing or Timing()
        self._service = Service(Behaviour(answers or Seeded(), identity, faults, rate, key, self._timing))
        self._http: _Http | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Begins to listen; raises `UsageError` if it was started before."""
        if self._http:
            raise UsageError("a server starts only once", "make a new LlmServer")
        self._http = _Http(self._service, self._timing)
        self._service.url = self.url
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), name="llm-server")
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends every connection and waits for every thread; does nothing the second time."""
        if self._http and self._thread:
            self._http.end()
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is None and self._service.mistakes:
            raise self._service.mistakes[0]

    @property
    def url(self) -> str:
        """The address, without a path: the `base_url` of `anthropic.Anthropic`."""
        if not self._http:
            raise UsageError("the server has no address before it starts", "use it in a with block")
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def openai_url(self) -> str:
        """The `base_url` of `openai.OpenAI`."""
        return f"{self.url}/v1"

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every request whose outcome is settled, in the order of arrival."""
        return self._service.journal.exchanges()

    def paid_twice(self) -> Mapping[str, int]:
        """The digests of requests that got more than one sound answer, and how many they got."""
        counts = Counter(exchange.digest for exchange in self.exchanges if exchange.sound)
        return {digest: count for digest, count in counts.items() if count > 1}


class _Http(LoopbackServer):
    def __init__(self, service: Service, timing: Timing) -> None:
        self.service, self.clock, self.started = service, timing.clock, service.started
        super().__init__(_Handler)


class _Handler(BaseHTTPRequestHandler):
    """One connection: reads requests, sends replies, and puts on record what was sent."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def http(self) -> _Http:
        return cast(_Http, self.server)

    def _serve(self) -> None:
        http = self.http
        number, arrived = http.service.journal.arrival(), http.clock() - http.started
        try:
            length = int(self.headers.get("content-length", "0"))
        except ValueError:
            length = -1
        fits = 0 <= length <= MAX_BODY and "transfer-encoding" not in self.headers
        if not fits:
            self.close_connection = True
        body = self.rfile.read(length) if fits else b""
        headers = {name.lower(): value for name, value in self.headers.items()}
        path, _, query = self.path.partition("?")
        request = Request(self.command, path, headers, body, number, arrived, query)
        reply = http.service.reply(request) if fits else http.service.too_large(request)
        self._send(reply)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 -- the names that http.server looks for

    def _send(self, reply: Reply) -> None:
        if reply.wait:
            self.http.stopping.wait(reply.wait)
        settled = replace(reply.exchange, ended=self.http.clock() - self.http.started)
        if reply.wait and self._gone():
            settled = replace(settled, delivered=False)
        self.http.service.journal.put(settled)
        if reply.fate == "hang":
            while not self.http.stopping.is_set() and self._peek():
                self.http.stopping.wait(0.05)
            self.close_connection = True
            self.http.service.journal.put(replace(settled, ended=self.http.clock() - self.http.started))
            return
        reason = self.responses.get(reply.status, ("Overloaded",))[0]
        head = [f"HTTP/1.1 {reply.status} {reason}", "content-type: application/json"]
        head += [f"content-length: {len(reply.body)}"]
        head += [f"{name}: {value}" for name, value in reply.headers.items()]
        body = reply.body if reply.fate == "whole" else reply.body[: len(reply.body) // 2]
        self.close_connection |= reply.fate == "cut"
        try:
            self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + body)
        except OSError:
            self.http.service.journal.put(replace(settled, delivered=False))
            self.close_connection = True

    def _peek(self) -> bool:
        """Waits for the client: False once it has gone, or the server has ended the connection."""
        try:
            return bool(self.connection.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def _gone(self) -> bool:
        """Whether the client has gone already; does not wait."""
        if self.http.stopping.is_set():
            return True
        self.connection.setblocking(False)
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.connection.setblocking(True)

    def log_message(self, format: str, *args: Any) -> None:
        """The library prints nothing."""
