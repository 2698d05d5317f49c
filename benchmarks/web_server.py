"""`assay serve` as a process of its own: started, asked, and watched while others ask it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from process import proportional


class Answer(NamedTuple):
    status: int
    body: bytes
    seconds: float  # from the first byte sent to the last one received


class Asker:
    """One person with a token, over one connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self._headers = {"authorization": f"Bearer {token}"}

    def ask(self, path: str, form: dict[str, Any] | None = None) -> Answer:
        body = None if form is None else json.dumps(form)
        headers = self._headers | ({} if form is None else {"content-type": "application/json"})
        began = time.perf_counter()
        self._connection.request("GET" if form is None else "POST", path, body, headers)
        answer = self._connection.getresponse()
        data = answer.read()
        return Answer(answer.status, data, time.perf_counter() - began)


class Server:
    """Mode token, as a team runs it. `samples`: (seconds since the start, MB of the server, MB with its children) every
    half second, proportional set size: pages that processes share count in parts."""

    def __init__(self, registry: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        words = ["--registry", str(registry), "serve", "--mode", "token", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "assay.cli.main", *words], stderr=subprocess.DEVNULL
        )
        self.samples: list[tuple[float, float, float]] = []
        self._began, self._stop = time.perf_counter(), threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Server:
        for _ in range(300):
            try:
                Asker(self.port, "none").ask("/login")
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise SystemExit("the server did not start")
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._watcher.join()
        self.process.terminate()
        self.process.wait()

    def memory(self) -> tuple[float, float]:
        """MB of the server alone, and with its children."""
        pid = self.process.pid
        return proportional(pid, alone=True) / 1e6, proportional(pid) / 1e6

    def cpu(self) -> float:
        """Seconds of computing of the server alone: what others do on the machine hardly counts in it."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def most(self, since: float = 0.0) -> tuple[float, float]:
        """The most of both since a time of `now`."""
        seen = [one for one in self.samples if one[0] >= since]
        return max((one[1] for one in seen), default=0.0), max((one[2] for one in seen), default=0.0)

    def now(self) -> float:
        return time.perf_counter() - self._began

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            self.samples.append((round(self.now(), 1), *self.memory()))
