"""A made-up object store on loopback that speaks S3, for tests of whatever keeps bytes in one.

Clients of others work against it: obstore, and boto3. See docs/guides/object-storage.md.
"""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from time import time
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import parse_qsl, unquote

from assay.errors import UsageError
from assay.testing.loopback import LoopbackServer
from assay.testing.s3_bucket import S3Bucket, S3Call, S3Reply, failure
from assay.testing.s3_faults import S3Fault, S3Faults, fits, no_s3_faults

LATE = 0.03
"""Seconds after which a write with the fault `late` is done."""


@dataclass(frozen=True, slots=True)
class S3Exchange:
    """One request and what became of it; `status` 0 when no answer was sent."""

    method: str
    key: str
    query: str
    status: int
    fault: S3Fault | None
    bytes_in: int
    bytes_out: int


class S3Server:
    """A bucket on 127.0.0.1 and a free port (or `port`), for as long as the `with` block lasts.

    `faults` says what goes wrong, and may be set anew at any time. Other options: see `S3Bucket`. Signatures are not
    looked at. Leaving the block ends every connection and every thread.
    """

    def __init__(
        self,
        faults: S3Faults = no_s3_faults,
        *,
        bucket: str = "bucket",
        clock: Callable[[], float] = time,
        port: int = 0,
        **options: Any,
    ) -> None:
        self.faults = faults
        self.bucket = S3Bucket(bucket, clock, **options)
        self._port = port
        self._exchanges: list[S3Exchange] = []
        self._count = 0
        self._lock = threading.Lock()
        self._late: list[threading.Timer] = []
        self._http: _Http | None = None

    def __enter__(self) -> Self:
        if self._http:
            raise UsageError("a server starts only once", "make a new S3Server")
        self._http = _Http(self, self._port)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), name="s3-server")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._http is not None
        self._http.end()
        self._thread.join()
        self.settle()

    @property
    def url(self) -> str:
        """The endpoint."""
        if not self._http:
            raise UsageError("the server has no address before it starts", "use it in a with block")
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def options(self) -> dict[str, str]:
        """What a client is told to reach it: the configuration of obstore's S3Store."""
        return {
            "endpoint": self.url, "region": "us-east-1", "access_key_id": "test", "secret_access_key": "test",
        }  # fmt: skip

    @property
    def exchanges(self) -> list[S3Exchange]:
        """Every request so far, in the order in which they were done."""
        with self._lock:
            return list(self._exchanges)

    def requests(self, since: int = 0) -> Counter[str]:
        """How many requests of each method came after the first `since`; listings count as LIST."""
        return Counter(
            "LIST" if one.method == "GET" and "list-type" in one.query else one.method
            for one in self.exchanges[since:]
        )

    def settle(self) -> None:
        """Wait until writes that come late have come."""
        for timer in self._late:
            timer.join()

    def do(self, call: S3Call, query: str) -> tuple[S3Reply | None, S3Fault | None]:
        """Carry a request out; None for no answer."""
        fault = self.faults(call)
        if fault is not None and not fits(fault, call):
            fault = None
        reply = self._faulty(call, fault)
        with self._lock:
            self._exchanges.append(
                S3Exchange(
                    call.method, call.key, query, reply.status if reply else 0, fault, len(call.body),
                    len(reply.body) if reply else 0,
                )
            )  # fmt: skip
        return reply, fault

    def _faulty(self, call: S3Call, fault: S3Fault | None) -> S3Reply | None:
        if fault == "slow_down":
            return failure(503, "SlowDown", call)
        if fault == "error_before":
            return failure(500, "InternalError", call)
        if fault == "conflict":
            return failure(409, "ConditionalRequestConflict", call)
        if fault == "dropped":
            return None
        if fault == "late":
            timer = threading.Timer(LATE, self.bucket.answer, (call,))
            self._late.append(timer)
            timer.start()
            return None
        reply = self.bucket.answer(call)
        if fault == "error_after":
            return failure(500, "InternalError", call)
        return None if fault in ("lost", "hang") else reply

    def number(self) -> int:
        with self._lock:
            self._count += 1
            return self._count


class _Http(LoopbackServer):
    def __init__(self, store: S3Server, port: int) -> None:
        self.store = store
        super().__init__(_Handler, port)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        http = cast(_Http, self.server)
        path, _, query = self.path.partition("?")
        bucket, _, key = unquote(path.lstrip("/")).partition("/")
        headers = {name.lower(): value for name, value in self.headers.items()}
        if headers.get("expect", "").lower() == "100-continue":
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self.rfile.read(int(headers.get("content-length", "0")))
        if "aws-chunked" in headers.get("content-encoding", ""):
            body = unchunked(body)
        asked = dict(parse_qsl(query, keep_blank_values=True))
        call = S3Call(http.store.number(), self.command, bucket, key, asked, headers, body)
        reply, fault = http.store.do(call, query)
        if reply is None:
            while fault == "hang" and not http.stopping.is_set() and self._listens():
                http.stopping.wait(0.05)
            self.close_connection = True
            return
        said = {"content-length": str(len(reply.body)), **reply.headers}
        reason = self.responses.get(reply.status, ("",))[0]
        head = [f"HTTP/1.1 {reply.status} {reason}", *(f"{name}: {value}" for name, value in said.items())]
        sent = reply.body
        if fault == "truncated":
            sent = sent[: len(sent) // 2]
            self.close_connection = True
        try:
            self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + sent)
        except OSError:
            self.close_connection = True

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815 - the names that http.server looks for

    def _listens(self) -> bool:
        """Whether the client still waits."""
        self.connection.settimeout(0.05)
        try:
            return bool(self.connection.recv(1, socket.MSG_PEEK))
        except TimeoutError:
            return True
        except OSError:
            return False

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""


def unchunked(body: bytes) -> bytes:
    """The payload of a body in the transfer format aws-chunked; signatures and trailers are left out."""
    out, at = [], 0
    while at < len(body):
        end = body.index(b"\r\n", at)
        size = int(body[at:end].partition(b";")[0], 16)
        if not size:
            break
        out.append(body[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
    return b"".join(out)
