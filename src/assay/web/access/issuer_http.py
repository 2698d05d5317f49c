"""Requests to the identity provider: bounded in size and time, never redirected, to the hosts that were named
and no other."""

from __future__ import annotations

import http.client
import ipaddress
import json
import ssl
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urlencode, urlsplit

from assay.errors import UsageError
from assay.web.access.not_signed_in import NotSignedIn

LARGEST: Final = 1 << 20
"""Bytes of an answer."""
PATIENCE: Final = 8.0
"""Seconds that a request may take in all."""


def checked(url: str, what: str) -> SplitResult:
    """An address that may be asked: https, or http on loopback, without a name and password in it. Raises
    UsageError."""
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_fits = SplitResult("", "", "", "", ""), False
    sound = bool(parts.hostname) and url.isprintable() and " " not in url and port_fits
    if not sound or parts.username is not None or parts.fragment:
        raise UsageError(f"{what} is no address: {url[:200]!r}", "as in https://login.example.com/realm")
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return parts
    raise UsageError(
        f"{what} must be https: {url[:200]!r}", "tokens travel over it; http is taken on loopback alone"
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its spelling."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def place(parts: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port of an address."""
    return (
        parts.scheme,
        (parts.hostname or "").lower(),
        parts.port or (443 if parts.scheme == "https" else 80),
    )


class Line:
    """The way to the identity provider. `near`: scheme, host and port of the issuer; `hosts`: further ones
    that answer for it, over https. `clock`: seconds."""

    def __init__(
        self, near: tuple[str, str, int], hosts: Collection[str], clock: Callable[[], float]
    ) -> None:
        self._near, self._hosts, self._clock = near, frozenset(host.lower() for host in hosts), clock

    def allowed(self, url: str, what: str) -> SplitResult:
        """Raises NotSignedIn for an address that was not named, or is not safe."""
        try:
            parts = checked(url, what)
        except UsageError as error:
            raise NotSignedIn("untrue", error.message) from None
        scheme, host, port = place(parts)
        if (scheme, host, port) != self._near and not (
            scheme == "https" and port == 443 and host in self._hosts
        ):
            raise NotSignedIn(
                "untrue", f"{what} is at {host}:{port}, which was not named: --oidc-host {host}"
            )
        return parts

    def json(
        self, url: str, what: str, form: Mapping[str, str] | None = None, login: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of an answer. With `form` it is posted; `login`: an Authorization header. Raises
        NotSignedIn `down` when nobody answers, or not in JSON."""
        parts = self.allowed(url, what)
        headers = {"accept": "application/json", "user-agent": "assay", "connection": "close"}
        if form is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
        if login:
            headers["authorization"] = login
        target = parts.path or "/"
        target += f"?{parts.query}" if parts.query else ""
        try:
            status, data = self._exchange(parts, target, headers, form)
        except (OSError, http.client.HTTPException) as error:
            raise NotSignedIn("down", f"{what}: {type(error).__name__}") from None
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or status >= 500:
            raise NotSignedIn("down", f"{what}: status {status}, {'JSON' if found else 'no JSON'}")
        return status, found

    def _exchange(
        self, parts: SplitResult, target: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> tuple[int, bytes]:
        _, host, port = place(parts)
        until = self._clock() + PATIENCE
        if parts.scheme == "https":
            safe = ssl.create_default_context()
            asked: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=PATIENCE / 2, context=safe
            )
        else:
            asked = http.client.HTTPConnection(host, port, timeout=PATIENCE / 2)
        try:
            body = None if form is None else urlencode(form).encode()
            asked.request("GET" if form is None else "POST", target, body, dict(headers))
            answer = asked.getresponse()
            data = bytearray()
            while piece := answer.read1(1 << 16):
                data += piece
                if len(data) > LARGEST or self._clock() > until:
                    raise http.client.HTTPException("too large or too slow")
            return answer.status, bytes(data)
        finally:
            asked.close()
