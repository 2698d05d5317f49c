"""A Ray cluster of several node processes on this machine, one of which can be killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil


@contextmanager
def cluster(nodes: int, memory: int = 400 << 20) -> Iterator[Any]:
    """A head and `nodes` further nodes of one processor each; the head works on nothing."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": memory})
    try:
        for _ in range(nodes):
            made.add_node(num_cpus=1, object_store_memory=memory)
        made.wait_for_nodes()
        yield made
    finally:
        made.shutdown()


def kill(made: Any) -> int:
    """SIGKILL to everything of one node that works: its raylet and its workers; how many processes that were."""
    node = next(one for one in made.worker_nodes if not getattr(one, "was_killed", False))
    node.was_killed = True
    raylet = node.all_processes["raylet"][0].process.pid
    family = [*psutil.Process(raylet).children(recursive=True), psutil.Process(raylet)]
    for process in family:
        os.kill(process.pid, signal.SIGKILL)
    return len(family)
