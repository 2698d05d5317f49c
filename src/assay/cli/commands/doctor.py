"""assay doctor"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import keeping as picture
from assay.cli.session import Session


@click.command(cls=Command)
@click.option("--from", "other", metavar="DIR", help="A copy of this registry to take missing files from.")
@click.option("--dry-run", is_flag=True, help="Say what could be repaired.")
@click.pass_context
def command(ctx: click.Context, other: str | None, dry_run: bool) -> None:
    """Say what ails the registry, and repair what can be repaired. Exit 1 where something cannot.

    Rebuilds a damaged index, finishes an interrupted forget, clears up after interrupted writes, and fetches objects
    and log entries that are missing or damaged from a copy.
    """
    session: Session = ctx.obj
    with session.progress() as progress:
        found = session.registry.keeping.doctor(other, dry_run=dry_run, progress=progress)
    session.answer(found.as_json, lambda: picture.diagnosis(found))
    if not found.well:
        ctx.exit(1)
