"""What the two wire protocols have in common: how a request is refused, and how its parts are read."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from assay.testing.llm_call import Answer, Api, Call

Problem = Literal["invalid", "key", "missing", "method", "too_large", "rate", "server", "overloaded"]

_DEPTH = 32


class Refused(Exception):
    """A request that the provider answers with an error body."""

    def __init__(
        self, problem: Problem, message: str, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.problem, self.message, self.param, self.code = problem, message, param, code


class Wire(Protocol):
    """One provider's protocol: pure functions between bodies and values."""

    api: Api

    def read(self, body: Mapping[str, Any]) -> Call:
        """The request as a value; raises `Refused` where the provider would refuse it."""

    def spell(self, call: Call, answer: Answer, token: str, created: float) -> dict[str, Any]:
        """The body of a success. `token` is hex that makes the ids, `created` seconds since the epoch."""

    def error(self, refused: Refused, request_id: str) -> tuple[int, dict[str, Any]]:
        """Status and body of an error."""

    def headers(self, request_id: str) -> dict[str, str]:
        """The headers that every response carries."""

    def retry(self, seconds: float) -> dict[str, str]:
        """The headers that tell a client when to come back."""

    def limits(self, limit: int, left: int, wait: float, now: float) -> dict[str, str]:
        """The headers that tell of a rate limit: its size, what is left, and seconds until it is full again."""


def read_json(data: bytes) -> dict[str, Any]:
    """The body as an object; raises `Refused` where it is none."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Refused("invalid", "We could not parse the JSON body of your request: it is not an object.")
    return value


def write_json(value: Any) -> bytes:
    """UTF-8, with lone surrogates as escapes."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")


def content_text(content: Any) -> str:
    """The words of a message: a text, or the text blocks of a list; images and the like have none."""
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    texts = [block.get("text") for block in blocks if isinstance(block, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))


def mapping(value: Any, *path: str) -> Mapping[str, Any]:
    """The object at a path of keys, or an empty one."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def objects_in(schema: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every subschema with its path, outermost first; raises `Refused` deeper than 32."""
    if depth > _DEPTH:
        raise Refused("invalid", f"The schema is nested more than {_DEPTH} deep.", code="invalid_schema")
    if not isinstance(schema, dict):
        return
    yield path, schema
    for key in ("properties", "$defs", "definitions"):
        for name, part in mapping(schema, key).items():
            yield from objects_in(part, f"{path}/{key}/{name}", depth + 1)
    for key in ("anyOf", "allOf", "oneOf", "prefixItems"):
        parts = schema.get(key)
        for number, part in enumerate(parts if isinstance(parts, list) else []):
            yield from objects_in(part, f"{path}/{key}/{number}", depth + 1)
    yield from objects_in(schema.get("items"), f"{path}/items", depth + 1)


def is_object(schema: Mapping[str, Any]) -> bool:
    """Whether a subschema describes an object."""
    return schema.get("type") == "object" or "properties" in schema


def whole(seconds: float) -> str:
    """Seconds as Retry-After has them: whole, rounded up."""
    return str(math.ceil(seconds))


def stamp(seconds: float) -> str:
    """RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
