"""A tiny identity provider on loopback: discovery, keys, codes with PKCE, signed id_tokens, and each done wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwk, jws

CLIENT, SECRET = "assay-test", "s3cret & sound"
_KEYS = [jwk.RSAKey.generate_key(2048, {"kid": f"k{n}"}) for n in range(2)]
"""Made once: they are slow to make."""


@dataclass
class Behaviour:
    """What it says of who signs in, and what it does wrong. `claims` go over the true ones; None takes one away."""

    claims: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[Provider, dict[str, Any]], str] | None = None
    discovery: dict[str, Any] = field(default_factory=dict)
    back: dict[str, str] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()


class Provider:
    """Listens while the `with` block lasts. `asked`: the paths of all requests. `key`: the one that signs; `published`:
    those that it tells of."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock, self.behaviour = clock, Behaviour()
        self.key, self.published = _KEYS[0], [_KEYS[0]]
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._get(self)

            def do_POST(self) -> None:
                provider._post(self)

            def log_message(self, *args: Any) -> None:
                """Nothing is printed."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def rotate(self) -> None:
        """Another key signs, and is the only one published."""
        self.key = _KEYS[1] if self.key is _KEYS[0] else _KEYS[0]
        self.published = [self.key]

    def agree(self, way: str) -> str:
        """What a person does there: signs in at the address, and is sent back to the address that this gives."""
        asked = {name: one[0] for name, one in parse_qs(urlsplit(way).query).items()}
        assert asked["response_type"] == "code"
        assert (asked["client_id"], asked["code_challenge_method"]) == (CLIENT, "S256")
        assert "openid" in asked["scope"].split()
        code = hashlib.sha256(way.encode()).hexdigest()
        self._codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.url} | self.behaviour.back
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def signed(self, claims: dict[str, Any], alg: str = "RS256", **header: str) -> str:
        told = {"alg": alg, "kid": str(self.key.kid)} | header
        return jws.serialize_compact(told, json.dumps(claims).encode(), self.key, [alg])

    def _get(self, to: BaseHTTPRequestHandler) -> None:
        self.asked.append(to.path)
        if to.path in self.behaviour.broken:
            _answer(to, 502, b"<html>bad gateway</html>")
        elif to.path == "/.well-known/openid-configuration":
            told = {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }
            _answer(to, 200, told | self.behaviour.discovery)
        elif to.path == "/keys":
            odd: list[Any] = [{"kty": "oct", "k": "AAAA", "kid": "k0"}, {"kty": "AKP"}, "x"]
            _answer(to, 200, {"keys": [*odd, *(key.as_dict(private=False) for key in self.published)]})
        else:
            _answer(to, 404, {})

    def _post(self, to: BaseHTTPRequestHandler) -> None:
        self.asked.append(to.path)
        body = to.rfile.read(int(to.headers["content-length"])).decode()
        form = {name: one[0] for name, one in parse_qs(body).items()}
        pair = base64.b64decode(to.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if "/token" in self.behaviour.broken:
            _answer(to, 502, b"<html>bad gateway</html>")
        elif pair != "assay-test:s3cret+%26+sound":
            _answer(to, 401, {"error": "invalid_client"})
        else:
            self._exchange(to, form, self._codes.pop(form.get("code", ""), None))

    def _exchange(
        self, to: BaseHTTPRequestHandler, form: dict[str, str], asked: dict[str, str] | None
    ) -> None:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        shown = (challenge.rstrip(b"=").decode(), form["redirect_uri"])
        if asked is None or shown != (asked["code_challenge"], asked["redirect_uri"]):
            _answer(to, 400, {"error": "invalid_grant"})
        else:
            _answer(to, 200, {"access_token": "unused", "id_token": self._token(asked)})

    def _token(self, asked: dict[str, str]) -> str:
        now = int(self.clock())
        true = {
            "iss": self.url, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 300, "nonce": asked["nonce"],
            "email": "ann@example.com", "email_verified": True, "groups": ["data"],
        }  # fmt: skip
        said = {name: one for name, one in (true | self.behaviour.claims).items() if one is not None}
        return (self.behaviour.sign or Provider.signed)(self, said)


def _answer(to: BaseHTTPRequestHandler, status: int, what: dict[str, Any] | bytes) -> None:
    data = what if isinstance(what, bytes) else json.dumps(what).encode()
    to.send_response(status)
    to.send_header("content-length", str(len(data)))
    to.end_headers()
    to.wfile.write(data)
