"""Sign-in through an identity provider: the two routes by which a browser leaves and comes back.

A new session begins at every sign-in; what a browser brought along before is never taken over. No registry is
held while the provider is asked.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import FastAPI, Query, Request
from fastapi.responses import RedirectResponse, Response

from assay.web.access.claims import known
from assay.web.access.door import Door, cookie_name
from assay.web.access.not_signed_in import NotSignedIn
from assay.web.access.roles import Permission
from assay.web.access.trip import LASTS, Trip, begin, resume
from assay.web.routing import PERMISSION
from assay.web.settings import Oidc, Settings

if TYPE_CHECKING:
    from assay.web.access.issuer import Issuer

LEAVE: Final = "/login/oidc"
BACK: Final = "/login/oidc/callback"
_MOST: Final = 10_000
Text = Annotated[str, Query(max_length=4_000)]


class SignIn:
    """Who leaves for the provider, and who comes back. A trip ends once, whatever came of it."""

    def __init__(
        self,
        told: Oidc,
        issuer: Issuer,
        door: Door,
        settings: Settings,
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
    ) -> None:
        assert door.book is not None
        self._told, self._issuer, self._door, self._settings = told, issuer, door, settings
        self._clock, self._entropy = clock, entropy
        self._secret = door.book.secret("oidc")
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    @property
    def cookie(self) -> str:
        """The cookie of a trip; like the session's, its name binds it to this host over HTTPS."""
        return cookie_name(self._settings) + "-trip"

    def leave(self, request: Request, next: Text = "/") -> Response:
        """To the provider. `next`: a path of this server to go on to."""
        self._door.count_login(request, "leave")
        trip = begin(self._secret, self._entropy(32), self._clock(), next)
        answer = RedirectResponse(self._issuer.way_in(trip, self._back(request)), 303)
        answer.set_cookie(
            self.cookie, trip.cookie, max_age=LASTS, httponly=True, secure=self._settings.secure,
            samesite="lax", path="/"
        )  # fmt: skip
        return answer

    def arrive(
        self,
        request: Request,
        state: Text = "",
        code: Text = "",
        iss: Annotated[str | None, Query(max_length=1_000)] = None,
        error: Text = "",
    ) -> Response:
        """Back from the provider, with a code or with an error."""
        self._door.count_login(request, "arrive")
        trip = self._ending(request, state)
        if error or not code:
            raise NotSignedIn("denied", error[:60] if error.isprintable() else "")
        claims = self._issuer.claims(trip, code, self._back(request), iss)
        secret = self._door.welcome(request, known(claims, self._told), self._told.unknown)
        answer = RedirectResponse(trip.onward, 303)
        answer.delete_cookie(
            self.cookie, path="/", secure=self._settings.secure, httponly=True, samesite="lax"
        )
        answer.set_cookie(
            cookie_name(self._settings), secret.text, httponly=True, secure=self._settings.secure,
            samesite="lax", path="/"
        )  # fmt: skip
        return answer

    def _ending(self, request: Request, state: str) -> Trip:
        trip = resume(self._secret, request.cookies.get(self.cookie, ""), state, self._clock())
        if trip is None:
            raise NotSignedIn("state")
        with self._lock:
            if trip.state in self._ended:
                raise NotSignedIn("state")
            self._ended[trip.state] = None
            while len(self._ended) > _MOST:
                self._ended.popitem(last=False)
        return trip

    def _back(self, request: Request) -> str:
        """Where the provider sends the browser to: the name under which this server was asked, which the guard
        knows."""
        return f"{'https' if self._settings.secure else 'http'}://{request.headers['host']}{BACK}"


def add_oidc(app: FastAPI, sign_in: SignIn) -> None:
    """The two routes. GET, for a form that led to another host is refused by our own policy."""
    told = {PERMISSION: Permission.OPEN}
    app.add_api_route(
        LEAVE,
        sign_in.leave,
        methods=["GET"],
        include_in_schema=False,
        openapi_extra=told,
        response_model=None,
    )
    app.add_api_route(
        BACK,
        sign_in.arrive,
        methods=["GET"],
        include_in_schema=False,
        openapi_extra=told,
        response_model=None,
    )
