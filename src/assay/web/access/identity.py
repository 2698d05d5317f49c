"""Who asks: a name for the log, and roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from assay.web.access.roles import Permission, Role, may

How = Literal["local", "session", "token", "nobody"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who showed who he is. `actor` goes into the log. `session` is what forms are bound to: the id of his
    session, or of the one owner's; None for a token, which no browser sends by itself."""

    actor: str
    roles: frozenset[Role]
    how: How
    session: str | None = None

    def may(self, permission: Permission) -> bool:
        return may(self.roles, permission)


EVERY_ROLE: Final = frozenset(Role)
NOBODY: Final = Identity("nobody", frozenset(), "nobody")
"""Who has not said who he is."""
