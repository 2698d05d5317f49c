"""Where events go: lines of a file, or a server that speaks OpenLineage's API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from assay.errors import MissingExtra, StorageFailure, UsageError
from assay.track.told import failures_of

NAME: Final = "openlineage"
TIMEOUT: Final = 10.0
"""Seconds that one attempt to post may take."""
_RETRIES: Final = {
    "total": 2,
    "backoff_factor": 0.2,
    "allowed_methods": ["POST"],
    "status_forcelist": [502, 503, 504],
}


class Sink(Protocol):
    """Takes events, one by one."""

    def emit(self, event: Mapping[str, Any]) -> None:
        """Write or post one event. Raises TrackingFailed, StorageFailure."""
        ...


def spell(event: Mapping[str, Any]) -> bytes:
    """An event as a line of JSON."""
    return orjson.dumps(event, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


class FileSink:
    """Appends events to a file, a line each. Raises StorageFailure."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def emit(self, event: Mapping[str, Any]) -> None:
        try:
            with self._path.open("ab") as out:
                out.write(spell(event))
        except OSError as error:
            raise StorageFailure(
                f"events cannot be written to {self._path}: {error.strerror or error}", "name another file"
            ) from None


class HttpSink:
    """Posts events to `url` (http or https; `/api/v1/lineage` is added) through OpenLineage's own client.

    Only its transport is used: its client would read the environment, configuration files and Git, and add what it
    finds there.
    Raises MissingExtra without the client; UsageError for what is no address.
    """

    def __init__(self, url: str, api_key: str | None = None, timeout: float = TIMEOUT) -> None:
        try:
            from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport
        except ImportError:
            raise MissingExtra(
                "posting OpenLineage events needs the openlineage-python package",
                "pip install 'assay-data[openlineage]', or name a file",
            ) from None
        config = HttpConfig(url=url, timeout=timeout, retry=dict(_RETRIES))
        if api_key:
            config.auth = ApiKeyTokenProvider({"apiKey": api_key})
        try:
            self._transport = HttpTransport(config)
        except ValueError:
            raise UsageError("events cannot be posted to what is no address", "https://HOST[:PORT]") from None

    def emit(self, event: Mapping[str, Any]) -> None:
        with failures_of(NAME, "see whether the server is there, and send the events again"):
            self._transport.emit(dict(event))


def sink_at(place: str, api_key: str | None = None) -> Sink:
    """What writes to `place`: an address of a server, else a file. Raises UsageError, MissingExtra."""
    if place.startswith(("http://", "https://")):
        if "@" in place.split("/", 3)[2]:
            raise UsageError(
                "an address with a name or a password in it is kept in the log with the receipt",
                "leave it out, and give the server's key as a key",
            )
        return HttpSink(place, api_key)
    if not place or Path(place).is_dir():
        raise UsageError(
            "OpenLineage events need a place to go", "openlineage=FILE, or openlineage=https://HOST"
        )
    return FileSink(place)
