"""The four documents that a team works by, filled with the settings that a registry really has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import yaml

from assay.govern.card_facts import Column, Tally
from assay.govern.document import Block, Bullets, Listing, Mono, Paragraph, Table
from assay.govern.markdown import fragment
from assay.model.ref import NAME_RULE

DOCUMENTS: Final = (
    "generation-spec.md",
    "naming-and-paths.md",
    "example-schema.md",
    "compliance-and-ethics.md",
)
SCREENS: Final = ("pii", "toxicity")
_HOLE = re.compile(r"\{\{([a-z]+)\}\}")
_SHOWN = 30


@dataclass(frozen=True, slots=True)
class DatasetSettings:
    """A dataset as its newest version has it. `stages`: kind → parameters, every default spelled out; `split`: the
    recipe's; both empty where no curation made it. `tags` and `branches` are names."""

    name: str
    version: str
    versions: int
    rows: Mapping[str, int]
    kinds: Mapping[str, int]
    stages: Mapping[str, Mapping[str, Any]]
    split: Mapping[str, Any]
    columns: Sequence[Column]
    provenance: Sequence[Tally]
    branches: Sequence[str]
    tags: Sequence[str]


@dataclass(frozen=True, slots=True)
class EvalSetting:
    """A frozen eval set."""

    name: str
    items: int
    digest: str
    frozen: str


