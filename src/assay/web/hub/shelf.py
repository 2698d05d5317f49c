"""The files of versions, made by one thread when they are first asked for, while other requests go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Final

from assay.registry.export.hub_revisions import HubRevision
from assay.registry.export.kept_folder import KeptFolder, kept_folder
from assay.registry.loading import looked_at
from assay.web.registries import Registries

PATIENCE: Final = 55.0
"""Seconds that a request waits for files that are being made: clients of the Hub give up after 60, and come again."""


class Shelf:
    """Makes the files of one version at a time; who asks for those of another waits for its turn."""

    def __init__(self, registries: Registries) -> None:
        self._registries = registries
        self._pool = ThreadPoolExecutor(1, "hub")
        self._making: dict[str, Future[KeptFolder]] = {}
        self._lock = Lock()

    async def folder(self, found: HubRevision, actor: str) -> KeptFolder:
        """The files of a revision. Raises TimeoutError when they take longer than a request waits; they are made on."""
        future = asyncio.wrap_future(self._begun(found, actor))
        return await asyncio.wait_for(asyncio.shield(future), PATIENCE)

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begun(self, found: HubRevision, actor: str) -> Future[KeptFolder]:
        with self._lock:
            future = self._making.get(found.commit)
            if future is None:
                future = self._pool.submit(self._made, found, actor)
                self._making[found.commit] = future
                future.add_done_callback(self._forget(found.commit))
            return future

    def _made(self, found: HubRevision, actor: str) -> KeptFolder:
        with self._registries.lent(actor) as registry:
            return kept_folder(registry, looked_at(registry, found.holder.ref))

    def _forget(self, commit: str) -> Callable[[Future[KeptFolder]], None]:
        def forget(future: Future[KeptFolder]) -> None:
            # A future that is done when it gets this callback runs it at once, within the lock of who adds it.
            self._making.pop(commit, None)

        return forget
