"""assay restore NAME SRC:RECORD… --reason TEXT"""

from __future__ import annotations

import click

from assay.cli.command import Command, SourceRecord
from assay.cli.render import find as picture
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("name")
@click.argument("records", nargs=-1, required=True, type=SourceRecord())
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept beside the log.")
@click.option("--split", metavar="S", help="Where to (default: beside its twin, else the largest split).")
@click.option("--branch", default="main", show_default=True, metavar="B", help="Which one is moved.")
@click.option("--dry-run", is_flag=True, help="Say what would change.")
@click.pass_obj
def command(
    session: Session,
    name: str,
    records: tuple[tuple[str, int], ...],
    reason: str,
    split: str | None,
    branch: str,
    dry_run: bool,
) -> None:
    """Take rejected records into the next version of NAME, with their provenance; all of them or none.

    What is malformed, forgotten, disabled, or holds an item of a frozen eval set does not come back.
    """
    done = session.registry.looking.restore(
        name, records, reason, split=split, branch=branch, dry_run=dry_run
    )
    session.answer(done.as_json, lambda: picture.restored(done))
