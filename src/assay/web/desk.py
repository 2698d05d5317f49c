"""Where work for the registry lies that no version holds yet: jobs and uploads in a folder beside it, collected
examples there too, or in its database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from assay.errors import Conflict, UsageError
from assay.web.database import place_of
from assay.web.settings import Settings

if TYPE_CHECKING:
    from assay.registry import Registry
    from assay.web.collected.spool import Spool
    from assay.web.jobs.board import Board
    from assay.web.uploads.store import Uploads


class Desk:
    """Made when it is first used. Raises UsageError for a registry that is no folder, which has no place for it."""

    def __init__(
        self,
        registry: Registry,
        settings: Settings,
        environment: Mapping[str, str],
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._registry, self._root = registry, registry.root
        self._settings, self._environment = settings, environment
        self._clock, self._entropy = clock, entropy
        self.exports = BoundedSemaphore(max(1, settings.readers // 2))
        """Exports that may be under way: each keeps a registry until its reader has all of it."""

    @property
    def usable(self) -> bool:
        return self._root is not None

    @property
    def _folder(self) -> Path:
        if self._root is None:
            raise UsageError(
                "a registry that is no folder has no place for jobs and uploads", "use the terminal"
            )
        return self._root / "server"

    @cached_property
    def jobs(self) -> Board:
        from assay.web.jobs.board import Board

        folder = self._folder
        assert self._root is not None
        return Board(
            folder / "jobs", self._root.resolve(), self._environment, self._clock, self._entropy,
            at_once=self._settings.jobs, reached=self._registry.reached,
        )  # fmt: skip

    @cached_property
    def uploads(self) -> Uploads:
        from assay.web.uploads.store import Uploads

        limits = self._settings.limits
        return Uploads(
            (self._folder / "uploads").resolve(),
            self._clock,
            self._entropy,
            most=limits.upload,
            count=limits.uploads,
        )

    @cached_property
    def collected(self) -> Spool:
        from assay.web.collected.spool import Spool

        return Spool(place_of(self._registry), self._clock)

    def free(self, upload: str) -> None:
        """Raises Conflict when a job that has not ended reads an upload."""
        for job in self.jobs.live():
            if upload in job.uploads:
                raise Conflict(
                    f"the job {job.id} reads this upload", "cancel the job, or wait until it has ended"
                )
