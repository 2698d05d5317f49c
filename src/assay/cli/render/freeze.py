"""`freeze`: what was frozen, which versions hold it already, and the self-test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.frame import columns, spaced
from assay.cli.render.text import clip, counted, plural, safe_text, short

if TYPE_CHECKING:
    from assay.registry.curating.freeze_results import ContaminatedVersion, FreezeResult, SelfTest

_VERBS = {"frozen": "froze", "unchanged": "was frozen already:", "dry_run": "would freeze"}


def freezing(result: FreezeResult) -> RenderableType:
    """The whole answer of `freeze`."""
    head = Text.assemble(
        f"{_VERBS[result.status]} ", (safe_text(result.name), "bold"), f", {plural(result.items, 'item')}",
        (f"   {short(result.digest)}", "dim"),
    )  # fmt: skip
    checked = plural(result.versions_checked, "version")
    if not result.findings:
        body: RenderableType = Text.assemble(
            ("✓ no version holds any of them", "bold green"), (f"   {checked} checked", "dim")
        )
    else:
        count = plural(len(result.findings), "version")
        hold = "holds" if len(result.findings) == 1 else "hold"
        body = Group(
            Text.assemble((f"✗ {count} of {result.versions_checked:,} {hold} eval items", "bold red")),
            *(_finding(one) for one in result.findings),
        )
    return spaced(head, body, _self_test(result.self_test))


def _finding(one: ContaminatedVersion) -> RenderableType:
    rows = sum(one.rows.values())
    head = Text.assemble(
        "  ",
        (safe_text(one.version), "bold"),
        f"  {plural(rows, 'row')}",
        (f"  {counted(dict(one.rows))}", "dim"),
    )
    lines: list[RenderableType] = [head]
    for hit in one.examples:
        line = Text.assemble(
            (short(hit.id), "cyan"), f"  item {hit.item:,}  {hit.score:.2f}  ", overflow="fold"
        )
        lines.append(Padding(line.append(f"«{clip(hit.matched, 120)}»", "dim"), (0, 0, 0, 4)))
    if rows > len(one.examples):
        lines.append(Text(f"    … {rows - len(one.examples):,} more", "dim"))
    return Group(*lines)


def _self_test(found: SelfTest | None) -> RenderableType | None:
    if found is None:
        return None
    table = columns(
        "injected as", "rows", "found", "recall", "precision", right=("rows", "found", "recall", "precision")
    )
    for kind in found.kinds:
        precision = "" if kind.precision is None else f"{kind.precision:.3f}"
        table.add_row(
            Text(kind.kind.replace("_", " ")),
            f"{kind.injected:,}",
            f"{kind.found:,}",
            f"{kind.recall:.3f}",
            precision,
        )
    note = f"{found.false_alarms:,} of {plural(found.own_rows, 'own row')} taken for an item"
    return Group(Text("Self-test", "dim"), Padding(table, (0, 0, 0, 2)), Text(f"  {note}", "dim"))
