"""What both adapters make of HTTP: statuses and headers as failures, keys that are used and never shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import Any, Final, NoReturn, TypeVar, cast

from assay.errors import UsageError
from assay.llm.client import Failure, FailureKind

T = TypeVar("T")

_KINDS: Final[Mapping[int, FailureKind]] = {
    401: "unauthorized",
    402: "unauthorized",
    403: "unauthorized",
    404: "not_found",
    429: "rate_limited",
    500: "server",
    502: "server",
    503: "overloaded",
    504: "server",
    529: "overloaded",
}
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key to a server. It is not shown by repr, str or format, not compared, and cannot be pickled."""

    _text: str

    def __post_init__(self) -> None:
        if not self._text or not all(" " < letter <= "~" for letter in self._text):
            # Of an unfit header the HTTP library would quote the value in its error.
            raise UsageError(
                "the API key is empty or has a character that no key has",
                "look for a line end or a space in it",
            )

    def __repr__(self) -> str:
        return "ApiKey(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an API key is not written anywhere")

    def reveal(self) -> str:
        """The key itself, for the SDK alone."""
        return self._text

    def hidden_in(self, text: str) -> str:
        """The text without the key."""
        return text.replace(self._text, "…")


def failure_of_status(status: int, headers: Mapping[str, str], body: object, key: ApiKey) -> Failure:
    """What an answer that is no success means. Servers quote keys in 401 and 403, so their words are left out there."""
    kind = _KINDS.get(status, "bad_request" if status < 500 else "server")
    code, words = _told(body)
    if kind == "bad_request" and "content_filter" in code:
        kind = "refused"
    message = f"HTTP {status}"
    if status not in (401, 403):
        message += "".join(f" · {part}" for part in (_shown(code, key), _shown(words, key)) if part)
    identity = headers.get("request-id") or headers.get("x-request-id")
    return Failure(kind, message, retry_after(headers), status, _shown(identity or "", key) or None)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, of Retry-After (RFC 9110, 10.2.3: seconds, or a date, held against the server's own Date) or of
    retry-after-ms. None where neither is there or neither is one."""
    try:
        if (milliseconds := headers.get("retry-after-ms")) is not None:
            return _seconds(float(milliseconds) / 1000)
        text = headers.get("retry-after")
        if text is None:
            return None
        try:
            return _seconds(float(text))
        except ValueError:
            wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers["date"])
            return _seconds(wait.total_seconds())
    except (ValueError, TypeError, KeyError, OverflowError):
        return None


def _seconds(value: float) -> float | None:
    return max(value, 0.0) if value == value and abs(value) != float("inf") else None


def _told(body: object) -> tuple[str, str]:
    """(type or code, message) of an error body, whichever of the two protocols it is of."""
    told = body.get("error", body) if isinstance(body, Mapping) else None
    if not isinstance(told, Mapping):
        return "", ""
    code = told.get("code") or told.get("type") or ""
    return str(code), str(told.get("message") or "")


def _shown(text: str, key: ApiKey) -> str:
    """A server's words on one line, bounded, without the key."""
    return "".join(c if c.isprintable() else " " for c in key.hidden_in(text))[:_SHOWN]


async def answered(
    sdk: ModuleType, key: ApiKey, call: Callable[[], Any], read: Callable[[Any], T]
) -> T | Failure:
    """What a call through an SDK (anthropic or openai: their errors are named alike) came to."""
    try:
        reply = await call()
    except sdk.APITimeoutError:
        return Failure("timeout", "no answer in time")
    except sdk.APIConnectionError as error:
        return Failure("connection", f"the connection failed ({type(error.__cause__ or error).__name__})")
    except sdk.APIStatusError as error:
        return failure_of_status(error.status_code, error.response.headers, error.body, key)
    except _of_the_transport(sdk) as error:
        return Failure("connection", f"the connection failed ({type(error).__name__})")
    except (sdk.APIError, ValueError) as error:
        return Failure("malformed", f"the server's answer cannot be read ({type(error).__name__})")
    return parsed(read, reply)


def parsed(read: Callable[[Any], T], reply: Any) -> T | Failure:
    """What `read` makes of what an SDK gave, or a failure where that is not of the protocol."""
    try:
        return read(reply)
    except (AttributeError, TypeError, ValueError, IndexError, KeyError) as error:
        return Failure("malformed", f"the server's answer is not of its protocol ({type(error).__name__})")


def _of_the_transport(sdk: ModuleType) -> type[Exception]:
    """The errors of the SDK's HTTP library, which it lets pass while a body streams."""
    library = sys.modules[sdk.Timeout.__init__.__module__.partition(".")[0]]
    return cast(type[Exception], library.HTTPError)


def count(value: object) -> int | None:
    """A number of tokens, or None where the server said nothing that is one."""
    return value if type(value) is int and value >= 0 else None
