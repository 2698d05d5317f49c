"""The Ray engine: the row pass on the machines of a Ray cluster."""

from __future__ import annotations

import os
import pickle
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final, Self, TypeVar

from assay.errors import UsageError

Given = TypeVar("Given")
Made = TypeVar("Made")

_IN_FLIGHT: Final = 2
"""Chunks under way per processor of the cluster: enough to keep it busy, few enough to bound memory."""
_RETRIES: Final = 5
"""How often a chunk is worked on again when its machine dies under it. One that kills every machine must end."""
_LOCAL: Final = "local"
_PATIENCE: Final = 5.0
"""Seconds for a cluster's head to take a connection."""


@dataclass(frozen=True, slots=True)
class RayEngine:
    """A Ray cluster, or Ray on this machine.

    `address`: of the cluster's head (`10.0.0.1:6379`), `auto` for the one that this machine is part of, `local` for one
    of this machine alone that ends with the work; None: what Ray itself was told (RAY_ADDRESS), else `local`.

    Chunks are read here and go out; what is made of them comes back in their order, so the result is that of any other
    engine. A machine that dies loses nothing: its chunks are done again elsewhere. Every machine needs the same
    version of assay, and the plug-ins that the recipe names. `processors`: of Ray on this machine.
    """

    address: str | None = None
    processors: int | None = None

    @classmethod
    def opened(cls, address: str | None, workers: int, threads: bool) -> Self:
        del threads  # a cluster has processes
        return cls(address, workers)

    def map(self, function: Callable[[Given], Made], chunks: Iterable[Given]) -> Iterator[Made]:
        """`function` over `chunks` in order. Raises what `function` raised; UsageError when Ray is not installed or
        not to be reached, when a machine has another version, or when a chunk outlives no machine."""
        ray = _imported()
        with self._connected(ray):
            work = ray.remote(max_retries=_RETRIES, num_cpus=1)(_run)
            # It may hold a lot (eval sets, a model): it lies in the cluster once.
            shared = ray.put(function)
            most = _IN_FLIGHT * max(1, int(ray.cluster_resources().get("CPU", 1)))
            under_way: deque[Any] = deque()
            for chunk in chunks:
                under_way.append(work.remote(_program(), [shared], chunk))
                if len(under_way) >= most:
                    yield _taken(ray, under_way.popleft())
            while under_way:
                yield _taken(ray, under_way.popleft())

    @contextmanager
    def _connected(self, ray: Any) -> Iterator[None]:
        """Connected to the cluster; a connection that was there before is used, and stays."""
        if ray.is_initialized():
            yield
            return
        self._check_there()
        where: dict[str, Any] = {"address": self.address}
        if self.address == _LOCAL:
            where["num_cpus"] = self.processors
        try:
            with _without_usage_reports():
                ray.init(
                    **where, log_to_driver=False, include_dashboard=None, configure_logging=False,
                    logging_level="ERROR",
                )  # fmt: skip
        except (OSError, RuntimeError, ValueError) as error:
            raise self._not_there(error) from None
        try:
            yield
        finally:
            ray.shutdown()

    def _check_there(self) -> None:
        """Ray itself tries for minutes."""
        host, colon, port = (self.address or "").removeprefix("ray://").rpartition(":")
        if not colon or not port.isdecimal():
            return
        try:
            socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
        except (OSError, OverflowError) as error:
            raise self._not_there(error) from None

    def _not_there(self, error: Exception) -> UsageError:
        where = self.address or "the address that Ray was told"
        return UsageError(
            f"the Ray cluster at {where} is not to be reached: {error}",
            "start one with `ray start --head`, name another as ray:HOST:PORT, or use --engine local",
        )


def _imported() -> Any:
    try:
        import ray
    except ImportError:
        raise UsageError(
            "the engine ray needs Ray, which is not installed", "pip install 'assay-data[ray]'"
        ) from None
    return ray


@contextmanager
def _without_usage_reports() -> Iterator[None]:
    """Ray, where it starts a cluster, reports usage to its makers unless this variable says no. Who has set it has
    decided."""
    name = "RAY_USAGE_STATS_ENABLED"
    told = name in os.environ
    os.environ.setdefault(name, "0")
    try:
        yield
    finally:
        if not told:
            os.environ.pop(name, None)


def _program() -> str:
    return version("assay-data")


def _run(wanted: str, shared: list[Any], chunk: Any) -> bytes:
    """What a worker does. `shared`: where the function lies, in a list, for Ray would unpack it for every chunk.

    Bytes go back, not objects: the arrays of these would fill Ray's store for as long as anything of them is in use.
    """
    if wanted != _program():
        raise UsageError(
            f"a machine of the cluster has assay {_program()}, this one {wanted}",
            "install the same version everywhere",
        )
    if not _received or _received[0][0] != shared[0]:
        _received[:] = [(shared[0], _imported().get(shared[0]))]
    return pickle.dumps(_received[0][1](chunk), protocol=5)


_received: list[tuple[Any, Callable[[Any], Any]]] = []
"""The function that this worker unpacked last, and where it lay."""


def _taken(ray: Any, under_way: Any) -> Any:
    failures = ray.exceptions
    try:
        return pickle.loads(ray.get(under_way))  # noqa: S301 - our own workers made it
    except failures.RayTaskError as error:
        raise error.cause from None
    except failures.RayError as error:
        raise UsageError(
            f"a chunk was given up: machines of the Ray cluster died under it ({type(error).__name__})",
            "run again with smaller batches, or on machines with more memory",
        ) from None