@dataclass(frozen=True, slots=True)
class PolicySetting:
    """A policy in force: for which dataset (None: all others), since when, by whom, and what it says."""

    dataset: str | None
    since: str
    actor: str
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a registry is set to. `codes`: stage → code → what it means, of every stage that a recipe here uses."""

    registry: str
    format: int
    date: str
    actors: Sequence[str]
    datasets: Sequence[DatasetSettings]
    evalsets: Sequence[EvalSetting]
    policies: Sequence[PolicySetting]
    codes: Mapping[str, Mapping[str, str]]


def rulebook(settings: Settings) -> dict[str, str]:
    """File name → Markdown of the four documents."""
    return {name: _filled(name, settings) for name in DOCUMENTS}


def _filled(name: str, settings: Settings) -> str:
    text = files("assay.govern").joinpath("texts", name).read_text("utf-8")
    return _HOLE.sub(lambda hole: _FILLERS[hole.group(1)](settings), text)


def _told(rows: Sequence[Sequence[str]], heads: Sequence[str], otherwise: str) -> str:
    """A table, or a sentence when it would be empty."""
    return fragment([Table(heads, rows) if rows else Paragraph(otherwise)])


def _generators(settings: Settings) -> str:
    rows = [*_values(settings, "generator"), *_values(settings, "prompt_template")]
    return _told(
        rows, ("dataset", "what", "value", "examples"), "No record in the newest versions names one."
    )


def _values(settings: Settings, column: str) -> list[tuple[str, str, str, str]]:
    name = column.replace("_", " ")
    return [
        (dataset.version, name, value, f"{count:,}")
        for dataset in settings.datasets
        for tally in dataset.provenance
        if tally.column == column
        for value, count in tally.values[:_SHOWN]
    ]


def _checks(settings: Settings) -> str:
    blocks: list[Block] = []
    for dataset in settings.datasets:
        if not dataset.stages:
            continue
        rows = [
            (Mono(kind), _params(params), "; ".join(settings.codes.get(kind, {}).values()))
            for kind, params in dataset.stages.items()
        ]
        blocks += [
            Paragraph(f"The recipe of {dataset.version}:"),
            Table(("stage", "settings", "what it looks for"), rows),
        ]
    none = "No dataset here was made by a recipe yet; assay curate uses the preset default unless told otherwise."
    return fragment(blocks or [Paragraph(none)])


def _params(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_param(value)}" for name, value in params.items()) or "none"


def _param(value: Any) -> str:
    return " ".join(map(str, value)) or "none" if isinstance(value, (list, tuple)) else str(value)


def _judging(settings: Settings) -> str:
    found = [
        f"{d.version} is judged with: {_params(d.stages['judge'])}."
        for d in settings.datasets
        if "judge" in d.stages
    ]
    none = "No recipe here has a judge: the rubric below is for people, and nothing enforces it."
    return fragment([Paragraph(" ".join(found) or none)])


def _synthetic(settings: Settings) -> str:
    rows = _values(settings, "depth")
    return _told(
        rows, ("dataset", "what", "value", "examples"), "No record in the newest versions states a depth."
    )


def _names(settings: Settings) -> str:
    said = [
        f"Datasets, splits, tags, branches, eval sets and runs: {NAME_RULE}.",
        "No dot at the end, no two dots in a row, Unicode NFC, and no name that Windows keeps for a device.",
        "A tag or a branch does not look like a version (v2) or a date; an eval set does not look like an object.",
        f"The registry's format is {settings.format}.",
    ]
    return fragment([Bullets(said)])


def _datasets(settings: Settings) -> str:
    rows = [
        (
            Mono(one.name), one.version, ", ".join(f"{split} {count:,}" for split, count in one.rows.items()),
            _params(one.split) if one.split else "none", ", ".join(one.branches), ", ".join(one.tags) or "none",
        )
        for one in settings.datasets
    ]  # fmt: skip
    heads = ("dataset", "newest", "examples", "split by", "branches", "tags")
    return _told(rows, heads, "None yet.")


def _provenance(settings: Settings) -> str:
    rows = [
        (one.version, Mono(tally.column), f"{tally.stated:,}", f"{tally.missing:,}")
        for one in settings.datasets
        for tally in one.provenance
    ]
    return _told(rows, ("version", "field", "examples that state it", "that do not"), "No dataset yet.")


def _columns(settings: Settings) -> str:
    rows = [
        (one.version, Mono(column.name), _type(column), column.note)
        for one in settings.datasets
        for column in one.columns
    ]
    return _told(rows, ("version", "column", "type", "what it holds"), "No dataset yet.")


def _type(column: Column) -> str:
    inner = ", ".join(f"{one.name}: {one.type}" for one in column.fields)
    return f"list of {inner}" if column.type == "messages" else column.type


def _actors(settings: Settings) -> str:
    return fragment([Paragraph(", ".join(settings.actors) or "none yet")])


def _policies(settings: Settings) -> str:
    blocks: list[Block] = []
    for one in settings.policies:
        whose = f"for {one.dataset}" if one.dataset else "for every dataset without one of its own"
        blocks.append(Paragraph(f"Since {one.since[:10]}, put in force by {one.actor}, {whose}:"))
        blocks.append(Listing(yaml.safe_dump(dict(one.said), sort_keys=False, allow_unicode=True, width=100)))
    return fragment(
        blocks or [Paragraph("None: nothing is checked before a release but what people look at.")]
    )


def _licences(settings: Settings) -> str:
    rows = [*_values(settings, "licence"), *_values(settings, "origin")]
    return _told(
        rows, ("dataset", "what", "value", "examples"), "No record in the newest versions states either."
    )


def _personal(settings: Settings) -> str:
    said = []
    for one in settings.datasets:
        screens = [f"{kind} ({_params(one.stages[kind])})" for kind in SCREENS if kind in one.stages]
        said.append(
            f"{one.version}: "
            + ("; ".join(screens) if screens else "no stage looks for personal data or toxicity.")
        )
    return fragment([Bullets(said)] if said else [Paragraph("No dataset yet.")])


def _evalsets(settings: Settings) -> str:
    rows = [(one.name, f"{one.items:,}", one.frozen[:10], Mono(one.digest)) for one in settings.evalsets]
    return _told(rows, ("eval set", "items", "frozen", "digest"), "None is frozen yet.")


_FILLERS: Final[Mapping[str, Callable[[Settings], str]]] = {
    "date": lambda settings: settings.date,
    "registry": lambda settings: f"`{settings.registry}`",
    "generators": _generators,
    "checks": _checks,
    "judging": _judging,
    "synthetic": _synthetic,
    "names": _names,
    "datasets": _datasets,
    "provenance": _provenance,
    "columns": _columns,
    "actors": _actors,
    "policies": _policies,
    "licences": _licences,
    "personal": _personal,
    "evalsets": _evalsets,
}


def frequent(names: Iterable[str]) -> list[str]:
    """Names, the most frequent first."""
    return [name for name, _ in sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))][:_SHOWN]
