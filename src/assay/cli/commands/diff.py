"""assay diff A B"""

from __future__ import annotations

from itertools import islice

import click
from rich.console import Group, RenderableType
from rich.text import Text

from assay.cli.command import Command
from assay.cli.render import diff as picture
from assay.cli.render.frame import spaced
from assay.cli.session import Session
from assay.registry.history.comparing import disabled_among

ROWS = 20


@click.command(cls=Command)
@click.argument("a")
@click.argument("b")
@click.option("--rows", is_flag=True, help="Show the examples that changed.")
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), help=f"How many rows (default: {ROWS}; all with --json)."
)
@click.pass_obj
def command(session: Session, a: str, b: str, rows: bool, limit: int | None) -> None:
    """What leads from the version A to the version B."""
    if session.as_json:
        document = session.registry.diff_json(a, b, rows=rows)
        if limit is not None and "rows" in document:
            document["rows"] = document["rows"][:limit]
        session.answer(lambda: document, Group)
        return
    session.answer(dict, lambda: _picture(session, a, b, (limit or ROWS) if rows else 0))


def _picture(session: Session, a: str, b: str, limit: int) -> RenderableType:
    registry = session.registry
    old, new = registry.version(a), registry.version(b)
    diff = registry.diff(a, b)
    counts = dict(diff.counts) | {"disabled": disabled_among(registry, new, diff)}
    summary = picture.summary(old.name, new.name, counts, (old.fingerprint, new.fingerprint))
    splits = picture.by_split(picture.split_counts(diff), old.counts, new.counts) if diff else None
    if not limit:
        return spaced(summary, splits)
    changes = [picture.row(change) for change in islice(registry.diff_rows(a, b, limit=limit), limit)]
    left = sum(diff.counts.values()) - len(changes)
    more = Text(f"… {left:,} more; --limit shows more of them", "dim") if left > 0 else None
    return spaced(summary, splits, *changes, more)
