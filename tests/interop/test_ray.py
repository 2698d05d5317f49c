"""The Ray engine, on a real cluster of node processes: what every engine owes, and a node that dies."""

from __future__ import annotations

import os
import random

import pytest

import assay
from assay.curate.engine import Engine
from assay.engines.ray import RayEngine
from assay.errors import UsageError
from assay.registry.results import Progress
from assay.testing.engines import EngineSuite
from tests.registry.conftest import ticket, write  # noqa: F401

pytest.importorskip("ray", reason="ray is not installed: pip install --group interop")

from tests.interop import ray_nodes

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def nodes():
    with ray_nodes.cluster(2) as made:
        yield made


class TestRay(EngineSuite):
    @pytest.fixture(autouse=True)
    def _where(self, nodes):
        self.address = nodes.address

    def make(self) -> Engine:
        return RayEngine(self.address)


class Suicidal:
    """Kills every worker that it is given to."""

    def __call__(self, chunk: int) -> int:
        os.kill(os.getpid(), 9)
        return chunk


def corpus(rows):
    chance = random.Random(5)
    found = [ticket(k) for k in range(rows)]
    found += [dict(chance.choice(found), output=f"Again {k}.") for k in range(rows // 10)]
    return found + [dict(chance.choice(found)) for _ in range(rows // 10)]


def test_a_chunk_that_outlives_no_worker_ends(nodes):
    with pytest.raises(UsageError, match="died under it"):
        list(RayEngine(nodes.address).map(Suicidal(), [1]))


def test_a_cluster_that_is_not_there_is_named(tmp_path, write):  # noqa: F811
    registry = assay.init(tmp_path / "registry")
    with pytest.raises(UsageError, match=r"127\.0\.0\.1:1 is not to be reached") as caught:
        registry.curate("a", [write("a.jsonl", [ticket(1)])], engine="ray:127.0.0.1:1")
    assert "ray start" in caught.value.hint


def test_the_fingerprint_is_that_of_this_machine_though_a_node_dies(nodes, tmp_path, write):  # noqa: F811
    source = write("a.jsonl", corpus(6_000))
    here = assay.init(tmp_path / "here").curate("tickets", [source])
    registry = assay.init(tmp_path / "there")
    chunks, killed = 0, 0

    def kill_once(told: Progress) -> None:
        nonlocal chunks, killed
        if told.phase == "reading and checking":
            chunks += 1
            if chunks == 30:
                killed = ray_nodes.kill(nodes)

    there = registry.curate(
        "tickets", [source], engine=f"ray:{nodes.address}", batch_rows=50, progress=kill_once
    )
    assert killed >= 2 and chunks > 100
    assert (there.fingerprint, there.rejected) == (here.fingerprint, here.rejected)
    assert registry.verify().ok


def test_on_this_machine_alone(tmp_path, write):  # noqa: F811
    source = write("a.jsonl", corpus(300))
    expected = assay.init(tmp_path / "here").curate("tickets", [source]).fingerprint
    there = assay.init(tmp_path / "there").curate("tickets", [source], engine="ray:local", workers=1)
    assert there.fingerprint == expected
