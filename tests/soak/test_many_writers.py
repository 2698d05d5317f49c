"""Many processes commit at once: each commit is in the log or failed with Conflict."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import assay

from ..registry.conftest import ticket

WRITER = """
import json, sys
import assay
from assay.errors import Conflict
root, source, name, add, times = sys.argv[1:]
for turn in range(int(times)):
    registry = assay.open(root, actor=source)
    try:
        if add == "import":
            done = registry.import_(name, [source + f".{turn}"], add=True)
        else:
            done = registry.curate(name, [source + f".{turn}"])
        print(json.dumps(["done", done.version, done.fingerprint]))
    except Conflict as error:
        print(json.dumps(["conflict", error.message, ""]))
"""


def compete(tmp_path, writers, turns):
    """Even writers replace their own dataset, odd ones add to a shared one; two curate the same dataset."""
    root = tmp_path / "registry"
    registry = assay.init(root)
    seed = tmp_path / "seed.jsonl"
    seed.write_text(json.dumps(ticket(0)) + "\n")
    registry.import_("shared", [str(seed)])
    processes = []
    for w in range(writers):
        for turn in range(turns):
            rows = [ticket(1000 * (w + 1) + 10 * turn + k) for k in range(5)]
            (tmp_path / f"w{w}.jsonl.{turn}").write_text("".join(json.dumps(r) + "\n" for r in rows))
        name, how = ("shared", "import") if w % 2 else (f"own{w // 4}", "curate")
        processes.append(
            subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    WRITER,
                    str(root),
                    str(tmp_path / f"w{w}.jsonl"),
                    name,
                    how,
                    str(turns),
                ],
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    said = [json.loads(line) for p in processes for line in p.communicate()[0].splitlines()]
    assert all(p.returncode == 0 for p in processes)
    return assay.open(root), said


def check(registry, said, writers, turns):
    done = [(version, fingerprint) for what, version, fingerprint in said if what == "done"]
    assert len(said) == writers * turns
    logged = [
        (f"{o.dataset}@v{o.body['version']}", o.body["fingerprint"])
        for o in registry.log()
        if o.action == "commit"
    ]
    assert len(set(done)) == len(done)
    assert sorted(v for v, _ in logged if v != "shared@v1") == sorted(v for v, _ in done)
    # Whatever was added to the shared dataset by a commit that succeeded is there, once.
    added = sum(1 for what, version, _ in said if what == "done" and version.startswith("shared@"))
    assert len(registry.version("shared")) == 1 + 5 * added
    assert not registry.verify().damage


def test_four_writers(tmp_path):
    registry, said = compete(tmp_path, 4, 2)
    check(registry, said, 4, 2)


@pytest.mark.soak
def test_eight_writers_many_times(tmp_path):
    registry, said = compete(tmp_path, 8, 12)
    check(registry, said, 8, 12)
    print({what: sum(1 for s in said if s[0] == what) for what in ("done", "conflict")})
