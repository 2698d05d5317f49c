"""A process that may outlive whoever began it."""

from __future__ import annotations

import subprocess


class Outliving(subprocess.Popen[bytes]):
    """A job goes on when nobody waits for it any more: letting go of it is no mistake, and no warning."""

    def __del__(self) -> None:
        begun = getattr(self, "pid", None) is not None
        if begun and self.poll() is None:
            self.returncode = 0
