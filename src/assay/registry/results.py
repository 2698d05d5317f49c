"""The answers of the use cases, as values; `as_json` is the contract that scripts depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.formats.tuning.rules import Violation
    from assay.govern.gate import Gate


@dataclass(frozen=True, slots=True)
class FunnelStage:
    """One stage of the funnel: `entered` records, of which `rejected` went, by code; `flagged` stayed."""

    stage: str
    entered: int
    rejected: int
    codes: Mapping[str, int]
    flagged: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "stage": self.stage,
            "in": self.entered,
            "rejected": self.rejected,
            "codes": dict(self.codes),
        }
        if self.flagged:
            row["flagged"] = dict(self.flagged)
        return row


@dataclass(frozen=True, slots=True)
class CurationResult:
    """What a curation did. read = kept + rejected + malformed, always.

    `version` is the committed version ("helpdesk@v1"), or None after a dry run. `codes_malformed` counts the
    malformed records by code. With `--add`, `splits` counts the whole version and the rest what was added.
    `reused`: rows of which every dear value was remembered from an earlier run.
    """

    dataset: str
    version: str | None
    fingerprint: str
    read: int
    kept: int
    rejected: int
    malformed: int
    splits: Mapping[str, int]
    stages: tuple[FunnelStage, ...]
    codes_malformed: Mapping[str, int]
    elapsed_seconds: float
    phases: Mapping[str, float] = field(default_factory=dict)
    unchanged: bool = False
    reused: int = 0
    gate: Gate | None = None
    """What the policy says of the version; None where none is in force."""
    base: str | None = None
    """The version before it on its branch."""
    selectors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Selector's kind → what a person should know of its choice."""

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "version": self.version,
            "fingerprint": self.fingerprint,
            "read": self.read,
            "kept": self.kept,
            "rejected": self.rejected,
            "malformed": self.malformed,
            "splits": dict(self.splits),
            "stages": [stage.as_json() for stage in self.stages],
            "malformed_codes": dict(self.codes_malformed),
            "reused": self.reused,
            "elapsed_seconds": round(self.elapsed_seconds, 3),
            "phases": {name: round(seconds, 3) for name, seconds in self.phases.items()},
            **({"judge": dict(self.selectors["judge"])} if "judge" in self.selectors else {}),
            **({"gate": self.gate.as_json()} if self.gate is not None else {}),
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long job is: `done` of `total` `unit`s (bytes, records) of the named `phase`; `note`: what else there
    is to know, in a few words."""

    phase: str
    done: int
    total: int | None
    unit: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """One line of `list`. `latest` is the newest version's number; `time` is when it was committed."""

    name: str
    latest: int
    versions: int
    splits: Mapping[str, int]
    fingerprint: str
    time: str
    actor: str

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.name,
            "latest": f"{self.name}@v{self.latest}",
            "versions": self.versions,
            "splits": dict(self.splits),
            "fingerprint": self.fingerprint,
            "time": self.time,
            "actor": self.actor,
        }


@dataclass(frozen=True, slots=True)
class Hit:
    """An example that a search found. `input` and `output` are its texts, whole.

    `versions`: where all versions were searched, those that hold it; `version` is the newest of them.
    """

    id: str
    split: str
    version: str
    input: str
    output: str
    source: str
    record: int
    versions: tuple[Interval, ...] = ()

    def as_json(self) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "id": self.id,
            "split": self.split,
            "version": self.version,
            "input": self.input,
            "output": self.output,
            "source": self.source,
            "record": self.record,
        }
        if self.versions:
            answer["versions"] = [held.as_json() for held in self.versions]
        return answer


@dataclass(frozen=True, slots=True)
class Interval:
    """From which version to which of a branch an example is in a dataset's split; `last` None = up to the newest."""

    dataset: str
    split: str
    first: int
    last: int | None
    branch: str = "main"

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "branch": self.branch,
            "split": self.split,
            "first": self.first,
            "last": self.last,
        }


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter of what is known about an example: its name, its title, and rows of names and JSON values."""

    name: str
    title: str
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything known about an example: payload, provenance, where read, versions, twins it stands for."""

    id: str
    kind: str
    payload: Mapping[str, Any]
    provenance: Mapping[str, Any]
    readings: tuple[Mapping[str, Any], ...]
    """Every record that was this example, and what the curation decided: {"dataset", "version", "source", "record",
    "outcome", "stage", "code", "value", "threshold", "split"}."""
    stands_for: tuple[Mapping[str, Any], ...]
    """Records rejected in its stead: the same, and "similarity"."""
    versions: tuple[Interval, ...]
    edits: tuple[Mapping[str, Any], ...] = ()
    """{"direction": from | to, "id", "dataset", "version", "action", "actor", "time"}."""
    chapters: tuple[Section, ...] = ()
    forgotten: bool = False
    """Whether its text was destroyed: then the payload is empty."""

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "payload": dict(self.payload),
            "provenance": dict(self.provenance),
            "readings": [dict(r) for r in self.readings],
            "stands_for": [dict(r) for r in self.stands_for],
            "versions": [v.as_json() for v in self.versions],
            "edits": [dict(e) for e in self.edits],
            "forgotten": self.forgotten,
            "chapters": {chapter.name: [dict(row) for row in chapter.rows] for chapter in self.chapters},
        }


@dataclass(frozen=True, slots=True)
class ExportResult:
    """Which files an export wrote, with the number of rows in each."""

    version: str
    format: str
    files: Mapping[str, int]
    forgotten: int = 0
    """Examples of the version that were left out because they were forgotten."""
    notes: tuple[str, ...] = ()
    """What was not written, and why."""
    violations: tuple[Violation, ...] = ()
    """Rules of a provider that are broken, example by example; the first ten thousand."""
    broken: Mapping[str, int] = field(default_factory=dict)
    """All of them, by code."""
    skipped: int = 0
    """Examples that a provider has no form for, or that break a rule and were left out on demand."""
    refusing: int = 0
    """Violations that stand in the way of files; 0 where files were written."""

    def as_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {"version": self.version, "format": self.format, "files": dict(self.files)}
        said |= {"forgotten": self.forgotten} if self.forgotten else {}
        if self.broken:
            said |= {"refusing": self.refusing, "skipped": self.skipped, "broken": dict(self.broken)}
            said["violations"] = [one.as_json() for one in self.violations]
        return said | ({"notes": list(self.notes)} if self.notes else {})
