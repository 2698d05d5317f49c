"""The identity provider (OpenID Connect): its discovery document, its keys, and a code turned into claims."""

from __future__ import annotations

import base64
from collections.abc import Callable
from threading import Lock
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from joserfc.jwk import Key

from assay.web.access.id_token import NoKey, believed, keys_of
from assay.web.access.issuer_http import Line, checked, place
from assay.web.access.not_signed_in import NotSignedIn
from assay.web.access.tokens import same
from assay.web.access.trip import Trip
from assay.web.settings import Oidc

KEPT: Final = 3_600
"""Seconds for which discovery and keys are kept; a key that is not among them is asked for at once, but no
more often than every `AGAIN` seconds, and neither is a provider that did not answer."""
AGAIN: Final = 10
WELL_KNOWN: Final = "/.well-known/openid-configuration"


class Issuer:
    """One identity provider. `clock`: seconds since the epoch. Safe for many threads."""

    def __init__(self, told: Oidc, clock: Callable[[], float]) -> None:
        self._told, self._clock = told, clock
        self._line = Line(place(checked(told.issuer, "the issuer")), told.hosts, clock)
        self._lock = Lock()
        self._found: dict[str, Any] = {}
        self._found_at = self._keys_at = self._failed_at = float("-inf")
        self._keys: list[Key] = []

    def way_in(self, trip: Trip, back: str) -> str:
        """Where a browser is sent. `back`: the address that it comes back to. Raises NotSignedIn."""
        place_of = self._discovered()["authorization_endpoint"]
        asked = {
            "response_type": "code",
            "client_id": self._told.client,
            "redirect_uri": back,
            "scope": " ".join(self._told.scopes),
            "state": trip.state,
            "nonce": trip.nonce,
            "code_challenge": trip.challenge,
            "code_challenge_method": "S256",
        }
        return f"{place_of}{'&' if '?' in place_of else '?'}{urlencode(asked)}"

    def claims(self, trip: Trip, code: str, back: str, named: str | None) -> dict[str, Any]:
        """What the provider says of who came back with `code`. `named`: the issuer that the answer names (RFC 9207).
        Raises NotSignedIn."""
        found = self._discovered()
        must = found.get("authorization_response_iss_parameter_supported") is True
        if (named is None and must) or (named is not None and not same(named, self._told.issuer)):
            raise NotSignedIn("untrue", "the answer is of another issuer (iss)")
        text = self._id_token(found, trip, code, back)
        try:
            return self._believed(text, trip)
        except NoKey:
            pass
        if self._clock() - self._keys_at < AGAIN:
            raise NotSignedIn("untrue", "id_token: none of the provider's keys made its signature")
        self._keys_at = float("-inf")
        try:
            return self._believed(text, trip)
        except NoKey:
            raise NotSignedIn("untrue", "id_token: none of the provider's keys made its signature") from None

    def _believed(self, text: str, trip: Trip) -> dict[str, Any]:
        told = self._told
        return believed(text, self._current_keys(), told.issuer, told.client, trip.nonce, self._clock())

    def _id_token(self, found: dict[str, Any], trip: Trip, code: str, back: str) -> str:
        told = self._told
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": trip.verifier,
        }
        ways = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        login = ""
        if told.secret and "client_secret_basic" in ways:
            pair = f"{quote_plus(told.client)}:{quote_plus(told.secret)}"
            login = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form["client_id"] = told.client
            if told.secret:
                form["client_secret"] = told.secret
        status, answer = self._line.json(found["token_endpoint"], "the token endpoint", form, login)
        if status != 200:
            why = str(answer.get("error", ""))[:60]
            raise NotSignedIn("code", f"the token endpoint said {status} {why if why.isprintable() else ''}")
        text = answer.get("id_token")
        if not isinstance(text, str):
            raise NotSignedIn("untrue", "the token endpoint gave no id_token")
        return text

    def _discovered(self) -> dict[str, Any]:
        with self._lock:
            now = self._clock()
            if now - self._found_at < KEPT:
                return self._found
            if now - self._failed_at < AGAIN:
                raise NotSignedIn("down", "the discovery document: it did not answer a moment ago")
            try:
                found = self._ask_discovery()
            except NotSignedIn as error:
                if error.why == "down":
                    self._failed_at = now
                raise
            self._found, self._found_at = found, now
            return found

    def _ask_discovery(self) -> dict[str, Any]:
        issuer = self._told.issuer
        what = "the discovery document"
        status, found = self._line.json(issuer.rstrip("/") + WELL_KNOWN, what)
        if status != 200:
            raise NotSignedIn("down", f"{what}: status {status}")
        if found.get("issuer") != issuer:
            raise NotSignedIn("untrue", f"{what} is of another issuer: {str(found.get('issuer'))[:100]!r}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            self._line.allowed(str(found.get(name, "")), name)
        return found

    def _current_keys(self) -> list[Key]:
        uri = self._discovered()["jwks_uri"]
        with self._lock:
            now = self._clock()
            if now - self._keys_at >= KEPT:
                status, document = self._line.json(uri, "the keys")
                if status != 200:
                    raise NotSignedIn("down", f"the keys: status {status}")
                self._keys, self._keys_at = keys_of(document), now
            return self._keys
