"""Where work for the registry lies that no version holds yet: jobs, uploads, collected examples. One folder
beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from assay.errors import Conflict, UsageError
from assay.web.settings import Settings

if TYPE_CHECKING:
    from assay.web.collected.spool import Spool
    from assay.web.jobs.board import Board
    from assay.web.uploads.store import Uploads


class Desk:
    """Made when it is first used. Raises UsageError for a registry that is no folder, which has no place for it."""

    def __init__(
        self,
        root: Path | None,
        settings: Settings,
        environment: Mapping[str, str],
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
        *,
        reached: Sequence[str] = (),
    ) -> None:
        self._reached = reached
        self._root, self._settings, self._environment = root, settings, environment
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
            at_once=self._settings.jobs, reached=self._reached,
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

        return Spool(self._folder / "collected.sqlite", self._clock)

    def free(self, upload: str) -> None:
        """Raises Conflict when a job that has not ended reads an upload."""
        for job in self.jobs.live():
            if upload in job.uploads:
                raise Conflict(
                    f"the job {job.id} reads this upload", "cancel the job, or wait until it has ended"
                )
