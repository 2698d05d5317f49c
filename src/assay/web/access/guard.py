"""What stands before every route: whose page may ask, how often, how much; and the headers that bind the browser."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assay.web.settings import Settings

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_AROUND: Final = 4 << 20
"""What a form may add to an upload, and what is on its way. The upload itself is held against its limit where it is
written."""
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with no-referrer a browser would send our own forms with `Origin: null`
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-frame-options": "DENY",
}


class Guard:
    """Refuses a Host that is not the server's (DNS rebinding) and a change that another site's page asks for; bounds
    the body; adds the security headers."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                own = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    own.setdefault(name, value)
                if not scope["path"].startswith("/static/"):
                    own.setdefault("cache-control", "no-store")
                if self._settings.secure:
                    own.setdefault("strict-transport-security", "max-age=31536000")
            await send(message)

        refused = self._refusal(scope, headers)
        if refused is not None:
            await refused(scope, receive, sent)
            return
        try:
            await self._app(scope, self._bounded(scope, receive), sent)
        except Exception:
            if not begun:  # what nobody foresaw is answered with the headers of everything else
                failed = refusal(500, "failed", "the server failed", "its log says how; please report it")
                await failed(scope, receive, sent)
            raise

    def _refusal(self, scope: Scope, headers: Headers) -> JSONResponse | None:
        host = headers.get("host", "")
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if name.lower() not in self._settings.hosts:
            return refusal(
                421, "host", "this server does not answer to that name", "start it with --host NAME"
            )
        if scope["method"] in SAFE:
            return None
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        foreign = site not in (None, "same-origin", "none") or (
            origin is not None and origin.partition("://")[2] != host
        )
        if foreign:
            return refusal(403, "cross_site", "a page of another site asked for this", "use the page itself")
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._most(scope):
            return refusal(413, "too_large", f"more than {self._most(scope):,} bytes", "upload it as a file")
        return None

    def _most(self, scope: Scope) -> int:
        limits = self._settings.limits
        streams = scope["path"].startswith(("/api/uploads", "/uploads"))
        return limits.upload + _AROUND if streams else limits.body

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """The body, cut off where it is longer than it may be, whatever its length said."""
        left = self._most(scope)

        async def received() -> Message:
            nonlocal left
            message = await receive()
            if message["type"] == "http.request":
                left -= len(message.get("body", b""))
                if left < 0:
                    return {"type": "http.disconnect"}
            return message

        return received


def refusal(status: int, code: str, message: str, hint: str) -> JSONResponse:
    """An error as every route gives it."""
    return JSONResponse({"error": {"code": code, "message": message, "hint": hint}}, status)
