"""A file on its way: all of it, a range, its headers, or nothing to who has it already (RFC 9110, 13 and 14)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import BinaryIO, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

PIECE: Final = 1 << 20
"""Bytes that are held at once."""
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


def sent(request: Request, file: BinaryIO, size: int, sha256: str, headers: Mapping[str, str]) -> Response:
    """The answer to GET or HEAD; closes the file. A request for several ranges gets all of it, as servers may give."""
    etag = f'"{sha256}"'
    common = {**headers, "etag": etag, "accept-ranges": "bytes"}
    if _has(request.headers.get("if-none-match", ""), etag):
        file.close()
        return Response(status_code=304, headers=common)
    start, end, status = 0, size, 200
    asked = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if asked and _sound(asked[1], asked[2]) and request.headers.get("if-range", etag) == etag:
        span = _span(asked[1], asked[2], size)
        if span is None:
            file.close()
            return Response(status_code=416, headers={**common, "content-range": f"bytes */{size}"})
        (start, end), status = span, 206
        common["content-range"] = f"bytes {start}-{end - 1}/{size}"
    common["content-length"] = str(end - start)
    if request.method == "HEAD":
        file.close()
        return Response(status_code=status, headers=common)
    return StreamingResponse(_pieces(file, start, end - start), status, common)


def _sound(first: str, last: str) -> bool:
    """Whether it is a range at all; what is none is as if nobody had asked for one."""
    return bool(first or last) and not (first and last and int(last) < int(first))


def _span(first: str, last: str, size: int) -> tuple[int, int] | None:
    """The bytes meant, as start and end; None when there are none of them."""
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
    return (start, end) if start < end else None


def _has(tags: str, etag: str) -> bool:
    """Whether one of the tags of If-None-Match is this one, or any."""
    named = [one.strip().removeprefix("W/") for one in tags.split(",")]
    return etag in named or "*" in named


async def _pieces(file: BinaryIO, start: int, left: int) -> AsyncIterator[bytes]:
    try:
        await run_in_threadpool(file.seek, start)
        while left and (piece := await run_in_threadpool(file.read, min(PIECE, left))):
            left -= len(piece)
            yield piece
    finally:
        file.close()
