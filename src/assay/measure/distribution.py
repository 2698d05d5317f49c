"""How the rows spread over the values of one field: a topic, a label, a source, a month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

LIMIT: Final = 10_000
"""With more different values than this a field is no category (it is an id, or free text)."""
SHOWN: Final = 30
VALUE_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class Share:
    """A value and how many rows have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """The values of `field`, the most frequent first, at most `SHOWN` of them.

    `stated` rows have a value, `missing` have none. `distinct` counts the values; None means more than
    `LIMIT`, in which case nothing else is said. `other` are the rows whose value is not in `top`.
    """

    field: str
    stated: int
    missing: int
    distinct: int | None
    top: tuple[Share, ...]
    other: int
    smallest: Share | None

    @property
    def imbalance(self) -> float | None:
        """The largest value's rows over the smallest value's; None with fewer than two values."""
        if self.smallest is None or self.distinct is None or self.distinct < 2:
            return None
        return self.top[0].count / self.smallest.count


class Tally:
    """Counts values. Forgets them all, for good, when they prove to be no category; order changes nothing."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._counts: Counter[str] = Counter()
        self.stated = 0
        self.overflown = False

    def add(self, values: Iterable[str]) -> None:
        found = Counter(values)
        self.stated += found.total()
        if self.overflown:
            return
        for value, count in found.items():
            self._counts[value[:VALUE_CHARS]] += count
        if len(self._counts) > self._limit:
            self.overflown = True
            self._counts.clear()

    @property
    def counts(self) -> Mapping[str, int]:
        return self._counts

    def ordered(self) -> list[Share]:
        """The most frequent first, equals by name."""
        pairs = sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return [Share(value, count) for value, count in pairs]

    def distribution(self, field: str, rows: int, shown: int = SHOWN) -> Distribution:
        """`rows`: how many there are in all."""
        if self.overflown:
            return Distribution(field, self.stated, max(0, rows - self.stated), None, (), 0, None)
        ordered = self.ordered()
        top = tuple(ordered[:shown])
        other = self.stated - sum(share.count for share in top)
        smallest = ordered[-1] if ordered else None
        missing = max(0, rows - self.stated)
        return Distribution(field, self.stated, missing, len(ordered), top, other, smallest)


def field_value(path: str, extra: Mapping[str, Any], payload: Mapping[str, Any]) -> str | None:
    """What a row states in `path`, which may be dotted (`meta.topic`), as text; None when it states nothing.

    The record's left-over fields are looked at first, then the payload. What is not text is spelled as JSON.
    """
    for held in (extra, payload):
        value = _at(held, path)
        if value is not None and value != "":
            return value if isinstance(value, str) else orjson.dumps(value).decode()
    return None


def _at(held: Mapping[str, Any], path: str) -> Any:
    value = held.get(path)
    if value is not None or "." not in path:
        return value
    value = held
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
