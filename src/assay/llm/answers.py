"""Structured answers: JSON out of what a model said, held against a pydantic model, with one chance to mend it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Literal, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from assay.llm.client import Client, Failure, Message, Request, Response

T = TypeVar("T", bound=BaseModel)

NoAnswerCode = Literal["refused", "truncated", "not_json", "ambiguous", "invalid", "failed"]
CODES: Final[Mapping[NoAnswerCode, str]] = {
    "refused": "the model or the server declined to answer",
    "truncated": "the answer was cut off",
    "not_json": "there is no JSON object in the answer",
    "ambiguous": "the answer holds several objects that differ, or one that says a key twice",
    "invalid": "the JSON object is not what was asked for",
    "failed": "no answer came",
}
_MENDABLE: Final = frozenset({"truncated", "not_json", "ambiguous", "invalid"})
_LONGEST: Final = 1 << 20
_STARTS: Final = 64
_PROBLEMS: Final = 8


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a model answered, checked. `responses`: all that was paid for, the one that held last."""

    value: T
    responses: tuple[Response, ...]

    @property
    def mended(self) -> bool:
        """Whether it took a second call."""
        return len(self.responses) > 1


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why there is nothing to use: one of `CODES`, in words, all that was paid for, and a call's failure."""

    code: NoAnswerCode
    message: str
    responses: tuple[Response, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a text gives no value: one of `CODES`, and what is wrong in words that quote nothing of it."""

    code: NoAnswerCode
    message: str


async def ask(client: Client, request: Request, shape: type[T], *, mend: bool = True) -> Answer[T] | NoAnswer:
    """Ask for a value of `shape`; where the answer cannot be used, tell the model why and ask once more.

    A refusal is not asked again, and neither is an answer that was cut at max_tokens: it would be cut again.
    """
    responses: tuple[Response, ...] = ()
    while True:
        reply = await client.complete(request)
        if isinstance(reply, Failure):
            code: NoAnswerCode = "refused" if reply.kind == "refused" else "failed"
            return NoAnswer(code, reply.message, responses, reply)
        responses = (*responses, reply)
        value = value_in(reply, shape)
        if not isinstance(value, Unusable):
            return Answer(value, responses)
        hopeless = value.code not in _MENDABLE or reply.stop_reason == "length"
        if not mend or hopeless or len(responses) > 1:
            return NoAnswer(value.code, value.message, responses)
        request = mending(request, reply, value)


def mending(request: Request, response: Response, wrong: Unusable) -> Request:
    """The request that follows an answer that cannot be used."""
    said = Message("assistant", response.text.rstrip()[:_LONGEST] or "(nothing)")
    words = (
        f"That answer cannot be used: {CODES[wrong.code]} ({wrong.message}). "
        "Answer again with exactly one JSON object as first asked for, and nothing else."
    )
    return replace(request, messages=(*request.messages, said, Message("user", words)))


def value_in(response: Response, shape: type[T]) -> T | Unusable:
    """The one value of `shape` that a response holds: the whole text, or a JSON object in a code fence or in prose.

    An answer that was cut is never used, even if an object in it is whole. Where several objects would do and differ,
    none is taken: what a text quotes must not pass for the answer. Types are checked strictly.
    """
    if response.stop_reason == "refusal":
        return Unusable("refused", "stop reason: refusal")
    if response.stop_reason == "length":
        return Unusable("truncated", "it reached max_tokens")
    if len(response.text) > _LONGEST:
        return Unusable("not_json", f"the answer is longer than {_LONGEST} characters")
    found, wrong = [], None
    for parsed in _objects(response.text):
        value = parsed if isinstance(parsed, Unusable) else _checked(parsed, shape)
        if isinstance(value, Unusable):
            wrong = value if wrong is None or value.code != "invalid" else wrong
        elif value not in found:
            found.append(value)
    if wrong is not None and (not found or wrong.code != "invalid"):
        return wrong
    if len(found) > 1:
        return Unusable("ambiguous", f"{len(found)} objects would do")
    return found[0] if found else Unusable("not_json", "no object in it")


def schema_of(shape: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a model, as requests carry it."""
    return shape.model_json_schema()


class _Twice(ValueError):
    """An object that says a key twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) < len(pairs):
        raise _Twice
    return told


def _no_constant(name: str) -> Any:
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)


def _objects(text: str) -> Iterator[dict[str, Any] | Unusable]:
    """The JSON objects of a text from left to right, none of them inside another; last, what is wrong with the rest."""
    at = text.find("{")
    for _ in range(_STARTS):
        if at < 0:
            return
        try:
            value, end = _DECODER.raw_decode(text, at)
            yield value
        except _Twice:
            yield Unusable("ambiguous", "a key is said twice")
            return
        except json.JSONDecodeError as error:
            if error.pos >= len(text.rstrip().rstrip("`").rstrip()) or error.msg.startswith("Unterminated"):
                yield Unusable("truncated", "an object is not closed")
                return
            if text[at + 1 : at + 33].lstrip()[:1] == '"':
                yield Unusable("not_json", "an object is broken")
                return
            # A brace of prose or TeX. What is inside it is passed over too: a part of a broken object is no answer.
            end = text.find("}", at)
            if end < 0:
                return
        except (ValueError, RecursionError):  # NaN, a number of thousands of digits, a thousand brackets
            yield Unusable("not_json", "a value that no JSON has")
            return
        at = text.find("{", end)
    yield Unusable("ambiguous", f"more than {_STARTS} braces are open in it")


def _checked(parsed: dict[str, Any], shape: type[T]) -> T | Unusable:
    try:
        return shape.model_validate_json(orjson.dumps(parsed), strict=True)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)[:_PROBLEMS]
        # Of an unknown key only the place is told: the key itself is the model's text.
        told = (
            f"{'.'.join(str(part) for part in problem['loc']) if problem['type'] != 'extra_forbidden' else 'a key'}: "
            f"{problem['msg']}"
            for problem in problems
        )
        return Unusable("invalid", "; ".join(told))
    except (TypeError, ValueError):  # half a character, an integer beyond 64 bits
        return Unusable("invalid", "a value that cannot be stored")
