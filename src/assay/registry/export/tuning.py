"""export --format openai | anthropic: files that providers fine-tune on, held to the rules they publish."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final

from assay.errors import NotExpressible
from assay.formats.export import write_lines
from assay.formats.json_text import spell
from assay.formats.tuning import anthropic, openai
from assay.formats.tuning.rules import LIMITS, RULES, VALIDATION, Violation
from assay.registry.export.rows import Task
from assay.registry.results import ExportResult

MOST_LISTED: Final = 10_000
"""Violations that are listed one by one; all are counted."""

_PROVIDERS: Final[dict[str, ModuleType]] = {"openai": openai, "anthropic": anthropic}


@dataclass(slots=True)
class _Report:
    """What was found so far."""

    listed: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)

    def add(self, code: str, split: str, example: str | None, where: str) -> None:
        self.counts[code] += 1
        if len(self.listed) < MOST_LISTED:
            self.listed.append(Violation(RULES[code], split, example, where))

    def refusing(self, skip_invalid: bool) -> int:
        """How many violations stand in the way of files."""
        ofs = {"file"} if skip_invalid else {"file", "example"}
        return sum(
            n for code, n in self.counts.items() if RULES[code].level == "error" and RULES[code].of in ofs
        )


@dataclass(slots=True)
class _Figures:
    """What the rules about a file look at."""

    rows: int = 0
    bytes: int = 0
    with_images: int = 0
    kinds: set[str] = field(default_factory=set)


def export_tuning(task: Task) -> ExportResult:
    """Write `{split}.jsonl` in a provider's form, after all rows were held to its rules.

    A dry run tells every violation. Otherwise raises NotExpressible where one refuses; with `skip_invalid` the
    examples that break a rule are left out, counted and listed, and rules about files hold for what remains.
    """
    report, figures = _Report(), {}
    for split in task.counts:
        figures[split] = _Figures()
        for _ in _fit(task, split, report, figures[split]):
            pass
        _check_file(task.asked.format, split, figures[split], report)
    most = LIMITS[task.asked.format].most_total
    rows = sum(one.rows for one in figures.values())
    if most is not None and rows > most and len(figures) > 1:
        report.add("too_many_in_all", "", None, f"{rows:,} of {most:,}")
    refusing = report.refusing(task.asked.skip_invalid)
    if refusing and not task.asked.dry_run:
        raise _refusal(task, report, refusing)
    files = {str(task.folder / f"{split}.jsonl"): one.rows for split, one in figures.items()}
    if not task.asked.dry_run:
        task.folder.mkdir(parents=True, exist_ok=True)
        for split in figures:
            write_lines(task.folder / f"{split}.jsonl", _fit(task, split, _Report(), _Figures()))
    return ExportResult(
        task.version.name, task.asked.format, files, task.version.erased, violations=tuple(report.listed),
        broken=dict(report.counts), skipped=sum(report.skipped.values()), refusing=refusing,
    )  # fmt: skip


def _fit(task: Task, split: str, report: _Report, figures: _Figures) -> Iterator[dict[str, Any]]:
    """The records of a split that break no rule, or all of them unless such are skipped."""
    form = _PROVIDERS[task.asked.format]
    for row in task.rows(split):
        key = row.id.hex()
        record = form.render(row)
        if isinstance(record, tuple):
            report.add(record[0], split, key, record[1])
            report.skipped[split] += 1
            continue
        wrong = False
        for code, where in form.check(record):
            report.add(code, split, key, where)
            wrong |= RULES[code].level == "error"
        if wrong and task.asked.skip_invalid:
            report.skipped[split] += 1
            continue
        figures.rows += 1
        figures.bytes += len(spell(record)) + 1
        if task.asked.format == "openai":
            figures.kinds.add("pair" if openai.is_pair(record) else "conversation")
            figures.with_images += openai.count_images(record) > 0
        yield record


def _check_file(provider: str, split: str, figures: _Figures, report: _Report) -> None:
    """The rules about a whole file."""
    limits = LIMITS[provider]
    trains = split not in VALIDATION
    most = limits.most if trains else limits.most_validation
    most_bytes = limits.bytes if trains else limits.bytes_validation
    if trains and figures.rows < limits.least:
        report.add("too_few", split, None, f"{figures.rows:,} of at least {limits.least}")
    if most is not None and figures.rows > most:
        report.add("too_many", split, None, f"{figures.rows:,} of {most:,}")
    if figures.bytes > most_bytes:
        report.add("file_too_large", split, None, f"{figures.bytes:,} bytes of {most_bytes:,}")
    if len(figures.kinds) > 1:
        report.add("mixed_kinds", split, None, "conversations and pairs")
    if limits.with_images and figures.with_images > limits.with_images:
        report.add("too_many_with_images", split, None, f"{figures.with_images:,} of {limits.with_images:,}")


def _refusal(task: Task, report: _Report, refusing: int) -> NotExpressible:
    codes = ", ".join(
        f"{code} {count:,}" for code, count in report.counts.most_common() if RULES[code].level == "error"
    )
    first = next(one for one in report.listed if one.rule.level == "error")
    what = f"example {first.example[:16]}" if first.example else f"split {first.split or 'all'}"
    return NotExpressible(
        f"{task.version.name} breaks rules of {LIMITS[task.asked.format].name} {refusing:,} times: {codes}; "
        f"first: {what}, {first.where}: {first.rule.says}",
        "--dry-run lists every one; --skip-invalid leaves out the examples that break a rule, and says which",
    )
