"""Two writers race in an object store through faults, and are killed: nothing is lost, nothing stands twice."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

import assay
from assay.store.log import Log
from assay.store.nearby import NearbyStorage
from assay.store.object_store_address import connect
from assay.testing.s3_faults import S3_FAULTS, SeededS3Faults, no_s3_faults
from assay.testing.s3_server import S3Server

pytest.importorskip("obstore", reason="the extra s3 is not installed")

WORKER = str(Path(__file__).with_name("s3_worker.py"))
QUICK = [fault for fault in S3_FAULTS if fault != "hang"]


class Writer:
    """One writer, and what it said of its numbers; killed and started again `kills` times."""

    def __init__(
        self, server: S3Server, folder: Path, who: str, count: int, kills: int, seed: int, act: str = "append"
    ) -> None:
        self.said: dict[int, str] = {}
        self._args = (act, server.url, str(folder))
        self._who, self._count, self._kills = who, count, kills
        self._random = random.Random(seed)
        self.thread = threading.Thread(target=self._run)
        self.killed = 0

    def _run(self) -> None:
        first = 0
        while first < self._count:
            more = self.killed < self._kills
            dies_at = first + self._random.randrange(1, max(2, 2 * self._count // (self._kills + 1)))
            command = [sys.executable, WORKER, *self._args, str(first), str(self._count), self._who]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    word, number = line.split()[:2]
                    self.said[int(number)] = word
                    if more and word == "begins" and int(number) >= dies_at:
                        threading.Event().wait(self._random.random() * 0.02)
                        process.kill()
                        self.killed += 1
                        more = False
                assert process.wait() in (0, -9)
            first = max(self.said, default=-1) + 1


def race(folder: Path, count: int, rate: float, kills: int, seed: int) -> str:
    with S3Server(SeededS3Faults(seed, rate, QUICK)) as server:
        writers = [Writer(server, folder / who, who, count, kills, seed + n) for n, who in enumerate("ab")]
        for writer in writers:
            writer.thread.start()
        for writer in writers:
            writer.thread.join()
        server.faults = no_s3_faults
        server.settle()
        requests, faults = server.requests(), Counter(e.fault for e in server.exchanges if e.fault)
        fresh = Log(
            connect("s3://bucket/race", server.options)
        ).entries()  # raises for a gap or a broken chain
        seen = Log(NearbyStorage(connect("s3://bucket/race", server.options), folder / "a")).entries()
    assert fresh == seen
    assert [entry.seq for entry in fresh] == list(range(1, len(fresh) + 1))
    stands = Counter((entry.body["number"], entry.body.get("who")) for entry in fresh)
    for number in range(count):
        for who in ("a", "b") if number % 2 else (None,):
            asked = [w.said[number] for w in writers if who in (None, w._who)]
            done = asked.count("done")
            assert done <= stands[number, who] <= len(asked), (number, who, asked)
    unsure = sum(word != "done" for w in writers for word in w.said.values())
    assert sum(stands.values()) <= 2 * count
    return (
        f"{2 * count} appends, {len(fresh)} entries, {unsure} not acknowledged, "
        f"{sum(w.killed for w in writers)} kills, {sum(faults.values())} faults {dict(faults)}, "
        f"requests {dict(requests)}"
    )


def test_two_processes_race_through_faults(tmp_path):
    assert "0 kills" in race(tmp_path, 50, 0.1, 0, 11)


def test_two_processes_race_and_are_killed(tmp_path):
    assert "2 kills" in race(tmp_path, 25, 0.05, 1, 5)


@pytest.mark.soak
@pytest.mark.parametrize(("rate", "kills"), [(0.0, 0), (0.1, 0), (0.3, 0), (0.1, 20)])
def test_two_processes_race_a_thousand_times(tmp_path, rate, kills):
    print(race(tmp_path, 1_000, rate, kills, 3))


@pytest.mark.soak
@pytest.mark.parametrize(("rate", "kills"), [(0.1, 0), (0.1, 4)])
def test_two_processes_make_versions(tmp_path, rate, kills):
    count = 40
    with S3Server(SeededS3Faults(9, rate, QUICK)) as server:
        faults, server.faults = server.faults, no_s3_faults
        first = tmp_path / "first.jsonl"
        first.write_text('{"input": "What is first?", "output": "This."}\n')
        # Who adds must find something: without `add` a curation replaces what is there, whoever made it.
        assay.init("s3://bucket/race", options=server.options).import_("desk", [str(first)])
        server.faults = faults
        writers = [
            Writer(server, tmp_path / who, who, count, kills, 2 + n, "curate") for n, who in enumerate("ab")
        ]
        for writer in writers:
            writer.thread.start()
        for writer in writers:
            writer.thread.join()
        server.faults = no_s3_faults
        server.settle()
        registry = assay.open("s3://bucket/race", options=server.options)
        assert not registry.verify().damage
        texts = [example.input for example in registry.version("desk")]
        versions = len(registry.store.versions()["desk"])
    assert len(texts) == len(set(texts))
    for writer in writers:
        for number, word in writer.said.items():
            assert word != "done" or f"What is {writer._who}{number}?" in texts
    print(
        f"{2 * count} curations, {versions} versions, {len(texts)} rows, {sum(w.killed for w in writers)} kills"
    )
