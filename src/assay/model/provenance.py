"""Where an example came from: the columns that stand beside a payload, and never in its id."""

from __future__ import annotations

from typing import Final

ORIGINS: Final = ("human", "synthetic", "log", "web")

COLUMNS: Final = (
    "key",  # the user's own id of the record, as text
    "origin",  # one of ORIGINS
    "generator",  # provider/model that wrote it
    "prompt_template",  # id or digest of the template behind a synthetic row
    "generation_params",  # canonical JSON
    "created",  # time the record itself states, as it states it
    "derived_from",  # canonical JSON list of example ids
    "depth",  # synthetic depth: human 0, model output 1, …
    "licence",
)
"""Text columns, except `depth` (integer). All may be missing."""


def depth_of(depth: int | None, origin: str | None) -> int:
    """How many models stand between people and an example: what it states, else 1 of origin `synthetic`, else 0."""
    return depth if depth is not None else int(origin == "synthetic")
