"""export --format trl: the rows that trainers read, and settings for them that are pinned to the version."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from assay.errors import NotExpressible, UsageError
from assay.formats.export import ExportRow, whole_file, write_lines
from assay.formats.training.llama_factory import dataset_entry, llama_factory_row, train_settings
from assay.formats.training.snippets import PROGRAM, Pinned, axolotl, spelled, trl_program
from assay.formats.training.trl import TYPES, Row, is_conversational, trl_rows, type_for
from assay.model.example import kind_of
from assay.registry.export.rows import Task
from assay.registry.results import ExportResult

Rows = Callable[[str], Iterator[ExportRow]]
"""Split → its examples."""

FACTORY = "llamafactory"


def export_training(task: Task) -> ExportResult:
    """Write a version as `SPLIT.jsonl` in one of TRL's types, with a program and settings beside it.

    Raises UsageError; NotExpressible, naming the example.
    """
    version, folder, counts, rows = task.version, task.folder, task.counts, task.rows
    type_ = task.asked.as_type
    if type_ is not None and type_ not in TYPES:
        raise UsageError(f"TRL has no dataset type {type_!r}", f"one of: {', '.join(TYPES)}")
    type_ = type_ or _type_of(counts, rows)
    seen = _Seen(type_)
    if task.asked.dry_run:
        would = {str(folder / f"{split}.jsonl"): sum(1 for _ in seen.rows(rows(split))) for split in counts}
        return ExportResult(version.name, "trl", would | {str(folder / PROGRAM): 0}, version.erased)
    folder.mkdir(parents=True, exist_ok=True)
    written = {split: write_lines(folder / f"{split}.jsonl", seen.rows(rows(split))) for split in counts}
    pinned = Pinned(version.name, version.fingerprint, type_, bool(seen.conversational), seen.tools, written)
    files = {str(folder / f"{split}.jsonl"): count for split, count in written.items()}
    notes = []
    files |= _write(folder / PROGRAM, trl_program(pinned))
    settings = axolotl(pinned)
    if settings is not None and not seen.long_answers:
        files |= _write(folder / "axolotl.yaml", settings)
    else:
        notes.append(f"no axolotl.yaml: Axolotl reads no such rows as {type_}")
    try:
        files |= _llama_factory(folder / FACTORY, pinned, rows)
    except NotExpressible as error:
        notes.append(f"no {FACTORY}/: {error.message}")
    return ExportResult(version.name, "trl", files, version.erased, tuple(notes))


class _Seen:
    """What was seen of the rows that were written: all are of one form, or the first that is not is named."""

    def __init__(self, type_: str) -> None:
        self._type = type_
        self.conversational: bool | None = None
        self.tools = False
        self.long_answers = False

    def rows(self, examples: Iterator[ExportRow]) -> Iterator[Row]:
        for example in examples:
            for row in _rows_of(example, self._type):
                self._look(example, row)
                yield row

    def _look(self, example: ExportRow, row: Row) -> None:
        chat = is_conversational(row)
        if self.conversational is None:
            self.conversational = chat
        if chat is not self.conversational:
            forms = ("text", "messages")
            raise NotExpressible(
                f"example {example.id.hex()[:16]} is {forms[chat]}, and those before it are {forms[not chat]}",
                "a trainer reads one form: choose examples with --where, or disable these",
            )
        self.tools = self.tools or "tools" in row
        answers = (row.get("chosen"), row.get("rejected"))
        self.long_answers = self.long_answers or any(isinstance(a, list) and len(a) > 1 for a in answers)


def _rows_of(example: ExportRow, type_: str, factory: bool = False) -> list[Row]:
    """The rows that an example is, for TRL or for LLaMA-Factory. Raises NotExpressible, naming it."""
    try:
        rows = trl_rows(example.payload, type_)
        return [llama_factory_row(row, type_) for row in rows] if factory else rows
    except NotExpressible as error:
        raise NotExpressible(f"example {example.id.hex()[:16]}: {error.message}", error.hint) from None


def _type_of(counts: Mapping[str, int], rows: Rows) -> str:
    kinds, labelled = set(), False
    for split in counts:
        for example in rows(split):
            kinds.add(kind_of(example.payload))
            labelled = labelled or ("completion" in example.payload and "label" in example.payload)
    return type_for(kinds, labelled)


def _llama_factory(folder: Path, pinned: Pinned, rows: Rows) -> dict[str, int]:
    """Its rows, what it must know of them, and a training; nothing where a row would be skipped there."""

    def converted(split: str) -> Iterator[Row]:
        for example in rows(split):
            yield from _rows_of(example, pinned.type, factory=True)

    had = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, int] = {}
    try:
        for split in pinned.rows:
            path = folder / f"{split}.jsonl"
            files[str(path)] = write_lines(path, converted(split))
    except NotExpressible:
        for path in map(Path, files):
            path.unlink()
        if not had:
            folder.rmdir()
        raise
    entries = {
        f"{pinned.name}_{split}": dataset_entry(
            f"{split}.jsonl", pinned.type, pinned.conversational, pinned.tools
        )
        for split in pinned.rows
    }
    files |= _write(folder / "dataset_info.json", json.dumps(entries, ensure_ascii=False, indent=2) + "\n")
    settings = train_settings(pinned.name, list(pinned.rows), pinned.type, pinned.conversational)
    how = "name a model and a template, then here: llamafactory-cli train train.yaml"
    return files | _write(folder / "train.yaml", pinned.comment(how) + spelled(settings))


def _write(path: Path, text: str) -> dict[str, int]:
    with whole_file(path) as file:
        file.write(text.encode())
    return {str(path): 0}
