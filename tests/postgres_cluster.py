"""A PostgreSQL of the tests' own, in a folder, gone afterwards: `postgres_cluster.py start|stop FOLDER`. Standard
library alone, because CI starts it before anything is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

USER, PASSWORD = "assay", "pa ss/wörd@1"
"""With signs that have to be written otherwise in an address, so that all of that is tested on the way."""
QUOTED = "pa%20ss%2Fw%C3%B6rd%401"
_SETTINGS = (
    "listen_addresses=127.0.0.1", "fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=60",
    "shared_buffers=64MB", "log_min_messages=fatal", "jit=off",
)  # fmt: skip


def programs() -> Path | None:
    """Where initdb and pg_ctl are: the newest, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    if found:
        return found[-1].parent
    named = shutil.which("initdb")
    return Path(named).resolve().parent if named else None


def start(folder: Path) -> str:
    """Make a cluster in a folder that is there, or start the one that is; its address."""
    if programs() is None:
        raise SystemExit("there is no PostgreSQL here")
    data = folder / "data"
    if not data.exists():
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        (folder / "password").write_text(PASSWORD)
        if os.getuid() == 0:
            shutil.chown(folder / "password", "postgres", "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            (folder / "port").write_text(str(free.getsockname()[1]))
        _run(
            "initdb", "-D", data, "-U", USER, "--pwfile", folder / "password", "-A", "scram-sha-256", "--no-sync",
            "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions",
        )  # fmt: skip
    port = (folder / "port").read_text()
    options = " ".join(f"-c {setting}" for setting in (*_SETTINGS, f"port={port}"))
    _run("pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", f"{options} -k {folder}", "start")
    return f"postgresql://{USER}:{QUOTED}@127.0.0.1:{port}/postgres"


def stop(folder: Path) -> None:
    """Stop the cluster, whoever is connected."""
    _run("pg_ctl", "-D", folder / "data", "-m", "immediate", "-w", "stop")


def _run(program: str, *words: object) -> None:
    where = programs()
    assert where is not None
    who: dict[str, Any] = (
        {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    )
    done = subprocess.run(
        [str(where / program), *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, cwd="/", env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
        **who,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stderr}")


if __name__ == "__main__":
    if sys.argv[1] == "start":
        print(start(Path(sys.argv[2])))
    else:
        stop(Path(sys.argv[2]))
