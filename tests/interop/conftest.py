"""A registry with two versions, and a proxy on loopback that notices whoever wants to leave this machine."""

from __future__ import annotations

import socket
import threading

import pytest

import assay
from tests.registry.conftest import ticket


@pytest.fixture(scope="module")
def helpdesk(tmp_path_factory):
    """helpdesk@v1 and @v2 (one ticket more), with the splits train and test; 客服@v1."""
    import json

    folder = tmp_path_factory.mktemp("helpdesk")
    registry = assay.init(folder / "registry", actor="mira")
    source = folder / "tickets.jsonl"

    def write(rows):
        source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")

    write([ticket(n) for n in range(24)])
    registry.curate("helpdesk", [str(source)])
    write([ticket(n) for n in range(30)])
    registry.curate("helpdesk", [str(source)])
    registry.curate("客服", [str(source)])
    return registry


@pytest.fixture
def nobody_leaves(monkeypatch):
    """Programs that this test starts go through a proxy that lets nobody through and takes down who came."""
    came: list[bytes] = []
    door = socket.create_server(("127.0.0.1", 0))

    def watch():
        while True:
            try:
                caller, _ = door.accept()
            except OSError:
                return
            with caller:
                caller.settimeout(2)
                try:
                    came.append(caller.recv(200))
                except OSError:
                    came.append(b"?")

    threading.Thread(target=watch, daemon=True).start()
    address = f"http://127.0.0.1:{door.getsockname()[1]}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, address)
        monkeypatch.setenv(name.lower(), address)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    yield came
    door.close()
