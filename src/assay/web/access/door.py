"""The door: from a request to somebody with roles, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from starlette.requests import Request

from assay.web.access.guard import SAFE
from assay.web.access.identity import EVERY_ROLE, Identity
from assay.web.access.roles import TABLE, Permission
from assay.web.access.tokens import form_token, same
from assay.web.settings import Settings

FIELD: Final = "x-assay-form"
"""The header in which a page sends its form token back; a plain form has it as `form` in its address."""


class NotSaid(Exception):
    """Nobody said who asks."""


class Refused(Exception):
    """Who asks may not; says what it takes."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


class Door:
    """Tells who asks. In mode `local` it is `owner`, in every role; a change also needs the token of a page of ours,
    which no other page can read."""

    def __init__(self, settings: Settings, owner: str, entropy: Callable[[int], bytes]) -> None:
        self._settings, self._owner = settings, owner
        self._secret = entropy(32)
        self._local = entropy(16).hex()

    def admit(self, request: Request, permission: Permission) -> Identity:
        """Who asks, if he may. Raises NotSaid, Refused."""
        identity = self._who(request)
        if not identity.may(permission):
            able = ", ".join(sorted(TABLE[permission]))
            raise Refused(f"{identity.actor} may not: it takes the permission {permission}", f"roles: {able}")
        if request.method not in SAFE and identity.session is not None and _by_a_browser(request):
            sent = request.headers.get(FIELD) or request.query_params.get("form", "")
            if not same(sent, form_token(self._secret, identity.session)):
                raise Refused("the page that asked for this is too old", "load it again")
        return identity

    def form_token(self, identity: Identity) -> str:
        """What a page of this person sends back with a change; "" where no browser is involved."""
        return "" if identity.session is None else form_token(self._secret, identity.session)

    def _who(self, request: Request) -> Identity:
        if self._settings.mode == "local":
            return Identity(self._owner, EVERY_ROLE, "local", self._local)
        raise NotSaid


def _by_a_browser(request: Request) -> bool:
    """Whether a browser sends this: all of them name the origin with every change, and a program does not."""
    return "origin" in request.headers or "sec-fetch-site" in request.headers
