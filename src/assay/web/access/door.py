"""The door: from a request to somebody with roles, or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from starlette.requests import Request

from assay.errors import Conflict
from assay.web.access.book import Book
from assay.web.access.claims import Known
from assay.web.access.guard import SAFE
from assay.web.access.identity import EVERY_ROLE, NOBODY, Identity
from assay.web.access.not_signed_in import NotSignedIn
from assay.web.access.passwords import fits
from assay.web.access.roles import TABLE, Permission, Role
from assay.web.access.throttle import Counted, Throttle
from assay.web.access.tokens import Secret, form_token, id_of, looks_like_token, same
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


class TooOften(Exception):
    """Somebody asks more often than he may; `seconds` until he may again."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class Door:
    """Tells who asks: in mode `local` the owner, in every role; else whoever a session or a token names.

    A change that a browser sends also needs the token of a page of ours, which no other page can read. `logins`: who
    counts them, where several servers do.
    """

    def __init__(
        self,
        settings: Settings,
        owner: str,
        book: Book | None,
        entropy: Callable[[int], bytes],
        clock: Callable[[], float],
        logins: Counted | None = None,
    ) -> None:
        self._settings, self._owner = settings, owner
        self.book = book
        self._secret = entropy(32) if book is None else book.secret("form")
        self._local = entropy(16).hex()
        limits = settings.limits
        self._asked, self._unsafe = Throttle(limits.asked, clock), Throttle(limits.unsafe, clock)
        self._logins: Counted = logins or Throttle(limits.logins, clock)

    def admit(self, request: Request, permission: Permission) -> Identity:
        """Who asks, if he may. Raises NotSaid, Refused, TooOften."""
        identity = self._who(request)
        key = identity.actor if identity is not NOBODY else f"@{_address(request)}"
        _count(self._asked, key)
        if request.method not in SAFE:
            _count(self._unsafe, key)
        if identity is NOBODY and permission is not Permission.OPEN:
            raise NotSaid
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

    def log_in(self, request: Request, name: str, password: str) -> Secret:
        """A session for who knows the password, or holds a token. Raises Refused, TooOften.

        Counted by address and by name, so that neither one name nor many can be guessed at; by address first, so that
        an address that was refused makes the throttle remember no more names.
        """
        for key in (f"@{_address(request)}", f"name {name}"):
            _count(self._logins, key)
        assert self.book is not None
        if self._settings.mode == "oidc":
            raise Refused("nobody signs in here with a password", "sign in through the identity provider")
        if self._settings.mode == "token":
            found = self.book.of_token(password) if looks_like_token(password) else None
            if found is None:
                raise Refused(
                    "no such token, or it has ended", "ask an admin for one: assay access token NAME"
                )
            return self.book.begin(found[0], id_of(password))
        if not fits(self.book.password_of(name), password):
            raise Refused("name and password do not fit together", "an admin can set another password")
        return self.book.begin(name)

    def count_login(self, request: Request, step: str) -> None:
        """Raises TooOften when an address takes a step of signing in more often than it may."""
        _count(self._logins, f"{step} @{_address(request)}")

    def welcome(self, request: Request, one: Known, others: Iterable[Role]) -> Secret:
        """A new session for whom the identity provider vouches, in place of the one that the browser had.
        Roles are those of the book and those of the claim; who has neither has `others`. Raises NotSignedIn."""
        book = self.book
        assert book is not None
        try:
            person = book.of_account(one.name, one.subject)
        except Conflict as error:
            raise NotSignedIn("other", error.message, one.name) from None
        if person is not None and person.shut:
            raise NotSignedIn("shut", who=person.name)
        held = person.roles if person is not None else frozenset()
        vouched = one.roles or (frozenset() if held else frozenset(others))
        if not held | vouched:
            raise NotSignedIn("unknown", who=one.name)
        if person is None:
            book.take_in(one.name, one.subject)
        book.end(request.cookies.get(cookie_name(self._settings), ""))
        return book.begin(person.name if person is not None else one.name, vouched=vouched)

    def _who(self, request: Request) -> Identity:
        if self._settings.mode == "local":
            return Identity(self._owner, EVERY_ROLE, "local", self._local)
        assert self.book is not None
        scheme, _, said = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            found = self.book.of_token(said) if looks_like_token(said) else None
            if found is None:
                _count(self._logins, f"@{_address(request)}")
                raise NotSaid
            return Identity(*found, "token")
        cookie = request.cookies.get(cookie_name(self._settings), "")
        found = self.book.of_session(cookie) if cookie else None
        return NOBODY if found is None else Identity(*found, "session", cookie)


def cookie_name(settings: Settings) -> str:
    """The session's cookie; over HTTPS its name binds it to this host (RFC 6265bis, `__Host-`)."""
    return "__Host-assay" if settings.secure else "assay"


def _count(throttle: Counted, key: str) -> None:
    if (seconds := throttle.wait(key)) > 0:
        raise TooOften(seconds)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _by_a_browser(request: Request) -> bool:
    """Whether a browser sends this: all of them name the origin with every change, and a program does not."""
    return "origin" in request.headers or "sec-fetch-site" in request.headers
