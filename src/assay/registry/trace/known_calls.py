"""The call to a model that made one example, for its trace: what the record says of it beyond provenance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from assay.registry.results import Section

if TYPE_CHECKING:
    from assay.registry import Registry

_SAID: Final = {
    "request_id": "request_id",
    "tokens": "tokens",
    "token_usage": "tokens",
    "price": "price",
    "response_cost": "price",
}
"""A record's field → what it is; the second of a pair is how Bespoke Curator has it."""


_COUNTS: Final = 8
"""Counts of tokens that are shown of one call."""


def chapter(registry: Registry, example: bytes) -> Section | None:
    """Request, tokens and price of an example that names its generator, where its record states any. Raises Damaged."""
    import orjson

    from assay.registry.warm import warm_of

    index, name = registry.index(), example.hex()
    found = index.locate(name) or index.locate(name, rejected=True)
    if found is None:
        return None
    columns = ["generator", "extra"]
    (row,) = warm_of(registry).glimpse.rows([(found.segment, found.ordinal)], columns).to_pylist()
    if not row["generator"] or not row["extra"]:
        return None
    told = _told(orjson.loads(row["extra"]))
    return Section("call", "The call that made it", (told,)) if told else None


def _told(extra: Mapping[str, Any]) -> dict[str, str | int | float]:
    told: dict[str, str | int | float] = {}
    for field, meaning in _SAID.items():
        value = extra.get(field)
        parts = (
            {f"{meaning}_{kind}": n for kind, n in value.items()}
            if isinstance(value, dict)
            else {meaning: value}
        )
        for name, part in list(parts.items())[:_COUNTS]:
            if isinstance(part, (str, int, float)) and part != "":
                told.setdefault(name, part)
    return told
