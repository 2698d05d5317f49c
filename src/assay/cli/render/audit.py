"""Pictures of audits: what was checked and what that proves, a checkpoint, a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.frame import columns, labelled, spaced
from assay.cli.render.text import clip, plural, safe_text

if TYPE_CHECKING:
    from assay.govern.proofs.note import Key
    from assay.govern.proofs.report import Report
    from assay.registry.governing.auditing import Checkpointed

_STATES = {"holds": "green", "fork": "red", "short": "red", "unreached": "yellow"}
_SHOWN = 12


def verified(report: Report) -> RenderableType:
    """The answer of `audit verify`: damage first, then the checkpoints, then what it proves and what not."""
    read = f"   {report.entries:,} {'entry' if report.entries == 1 else 'entries'} read"
    if report.ok:
        head = Text.assemble(("✓ the log is whole", "bold green"), (read, "dim"))
    else:
        found = plural(len(report.findings), "finding")
        head = Text.assemble((f"✗ {found}", "bold red"), (read, "dim"))
    lines: list[RenderableType] = [head]
    for one in report.ordered():
        place = "" if one.seq is None else f"  entry {one.seq:,}"
        where = f"{place}  {safe_text(one.file)}"
        lines.append(Text.assemble("  ", (safe_text(one.kind), "red"), where, overflow="fold"))
        lines.append(Padding(Text(safe_text(one.message), "dim", overflow="fold"), (0, 0, 0, 4)))
    root = [("origin", report.origin), ("root", report.root.hex()), ("of", f"the first {report.size:,}")]
    return spaced(
        Group(*lines), labelled(root) if report.root else None, _checkpoints(report),
        _said("This proves", report.proves()), _said("It does not prove", report.leaves_open() if report.ok else []),
    )  # fmt: skip


def _checkpoints(report: Report) -> RenderableType | None:
    """Those that were brought along first, then those that do not hold, then the newest."""
    if not report.checkpoints:
        return None
    table = columns("checkpoint", "entries", "state", "signed by", right=("entries",), grow="signed by")
    ranked = sorted(
        report.checkpoints, key=lambda one: (not one.outside, one.state == "holds", -one.checkpoint.size)
    )
    for one in ranked[:_SHOWN]:
        by = ", ".join(f"{key.name}+{key.id.hex()}" for key in one.signed)
        table.add_row(
            Text(clip(one.file.rpartition("/")[2], 30), "bold" if one.outside else ""),
            f"{one.checkpoint.size:,}",
            Text(one.state, _STATES[one.state]),
            Text(safe_text(by) or "not checked", "" if by else "dim"),
        )
    more = len(ranked) - _SHOWN
    return Group(table, Text(f"  … {more:,} more", "dim")) if more > 0 else table


def _said(head: str, sentences: list[str]) -> RenderableType | None:
    if not sentences:
        return None
    return Group(Text(head, "dim"), labelled([("·", one) for one in sentences]))


def stated(made: Checkpointed) -> RenderableType:
    """A checkpoint, and where it was written."""
    one = made.checkpoint
    by = ", ".join(f"{s.name}+{s.id.hex()}" for s in one.note.signatures)
    facts: list[tuple[str, RenderableType]] = [
        ("origin", one.origin), ("entries", f"{one.size:,}"), ("root", one.root.hex()), ("signed by", by or "nobody"),
    ]  # fmt: skip
    facts += [("written", path) for path in made.files]
    return Group(Text("checkpoint" if made.files else "would state", "bold"), labelled(facts))


def key_made(key: Key, path: str, dry_run: bool) -> RenderableType:
    """A new key and its two files. The key of a dry run is thrown away, so its id is not shown."""
    facts: list[tuple[str, RenderableType]] = [
        ("name", key.name), ("id", "" if dry_run else key.id.hex()), ("private", path), ("public", f"{path}.pub"),
    ]  # fmt: skip
    return Group(Text("would make a key" if dry_run else "key", "bold"), labelled(facts))
