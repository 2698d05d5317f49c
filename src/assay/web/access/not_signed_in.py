"""Why somebody did not come in through the identity provider."""

from __future__ import annotations

from typing import Literal

Why = Literal["denied", "state", "code", "untrue", "down", "unnamed", "unknown", "shut", "other"]


class NotSignedIn(Exception):
    """`why`: the page has words for each. `detail`: what exactly, for who runs the server; it holds no secret
    and no token. `who`: the name that the identity provider gave, where it gave one."""

    def __init__(self, why: Why, detail: str = "", who: str = "") -> None:
        super().__init__(detail or why)
        self.why, self.detail, self.who = why, detail[:300], who[:200]

    @property
    def status(self) -> int:
        return 503 if self.why == "down" else 403
