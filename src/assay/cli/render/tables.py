"""Tables: datasets, operations, search hits, files written, damage found, garbage."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.cards import moment, size, span
from assay.cli.render.frame import columns, labelled, spaced
from assay.cli.render.text import clip, counted, plural, safe_text, short

if TYPE_CHECKING:
    from assay.model.operation import Operation
    from assay.registry.curating.freeze_results import EvalSetSummary
    from assay.registry.results import DatasetSummary, ExportResult, Hit
    from assay.store.gc import GcPlan
    from assay.store.verify import Report


def datasets(found: Sequence[DatasetSummary]) -> RenderableType:
    """One line a dataset, the newest version of each."""
    table = columns("dataset", "newest", "examples", "splits", "made", "by", grow="splits",
                    right=("newest", "examples"))  # fmt: skip
    for one in found:
        table.add_row(
            Text(clip(one.name, 20), "bold"), f"v{one.latest}", f"{sum(one.splits.values()):,}",
            Text(counted(dict(one.splits)), "dim"), moment(one.time)[:10], Text(clip(one.actor, 10)),
        )  # fmt: skip
    return table


def eval_sets(found: Sequence[EvalSetSummary]) -> RenderableType:
    """One line a frozen eval set."""
    table = columns("frozen eval set", "items", "digest", "made", "by", grow="digest", right=("items",))
    for one in found:
        table.add_row(
            Text(clip(one.name, 30), "bold"), f"{one.items:,}", Text(short(one.digest), "dim"),
            moment(one.time)[:10], Text(clip(one.actor, 10)),
        )  # fmt: skip
    return table


def operations(
    found: Sequence[Operation], said: Callable[[Operation], str], refused: Mapping[int, str] | None = None
) -> RenderableType:
    """One line an operation, the newest first; `said` is what its actor said, `refused` why one does not count."""
    table = columns("#", "time", "actor", "action", "dataset", "what", right=("#",), grow="what")
    for one in sorted(found, key=lambda operation: -operation.seq):
        table.add_row(
            f"{one.seq:,}", moment(one.time), Text(clip(one.actor, 12)), Text(safe_text(one.action), "cyan"),
            Text(clip(one.dataset or "", 18)), _what(one, said(one), (refused or {}).get(one.seq)),
        )  # fmt: skip
    return table


def _what(one: Operation, said: str, refused: str | None) -> Text:
    if refused is not None:
        return Text(clip(f"does not count: {refused}", 80), "red")
    body = one.body
    number, gate = body.get("version", body.get("number")), body.get("gate")
    name = body.get("name", body.get("queue", body.get("id")))
    shown = f"v{number}" if isinstance(number, int) else str(number or "")
    told = f"gate {gate}" if isinstance(gate, str) else ""
    parts = (shown, str(name or body.get("code") or ""), told, said)
    return Text(clip("  ".join(part for part in parts if part), 60), "red" if one.action == "revoke" else "")


def hits(query: str, found: Sequence[Hit]) -> RenderableType:
    """Each hit with the words that were asked for marked."""
    if not found:
        return Text(f"nothing contains {clip(query, 40)}", "dim")
    return spaced(*(_hit(query, one) for one in found))


def _hit(query: str, one: Hit) -> RenderableType:
    head = Text(short(one.id), "cyan")
    place = f"{clip(one.source, 34)}:{one.record}"
    head.append(f"  {safe_text(one.version)} · {safe_text(one.split)} · {place}", "dim")
    held = ", ".join(f"{held_by.dataset} {span(held_by)} in {held_by.split}" for held_by in one.versions)
    texts = [("input", _marked(one.input, query)), ("output", _marked(one.output, query))]
    texts += [("held by", Text(clip(held, 134), overflow="fold"))] if held else []
    return Group(head, labelled([(name, text) for name, text in texts if text]))


def _marked(text: str, query: str) -> Text:
    """Up to two lines around the first word found, the words in bold yellow."""
    words = [re.escape(word) for word in query.split() if word.strip("\"'*")]
    first = re.search("|".join(words), text, re.IGNORECASE) if words else None
    start = max(0, first.start() - 50) if first else 0
    line = Text(("…" if start else "") + clip(text[start:], 134), overflow="fold")
    if words:
        wanted = "|".join(re.escape(safe_text(word)) for word in query.split())
        line.highlight_regex(re.compile(wanted, re.IGNORECASE), "bold yellow")
    return line


def files(result: ExportResult, dry_run: bool) -> RenderableType:
    """Which files an export wrote."""
    verb = "would write" if dry_run else "wrote"
    head = Text(f"{verb} ", "dim").append(safe_text(result.version), "bold not dim")
    head.append(f" as {safe_text(result.format)}")
    table = columns("rows", "file", right=("rows",), grow="file")
    if result.forgotten:
        head.append(f"\n{plural(result.forgotten, 'example')} left out: forgotten", "yellow")
    for path, rows in result.files.items():
        table.add_row(f"{rows:,}", Text(safe_text(path), overflow="fold", no_wrap=False))
    notes = [Text(safe_text(note), "yellow", overflow="fold") for note in result.notes]
    return Group(head, Padding(table, (0, 0, 0, 2)), *notes, *_broken(result))


SHOWN_VIOLATIONS = 5
"""Examples named for each rule; --json has the others."""


def _broken(result: ExportResult) -> list[RenderableType]:
    """Rules of a provider that are broken: what, how often, where, and what to do."""
    lines: list[RenderableType] = []
    if result.refusing:
        many = plural(result.refusing, "violation")
        lines.append(Text(f"✗ {many} of {safe_text(result.format)}'s rules stand in the way", "bold red"))
    for code, count in sorted(result.broken.items(), key=lambda pair: (-pair[1], pair[0])):
        named = [one for one in result.violations if one.rule.code == code]
        style = "red" if named and named[0].rule.level == "error" else "yellow"
        lines.append(Text.assemble("  ", (code, style), f"  {count:,}"))
        if named:
            rule = named[0].rule
            lines.append(Padding(Text(f"{rule.says}: {rule.todo}", "dim"), (0, 0, 0, 4)))
        shown = named[:SHOWN_VIOLATIONS]
        lines += [Text(f"    {short(one.example or one.split)}  {safe_text(one.where)}") for one in shown]
    if result.skipped:
        lines.append(Text(f"  {plural(result.skipped, 'example')} left out", "yellow"))
    return lines


def damage(report: Report) -> RenderableType:
    """The answer of `verify`: what is wrong, file by file, or that all is well; notes after it, quietly."""
    checked = f"   {plural(report.files, 'file')}, {size(report.bytes)} checked"
    found = len(report.damage)
    if report.ok:
        head = Text.assemble(("✓ all is well", "bold green"), (checked, "dim"))
    else:
        head = Text.assemble((f"✗ {plural(found, 'finding')} of damage", "bold red"), (checked, "dim"))
    lines: list[RenderableType] = [head]
    for one in sorted(report.findings, key=lambda finding: finding.level):
        style = "red" if one.level == "damage" else "dim"
        line = Text.assemble("  ", (safe_text(one.code), style), f"  {safe_text(one.file)}", overflow="fold")
        lines += [line, Padding(Text(safe_text(one.message), "dim", overflow="fold"), (0, 0, 0, 4))]
    return Group(*lines)


def garbage(plan: GcPlan, removed: bool) -> RenderableType:
    """The answer of `gc`: how much went or would go, and what was left alone."""
    gone = len(plan.orphans) + len(plan.leftovers)
    if not gone:
        head = Text("nothing to remove", "bold green")
    else:
        verb = "removed" if removed else "would remove"
        head = Text.assemble(f"{verb} ", (plural(gone, "file"), "bold"), f", {size(plan.bytes)}")
        if not removed:
            head.append("   run again with --yes to do so", "dim")
    notes = Text(f"  {plural(plan.kept, 'object')} in use", "dim")
    if plan.young:
        notes.append(f" · {plan.young:,} too young to judge")
    lines: list[RenderableType] = [head, notes]
    lines += [Text(clip(f"  {stat.key}", 78), "dim") for stat in (*plan.orphans, *plan.leftovers)[:20]]
    if gone > 20:
        lines.append(Text(f"  … {gone - 20:,} more", "dim"))
    return Group(*lines)
