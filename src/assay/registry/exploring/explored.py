"""The answers of `explore` and `rejected`, as values; `as_json` is the contract that scripts depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from assay.measure.facets.columns import Facet
from assay.model.example import flat_text, views

CHARS: Final = 300
"""Characters of a text that a list of rows shows."""


@dataclass(frozen=True, slots=True)
class Row:
    """An example in a list: how its first user turn and the answer to it begin (`cut`: there is more of one of them),
    and what is known of it. `flags`: see `version_columns.FLAGS`. Texts are of strangers: escape them."""

    id: str
    split: str
    kind: str
    language: str
    origin: str
    generator: str
    source: str
    record: int | None
    turns: int
    length: int
    input: str
    output: str
    cut: bool
    scores: Mapping[str, float]
    flags: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {"scores": dict(self.scores), "flags": list(self.flags)}


@dataclass(frozen=True, slots=True)
class Explored:
    """A page of the rows that a query chooses, and the facets of all of them.

    `total` rows are chosen of the version's `examples`; `first` is the number of the page's first, from 1 (0: there is
    none). `next` and `previous` are keys for `Page.after` and `Page.before`; None at the ends. `fields`: what
    conditions may name; `sorts`: what may be sorted by.
    """

    version: str
    query: str
    sort: str
    examples: int
    total: int
    first: int
    rows: tuple[Row, ...]
    facets: tuple[Facet, ...]
    next: str | None
    previous: str | None
    fields: tuple[str, ...]
    sorts: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {
            "rows": [row.as_json() for row in self.rows],
            "facets": [facet.as_json() for facet in self.facets],
            "fields": list(self.fields),
            "sorts": list(self.sorts),
        }


@dataclass(frozen=True, slots=True)
class Beside:
    """Where an example stands among the rows that a query chooses: `place` of `total`, from 1; and the ids of those
    before and behind it, None at the ends."""

    place: int
    total: int
    previous: str | None
    next: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that did not make it, in a list: why, on what evidence, and how its text begins."""

    source: str
    record: int
    outcome: str
    stage: str
    code: str
    value: float | None
    threshold: float | None
    twin_id: str | None
    twin_source: str | None
    twin_record: int | None
    similarity: float | None
    id: str | None
    text: str
    cut: bool
    message: str | None

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Ledgered:
    """A page of the records that a curation did not keep. `version`: the one that the curation made; `read`: the
    records of its ledger, `rejected` those that are not kept, `total` those of them that are chosen."""

    version: str
    sort: str
    read: int
    rejected: int
    total: int
    first: int
    rows: tuple[Refusal, ...]
    facets: tuple[Facet, ...]
    next: str | None
    previous: str | None

    def as_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {
            "rows": [row.as_json() for row in self.rows],
            "facets": [facet.as_json() for facet in self.facets],
        }


def opening(payload: Mapping[str, Any]) -> tuple[str, str]:
    """The first user turn and the first answer behind it; of a payload that is no conversation, input and output."""
    turns = payload.get("messages")
    if not isinstance(turns, list):
        seen = views(payload)
        return seen.input, seen.output
    roles = [turn.get("role") for turn in turns]
    asked = roles.index("user") if "user" in roles else None
    answered = next((k for k in range((asked or 0), len(roles)) if roles[k] == "assistant"), None)
    return (
        "" if asked is None else flat_text([turns[asked]]),
        "" if answered is None else flat_text([turns[answered]]),
    )


def beginning(text: str) -> tuple[str, bool]:
    """The first `CHARS` characters, and whether there are more."""
    return text[:CHARS], len(text) > CHARS
