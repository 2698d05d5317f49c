"""assay review export, import and apply: out to another tool, back in, and into the next version"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command, short_help="Write a queue to a file.")
@click.argument("queue")
@click.argument("file")
@click.option("--dry-run", is_flag=True, help="Say how many rows would be written.")
@click.pass_obj
def export(session: Session, queue: str, file: str, dry_run: bool) -> None:
    """Write QUEUE to FILE as JSON Lines, with an empty verdict to fill in."""
    from assay.cli.render.review import exported

    rows = session.registry.reviews.export(queue, file, dry_run=dry_run)
    told = {"queue": queue, "file": file, "rows": rows, "dry_run": dry_run}
    session.answer(lambda: told, lambda: exported(queue, file, rows, dry_run))


@click.command(cls=Command, short_help="Give the verdicts in a file.", name="import")
@click.argument("queue")
@click.argument("file")
@click.option("--dry-run", is_flag=True, help="Check, and give nothing.")
@click.pass_obj
def import_(session: Session, queue: str, file: str, dry_run: bool) -> None:
    """Give the verdicts in FILE (JSON Lines: id, verdict, tags, score, comment, payload), all or none."""
    from assay.cli.render.review import imported

    counts = session.registry.reviews.import_(queue, file, dry_run=dry_run)
    told = {"queue": queue, "file": file, **counts, "dry_run": dry_run}
    session.answer(lambda: told, lambda: imported(queue, counts, dry_run))


@click.command(cls=Command, short_help="Make the next version of it.")
@click.argument("queue")
@click.option("--reason", "-m", metavar="TEXT", default="", help="Why; kept beside the log.")
@click.option("--dry-run", is_flag=True, help="Say what would change.")
@click.pass_obj
def apply(session: Session, queue: str, reason: str, dry_run: bool) -> None:
    """Make the next version of what QUEUE decided: rejected leave, edited are replaced, accepted stay."""
    from assay.cli.render.review import applied

    done = session.registry.reviews.apply(queue, reason=reason, dry_run=dry_run)
    session.answer(done.as_json, lambda: applied(done, dry_run, session.command))


COMMANDS = (export, import_, apply)
