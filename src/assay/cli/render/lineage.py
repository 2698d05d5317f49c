"""The picture of a version's lineage, and its events as lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.cards import moment
from assay.cli.render.frame import columns, labelled, spaced, title
from assay.cli.render.text import clip
from assay.registry.training.openlineage import Lineage
from assay.track.openlineage.sinks import spell

MOST = 8


def lines(events: Iterable[Mapping[str, Any]]) -> bytes:
    """One JSON document a line."""
    return b"".join(spell(event) for event in events)


def picture(found: Lineage, written: str | None, dry_run: bool) -> RenderableType:
    """What went in, what came out, and who learned from it."""
    made = found.made
    rows = sum(made.splits.values())
    splits = " · ".join(f"{name} {count:,}" for name, count in made.splits.items())
    sources = [clip(one.uri, 58) for one in made.sources[:MOST]]
    if len(made.sources) > MOST:
        sources.append(f"and {len(made.sources) - MOST:,} more")
    facts = labelled(
        [
            ("made by", f"{made.action}, {moment(made.time)}, entry {made.entry} of the log"),
            ("from", Text("\n".join([*sources, *(ref for ref, _ in made.parents)]))),
            ("splits", splits),
            ("files", f"{made.files:,} ({made.bytes:,} bytes)"),
        ]
    )
    head = title(made.version, f"{rows:,} examples", made.fingerprint[:19] + "…")
    return spaced(head, facts, _runs(found), _told(found, written, dry_run))


def _runs(found: Lineage) -> RenderableType:
    if not found.receipts and not found.linked:
        return Text("no run learned from it", "dim")
    table = columns("run", "learned from", "state", "known at", grow="known at")
    for one in found.receipts:
        known = ", ".join(f"{name} {id}" for name, id in one.trackers.items())
        table.add_row(Text(clip(one.run, 24), "bold"), clip(one.ref, 24), one.state, clip(known, 60) or "–")
    for name in found.linked:
        table.add_row(Text(clip(name, 24), "bold"), clip(found.made.version, 24), "linked by hand", "–")
    return Group(Text("Runs", "dim"), Padding(table, (0, 0, 0, 2)))


def _told(found: Lineage, written: str | None, dry_run: bool) -> RenderableType | None:
    if written is None:
        return None
    verb = "would go" if dry_run else "went"
    return Text(
        f"{len(found.events())} OpenLineage events {verb} to {clip(written, 60)}", "" if dry_run else "green"
    )
