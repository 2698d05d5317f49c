"""Pictures of disable, enable, forget, compact and doctor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.cards import moment, size
from assay.cli.render.frame import labelled, spaced
from assay.cli.render.text import clip, plural, safe_text

if TYPE_CHECKING:
    from assay.registry.keeping.compacting import CompactResult
    from assay.registry.keeping.doctoring import Diagnosis
    from assay.registry.keeping.forgetting import Receipt
    from assay.registry.keeping.standing import StandingResult

_SHOWN = 12


def standing(done: StandingResult) -> RenderableType:
    """What `disable` or `enable` did."""
    verb = {"disable": "disabled", "enable": "enabled"}[done.action]
    dry = done.operation is None
    head = Text("would have " if dry else "", "dim").append(f"{verb} ", "bold not dim")
    head.append(f"{plural(done.count, 'example')} of {safe_text(done.dataset)}")
    if not done.changed:
        return Group(head, Text("  none of them stands in the newest version, which stays as it is", "dim"))
    verb = "leave" if done.action == "disable" else "come back to"
    line = Text(f"  {done.changed:,} {verb} the newest version")
    if done.version:
        line.append(f"   {safe_text(done.version)}", "bold green")
    return Group(head, line)


def receipt(done: Receipt, left: Sequence[str]) -> RenderableType:
    """What `forget` did, and what it did not."""
    dry = done.operation is None
    head = Text("would forget " if dry else "forgot ", "bold")
    head.append(plural(len(done.holding), "example"))
    if done.operation is not None:
        head.append(f"   operation {done.operation:,}, {moment(done.time or '')}", "dim")
    facts: list[tuple[str, RenderableType]] = [
        ("versions", _listed(done.versions, "none")),
        ("runs", _listed([f"{run['run']} ({run['version']})" for run in done.runs], "none known")),
        ("exports", _listed([f"operation {one['operation']}" for one in done.exports], "none known")),
        ("rewritten", ", ".join(plural(count, kind) for kind, count in done.rewritten.items())),
    ]
    if done.edits:
        facts.append(("edits of it", _listed([f"{one}: not forgotten" for one in done.edits], "")))
    if done.loose:
        facts.append(("orphans", f"{plural(done.loose, 'object')} that no operation names, deleted"))
    if done.leftovers:
        facts.append(("unfinished", f"{plural(done.leftovers, 'file')} of other work in tmp: `assay gc`"))
    if done.remains:
        facts.append(("still there", _listed([f"{one['where']}: {one['why']}" for one in done.remains], "")))
    words = Group(*(Text(f"· {one}", "dim", overflow="fold") for one in left))
    return spaced(
        Group(head, labelled(facts)), Group(Text("Not reached:", "dim"), Padding(words, (0, 0, 0, 2)))
    )


def _listed(names: Sequence[str], nothing: str) -> Text:
    if not names:
        return Text(nothing, "dim")
    more = f", and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return Text(", ".join(clip(name, 120) for name in names[:_SHOWN]) + more, overflow="fold")


def compacted(done: CompactResult) -> RenderableType:
    """What `compact` did."""
    if not done.merged:
        return Text(f"{safe_text(done.version)}: nothing to merge", "dim")
    head = Text("would merge " if done.dry_run else "merged ", "bold")
    head.append(f"{done.merged:,} of {done.before:,} segments of {safe_text(done.version)}")
    after = "" if done.dry_run else f"; {done.after:,} are left"
    return Group(
        head.append(after),
        Text(f"  {size(done.bytes)} of rows; fingerprint and number are as they were", "dim"),
    )


def diagnosis(found: Diagnosis) -> RenderableType:
    """What `doctor` found and did."""
    if not found.ailments:
        return Text.assemble(("✓ nothing ails this registry", "bold green"))
    mark = {"repaired": ("✓", "green"), "possible": ("·", "yellow"), "beyond": ("✗", "bold red")}
    lines: list[RenderableType] = []
    for one in found.ailments:
        sign, style = mark[one.state]
        lines.append(Text.assemble((f"{sign} {one.code}", style), f"  {clip(one.file, 90)}", overflow="fold"))
        lines.append(Padding(Text(safe_text(one.what), "dim", overflow="fold"), (0, 0, 0, 4)))
    left = sum(one.state == "beyond" for one in found.ailments)
    if left:
        lines.append(Text(f"{plural(left, 'ailment')} left: a copy may help, --from OTHER_REGISTRY", "red"))
    return Group(*lines)
