"""What a card knows of a version: facts that the registry gathered, and nothing that anybody has to believe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the exported files. `type`: string, bool, int64, float64, json (JSON text), or messages, a list of
    records with the columns `fields`."""

    name: str
    type: str
    fields: tuple[Column, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Split:
    """`rows` examples under `name`, their payloads `bytes` long; `files` is the split's name in exported files."""

    name: str
    rows: int
    files: str
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """The values of a provenance column, the most frequent first; `other` rows have a value that is not shown."""

    column: str
    stated: int
    missing: int
    values: tuple[tuple[str, int], ...]
    other: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(value for value, _ in self.values)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that the curation read. `sha256` is of its bytes as they lay there; `rows`: examples of this version."""

    uri: str
    sha256: str
    bytes: int
    shape: str
    rows: int


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of the curation: `entered` records, of which `rejected` left, by code; `flagged` stayed."""

    stage: str
    entered: int
    rejected: int
    codes: Mapping[str, int]
    flagged: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Curated:
    """How the version was made. read = kept + rejected + malformed; None where the ledger does not count it."""

    read: int
    kept: int
    rejected: int
    malformed: int
    malformed_codes: Mapping[str, int]
    recipe: Mapping[str, Any]
    recipe_digest: str
    stages: Mapping[str, int]
    added: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A health check: what was measured, what is healthy, and what that means."""

    name: str
    title: str
    shown: str
    healthy: str
    verdict: str
    why: str
    advice: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure in words and digits."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class EvalGuard:
    """A frozen eval set. `held`: the curation of this version was held against it, and it was the same set."""

    name: str
    digest: str
    items: int
    frozen: str
    held: bool


@dataclass(frozen=True, slots=True)
class Past:
    """A version of the dataset, as its log entry has it."""

    number: int
    operation: int
    action: str
    actor: str
    time: str
    message: str
    rows: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Act:
    """A log entry about this version that made no version: an approval, a release, a run, …"""

    operation: int
    action: str
    actor: str
    time: str


@dataclass(frozen=True, slots=True)
class Trained:
    """A training run that learned from the version, or from one `split` of it."""

    run: str
    split: str
    model: str
    base_model: str


@dataclass(frozen=True, slots=True)
class CardFacts:
    """Everything about one version that its papers are written from.

    `languages`: ISO 639 code → examples, as the built-in detector sees them; `und` undetermined, `code` source code.
    `units` counts words, and single Han and kana characters, of input and output; bytes are
    those of payloads as canonical JSON in UTF-8. `collected`: the first and
    the last month that records state. `history` ends with this version, oldest first; `older` versions before it
    are left out. `program` wrote this.
    """

    dataset: str
    number: int
    fingerprint: str
    manifest: str
    made: str
    actor: str
    action: str
    message: str
    registry: str
    program: str
    parents: tuple[str, ...]
    splits: tuple[Split, ...]
    kinds: Mapping[str, int]
    labelled: int
    columns: tuple[Column, ...]
    languages: Mapping[str, int]
    synthetic: int
    units: int
    curated: Curated | None
    sources: tuple[SourceFile, ...]
    provenance: tuple[Tally, ...]
    collected: tuple[str, str] | None
    figures: tuple[Figure, ...]
    health: tuple[Verdict, ...]
    guards: tuple[EvalGuard, ...]
    history: tuple[Past, ...]
    older: int
    acts: tuple[Act, ...]
    trained: tuple[Trained, ...] = ()

    @property
    def version(self) -> str:
        """`helpdesk@v2`."""
        return f"{self.dataset}@v{self.number}"

    @property
    def rows(self) -> int:
        return sum(split.rows for split in self.splits)

    @property
    def payload_bytes(self) -> int:
        return sum(split.bytes for split in self.splits)

    def tally(self, column: str) -> Tally:
        """The values of a provenance column; an empty tally for one that nobody counted."""
        found = (tally for tally in self.provenance if tally.column == column)
        return next(found, Tally(column, 0, self.rows, ()))

    @property
    def told_languages(self) -> tuple[str, ...]:
        """The languages of at least one example in a hundred, the most frequent first."""
        named = [(n, code) for code, n in self.languages.items() if code not in ("und", "code")]
        return tuple(
            code for n, code in sorted(named, key=lambda pair: (-pair[0], pair[1])) if n * 100 >= self.rows
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values, every field under its name."""
        value: dict[str, Any] = _plain(self)
        return {"version": self.version, "rows": self.rows, **value}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    return value
