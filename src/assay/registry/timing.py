"""How the registry writes time."""

from __future__ import annotations

from datetime import UTC, datetime


def spell_time(time: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_now() -> datetime:
    """The time now."""
    return datetime.now(UTC)
