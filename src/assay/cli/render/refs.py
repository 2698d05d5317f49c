"""Branches, tags, merges, rollbacks and blame as people see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.cards import moment
from assay.cli.render.frame import columns, labelled, spaced, title, try_next
from assay.cli.render.text import block, clip, plural, safe_text, short

if TYPE_CHECKING:
    from assay.registry.history.ref_results import (
        Act,
        Blame,
        BranchSummary,
        MergeResult,
        RollbackResult,
        TagSummary,
    )

_SHOWN = 20
_SIGNS = (("+", "added", "green"), ("−", "removed", "red"), ("~", "edited", "yellow"), ("→", "moved", "cyan"))
_WHAT = {
    "edited_both": "edited by both",
    "edited_removed": "edited, removed",
    "edited_moved": "edited, moved",
    "moved_removed": "moved, removed",
    "splits": "other splits",
    "entangled": "edits that cross",
}


def branches(found: Sequence[BranchSummary]) -> RenderableType:
    """One line a branch."""
    table = columns("branch", "newest", "starts at", "versions", right=("newest", "starts at", "versions"))
    for one in found:
        table.add_row(Text(clip(one.name, 40), "bold"), f"v{one.head}", f"v{one.start}", f"{one.versions:,}")
    return table


def branched(made: BranchSummary, dry_run: bool, then: str) -> RenderableType:
    head = Text("would make " if dry_run else "made ", "dim")
    head.append(f"{made.dataset}@{made.name}", "bold not dim").append(f" at v{made.start}", "not dim")
    return head if dry_run else spaced(head, try_next([(then, "make a version on it")]))


def tags(found: Sequence[TagSummary]) -> RenderableType:
    """One line a tag."""
    if not found:
        return Text("no tags", "dim")
    table = columns("tag", "version", "since", "by", right=("version",))
    for one in found:
        table.add_row(
            Text(clip(one.name, 40), "bold"), f"v{one.version}", moment(one.time), Text(clip(one.actor, 16))
        )
    return table


def tagged(made: TagSummary, dry_run: bool) -> RenderableType:
    head = Text(f"{made.dataset}@v{made.version}", "bold")
    return head.append(
        f" {'would be' if dry_run else 'is'} {safe_text(made.dataset)}@{safe_text(made.name)}", "not bold"
    )


def merged(done: MergeResult) -> RenderableType:
    """What a merge brought, and what was decided."""
    if not done.counts:
        return Text(f"nothing to merge: {done.into} has all of {done.branch} ({safe_text(done.base)})")
    head = title(done.version or "would merge", f"{done.branch} into {done.into}, common version {done.base}")
    decided = conflicts(done.decided) if done.decided else None
    return spaced(Group(head, _changes(done.counts)), decided)


def rolled_back(done: RollbackResult) -> RenderableType:
    """What a rollback changed."""
    head = title(done.version or "would roll back", f"the examples of {done.to}")
    out: list[RenderableType] = [head, _changes(done.counts)]
    if done.kept_out:
        out.append(
            Text(f"  {plural(done.kept_out, 'example')} stayed out: disabled or forgotten since", "yellow")
        )
    return Group(*out)


def _changes(counts: Mapping[str, int]) -> Text:
    line = Text("  ")
    for sign, name, style in _SIGNS:
        line.append(f"{sign}{counts.get(name, 0):,} ", style).append(f"{name}   ")
    line.rstrip()
    return line


def conflicts(found: Sequence[Mapping[str, Any]]) -> RenderableType:
    """One line a contradiction; the first twenty, and how many more there are."""
    table = columns("example", "what", "ours", "theirs", *(["taken"] if "take" in found[0] else []))
    for one in found[:_SHOWN]:
        row = [
            Text(short(one["id"]), "cyan"),
            Text(_WHAT.get(one["what"], one["what"])),
            Text(_outcome(one["ours"])),
            Text(_outcome(one["theirs"])),
        ]
        table.add_row(*row, *([Text(one["take"])] if "take" in one else []))
    more = len(found) - _SHOWN
    rest = [Text(f"  … {more:,} more; all of them with --json", "dim")] if more > 0 else []
    return Group(Padding(table, (0, 0, 0, 2)), *rest)


def _outcome(side: Mapping[str, Any]) -> str:
    if side["split"] is None:
        return "out"
    if side["edited_to"] is not None:
        return f"{short(side['edited_to'])[:8]} {clip(side['split'], 8)}"
    return clip(side["split"], 16)


def blame(found: Blame) -> RenderableType:
    """Who brought an example in, how it came to this version, and from what it was made."""
    brought = found.brought
    place = f"{found.source}:{found.record}" if found.source else ""
    facts: list[tuple[str, RenderableType]] = [
        ("in", f"{found.version}, {found.split}"),
        ("by", brought.actor),
        ("when", moment(brought.time)),
        ("operation", f"{brought.operation} ({brought.action}) made {brought.version} on {brought.branch}"),
        ("said", block(brought.said, limit=300) if brought.said else ""),
        ("record", Text(safe_text(place), overflow="fold") if place else ""),
        ("curation", _curation(found.curation)),
    ]
    return spaced(
        Group(title(found.id), labelled(facts)),
        _since(found.since),
        _descent(found.descent),
    )


def _curation(made: Mapping[str, Any] | None) -> str:
    if made is None:
        return ""
    return f"{short(made['object'])}, recipe {short(made['recipe_digest'] or '')}"


def _since(acts: Sequence[Act]) -> RenderableType | None:
    if not acts:
        return None
    lines: list[tuple[str, RenderableType]] = [
        (one.how.replace("_", " "), f"{one.version} on {one.branch}, {moment(one.time)}, by {one.actor}")
        for one in acts
    ]
    return Group(Text("Since then", "dim"), labelled(lines))


def _descent(steps: Sequence[Mapping[str, Any]]) -> RenderableType | None:
    if not steps:
        return None
    lines: list[tuple[str, RenderableType]] = [
        (short(one["id"]), f"edited in {one['version']}, {moment(one['time'])}, by {one['actor']}")
        for one in steps
    ]
    return Group(Text("Edited from", "dim"), labelled(lines))
