"""Records that wait become versions: when enough wait, when one has waited long enough, or when somebody asks."""

from __future__ import annotations

from threading import Event, Thread
from time import time
from typing import TYPE_CHECKING, Any, Final

from assay.errors import AssayError
from assay.registry import Registry
from assay.registry.curating.landing import land, landed
from assay.web.collected.spool import Batch, Group
from assay.web.registries import Registries

if TYPE_CHECKING:
    from assay.web.desk import Desk

ENOUGH: Final = 1_000
"""Records that make a version at once."""
AGE: Final = 60.0
"""Seconds that a record waits at most, where nothing keeps its version from being made."""
_AGAIN: Final = (60.0, 3600.0)
"""Seconds until what failed is tried again: the first time, and at most."""


class Landing:
    """Takes in what waits, in a thread while it is open."""

    def __init__(self, desk: Desk, registries: Registries) -> None:
        self._desk, self._registries = desk, registries
        self._stop: Event | None = None
        self._thread: Thread | None = None

    def open(self) -> None:
        self._stop = Event()
        self._thread = Thread(target=self._look, args=(self._stop,), name="assay-landing", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Waits for a version that is being made."""
        if self._stop is not None and self._thread is not None:
            self._stop.set()
            self._thread.join()

    def flush(self, registry: Registry, dataset: str) -> list[dict[str, Any]]:
        """Take in all that waits for a dataset, in the names of those who sent it: the answers of the curations. Raises
        what keeps a version from being made, GateFailed above all; what waits goes on waiting."""
        spool = self._desk.collected
        answers: list[dict[str, Any]] = []
        with spool.turn():
            answers += [self._land(registry, batch) for batch in spool.batches(dataset)]
            while mine := [group for group in spool.groups() if group.dataset == dataset]:
                answers += [self._land(registry, self._form(registry, group)) for group in mine]
        return answers

    def due(self, now: float) -> None:
        """Take in what is due. What fails is written down, and tried again later."""
        spool = self._desk.collected
        late = [batch for batch in spool.batches() if now >= batch.tried + _wait(batch)]
        held = {(batch.dataset, batch.actor) for batch in spool.batches()}
        ripe = [
            group
            for group in spool.groups()
            if (group.count >= ENOUGH or now - group.oldest >= AGE)
            and (group.dataset, group.actor) not in held
        ]
        if not late and not ripe:
            return
        with spool.turn(), self._registries.lent("assay") as registry:
            standing = {batch.id for batch in spool.batches()}
            for batch in late:
                if batch.id in standing:
                    self._try(registry, batch)
            for group in (group for group in spool.groups() if group in ripe):
                self._try(registry, self._form(registry, group))

    def _form(self, registry: Registry, group: Group) -> Batch:
        return self._desk.collected.form(group, registry.entropy(8).hex())

    def _try(self, registry: Registry, batch: Batch) -> None:
        try:
            self._land(registry, batch)
        except (AssayError, OSError):
            return  # it is written down with its batch

    def _land(self, registry: Registry, batch: Batch) -> dict[str, Any]:
        """Called in one's turn: a batch that is there was left by somebody who was killed, or it failed."""
        spool, actor = self._desk.collected, registry.actor
        registry.actor = batch.actor
        try:
            made = landed(registry, batch.dataset, batch.source)
            if made is None:
                lines = spool.lines(batch)
                message = f"{len(lines)} collected over HTTP"
                answer = land(registry, batch.dataset, lines, batch.source, message).as_json()
            else:
                answer = {"dataset": batch.dataset, "version": made.ref, "fingerprint": made.fingerprint}
        except (AssayError, OSError) as error:
            spool.tried(batch, str(error)[:2_000])
            raise
        finally:
            registry.actor = actor
        spool.landed(batch)
        return {**answer, "source": batch.source}

    def _look(self, stop: Event) -> None:
        while not stop.wait(1.0):
            self.due(time())


def _wait(batch: Batch) -> float:
    if not batch.tries:
        return 0.0  # nobody tried to the end: a server was killed
    return float(min(_AGAIN[0] * 2.0 ** (batch.tries - 1), _AGAIN[1]))
