"""assay rollback NAME REF --reason TEXT"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.render import refs as picture
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("name")
@click.argument("ref")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it stays with the new version.")
@click.option("--branch", default="main", show_default=True, metavar="B", help="Which one is moved.")
@click.option("--dry-run", is_flag=True, help="Say what would change.")
@click.pass_obj
def command(session: Session, /, name: str, ref: str, reason: str, branch: str, dry_run: bool) -> None:
    """Make the examples of REF (v1, a tag, a day) the newest version of the dataset NAME again.

    Nothing is undone: it is a new version after the others. What was disabled or forgotten stays out.
    """
    done = session.registry.refs.rollback(name, ref, reason, branch=branch, dry_run=dry_run)
    session.answer(done.as_json, lambda: picture.rolled_back(done))
